"""Lay out pictures of your own as a data set; what you have is never changed."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import unicodedata
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from .checks import compare_sizes, find_clashes, match_partners
from .examine import Facts, examine, in_threads
from .pictures import list_pictures, read_picture
from .reports import Problem, describe

_log = logging.getLogger(__name__)


class PrepareError(ValueError):
    """Pictures of which no data set can be made; ``problems`` says why, by name."""

    def __init__(self, problems: Iterable[Problem]):
        self.problems = list(problems)
        super().__init__("Nothing was written, for these reasons:\n"
                         + describe(self.problems, most=5))


def join_pairs(folder_a: str | os.PathLike, folder_b: str | os.PathLike,
               target: str | os.PathLike, *, val: float = 0.1, seed: int = 0,
               size: int | None = None, nearest: str = "",
               progress: bool = True) -> Path:
    """Join the pictures of two folders that have the same names: A left, B right.

    Partners may differ in suffix. They come upright and as RGB (see `read_picture`)
    and are written as PNG, which keeps the colours of label maps exact.

    Parameters
    ----------
    folder_a, folder_b : str or path
        The two folders.
    target : str or path
        The data set to make: ``train/`` and ``val/``.
    val : float
        Share of the pairs to hold out, in [0, 1), at least one pair; none at 0.
    seed : int
        Another seed holds out others. It gives each name a place in a line, whose first
        are held out: files added later move hardly any other.
    size : int, optional
        Resize both halves to squares of this side in pixels. By default they keep
        their size, which must be that of their partner.
    nearest : str
        ``"A"``, ``"B"`` or ``"AB"``: halves to resize without mixing colours (nearest
        neighbour), as label maps need it. Others are resized smoothly (bicubic).
    progress : bool
        Show a progress bar when there are more than 50 pictures.

    Returns
    -------
    pathlib.Path
        The target. It is complete, or after an error not there at all.

    Raises
    ------
    PrepareError
        If pictures lack a partner, differ from it in size, are unreadable or too few.
        All of this is found, and listed, before anything is written.
    FileNotFoundError
        If a folder does not exist or holds no picture.
    FileExistsError
        If the target exists and is not empty.
    ValueError
        If a number is out of range, a folder is given twice, or the target lies in it.
    RuntimeError
        If the target cannot be written.
    """
    if size is not None and not (isinstance(size, int) and size >= 1):
        raise ValueError(f"size={size} must be a whole number of pixels, 1 or more.")
    if not set(nearest) <= set("AB"):
        raise ValueError(f"nearest={nearest!r} must be 'A', 'B' or 'AB'.")
    _check_options(target, val, folder_a, folder_b)
    partners, problems = match_partners(
        {str(folder): list_pictures(folder) for folder in (folder_a, folder_b)})
    pairs = {f"{stem}.png": tuple(paths.values()) for stem, paths in partners.items()}
    problems += find_clashes({name: paths[0] for name, paths in pairs.items()})
    facts = _examine({path: "picture" for pair in pairs.values() for path in pair},
                     progress)
    for pair in pairs.values():
        compare_sizes([facts[path] for path in pair], "make both show the same part, "
                      "upright" + ("" if size else "; give a size if one is a scaled "
                                   "copy of the other"), scaled=bool(size))
        width, height = facts[pair[0]].size or (1, 1)
        if not size and 2 * width <= height:
            facts[pair[0]].problem(
                f"is {width}x{height} pixels, too narrow for a pair wider than high",
                "give a size, for square halves")
    held_out = _hold_out(pairs, val, seed, folder_a, problems)
    _refuse(problems, facts)
    for side, paths in zip("AB", zip(*pairs.values())):
        jpegs = sum(path.suffix.lower() in (".jpg", ".jpeg") for path in paths)
        if side in nearest and jpegs:
            _log.warning("%d label maps in %s are JPEGs, whose colours are blurred at "
                         "edges: PNGs would be exact.", jpegs, paths[0].parent)

    filters = {False: Image.BICUBIC, True: Image.NEAREST}

    def write(path, pair):
        halves = [Image.fromarray(read_picture(half)) for half in pair]
        if size:
            halves = [half.resize((size, size), filters[side in nearest])
                      for side, half in zip("AB", halves)]
        # Pillow's own level, 6, takes three times as long for 6 % fewer bytes.
        Image.fromarray(np.concatenate(halves, axis=1)).save(path, compress_level=3)

    return _write(target, {f"{'val' if name in held_out else 'train'}/{name}": pair
                           for name, pair in pairs.items()}, write, progress)


def split_pairs(folder: str | os.PathLike, target: str | os.PathLike, *,
                val: float = 0.1, seed: int = 0, progress: bool = True) -> Path:
    """Split pictures of A and B side by side; copies of the files, see `join_pairs`."""
    _check_options(target, val, folder)
    paths = {path.name: path for path in list_pictures(folder)}
    problems = find_clashes(paths)
    facts = _examine(dict.fromkeys(paths.values(), "pair"), progress)
    held_out = _hold_out(paths, val, seed, folder, problems)
    _refuse(problems, facts)
    return _write(target, {f"{'val' if name in held_out else 'train'}/{name}": path
                           for name, path in paths.items()}, _copy_file, progress)


def split_unpaired(folder_a: str | os.PathLike, folder_b: str | os.PathLike,
                   target: str | os.PathLike, *, test: float = 0.1, seed: int = 0,
                   progress: bool = True) -> Path:
    """Split two folders without partners into ``trainA/ trainB/ testA/ testB/``.

    Files are copied as they are. ``test`` is the share of each folder to hold out; for
    the rest, see `join_pairs`.
    """
    _check_options(target, test, folder_a, folder_b)
    problems, facts, jobs = [], {}, {}
    for side, folder in (("A", folder_a), ("B", folder_b)):
        paths = {path.name: path for path in list_pictures(folder)}
        problems += find_clashes(paths)
        facts |= _examine(dict.fromkeys(paths.values(), "picture"), progress)
        held_out = _hold_out(paths, test, seed, folder, problems)
        jobs |= {f"{'test' if name in held_out else 'train'}{side}/{name}": path
                 for name, path in paths.items()}
    _refuse(problems, facts)
    return _write(target, jobs, _copy_file, progress)


def collect_labels(images: str | os.PathLike, labels: str | os.PathLike,
                   target: str | os.PathLike, *,
                   instances: str | os.PathLike | None = None, test: float = 0.1,
                   seed: int = 0, progress: bool = True) -> Path:
    """Split photos and their maps into ``train_img/ train_label/ test_img/ ...``.

    Partners have the same name, apart from the endings that Cityscapes gives them.
    Files are copied as they are. ``test`` is the share to hold out; for the rest, see
    `join_pairs`.

    Parameters
    ----------
    images, labels : str or path
        Photos, and maps whose pixels are label numbers.
    instances : str or path, optional
        Maps whose pixels number the objects, for ``train_inst/`` and ``test_inst/``.
    """
    folders = [folder for folder in (images, labels, instances) if folder is not None]
    _check_options(target, test, *folders)
    listed = {str(folder): list_pictures(folder) for folder in folders}
    parts = dict(zip(listed, ("img", "label", "inst")))
    partners, problems = match_partners(listed)
    facts = {}
    for paths, role in zip(listed.values(), ("picture", "label", "instance")):
        problems += find_clashes({path.name: path for path in paths})
        facts |= _examine(dict.fromkeys(paths, role), progress)
    for paths in partners.values():
        compare_sizes([facts[path] for path in paths.values()],
                      "make the map from the very pixels of its photo")
    held_out = _hold_out(partners, test, seed, images, problems)
    _refuse(problems, facts)
    return _write(target, {
        f"{'test' if stem in held_out else 'train'}_{parts[folder]}/{path.name}": path
        for stem, paths in partners.items() for folder, path in paths.items()},
        _copy_file, progress)


def _check_options(target, share, *folders):
    """Refuse what needs no look at the pictures."""
    if not 0 <= share < 1:
        raise ValueError(f"The share to hold out is {share}: give 0 or more, below 1.")
    target, real = Path(target), [Path(folder).resolve() for folder in folders]
    for folder, path in zip(folders, real):
        if real.count(path) > 1:
            raise ValueError(f"{folder} is given twice: give each its own folder.")
        if path in (target.resolve(), *target.resolve().parents):
            raise ValueError(f"{target} lies inside {folder}, which is not to be "
                             "changed: choose a target beside it.")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(
            f"{target} exists and is not empty: choose another target, or remove it.")


def _examine(roles, progress) -> dict[Path, Facts]:
    found = in_threads(lambda job: examine(*job), roles.items(), "checking", progress)
    return dict(zip(roles, found))


def _hold_out(names, share, seed, folder, problems) -> set[str]:
    """Choose names by their hash: neither the order of files nor the system matters."""
    if share and len(names) == 1:
        problems.append(Problem(Path(folder), "holds too few to hold any out",
                                "add more, or hold out a share of 0"))
    line = sorted(names, key=lambda name: hashlib.sha256(
        unicodedata.normalize("NFC", f"{seed}/{name}").encode()).digest())
    count = max(1, min(round(share * len(line)), len(line) - 1)) if share else 0
    return set(line[:count])


def _refuse(problems, facts):
    """Raise all problems as one error, if there is any."""
    of_files = [problem for found in facts.values() for problem in found.problems]
    if problems or of_files:
        raise PrepareError(problems + of_files)


def _copy_file(path, source):
    shutil.copyfile(source, path)  # its bytes, not its permissions


def _write(target, jobs: Mapping[str, object], write: Callable, progress) -> Path:
    """Write all files beside the target, and give it its name when it is complete."""
    target = Path(target)
    place = target.resolve()
    aside = place.with_name(f".{place.name}.{uuid.uuid4().hex[:8]}")
    try:
        for folder in {(aside / name).parent for name in jobs}:
            folder.mkdir(parents=True)
        in_threads(lambda job: write(aside / job[0], job[1]), jobs.items(), "writing",
                   progress)
        if place.is_dir():
            place.rmdir()  # it is empty; not every system renames onto it
        aside.rename(place)
    except OSError as error:
        raise RuntimeError(
            f"{target} cannot be written ({error.strerror or error}): make room, or "
            "choose another target.") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return target
