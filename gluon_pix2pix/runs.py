"""The folder of a training run: configuration, log, samples, checkpoints."""

from __future__ import annotations

import json
import logging
import os
from contextlib import AbstractContextManager
from pathlib import Path

from . import durable, run_files
from .checkpoint import save_checkpoint
from .checkpoint_files import read_state
from .configs import MEASURES, read_config
from .failures import RunLostError
from .locking import only_one
from .progress import Progress
from .recovery import read_progress, resume_problem, training_state
from .run_checkpoints import (
    CheckpointState,
    best_checkpoint,
    best_first,
    checkpoint_states,
    newest_intact,
    saved_folders,
)
from .run_command import NAME as COMMAND
from .run_log import RunLog, read_log

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
    config : ModelConfig
        Saved as ``config.json``.
    overwrite : bool
        Replace an earlier run in this folder. Only what a run has written is removed.
    keep : int
        How many of the newest checkpoints to keep, besides the best by validation.
    resume : bool
        Continue an earlier run in this folder, if there is one; pass
        ``resume="auto"`` to `fit`. Together with `overwrite`: continue it if it is
        unfinished, intact and of the same configuration. If not, a new run begins, and
        the earlier one is kept as ``<folder>_1``, ``_2``, ..., which is warned of.
    save_every : int
        Epochs between two checkpoints of `fit`.

    Raises
    ------
    FileExistsError
        If the folder holds a run and neither option is on, or holds something else.
    CheckpointError, ResumeError
        If no checkpoint of the run to resume is intact, or it has another
        configuration; the differences are listed.
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
        self.run_log = RunLog(self.folder, MEASURES[config.model])
        self._command = ""
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
            run_files.tidy(folder)
            newest, why_not = None, None
            if earlier and resume:
                newest = newest_intact(folder)
                why_not = resume_problem(folder, self.config, newest)
                if why_not and not overwrite:
                    raise why_not
                if overwrite and not why_not and self._is_finished(newest):
                    why_not = f"The run in {folder} is finished."
            if not (why_not and run_files.has_trained(folder)):
                if earlier and (why_not or not resume):
                    run_files.clear(folder)
                    newest = None
                self._fill(newest)
                return
            place = run_files.free_place(folder)
            os.rename(folder, place)
        _log.warning("%s It is now %s, and a new run begins.", why_not, place)
        self._open(overwrite=False, resume=False)

    def _fill(self, newest):
        # config.json tells a run's folder: it comes first and is never away.
        durable.replace_text(self.folder / "config.json", self.config.to_json() + "\n")
        for name in ("samples", "checkpoints"):
            (self.folder / name).mkdir(exist_ok=True)
        command = self.folder / COMMAND
        if command.is_file():
            self._command = command.read_text(encoding="utf-8", errors="replace")
        self.go_back(newest)

    def _is_run(self):
        try:
            read_config(self.folder / "config.json")
        except (OSError, ValueError):
            return False
        return True

    def _is_finished(self, newest):
        epochs = self.config.epochs + self.config.epochs_decay
        return newest is not None and read_state(newest).get("epoch", 0) >= epochs

    def locked(self) -> AbstractContextManager:
        """Keep all others from training here, in a ``with`` statement."""
        return only_one(self.folder / _LOCK, refusing=(
            f"{self.folder} is in use: another training writes to it, perhaps in "
            "another terminal or notebook, or this one, in a generator that was kept. "
            "Stop that one (a generator: close it), or name another folder."))

    def keep_command(self, values: dict) -> None:
        """Write down what the command line asked for, besides the configuration."""
        self._command = json.dumps(values) + "\n"
        durable.replace_text(self.folder / COMMAND, self._command)

    def check(self) -> None:
        """Raise RunLostError unless this still is the run that was opened."""
        if self._lost() or read_config(self.folder / "config.json") != self.config:
            raise RunLostError(
                f"{self.folder} was deleted, replaced or opened with another "
                "configuration since this RunFolder was made: make it anew.")

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
        run_files.tidy(self.folder)
        newest = newest_intact(self.folder)
        if problem := resume_problem(self.folder, self.config, newest):
            raise problem
        self.go_back(newest)
        return newest

    def go_back(self, checkpoint: Path | None) -> None:
        """Forget what came after a checkpoint of this run: None for its beginning."""
        step, begins = 0, 0
        saved = saved_folders(self.folder)
        if checkpoint:
            step = read_progress(checkpoint).reported
            begins = 1 + [path.resolve() for path in saved].index(checkpoint.resolve())
        run_files.set_aside(saved[begins:])
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
            warnings=(), **measured: float) -> None:
        """Append a `Report` to ``log.csv``.

        ``val_l1`` and ``variety`` are known at an epoch's end, and ``warnings`` are the
        new ones of a `HealthWatch`. Among the checkpoints, the one with the smallest
        ``val_l1`` is the best.

        A CycleGAN has ``val_cycle_A`` and ``val_cycle_B`` instead, and none of its
        checkpoints is the best: networks that change nothing close the cycle perfectly.
        """
        if self._lost():
            raise RunLostError(f"{self.folder} was deleted or replaced while it was "
                               "written to.")
        self.run_log.append(report, val_l1, variety, warnings, **measured)

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
            progress, None, None, self.config, self.score(report.iteration)))

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
        best = [state.path for state in best_first(self.folder)[:1]]
        for old in saved_folders(self.folder)[:-self.keep]:
            if old not in best:
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
        place = self.folder
        if place.exists():
            place = run_files.free_place(place, "_rescued")
        run = RunFolder(place, self.config, keep=self.keep)
        durable.replace_text(run.run_log.path, self.run_log.text)
        if self._command:
            durable.replace_text(place / COMMAND, self._command)
        save_checkpoint(place / "checkpoints" / progress.name, model, **state)
        raise RunLostError(
            f"{self.folder} was deleted or replaced while it was written to. The state "
            f"at step {progress.iteration} and the log were still in memory and are in "
            f"{place}: go on from there.")
