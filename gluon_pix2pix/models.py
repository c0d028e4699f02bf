"""Which class trains what a configuration describes, and which networks it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from mxnet.gluon import HybridBlock, nn

from . import cyclegan, pix2pix
from .config import DIRECTIONS, ModelConfig


class Model(NamedTuple):
    """A kind of model.

    Attributes
    ----------
    build : callable
        ``build(config, ctx)`` returns the model, initialised.
    networks : mapping of str to callable
        By the name under which it is saved, ``build(config)`` of each network:
        uninitialised, so that it takes no memory. The first translates.
    generators : callable
        ``generators(config, network)`` returns the generators that this first network
        holds, by direction.
    """

    build: Callable
    networks: Mapping[str, Callable[[ModelConfig], HybridBlock]]
    generators: Callable[[ModelConfig, HybridBlock], dict[str, HybridBlock]]


def _both(build, *which):
    """Return a function that builds two networks as one, as they are saved."""
    def build_both(config):
        nets = nn.HybridSequential()
        nets.add(*(build(config, one) for one in which))
        return nets
    return build_both


MODELS = {
    "pix2pix": Model(
        pix2pix.Pix2Pix,
        {"generator": pix2pix.build_generator,
         "discriminator": pix2pix.build_discriminator},
        lambda config, net: {config.direction: net}),
    "cyclegan": Model(
        cyclegan.CycleGAN,
        {"generators": _both(cyclegan.build_generator, *DIRECTIONS),
         "discriminators": _both(cyclegan.build_discriminator, "A", "B")},
        lambda config, nets: dict(zip(DIRECTIONS, [nets[0], nets[1]]))),
}


def build_model(config: ModelConfig, ctx=None):
    """Build the model that a configuration describes, ready to train.

    Parameters
    ----------
    config : ModelConfig
        All numbers; its class tells which model.
    ctx : Context or str, optional
        Where it will live.
    """
    return MODELS[config.model].build(config, ctx)
