import shutil

import numpy as np
import pytest
from mxnet import nd
from PIL import Image

from gluon_pix2pix.label_instances import LabelInstanceImages
from gluon_pix2pix.labelled_streets import LabelledStreets, class_scores
from gluon_pix2pix.pix2pixhd_config import Pix2PixHDConfig
from gluon_pix2pix.segmenter_training import train_segmenter
from gluon_pix2pix.street_labels import STREET_LABELS
from gluon_pix2pix.toys import draw

CONFIG = Pix2PixHDConfig.for_profile("smoke")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return draw("toy_streets_hd", tmp_path_factory.mktemp("data"), size=32, count=4,
                progress=False)


def test_each_pixel_has_the_class_of_its_label(folder):
    streets = LabelledStreets(folder, "test", CONFIG, train=False)
    names = streets.labels.palette.names
    for index in range(len(streets)):
        labels, _, photo = LabelInstanceImages(folder, "test", CONFIG)[index]
        same, ids = streets[index]
        assert np.array_equal(same, photo)
        for label, place in zip(labels[0].ravel(), ids.ravel(), strict=True):
            name = STREET_LABELS[int(label)][0]
            assert (names[place] == name) if place >= 0 else (name not in names)


def test_labels_are_those_of_the_training_unlabelled_pixels_too(folder, tmp_path):
    folder = shutil.copytree(folder, tmp_path / "streets")
    path = sorted((folder / "test_label").iterdir())[0]
    labels = np.array(Image.open(path))
    labels[:5] = CONFIG.label_nc - 1
    Image.fromarray(labels).save(path)
    assert LabelInstanceImages(folder, "test", CONFIG)[0][0].max() == 34
    _, ids = LabelledStreets(folder, "test", CONFIG, train=False)[0]
    assert (ids[:5] == -1).all() and (ids[5:] >= 0).any()


def test_photo_and_classes_are_mirrored_alike(folder):
    plain = LabelledStreets(folder, "train", CONFIG, train=False)
    jittered = LabelledStreets(folder, "train", CONFIG)
    mirrored = set()
    for epoch in range(6):
        (photo, ids), (was, were) = jittered.get(0, epoch), plain[0]
        flip = not np.array_equal(photo, was)
        mirrored.add(flip)
        assert np.array_equal(photo, was[:, :, ::-1] if flip else was)
        assert np.array_equal(ids, were[:, ::-1] if flip else were)
    assert mirrored == {False, True}


def test_it_is_what_a_segmenter_learns_from_and_is_scored_on(folder):
    streets = LabelledStreets(folder, "test", CONFIG, train=False)
    segmenter = train_segmenter(LabelledStreets(folder, "train", CONFIG), streets,
                                epochs=1, progress=False)
    photos = [nd.array(photo[None]) for photo, _ in
              (streets[index] for index in range(len(streets)))]
    assert str(class_scores(segmenter, photos, streets)) == str(segmenter.scores)


def test_scores_are_those_of_the_first_items(folder):
    streets = LabelledStreets(folder, "test", CONFIG, train=False)

    class Sure:
        """Finds what is there in the first item, whatever it is shown."""

        def classes(self, photos):
            return np.maximum(streets[0][1], 0)[None]

    anything = nd.zeros((1, 3, *streets[0][1].shape))
    assert class_scores(Sure(), [anything], streets).pixel_accuracy == 1
    assert class_scores(Sure(), [anything] * 2, streets).pixel_accuracy < 1
