"""Toy streets: photo, label map and instance ids of the drawn streets."""

import numpy as np
import pytest

from gluon_pix2pix.street_labels import (
    HAS_INSTANCES,
    STREET_LABELS,
    colour_labels,
    label_id,
)
from gluon_pix2pix.toys.streets import draw_scene, draw_street, draw_street_hd

SCENES = 32


@pytest.fixture(scope="module")
def scenes():
    """Photo, labels and instances of some streets, 64 x 128."""
    return [draw_scene(64, 128, (3, i)) for i in range(SCENES)]


def neighbours(picture):
    """Pairs of pixels side by side, then pairs one above the other."""
    return (picture[:, :-1], picture[:, 1:]), (picture[:-1], picture[1:])


@pytest.mark.parametrize("shape", [(32, 32), (33, 70), (96, 40), (256, 512)])
def test_any_size(shape):
    photo, labels, instances = draw_scene(*shape, seed=5)
    assert (photo.shape, photo.dtype) == (shape + (3,), np.uint8)
    assert (labels.shape, labels.dtype) == (shape, np.uint8)
    assert (instances.shape, instances.dtype) == (shape, np.int32)
    assert set(np.unique(labels)) <= set(STREET_LABELS)
    assert photo.std() > 20


def test_the_pair_and_the_triple_are_views_of_a_scene():
    photo, coloured = draw_street(48, seed=4)
    square = draw_scene(48, 48, 4)
    np.testing.assert_array_equal(photo, square[0])
    np.testing.assert_array_equal(coloured, colour_labels(square[1]))
    assert coloured.shape == (48, 48, 3) and coloured.dtype == np.uint8
    palette = {colour for _, colour in STREET_LABELS.values()}
    assert {tuple(c) for c in coloured.reshape(-1, 3).tolist()} <= palette
    for drawn, expected in zip(draw_street_hd(48, seed=4), draw_scene(48, 96, 4)):
        np.testing.assert_array_equal(drawn, expected)


def test_a_seed_gives_one_street_and_another_seed_another(scenes):
    for drawn, again in zip(scenes[1], draw_scene(64, 128, (3, 1))):
        np.testing.assert_array_equal(drawn, again)
    for other in (scenes[0], scenes[2]):
        assert (scenes[1][0] != other[0]).mean() > 0.5
        assert (scenes[1][1] != other[1]).mean() > 0.05


def test_a_seed_gives_one_street_at_every_size(scenes):
    for i in range(6):
        photo, labels, instances = draw_scene(192, 384, (3, i))
        assert (labels[1::3, 1::3] == scenes[i][1]).mean() > 0.93
        assert (instances[1::3, 1::3] == scenes[i][2]).mean() > 0.93
        shrunk = photo.reshape(64, 3, 128, 3, 3).mean(axis=(1, 3))
        assert np.abs(shrunk - scenes[i][0]).mean() < 12


def test_instances_agree_with_labels(scenes):
    for _, labels, instances in scenes:
        apart = np.isin(labels, HAS_INSTANCES)
        np.testing.assert_array_equal(instances[apart] // 1000, labels[apart])
        np.testing.assert_array_equal(instances[~apart], labels[~apart])
        assert (instances[apart] % 1000).max(initial=0) < 100


def test_things_of_one_class_touch(scenes):
    """Only the instances tell cars that stand in a row from one another."""
    touching = 0
    for _, labels, instances in scenes:
        for (a, b), (i, j) in zip(neighbours(labels), neighbours(instances)):
            touching += ((a == b) & (a == label_id("car")) & (i != j)).any()
    assert touching > SCENES


def test_every_class_of_a_street_appears(scenes):
    found = {label: sum(bool((labels == label).any()) for _, labels, _ in scenes)
             for label in STREET_LABELS}
    for name in ("road", "sidewalk", "building", "vegetation", "sky", "car", "pole"):
        assert found[label_id(name)] > 0.8 * SCENES, name
    for name in ("terrain", "person", "rider", "bicycle", "bus", "truck", "wall",
                 "fence", "traffic light", "traffic sign", "parking", "ego vehicle"):
        assert found[label_id(name)] > 2, name
    assert found[label_id("ego vehicle")] < SCENES


def test_sky_is_above_and_road_below(scenes):
    for _, labels, _ in scenes:
        rows = np.arange(64)[:, None] * np.ones_like(labels, dtype=float)
        sky, road = (rows[labels == label_id(name)] for name in ("sky", "road"))
        assert sky.size == 0 or sky.max() < road.min() + 8
        assert road.mean() > 38


def test_photo_shows_what_the_labels_say(scenes):
    """The photo has its edges where the labels have theirs, not a pixel beside them."""
    on, beside = [], []
    for photo, labels, _ in scenes:
        light = photo.mean(axis=-1)
        jump = np.abs(np.diff(light, axis=1))
        border = np.diff(labels.astype(int), axis=1) != 0
        on.append(jump[:, 2:-2][border[:, 2:-2]].mean())
        beside += [jump[:, 2 + k : 125 + k][border[:, 2:-2]].mean() for k in (-2, 2)]
    assert np.mean(on) > 1.7 * np.mean(beside)


def test_a_thing_has_one_paint_and_things_differ(scenes):
    """Colours differ far more from car to car than what all cars share would make."""
    means = [photo[instances == i].mean(axis=0)
             for photo, labels, instances in scenes
             for i in np.unique(instances[labels == label_id("car")])
             if (instances == i).sum() > 60]
    assert len(means) > 20
    assert np.std(means, axis=0).min() > 20


@pytest.mark.parametrize(("arguments", "message"), [
    ((31, 64), "height=31 leaves no room"), ((64, 31), "width=31 leaves no room"),
    ((-4, 64), "height=-4"), ((64, 64, -1), "seed=-1"), ((64, 64, (1, -2)), "seed="),
])
def test_draw_scene_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        draw_scene(*arguments)


def test_the_shapes_refuse_like_the_scene():
    for draw in (draw_street, draw_street_hd):
        with pytest.raises(ValueError, match="height=16 leaves no room.*32"):
            draw(16)
        with pytest.raises(TypeError):
            draw(64.5)
