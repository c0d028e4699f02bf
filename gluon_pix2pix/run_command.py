"""``command.json``: what a command asked for that is no part of the configuration."""

from __future__ import annotations

import json
from pathlib import Path

from .profiles import PROFILES
from .recipes import RECIPES

NAME = "command.json"
UNREADABLE = ("stop", "skip")
_FITS = {
    "dataset": lambda value: isinstance(value, str),
    "root": lambda value: isinstance(value, str),
    "profile": PROFILES.__contains__,
    "unreadable": UNREADABLE.__contains__,
    "save_every": lambda value: type(value) is int and value >= 1,
    "recipe": RECIPES.__contains__,
    "start": lambda value: isinstance(value, str),
    "vgg_weights": lambda value: isinstance(value, str),
}


def read_command(folder: str | Path) -> dict:
    """Read what the command that began a run asked for.

    Returns
    -------
    dict
        Of ``dataset``, ``root``, ``profile``, ``unreadable``, ``save_every``,
        ``recipe``, ``start`` and ``vgg_weights`` those that are known: none of a run
        that a notebook began.

    Raises
    ------
    ValueError
        If the file is damaged; it is named.
    """
    path = Path(folder) / NAME
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        wrong = [name for name, fits in _FITS.items()
                 if name in values and not fits(values[name])]
        if wrong or not isinstance(values, dict):
            raise ValueError(f"impossible are {', '.join(wrong) or 'all values'}")
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{path} is damaged ({error}): remove it, and name what was "
                         "trained on with --dataset and --root.") from None
    return {name: values[name] for name in _FITS if name in values}
