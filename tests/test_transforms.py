import numpy as np
import pytest
from mxnet import nd
from PIL import Image

from gluon_pix2pix.transforms import (
    instance_edges,
    jitter,
    one_hot,
    resize,
    resize_ids,
    scaled_size,
    to_float,
    to_uint8,
)


def test_float_and_back_is_exact():
    picture = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, 2)
    image = to_float(picture)
    assert image.shape == (3, 16, 16) and image.dtype == np.float32
    assert image.min() == -1 and image.max() == 1
    assert (to_uint8(image) == picture).all()


def test_to_uint8_clips():
    assert to_uint8(np.array([[[-3.0, 3.0]]])).ravel().tolist() == [0, 255]


def test_resize_keeps_grey_and_colour():
    for channels in (1, 3):
        picture = np.full((10, 20, channels), 7, np.uint8)
        assert resize(picture, 8, 6).shape == (6, 8, channels)
        assert (resize(picture, 8, 6) == 7).all()
        assert resize(picture, 20, 10) is picture


def test_jitter_treats_both_pictures_alike():
    picture = np.random.RandomState(0).randint(0, 255, (40, 40, 3)).astype(np.uint8)
    seen = set()
    for seed in range(30):
        rng = np.random.RandomState(seed)
        a, b = jitter((picture, 255 - picture), 32, True, rng)
        assert a.shape == (32, 32, 3)
        assert (a == 255 - b).all()
        seen.add(a.tobytes())
    assert len(seen) > 25


def test_jitter_reaches_every_offset_and_mirrors_half():
    columns = np.arange(10, dtype=np.uint8)[None, :, None].repeat(10, 0)
    rng = np.random.RandomState(0)
    rows = [jitter((columns,), 8, True, rng)[0][0, :, 0] for _ in range(300)]
    assert {row.min() for row in rows} == {0, 1, 2}
    mirrored = np.mean([row[0] > row[-1] for row in rows])
    assert 0.4 < mirrored < 0.6
    assert all(jitter((columns,), 8, False, rng)[0][0, 0, 0] < 3 for _ in range(50))


def test_jitter_of_maps_and_of_oblong_crops():
    ids = np.arange(80).reshape(8, 10)
    rng = np.random.RandomState(0)
    for _ in range(20):
        a, b = jitter((ids, ids[:, :, None]), (6, 9), True, rng)
        assert a.shape == (6, 9) and (a == b[:, :, 0]).all()


@pytest.mark.parametrize("shape", [(8, 8), (5, 7), (16, 3), (37, 64), (1, 1)])
def test_ids_are_resized_to_the_nearest_as_pillow_does(shape):
    ids = np.random.RandomState(0).randint(0, 40000, (16, 24)).astype(np.int32)
    height, width = shape
    pillow = Image.fromarray(ids).resize((width, height), Image.NEAREST)
    assert (resize_ids(ids, width, height) == np.asarray(pillow)).all()


@pytest.mark.parametrize(("mode", "size"), [
    ("scale_width", (1024, 512)), ("scale_width_and_crop", (1024, 512)),
    ("crop", (2048, 1024)), ("none", (2048, 1024)),
])
def test_the_resize_modes_of_pix2pixhd(mode, size):
    assert scaled_size(2048, 1024, mode, 1024, 32) == size


def test_sides_that_are_not_cropped_become_multiples():
    assert scaled_size(1000, 700, "none", 0, 32) == (992, 704)
    assert scaled_size(640, 427, "scale_width", 512, 32) == (512, 352)
    assert scaled_size(640, 427, "scale_width_and_crop", 512, 32) == (512, 342)


def test_one_hot_has_a_channel_for_each_class():
    labels = np.array([[[[0, 2], [34, 2]]]], np.float32)
    channels = one_hot(nd.array(labels), 35).asnumpy()
    assert channels.shape == (1, 35, 2, 2) and channels.dtype == np.float32
    assert (channels.sum(axis=1) == 1).all()
    assert (channels.argmax(axis=1) == labels[:, 0]).all()


def test_edges_are_where_a_neighbour_is_another_instance():
    ids = np.random.RandomState(0).randint(26000, 26002, (2, 1, 6, 7))
    expected = np.zeros(ids.shape)
    for n, _, y, x in np.ndindex(ids.shape):
        for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)):
            if 0 <= y + dy < 6 and 0 <= x + dx < 7:
                if ids[n, 0, y, x] != ids[n, 0, y + dy, x + dx]:
                    expected[n, 0, y, x] = 1
    edges = instance_edges(nd.array(ids, dtype=np.int32))
    assert edges.dtype == np.float32
    assert (edges.asnumpy() == expected).all() and 0 < expected.mean() < 1
    assert (instance_edges(nd.ones((1, 1, 4, 4))).asnumpy() == 0).all()
