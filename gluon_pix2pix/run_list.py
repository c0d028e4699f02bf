"""Looking back: what the run folders hold, without loading a network."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
from pathlib import Path

from .checkpoint_files import read_state
from .failures import RunInUseError
from .locking import only_one
from .pictures import natural_order
from .run_checkpoints import checkpoint_states
from .run_command import read_command
from .run_files import aside
from .run_log import read_log

# What only a run folder has; any of them in a folder makes it a run, well or damaged.
_MARKS = ("log.csv", "checkpoints")


@dataclasses.dataclass
class RunInfo:
    """What can be told of a run folder.

    Attributes
    ----------
    folder : Path
        The folder.
    state : {"finished", "running", "interrupted", "not begun", "damaged", "no run"}
        ``running``: a process is training in it now. ``damaged``: it was a run, and
        what is lost is told in `problems`. ``no run``: something else.
    model, data : str or None
        What is trained, and the name of its data set's folder.
    epoch, epochs : int
        Epochs done, of how many.
    iteration : int
        Steps done, as far as the log tells.
    last : dict of str to float
        The newest value of each column of the log.
    best : dict of str to float
        The smallest ``val_l1`` and the ``epoch`` it was measured in; empty without.
    bytes : int
        Size on disk; a file under two names counts once.
    problems : list of str
        What is wrong, as sentences.
    """

    folder: Path
    state: str = "no run"
    model: str | None = None
    data: str | None = None
    epoch: int = 0
    epochs: int = 0
    iteration: int = 0
    last: dict[str, float] = dataclasses.field(default_factory=dict)
    best: dict[str, float] = dataclasses.field(default_factory=dict)
    bytes: int = 0
    problems: list[str] = dataclasses.field(default_factory=list)


def find_runs(folder: str | Path = "runs") -> list[RunInfo]:
    """Look into all folders in a folder, or into this one if it is a run itself.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"There is no folder {folder}: name the one that holds your runs. "
            "`gluon-pix2pix train` makes runs/.")
    if _is_marked(folder) or (folder / "config.json").is_file():
        return [look_at(folder)]
    inside = [path for path in folder.iterdir()
              if path.is_dir() and not path.name.startswith(".")]
    return [look_at(path)
            for path in sorted(inside, key=lambda path: natural_order(path.name))]


def look_at(folder: str | Path) -> RunInfo:
    """Tell what a folder holds; what is damaged or foreign is told, never raised."""
    info = RunInfo(Path(folder))
    try:
        info.bytes = size_on_disk(info.folder)
        config = _read_config(info)
        if config is not None:
            info.model, info.epochs = config
            _read_command(info)
            _read_log(info)
            _read_checkpoints(info)
            _read_result(info)
            info.state = _state(info)
    except Exception as error:  # whatever one holds, the others shall be listed
        info.state = "damaged"
        info.problems.append(
            f"{info.folder} cannot be read ({type(error).__name__}: {error}).")
    return info


def size_on_disk(folder: str | Path) -> int:
    """Return the bytes of all files in a folder; one under two names counts once."""
    files = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # a training tidied up
                stat = os.lstat(os.path.join(parent, name))
                files[stat.st_dev, stat.st_ino] = stat.st_size
    return sum(files.values())


def _is_marked(folder):
    return any((folder / name).exists() for name in _MARKS)


def _read_config(info):
    """Return the model's name and the number of epochs, or say why not.

    Only these are read, so that runs of every model and version are listed.
    """
    path = info.folder / "config.json"
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        model, epochs = fields["model"], fields["epochs"] + fields["epochs_decay"]
        if isinstance(model, str) and isinstance(epochs, int) and 0 <= epochs < 2**31:
            return model, epochs
        reason = f"config.json tells of {epochs!r} epochs of {model!r}"
    except FileNotFoundError:
        tables = sorted({path.parent for pattern in ("comparison.json",
                                                     "*/comparison.json")
                         for path in info.folder.glob(pattern)})
        if tables and not _is_marked(info.folder):
            info.problems.append(f"{info.folder} holds experiments; their tables are "
                                 f"results.csv in {', '.join(map(str, tables))}.")
            return None
        reason = "there is no config.json"
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        reason = f"config.json is damaged or of something else ({error!r})"
    info.state = "damaged" if _is_marked(info.folder) else "no run"
    told = "was a run, but" if info.state == "damaged" else "is no run:"
    info.problems.append(f"{info.folder} {told} {reason}.")


def _read_command(info):
    """Read which data the command line was given; a notebook leaves no such file."""
    try:
        info.data = Path(read_command(info.folder)["dataset"]).name
    except KeyError:
        pass
    except ValueError as error:
        info.problems.append(str(error))


def _read_log(info):
    try:
        log = read_log(info.folder)
        epochs, steps = log.get("epoch", []), log.get("iteration", [])
        info.iteration = int(max(steps, default=0))
        # The last row's epoch may still be going on.
        info.epoch = max(0, int(max(epochs, default=0)) - 1)
    except FileNotFoundError:
        return
    except ValueError as error:
        info.problems.append(f"{error} Its figures are missing.")
        return
    for name, values in log.items():
        known = [value for value in values if math.isfinite(value)]
        if known and name not in ("epoch", "iteration"):
            info.last[name] = known[-1]
    scores = [(value, epoch) for value, epoch in zip(log.get("val_l1", []), epochs)
              if math.isfinite(value)]
    if scores:
        value, epoch = min(scores)
        info.best = {"val_l1": value, "epoch": int(epoch)}


def _read_checkpoints(info):
    for state in checkpoint_states(info.folder):
        if state.damaged:
            reason = state.damaged.rstrip(".")
            where = "" if str(state.path) in reason else f"{state.path}: "
            info.problems.append(f"{where}{reason}.")
            continue
        info.epoch = max(info.epoch, state.epoch)
        info.iteration = max(info.iteration, state.iteration)
        data = read_state(state.path).get("data") or {}  # saved by hand, it has none
        info.data = data.get("name", info.data)
    info.problems += [f"{path} was damaged or left behind, and is kept aside: remove "
                      "it if you need it no more." for path in aside(info.folder)]


def _read_result(info):
    """An experiment keeps a training's scores, and its checkpoints no longer."""
    path = info.folder / "result.json"
    try:
        if json.loads(path.read_text(encoding="utf-8"))["scores"]:
            info.epoch = info.epochs
    except FileNotFoundError:
        return
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        info.problems.append(f"{path} is damaged ({error!r}).")


def _state(info):
    if info.epoch >= info.epochs:
        return "finished"
    if is_running(info.folder):
        return "running"
    return "interrupted" if info.iteration else "not begun"


def is_running(folder: str | Path) -> bool:
    """Tell whether a process holds a run's lock, by trying for a moment to take it."""
    path = Path(folder) / ".lock"
    if not path.is_file():
        return False
    try:
        with only_one(path, refusing="It is running."):
            return False
    except RunInUseError:
        return True
    except OSError:  # read-only: a copy, or somebody else's
        return False
