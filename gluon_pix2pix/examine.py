"""Decode picture files and note what is wrong with each, whatever lies beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from .pictures import PictureError, read_ids, read_picture
from .reports import Problem
from .runtime import usable_cpus

_ORIENTATION = 0x0112  # the EXIF tag; 1 is upright
# At the edges of label maps, few steps lie between their neighbours: up to 0.08 in
# Cityscapes, halved again and again with nearest; from 0.17 on where maps were blurred.
_BLURRED = 0.12
_SAME = 8  # values that differ by so much may be the same, but for JPEG
_ALMOST_BLACK = 40  # brightest value of a half that may hold label numbers
_READ_AS = {  # mode -> how a picture of that mode is read, and what that may mean
    **dict.fromkeys(("1", "L", "LA"), (
        "is grey and is read with three equal channels", "fine if that is meant")),
    **dict.fromkeys(("P", "PA"), (
        "has a palette and is read as its colours",
        "fine if a viewer shows the colours you expect")),
    **dict.fromkeys(("CMYK", "YCbCr", "LAB", "HSV"), (
        "is not stored as RGB and is converted", "look whether its colours are right")),
    **dict.fromkeys(("I", "I;16", "I;16B", "I;16L"), (
        "has 16 bits, of which the upper 8 are read",
        "stretch its contrast to the whole range first if it comes out dark")),
}


@dataclass
class Facts:
    """What a file turned out to hold.

    Attributes
    ----------
    path, mode : Path, str
        The file, and the mode in which Pillow opens it.
    size : tuple of int, optional
        Width and height in pixels as the picture is shown; None if it is unreadable.
    digest : bytes
        Equal for equal pixels.
    problems, warnings : list of Problem
        What is wrong with it: problems make training fail or learn wrong things.
    """

    path: Path
    mode: str = ""
    size: tuple[int, int] | None = None
    digest: bytes = b""
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def problem(self, reason: str, remedy: str) -> None:
        """Note one more problem of this file."""
        self.problems.append(Problem(self.path, reason, remedy))

    def warning(self, reason: str, remedy: str) -> None:
        """Note one more warning about this file."""
        self.warnings.append(Problem(self.path, reason, remedy))


def in_threads(function: Callable, items: Iterable, title: str,
               progress: bool = True) -> list:
    """Apply a function to all items, in threads, and return the results in order.

    Pillow decodes and encodes without holding Python's lock, so threads do pay. A
    progress bar appears when there are more than 50 items.
    """
    items = list(items)
    pool = ThreadPoolExecutor(min(8, usable_cpus()))
    try:
        return list(tqdm(pool.map(function, items), title, len(items), unit="picture",
                         dynamic_ncols=True, disable=not progress or len(items) <= 50))
    finally:
        pool.shutdown(cancel_futures=True)  # at an error or Ctrl-C, at once


def examine(path: Path, role: str = "picture", label_nc: int | None = None) -> Facts:
    """Decode a file as training would, and look at its pixels.

    Parameters
    ----------
    path : Path
        The file.
    role : str
        ``"picture"``, ``"pair"`` (A | B), ``"label"`` or ``"instance"`` (maps).
    label_nc : int, optional
        Number of labels that values are compared with. Without it, the numbers in
        maps are not looked at.
    """
    facts = Facts(path)
    is_map = role in ("label", "instance")
    try:
        if path.is_file() and not path.stat().st_size:
            facts.problem("is an empty file", "replace or remove it")
            return facts
        pixels = read_ids(path) if is_map else read_picture(path)
        with Image.open(path) as file:  # reads the header only
            facts.mode = file.mode
            for conversion in () if is_map else _conversions(file):
                facts.warning(*conversion)
    except PictureError as error:
        facts.problem(error.reason, error.remedy)
    except OSError as error:
        facts.problem(f"cannot be opened ({error.strerror or error})",
                      "look whether it is a file that you may read")
    if facts.problems:
        return facts

    facts.size = pixels.shape[1::-1]
    facts.digest = _digest(pixels)
    if role == "pair":
        _look_at_pair(facts, pixels)
    elif is_map and label_nc:
        _look_at_map(facts, pixels, role, label_nc)
    return facts


def _digest(pixels):
    shape = str(pixels.shape).encode()  # or 2x8 and 4x4 zeros would be equal
    return hashlib.blake2b(shape + pixels.tobytes(), digest_size=16).digest()


def _conversions(file) -> Iterator[tuple[str, str]]:
    """Say what `read_picture` changes: nothing for upright RGB."""
    if file.mode in _READ_AS:
        yield _READ_AS[file.mode]
    if file.has_transparency_data:
        yield "is transparent in places, which become white", "fine if that is meant"
    if file.getexif().get(_ORIENTATION, 1) != 1:
        yield ("is turned upright, as its camera noted (EXIF)",
               "fine unless it lies on its side in a viewer")


def _look_at_pair(facts, pixels):
    height, width = pixels.shape[:2]
    if width % 2 or width <= height:
        facts.problem(f"is {width}x{height} pixels and cannot be a pair",
                      "A and B must stand side by side, each as wide as the other")
        return
    margin = width // 32  # where the halves of a JPEG meet, their colours mix
    a, b = (half[:, margin:width // 2 - margin].astype(np.int16)
            for half in np.split(pixels, 2, axis=1))
    if (a == b).all():
        facts.problem("holds the same picture twice, as A and as B",
                      "there is nothing to learn from it; join it with its partner")
    elif abs(a - b).max() <= _SAME:
        facts.warning("holds nearly the same picture twice, as A and as B",
                      "look whether it was joined with its partner")
    elif min(np.ptp(a), np.ptp(b)) <= _SAME:
        facts.warning("has a half of a single colour", "look whether A or B is missing")
    elif min(a.max(), b.max()) < _ALMOST_BLACK:
        facts.warning("has a half that is almost black",
                      "if it holds label numbers, give each label a colour")


def _look_at_map(facts, ids, role, label_nc):
    values = np.unique(ids)
    if _is_blurred(ids):
        facts.problem("has edges of in-between numbers, as smooth resizing leaves them",
                      "make it again from the original with nearest neighbours")
    elif role == "label" and (values[0] < 0 or values[-1] >= label_nc):
        outside = [str(v) for v in values if not 0 <= v < label_nc]
        listed = ", ".join(outside[:8]) + (", ..." if len(outside) > 8 else "")
        facts.problem(
            f"holds the value{'s' * (len(outside) > 1)} {listed}, and labels end at "
            f"{label_nc - 1}", "renumber its labels, or train with more (label_nc)")
    elif len(values) == 1:
        facts.warning(f"holds nothing but the number {values[0]}",
                      "look whether it was saved well")


def _is_blurred(ids):
    """Tell whether the numbers at edges run up and down in steps, as greys would."""
    steps = spans = 0
    between = set()
    for rows in (ids, ids.T):
        left, middle, right = rows[:, :-2], rows[:, 1:-1], rows[:, 2:]
        is_step = np.where(left < right, (left < middle) & (middle < right),
                           (left > middle) & (middle > right))
        between.update(np.unique(middle[is_step]).tolist())
        steps += is_step.sum()
        spans += (left != right).sum()
    # An outline drawn between two classes is no blur: it has one number, not many.
    return spans >= 20 and len(between) > 3 and steps > _BLURRED * spans
