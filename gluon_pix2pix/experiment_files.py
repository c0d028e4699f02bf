"""What an experiment keeps of each training, in its run folder.

::

    config.json, log.csv   as in every run
    result.json            configuration, data and, once it is scored, the scores
    generator.npz          its weights: enough for translation
    outputs/0.png, ...     what it made of the first held-out pictures

``result.json`` gets its scores last: a training that has them is done. The checkpoints,
which are many times as large, are removed then.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from pathlib import Path

import numpy as np

from . import durable, run_log
from .failures import SaveError
from .network_states import parameter_arrays
from .pictures import read_picture
from .recovery import config_differences
from .run_checkpoints import saved_folders
from .transforms import to_float
from .viz import save_picture

OUTPUTS = 8  # pictures that are kept
_FORMAT = 1  # raised when scores are made in another way
_NAME, _GENERATOR = "result.json", "generator.npz"


def read_result(folder: Path, config, data: dict) -> tuple[tuple | None, list[str]]:
    """Return what is there of a training: its scores, and in what it is another one.

    Returns
    -------
    (scores, references) or None
        If it is done.
    list of str
        Differences of configuration and data, there -> now; empty if there are none.

    Raises
    ------
    ValueError
        If the file is damaged; it is named.
    """
    path = folder / _NAME
    try:
        told = json.loads(path.read_text("utf-8"))
        there = type(config).from_dict(told["config"])
        differences = config_differences(there, config)
        differences += [f"other pictures ({split})" for split in data
                        if told["data"].get(split) != data[split]]
        if told["format"] != _FORMAT:
            differences.append(f"scores of format {told['format']}, not {_FORMAT}")
        scores, references = told["scores"], told["references"]
        if differences or scores is None:
            return None, differences
        return (_numbers(scores), {who: _numbers(references[who])
                                   for who in references}), []
    except (FileNotFoundError, NotADirectoryError):
        return None, []
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is damaged ({error}): remove {folder}, or replace it "
                         "(overwrite=True, or --overwrite on the command line), and "
                         "it is trained again.") from None


def check_place(place: Path) -> None:
    """Make the folder that is to hold all run folders: before work, not after it.

    Raises
    ------
    SaveError
        If it cannot be made or written to.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SaveError(f"{place} cannot hold run folders ({error.strerror}): name "
                        "another place.") from None
    durable.check_writable(place / "any")


def find_twin(folder: Path, config, data: dict) -> Path | None:
    """Return another run folder of the same place with the very same training, done.

    Experiments meet in some variants, and what is equal need not be trained twice.
    """
    for path in sorted(folder.parents[2].glob(f"*/*/{folder.name}/{_NAME}")):
        try:
            scored, _ = read_result(path.parent, config, data)
        except ValueError:
            continue  # damaged: it is complained of where it is wanted
        kept = ("outputs", run_log.NAME, _GENERATOR)
        if scored and all((path.parent / name).exists() for name in kept):
            return path.parent
    return None


def adopt(folder: Path, twin: Path) -> None:
    """Copy what there is of a training that is done, last its scores."""
    with durable.explained(folder):
        shutil.copytree(twin / "outputs", folder / "outputs", dirs_exist_ok=True)
        shutil.copyfile(twin / run_log.NAME, folder / run_log.NAME)
        shutil.copyfile(twin / _GENERATOR, folder / f".{_GENERATOR}")
        os.replace(folder / f".{_GENERATOR}", folder / _GENERATOR)
        durable.replace_text(folder / _NAME, (twin / _NAME).read_text("utf-8"))


def begin(folder: Path, config, data: dict) -> None:
    """Write down what is going to be trained there; what was there is no result."""
    _write(folder, config, data, None, None)
    (folder / _GENERATOR).unlink(missing_ok=True)


def finish(folder: Path, model, config, data: dict, scores: dict, references: dict,
           outputs: list[np.ndarray]) -> None:
    """Keep a training that is done: pictures, generator, and last its scores.

    Parameters
    ----------
    folder : Path
        The run's.
    model : Pix2Pix
        What was trained.
    config, data :
        As for `begin`.
    scores, references : dict
        See `Result`.
    outputs : list of ndarray
        ``(H, W, C) uint8``, one for each held-out picture.
    """
    with durable.explained(folder):
        (folder / "outputs").mkdir(exist_ok=True)
        for number, output in enumerate(outputs[:OUTPUTS]):
            save_picture(output.repeat(3 // output.shape[2], axis=2),
                         _output_path(folder, number))
        temporary = folder / f".{_GENERATOR}"
        temporary.unlink(missing_ok=True)
        durable.write_arrays(temporary, parameter_arrays(model.netG))
        os.replace(temporary, folder / _GENERATOR)
        _write(folder, config, data, scores, references)


def remove_checkpoints(folder: Path) -> None:
    """Remove what only a training that is not done needs."""
    with durable.explained(folder):
        for checkpoint in saved_folders(folder):
            durable.remove_folder(checkpoint)


def read_output(folder: Path, number: int) -> np.ndarray:
    """Return a kept output, ``(3, H, W) float32`` in [-1, 1].

    Raises
    ------
    FileNotFoundError
        If it is not there.
    """
    path = _output_path(folder, number)
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no {path}: the outputs of the first {OUTPUTS} held-out pictures "
            f"are kept. If it was deleted, remove {folder}, and run the experiment "
            "again.")
    return to_float(read_picture(path))


def _output_path(folder, number):
    return folder / "outputs" / f"{number}.png"


def _write(folder, config, data, scores, references):
    told = {"format": _FORMAT, "config": json.loads(config.to_json()), "data": data,
            "scores": scores, "references": references}
    with durable.explained(folder):
        durable.replace_text(folder / _NAME,
                             json.dumps(finite(told), indent=2, allow_nan=False) + "\n")


def finite(value):
    """Put None in the place of NaN and infinity, which JSON does not know."""
    if isinstance(value, dict):
        return {name: finite(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _numbers(scores):
    return {name: math.nan if value is None else float(value)
            for name, value in scores.items()}
