"""Networks whose features pictures are compared by: those of MXNet's model zoo.

They were trained on photographs (ImageNet) and see more than a `Segmenter` of our
drawings, but their weights have to be brought along: nothing is downloaded here.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from mxnet import nd
from mxnet.base import MXNetError
from mxnet.gluon.model_zoo import model_store, vision

from .runtime import get_context

# Of the photographs that all networks of the zoo were trained on, as RGB in [0, 1].
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_SIDES = {"inceptionv3": 299}  # all others: 224


class ZooFeatures:
    """The layer before the last of a network of the model zoo, as a function.

    ``features(pictures)`` takes ``(N, 1 or 3, H, W)`` in [-1, 1], enlarges or shrinks
    them bilinearly to the size the network was trained at, and returns ``(N, D)
    float32``. Distances over ``inceptionv3`` are *not* the published FID, which needs
    one certain set of weights of one certain Inception, and its way to resize.

    Parameters
    ----------
    name : str
        Such as ``"inceptionv3"``, ``"vgg16"`` or ``"resnet50_v2"``.
    weights : str or Path, optional
        Its parameters, as Gluon saves them. By default the file of the model zoo, where
        that is in ``~/.mxnet/models`` (or ``$MXNET_HOME/models``) already.
    ctx : Context or str, optional
        Where to compute.

    Raises
    ------
    ValueError
        If the zoo has no such network, or the weights are of another.
    FileNotFoundError
        If the weights are not there.
    """

    def __init__(self, name: str, weights: str | Path | None = None, ctx=None):
        self.name, self.ctx = name, get_context(ctx)
        try:
            self.net = vision.get_model(name)
        except ValueError:
            raise ValueError(f"The model zoo has no network {name!r}: inceptionv3, "
                             "vgg16 and resnet50_v2 are some it has.") from None
        path = Path(weights) if weights else _place_in_zoo(name)
        if not path.is_file():
            raise FileNotFoundError(
                f"The weights of {name} are not in {path}, and are not downloaded: put "
                "the file there, or name another one (weights=, or --weights).")
        try:
            self.net.load_parameters(str(path), ctx=self.ctx)
        except (ValueError, AssertionError, MXNetError) as error:
            reason = str(error).strip().splitlines()[0]
            raise ValueError(
                f"{path} does not hold the weights of {name} ({reason}).") from error
        self.side = _SIDES.get(name, 224)
        self.net.hybridize()

    def __call__(self, pictures: nd.NDArray) -> np.ndarray:
        pictures = pictures.as_in_context(self.ctx)
        if pictures.shape[1] == 1:
            pictures = nd.repeat(pictures, repeats=3, axis=1)
        if pictures.shape[2:] != (self.side, self.side):
            pictures = nd.contrib.BilinearResize2D(pictures, height=self.side,
                                                   width=self.side)
        mean, std = (nd.array(values, ctx=self.ctx).reshape((1, 3, 1, 1))
                     for values in (_MEAN, _STD))
        seen = self.net.features((pictures / 2 + 0.5 - mean) / std)
        return seen.reshape((0, -1)).asnumpy()


def _place_in_zoo(name):
    """Say where the zoo keeps a network's weights after a download."""
    home = Path(os.environ.get("MXNET_HOME", Path("~") / ".mxnet")).expanduser()
    # Its table writes mobilenet1.0 as get_model does, and inceptionv3 likewise.
    try:
        version = model_store.short_hash(name)
    except ValueError:
        return home / "models" / f"{name}.params"
    return home / "models" / f"{name}-{version}.params"
