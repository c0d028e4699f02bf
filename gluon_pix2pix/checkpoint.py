"""Models on disk: a folder of plain arrays and JSON, complete or not there at all.

::

    config.json         what the model is
    generator.npz       one array a parameter, by its place in the network
    discriminator.npz
    state.json          where in the training it was saved, and with which versions

Nothing in it is pickled, so a stranger's checkpoint can be opened safely.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

import mxnet as mx
import numpy as np
from mxnet import nd

from .config import Pix2PixConfig
from .pictures import natural_order
from .pix2pix import Pix2Pix, build_generator
from .runtime import get_context
from .version import __version__

FORMAT = 1


def parameter_arrays(net) -> dict[str, np.ndarray]:
    """Return all parameters and running statistics by their place in the network.

    The keys ("model.model.1.weight") do not depend on Gluon's automatic names.
    """
    parameters = net._collect_params_with_prefix()
    return {name: param.data(param.list_ctx()[0]).asnumpy()
            for name, param in parameters.items()}


def set_parameters(net, arrays, source: str = "the given arrays") -> None:
    """Fill an initialised network with arrays by name.

    Raises
    ------
    ValueError
        If names or shapes do not fit; all of them are listed.
    """
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
    for name, param in parameters.items():
        param.set_data(nd.array(arrays[name], dtype=arrays[name].dtype))


def save_checkpoint(folder: str | Path, model, **state) -> Path:
    """Save a model into a folder, atomically.

    Everything is written into a temporary folder beside it, flushed, and renamed: a
    checkpoint that exists is complete. One that is there already is replaced last, and
    only if it holds nothing but a checkpoint.

    Parameters
    ----------
    folder : str or Path
        The checkpoint's folder, for example ``runs/demo/checkpoints/epoch_0010``.
    model : Pix2Pix
        Has ``config`` and ``networks``.
    **state :
        Plain values to keep with it, such as ``epoch`` and ``iteration``.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FileExistsError
        If the folder exists and holds anything else.
    """
    folder = Path(folder)
    files = {"config.json", "state.json", *(f"{name}.npz" for name in model.networks)}
    if folder.exists():
        foreign = sorted({path.name for path in folder.iterdir()} - files)
        if foreign:
            raise FileExistsError(
                f"{folder} holds {', '.join(foreign[:3])}, which is no part of a "
                "checkpoint; nothing was written. Name another folder."
            )
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    old = Path(f"{temporary}.old")
    try:
        for name, net in model.networks.items():
            with open(temporary / f"{name}.npz", "wb") as file:
                np.savez(file, **parameter_arrays(net))
                _flush(file)
        versions = {"gluon_pix2pix": __version__, "mxnet": mx.__version__,
                    "numpy": np.__version__}
        texts = {"config.json": model.config.to_json(),
                 "state.json": json.dumps(
                     {**state, "format": FORMAT, "versions": versions}, indent=2)}
        for name, text in texts.items():
            with open(temporary / name, "w", encoding="utf-8") as file:
                file.write(text + "\n")
                _flush(file)
        os.chmod(temporary, folder.parent.stat().st_mode)  # mkdtemp made it private
        if folder.exists():
            os.rename(folder, old)
        os.rename(temporary, folder)
    except BaseException:
        if old.exists() and not folder.exists():
            os.rename(old, folder)
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)
    return folder


def _flush(file):
    file.flush()
    os.fsync(file.fileno())


def find_checkpoint(folder: str | Path) -> Path:
    """Return the checkpoint a folder is, or the newest one of a run folder.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    folder = Path(folder)
    if (folder / "generator.npz").is_file():
        return folder
    # Hidden folders are remains of a save that was killed.
    found = newest_last(folder.glob("checkpoints/[!.]*/state.json"))
    if not found:
        raise FileNotFoundError(
            f"{folder} holds no checkpoint: name a run folder, such as runs/demo, or a "
            "folder with config.json and generator.npz."
        )
    return found[-1].parent


def newest_last(paths) -> list[Path]:
    """Sort by the numbers in the names: epoch_9999 comes before epoch_10000."""
    return sorted(paths, key=lambda path: natural_order(str(path)))


def load_checkpoint(folder: str | Path, ctx=None) -> Pix2Pix:
    """Load the model of a checkpoint or of a run's newest checkpoint.

    The optimisers start anew, and random numbers from ``config.seed`` (see `Pix2Pix`).

    Parameters
    ----------
    folder : str or Path
        A checkpoint, or a run folder.
    ctx : Context or str, optional
        Where it will live; it need not be where it was trained.
    """
    folder = find_checkpoint(folder)
    model = Pix2Pix(_read_config(folder), ctx)
    for name, net in model.networks.items():
        _load_network(net, folder / f"{name}.npz")
    return model


def load_generator(folder: str | Path, ctx=None):
    """Load nothing but the generator: all that translation needs.

    Returns
    -------
    UnetGenerator
        Initialised on ``ctx``; its configuration is ``netG.config``.
    """
    folder = find_checkpoint(folder)
    config = _read_config(folder)
    netG = build_generator(config)
    netG.initialize(ctx=get_context(ctx))
    _load_network(netG, folder / "generator.npz")
    if config.hybridize:
        netG.hybridize()
    netG.config = config
    return netG


def _read_config(folder):
    try:
        text = (folder / "state.json").read_text(encoding="utf-8")
        found = json.loads(text)["format"]
    except FileNotFoundError:  # config and generator alone are enough to translate
        found = FORMAT
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{folder / 'state.json'} is damaged ({error}): take another checkpoint."
        ) from None
    if found != FORMAT:
        raise ValueError(
            f"{folder} has format {found}, and this version reads {FORMAT}: use the "
            "version of gluon_pix2pix that its state.json names."
        )
    return Pix2PixConfig.from_json(folder / "config.json")


def _load_network(net, path):
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no file {path}.") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} is damaged ({error}): take another checkpoint."
        ) from error
    set_parameters(net, arrays, source=str(path))
