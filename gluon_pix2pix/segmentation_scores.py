"""How well a picture says what is where in it: scores of a segmentation.

Isola et al. 2017 (section 4.1) show generated photos to a network for segmentation that
was trained on real ones, and compare what it finds with the labels the photos were made
from: the FCN-score. This module holds the arithmetic (Long et al. 2015, section 5);
`palettes` makes classes of pictures of labels, and `segmenter` finds them in photos.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

VOID = -1  # what is not to be judged


def confusion_matrix(true: np.ndarray, found: np.ndarray, count: int) -> np.ndarray:
    """Count the pixels of each true class that were found to be each class.

    Parameters
    ----------
    true : ndarray
        Class ids, integers of any shape. Any outside of ``0 .. count - 1`` is void:
        such a pixel is not counted, whatever was found there.
    found : ndarray
        Class ids of the same shape, all from 0 to ``count - 1`` where the truth is not
        void: nothing can be got out of judging by not answering.
    count : int
        Number of classes.

    Returns
    -------
    ndarray
        ``(count, count) int64``: true classes in rows, found ones in columns. The
        matrices of several pictures add up to the matrix of all.

    Raises
    ------
    ValueError
        If the shapes differ, or a found class does not exist.
    """
    true, found = np.asarray(true), np.asarray(found)
    if true.shape != found.shape:
        raise ValueError(f"The true classes have the shape {true.shape}, the found "
                         f"ones {found.shape}: a pixel must have one of each.")
    judged = (true >= 0) & (true < count)
    true, found = true[judged].astype(np.int64), found[judged].astype(np.int64)
    if found.size and not (0 <= found.min() and found.max() < count):
        wrong = found.min() if found.min() < 0 else found.max()
        raise ValueError(f"Class {wrong} was found, and there are 0 to {count - 1}.")
    return np.bincount(true * count + found, minlength=count**2).reshape(count, count)


@dataclass(frozen=True)
class SegmentationScores:
    """The three figures of the FCN-score, and what two of them are means of.

    A class without a single pixel in the truth has no score (NaN) and is no part of a
    mean. So the means run over the same classes for all models that are shown the same
    pictures; where such a class is found all the same, it costs the classes that are
    there in truth. (Scripts that add a tiny number to each denominator count an absent
    class as 0 instead; the two agree where no class is absent, as in the 500 pictures
    of the paper.) Without any judged pixel all scores are NaN.

    Attributes
    ----------
    pixel_accuracy : float
        The share of judged pixels that are right, 0 to 1. Large classes rule it.
    class_accuracy : float
        The share of right pixels of each class, then the mean over classes.
    class_iou : float
        Intersection over union of each class (pixels that are and were found, by
        pixels that are or were found), then the mean over classes. The only one of the
        three that punishes finding a class everywhere.
    accuracies, ious : ndarray
        ``(K,) float64``: the scores of the single classes.
    """

    pixel_accuracy: float
    class_accuracy: float
    class_iou: float
    accuracies: np.ndarray
    ious: np.ndarray

    @classmethod
    def of(cls, confusion: np.ndarray) -> SegmentationScores:
        """Compute the scores of a confusion matrix, of one picture or of a whole split.

        The scores of a split are those of the sum of its matrices, as in the paper, and
        not means over its pictures.
        """
        right = np.diag(confusion).astype(np.float64)
        true, found = confusion.sum(axis=1), confusion.sum(axis=0)
        present = true > 0
        if not present.any():
            nothing = np.full(len(confusion), np.nan)
            return cls(np.nan, np.nan, np.nan, nothing, nothing)
        accuracies, ious = (
            np.divide(right, of, out=np.full(len(right), np.nan), where=present)
            for of in (true, true + found - right))
        return cls(float(right.sum() / true.sum()), float(accuracies[present].mean()),
                   float(ious[present].mean()), accuracies, ious)

    def as_dict(self) -> dict[str, float]:
        """Return the three figures by name."""
        return {"pixel_accuracy": self.pixel_accuracy,
                "class_accuracy": self.class_accuracy, "class_iou": self.class_iou}

    def __str__(self) -> str:
        return (f"per-pixel accuracy {self.pixel_accuracy:.3f}, per-class accuracy "
                f"{self.class_accuracy:.3f}, class IoU {self.class_iou:.3f}")
