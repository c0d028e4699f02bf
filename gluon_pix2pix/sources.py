"""One name, one folder: drawn if it is a toy, downloaded if it is not."""

from __future__ import annotations

from pathlib import Path

from .catalog import ARCHIVES
from .config import TOY_COUNTS, Pix2PixConfig, current_profile
from .download import download
from .toys import TOYS, draw


def get_dataset(name: str, root: str | Path = "data", profile: str | None = None,
                source: str | None = None, size: int | None = None) -> Path:
    """Return the folder of a data set, making or fetching it where it is missing.

    Parameters
    ----------
    name : str
        A drawn data set such as ``"toy_facades"``, a public one such as ``"facades"``,
        or the path of a folder of your own data.
    root : str or Path
        Folder that holds the data sets.
    profile : str, optional
        Chooses how many pictures of which size are drawn.
    source : str, optional
        Where to download from; see `download`.
    size : int, optional
        Size to draw at, in pixels; the profile's by default.

    Raises
    ------
    FileNotFoundError
        If a path is given and there is no such folder.
    ValueError
        If there is no such toy.
    DownloadError
        If there is no such public data set, or it cannot be fetched. Nothing else is
        taken in its place.
    """
    if name not in ARCHIVES and Path(name).is_dir():
        return Path(name)
    if Path(name).name != name:
        raise FileNotFoundError(f"There is no folder {name}.")
    if name.startswith("toy_"):
        profile = current_profile(profile)
        size = size or Pix2PixConfig.for_profile(profile).size
        return draw(name, root, size=size, count=TOY_COUNTS[profile])
    return download(name, root, source)


def default_direction(name: str) -> str:
    """Return the direction in which the paper translates a data set; else ``AtoB``.

    Facades are photo | labels and translated from right to left: ``BtoA``.
    """
    known = TOYS.get(name) or ARCHIVES.get(name)
    return known.direction if known else "AtoB"
