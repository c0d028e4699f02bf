"""The training loop as a generator: it reports, saves, stops and goes on.

Nothing here knows which algorithm it trains: a model has ``step(*batch)`` and
``learning_rate``, a loader has ``len``, ``epoch`` and gives batches.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from .failures import DivergedError, Interrupted
from .progress import Progress, Report
from .recovery import config_differences, take_up, with_schedule
from .run_checkpoints import find_checkpoint
from .schedule import learning_rate
from .training_steps import Training

__all__ = ["DivergedError", "fit", "Interrupted", "learning_rate", "Report"]


def fit(model, loader, config=None, report_every: int = 10, *, run=None,
        resume: str | Path | None = None) -> Iterator[Report]:
    """Train for all epochs of a configuration, reporting as it goes.

    This is a generator: it trains while you loop over it, and whatever you do in the
    loop's body (plot, log, stop with ``break``) happens between two steps. Call it in
    the ``for`` statement itself: a generator that is kept in a variable does not end
    when the loop is left, but saves, and lets go of the run folder, only when it is
    closed (`contextlib.closing` does it). Python's, NumPy's and MXNet's random numbers
    are seeded for each step and each report, by ``config.seed`` and the number of the
    step, and depend on nothing else.

    With a run folder the whole state of the training is saved at the beginning, every
    ``run.save_every`` epochs (once the body is done with the report, which it should
    have logged), at the end, and when the loop is left: by Ctrl-C or Jupyter's stop
    button, which take effect after the current step (a second time: at once), by
    ``break``, and by an exception in the body or of the loader. From there it goes on
    as if nothing had happened: on the same machine with as many threads, the numbers
    are the same to the bit.

    Parameters
    ----------
    model : Pix2Pix or alike
        Has ``step(*batch) -> dict`` of scalar NDArrays and ``learning_rate``; to be
        saved, also ``config``, ``ctx``, ``networks``, ``trainers`` and ``pools``. If
        it has ``begin_epoch``, that is called with the epoch's number, from 0, before
        the first step of each, and where a training goes on in the middle of one.
    loader : Loader or alike
        One epoch an iteration; ``loader.epoch`` is set to the epoch's number from 0.
    config : optional
        Has ``epochs``, ``epochs_decay``, ``lr`` and ``seed``; the model's by default.
    report_every : int
        Steps between two reports.
    run : RunFolder, optional
        Where to save. Nobody else may train there meanwhile.
    resume : {None, "auto"} or path
        ``"auto"`` goes on from the run's newest intact checkpoint, or begins if there
        is none; a path names another checkpoint, or run folder, to go on from. The
        model is changed in place. None begins.

    Yields
    ------
    Report
        The one that was being dealt with at an interruption comes again, unless it had
        been logged.

    Raises
    ------
    DivergedError
        If a loss is NaN or infinite. Losses are read one step late, so that the device
        never waits for it; the error names the step in which it happened.
    Interrupted
        After Ctrl-C; a KeyboardInterrupt that tells how to go on.
    ResumeError
        If configuration or data are not those of the checkpoint; they are listed.
    OutOfMemoryError
        If the memory is too small for a step.
    SaveError, RunLostError, RunInUseError
        If the state cannot be saved; what was saved before is untouched.
    """
    if report_every < 1:
        raise ValueError(f"report_every={report_every} must be at least 1.")
    if not len(loader):
        raise ValueError("The loader is empty: a training needs at least one batch an "
                         "epoch.")
    config = config or model.config
    with run.locked() if run else contextlib.nullcontext():
        checkpoint, progress = _begin(model, loader, config, report_every, run, resume)
        training = Training(model, loader, config, report_every, run, checkpoint,
                            progress)
        with contextlib.closing(training):
            while report := training.next_report():
                try:
                    yield report
                except GeneratorExit:  # Ctrl-C, break or an error in the loop's body
                    training.leave()
                    raise


def _begin(model, loader, config, report_every, run, resume):
    """Bring model and run folder to where the training begins.

    Returns the run's checkpoint of this place, if there is one, and the place.
    """
    given = model, loader, config, report_every
    if run is None:
        if resume == "auto":
            raise ValueError("resume='auto' looks for checkpoints in a run folder: "
                             "pass run=RunFolder(...) as well.")
        return None, take_up(find_checkpoint(resume), *given) if resume else Progress()
    run.check()
    differences = config_differences(run.config, with_schedule(model, config))
    if differences:
        raise ValueError(f"{run.folder} is a folder for another configuration (run -> "
                         f"model): {', '.join(differences)}.")
    if resume == "auto":
        checkpoint = run.recover()
    else:
        checkpoint = find_checkpoint(resume) if resume else None
        if not run.holds(checkpoint) and run.begun:
            raise RuntimeError(
                f"{run.folder} holds a training already: go on with it "
                "(resume='auto'), or begin anew with RunFolder(..., overwrite=True).")
    if checkpoint is None:
        return None, Progress()
    progress = take_up(checkpoint, *given)
    if not run.holds(checkpoint):
        return None, progress
    run.go_back(checkpoint)
    return checkpoint, progress
