"""Pictures that a command is given, and the files for what it makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from .pictures import list_pictures


def given_pictures(given: Iterable[str]) -> list[Path]:
    """List pictures that are named one by one or by their folders.

    Raises
    ------
    FileNotFoundError
        If there is no such picture or folder, or a folder holds none.
    """
    paths = [path for place in map(Path, given)
             for path in (list_pictures(place) if place.is_dir() else [place])]
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(f"There is no picture or folder {path}.")
    return paths


def output_files(paths: Sequence[Path], stems: Iterable[str], folder: str | Path,
                 overwrite: bool = False) -> list[Path]:
    """Name the files for results, and refuse to lose what is there.

    Parameters
    ----------
    paths : sequence of Path
        The pictures that results are made of.
    stems : iterable of str
        What to call each result, without an ending.
    folder : str or Path
        Where results are written, as PNG.
    overwrite : bool
        Whether they may replace earlier ones.

    Raises
    ------
    FileExistsError, ValueError
        If a file exists already, two would be one, or a picture would be replaced.
    """
    targets = [Path(folder) / f"{stem}.png" for stem in stems]
    taken = {target for target in targets if targets.count(target) > 1}
    if taken:
        raise ValueError(
            f"Several pictures would become {min(taken)}: translate them one folder at "
            "a time, with different --output.")
    sources = {path.resolve() for path in paths}
    replaced = [target for target in targets if target.resolve() in sources]
    if replaced:
        raise ValueError(
            f"The translation of {replaced[0]} would replace the picture itself: name "
            "another --output.")
    existing = [target for target in targets if target.exists()]
    if existing and not overwrite:
        raise FileExistsError(
            f"{existing[0]} exists already: name another --output, or add --overwrite.")
    return targets
