"""The folder layouts of data sets, and how to tell which one a folder has."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

# Suffixes of the files that count as pictures, wherever folders are read.
PICTURES = frozenset((".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"))


@dataclass(frozen=True)
class Layout:
    """One way to lay out a data set.

    Attributes
    ----------
    kind, title : str
        Its name in the package; what its files hold.
    required : tuple of str
        Folders without which there is nothing to train on.
    folders : tuple of str
        All folders it may have, in the order in which they are shown.
    """

    kind: str
    title: str
    required: tuple[str, ...]
    folders: tuple[str, ...]


LAYOUTS: dict[str, Layout] = {layout.kind: layout for layout in (
    Layout("paired", "each picture holds A on the left and B on the right",
           ("train",), ("train", "val", "test")),
    Layout("unpaired", "pictures of two domains, A and B, without partners",
           ("trainA", "trainB"), ("trainA", "trainB", "testA", "testB")),
    Layout("labels", "photos, label maps and instance maps with the same names",
           ("train_img", "train_label"),
           ("train_img", "train_label", "train_inst", "train_feat",
            "test_img", "test_label", "test_inst", "test_feat")),
    Layout("aligned", "pictures A and their partners B with the same names",
           ("train_A", "train_B"),
           ("train_A", "train_B", "train_inst", "train_feat",
            "test_A", "test_B", "test_inst", "test_feat")),
)}


def is_picture(file: os.DirEntry | Path) -> bool:
    """Tell by its name whether a file counts as a picture; hidden ones do not."""
    return (not file.name.startswith(".")
            and os.path.splitext(file.name)[1].lower() in PICTURES)


def count_pictures(folder: str | os.PathLike) -> dict[str, int]:
    """Count the pictures in each folder of a data set: ``{"train": 400, "val": 100}``.

    Hidden files and folders, and folders without a picture, do not count.
    """
    counts = {}
    for path in Path(folder).iterdir():
        if path.is_dir() and not path.name.startswith("."):
            with os.scandir(path) as files:
                counts[path.name] = sum(map(is_picture, files))
    order = [name for layout in LAYOUTS.values() for name in layout.folders]
    found = sorted(filter(counts.get, counts), key=lambda name: (
        order.index(name) if name in order else len(order), name))
    return {name: counts[name] for name in found}


def missing_folders(kind: str, folder: str | os.PathLike) -> list[str]:
    """Name the folders that must hold pictures and do not, quickly: no counting."""
    def holds_a_picture(name):
        try:
            with os.scandir(Path(folder) / name) as files:
                return any(map(is_picture, files))
        except (FileNotFoundError, NotADirectoryError):
            return False

    return [name for name in LAYOUTS[kind].required if not holds_a_picture(name)]


def find_layout(folder: str | os.PathLike) -> str:
    """Tell the layout of a data set, the ``kind`` of one of `LAYOUTS`.

    What is called ``trainA`` and ``trainB`` counts as unpaired.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If it has none of the layouts; the message says what it holds.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder}.")
    for kind in LAYOUTS:
        if not missing_folders(kind, folder):
            return kind
    found = ", ".join(f"{name}/ ({count} pictures)"
                      for name, count in count_pictures(folder).items())
    known = "; ".join(f"{' and '.join(layout.required)} ({kind})"
                      for kind, layout in LAYOUTS.items())
    raise ValueError(
        f"{folder} is not laid out as a data set: it needs pictures in {known}, and "
        f"holds {found or 'no folder with pictures'}. `gluon-pix2pix prepare` makes "
        "these layouts from pictures of your own."
    )
