"""Models on disk: a folder of plain arrays and JSON, complete or not there at all.

::

    config.json                    what the model is
    generator.npz                  a network: one array a parameter, by its place
    discriminator.npz
    optimizer_generator.npz        what Adam remembers of each parameter
    optimizer_discriminator.npz
    pools.npz                      histories of images, with their random numbers
    state.json                     where in the training it was saved, with which data
                                   and versions; size and SHA-256 of the other files

That is three times the size of the networks, and everything a training needs to go on
as if it had never stopped. Nothing in it is pickled, so a stranger's checkpoint can be
opened safely; for translation ``config.json`` and ``generator.npz`` are enough.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
from pathlib import Path

import mxnet as mx
import numpy as np
from mxnet import nd

from . import durable
from .checkpoint_files import (
    FORMAT,
    digest,
    find_checkpoint,
    read_arrays,
    read_config,
    read_state,
    verify,
    verify_file,
)
from .failures import RuinedError
from .optimizer_states import check_optimizer, optimizer_arrays, set_optimizer
from .pix2pix import Pix2Pix, build_generator
from .runtime import THREAD_VARIABLES, get_context
from .version import __version__


def parameter_arrays(net) -> dict[str, np.ndarray]:
    """Return all parameters and running statistics by their place in the network.

    The keys ("model.model.1.weight") do not depend on Gluon's automatic names.
    """
    parameters = net._collect_params_with_prefix()
    return {name: param.data(param.list_ctx()[0]).asnumpy()
            for name, param in parameters.items()}


def check_parameters(net, arrays, source: str) -> None:
    """Raise ValueError unless names and shapes fit a network; all others are listed."""
    parameters = net._collect_params_with_prefix()
    missing = sorted(set(parameters) - set(arrays))
    surplus = sorted(set(arrays) - set(parameters))
    misshapen = [f"{name} is {arrays[name].shape} instead of {parameters[name].shape}"
                 for name in sorted(set(parameters) & set(arrays))
                 if arrays[name].shape != parameters[name].shape]
    problems = [f"{kind}: {', '.join(names)}" for kind, names in
                (("missing", missing), ("surplus", surplus), ("misshapen", misshapen))
                if names]
    if problems:
        raise ValueError(f"{source} does not fit the network. {'; '.join(problems)}.")


def set_parameters(net, arrays, source: str = "the given arrays") -> None:
    """Fill an initialised network with arrays by name.

    Raises
    ------
    ValueError
        If names or shapes do not fit; all of them are listed.
    """
    check_parameters(net, arrays, source)
    for name, param in net._collect_params_with_prefix().items():
        param.set_data(nd.array(arrays[name], dtype=arrays[name].dtype))


def save_checkpoint(folder: str | Path, model, **state) -> Path:
    """Save a model into a folder, atomically: networks, optimisers and pools.

    Everything is written into a temporary folder beside it, flushed, and renamed: a
    checkpoint that exists is complete. One that is there already is replaced last, and
    only if it holds nothing but a checkpoint.

    Parameters
    ----------
    folder : str or Path
        The checkpoint's folder, for example ``runs/demo/checkpoints/epoch_0010``.
    model : Pix2Pix or alike
        Has ``config``, ``ctx``, ``networks``, ``trainers`` and ``pools``.
    **state :
        Plain values to keep with it. Those of a `Progress` say where to go on (`fit`
        saves them by itself).

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FileExistsError
        If the folder exists and holds anything else.
    SaveError
        If the disk is full or may not be written to.
    RuinedError
        If a weight is NaN or infinite.
    """
    folder = Path(folder)
    durable.bring_back(folder)
    if folder.exists():
        files = {"config.json", "state.json", *(name for name, _ in _places(model))}
        foreign = sorted({path.name for path in folder.iterdir()} - files)
        if foreign:
            raise FileExistsError(
                f"{folder} holds {', '.join(foreign[:3])}, which is no part of a "
                "checkpoint; nothing was written. Name another folder."
            )
    with durable.explained(folder, checkpoint_size(model)), \
            durable.whole_folder(folder) as temporary:
        durable.write_text(temporary / "config.json", model.config.to_json() + "\n")
        for name, arrays in _places(model):
            values = arrays()
            _check_finite(name, values)
            durable.write_arrays(temporary / name, values)
        files = {path.name: {"bytes": path.stat().st_size,
                             "sha256": durable.sha256(path)}
                 for path in sorted(temporary.iterdir())}
        state = {**state, **surroundings(model), "format": FORMAT, "files": files,
                 "bytes": sum(file["bytes"] for file in files.values())}
        text = json.dumps({**state, "sha256": digest(state)}, indent=2)
        durable.write_text(temporary / "state.json", text + "\n")
    return folder


def _places(model):
    """Say what each file of arrays will hold."""
    for name, net in model.networks.items():
        yield f"{name}.npz", lambda net=net: parameter_arrays(net)
    for name, trainer in model.trainers.items():
        yield f"optimizer_{name}.npz", lambda trainer=trainer, net=model.networks[
            name]: optimizer_arrays(trainer, net)
    yield "pools.npz", lambda: {f"{name}.{key}": array
                                for name, pool in model.pools.items()
                                for key, array in pool.arrays().items()}


def checkpoint_size(model) -> int:
    """Return about how many bytes a checkpoint takes: weights, and twice as much."""
    return 3 * sum(4 * int(np.prod(param.shape)) for net in model.networks.values()
                   for param in net.collect_params().values())


def surroundings(model) -> dict:
    """Return what a training's last bits depend on, besides itself."""
    threads = [os.environ[name] for name in reversed(THREAD_VARIABLES)
               if os.environ.get(name)]
    now = datetime.datetime.now(datetime.timezone.utc)
    return {"saved_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "versions": {"gluon_pix2pix": __version__, "mxnet": mx.__version__,
                         "numpy": np.__version__, "python": platform.python_version()},
            "device": model.ctx.device_type, "threads": threads[0] if threads else ""}


