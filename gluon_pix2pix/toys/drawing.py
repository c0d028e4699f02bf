"""Data sets drawn by code, in the folder layouts of the downloaded ones.

They need no network and no licence, fit any size, and are read by the very same code
as real data. Each toy is one function that draws a scene from a seed; what is here
numbers the scenes, writes them, and keeps what is written complete.
"""
from __future__ import annotations

import json
import operator
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from .facades import draw_facade
from .fruit import draw_fruit
from .maps import draw_map
from .streets import draw_street, draw_street_hd

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Toy:
    """A data set that is drawn.

    Attributes
    ----------
    kind : str
        Its layout, see `layouts`: ``"paired"``, ``"unpaired"`` or ``"labels"``.
    scene : callable
        ``scene(size, seed)`` draws the pictures of one scene: A and B; or photo, label
        ids and instance ids.
    title : str
        What it shows.
    direction : str
        The direction of the lessons, ``"AtoB"`` or ``"BtoA"``.
    version : int
        Raised when a seed no longer gives the pictures it gave before.
    """

    kind: str
    scene: Callable[[int, tuple], tuple[np.ndarray, ...]]
    title: str
    direction: str = "AtoB"
    version: int = 1


TOYS: dict[str, Toy] = {
    "toy_facades": Toy("paired", draw_facade, "houses (A) and their label maps (B)",
                       "BtoA"),
    "toy_maps": Toy("paired", draw_map, "towns from above (A) and street maps (B)"),
    "toy_streets": Toy("paired", draw_street, "streets (A) and their label maps (B)",
                       "BtoA"),
    "toy_streets_hd": Toy("labels", draw_street_hd, "streets, twice as wide as high, "
                          "with label and instance maps"),
    "toy_fruit": Toy("unpaired", draw_fruit, "apples (A) and oranges (B)"),
}


def draw(name: str, root: str | Path = "data", size: int = 128,
         count: int | None = None, seed: int = 0, progress: bool = True) -> Path:
    """Draw a data set, unless it is there already.

    The folder's name tells its parameters, ``toy_facades_128px_200`` for example, so
    that data sets of several sizes live side by side. Picture ``i`` of a split depends
    on the size, the seed, the split and ``i`` alone: a larger data set begins with
    the pictures of a smaller one. In an unpaired data set no training picture of A
    shows the scene of one of B, while ``testA`` and ``testB`` show the same scenes
    under the same names: so translations can be compared with the truth.

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
        Height of one picture in pixels, at least 32. Pictures are square, but streets
        with instance maps twice as wide; a pair is ``2 * size`` wide.
    count : int, optional
        Number of training pictures (of each domain), 200 by default;
        ``max(4, count // 10)`` are drawn for each other split.
    seed : int
        0 or more; another seed draws other pictures.
    progress : bool
        Show a progress bar when there are more than 50 pictures to draw.

    Returns
    -------
    pathlib.Path
        ``<root>/<name>_<size>px_<count>``, followed by ``_seed<seed>`` if that is
        not 0. Holds the folders of the toy's layout, with pictures numbered from 1,
        and the parameters in ``toy.json``.

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
    toy = TOYS[name]
    recipe = {"toy": name, "size": size, "count": count, "seed": seed,
              "version": toy.version}
    suffix = f"_seed{seed}" if seed else ""
    folder = Path(root) / f"{name}_{size}px_{count}{suffix}"

    is_new = not folder.exists()
    if not is_new:
        _check_recipe(folder, recipe)
    missing = [scene for scene in _scenes(toy.kind, count)
               if not all((folder / file).is_file() for file in scene[2] if file)]
    if not missing:
        return folder

    files = [file for scene in missing for file in scene[2] if file]
    aside = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    try:
        _make_folders(aside, root, files)
        quiet = not progress or len(missing) <= 50
        for split, number, names in tqdm(missing, desc=f"drawing {name}", unit="scene",
                                         dynamic_ncols=True, disable=quiet):
            pictures = toy.scene(size, (seed, SPLITS.index(split), number))
            if toy.kind == "paired":
                pictures = (np.concatenate(pictures, axis=1),)
            for file, picture in zip(names, pictures, strict=True):
                if file:
                    _save(aside / file, picture)
        if is_new:
            (aside / "toy.json").write_text(json.dumps(recipe, indent=2) + "\n")
            _move_folder(aside, folder, recipe)
        else:
            for file in files:
                if not (folder / file).is_file():
                    (folder / file).parent.mkdir(exist_ok=True)
                    os.replace(aside / file, folder / file)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def _scenes(kind: str, count: int) -> Iterator[tuple]:
    """Yield (split, number, files) of each scene; a file may be None: not written."""
    held_out = max(4, count // 10)
    if kind == "paired":
        for split in SPLITS:
            for i in range(1, 1 + (count if split == "train" else held_out)):
                yield split, i, (f"{split}/{i}.jpg",)
    elif kind == "unpaired":
        for i in range(1, 1 + count):  # A shows the odd scenes, B the even ones
            yield "train", 2 * i - 1, (f"trainA/{i}.jpg", None)
            yield "train", 2 * i, (None, f"trainB/{i}.jpg")
        for i in range(1, 1 + held_out):
            yield "test", i, (f"testA/{i}.jpg", f"testB/{i}.jpg")
    else:
        for split, most in (("train", count), ("test", held_out)):
            for i in range(1, 1 + most):
                yield split, i, tuple(f"{split}_{part}/{i}.png"
                                      for part in ("img", "label", "inst"))


def _number(name: str, value: int, at_least: int) -> int:
    """The value as an int, refused if it is none or too small."""
    try:
        value = operator.index(value)
    except TypeError:
        raise ValueError(f"{name}={value!r} is no whole number.") from None
    if value < at_least:
        raise ValueError(f"{name}={value} is too small: use {at_least} or more.")
    return value


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


def _make_folders(aside: Path, root: str | Path, files: list[str]) -> None:
    try:
        for file in files:
            (aside / file).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RuntimeError(
            f"Cannot write to {root} ({error.strerror}): choose another root."
        ) from error


def _save(path: Path, picture: np.ndarray) -> None:
    """Write a picture; full colour resolution keeps labels crisp in a JPEG."""
    if picture.dtype == np.int32:  # instance ids, below 2**16
        picture = picture.astype(np.uint16)
    options = {"quality": 95, "subsampling": 0} if path.suffix == ".jpg" else {}
    Image.fromarray(picture).save(path, **options)


def _move_folder(aside: Path, folder: Path, recipe: dict) -> None:
    """Give the finished folder its name, unless another process was faster."""
    try:
        aside.rename(folder)
    except OSError:
        if not folder.exists():
            raise
        _check_recipe(folder, recipe)
