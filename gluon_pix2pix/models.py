"""Which class trains what a configuration describes, and which networks it has."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mxnet.gluon import HybridBlock, nn

from . import cyclegan, pix2pix, pix2pixhd
from .config import DIRECTIONS, ModelConfig


class Model(NamedTuple):
    """A kind of model.

    Attributes
    ----------
    build : callable
        ``build(config, ctx)`` returns the model, initialised.
    networks : callable
        ``networks(config)`` returns all networks by the names under which they are
        saved: uninitialised, so that they take no memory. The first translates.
    generators : callable
        ``generators(config, network)`` returns the generators that this first network
        holds, by direction.
    """

    build: Callable
    networks: Callable[[ModelConfig], dict[str, HybridBlock]]
    generators: Callable[[ModelConfig, HybridBlock], dict[str, HybridBlock]]


def _both(build, config, which):
    """Build two networks as one, as they are saved."""
    nets = nn.HybridSequential()
    nets.add(*(build(config, one) for one in which))
    return nets


def _pix2pix(config):
    return {"generator": pix2pix.build_generator(config),
            "discriminator": pix2pix.build_discriminator(config)}


def _cyclegan(config):
    return {"generators": _both(cyclegan.build_generator, config, DIRECTIONS),
            "discriminators": _both(cyclegan.build_discriminator, config, "AB")}


def _pix2pixhd(config):
    networks = {"generator": pix2pixhd.build_generator(config),
                "discriminator": pix2pixhd.build_discriminator(config)}
    if config.features == "encoder":
        networks["encoder"] = pix2pixhd.build_encoder(config)
    return networks


MODELS = {
    "pix2pix": Model(pix2pix.Pix2Pix, _pix2pix,
                     lambda config, net: {config.direction: net}),
    "cyclegan": Model(cyclegan.CycleGAN, _cyclegan,
                      lambda config, nets: dict(zip(DIRECTIONS, [nets[0], nets[1]]))),
    "pix2pixhd": Model(pix2pixhd.Pix2PixHD, _pix2pixhd,
                       lambda config, net: {config.direction: net}),
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
