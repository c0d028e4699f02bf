"""One name, one folder: drawn if it is a toy, downloaded if it is not."""

from __future__ import annotations

import json
from pathlib import Path

from .catalog import ARCHIVES
from .download import download
from .pix2pix_config import Pix2PixConfig
from .profiles import TOY_COUNTS, current_profile
from .toys import TOYS, draw


def get_dataset(name: str, root: str | Path = "data", profile: str | None = None,
                source: str | None = None, size: int | None = None) -> Path:
    """Return the folder of a data set, making or fetching it where it is missing.

    Parameters
    ----------
    name : str
        A drawn data set such as ``"toy_facades"``, a public one such as ``"facades"``,
        or a folder of your own data: its path, or its name in `root`.
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
    if folder := find_folder(name, root):
        return folder
    if Path(name).name != name:
        raise FileNotFoundError(f"There is no folder {name}.")
    if name.startswith("toy_"):
        profile = current_profile(profile)
        size = size or Pix2PixConfig.for_profile(profile).size
        return draw(name, root, size=size, count=TOY_COUNTS[profile])
    return download(name, root, source)


def find_folder(name: str, root: str | Path = "data") -> Path | None:
    """Find a folder by its path or by its name in `root`; None for names of the table.

    The name of a public data set always means that data set.
    """
    if name in ARCHIVES:
        return None
    places = (Path(name), Path(root) / name)
    return next((place for place in places if place.is_dir()), None)


def default_direction(name: str, root: str | Path = "data") -> str:
    """Return the direction in which the paper translates a data set; else ``AtoB``.

    Facades are photo | labels and translated from right to left: ``BtoA``, and so are
    the drawn ones, whatever their folder is called.
    """
    folder = find_folder(name, root)
    if folder and (folder / "toy.json").is_file():
        name = json.loads((folder / "toy.json").read_text("utf-8"))["toy"]
    known = TOYS.get(name) or ARCHIVES.get(name)
    return known.direction if known else "AtoB"
