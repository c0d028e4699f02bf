import numpy as np
import pytest
from mxnet import nd
from PIL import Image

from gluon_pix2pix.pictures import read_ids
from gluon_pix2pix.toys import draw_street_hd
from gluon_pix2pix.transforms import (
    encode_input,
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


def test_a_width_keeps_the_shape_and_sides_become_multiples():
    assert scaled_size(2048, 1024, 1024) == (1024, 512)
    assert scaled_size(640, 427, 512) == (512, 342)
    assert scaled_size(640, 427, 512, 32) == (512, 352)
    assert scaled_size(1000, 700) == (1000, 700)
    assert scaled_size(1000, 700, multiple_of=32) == (992, 704)
    assert scaled_size(1000, 3, 64, 32) == (64, 32)


def test_one_hot_has_a_channel_for_each_class():
    labels = np.array([[[[0, 2], [34, 2]]]], np.float32)
    channels = one_hot(nd.array(labels), 35).asnumpy()
    assert channels.shape == (1, 35, 2, 2) and channels.dtype == np.float32
    assert (channels.sum(axis=1) == 1).all()
    assert (channels.argmax(axis=1) == labels[:, 0]).all()


def edges_by_loops(ids):
    """Mark pixels with another 4-neighbour, one by one: ``(H, W)``."""
    height, width = ids.shape
    edges = np.zeros(ids.shape)
    for y, x in np.ndindex(height, width):
        for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)):
            if 0 <= y + dy < height and 0 <= x + dx < width:
                if ids[y, x] != ids[y + dy, x + dx]:
                    edges[y, x] = 1
    return edges


def encoded_by_loops(labels, instances, label_nc):
    """Encode ``(H, W)`` maps, one pixel after the other: ``(label_nc + 1, H, W)``."""
    encoded = np.zeros((label_nc + 1, *labels.shape))
    for y, x in np.ndindex(*labels.shape):
        encoded[labels[y, x], y, x] = 1
    encoded[label_nc] = edges_by_loops(instances)
    return encoded


def encoded(labels, instances):
    """Encode ``(H, W)`` maps as pix2pixHD does."""
    return encode_input(nd.array(labels[None, None]),
                        nd.array(instances[None, None], dtype=np.int32)).asnumpy()[0]


def test_edges_are_where_a_neighbour_is_another_instance():
    ids = np.random.RandomState(0).randint(26000, 26002, (2, 1, 6, 7))
    edges = instance_edges(nd.array(ids, dtype=np.int32))
    assert edges.shape == ids.shape and edges.dtype == np.float32
    for found, of_one in zip(edges.asnumpy(), ids):
        assert (found[0] == edges_by_loops(of_one[0])).all()
        assert 0 < found.mean() < 1
    assert (instance_edges(nd.ones((1, 1, 4, 4))).asnumpy() == 0).all()


def test_edges_between_ids_that_a_float_cannot_tell_apart():
    ids = nd.array([[[[2**24, 2**24 + 1], [2**24, 2**24]]]], dtype=np.int32)
    assert instance_edges(ids).asnumpy()[0, 0].tolist() == [[1, 1], [0, 1]]


def test_drawn_maps_are_encoded_as_loops_would():
    _, labels, instances = draw_street_hd(48, 3)
    found = encoded(labels, instances)
    assert found.shape == (36, 48, 96) and found.dtype == np.float32
    assert (found == encoded_by_loops(labels, instances, 35)).all()
    assert 0.01 < found[35].mean() < 0.5
    between = found[35] > encoded(labels, labels)[35]
    assert between.any()  # cars touch, and only the instance map can tell


def test_real_maps_are_encoded_as_loops_would(cityscapes_sample):
    """At full size, 2048x1024, with the ids of a real street."""
    path = sorted((cityscapes_sample / "train_label").iterdir())[0]
    labels = read_ids(path)
    instances = read_ids(cityscapes_sample / "train_inst" / path.name.replace(
        "labelIds", "instanceIds"))
    found = encoded(labels, instances)
    assert found.shape == (36, 1024, 2048)
    assert (found[:35].sum(axis=0) == 1).all()
    assert (found[:35].argmax(axis=0) == labels).all()
    # Pixel by pixel in the middle only, where objects meet: loops take their time.
    rows, columns = slice(400, 560), slice(1600, 1920)
    expected = encoded_by_loops(labels[rows, columns], instances[rows, columns], 35)
    inner = np.s_[:, 1:-1, 1:-1]  # at its border, a crop has fewer neighbours
    assert (found[:, rows, columns][inner] == expected[inner]).all()
    assert len(np.unique(instances[rows, columns])) > 10
    assert expected[35].mean() > 0.01


def test_a_picture_passes_through_and_its_edges_join_it():
    picture = nd.random.uniform(-1, 1, (2, 3, 4, 6))
    assert (encode_input(picture, label_nc=0) == picture).asnumpy().all()
    ids = nd.array(np.arange(2 * 24).reshape(2, 1, 4, 6), dtype=np.int32)
    both = encode_input(picture, ids, label_nc=0)
    assert both.shape == (2, 4, 4, 6)
    assert (both[:, :3] == picture).asnumpy().all()
    assert (both[:, 3] == 1).asnumpy().all()


def test_what_is_no_class_has_no_channel():
    """Nor does it look like an edge."""
    ids = nd.ones((1, 1, 4, 6))
    for label in (3, 255, -1):
        assert encode_input(nd.full((1, 1, 4, 6), label), ids, 3).sum() == 0
    assert encode_input(nd.full((1, 1, 4, 6), 2), ids, 3).sum() == 4 * 6


def test_labels_alone_have_no_edges():
    assert encode_input(nd.ones((2, 1, 4, 6)), label_nc=3).shape == (2, 3, 4, 6)
