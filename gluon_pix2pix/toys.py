"""Data sets drawn by code, in the folder layout of the downloaded ones.

They need no network and no licence, fit any size, and are read by the very same code
as real data. Each toy is one function that draws picture ``i``; what is here numbers
the pictures, writes them, and keeps what is written complete.
"""
from __future__ import annotations

import json
import operator
import os
import shutil
import uuid
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from .toy_facades import CLASSES, draw_facade

__all__ = ["CLASSES", "TOYS", "draw", "draw_facade"]

TOYS = {"toy_facades": draw_facade}  # name -> function (size, seed) -> (A, B)
SPLITS = ("train", "val", "test")
VERSION = 1  # raise it when a seed no longer gives the pictures it gave before


def draw(name: str, root: str | Path = "data", size: int = 128,
         count: int | None = None, seed: int = 0, progress: bool = True) -> Path:
    """Draw a paired data set, unless it is there already.

    The folder's name tells its parameters, ``toy_facades_128px_200`` for example, so
    that data sets of several sizes live side by side. Picture ``i`` of a split depends
    on the size, the seed, the split and ``i`` alone: a larger data set begins with
    the pictures of a smaller one.

    All is drawn beside the folder and moved into place at the end: an interrupted
    drawing leaves no folder, and two processes may draw at once. Pictures missing from
    a folder drawn earlier are drawn again; nothing else in it is ever changed.

    Parameters
    ----------
    name : str
        A key of ``TOYS``.
    root : str or Path
        Folder of the data sets, made if missing.
    size : int
        Side of one picture in pixels, at least 32; a pair is ``2 * size`` wide.
    count : int, optional
        Number of training pictures, 200 by default; ``max(4, count // 10)`` each are
        drawn for ``val`` and ``test``.
    seed : int
        0 or more; another seed draws other pictures.
    progress : bool
        Show a progress bar when there are more than 50 pictures to draw.

    Returns
    -------
    pathlib.Path
        ``<root>/<name>_<size>px_<count>``, followed by ``_seed<seed>`` if that is
        not 0. Holds ``train/1.jpg``, ... (A, the photo, on the left; B, the labels,
        on the right), ``val/``, ``test/`` and the parameters in ``toy.json``.

    Raises
    ------
    ValueError
        If there is no such toy, or a number is out of range.
    FileExistsError
        If the folder exists and holds anything but this very data set.
    RuntimeError
        If ``root`` cannot be written to.
    """
    if name not in TOYS:
        raise ValueError(f"There is no toy {name!r}; there are: {', '.join(TOYS)}.")
    size = _number("size", size, at_least=32)
    count = _number("count", 200 if count is None else count, at_least=1)
    seed = _number("seed", seed, at_least=0)
    recipe = {"toy": name, "size": size, "count": count, "seed": seed,
              "version": VERSION}
    suffix = f"_seed{seed}" if seed else ""
    folder = Path(root) / f"{name}_{size}px_{count}{suffix}"

    is_new = not folder.exists()
    if not is_new:
        _check_recipe(folder, recipe)
    missing = [(split, i) for split in SPLITS for i in _numbers(split, count)
               if not (folder / split / f"{i}.jpg").is_file()]
    if not missing:
        return folder

    aside = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    try:
        _make_folders(aside, root)
        quiet = not progress or len(missing) <= 50
        for split, i in tqdm(missing, desc=f"drawing {name}", unit="picture",
                             dynamic_ncols=True, disable=quiet):
            pair = TOYS[name](size, (seed, SPLITS.index(split), i))
            _save_pair(aside / split / f"{i}.jpg", *pair)
        if is_new:
            (aside / "toy.json").write_text(json.dumps(recipe, indent=2) + "\n")
            _move_folder(aside, folder, recipe)
        else:
            for split, i in missing:
                (folder / split).mkdir(exist_ok=True)
                os.replace(aside / split / f"{i}.jpg", folder / split / f"{i}.jpg")
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def _number(name: str, value: int, at_least: int) -> int:
    """The value as an int, refused if it is none or too small."""
    try:
        value = operator.index(value)
    except TypeError:
        raise ValueError(f"{name}={value!r} is no whole number.") from None
    if value < at_least:
        raise ValueError(f"{name}={value} is too small: use {at_least} or more.")
    return value


def _numbers(split: str, count: int) -> range:
    """The numbers of the pictures in a split, from 1 on like those of the archives."""
    return range(1, 1 + (count if split == "train" else max(4, count // 10)))


def _check_recipe(folder: Path, recipe: dict) -> None:
    """Refuse a folder that holds something other than what the recipe gives."""
    try:
        found = json.loads((folder / "toy.json").read_text())
    except (OSError, ValueError):
        found = None
    if found != recipe:
        why = "was drawn by another version" if found else "is none of our drawings"
        raise FileExistsError(
            f"{folder} {why}: its toy.json does not hold the parameters asked for. "
            "Move or delete the folder, or choose another root."
        )


def _make_folders(aside: Path, root: str | Path) -> None:
    try:
        for split in SPLITS:
            (aside / split).mkdir(parents=True)
    except OSError as error:
        raise RuntimeError(
            f"Cannot write to {root} ({error.strerror}): choose another root."
        ) from error


def _save_pair(path: Path, a: np.ndarray, b: np.ndarray) -> None:
    """Write A | B as one picture; full colour resolution keeps the labels crisp."""
    pair = Image.fromarray(np.concatenate([a, b], axis=1))
    pair.save(path, quality=95, subsampling=0)


def _move_folder(aside: Path, folder: Path, recipe: dict) -> None:
    """Give the finished folder its name, unless another process was faster."""
    try:
        aside.rename(folder)
    except OSError:
        if not folder.exists():
            raise
        _check_recipe(folder, recipe)
