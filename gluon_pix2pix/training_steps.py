"""What `fit` does between two reports: steps, losses, saving, stopping."""

from __future__ import annotations

import itertools
import logging
import math
import sys
import time

import numpy as np

from .failures import DivergedError, Interrupted, RuinedError, RunLostError
from .interruption import Interruptions
from .memory import memory_explained
from .progress import Report
from .recovery import data_identity, training_state
from .runtime import seed_everything
from .schedule import learning_rate, step_seed

_log = logging.getLogger(__name__)


class Training:
    """A training, a report at a time; `fit` describes it and its parameters.

    The step that is last, `progress.iteration`, is the only one whose losses may still
    be `unread`. A `report` that the loop's body has in hand belongs to the `progress`
    until the body is done with it: only then losses are cleared and an epoch ends.
    """

    def __init__(self, model, loader, config, report_every, run, checkpoint, progress):
        self.model, self.loader, self.config = model, loader, config
        self.report_every, self.run, self.progress = report_every, run, progress
        self.checkpoint = checkpoint  # the last one
        self.saved = self._place() if checkpoint else None
        self.epochs = config.epochs + config.epochs_decay
        self.data = data_identity(loader)  # as they are now: they may turn bad
        self.interruptions = Interruptions()
        self.batches = None  # the rest of the epoch
        self.unread = None  # losses, on the device
        self.report = None  # what the loop's body has in hand
        self.started = 0.0

    def next_report(self) -> Report | None:
        """Train until there is something to report; None after the last epoch."""
        with self.interruptions.held(), memory_explained(self.progress):
            if self.report:
                self._end_report()
            elif self.run and not self.checkpoint:
                self._save()  # what cannot be written is found out before any work
            self.started = time.perf_counter() - self.progress.seconds
            while self.progress.epoch < self.epochs:
                if self.interruptions.wished:
                    self._stop()
                if self._is_due():
                    report = self._new_report()
                    if self.interruptions.wished:  # while it waited for the device
                        self._stop()
                    self.report = report
                    return report
                self._step(self._next_batch())
        return None

    def _is_due(self):
        steps = len(self.progress.losses) + (self.unread is not None)
        return steps >= self.report_every or self.progress.batches == len(self.loader)

    def _next_batch(self):
        if self.batches is None:
            epoch, done = self.progress.epoch, self.progress.batches
            self.model.learning_rate = learning_rate(self.config, epoch + 1)
            if hasattr(self.model, "begin_epoch"):
                self.model.begin_epoch(epoch)
            self.loader.epoch = epoch
            self.batches = (self.loader.from_batch(done)
                            if hasattr(self.loader, "from_batch")
                            else itertools.islice(self.loader, done, None))
        try:
            batch = next(self.batches, None)
        except Exception:
            self.leave()  # between two steps: nothing is lost
            raise
        if batch is None:
            raise ValueError(
                f"The loader promised {len(self.loader)} batches an epoch and gave "
                f"{self.progress.batches}.")
        return batch

    def _step(self, batch):
        progress = self.progress
        seed_everything(step_seed(self.config.seed, progress.iteration))
        losses = self.model.step(*batch)
        # The step before is long done when the device begins with this one: to ask for
        # its losses now takes no time from anybody.
        self._read()
        self.unread = losses
        progress.iteration += 1
        progress.batches += 1
        progress.images += batch[0].shape[0]
        if progress.batches == len(self.loader):
            self.close()

    def _read(self):
        """Read the last step's losses from the device, if that was not done yet."""
        if self.unread is None:
            return
        values = {name: float(loss.asscalar()) for name, loss in self.unread.items()}
        self.unread = None
        ruined = [name for name, value in values.items() if not math.isfinite(value)]
        if ruined:
            raise self._diverged(", ".join(ruined))
        self.progress.losses.append(values)

    def _diverged(self, what):
        last = (f"The last good checkpoint is {self.checkpoint}."
                if self.checkpoint else "No checkpoint was saved before.")
        return DivergedError(
            f"{what} became NaN or infinite at step {self.progress.iteration} (epoch "
            f"{self.progress.epoch + 1}), and the weights are ruined since then. "
            f"{last} Try a lower learning rate (lr) or another seed.")

    def _new_report(self):
        self._read()
        progress = self.progress
        progress.seconds = time.perf_counter() - self.started
        # The body may draw random numbers too: they are the same after an interruption.
        seed_everything(step_seed(self.config.seed, progress.iteration, use=1))
        losses = {name: float(np.mean([step[name] for step in progress.losses]))
                  for name in progress.losses[0]}
        epoch = progress.epoch + 1
        return Report(epoch, progress.iteration, losses,
                      progress.images / progress.seconds,
                      learning_rate(self.config, epoch),
                      progress.batches == len(self.loader))

    def _end_report(self):
        """Go on after a report; save if that was an epoch's last."""
        ends = self.report.epoch_ends
        self._turn_page()
        if self.run and ends and (self.progress.epoch % self.run.save_every == 0
                                  or self.progress.epoch == self.epochs):
            self._save()

    def _turn_page(self):
        self.progress.losses, self.progress.images = [], 0
        self.progress.seconds = 0.0
        if self.report.epoch_ends:
            self.progress.epoch += 1
            self.progress.batches = 0
        self.report = None

    def _place(self):
        return self.progress.epoch, self.progress.iteration

    def _save(self):
        self._read()
        if self.saved == self._place():
            return
        state = training_state(self.progress, self.data, self.report_every,
                               self.config, self.run.score(self.progress.iteration))
        try:
            self.checkpoint = self.run.save_progress(self.model, self.progress, state)
        except RuinedError:
            raise self._diverged("A weight") from None
        self.saved = self._place()

    def _stop(self):
        """End between two steps, at somebody's wish."""
        message = f"Interrupted after step {self.progress.iteration}"
        if not self.run:
            raise Interrupted(f"{message}. Nothing was saved: fit has no run folder.")
        self.progress.seconds = time.perf_counter() - self.started
        self._save()
        raise Interrupted(f"{message}. {_way_on(self.checkpoint)}", self.checkpoint)

    def leave(self) -> None:
        """Save what was done since the last time; problems are logged, not raised."""
        if not self.run or sys.is_finalizing():
            return
        if self.report is None:
            self.progress.seconds = time.perf_counter() - self.started
        elif self.run.run_log.iteration == self.report.iteration:
            self._turn_page()  # it is logged, and need not come again
        try:
            with self.interruptions.held():
                self._save()
        except RunLostError as error:  # it was saved, and tells where
            _log.error("%s", error)
        except (OSError, RuntimeError, ValueError) as error:
            _log.error("The last steps could not be saved. %s", error)
        else:
            _log.warning("Left after step %d. %s", self.progress.iteration,
                         _way_on(self.checkpoint))

    def close(self) -> None:
        """Let the loader's workers go."""
        if hasattr(self.batches, "close"):
            self.batches.close()
        self.batches = None


def _way_on(checkpoint):
    return (f"The training is saved as {checkpoint}; with resume='auto' (on the "
            "command line: --resume) it goes on from there.")
