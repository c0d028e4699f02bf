"""Going on with a training: what must be as it was, and what may differ."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path

from .checkpoint import restore, surroundings
from .checkpoint_files import read_state
from .configs import read_config
from .failures import CheckpointError, ResumeError
from .progress import Progress
from .run_checkpoints import saved_folders
from .schedule import learning_rate

SCHEDULE = ("lr", "epochs", "epochs_decay", "seed")

_log = logging.getLogger(__name__)


def training_state(progress: Progress, data: dict | None, report_every: int | None,
                   config, score: float | None = None) -> dict:
    """Return what a checkpoint keeps of a training, besides the model."""
    return {**dataclasses.asdict(progress), "score": score, "data": data,
            "report_every": report_every,
            "schedule": {name: getattr(config, name) for name in SCHEDULE}}


def read_progress(folder: Path) -> Progress:
    """Read where in a training a checkpoint was saved.

    Raises
    ------
    ResumeError
        If it does not tell.
    FileNotFoundError, CheckpointError
        If its ``state.json`` is missing or damaged.
    """
    try:
        return Progress.from_state(read_state(folder))
    except KeyError:
        raise ResumeError(
            f"{folder} does not tell where in a training it was saved, so none can go "
            "on from it: name a checkpoint that `fit` has saved in a run folder."
        ) from None


def data_identity(loader) -> dict:
    """Say what a loader gives, as far as it can tell."""
    if hasattr(loader, "identity"):
        return loader.identity()
    return {"batches": len(loader)}


def config_differences(saved, given, epochs: int | None = None) -> list[str]:
    """List the fields in which two configurations train differently.

    Parameters
    ----------
    saved, given : ModelConfig
        Of two models they differ in nothing but that.
    epochs : int, optional
        How many were begun with the saved one: `epochs` and `epochs_decay` may differ
        as long as none of these would have had another learning rate.
    """
    if saved.model != given.model:
        return _differences({"model": saved.model}, {"model": given.model})
    free = {name for name in vars(saved)
            if name == "hybridize" or name.startswith("warn_")
            or name == "direction" and saved.both_ways}
    if epochs is not None and given.epochs + given.epochs_decay >= epochs and all(
            learning_rate(saved, epoch) == learning_rate(given, epoch)
            for epoch in range(1, epochs + 1)):
        free |= {"epochs", "epochs_decay"}
    return _differences({name: value for name, value in vars(saved).items()
                         if name not in free}, vars(given))


def with_schedule(model, config):
    """Return a model's configuration with the schedule of the one `fit` was given."""
    return model.config.replace(**{name: getattr(config, name) for name in SCHEDULE})


def _differences(saved, given):
    return [f"{name}: {value} -> {given.get(name)}" for name, value in saved.items()
            if given.get(name) != value]


def resume_problem(run: Path, config, newest: Path | None) -> Exception | None:
    """Say why the run in a folder cannot go on from its newest intact checkpoint.

    Returns
    -------
    CheckpointError, ResumeError or None
        If it has checkpoints, but none that is intact; if it has another configuration,
        whose differences are listed.
    """
    if newest is None and saved_folders(run):
        return CheckpointError(
            f"No checkpoint in {run / 'checkpoints'} is intact, so the run cannot go "
            "on: overwrite it, or name another run folder.")
    state = read_state(newest) if newest else {}
    begun = state.get("epoch", 0) + bool(state.get("batches"))
    saved = read_config(run / "config.json")
    differences = config_differences(saved, config, begun)
    return ResumeError(
        f"{run} was trained with another configuration (saved -> given): "
        f"{', '.join(differences)}. Train as saved, or name another run folder."
    ) if differences else None


def take_up(folder: Path, model, loader, config, report_every: int) -> Progress:
    """Bring a model to where a checkpoint that is intact was saved.

    Nothing is changed unless everything fits.

    Parameters
    ----------
    folder : Path
        The checkpoint.
    model, loader, config, report_every :
        What `fit` was given.

    Raises
    ------
    ResumeError
        If configuration or data differ; the differences are listed, saved -> given.
    FileNotFoundError, CheckpointError, ValueError
        If a file is missing or damaged, or does not fit the networks.
    """
    changed = check_same_training(folder, model, loader, config)
    state, progress = read_state(folder), read_progress(folder)
    restore(model, folder)
    if state.get("report_every"):
        changed += _differences({"report_every": state["report_every"]},
                                {"report_every": report_every})
    _tell_surroundings(state, surroundings(model), changed)
    return progress


def check_same_training(folder: Path, model, loader, config) -> list[str]:
    """Refuse another training than a checkpoint's; return what changed in its data.

    Parameters and errors as of `take_up`, which does it too.
    """
    state, progress = read_state(folder), read_progress(folder)
    saved = read_config(folder / "config.json").replace(**state.get("schedule", {}))
    begun = progress.epoch + (progress.batches > 0)
    differences = config_differences(saved, with_schedule(model, config), begun)
    data, changed = _data_differences(state.get("data"), data_identity(loader))
    differences += data
    if differences:
        raise ResumeError(
            f"{folder} belongs to another training (saved -> given): "
            f"{', '.join(differences)}. Train as saved, or in another run folder.")
    return changed


def _data_differences(saved, given):
    """List what makes them other data, and what has merely changed in them."""
    if saved is None:  # saved by hand, without a loader
        return [], []
    sizes = [part != other for part, other in
             zip(saved.get("sizes", []), given.get("sizes", []))]
    changed = ["some pictures have other sizes"] if any(sizes) else []
    differences = _differences({name: value for name, value in saved.items()
                                if name not in ("name", "names", "sizes")}, given)
    if saved.get("names") != given.get("names"):
        differences.append("the pictures' names")
    elif sum(sizes) > len(sizes) // 2:
        differences.append("the sizes of most pictures")
    return differences, changed


def _tell_surroundings(saved, now, changed):
    """Warn where the numbers or the log may come out differently."""
    def facts(state):
        versions = {name: number for name, number in state["versions"].items()
                    if name != "python"}
        return {**versions, "threads": state["threads"], "device": state["device"]}

    differences = _differences(facts(saved), facts(now)) + changed
    if differences:
        _log.warning("The training goes on, but not to the bit as it would have "
                     "without a break (saved -> now): %s.", ", ".join(differences))
