"""The files of a checkpoint: what they say, and whether they are intact.

Nothing here loads MXNet or builds a network.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np

from . import durable
from .failures import CheckpointError

FORMAT = 2
_FOR_TRANSLATION = {"config.json", "generator.npz", "generators.npz", "encoder.npz"}
_ALWAYS = {"bytes": int, "device": str, "files": dict, "saved_at": str, "threads": str,
           "versions": dict}
_OF_A_TRAINING = {"batches": int, "data": (dict, type(None)), "epoch": int,
                  "images": int, "iteration": int, "losses": list,
                  "report_every": (int, type(None)), "schedule": dict,
                  "score": (float, type(None)), "seconds": float}


def digest(state: dict) -> str:
    """Return the SHA-256 of a state, however its JSON is laid out."""
    canonical = json.dumps(state, sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def check_state(state: dict) -> None:
    """Raise ValueError unless a state's entries are there and of the right types."""
    kinds = {**_ALWAYS, **_OF_A_TRAINING}
    wrong = [name for name in _ALWAYS if name not in state]
    wrong += [name for name, value in state.items()
              if not isinstance(value, kinds.get(name, object))]
    if not wrong and not all(
            Path(name).name == name and isinstance(file, dict)
            and isinstance(file.get("bytes"), int)
            and isinstance(file.get("sha256"), str)
            for name, file in state["files"].items()):
        wrong = ["files"]
    if wrong:
        raise ValueError(f"missing, or of a wrong type: {', '.join(sorted(wrong))}")


def read_state(folder: Path) -> dict:
    """Read what ``state.json`` of a checkpoint says.

    Raises
    ------
    FileNotFoundError
        If there is none.
    CheckpointError
        If it is damaged or of another format.
    """
    path = folder / "state.json"
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        found = state["format"]
        if found == FORMAT:
            if state.pop("sha256", None) != digest(state):
                raise ValueError("its checksum differs")
            check_state(state)
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no file {path}.") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(
            f"{path} is damaged ({error}): take another checkpoint.") from None
    if found != FORMAT:
        raise CheckpointError(
            f"{path} has format {found}, and this version reads {FORMAT}: use the "
            "version of gluon_pix2pix that it names. To translate only, remove it."
        )
    return state


def verify(folder: Path, whole: bool = True) -> dict:
    """Compare the files of a checkpoint with their checksums; return its state.

    Parameters
    ----------
    folder : Path
        The checkpoint.
    whole : bool
        All files, or only those that translation needs.

    Raises
    ------
    FileNotFoundError, CheckpointError
        If one is missing, damaged, or of another format; it is named.
    """
    state = read_state(folder)
    for name, known in state["files"].items():
        if whole or name in _FOR_TRANSLATION:
            _verify_file(folder / name, known)
    return state


def _verify_file(path, known):
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    found = path.stat().st_size
    if found != known["bytes"]:
        raise CheckpointError(f"{path} is damaged ({found} bytes instead of "
                              f"{known['bytes']}): take another checkpoint.")
    if durable.sha256(path) != known["sha256"]:
        raise CheckpointError(
            f"{path} is damaged (its checksum differs): take another checkpoint.")


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read an ``.npz`` file, and nothing that would have to be unpickled.

    Nor anything compressed, so that arrays take no more memory than the file has bytes.

    Raises
    ------
    FileNotFoundError, CheckpointError
        If it is missing or damaged; it is named.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            parts = file.zip.infolist()
            if any(part.compress_type != zipfile.ZIP_STORED for part in parts) or sum(
                    part.file_size for part in parts) > path.stat().st_size:
                raise ValueError("it is compressed, which no checkpoint is")
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no file {path}.") from None
    except Exception as error:  # zipfile and NumPy stumble in a dozen ways
        raise CheckpointError(
            f"{path} is damaged ({error}): take another checkpoint.") from error
