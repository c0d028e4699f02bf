"""The table of data sets as text, with what is here already."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from .catalog import (
    ARCHIVES,
    DownloadError,
    counts_text,
    find_archive,
    is_there,
    layout_text,
    size_text,
)
from .layouts import count_pictures, missing_folders

_HEAD = ("name", "kind", "here", "size", "pictures", "direction")


def archive_table(root: str | os.PathLike = "data",
                  drawn: Mapping = MappingProxyType({}), about: bool = True) -> str:
    """Draw the table of data sets, with what is there already.

    Parameters
    ----------
    root : str or Path, optional
        The folder of all data sets.
    drawn : mapping, optional
        Data sets that are drawn by code, to be listed too: name to an object with
        ``kind``, ``direction`` and ``title``, as in `toys.TOYS`.
    about : bool, optional
        Tell below the table what each shows and teaches, its terms and whom to cite.

    Returns
    -------
    str
        Lines of at most 79 columns, for a terminal. ``~`` marks rough figures.
    """
    root = Path(root).expanduser()
    rows = [_HEAD, *map(_row, ARCHIVES.values(), [root] * len(ARCHIVES))]
    rows += [_drawn_row(name, toy, root) for name, toy in drawn.items()]
    widths = [max(map(len, column)) for column in zip(*rows)]
    rows.insert(1, tuple("-" * width for width in widths))
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    if about:
        for archive in ARCHIVES.values():
            lines += ["", *_about(archive)]
        lines += [""] * bool(drawn)
        lines += [_wrap(f"{name}: {toy.title}") for name, toy in drawn.items()]
    return "\n".join(lines)


def archive_details(name: str, root: str | os.PathLike = "data") -> str:
    """Tell about one data set: what it shows and teaches, its terms and its hosts.

    Raises
    ------
    DownloadError
        If there is no such data set in the table.
    """
    archive = find_archive(name)
    here = _state(archive, Path(root).expanduser())
    more = [layout_text(archive), f"size {_size(archive)}, here: {here}",
            *archive.urls, *filter(None, [archive.note])]
    return "\n".join([*_about(archive), *map(_indented, more)])


def _about(archive):
    counts = counts_text(archive.splits, _tilde(archive))
    more = archive.why, counts, archive.licence, f"cite {archive.citation}"
    return [_wrap(f"{archive.name}: {archive.title}"), *map(_indented, more)]


def _indented(text):
    return _wrap(text, "    ")


def _wrap(text, indent=""):
    """Break a line at blanks alone: addresses and names are to be copied."""
    return textwrap.fill(text, 79, initial_indent=indent, subsequent_indent=indent,
                         break_long_words=False, break_on_hyphens=False)


def _row(archive, root):
    return (archive.name, archive.kind, _state(archive, root), _size(archive),
            f"{_tilde(archive)}{sum(archive.splits.values())}", _direction(archive))


def _direction(row):
    return "-" if row.kind == "labels" else row.direction  # labels have no A and B


def _drawn_row(name, toy, root):
    folders = root.glob(f"{name}_[0-9]*px_*") if root.is_dir() else ()
    here = any(not missing_folders(toy.kind, folder) for folder in folders)
    return name, toy.kind, "yes" if here else "-", "drawn", "any", _direction(toy)


def _size(archive):
    return _tilde(archive) + size_text(archive.bytes)


def _tilde(archive):
    return "" if archive.exact else "~"


def _state(archive, root):
    target = root / archive.name
    try:
        if not is_there(archive, target):
            return "-"
    except DownloadError:
        return "incomplete"
    counts = count_pictures(target)
    found = sum(counts.get(split, 0) for split in archive.splits)
    expected = sum(archive.splits.values())
    whole = found == expected or not archive.exact and found > 0.9 * expected
    return "yes" if whole else f"{found} of {_tilde(archive)}{expected}"
