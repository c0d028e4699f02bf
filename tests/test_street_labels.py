import numpy as np
import pytest

from gluon_pix2pix.street_labels import (
    HAS_INSTANCES,
    LABEL_NC,
    STREET_LABELS,
    colour_labels,
    label_id,
)


def test_the_numbers_are_those_of_cityscapes():
    known = {"road": 7, "building": 11, "sky": 23, "person": 24, "car": 26,
             "bicycle": 33}
    assert {name: label_id(name) for name in known} == known
    assert len(STREET_LABELS) == LABEL_NC - 1 == 34
    assert [STREET_LABELS[i][0] for i in (24, 33)] == ["person", "bicycle"]
    assert list(HAS_INSTANCES) == list(range(24, 34))


def test_labels_are_coloured_and_strangers_are_black():
    labels = np.array([[7, 26, 255, -1]])
    assert colour_labels(labels).tolist() == [
        [[128, 64, 128], [0, 0, 142], [0, 0, 0], [0, 0, 0]]]
    assert colour_labels(labels.astype(np.int16)).dtype == np.uint8


def test_unknown_classes_are_named():
    with pytest.raises(ValueError, match="no class 'unicorn'.*bicycle"):
        label_id("unicorn")
