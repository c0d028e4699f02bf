"""One process at a time, by a lock of the operating system."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator

from .failures import RunInUseError

_log = logging.getLogger(__name__)


@contextlib.contextmanager
def only_one(path: str | os.PathLike, waiting: str = "",
             refusing: str = "") -> Iterator[None]:
    """Hold the lock of a file; it dies with the process that holds it.

    Parameters
    ----------
    path : str or Path
        The file, made if missing.
    waiting : str
        What to warn of where another process holds the lock and is waited for.
    refusing : str
        What to say instead of waiting.

    Raises
    ------
    RunInUseError
        If there is something to say instead of waiting, and somebody holds the lock.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if refusing:
            raise RunInUseError(refusing) from None
        _log.warning(waiting)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
