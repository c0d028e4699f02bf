import numpy as np
import pytest
from PIL import Image

from gluon_pix2pix import PairedImages, Pix2PixConfig
from gluon_pix2pix.labelled_photos import LabelledPhotos, find_labels, read_half
from gluon_pix2pix.palettes import PALETTES
from gluon_pix2pix.toys import draw, draw_facade


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    return draw("toy_facades", tmp_path_factory.mktemp("data"), 32, 6)


CONFIG = Pix2PixConfig(size=32, direction="BtoA")


@pytest.mark.parametrize(("toy", "half"), [
    ("toy_facades", "facades"), ("toy_streets", "streets"), ("toy_maps", None)])
def test_labels_are_recognised(toy, half, tmp_path):
    found = find_labels(draw(toy, tmp_path, 64, 3), "train")
    assert (found and (found.palette.name, found.half)) == (half and (half, "B"))


def test_labels_may_be_the_left_half(houses, tmp_path):
    (tmp_path / "train").mkdir()
    pair = np.concatenate(draw_facade(32, seed=1)[::-1], axis=1)
    Image.fromarray(pair).save(tmp_path / "train" / "1.png")
    labels = find_labels(tmp_path, "train")
    assert labels == (PALETTES["facades"], "A")
    photo, ids = LabelledPhotos(tmp_path, "train", labels, CONFIG, train=False)[0]
    assert (PALETTES["facades"].colour(ids) == pair[:, :32]).all()
    assert abs((photo.transpose(1, 2, 0) + 1) * 127.5 - pair[:, 32:]).max() < 1e-3


def test_an_item_is_the_photo_of_the_pair_with_its_classes(houses):
    labels = find_labels(houses, "val")
    item = LabelledPhotos(houses, "val", labels, CONFIG)[1]
    labels_in, photo_out = PairedImages(houses, "val", CONFIG)[1]
    assert (item[0] == photo_out).all()
    assert item[1].shape == (32, 32) and item[1].dtype == np.int32
    painted = labels.palette.colour(item[1]).transpose(2, 0, 1) / 127.5 - 1
    assert np.mean(abs(painted - labels_in)) < 0.02


def test_jitter_moves_photo_and_classes_alike(houses, tmp_path):
    """A photo that is its own label map stays that."""
    (tmp_path / "train").mkdir()
    palette = PALETTES["facades"]
    label_map = read_half(houses / "train" / "1.jpg", "B")
    pair = np.concatenate([palette.colour(palette.ids(label_map)), label_map], axis=1)
    Image.fromarray(pair).save(tmp_path / "train" / "1.png")
    labels = find_labels(houses, "train")
    config = CONFIG.replace(load_size=48)
    photos = LabelledPhotos(tmp_path, "train", labels, config)
    items = [photos.get(0, epoch) for epoch in range(6)]
    for photo, ids in items:
        there = labels.palette.nearest(
            np.round((photo.transpose(1, 2, 0) + 1) * 127.5).astype(np.uint8))
        assert np.mean(there == ids) > 0.8  # but along the edges, where photos blur
    assert len({ids.tobytes() for _, ids in items}) == 6


def test_classes_are_resized_without_inventing_any(houses):
    labels = find_labels(houses, "val")
    stored = LabelledPhotos(houses, "val", labels, CONFIG)[0][1]
    larger = LabelledPhotos(houses, "val", labels, CONFIG.replace(size=64))[0][1]
    assert larger.shape == (64, 64)
    assert (larger == stored.repeat(2, axis=0).repeat(2, axis=1)).all()