def _check_finite(file, arrays):
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise RuinedError(
                f"{name} of {file} holds NaN or infinity: such a model is ruined, and "
                "was not saved. Take the last checkpoint before."
            )


def load_checkpoint(folder: str | Path, ctx=None) -> Pix2Pix:
    """Load the model of a checkpoint or of a run's newest checkpoint, and all of it.

    To go on with a training, `fit` needs no model loaded: see its ``resume``.

    Parameters
    ----------
    folder : str or Path
        A checkpoint, or a run folder.
    ctx : Context or str, optional
        Where it will live; it need not be where it was trained.

    Raises
    ------
    FileNotFoundError, CheckpointError, ValueError
        If a file is missing or damaged, or does not fit the configuration; it is named.
    """
    folder = find_checkpoint(folder)
    verify(folder)
    model = Pix2Pix(read_config(folder), ctx)
    restore(model, folder)
    return model


def restore(model, folder: Path) -> None:
    """Put the arrays of a checkpoint into a model, all of them or none.

    Raises
    ------
    FileNotFoundError, CheckpointError, ValueError
        If a file is missing or damaged, or does not fit the model; it is named.
    """
    arrays = {name: read_arrays(folder / name) for name, _ in _places(model)}
    for name, net in model.networks.items():
        check_parameters(net, arrays[f"{name}.npz"], str(folder / f"{name}.npz"))
    for name, trainer in model.trainers.items():
        file = f"optimizer_{name}.npz"
        check_optimizer(trainer, model.networks[name], arrays[file], str(folder / file))
    pools = {name: {} for name in model.pools}
    for key, array in arrays["pools.npz"].items():
        name, _, part = key.partition(".")
        pools.setdefault(name, {})[part] = array
    for name, pool in model.pools.items():
        pool.check(pools[name], str(folder / "pools.npz"))

    for name, net in model.networks.items():
        set_parameters(net, arrays[f"{name}.npz"])
    for name, trainer in model.trainers.items():
        set_optimizer(trainer, model.networks[name], arrays[f"optimizer_{name}.npz"])
    for name, pool in model.pools.items():
        pool.restore(pools[name], model.ctx)


def load_generator(folder: str | Path, ctx=None):
    """Load nothing but the generator: all that translation needs.

    Returns
    -------
    UnetGenerator
        Initialised on ``ctx``; its configuration is ``netG.config``.
    """
    folder = find_checkpoint(folder)
    if (folder / "state.json").exists():
        state = read_state(folder)
        for name in ("config.json", "generator.npz"):
            verify_file(folder / name, state)
    config = read_config(folder)
    netG = build_generator(config)
    netG.initialize(ctx=get_context(ctx))
    path = folder / "generator.npz"
    set_parameters(netG, read_arrays(path), source=str(path))
    if config.hybridize:
        netG.hybridize()
    netG.config = config
    return netG
