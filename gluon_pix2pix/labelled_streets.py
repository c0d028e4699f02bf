"""Photos of streets and what each pixel shows, from data with label maps.

So that a `Segmenter` can be trained on the data of pix2pixHD, and score what is painted
from them: Wang et al. 2018, section 4, judge their pictures in this way.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .label_instances import LabelInstanceImages
from .labelled_photos import Labels
from .palettes import PALETTES
from .pix2pixhd_config import Pix2PixHDConfig
from .segmentation_scores import VOID, SegmentationScores, confusion_matrix
from .segmenter import Segmenter
from .street_labels import LABEL_NC, STREET_LABELS

_STREETS = PALETTES["streets"]
# The place of each label among the classes that are scored.
_CLASSES = np.full(LABEL_NC, VOID, np.int32)
for _label, (_name, _) in STREET_LABELS.items():
    if _name in _STREETS.names:
        _CLASSES[_label] = _STREETS.names.index(_name)


class LabelledStreets(LabelInstanceImages):
    """Photos of a data set of streets with the class of each pixel.

    Item ``i`` is ``(photo, ids)``: ``(3, H, W) float32 in [-1, 1]`` and ``(H, W)
    int32``, the place among the 19 classes that the benchmark of Cityscapes scores, -1
    for the others. `train_segmenter` and `Segmenter.score` take it.

    Parameters
    ----------
    folder, split, config, train :
        As in `LabelInstanceImages`; labels as in ``STREET_LABELS``, and one more for
        what has none.
    batch_size : int
        Items a batch.
    """

    labels = Labels(_STREETS, "A")

    def __init__(self, folder: str | Path, split: str = "train",
                 config: Pix2PixHDConfig | None = None, *, train: bool | None = None,
                 batch_size: int = 8):
        config = (config or Pix2PixHDConfig()).replace(
            batch_size=batch_size, label_nc=LABEL_NC, use_instances=False,
            features="none")
        super().__init__(folder, split, config, train=train)

    def get(self, index: int, epoch: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Return a photo and its classes as they are seen in an epoch."""
        labels, _, photo = super().get(index, epoch)
        return photo, _CLASSES[labels[0].astype(np.int32)]


def class_scores(segmenter: Segmenter, images, streets: LabelledStreets,
                 ) -> SegmentationScores:
    """Score what a segmenter finds in painted streets against what should be there.

    Parameters
    ----------
    segmenter : Segmenter
        Trained on real photos.
    images : sequence of NDArray
        ``(1, 3, H, W)`` in [-1, 1] each: painted from the labels of the first items.
    streets : LabelledStreets
        Tells the classes, without jitter.
    """
    count = len(streets.labels.palette)
    return SegmentationScores.of(sum(
        confusion_matrix(streets[index][1], segmenter.classes(image)[0], count)
        for index, image in enumerate(images)))
