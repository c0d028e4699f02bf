"""What a pix2pixHD paints of the items of its data set, beside their photos."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from mxnet import nd

from .metrics import l1


class Painting(NamedTuple):
    """An item of a data set, and what a model paints of it; ``(C, H, W)`` each.

    Attributes
    ----------
    labels, instances : ndarray
        As the data set has them.
    output : ndarray
        ``float32 in [-1, 1]``.
    photo : ndarray or None
        None where the data set has no photos.
    """

    labels: np.ndarray
    instances: np.ndarray
    output: np.ndarray
    photo: np.ndarray | None


def paint(model, dataset, indices: Iterable[int]) -> Iterator[Painting]:
    """Paint items of a data set, one after the other; `looks_of` says how objects look.

    Parameters
    ----------
    model : Pix2PixHD or LabelTranslator
        Has ``config``, ``translate`` and ``features_of``.
    dataset : LabelInstanceImages
        Without jitter, with photos or without.
    indices : iterable of int
        Which of its items.
    """
    config, looks = model.config, looks_of(model.config, dataset)
    for index in indices:
        labels, instances, *rest = dataset[index]
        labels_in, instances_in, *rest_in = (
            nd.array(array[None], dtype=array.dtype)
            for array in (labels, instances, *rest))
        features = None
        if looks == "photo":
            features = model.features_of(rest_in[0], instances_in)
        elif looks == "stored":
            features = rest_in[-1]
        elif looks == "zero":
            features = nd.zeros((1, config.n_features, *labels.shape[1:]))
        output = model.translate(labels_in, instances_in, features).asnumpy()[0]
        yield Painting(labels, instances, output,
                       rest[0] if dataset.use_photos else None)


def looks_of(config, dataset) -> str | None:
    """Say where the looks of objects come from when a model paints a data set.

    Returns
    -------
    {None, "photo", "stored", "zero"}
        None: this model knows no looks. photo: an encoder sees those in the photo, so
        that the output may be compared with it. stored: the data set has them. zero:
        it has neither, and all are 0, the middle of the range.
    """
    if config.features == "none":
        return None
    if config.features == "encoder":
        return "photo" if dataset.use_photos else "zero"
    return "stored" if dataset.config.features == "stored" else "zero"


def photo_l1(model, dataset) -> float:
    """Return the mean absolute difference to the photos, on images in [-1, 1].

    From 0 (equal) to 2, as `metrics.mean_l1`, of which the same warnings hold. An
    encoder has seen the very photos.
    """
    return float(np.mean([l1(painting.output, painting.photo) for painting in
                          paint(model, dataset, range(len(dataset)))]))
