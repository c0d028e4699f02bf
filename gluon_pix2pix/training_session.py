"""A training on the command line: what is shown, measured and written as it goes."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np

from . import viz
from .curves import plot_losses
from .health import HealthWatch
from .interruption import terminations_interrupt
from .progress_bar import progress_bar
from .runs import RunFolder, checkpoint_states, read_log
from .training import fit

# No steps per second: they would count the time in which nothing but validation goes
# on, and the images per second do not.
_LAYOUT = "{desc}|{bar}| {percentage:.0f}% {remaining} left{postfix}"


class TrainingSession:
    """Train a model, and do all that follows each report.

    Parameters
    ----------
    model : Pix2Pix, CycleGAN or alike
        What to train.
    view : PairedView or alike
        What to look at; see `train_views`.
    loader : Loader
        What to train on.
    run : RunFolder
        Where to write.
    board : Board, optional
        For TensorBoard.

    Attributes
    ----------
    done, steps : int
        Steps done when it begins, of how many.
    """

    def __init__(self, model, view, loader, run: RunFolder, board=None):
        self.model, self.view, self.loader = model, view, loader
        self.run, self.board = run, board
        self.epochs = run.config.epochs + run.config.epochs_decay
        self.steps = self.epochs * len(loader)
        self.done = max((state.iteration for state in checkpoint_states(run.folder)),
                        default=0)
        self.watch = HealthWatch(run.config, read_log(run.folder))

    def train(self, resume: bool) -> None:
        """Train to the end, or to an interruption, by which nothing is lost."""
        from tqdm.contrib.logging import logging_redirect_tqdm

        # The generator is closed here, and so saves: an error's traceback would keep it
        # for a while. Warnings are written above the bar.
        with terminations_interrupt(), self.board or contextlib.nullcontext(), \
                progress_bar(self.steps, done=self.done, layout=_LAYOUT) as bar, \
                logging_redirect_tqdm(tqdm_class=type(bar)), contextlib.closing(
                    fit(self.model, self.loader, run=self.run,
                        resume="auto" if resume else None)) as reports:
            for report in reports:
                self._show(bar, report)
                self._look_and_log(report, bar)

    def _show(self, bar, report):
        bar.set_description_str(f"epoch {report.epoch}/{self.epochs}", refresh=False)
        shown = []
        for name, columns in self.view.losses.items():
            values = [report.losses[column] for column in columns
                      if column in report.losses]
            if values:
                shown.append(f"{name} {np.mean(values):.2f}")
        bar.set_postfix_str(
            f"{' '.join(shown)} {report.images_per_second:.1f} images/s", refresh=False)
        bar.update(report.iteration - bar.n)

    def _look_and_log(self, report, bar):
        """Do all that follows a report: measure, draw, warn, write down."""
        variety, samples, measured = None, None, {}
        if report.epoch_ends:
            variety = self.view.variety(self.model)
            samples = self.run.sample_path(report.epoch)
            viz.save_figure(self.view.sheet(self.model, 4), samples)
            if self.view.held_out:
                measured = self.view.measure(self.model)
                bar.write(f"epoch {report.epoch:3d}  {self.view.tell(measured)}  "
                          f"{report.images_per_second:.1f} images/s")
        warnings = self.watch.update(report, variety)
        for warning in warnings:
            bar.write(f"step {warning.iteration}: {warning}")
        self.run.log(report, variety=variety, warnings=warnings, **measured)
        if self.board:
            self.board.update(report, variety=variety, samples=samples,
                              warnings=warnings, **measured)

    def draw(self) -> list[Path]:
        """Draw the sheet of the end, and the curves if there is a log; say where."""
        sheet, curves = (self.run.folder / name
                         for name in ("contact_sheet.png", "losses.png"))
        viz.save_figure(self.view.sheet(self.model, 6), sheet)
        log = read_log(self.run.folder)
        if not log:  # it was lost, and all epochs were done before
            return [sheet]
        viz.save_figure(plot_losses(log, self.model.gan.balance,
                                    warnings=self.watch.warnings), curves)
        return [sheet, curves]
