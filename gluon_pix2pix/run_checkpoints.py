"""The checkpoints of a run folder: which there are, the newest, the best.

Nothing here loads MXNet or builds a network.
"""

from __future__ import annotations

import dataclasses
import logging
import math
from pathlib import Path

from . import durable
from .checkpoint_files import read_state, verify
from .failures import CheckpointError
from .pictures import natural_order

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class CheckpointState:
    """What can be told of a checkpoint without loading it.

    Attributes
    ----------
    path : Path
        Its folder.
    epoch, batches : int
        Epochs done, and batches done of the next one.
    iteration : int
        Steps done.
    score : float or None
        Its ``val_l1``, if that was measured. Smaller is better.
    bytes : int
        Size of its files.
    saved_at : str
        UTC, such as ``2026-11-20T21:30:00Z``.
    damaged : str or None
        What is wrong with it, as far as sizes tell: contents are not looked at.
    """

    path: Path
    epoch: int = 0
    batches: int = 0
    iteration: int = 0
    score: float | None = None
    bytes: int = 0
    saved_at: str = ""
    damaged: str | None = None


def run_of(folder: Path) -> Path:
    """Return the run folder of a checkpoint; of any other folder, itself."""
    return folder.parent.parent if folder.parent.name == "checkpoints" else folder


def saved_folders(run: Path) -> list[Path]:
    """List the checkpoints of a run folder, oldest first.

    Hidden folders are remains of a save that was killed.
    """
    found = [path for path in run.glob("checkpoints/epoch_*") if path.is_dir()]
    return sorted(found, key=lambda path: natural_order(path.name))


def newest_intact(run: Path, whole: bool = True) -> Path | None:
    """Return the newest checkpoint of a run that is intact; see `verify`.

    Warns of each damaged one that it passes.
    """
    found, damaged = None, []
    for folder in reversed(saved_folders(run)):
        try:
            verify(folder, whole)
        except (FileNotFoundError, CheckpointError) as error:
            damaged.append(error)
        else:
            found = folder
            break
    told = " The checkpoint before it is taken." if found else ""
    for error in damaged:
        _log.warning("%s%s", error, told)
    return found


def find_checkpoint(folder: str | Path, whole: bool = True) -> Path:
    """Return the checkpoint a folder is, or the newest intact one of a run folder.

    Parameters
    ----------
    folder : str or Path
        A checkpoint, or a run folder.
    whole : bool
        Whether all of it must be intact, or only what translation needs.

    Raises
    ------
    FileNotFoundError
        If there is none.
    CheckpointError
        If it is a checkpoint, and damaged.
    """
    folder = Path(folder)
    place = durable.in_place(folder)
    # A run folder may hold looks of objects, which are no networks.
    networks = {path.name for path in place.glob("*.npz")} - {"features.npz",
                                                              "styles.npz"}
    if (place / "config.json").is_file() and networks:
        if whole or (place / "state.json").exists():
            verify(place, whole)
        return place
    if not place.exists():
        raise FileNotFoundError(f"There is no folder {folder}: name that of a run; "
                                "`gluon-pix2pix runs` lists those in runs/.")
    found = newest_intact(folder, whole)
    if found is None:
        damaged = saved_folders(folder)
        raise FileNotFoundError(
            f"{folder} holds no checkpoint" + (" that is intact" if damaged else "")
            + ": name a run folder, or a folder with config.json and generator.npz (of "
            "a CycleGAN: generators.npz)."
        )
    return found


def checkpoint_states(folder: str | Path) -> list[CheckpointState]:
    """List the checkpoints of a run folder, oldest first."""
    states = []
    for path in saved_folders(Path(folder)):
        try:
            states.append(_state_of(path))
        except FileNotFoundError:
            if path.exists():
                raise
            # else a training has removed it just now
    return states


def _state_of(path):
    sizes = {file.name: file.stat().st_size for file in path.iterdir()}
    total = sum(sizes.values())
    try:
        state = read_state(path)
    except (FileNotFoundError, CheckpointError) as error:
        return CheckpointState(path, bytes=total, damaged=str(error))
    wrong = [name for name, file in state["files"].items()
             if sizes.get(name) != file["bytes"]]
    return CheckpointState(
        path, state.get("epoch", 0), state.get("batches", 0), state.get("iteration", 0),
        state.get("score"), total, state["saved_at"],
        f"{', '.join(wrong)} missing or of another size" if wrong else None)


def best_first(folder: str | Path) -> list[CheckpointState]:
    """List the checkpoints that have a validation score, as far as sizes tell whole."""
    return sorted((state for state in checkpoint_states(folder) if not state.damaged
                   and state.score is not None and math.isfinite(state.score)),
                  key=lambda state: state.score)


def best_checkpoint(folder: str | Path) -> CheckpointState | None:
    """Return the checkpoint with the smallest validation score; None without scores.

    Warns of a damaged one, and takes the next best.
    """
    for state in best_first(folder):
        try:
            verify(state.path)
        except (FileNotFoundError, CheckpointError) as error:
            _log.warning("%s", error)
        else:
            return state
    return None
