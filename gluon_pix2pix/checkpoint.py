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
as if it had never stopped. Of a CycleGAN, both generators are ``generators.npz``, and
the rest is called accordingly; a pix2pixHD may have an ``encoder.npz`` too. Nothing is
pickled, so a stranger's checkpoint can be opened safely; for translation
``config.json`` and the generators are enough.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
from pathlib import Path

import mxnet as mx
import numpy as np
from mxnet.gluon import HybridBlock

from . import durable
from .checkpoint_files import FORMAT, check_state, digest, read_arrays
from .config import ModelConfig
from .configs import read_config
from .failures import RuinedError
from .models import MODELS, build_model
from .network_states import check_parameters, parameter_arrays, set_parameters
from .optimizer_states import check_optimizer, optimizer_arrays, set_optimizer
from .run_checkpoints import find_checkpoint
from .runtime import THREAD_VARIABLES, get_context
from .version import __version__


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
    ValueError
        If a value in ``state`` has the name of one of `fit`'s, and another type.
    """
    folder = Path(folder)
    durable.bring_back(folder)
    if folder.exists():
        files = {"config.json", "state.json", *_array_files(model)}
        foreign = sorted({path.name for path in folder.iterdir()} - files)
        if foreign:
            raise FileExistsError(
                f"{folder} holds {', '.join(foreign[:3])}, which is no part of a "
                "checkpoint; nothing was written. Name another folder."
            )
    with durable.explained(folder, checkpoint_size(model)), \
            durable.whole_folder(folder) as temporary:
        durable.write_text(temporary / "config.json", model.config.to_json() + "\n")
        for name in _array_files(model):
            arrays = _arrays(model, name)
            _check_finite(name, arrays)
            durable.write_arrays(temporary / name, arrays)
        files = {path.name: {"bytes": path.stat().st_size,
                             "sha256": durable.sha256(path)}
                 for path in sorted(temporary.iterdir())}
        state = {**state, **surroundings(model), "format": FORMAT, "files": files,
                 "bytes": sum(file["bytes"] for file in files.values())}
        check_state(state)
        text = json.dumps({**state, "sha256": digest(state)}, indent=2)
        durable.write_text(temporary / "state.json", text + "\n")
    return folder


def _array_files(model):
    """Name the files of arrays that a model has."""
    return [*(f"{name}.npz" for name in model.networks),
            *(f"optimizer_{name}.npz" for name in model.trainers), "pools.npz"]


def _arrays(model, file):
    """Return what one of these files holds."""
    if file == "pools.npz":
        return {f"{name}.{key}": array for name, pool in model.pools.items()
                for key, array in pool.arrays().items()}
    _, of_optimizer, name = file.removesuffix(".npz").rpartition("optimizer_")
    net = model.networks[name]
    if of_optimizer:
        return optimizer_arrays(model.trainers[name], net)
    return parameter_arrays(net)


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


def load_checkpoint(folder: str | Path, ctx=None, precision: str | None = None):
    """Load the model of a checkpoint or of a run's newest checkpoint, and all of it.

    To go on with a training, `fit` needs no model loaded: see its ``resume``.

    Parameters
    ----------
    folder : str or Path
        A checkpoint, or a run folder.
    ctx : Context or str, optional
        Where it will live; it need not be where it was trained.
    precision : {"float32", "bfloat16"}, optional
        Take the place of the configuration's: "float32" runs on every machine.

    Returns
    -------
    Pix2Pix, CycleGAN or Pix2PixHD
        Whatever its configuration describes.

    Raises
    ------
    FileNotFoundError, CheckpointError, ValueError
        If a file is missing or damaged, or does not fit the configuration; it is named.
    RuntimeError
        If this machine cannot multiply in the precision.
    """
    folder = find_checkpoint(folder)
    config = read_config(folder / "config.json")
    for name, network in MODELS[config.model].networks(config).items():
        _fitting_arrays(network, folder / f"{name}.npz")
    model = build_model(config.replace(precision=precision or config.precision), ctx)
    restore(model, folder)
    return model


def _fitting_arrays(net, path):
    """Read the arrays of a network, which takes no memory until they are known to fit.

    A configuration may describe one of any size, and a file holds what it holds.
    """
    arrays = read_arrays(path)
    check_parameters(net, arrays, str(path))
    return arrays


def restore(model, folder: Path) -> None:
    """Put the arrays of a checkpoint into a model, all of them or none.

    Raises
    ------
    FileNotFoundError, CheckpointError, ValueError
        If a file is missing or damaged, or does not fit the model; it is named.
    """
    arrays = {name: read_arrays(folder / name) for name in _array_files(model)}
    for name, net in model.networks.items():
        check_parameters(net, arrays[f"{name}.npz"], str(folder / f"{name}.npz"))
    for name, trainer in model.trainers.items():
        file = f"optimizer_{name}.npz"
        check_optimizer(trainer, model.networks[name], arrays[file], str(folder / file))
    pools = {name: {} for name in model.pools}
    for key, array in arrays["pools.npz"].items():
        name, _, part = key.partition(".")
        pools.setdefault(name, {})[part] = array
    if set(pools) != set(model.pools):
        raise ValueError(f"{folder / 'pools.npz'} does not fit the model: it holds "
                         f"{', '.join(pools)} instead of {', '.join(model.pools)}.")
    for name, pool in model.pools.items():
        pool.check(pools[name], str(folder / "pools.npz"))

    for name, net in model.networks.items():
        set_parameters(net, arrays[f"{name}.npz"])
    for name, trainer in model.trainers.items():
        set_optimizer(trainer, model.networks[name], arrays[f"optimizer_{name}.npz"])
    for name, pool in model.pools.items():
        pool.restore(pools[name], model.ctx)


def load_translating(folder: str | Path, ctx=None,
                     ) -> tuple[ModelConfig, dict[str, HybridBlock]]:
    """Load all that translation needs of a checkpoint: anything but discriminators.

    Networks compute in float32, whatever precision they were trained in: every machine
    can. Their parameters get no gradients (``grad_req`` is "null").

    Parameters
    ----------
    folder : str or Path
        A checkpoint, or a run folder.
    ctx : Context or str, optional
        Where they will live.

    Returns
    -------
    tuple
        The configuration, and the networks by the names under which they are saved.

    Raises
    ------
    FileNotFoundError, CheckpointError, ValueError
        If a file is missing or damaged, or does not fit the configuration; it is named.
    """
    folder = find_checkpoint(folder, whole=False)
    config = read_config(folder / "config.json")
    networks = {name: network
                for name, network in MODELS[config.model].networks(config).items()
                if not name.startswith("discriminator")}
    arrays = {name: _fitting_arrays(network, folder / f"{name}.npz")
              for name, network in networks.items()}
    for name, network in networks.items():
        # Nobody trains these, and without gradients they take half of the memory.
        network.collect_params().setattr("grad_req", "null")
        network.initialize(ctx=get_context(ctx))
        set_parameters(network, arrays[name])
        if config.hybridize:
            network.hybridize()
    return config, networks
