"""The generators of a checkpoint alone: what there is to translate with."""

from __future__ import annotations

from pathlib import Path

from mxnet.gluon import HybridBlock

from .checkpoint import load_translating
from .models import MODELS


def load_generators(folder: str | Path, ctx=None) -> dict[str, HybridBlock]:
    """Load the generators, which translate; parameters as of `load_translating`.

    Returns
    -------
    dict of str to HybridBlock
        By direction: one of a pix2pix, ``"AtoB"`` and ``"BtoA"`` of a CycleGAN. Their
        configuration is the ``config`` of each.

    Raises
    ------
    FileNotFoundError, CheckpointError, ValueError
        As `load_translating`.
    """
    config, networks = load_translating(folder, ctx)
    generators = MODELS[config.model].generators(config, next(iter(networks.values())))
    for netG in generators.values():
        netG.config = config
    return generators


def load_generator(folder: str | Path, ctx=None, direction: str | None = None,
                   ) -> HybridBlock:
    """Load a single generator; see `load_generators`.

    Parameters
    ----------
    folder : str or Path
        A checkpoint, or a run folder.
    ctx : Context or str, optional
        Where it will live.
    direction : {"AtoB", "BtoA"}, optional
        Which way it translates: as the configuration has it by default. A pix2pix knows
        no other.

    Raises
    ------
    FileNotFoundError, CheckpointError, ValueError
        As `load_generators`, or if it does not translate in this direction.
    """
    generators = load_generators(folder, ctx)
    config = next(iter(generators.values())).config
    direction = direction or config.direction
    if direction not in generators:
        raise ValueError(f"{folder} holds a {config.model} that translates "
                         f"{' and '.join(generators)}, and not {direction}: train "
                         "another one for that, or leave the direction out.")
    return generators[direction]
