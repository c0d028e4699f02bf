"""The folder of a training run: configuration, log, samples, checkpoints."""

from __future__ import annotations

import logging
import os
import shutil
from contextlib import AbstractContextManager
from pathlib import Path

from . import durable
from .checkpoint import save_checkpoint
from .checkpoint_files import (
    intact_checkpoints,
    read_config,
    read_state,
    saved_folders,
)
from .failures import CheckpointError, ResumeError, RunLostError
from .locking import only_one
from .progress import Progress
from .recovery import config_differences, training_state
from .run_log import RunLog, read_log
from .run_states import CheckpointState, best_checkpoint, checkpoint_states

__all__ = ["best_checkpoint", "checkpoint_states", "CheckpointState", "read_log",
           "RunFolder"]

_LOCK = ".lock"
_log = logging.getLogger(__name__)


class RunFolder:
    """Keep a training on disk as it goes, so that it can go on after any break.

    ::

        config.json   log.csv   samples/epoch_0001.png   checkpoints/epoch_0001/

    Parameters
    ----------
    folder : str or Path
        Where to write. It must not exist, be empty, or be an earlier run.
    config : Pix2PixConfig
        Saved as ``config.json``.
    overwrite : bool
        Replace an earlier run in this folder. Only what a run has written is removed.
    keep : int
        How many of the newest checkpoints to keep, besides the best by validation.
    resume : bool
        Continue an earlier run in this folder, if there is one; pass
        ``resume="auto"`` to `fit`. Together with `overwrite`: continue a run that is
        unfinished and has the same configuration, and replace any other.
    save_every : int
        Epochs between two checkpoints of `fit`.

    Raises
    ------
    FileExistsError
        If the folder holds a run and neither option is on, or holds something else.
    ResumeError
        If the run to resume has another configuration; the differences are listed.
    RunInUseError
        If somebody is training in it.
    SaveError
        If it cannot be written to.
    """

    def __init__(self, folder: str | Path, config, overwrite: bool = False,
                 keep: int = 2, *, resume: bool = False, save_every: int = 1):
        self.folder, self.config = Path(folder), config
        self.keep, self.save_every = keep, save_every
        for name, value in (("keep", keep), ("save_every", save_every)):
            if value < 1:
                raise ValueError(f"{name}={value} must be at least 1.")
        self.run_log = RunLog(self.folder)
        with durable.explained(self.folder):
            self._open(overwrite, resume)
        self._identity = self._now()

    def _open(self, overwrite, resume):
        folder = self.folder
        if folder.exists() and not folder.is_dir():
            raise FileExistsError(f"{folder} is a file: name another run folder.")
        earlier = folder.exists() and any(
            not path.name.startswith((_LOCK, ".config.json.")) for path in
            folder.iterdir())
        if earlier and not self._is_run():
            raise FileExistsError(
                f"{folder} is not empty and holds no run: name another folder."
            )
        if earlier and not (overwrite or resume):
            raise FileExistsError(
                f"{folder} holds an earlier run: go on with it (resume=True, or "
                "--resume on the command line), replace it (overwrite=True, or "
                "--overwrite), or name another folder."
            )
        folder.mkdir(parents=True, exist_ok=True)
        with self.locked():
            if earlier and not (resume and self._continues(overwrite)):
                self._clear()
            # config.json tells a run's folder: it comes first and is never away.
            durable.replace_text(folder / "config.json", self.config.to_json() + "\n")
            for name in ("samples", "checkpoints"):
                (folder / name).mkdir(exist_ok=True)
            self.recover()

    def _is_run(self):
        try:
            read_config(self.folder)
        except (OSError, ValueError):
            return False
        return True

    def _continues(self, overwrite):
        """Tell whether the run that is there goes on; raise if it should, but cannot.
        """
        newest = next((state for state in reversed(checkpoint_states(self.folder))
                       if not state.damaged), None)
        epoch = newest.epoch if newest else 0
        begun = epoch + bool(newest and newest.batches)
        differences = config_differences(read_config(self.folder), self.config, begun)
        if overwrite:
            finished = epoch >= self.config.epochs + self.config.epochs_decay
            return not differences and not finished
        if differences:
            raise ResumeError(
                f"{self.folder} was trained with another configuration (saved -> "
                f"given): {', '.join(differences)}. Train as saved, or name another "
                "run folder.")
        return True

    def _clear(self):
        for pattern in ("epoch_*", "set_aside_epoch_*"):
            for checkpoint in self.folder.glob(f"checkpoints/{pattern}"):
                durable.remove_folder(checkpoint)
        for pattern in ("samples/epoch_*.png", "samples.png", "contact_sheet.png",
                        "losses.png", "log.csv", "tensorboard/events.out.tfevents.*"):
            for path in self.folder.glob(pattern):
                path.unlink()

    def locked(self) -> AbstractContextManager:
        """Keep all others from training here, in a ``with`` statement."""
        return only_one(self.folder / _LOCK, refusing=(
            f"{self.folder} is in use: another training writes to it, perhaps in "
            "another terminal or notebook. Stop that one, or name another folder."))

    def recover(self) -> Path | None:
        """Clear up after whatever ended the run; return the checkpoint to go on from.

        Remains of unfinished saves are removed. Damaged checkpoints are set aside and
        the log is cut back to the newest one that is intact, as all after it will come
        again. Call it with the folder `locked`.

        Raises
        ------
        CheckpointError
            If there are checkpoints, but none is intact.
        """
        durable.remove_remains(self.folder / "checkpoints", "epoch_")
        for name in ("log.csv", "config.json"):
            for path in self.folder.glob(f".{name}.*"):
                path.unlink()
        newest = next(intact_checkpoints(self.folder), None)
        if newest is None and saved_folders(self.folder):
            raise CheckpointError(
                f"No checkpoint in {self.folder / 'checkpoints'} is intact, so the run "
                "cannot go on: overwrite it, or name another run folder.")
        self.go_back(newest)
        return newest

    def go_back(self, checkpoint: Path | None) -> None:
        """Forget what came after a checkpoint of this run: None for its beginning."""
        for path in reversed(saved_folders(self.folder)):
            if checkpoint and path.resolve() == checkpoint.resolve():
                break
            aside = path.with_name(f"set_aside_{path.name}")
            shutil.rmtree(aside, ignore_errors=True)
            os.rename(path, aside)
            _log.warning("%s is set aside as %s.", path, aside.name)
        step = Progress.from_state(read_state(checkpoint)).reported if checkpoint else 0
        self.run_log.cut_back(step)

    def holds(self, checkpoint: Path | None) -> bool:
        """Whether a checkpoint is one of this run's."""
        return checkpoint is not None and \
            checkpoint.resolve() in [path.resolve() for path in
                                     saved_folders(self.folder)]

    @property
    def begun(self) -> bool:
        """Whether there is anything that a new training would mix with."""
        return bool(saved_folders(self.folder) or self.run_log.text)

    def log(self, report, val_l1: float | None = None, variety: float | None = None,
            warnings=()) -> None:
        """Append a `Report` to ``log.csv``.

        ``val_l1`` and ``variety`` are known at an epoch's end, and ``warnings`` are the
        new ones of a `HealthWatch`. Among the checkpoints, the one with the smallest
        ``val_l1`` is the best.
        """
        if self._lost():
            raise RunLostError(f"{self.folder} was deleted or replaced while it was "
                               "written to.")
        self.run_log.append(report, val_l1, variety, warnings)

    def sample_path(self, epoch: int) -> Path:
        """Return where the sample pictures of an epoch go."""
        return self.folder / "samples" / f"epoch_{epoch:04d}.png"

    def save(self, model, report) -> Path:
        """Save a checkpoint of this epoch by hand; `fit` with a run does it itself.

        All but the newest ``keep`` and the best are removed.
        """
        if not report.epoch_ends:
            raise ValueError("A run is saved by hand at an epoch's end only: pass the "
                             "run to fit, which can save it anywhere.")
        progress = Progress(report.epoch, 0, report.iteration)
        return self.save_progress(model, progress, training_state(
            progress, None, 0, self.config, self.score(report.iteration)))

    def score(self, iteration: int) -> float | None:
        """Return the ``val_l1`` that was logged for a step, if any."""
        return self.run_log.scores.get(iteration)

    def save_progress(self, model, progress: Progress, state: dict) -> Path:
        """Save a checkpoint; see `save`.

        Raises
        ------
        SaveError
            If the disk is full or may not be written to.
        RunLostError
            If the folder was deleted or replaced: then everything is written anew, and
            the error tells where.
        """
        path = self.folder / "checkpoints" / progress.name
        try:
            if self._lost():
                raise FileNotFoundError
            self.run_log.flush()
            save_checkpoint(path, model, **state)
        except FileNotFoundError:
            if not self._lost():
                raise
            self._rescue(model, progress, state)
        self._prune()
        return path

    def _prune(self):
        best = best_checkpoint(self.folder)
        for old in saved_folders(self.folder)[:-self.keep]:
            if best is None or old != best.path:
                durable.remove_folder(old)

    def _now(self):
        stat = self.folder.stat()
        return stat.st_dev, stat.st_ino

    def _lost(self):
        try:
            return self._now() != self._identity or not self._is_run()
        except FileNotFoundError:
            return True

    def _rescue(self, model, progress, state):
        """Write what is in memory to where nothing is, and say so."""
        place, number = self.folder, 1
        while place.exists():
            place = self.folder.with_name(f"{self.folder.name}_rescued_{number}")
            number += 1
        run = RunFolder(place, self.config, keep=self.keep)
        durable.replace_text(run.run_log.path, self.run_log.text)
        save_checkpoint(place / "checkpoints" / progress.name, model, **state)
        raise RunLostError(
            f"{self.folder} was deleted or replaced while it was written to. The state "
            f"at step {progress.iteration} and the log were still in memory and are in "
            f"{place}: go on from there.")
