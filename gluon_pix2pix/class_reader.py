"""What finds classes in the outputs of a model, and knows what was there in truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mxnet import nd

from .labelled_photos import LabelledPhotos, find_labels
from .segmentation_scores import confusion_matrix
from .segmenter_training import get_segmenter
from .viz import to_image

Features = Callable[[nd.NDArray], np.ndarray]  # (N, C, H, W) to (N, D)


@dataclass(frozen=True)
class ClassReader:
    """Finds classes in generated pictures, and counts how often it finds the true ones.

    Attributes
    ----------
    truth : LabelledPhotos
        Item ``i`` has the classes of picture ``i``; without jitter.
    find : callable
        ``(1, C, H, W)`` in [-1, 1] to ``(H, W)`` of class ids.
    means : str
        By what classes are found, in words.
    features : callable, optional
        ``(N, C, H, W)`` to ``(N, D)``: what the network that finds them sees, if it is
        one, for the Fréchet distance.
    """

    truth: LabelledPhotos
    find: Callable[[nd.NDArray], np.ndarray]
    means: str
    features: Features | None = None

    @classmethod
    def of(cls, dataset, ctx=None, *,
           place: str | Path | None = None) -> ClassReader | None:
        """Make the one for a split of pairs, half of which are labels.

        For a model that paints photos it is a segmentation network, which is trained
        first if need be (see `get_segmenter`). For one that paints labels it looks for
        the nearest colour.

        Parameters
        ----------
        dataset : PairedImages
            The split; its configuration tells what a model paints.
        ctx : Context or str, optional
            Where a network lives.
        place : str or Path, optional
            Another folder to keep it in than the data set's.

        Returns
        -------
        ClassReader or None
            None where neither half is a map of labels in known colours.

        Raises
        ------
        SaveError
            If a network has to be trained and cannot be kept there.
        """
        folder, config = dataset.folder, dataset.config
        labels = find_labels(folder, dataset.split)
        if labels is None:
            return None
        truth = LabelledPhotos(folder, dataset.split, labels, config, train=False)
        if labels.half != ("A" if config.direction == "AtoB" else "B"):
            def nearest(picture):
                return labels.palette.nearest(to_image(picture))

            return cls(truth, nearest, "the colours of the outputs")
        segmenter = get_segmenter(folder, config, ctx, place=place)

        def found(picture):
            return segmenter.classes(picture)[0]

        return cls(truth, found, "a segmentation network trained on the real photos",
                   segmenter.features)

    def confusion(self, index: int, picture: nd.NDArray) -> np.ndarray:
        """Count the pixels of a picture by true and found class."""
        _, ids = self.truth[index]
        return confusion_matrix(ids, self.find(picture), len(self.truth.labels.palette))
