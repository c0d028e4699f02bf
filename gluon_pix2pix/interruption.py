"""Ctrl-C and its kin, held back until the work in hand is done."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager

# Not all of them exist on Windows.
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP")
            if hasattr(signal, name)]


class Interruptions:
    """Note interruptions instead of raising them in the middle of something.

    Attributes
    ----------
    wished : bool
        Whether there was one.
    """

    def __init__(self):
        self.wished = False

    def held(self) -> AbstractContextManager:
        """Hold back what would raise KeyboardInterrupt; a second one acts at once.

        Signals that somebody handles in another way, or that nobody handles, are left
        alone. So are those of other threads than the main one, where Python raises
        none.
        """
        if threading.current_thread() is not threading.main_thread():
            return contextlib.nullcontext()
        return _handled(signal.default_int_handler, self._note)

    def _note(self, number, frame):
        if self.wished:
            raise KeyboardInterrupt
        self.wished = True


def terminations_interrupt() -> AbstractContextManager:
    """Let SIGTERM and SIGHUP act as Ctrl-C does: for programs, not for notebooks.

    A signal that is ignored (as ``nohup`` has it) stays ignored.
    """
    return _handled(signal.SIG_DFL, signal.default_int_handler)


@contextlib.contextmanager
def _handled(before, handler) -> Iterator[None]:
    """Handle the signals that were handled in one way in another, for a while."""
    changed = [number for number in _SIGNALS if signal.getsignal(number) is before]
    for number in changed:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, before)
