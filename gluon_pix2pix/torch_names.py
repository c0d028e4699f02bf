"""What the reference implementations in PyTorch call the weights of our networks.

Theirs and ours have the same layers in the same order, those without weights among
them: so a layer's place, ``model.model.1.model.3``, is its name there, but for a few
networks that are put together otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator

from mxnet import gluon
from mxnet.gluon import nn

from .discriminators import Discriminator, MultiscaleDiscriminator, PixelDiscriminator
from .failures import WeightsError
from .hd_networks import LocalEnhancer
from .instance_norm import InstanceNorm
from .resnet import ResnetGenerator
from .unet import UnetGenerator

_NETWORKS = (UnetGenerator, ResnetGenerator, LocalEnhancer, Discriminator,
             PixelDiscriminator, MultiscaleDiscriminator)
_OF_CONVOLUTION = {"weight": "weight", "bias": "bias"}
_AFFINE = {"gamma": "weight", "beta": "bias"}
_STATISTICS = {"running_mean": "running_mean", "running_var": "running_var"}
_COUNT = "num_batches_tracked"  # PyTorch's BatchNorm counts its batches; Gluon's do not


def weight_names(net: gluon.Block, plain: bool = False) -> dict[str, gluon.Parameter]:
    """Return the parameters of a network by their names in PyTorch, in its order.

    Parameters
    ----------
    net : Block
        One of this package's generators, discriminators or encoders.
    plain : bool
        A `MultiscaleDiscriminator` as the reference names it where it returns logits
        alone: ``layer0.0`` instead of ``scale0_layer0.0``.

    Raises
    ------
    WeightsError
        If the references have no such network.
    """
    return {f"{place}.{theirs}": getattr(layer, ours)
            for place, layer in _named_layers(net, plain)
            for ours, theirs in _weights(layer).items()
            if getattr(layer, ours) is not None}


def counter_names(net: gluon.Block, plain: bool = False) -> list[str]:
    """Name the counters of batches, which a batch normalisation has in PyTorch alone.

    Parameters and errors as `weight_names`.
    """
    return [f"{place}.{_COUNT}" for place, layer in _named_layers(net, plain)
            if isinstance(layer, nn.BatchNorm)]


def ignored_names(net: gluon.Block, plain: bool = False) -> set[str]:
    """Name what a file may hold and nobody needs: counters, and old statistics.

    Before version 0.4, PyTorch's instance normalisation saved running statistics, which
    the reference implementations leave out as they load.

    Parameters and errors as `weight_names`.
    """
    names = set(counter_names(net, plain))
    for place, layer in _named_layers(net, plain):
        if isinstance(layer, InstanceNorm):
            names |= {f"{place}.{name}" for name in (*_STATISTICS, _COUNT)}
    return names


def _weights(layer):
    """Return PyTorch's names of what a layer has learned, by Gluon's."""
    if isinstance(layer, nn.BatchNorm):
        fixed = layer._kwargs["fix_gamma"]  # without affine parameters
        return _STATISTICS if fixed else _AFFINE | _STATISTICS
    if isinstance(layer, InstanceNorm):
        return {}  # it has a constant gamma and beta, for MXNet's operator
    return _OF_CONVOLUTION


def _named_layers(net, plain) -> Iterator[tuple[str, nn.HybridBlock]]:
    if not isinstance(net, _NETWORKS):
        known = ", ".join(kind.__name__ for kind in _NETWORKS)
        raise WeightsError(f"The reference implementations have no network like a "
                           f"{type(net).__name__}: pass one of {known}, or the like.")
    for place, layer in _layers(net):
        yield ".".join(_renamed(net, place, plain)), layer


def _layers(block, place=()):
    """List all layers that have parameters, in order, and the names on the way."""
    if block._reg_params:
        yield place, block
    for name, child in block._children.items():
        yield from _layers(child, (*place, name))


def _renamed(net, place, plain):
    """Turn the place of a layer in our network into its place in the reference's."""
    match net, place:
        case PixelDiscriminator(), ("model", layer):
            return "net", layer
        case LocalEnhancer(), ("trunk", *rest):
            return "model", *rest
        case LocalEnhancer(), ("enhancers", level, "down", *rest):
            return f"model{int(level) + 1}_1", *rest
        case LocalEnhancer(), ("enhancers", level, "up", *rest):
            return f"model{int(level) + 1}_2", *rest
        case MultiscaleDiscriminator(), ("scales", scale, "model", layer):
            # There, too, the last scale is the finest.
            if plain:
                return f"layer{scale}", layer
            stage, index = _stage(int(layer))
            return f"scale{scale}_layer{stage}", str(index)
    return place


def _stage(layer):
    """Tell which of a scale's returned activations a layer is part of, and its place.

    ::

        layer   0 1   2 3 4   5 6 7  ...     convolution, (normalisation,) LeakyReLU
        stage    0      1       2
    """
    if layer < 2:
        return 0, layer
    stage, index = divmod(layer - 2, 3)
    return stage + 1, index
