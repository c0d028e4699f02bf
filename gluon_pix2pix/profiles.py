"""The three sizes of every lesson: for a test, for two CPU cores, for a GPU."""

from __future__ import annotations

import os

PROFILES = ("smoke", "lesson", "full")

# How many pictures of a toy a profile draws.
TOY_COUNTS = {"smoke": 8, "lesson": 200, "full": 400}
TOY_OF = {"facades": "toy_facades", "maps": "toy_maps", "cityscapes": "toy_streets",
          "cityscapes_hd": "toy_streets_hd", "apple2orange": "toy_fruit"}


def current_profile(profile: str | None = None) -> str:
    """Return the profile's name: the argument, else ``PIX2PIX_PROFILE``, else lesson.

    Raises
    ------
    ValueError
        If the name is none of ``smoke``, ``lesson``, ``full``.
    """
    profile = profile or os.environ.get("PIX2PIX_PROFILE") or "lesson"
    if profile not in PROFILES:
        raise ValueError(
            f"There is no profile {profile!r}: choose one of {', '.join(PROFILES)} "
            "(argument, or environment variable PIX2PIX_PROFILE)."
        )
    return profile


def profile_dataset(name: str, profile: str | None = None) -> str:
    """Name the data set of a lesson: the drawn one, or in ``full`` the real one.

    Raises
    ------
    ValueError
        If nothing is drawn in the place of that data set.

    Examples
    --------
    >>> profile_dataset("cityscapes", "lesson")
    'toy_streets'
    >>> profile_dataset("cityscapes", "full")
    'cityscapes'
    """
    if name not in TOY_OF:
        raise ValueError(f"No lesson uses {name!r}: choose one of {', '.join(TOY_OF)}, "
                         "or write the name of a data set instead of this call.")
    return name if current_profile(profile) == "full" else TOY_OF[name]
