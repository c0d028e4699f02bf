"""What the checkpoints of a run folder tell without being loaded."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

from .checkpoint_files import read_state, saved_folders
from .failures import CheckpointError


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


def best_checkpoint(folder: str | Path) -> CheckpointState | None:
    """Return the checkpoint with the smallest validation score; None without scores."""
    scored = [state for state in checkpoint_states(folder)
              if state.score is not None and math.isfinite(state.score)]
    return min(scored, key=lambda state: state.score, default=None)
