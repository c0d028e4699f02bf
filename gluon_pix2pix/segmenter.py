"""A small network that says what is where in a photo, to judge generated photos by.

Trained on real photos and their labels, it is then shown generated ones: where it finds
what the photo was made from, the photo is convincing, at least to it (the FCN-score,
Isola et al. 2017, section 4.1). It knows the data set it was trained on and no other,
and it can be fooled: textures that it likes need not look like anything to us.
"""

from __future__ import annotations

import json
from pathlib import Path

import mxnet as mx
import numpy as np
from mxnet import nd
from mxnet.gluon import nn

from . import durable
from .blocks import check_images, mirrored
from .checkpoint_files import read_arrays
from .labelled_photos import LabelledPhotos
from .network_states import parameter_arrays, set_parameters
from .palettes import PALETTES, Palette
from .runtime import get_context
from .segmentation_scores import SegmentationScores, confusion_matrix

_CHANNELS = (16, 32, 64, 128, 128)
_FORMAT = 1  # raised when the network, or how it is trained, is another


def _convolutions(channels, stride):
    """Two convolutions, the first of which may halve the size."""
    layers = nn.HybridSequential()
    for step in (stride, 1):
        layers.add(nn.Conv2D(channels, kernel_size=3, strides=step, padding=1,
                             use_bias=False),
                   nn.BatchNorm(), nn.Activation("relu"))
    return layers


class FullyConvolutional(nn.HybridBlock):
    """Scores of each class for each pixel, in the manner of Long et al. 2015.

    Five levels look at the photo, each at half the size of the one before and seeing
    farther. Each scores the classes for what it sees. From the coarsest level on, the
    scores are enlarged and added to those of the next finer one: the coarse levels know
    *what*, the fine ones *where*.

    Parameters
    ----------
    classes : int
        Number of classes.
    channels : sequence of int
        Channels of the levels, finest first.

    Input ``(N, 3, H, W)``, H and W multiples of 16. Output ``(N, classes, H, W)``.
    """

    def __init__(self, classes: int, channels=_CHANNELS, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.levels, self.scores = nn.HybridSequential(), nn.HybridSequential()
            for index, width in enumerate(channels):
                self.levels.add(_convolutions(width, stride=2 if index else 1))
                self.scores.add(nn.Conv2D(classes, kernel_size=1))

    def hybrid_forward(self, F, x):
        seen = []
        for level in self.levels:
            x = level(x)
            seen.append(x)
        scores = self.scores[-1](seen[-1])
        for level in reversed(range(len(seen) - 1)):
            larger = F.UpSampling(scores, scale=2, sample_type="nearest")
            scores = larger + self.scores[level](seen[level])
        return scores


class Segmenter:
    """A trained `FullyConvolutional` with its classes, and how good it is.

    Attributes
    ----------
    net : FullyConvolutional
        The network.
    palette : Palette
        Names and colours of the classes.
    scores : SegmentationScores or None
        On real photos it was not trained on.
    identity : dict
        What it was trained on, and how.
    """

    def __init__(self, palette: Palette, ctx=None, identity: dict | None = None):
        self.palette, self.ctx = palette, get_context(ctx)
        self.identity, self.scores = identity or {}, None
        self.net = FullyConvolutional(len(palette))
        self.net.initialize(mx.init.Xavier(), ctx=self.ctx)
        self.net(nd.zeros((1, 3, 32, 32), ctx=self.ctx))  # tells it all its shapes
        self.net.hybridize()

    def classes(self, photos: nd.NDArray) -> np.ndarray:
        """Find the classes in photos: ``(N, 3, H, W)`` to ``(N, H, W) int32``.

        Photos are in [-1, 1] and of any size. Sides that are no multiple of 16 are
        continued by their mirror image. A single channel counts as grey.
        """
        height, width = photos.shape[2:]
        scores = self.net(self._prepared(photos))[:, :, :height, :width]
        return scores.argmax(axis=1).asnumpy().astype(np.int32)

    def features(self, photos: nd.NDArray) -> np.ndarray:
        """Return what its coarsest level sees in photos: ``(N, 128) float32``.

        Means over the picture, as the Fréchet distance takes them.
        """
        x = self._prepared(photos)
        for level in self.net.levels:
            x = level(x)
        return x.mean(axis=(2, 3)).asnumpy()

    def _prepared(self, photos):
        if photos.ndim == 4 and photos.shape[1] == 1:
            photos = nd.repeat(photos, repeats=3, axis=1)
        check_images(photos, 3, "Segmenter")
        return mirrored(photos, 16).as_in_context(self.ctx)

    def score(self, photos: LabelledPhotos) -> SegmentationScores:
        """Score it on labelled photos: for real ones, what no generator can exceed.

        Raises
        ------
        ValueError
            If the photos have other classes.
        """
        if photos.labels.palette != self.palette:
            raise ValueError(f"A segmenter of {self.palette.name} cannot be scored on "
                             f"{photos.labels.palette.name}.")
        confusion = sum(
            confusion_matrix(ids, self.classes(nd.array(photo[None]))[0],
                             len(self.palette))
            for photo, ids in (photos[index] for index in range(len(photos))))
        return SegmentationScores.of(confusion)

    def save(self, folder: str | Path) -> None:
        """Write it as plain arrays and JSON, whole or not at all.

        Raises
        ------
        SaveError
            If the folder cannot be written to.
        """
        folder = Path(folder)
        with durable.explained(folder), durable.whole_folder(folder) as temporary:
            durable.write_arrays(temporary / "network.npz", parameter_arrays(self.net))
            told = {"format": _FORMAT, "palette": self.palette.name,
                    "identity": self.identity,
                    "scores": self.scores and self.scores.as_dict()}
            durable.write_text(temporary / "segmenter.json",
                               json.dumps(told, indent=2) + "\n")

    @classmethod
    def load(cls, folder: str | Path, ctx=None) -> Segmenter:
        """Read what `save` wrote; its ``scores`` are without those of single classes.

        Raises
        ------
        FileNotFoundError
            If there is none.
        ValueError
            If its files are damaged, or of another version.
        """
        folder = Path(folder)
        path = folder / "segmenter.json"
        if not path.is_file():
            raise FileNotFoundError(f"{folder} holds no segmenter.")
        try:
            told = json.loads(path.read_text("utf-8"))
            palette, identity = PALETTES[told["palette"]], told["identity"]
            if told["format"] != _FORMAT:
                raise ValueError(f"format {told['format']}")
            nothing = np.full(len(palette), np.nan)
            scores = told["scores"] and SegmentationScores(
                **told["scores"], accuracies=nothing, ious=nothing)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is damaged, or of another version ({error}): "
                             "remove its folder, and it is trained again.") from None
        segmenter = cls(palette, ctx, identity)
        segmenter.scores = scores
        network = folder / "network.npz"
        set_parameters(segmenter.net, read_arrays(network), str(network))
        return segmenter
