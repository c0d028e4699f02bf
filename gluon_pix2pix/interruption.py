"""Ctrl-C and its kin, held back until the work in hand is done."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator

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

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold back what would raise KeyboardInterrupt; a second one acts at once.

        Signals that somebody handles in another way, or that nobody handles, are left
        alone. So are those of other threads than the main one, where Python raises
        none.
        """
        held = []
        if threading.current_thread() is threading.main_thread():
            held = [number for number in _SIGNALS
                    if signal.getsignal(number) is signal.default_int_handler]
        for number in held:
            signal.signal(number, self._note)
        try:
            yield
        finally:
            for number in held:
                signal.signal(number, signal.default_int_handler)

    def _note(self, number, frame):
        if self.wished:
            raise KeyboardInterrupt
        self.wished = True


@contextlib.contextmanager
def terminations_interrupt() -> Iterator[None]:
    """Let SIGTERM and SIGHUP act as Ctrl-C does: for programs, not for notebooks.

    A signal that is ignored (as ``nohup`` has it) stays ignored.
    """
    changed = [number for number in _SIGNALS
               if signal.getsignal(number) is signal.SIG_DFL]
    for number in changed:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.SIG_DFL)
