"""Training of a `Segmenter`, and keeping it beside the data it was trained on."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from mxnet import autograd, gluon, nd

from . import durable
from .labelled_photos import LabelledPhotos, find_labels
from .loaders import Loader
from .pix2pix_config import Pix2PixConfig
from .progress_bar import progress_bar
from .runtime import seed_everything
from .segmenter import Segmenter

_EPOCHS, _LR = 12, 3e-3
_log = logging.getLogger(__name__)


def train_segmenter(photos: LabelledPhotos, held_out: LabelledPhotos | None = None, *,
                    epochs: int = _EPOCHS, lr: float = _LR, ctx=None,
                    progress: bool = True) -> Segmenter:
    """Train a segmenter on real photos and their labels.

    Parameters
    ----------
    photos : LabelledPhotos
        To learn from; with ``train=True`` they are jittered.
    held_out : LabelledPhotos, optional
        Photos it has not seen, to score it on at the end.
    epochs : int
        Times it sees each photo.
    lr : float
        Learning rate of Adam in the first step; it falls linearly to 0.
    ctx : Context or str, optional
        Where to train.
    progress : bool
        Show a bar with the loss.

    Returns
    -------
    Segmenter
        Its ``scores`` are those on the held-out photos.
    """
    seed_everything(photos.seed)
    segmenter = Segmenter(photos.labels.palette, ctx, _identity(photos, epochs, lr))
    # The structural order: Gluon's own goes by automatic names.
    parameters = list(segmenter.net._collect_params_with_prefix().values())
    trainer = gluon.Trainer(parameters, "adam", {"learning_rate": lr})
    loader, losses = Loader(photos), []
    steps = epochs * len(loader)
    with progress_bar(steps, "training a segmenter", shown=progress) as bar:
        for _ in range(epochs):
            for photo, ids in loader:
                photo, ids = (array.as_in_context(segmenter.ctx)
                              for array in (photo, ids))
                trainer.set_learning_rate(lr * (1 - len(losses) / steps))
                with autograd.record():
                    loss = pixel_loss(segmenter.net(photo), ids)
                loss.backward()
                trainer.step(1)  # 1: the loss is a mean already
                losses.append(loss.asscalar())
                bar.set_postfix_str(f"loss {np.mean(losses[-20:]):.3f}", refresh=False)
                bar.update()
    if held_out is not None:
        segmenter.scores = segmenter.score(held_out)
    return segmenter


def pixel_loss(scores: nd.NDArray, ids: nd.NDArray) -> nd.NDArray:
    """Return the mean cross-entropy over all pixels that have a class.

    Parameters
    ----------
    scores : NDArray
        ``(N, K, H, W)``, of any range.
    ids : NDArray
        ``(N, H, W)``, integers; negative ones are not judged.

    Returns
    -------
    NDArray
        A scalar of shape ``(1,)``; log K for a network that knows nothing.
    """
    judged = (ids >= 0).astype("float32")
    chosen = nd.pick(nd.log_softmax(scores, axis=1), nd.maximum(ids, 0), axis=1)
    return -(chosen * judged).sum() / nd.maximum(judged.sum(), 1)


def get_segmenter(folder: str | Path, config: Pix2PixConfig | None = None, ctx=None, *,
                  place: str | Path | None = None, epochs: int = _EPOCHS,
                  progress: bool = True) -> Segmenter:
    """Return the segmenter of a data set of pairs, which is trained if need be.

    It is kept in a hidden folder of the data set, ``.segmenter_128px`` for 128 pixels,
    and trained anew when the data are others.

    Parameters
    ----------
    folder : str or Path
        Pairs of photos and labels, with a folder ``train``.
    config : Pix2PixConfig
        Its ``size``, ``load_size``, ``mirror`` and ``seed``; nothing else matters.
    ctx : Context or str, optional
        Where it will live.
    place : str or Path, optional
        Another folder to keep it in: for data that may not be written to.
    epochs : int
        See `train_segmenter`.
    progress : bool
        Show a bar while it is trained.

    Raises
    ------
    ValueError
        If neither half of the pairs is a map of labels in known colours.
    SaveError
        If it could not be kept there; it is told before the training.
    """
    folder, config = Path(folder), config or Pix2PixConfig()
    labels = find_labels(folder, "train")
    if labels is None:
        raise ValueError(f"Neither half of the pictures in {folder} is a map of labels "
                         "in the colours of facades or streets: without labels there "
                         "is nothing to train a segmenter with.")
    photos = LabelledPhotos(folder, "train", labels, config)
    place = Path(place or folder / f".segmenter_{config.size}px")
    if place.is_dir():
        segmenter = Segmenter.load(place, ctx)
        if segmenter.identity == _identity(photos, epochs, _LR):
            return segmenter
        _log.warning("The segmenter in %s was trained on other data, or in another "
                     "way: it is trained anew.", place)
    durable.check_writable(place)
    held_out = next((LabelledPhotos(folder, split, labels, config)
                     for split in ("val", "test") if (folder / split).is_dir()), None)
    segmenter = train_segmenter(photos, held_out, epochs=epochs, ctx=ctx,
                                progress=progress)
    segmenter.save(place)
    return segmenter


def _identity(photos, epochs, lr):
    """Say what a segmenter depends on: the same gives the same."""
    config, (palette, half) = photos.config, photos.labels
    return {**photos.identity(), "size": config.size, "load_size": config.load_size,
            "mirror": config.mirror, "palette": palette.name, "half": half,
            "epochs": epochs, "lr": lr}
