"""The drawn houses."""

import numpy as np
import pytest

from gluon_pix2pix.toys import CLASSES, draw_facade

PALETTE = np.array(list(CLASSES.values()))


def class_map(labels):
    """Index of the class of each pixel; fails where a colour is none of theirs."""
    distances = np.abs(labels[..., None, :].astype(int) - PALETTE).sum(axis=-1)
    assert (distances.min(axis=-1) == 0).all()
    return distances.argmin(axis=-1)


def test_palette_is_that_of_the_archive():
    # Rows 6, 11, ..., 61 of MATLAB's jet(64), which the JPEGs of the archive round to.
    rows = np.arange(6, 62, 5)
    ramp = [np.clip(np.minimum(rows - low, high - rows) / 16, 0, 1)
            for low, high in ((24, 72), (8, 56), (-8, 40))]
    np.testing.assert_array_equal(PALETTE, np.round(255 * np.array(ramp).T))


@pytest.mark.parametrize("size", [32, 33, 64, 100, 256])
def test_any_size(size):
    photo, labels = draw_facade(size, seed=3)
    for picture in (photo, labels):
        assert picture.shape == (size, size, 3)
        assert picture.dtype == np.uint8
    class_map(labels)


def test_every_class_appears_and_no_other_colour():
    maps = [class_map(draw_facade(64, (0, 0, i))[1]) for i in range(1, 51)]
    in_pictures = {name: sum(bool((m == k).any()) for m in maps)
                   for k, name in enumerate(CLASSES)}
    assert in_pictures["facade"] == in_pictures["window"] == 50
    assert min(in_pictures.values()) >= 5


def test_a_seed_gives_one_picture_and_another_seed_another():
    first, again, other = (draw_facade(48, (7, 0, i)) for i in (1, 1, 2))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert (first[0] != other[0]).mean() > 0.5
    assert (first[1] != other[1]).any()


def test_a_seed_gives_one_house_at_every_size():
    for seed in range(8):
        small, large = (draw_facade(size, seed) for size in (64, 256))
        same = (small[1] == large[1][2::4, 2::4]).all(axis=-1)
        assert same.mean() > 0.9
        shrunk = large[0].reshape(64, 4, 64, 4, 3).mean(axis=(1, 3))
        assert np.abs(shrunk - small[0]).mean() < 12


def test_photo_shows_what_the_labels_say():
    """Labels end where the photo has edges; glass is dark, cornices are light."""
    names = list(CLASSES)
    for seed in range(20):
        photo, labels = draw_facade(128, seed)
        light, found = photo.mean(axis=-1), class_map(labels)
        jump, border = np.abs(np.diff(light, axis=1)), np.diff(found, axis=1) != 0
        assert jump[border].mean() > 2 * jump[~border].mean()
        window, cornice, wall = (light[found == names.index(name)]
                                 for name in ("window", "cornice", "facade"))
        assert np.percentile(window, 10) < np.median(wall)
        assert cornice.size == 0 or cornice.mean() > window.mean()


@pytest.mark.parametrize("bad", [{"size": 31}, {"size": -4}, {"seed": -1}])
def test_draw_facade_refuses(bad):
    with pytest.raises(ValueError, match=r"size=|non-negative"):
        draw_facade(**bad)
