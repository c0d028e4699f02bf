"""The table of data sets that can be downloaded, and which of them are there."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# Suffixes of the files that count as pictures, here and wherever folders are read.
PICTURES = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"))
_REQUIRED = {"paired": ("train",)}  # folders that must hold pictures, by kind


class DownloadError(RuntimeError):
    """A data set that cannot be had; the message says why and what would help."""


@dataclass(frozen=True)
class Archive:
    """One row of the table: an archive, what it holds, and whose it is.

    Attributes
    ----------
    name, title : str
        Name of the data set and of its folder; what it shows.
    splits : mapping of str to int
        Number of pictures in each folder of the public archive.
    bytes : int
        Size of the public archive.
    direction : str
        The direction that the paper shows first, ``"AtoB"`` or ``"BtoA"``.
    licence, citation, note : str
        Terms of use; whom to cite; what else a user should know.
    urls : tuple of str
        Public hosts, asked in this order; none when nobody may serve it.
    exact : bool
        Whether `bytes` and `splits` are exact and checked, or figures to plan with.
    sha256 : str, optional
        Checksum, where one is public.
    kind : str
        ``"paired"``: files that hold A on the left and B on the right.
    """

    name: str
    title: str
    splits: Mapping[str, int]
    bytes: int
    direction: str
    licence: str
    citation: str
    note: str = ""
    urls: tuple[str, ...] = ()
    exact: bool = True
    sha256: str | None = None
    kind: str = "paired"

    @property
    def filename(self) -> str:
        """Name of the archive's file on a mirror."""
        return self.urls[0].rsplit("/", 1)[-1] if self.urls else self.name + ".tar.gz"

    @property
    def max_files(self) -> int:
        """Most members to unpack; generous, a user's own archive may be larger."""
        return max(20_000, 4 * sum(self.splits.values()))

    @property
    def max_bytes(self) -> int:
        """Most bytes to unpack; pictures are compressed already."""
        return max(2 * 2**30, 4 * self.bytes)


def _public(name):
    return (f"http://efrosgans.eecs.berkeley.edu/pix2pix/datasets/{name}.tar.gz",)


ARCHIVES: dict[str, Archive] = {archive.name: archive for archive in (
    Archive(
        "facades", "photos of facades (A) and their label maps (B), 256 px",
        {"train": 400, "val": 100, "test": 106}, 30_168_306, "BtoA",
        "CMP Facade Database: research, with attribution",
        "Tylecek and Sara, GCPR 2013", urls=_public("facades"),
    ),
    Archive(
        "maps", "aerial photos (A) and street maps (B), 600 px",
        {"train": 1096, "val": 1098}, 250_242_400, "AtoB",
        "scraped from Google Maps: do not redistribute",
        "Isola et al., CVPR 2017", urls=_public("maps"),
    ),
    Archive(
        "edges2shoes", "edges (A) and photos (B) of shoes, 256 px",
        {"train": 50_000, "val": 200}, 2_200_000_000, "AtoB",
        "UT Zappos50K: academic, not commercial",
        "Yu and Grauman, CVPR 2014; Xie and Tu, ICCV 2015",
        urls=_public("edges2shoes"), exact=False,
    ),
    Archive(
        "edges2handbags", "edges (A) and photos (B) of handbags, 256 px",
        {"train": 137_000, "val": 200}, 8_600_000_000, "AtoB",
        "product photos of Amazon: do not redistribute",
        "Zhu et al., ECCV 2016; Xie and Tu, ICCV 2015",
        urls=_public("edges2handbags"), exact=False,
    ),
    Archive(
        "night2day", "outdoor scenes by night (A) and by day (B), 256 px",
        {"train": 20_000}, 2_000_000_000, "BtoA",
        "Transient Attributes: research, with attribution",
        "Laffont et al., SIGGRAPH 2014", urls=_public("night2day"), exact=False,
    ),
    Archive(
        "cityscapes", "photos of streets (A) and their label maps (B), 256 px",
        {"train": 2975, "val": 500}, 113_000_000, "BtoA",
        "Cityscapes: registration with its owner, not commercial",
        "Cordts et al., CVPR 2016", exact=False,
        note="Cityscapes is given out by its owner alone, after registration "
             "(www.cityscapes-dataset.com).",
    ),
)}


