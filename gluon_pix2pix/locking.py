"""One process at a time, by a lock of the operating system."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator

_log = logging.getLogger(__name__)


@contextlib.contextmanager
def only_one(path: str | os.PathLike, waiting: str) -> Iterator[None]:
    """Hold the lock of a file; it dies with the process that holds it.

    Parameters
    ----------
    path : str or Path
        The file, made if missing.
    waiting : str
        What to warn of where another process holds the lock and is waited for.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        _log.warning(waiting)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
