"""The bar that long work shows: in a terminal, in a notebook, or in a file."""

from __future__ import annotations

import sys


def progress_bar(total: int, description: str | None = None, unit: str = "step", *,
                 done: int = 0, layout: str | None = None, shown: bool = True):
    """Return a bar of tqdm: use it in a ``with`` statement, and ``update()`` it.

    Where somebody watches, it is redrawn ten times a second; in a file, a line every
    half a minute is enough.

    Parameters
    ----------
    total : int
        What there is to do, in units.
    description : str, optional
        What is done, in front of the bar.
    unit : str
        What is counted.
    done : int
        How much of it was done before.
    layout : str, optional
        The line, with names in braces as tqdm's ``bar_format`` has them.
    shown : bool
        False returns a bar that is counted and not seen.
    """
    from tqdm.auto import tqdm

    seconds = 0.1 if _watched() else 30
    return tqdm(total=total, desc=description, unit=unit, initial=done,
                dynamic_ncols=True, mininterval=seconds, maxinterval=2 * seconds,
                bar_format=layout, disable=not shown)


def _watched() -> bool:
    """Say whether anybody sees a bar move. A notebook is no terminal, but looks on."""
    ipython = sys.modules.get("IPython")
    return sys.stderr.isatty() or bool(ipython and ipython.get_ipython())