def list_archives() -> list[Archive]:
    """Return the rows of the table, in the order in which they are shown."""
    return list(ARCHIVES.values())


def find_archive(name):
    if name in ARCHIVES:
        return ARCHIVES[name]
    similar = difflib.get_close_matches(str(name), ARCHIVES, n=1)
    raise DownloadError(
        f"There is no data set {name!r} to download"
        + (f"; did you mean {similar[0]!r}? " if similar else ". ")
        + f"Choose one of {', '.join(ARCHIVES)}; toy_facades is drawn, and pairs of "
        "your own are named by their folder."
    )


def count_pictures(folder: str | os.PathLike) -> dict[str, int]:
    """Count the pictures in each folder of a data set: ``{"train": 400, "val": 100}``.

    Hidden files and folders, and folders without a picture, do not count.
    """
    counts = {}
    for path in sorted(Path(folder).iterdir()):
        if path.is_dir() and not path.name.startswith("."):
            with os.scandir(path) as files:
                counts[path.name] = sum(map(is_picture, files))
    order = ["train", "val", "test"]
    found = sorted(filter(counts.get, counts), key=lambda split: (
        order.index(split) if split in order else len(order), split))
    return {split: counts[split] for split in found}


def is_picture(file: os.DirEntry | Path) -> bool:
    """Tell by its name whether a file counts as a picture; hidden ones do not."""
    return (not file.name.startswith(".")
            and os.path.splitext(file.name)[1].lower() in PICTURES)


def missing_folders(archive, folder):
    """Name the folders that must hold pictures and do not, quickly: no counting."""
    def holds_a_picture(split):
        try:
            with os.scandir(folder / split) as files:
                return any(map(is_picture, files))
        except (FileNotFoundError, NotADirectoryError):
            return False

    return [split for split in _REQUIRED[archive.kind] if not holds_a_picture(split)]


def is_there(archive, target):
    missing = missing_folders(archive, target)
    if not missing:
        return True
    if not os.path.lexists(target) or (target.is_dir() and not any(target.iterdir())):
        return False
    raise DownloadError(
        f"{target} exists, but has no pictures in {' and '.join(missing)}: it is no "
        f"complete data set {archive.name!r}. Move it away or delete it and try again."
    )


def archive_table(root: str | os.PathLike = "data") -> str:
    """Draw the table of data sets as text, with what is there already.

    Parameters
    ----------
    root : str or Path, optional
        The folder of all data sets.

    Returns
    -------
    str
        Lines of at most 79 columns, for a terminal. ``~`` marks rough figures.
    """
    rows = [("name", "here", "size", "direction", "pictures")]
    for archive in ARCHIVES.values():
        about = "" if archive.exact else "~"
        rows.append((archive.name, _state(archive, Path(root).expanduser()),
                     about + size_text(archive.bytes), archive.direction,
                     counts_text(archive.splits, about)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, tuple("-" * width for width in widths))
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    lines.append("")
    for archive in ARCHIVES.values():
        lines += [f"{archive.name}: {archive.title}",
                  f"    {archive.licence}", f"    cite {archive.citation}"]
    return "\n".join(lines)


def _state(archive, root):
    try:
        if not is_there(archive, root / archive.name):
            return "-"
    except DownloadError:
        return "incomplete"
    found = sum(count_pictures(root / archive.name).values())
    expected = sum(archive.splits.values())
    return "yes" if found == expected or not archive.exact else f"{found} of {expected}"


def counts_text(counts, about=""):
    return ", ".join(f"{split} {about}{count}" for split, count in counts.items())


def size_text(number):
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{number / 1e6:.0f} MB"
