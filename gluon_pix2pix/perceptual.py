"""How far two pictures are apart to a network that has learned to see: VGG19.

Johnson et al. 2016, "Perceptual Losses for Real-Time Style Transfer and
Super-Resolution"; Wang et al. 2018, section 4, adds it to the generator's objective.
"""

from __future__ import annotations

import os
from pathlib import Path

from mxnet import autograd, nd
from mxnet.gluon import nn
from mxnet.gluon.model_zoo import vision

from .catalog import DownloadError
from .feature_networks import as_trained, load_weights
from .losses import l1_loss
from .runtime import get_context
from .zoo_weights import weights_from_zoo

VGG_VARIABLE = "PIX2PIX_VGG19"
_SMALLEST = 16  # pixels that four poolings before relu5_1 leave one of
_REMEDY = ("Name a file of the weights by vgg_weights= (--vgg-weights) or "
           f"{VGG_VARIABLE} (VGGLoss says how to make one of torchvision's), or train "
           "without them by lambda_vgg=0 (--lambda-vgg 0).")


class VGGLoss:
    """The perceptual loss: ``vgg(fake, real)``, a scalar of shape ``(1,)``.

    The mean absolute differences of the activations relu1_1, relu2_1, relu3_1, relu4_1
    and relu5_1 of VGG19, weighted by 1/32, 1/16, 1/8, 1/4 and 1. The gradient flows to
    the fake alone: the real picture's activations and the weights are fixed.

    Both are ``(N, 1 or 3, H, W)`` in [-1, 1], with sides of 16 pixels or more. They are
    normalised as the photographs were that VGG19 learned from; the original code feeds
    it pictures in [-1, 1] as they are.

    Parameters
    ----------
    weights : str or Path, optional
        Parameters of the model zoo's ``vgg19``, as Gluon saves them or as an ``.npz``;
        its dense layers may be missing. By default see `find_vgg19`.
    ctx : Context or str, optional
        Where to compute.

    Raises
    ------
    FileNotFoundError, DownloadError
        If there are no weights.
    ValueError
        If the file holds others.

    Notes
    -----
    The VGG19 of torchvision has the same layers under the same names, and was trained
    on pictures normalised alike. Its weights become a file for this class by ::

        state = torchvision.models.vgg19(weights="DEFAULT").state_dict()
        numpy.savez("vgg19.npz", **{name: w.numpy() for name, w in state.items()})
    """

    def __init__(self, weights: str | Path | None = None, ctx=None):
        path, ctx = find_vgg19(weights), get_context(ctx)
        self.net = _VGG19()
        self.net.collect_params().setattr("grad_req", "null")
        load_weights(self.net, path, "VGG19", ctx, ignore_extra=True, cast_dtype=True)
        self.net.hybridize(static_alloc=True, static_shape=True)

    def __call__(self, fake: nd.NDArray, real: nd.NDArray) -> nd.NDArray:
        if fake.shape[1] not in (1, 3) or min(fake.shape[2:]) < _SMALLEST:
            _, channels, height, width = fake.shape
            raise ValueError(
                f"VGG19 compares grey or RGB pictures of at least {_SMALLEST}x"
                f"{_SMALLEST} pixels, not {channels} channels of {height}x{width}: set "
                "lambda_vgg=0.")
        # In the other pass's mode: a compiled network keeps it as one flag, which work
        # still queued reads when it runs, and in predict mode MXNet's pooling keeps
        # nothing for its gradient.
        with autograd.pause(train_mode=autograd.is_training()):
            of_real = self.net(as_trained(real))
        of_fake = self.net(as_trained(fake))
        return nd.add_n(*(weight * l1_loss(*pair) for weight, *pair
                          in zip(_VGG19.weights.values(), of_fake, of_real)))


class _VGG19(nn.HybridBlock):
    """The layers of VGG19 up to relu5_1: from pictures to five of their activations."""

    # relu1_1, relu2_1, relu3_1, relu4_1 and relu5_1 by their places among the layers.
    weights = {1: 1 / 32, 6: 1 / 16, 11: 1 / 8, 20: 1 / 4, 29: 1.0}

    def __init__(self):
        # A name that is known: files of old versions of Gluon have it in their keys.
        super().__init__(prefix="vgg_")
        self.features = vision.vgg19(prefix="vgg_").features[:max(self.weights) + 1]

    def hybrid_forward(self, F, x):
        seen = []
        for place, layer in enumerate(self.features):
            x = layer(x)
            if place in self.weights:
                seen.append(x)
        return seen


def find_vgg19(weights: str | Path | None = None) -> Path:
    """Return the file of VGG19's weights.

    That is the one named here; else by the environment variable ``PIX2PIX_VGG19``; else
    that of the model zoo, which is verified, and fetched (0.5 GB) if it is not there.

    Raises
    ------
    FileNotFoundError
        If there is no file of that name.
    DownloadError
        If it cannot be fetched.
    """
    named = weights or os.environ.get(VGG_VARIABLE)
    if named:
        path = Path(named).expanduser()
        if path.is_file():
            return path
        by = "" if weights else f" ({VGG_VARIABLE})"
        raise FileNotFoundError(f"There is no file {path}{by} with the weights of "
                                f"VGG19. {_REMEDY}")
    try:
        return weights_from_zoo("vgg19")
    except DownloadError as error:
        raise DownloadError(f"{error} {_REMEDY}") from error
