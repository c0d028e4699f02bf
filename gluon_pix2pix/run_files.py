"""Which files in a run folder are the run's, and what becomes of them.

Nobody else may be writing there while one of these functions works.
"""

from __future__ import annotations

import itertools
import logging
import os
from pathlib import Path

from . import durable, run_command, run_log
from .progress import Progress
from .run_checkpoints import saved_folders

_ASIDE = "set_aside_"
_log = logging.getLogger(__name__)


def tidy(folder: Path) -> None:
    """Remove the remains of unfinished saves."""
    for start in ("epoch_", f"{_ASIDE}epoch_"):
        durable.remove_remains(folder / "checkpoints", start)
    for name in (run_log.NAME, "config.json", run_command.NAME):
        for path in folder.glob(f".{name}.*"):
            path.unlink()


def clear(folder: Path) -> None:
    """Remove what a run has written, but for its configuration."""
    for checkpoint in [*saved_folders(folder), *aside(folder)]:
        durable.remove_folder(checkpoint)
    for pattern in ("samples/epoch_*.png", "samples.png", "contact_sheet.png",
                    "losses.png", run_log.NAME, f"{run_log.NAME}.damaged",
                    run_command.NAME, "tensorboard/events.out.tfevents.*",
                    "features.npz", "styles.npz"):  # of another encoder soon
        for path in folder.glob(pattern):
            path.unlink()


def has_trained(folder: Path) -> bool:
    """Whether more is there than the state in which a training begins."""
    log = folder / run_log.NAME
    return log.is_file() and log.stat().st_size > 0 or any(
        path.name != Progress().name for path in saved_folders(folder))


def free_place(folder: Path, ending: str = "") -> Path:
    """Return the first of ``<folder><ending>_1``, ``_2``, ... that is not there."""
    places = (folder.with_name(f"{folder.name}{ending}_{number}")
              for number in itertools.count(1))
    return next(place for place in places if not os.path.lexists(place))


def set_aside(later: list[Path]) -> None:
    """Put away checkpoints that a training does not go on from, oldest first.

    The last one, which has come furthest, is kept under another name, in the place of
    one that was put away before.
    """
    if not later:
        return
    *others, last = later
    for old in [*aside(last.parents[1]), *others]:
        durable.remove_folder(old)
    for old in others:
        _log.warning("%s is removed.", old)
    os.rename(last, last.with_name(f"{_ASIDE}{last.name}"))
    _log.warning("%s is set aside as %s.", last, f"{_ASIDE}{last.name}")


def aside(folder: Path) -> list[Path]:
    """List the checkpoints that were put away: one at most."""
    return list(folder.glob(f"checkpoints/{_ASIDE}epoch_*"))
