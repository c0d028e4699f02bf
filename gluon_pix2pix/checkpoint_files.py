"""The files of a checkpoint: what they say, whether they are intact, which is newest.

Nothing here loads MXNet or builds a network.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from . import durable
from .config import Pix2PixConfig
from .failures import CheckpointError
from .pictures import natural_order

FORMAT = 2

_log = logging.getLogger(__name__)


def digest(state: dict) -> str:
    """Return the SHA-256 of a state, however its JSON is laid out."""
    canonical = json.dumps(state, sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def read_state(folder: Path) -> dict:
    """Read what ``state.json`` of a checkpoint says.

    Raises
    ------
    FileNotFoundError
        If there is none.
    CheckpointError
        If it is damaged or of another format.
    """
    path = folder / "state.json"
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        found = state["format"]
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no file {path}.") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(
            f"{path} is damaged ({error}): take another checkpoint.") from None
    if found != FORMAT:
        raise CheckpointError(
            f"{path} has format {found}, and this version reads {FORMAT}: use the "
            "version of gluon_pix2pix that it names. To translate only, remove it."
        )
    if state.pop("sha256", None) != digest(state):
        raise CheckpointError(
            f"{path} is damaged (its checksum differs): take another checkpoint.")
    return state


def verify(folder: Path) -> dict:
    """Compare all files of a checkpoint with their checksums; return its state.

    Raises
    ------
    FileNotFoundError, CheckpointError
        If one is missing, damaged, or of another format; it is named.
    """
    state = read_state(folder)
    for name in state["files"]:
        verify_file(folder / name, state)
    return state


def verify_file(path: Path, state: dict) -> None:
    """Compare a single file; see `verify`."""
    known = state["files"].get(path.name)
    if known is None:
        return
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    found = path.stat().st_size
    if found != known["bytes"]:
        raise CheckpointError(f"{path} is damaged ({found} bytes instead of "
                              f"{known['bytes']}): take another checkpoint.")
    if durable.sha256(path) != known["sha256"]:
        raise CheckpointError(
            f"{path} is damaged (its checksum differs): take another checkpoint.")


def saved_folders(run: Path) -> list[Path]:
    """List the checkpoints of a run folder, oldest first.

    Hidden folders are remains of a save that was killed.
    """
    return newest_last(path for path in run.glob("checkpoints/epoch_*")
                       if path.is_dir())


def newest_last(paths) -> list[Path]:
    """Sort by the numbers in the names: epoch_9999 comes before epoch_10000."""
    return sorted(paths, key=lambda path: natural_order(str(path)))


def intact_checkpoints(run: Path) -> Iterator[Path]:
    """Give the checkpoints of a run that are intact, newest first.

    Warns of each damaged one that it passes.
    """
    for folder in reversed(saved_folders(run)):
        try:
            verify(folder)
        except (FileNotFoundError, CheckpointError) as error:
            _log.warning("%s The checkpoint before it is taken.", error)
        else:
            yield folder


def find_checkpoint(folder: str | Path) -> Path:
    """Return the checkpoint a folder is, or the newest intact one of a run folder.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    folder = Path(folder)
    durable.bring_back(folder)
    if (folder / "config.json").is_file() and any(folder.glob("*.npz")):
        return folder
    found = next(intact_checkpoints(folder), None)
    if found is None:
        damaged = saved_folders(folder)
        raise FileNotFoundError(
            f"{folder} holds no checkpoint" + (" that is intact" if damaged else "")
            + ": name a run folder, such as runs/demo, or a folder with config.json "
            "and generator.npz."
        )
    return found


def read_config(folder: Path) -> Pix2PixConfig:
    """Read the configuration of a checkpoint or of a run folder."""
    return Pix2PixConfig.from_json(folder / "config.json")


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read an ``.npz`` file, and nothing that would have to be unpickled.

    Raises
    ------
    FileNotFoundError, CheckpointError
        If it is missing or damaged; it is named.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no file {path}.") from None
    except Exception as error:  # zipfile and NumPy stumble in a dozen ways
        raise CheckpointError(
            f"{path} is damaged ({error}): take another checkpoint.") from error
