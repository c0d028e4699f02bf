"""Fetch a data set by name: checked, unpacked aside, moved into place at the end."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from .catalog import (
    ARCHIVES,
    Archive,
    DownloadError,
    find_archive,
    is_there,
    list_archives,
    size_text,
)
from .data_table import archive_details, archive_table
from .fetching import Part, fetch
from .layouts import count_pictures
from .locking import only_one
from .mirrors import MIRROR_VARIABLE, is_url, list_sources, local_path, shown
from .unpacking import clear_archive_errors, unpack

__all__ = ["ARCHIVES", "MIRROR_VARIABLE", "Archive", "DownloadError",
           "archive_details", "archive_table", "count_pictures", "download",
           "list_archives"]
_log = logging.getLogger(__name__)


def download(name: str, root: str | os.PathLike = "data",
             source: str | os.PathLike | None = None, progress: bool = True, *,
             keep_archive: bool = False) -> Path:
    """Make sure that a data set is there, and return its folder.

    A folder that exists is complete, because it is unpacked elsewhere and moved into
    place in one step. It is taken as it is, without a look at the network. Two
    processes that ask at once fetch once.

    Parameters
    ----------
    name : str
        A name of the table; see `list_archives`.
    root : str or Path, optional
        The folder of all data sets. The data set becomes ``<root>/<name>``.
    source : str or Path, optional
        Where to take it from instead of anywhere else: the URL of an archive, an
        archive on disk (tar, also compressed, or zip), a folder that holds such an
        archive named ``<name>.tar.gz``, ``<name>.zip`` or the like, or the unpacked
        data set itself.
    progress : bool, optional
        Show progress bars.
    keep_archive : bool, optional
        Keep a downloaded archive as ``<root>/<name>.tar.gz`` (or ``.zip``), to serve
        others as a mirror. Archives that were on disk before are never touched.

    Returns
    -------
    Path
        ``<root>/<name>``, with the folders of its layout in it: ``train`` and mostly
        ``val``, ``test``; or ``trainA``, ``trainB``, ``testA``, ``testB``; see
        `layouts.LAYOUTS`. Folders that are not of the layout are left out.

    Raises
    ------
    DownloadError
        If the name is unknown, no source has the archive, it is not what it should be,
        or it cannot be stored. No part of a data set is left behind then.

    Notes
    -----
    ``PIX2PIX_DATA_MIRROR`` names folders or base URLs that hold ``<name>.tar.gz`` (or
    ``.zip``, as on the public host), several of them separated by ``;``. The word
    ``public`` among them stands for the public hosts, which are left out otherwise.
    Where no checksum is public, the one seen first at a URL is noted in
    ``<root>/.downloads`` and must then stay the same.

    A transfer that was interrupted, in whatever way, goes on where it stopped when the
    host can tell that its file is still the same, and starts again otherwise.
    """
    archive = find_archive(name)
    root = Path(root).expanduser()
    target = root / name
    with _clear_errors(archive, root):
        if is_there(archive, target):
            if source is not None and not _came_from(target, source):
                _log.warning("%s is there already; delete it to take %s instead.",
                             target, shown(source))
            return target
        if target.is_symlink():
            raise DownloadError(f"{target} is a link, and there are no pictures behind "
                                "it: remove it, or choose that place by root.")
        sources = list_sources(archive, source)
        hidden = root / ".downloads"
        hidden.mkdir(parents=True, exist_ok=True)
        with only_one(hidden / f"{name}.lock",
                      f"Another process is fetching {name}; waiting for it."):
            if not is_there(archive, target):  # someone else may have been faster
                _first_that_works(archive, sources, target, progress, keep_archive)
    return target


def _came_from(target, source):
    """Tell whether a data set was made from this very source, or is the source."""
    if not is_url(source) and local_path(source).resolve() in (
            target.resolve(), target.parent.resolve()):
        return True
    try:
        record = json.loads((target / ".source.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    if is_url(source):
        return record.get("source") == shown(source)
    made_from, named = Path(record.get("source", "")), local_path(source).resolve()
    return named in (made_from, *made_from.parents)


@contextlib.contextmanager
def _clear_errors(archive, root) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
            raise DownloadError(
                f"The disk of {root} is full: {archive.name!r} needs about "
                f"{size_text(2 * archive.bytes)} while it is unpacked. Nothing was "
                "kept; free some space, or choose another root."
            ) from error
        if isinstance(error, PermissionError) or error.errno == errno.EROFS:
            raise DownloadError(
                f"No permission for {error.filename or root}: change its permissions, "
                "or choose a root where you may write."
            ) from error
        raise DownloadError(
            f"The data set {archive.name!r} could not be stored in {root} ({error}). "
            "Nothing was kept; choose another root, or remove what is in the way."
        ) from error


def _first_that_works(archive, sources, target, progress, keep_archive):
    for position, source in enumerate(sources, start=1):
        try:
            return _install(archive, source, target, progress, keep_archive)
        except DownloadError as failure:
            if len(sources) == 1:
                raise
            if position == len(sources):
                raise DownloadError(
                    f"None of {position} sources gave {archive.name!r}. The last one: "
                    f"{failure}"
                ) from failure
            # What would help is said once, with the last one.
            _log.warning("%s The next source is tried.",
                         failure.brief or failure)


def _install(archive, source, target, progress, keep_archive):
    """Fetch, check and unpack in a hidden folder; the last step makes it visible."""
    hidden = target.parent / ".downloads"
    work, part = hidden / archive.name, Part(hidden, archive.name)
    shutil.rmtree(work, ignore_errors=True)  # remains of an attempt that was killed
    try:
        if isinstance(source, Path):
            content = unpack(archive, source, source, work, progress)
        else:
            content = _fetch_and_unpack(archive, source, part, work, progress)
            if keep_archive:
                os.replace(part.path, target.parent / archive.filename)
        if target.is_dir():
            target.rmdir()  # empty, or it would have been refused; Windows minds it
        os.replace(content, target)
        part.discard()
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _fetch_and_unpack(archive, url, part, work, progress, again=True):
    """Fetch anew, once, when a file put together from several transfers is wrong.

    What arrived whole outlives Ctrl-C, to be unpacked the next time; what turned out
    wrong does not.
    """
    with clear_archive_errors(url):
        resumed = fetch(archive, url, part, progress)
    try:
        return unpack(archive, url, part.path, work, progress)
    except DownloadError as failure:
        part.discard()
        if not (resumed and again):
            raise
        _log.warning("%s It came in several transfers and is now fetched as a whole.",
                     failure)
    except Exception:
        part.discard()  # or the next attempt would trip over it, without a request
        raise
    return _fetch_and_unpack(archive, url, part, work, progress, again=False)
