"""Files and folders on disk that are complete, or not there at all.

What is written stands beside its place under a hidden name, is flushed to the disk, and
renamed. So neither a process that is killed nor a power cut leaves half of anything
under a name that somebody reads.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from .failures import SaveError

_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG)
_CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM)


@contextlib.contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Fill a folder under a hidden name; it takes its place when all went well.

    A folder that is there already is replaced last, and comes back if that fails.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = _hidden(folder)
    temporary.mkdir()
    old = Path(f"{temporary}.old")
    try:
        yield temporary
        flush_folder(temporary)
        if folder.exists():
            os.rename(folder, old)
        os.rename(temporary, folder)
    except BaseException:
        if old.exists() and not folder.exists():
            os.rename(old, folder)
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    try:
        flush_folder(folder.parent)
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _hidden(path):
    """Return a name beside a path that nobody else has, for what is not whole yet."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}")


def in_place(folder: Path) -> Path:
    """Return where a folder is: elsewhere if `whole_folder` was killed replacing it."""
    if folder.exists() or not folder.parent.is_dir():
        return folder
    return next((path for path in folder.parent.iterdir()
                 if path.name.startswith(f".{folder.name}.")
                 and path.name.endswith(".old")), folder)


def bring_back(folder: Path) -> None:
    """Put a folder back in its place if `whole_folder` was killed replacing it.

    Nobody else may be writing there.
    """
    found = in_place(folder)
    if found != folder:
        os.rename(found, folder)


def remove_folder(folder: Path) -> None:
    """Remove a folder so that nobody ever sees half of it."""
    hidden = folder.with_name(f".{folder.name}.removed")
    shutil.rmtree(hidden, ignore_errors=True)
    os.rename(folder, hidden)
    shutil.rmtree(hidden)


def remove_remains(parent: Path, start: str) -> None:
    """Finish or undo what killed processes began with folders called ``start...``.

    Nobody else may be writing there.
    """
    for path in sorted(parent.glob(f".{start}*")):
        if path.name.endswith(".old"):
            bring_back(parent / path.name[1:].rsplit(".", 2)[0])
    for path in parent.glob(f".{start}*"):
        shutil.rmtree(path)


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays as a new ``.npz`` file, through to the disk."""
    with open(path, "xb") as file:
        np.savez(file, **arrays)
        _flush(file)


def write_text(path: Path, text: str) -> None:
    """Write a new text file, through to the disk."""
    with open(path, "x", encoding="utf-8", newline="") as file:
        file.write(text)
        _flush(file)


def replace_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an ``.npz`` file in the place of another, whole or not at all.

    Raises
    ------
    SaveError
        If it cannot be written.
    """
    with explained(path):
        _replace(path, write_arrays, arrays)


def replace_bytes(path: Path, content: bytes) -> None:
    """Write a file in the place of another, whole or not at all."""
    _replace(path, _write_bytes, content)


def _write_bytes(path, content):
    with open(path, "xb") as file:
        file.write(content)
        _flush(file)


def replace_text(path: Path, text: str) -> None:
    """Write a text file in the place of another, whole or not at all."""
    _replace(path, write_text, text)


def _replace(path, write, content):
    temporary = _hidden(path)
    try:
        write(temporary, content)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(2**20):
            digest.update(piece)
    return digest.hexdigest()


def _flush(file):
    file.flush()
    os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Make renames in a folder last, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def check_writable(folder: Path) -> None:
    """Raise SaveError where a folder could not be made: before work, not after it."""
    existing = next(path for path in folder.absolute().parents if path.is_dir())
    with explained(folder):
        tempfile.TemporaryFile(dir=existing).close()


@contextlib.contextmanager
def explained(path: Path, size: int = 0) -> Iterator[None]:
    """Turn the system's complaint about a file into a sentence with a remedy.

    Parameters
    ----------
    path : Path
        What is being written.
    size : int
        How many bytes it takes, if that is known.

    Raises
    ------
    SaveError
        In place of an OSError about space, rights or absence.
    """
    try:
        yield
    except SaveError:
        raise
    except OSError as error:
        if error.errno in _FULL:
            takes = f"it takes {size / 1e6:.0f} MB and " if size else ""
            remedy = f"{takes}{_free(path)} are free; make room, then go on"
        elif error.errno in _CLOSED:
            remedy = "make the folder writable, or name another one"
        else:
            raise
        told = SaveError(f"{path} cannot be written ({error.strerror}): {remedy}.")
        told.errno = error.errno
        raise told from error


def _free(path):
    existing = next(p for p in (path, *path.absolute().parents) if p.exists())
    return f"{shutil.disk_usage(existing).free / 1e6:.0f} MB"
