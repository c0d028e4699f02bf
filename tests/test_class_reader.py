import numpy as np
import pytest
from mxnet import nd

from gluon_pix2pix import PairedImages, Pix2PixConfig
from gluon_pix2pix.class_reader import ClassReader
from gluon_pix2pix.segmentation_scores import SegmentationScores
from gluon_pix2pix.segmenter import Segmenter
from gluon_pix2pix.toys import draw

CONFIG = Pix2PixConfig(size=32, direction="BtoA")


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    return draw("toy_facades", tmp_path_factory.mktemp("data"), 32, 8)


def test_in_photos_a_network_finds_them_and_tells_its_features(houses, tmp_path):
    split = PairedImages(houses, "test", CONFIG)
    reader = ClassReader.of(split, place=tmp_path / "s")
    segmenter = Segmenter.load(tmp_path / "s")
    photo = nd.array(split[1][1][None])
    assert (reader.find(photo) == segmenter.classes(photo)[0]).all()
    assert (reader.features(photo) == segmenter.features(photo)).all()
    confusion = reader.confusion(1, photo)
    assert confusion.sum() == (reader.truth[1][1] >= 0).sum()
    assert not (houses / ".segmenter_32px").exists()


def test_in_labels_the_colours_tell(houses):
    split = PairedImages(houses, "test", CONFIG.replace(direction="AtoB"))
    reader = ClassReader.of(split)
    scores = SegmentationScores.of(reader.confusion(0, nd.array(split[0][1][None])))
    assert scores.pixel_accuracy > 0.98 and reader.features is None
    # Of another picture, they are other classes.
    other = SegmentationScores.of(reader.confusion(1, nd.array(split[0][1][None])))
    assert other.pixel_accuracy < 0.9


def test_without_labels_there_is_none(pairs):
    assert ClassReader.of(PairedImages(pairs, "val", CONFIG)) is None


def test_what_is_found_is_counted_by_what_is_there(houses):
    split = PairedImages(houses, "test", CONFIG.replace(direction="AtoB"))
    reader = ClassReader(ClassReader.of(split).truth,
                         lambda picture: np.full(picture.shape[2:], 3), "guessing")
    confusion = reader.confusion(0, nd.zeros((1, 3, 32, 32)))
    assert confusion[:, 3].sum() == confusion.sum() > 0
