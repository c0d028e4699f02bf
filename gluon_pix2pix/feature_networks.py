"""Networks whose features pictures are compared by: those of MXNet's model zoo.

They were trained on photographs (ImageNet) and see more than a `Segmenter` of our
drawings, but their weights have to be brought along: nothing is downloaded here.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from mxnet import nd
from mxnet.gluon import HybridBlock
from mxnet.gluon.model_zoo import vision

from .runtime import get_context
from .zoo_weights import place_in_zoo

# Of the photographs that all networks of the zoo were trained on, as RGB in [0, 1].
_MEAN, _STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
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
        path = Path(weights) if weights else place_in_zoo(name)
        if not path.is_file():
            raise FileNotFoundError(
                f"The weights of {name} are not in {path}, and are not downloaded: put "
                "the file there, or name another one (weights=, or --weights).")
        load_weights(self.net, path, name, self.ctx)
        self.side = _SIDES.get(name, 224)
        self.net.hybridize()

    def __call__(self, pictures: nd.NDArray) -> np.ndarray:
        pictures = pictures.as_in_context(self.ctx)
        if pictures.shape[2:] != (self.side, self.side):
            pictures = nd.contrib.BilinearResize2D(pictures, height=self.side,
                                                   width=self.side)
        return self.net.features(as_trained(pictures)).reshape((0, -1)).asnumpy()


def as_trained(pictures: nd.NDArray) -> nd.NDArray:
    """Return pictures as the zoo's networks were trained on them; differentiable.

    From ``(N, 1 or 3, H, W)`` in [-1, 1] to ``(N, 3, H, W)``: RGB, with mean 0 and
    standard deviation 1 of each channel over the photographs of ImageNet.
    """
    if pictures.shape[1] == 1:
        pictures = nd.repeat(pictures, repeats=3, axis=1)
    return nd.image.normalize(pictures, tuple(2 * _MEAN - 1), tuple(2 * _STD))


def load_weights(net: HybridBlock, path: Path, name: str, ctx, **options) -> None:
    """Read a network's parameters: a file of Gluon's, or an ``.npz`` of NumPy's.

    Parameters
    ----------
    net : HybridBlock
        Where they go.
    path : Path
        The file. In an ``.npz``, arrays have the names that Gluon would give them.
    name : str
        What to call the network in an error.
    ctx : Context
        Where the network computes.
    **options
        Those of Gluon's ``load_parameters``.

    Raises
    ------
    ValueError
        If the file holds others, or none.
    """
    try:
        if path.suffix == ".npz":
            with np.load(path) as arrays:
                for key, parameter in net._collect_params_with_prefix().items():
                    parameter._load_init(nd.array(arrays[key]), ctx)
        else:
            net.load_parameters(str(path), ctx=ctx, **options)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # zipfile and NumPy stumble in a dozen ways
        # Of MXNet's own errors the part behind its trace; and no list of what is there.
        reason = str(error).rpartition("MXNetError: ")[2].partition(", which contains")
        told = (reason[0] or type(error).__name__).splitlines()[0]
        raise ValueError(f"{path} does not hold the weights of {name} ({told})."
                         ) from error
