"""What is said of a model in its exported file: all that is needed to run it alone."""

from __future__ import annotations

import re

import mxnet as mx

from .catalog import ARCHIVES
from .config import ModelConfig
from .toys import TOYS
from .version import __version__

UNKNOWN = "unknown"
_DRAWN = re.compile(rf"({'|'.join(TOYS)})(_\d+px_\d+(_seed\d+)?)?")


def facts(config: ModelConfig, netG, direction: str, mode: str,
          dataset: str | None = None) -> dict[str, str]:
    """Say how to run a generator, and where it comes from.

    Parameters
    ----------
    config : ModelConfig
        What it was trained as.
    netG : HybridBlock
        The generator; has ``in_channels``, ``num_downs`` and perhaps ``smallest``.
    direction, mode : str
        As in `to_onnx`.
    dataset : str, optional
        What it was trained on: the name of a data set or of its folder.

    Returns
    -------
    dict of str to str
        ``model``, ``direction``, ``mode``; ``data_range`` of pictures going in and
        coming out; ``channel_order`` of pictures in colour; ``input``, what the
        channels are; ``in_channels``; ``size_multiple`` and ``smallest_side`` of both
        sides in pixels; ``trained_size``; ``dataset`` and ``licence``; ``config`` as
        JSON; versions of ``gluon_pix2pix`` and ``mxnet``. Of a pix2pixHD also
        ``label_nc``, ``use_instances``, ``features``, ``n_features`` and
        ``load_width``.
    """
    said = {
        "model": config.model, "direction": direction, "mode": mode,
        "data_range": "-1 1", "channel_order": "RGB",
        "input": colours(netG.in_channels), "in_channels": netG.in_channels,
        "size_multiple": 2**netG.num_downs,
        "smallest_side": getattr(netG, "smallest", 1), "trained_size": config.size,
        "dataset": dataset or UNKNOWN, "licence": licence(dataset),
        "gluon_pix2pix": __version__, "mxnet": mx.__version__,
        "config": config.to_json(),
    }
    if config.model == "pix2pixhd":
        said.update(
            input=_encoded(config), label_nc=config.label_nc,
            use_instances=int(config.use_instances), features=config.features,
            n_features=config.n_features * (config.features != "none"),
            load_width=config.load_width or "")
    return {name: str(value) for name, value in said.items()}


def colours(channels: int) -> str:
    """Name the colours of a picture."""
    return {1: "grey", 3: "RGB"}.get(channels, f"{channels} channels")


def _encoded(config):
    """Say what the channels of a pix2pixHD's input are, in their order."""
    parts = [f"{config.label_nc} classes, one-hot" if config.label_nc
             else colours(config.in_channels)]
    parts += ["1 of the borders of objects"] * config.use_instances
    if config.features != "none":
        parts.append(f"{config.n_features} of the looks of objects, in [-1, 1]")
    return "; ".join(parts)


def licence(dataset: str | None) -> str:
    """Return the terms of use of the data that a model learned from.

    What a model paints is made of what it saw: those terms may bind it too.
    """
    if dataset in ARCHIVES:
        return ARCHIVES[dataset].licence
    if dataset and _DRAWN.fullmatch(dataset):
        return "drawn by code of gluon_pix2pix: Apache-2.0"
    return f"{UNKNOWN}: ask the owner of the data before you pass the model on"
