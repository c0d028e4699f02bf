"""Models out: ONNX files and MXNet symbols that give the pictures the models give.

Nothing is left on disk that was not run and compared first.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
import warnings
from pathlib import Path

import mxnet as mx
from mxnet import nd
from mxnet.gluon import nn

from . import durable
from .export_checks import (
    Differences,
    check_differences,
    check_noise,
    checked_bytes,
    differences,
    dropout_off,
    runner,
)
from .export_facts import facts
from .models import MODELS
from .network_states import parameter_arrays, set_parameters
from .onnx_graphs import (
    ExportError,
    dropout_layers,
    onnx_graph,
    onnx_packages,
    traced,
    without_dropout,
)
from .translation import apply

__all__ = ["Exported", "ExportError", "to_onnx", "to_symbol"]

TOLERANCE = 1e-4  # of pictures in [-1, 1]; a level of 256 is 78 times as much
_ENDINGS = ("-symbol.json", "-0000.params", ".json")


@dataclasses.dataclass(frozen=True)
class Exported:
    """What was written, and how far its pictures are from those of the model.

    Attributes
    ----------
    files : tuple of Path
        The file, or those of a symbol.
    facts : dict of str to str
        What is said of the model in the file, or beside a symbol.
    differences : dict of (int, int, int) to float
        By ``(N, H, W)``: the largest difference of any value in such a batch, of
        pictures in [-1, 1]; without dropout.
    tolerance : float
        The largest that was allowed.
    """

    files: tuple[Path, ...]
    facts: dict[str, str]
    differences: Differences
    tolerance: float

    @property
    def difference(self) -> float:
        """The largest difference of all."""
        return max(self.differences.values())


def to_onnx(model, path: str | Path, direction: str | None = None,
            mode: str = "sample", *, dataset: str | None = None,
            tolerance: float = TOLERANCE) -> Exported:
    """Write the generator of a model as an ONNX file of opset 13.

    Checked by ``onnx``, and run by ``onnxruntime`` at two sizes and with one and two
    pictures against the network itself, before it takes its place; a file that is there
    already is replaced. ``(N, C, H, W) float32 in [-1, 1]`` go in as ``input`` and come
    out as ``output``; of a pix2pixHD the input is what `encode_input` returns, with the
    looks of the objects behind if the model knows them.

    Parameters
    ----------
    model : Pix2Pix, CycleGAN, Pix2PixHD or tuple
        A model, or what `load_translating` returns for a run. It stays as it is.
    path : str or Path
        The file to write; by convention its name ends in ``.onnx``.
    direction : {"AtoB", "BtoA"}, optional
        Which way: by default that of the configuration. A CycleGAN knows both, and one
        file holds one.
    mode : {"sample", "deterministic"}
        As `translate` has it with ``sample=True`` or False. Without dropout and batch
        normalisation both are the same.
    dataset : str, optional
        What it was trained on, for the licence in the file.
    tolerance : float
        Largest difference to allow.

    Returns
    -------
    Exported
        With what is said in the file, and the differences found.

    Raises
    ------
    ExportError
        If it cannot be written as ONNX, or the pictures are not the same. Nothing is on
        disk then.
    ValueError
        If there is no such direction or mode.
    ImportError
        If the extra ``onnx`` is not installed.
    SaveError
        If the file cannot be written.
    """
    onnx, runtime = onnx_packages()
    path = Path(path)
    durable.check_writable(path)
    config, netG, direction = _copied(model, direction)
    about = facts(config, netG, direction, mode, dataset)
    made = onnx_graph(netG, mode, f"{config.model} {direction}")
    onnx.helper.set_model_props(made, about)
    made.producer_name = "gluon_pix2pix"
    made.producer_version = about["gluon_pix2pix"]
    content = checked_bytes(onnx, made)
    noisy = dropout_layers(made) > 0
    quiet = checked_bytes(onnx, without_dropout(made)) if noisy else content
    with dropout_off(netG):
        found = differences(runner(runtime, quiet),
                            lambda x: apply(netG, x, sample=mode == "sample"), netG,
                            config.size)
    check_differences(found, tolerance, "onnxruntime")
    if noisy:
        check_noise(runner(runtime, content), netG)
    with durable.explained(path, len(content)):
        path.parent.mkdir(parents=True, exist_ok=True)
        durable.replace_bytes(path, content)
    return Exported((path,), about, found, tolerance)


def to_symbol(model, prefix: str | Path, direction: str | None = None, *,
              dataset: str | None = None, tolerance: float = TOLERANCE) -> Exported:
    """Write the generator of a model as MXNet's own files: its graph, and its weights.

    ``<prefix>-symbol.json`` and ``<prefix>-0000.params``, which
    ``SymbolBlock.imports(symbol, ["input"], params)`` reads without this package, and
    ``<prefix>.json`` with what is said of the model. They are read again and compared
    without dropout, by running statistics, before they take their places.

    Parameters
    ----------
    model, direction, dataset, tolerance :
        As in `to_onnx`.
    prefix : str or Path
        What the names of the files begin with.

    Returns
    -------
    Exported
        Files, facts and differences.

    Raises
    ------
    ExportError
        If the pictures are not the same. Nothing is on disk then.
    ValueError
        If there is no such direction.
    SaveError
        If a file cannot be written.
    """
    prefix = Path(prefix)
    durable.check_writable(prefix)
    config, netG, direction = _copied(model, direction)
    about = facts(config, netG, direction, "as MXNet is in", dataset)
    symbol = traced(netG)
    statistics = set(symbol.list_auxiliary_states())
    weights = {f"{'aux' if param.name in statistics else 'arg'}:{param.name}":
               param.data() for param in netG.collect_params().values()}
    with tempfile.TemporaryDirectory() as folder:
        made = [Path(folder) / f"made{ending}" for ending in _ENDINGS]
        symbol.save(str(made[0]))
        nd.save(str(made[1]), weights)
        made[2].write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        with warnings.catch_warnings():  # of an input without a type
            warnings.simplefilter("ignore")
            block = nn.SymbolBlock.imports(str(made[0]), ["input"], str(made[1]))
        found = differences(lambda x: apply(block, x, sample=False),
                            lambda x: apply(netG, x, sample=False), netG, config.size)
        check_differences(found, tolerance, "MXNet")
        files = tuple(Path(f"{prefix}{ending}") for ending in _ENDINGS)
        with durable.explained(prefix):
            prefix.parent.mkdir(parents=True, exist_ok=True)
            for path, source in zip(files, made):
                durable.replace_bytes(path, source.read_bytes())
    return Exported(files, about, found, tolerance)


def _copied(model, direction):
    """Return configuration, direction, and a copy of the generator on the CPU.

    Whatever is done with the copy, the model stays as it is. It computes in float32.
    """
    config, networks = (model if isinstance(model, tuple)
                        else (model.config, model.networks))
    kind, direction = MODELS[config.model], direction or config.direction
    found = kind.generators(config, next(iter(networks.values())))
    if direction not in found:
        raise ValueError(f"This {config.model} translates {' and '.join(found)}, and "
                         f"not {direction}: leave the direction out, or train another "
                         "one for that.")
    with mx.name.NameManager():  # the same names, whatever else has been built
        whole = next(iter(kind.networks(config).values()))
    netG = kind.generators(config, whole)[direction]
    netG.initialize(mx.init.Zero(), ctx=mx.cpu())  # it draws no random numbers
    set_parameters(netG, parameter_arrays(found[direction]))
    return config, netG, direction
