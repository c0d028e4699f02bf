"""Fetch a data set by name: checked, unpacked aside, moved into place at the end."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from .archives import ArchiveError, extract, kind_of
from .catalog import (
    ARCHIVES,
    Archive,
    DownloadError,
    archive_table,
    count_pictures,
    counts_text,
    find_archive,
    is_there,
    list_archives,
    missing_folders,
    size_text,
)
from .fetching import (
    MIRROR_VARIABLE,
    check_file,
    fetch,
    is_url,
    list_sources,
    local_path,
    note_checksum,
    shown,
    write_json,
)

__all__ = ["ARCHIVES", "MIRROR_VARIABLE", "Archive", "DownloadError", "archive_table",
           "count_pictures", "download", "list_archives"]
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
        archive named ``<name>.tar.gz`` or the like, or the unpacked data set itself.
    progress : bool, optional
        Show progress bars.
    keep_archive : bool, optional
        Keep a downloaded archive as ``<root>/<name>.tar.gz``, to serve others as a
        mirror. Archives that were on disk before are never touched.

    Returns
    -------
    Path
        ``<root>/<name>``, with ``train`` and mostly ``val``, ``test`` in it.

    Raises
    ------
    DownloadError
        If the name is unknown, no source has the archive, it is not what it should be,
        or it cannot be stored. No part of a data set is left behind then.

    Notes
    -----
    ``PIX2PIX_DATA_MIRROR`` names folders or base URLs that hold ``<name>.tar.gz``,
    several of them separated by ``;``. The word ``public`` among them stands for the
    public hosts, which are left out otherwise. Where no checksum is public, the one
    seen first at a URL is noted in ``<root>/.downloads`` and must then stay the same.
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
        sources = list_sources(archive, source)
        hidden = root / ".downloads"
        hidden.mkdir(parents=True, exist_ok=True)
        with _only_one(hidden / f"{name}.lock", name):
            if not is_there(archive, target):  # someone else may have been faster
                _first_that_works(archive, sources, target, progress, keep_archive)
    return target


def _came_from(target, source):
    """Tell whether a data set was made from this very source."""
    try:
        record = json.loads((target / ".source.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    if is_url(source):
        return record.get("source") == shown(source)
    made_from, named = Path(record.get("source", "")), local_path(source).resolve()
    return named in (made_from, *made_from.parents)


@contextlib.contextmanager
def _only_one(path, name) -> Iterator[None]:
    """Hold a lock of the operating system; it dies with the process that holds it."""
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        _log.warning("Another process is fetching %s; waiting for it.", name)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


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
            _log.warning("%s The next source is tried.", failure)


def _install(archive, source, target, progress, keep_archive):
    """Fetch, check and unpack into a hidden folder; the last step makes it visible."""
    hidden = target.parent / ".downloads"
    work, unpacked = hidden / archive.name, hidden / archive.name / "unpacked"
    shutil.rmtree(work, ignore_errors=True)  # remains of an attempt that was killed
    try:
        unpacked.mkdir(parents=True)
        record = {"source": shown(source),
                  "date": datetime.now(timezone.utc).isoformat(timespec="seconds")}
        file = source
        if isinstance(source, str):
            if source in archive.urls and _free(hidden) < 2 * archive.bytes:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(hidden))
            file = work / archive.filename
            fetch(archive, source, file, progress)
        if file.is_dir():
            _copy(file, unpacked)
        else:
            with _bad_archive(source):
                kind_of(file)  # a web page deserves a better message than its size
                record.update(check_file(archive, source, file, hidden))
                _unpack(archive, file, unpacked, progress)
        content = _content(archive, source, unpacked)
        record["pictures"] = count_pictures(content)
        _check_counts(archive, source, record["pictures"])
        write_json(content / ".source.json", record)
        if isinstance(source, str):
            note_checksum(archive, hidden, record)
            if keep_archive:
                os.replace(file, target.parent / archive.filename)
        if target.is_dir():
            target.rmdir()  # empty, or it would have been refused; Windows minds it
        os.replace(content, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _free(folder):
    return shutil.disk_usage(folder).free


@contextlib.contextmanager
def _bad_archive(source) -> Iterator[None]:
    try:
        yield
    except ArchiveError as error:
        raise DownloadError(f"{shown(source)} {error.reason}. Nothing was kept; try "
                            "again, or name another archive by source=.") from error


def _unpack(archive, file, folder, progress):
    from tqdm import tqdm

    with tqdm(desc=f"unpacking {archive.name}", unit=" files", ncols=79,
              disable=not progress) as bar:
        extract(file, folder, max_files=archive.max_files, max_bytes=archive.max_bytes,
                on_file=bar.update)


def _copy(source, folder):
    """Copy an unpacked data set: the files beside and in its split folders."""
    for pattern in ("*", "*/*"):
        for path in source.glob(pattern):
            parts = path.relative_to(source).parts
            if path.is_file() and not any(part.startswith(".") for part in parts):
                target = folder.joinpath(*parts)
                target.parent.mkdir(exist_ok=True)
                shutil.copyfile(path, target)


def _content(archive, source, unpacked):
    """Find the data set among what was unpacked, below any folders around it."""
    folder = unpacked
    while missing := missing_folders(archive, folder):
        inner = _folders(folder)
        if len(inner) != 1 or not _folders(inner[0]):
            found = sorted(path.name for path in folder.iterdir())
            raise DownloadError(
                f"{shown(source)} has no pictures in a folder {' or '.join(missing)}; "
                f"it holds {', '.join(found[:5]) or 'nothing'}. Nothing was kept; "
                "data/README.md shows the layout."
            )
        folder = inner[0]
    return folder


def _folders(folder):
    return [path for path in folder.iterdir() if path.is_dir()]


def _check_counts(archive, source, counts):
    """Compare with the public archive, which a user's own need not be equal to."""
    expected = sum(archive.splits.values())
    if counts == archive.splits:
        return
    if source in archive.urls:
        if archive.exact:
            raise DownloadError(
                f"{source} holds {counts_text(counts)} pictures instead of "
                f"{counts_text(archive.splits)}: it was replaced on its host. Nothing "
                "was kept; name another archive by source=."
            )
        if abs(sum(counts.values()) - expected) < 0.1 * expected:
            return
    public = counts_text(archive.splits, "" if archive.exact else "~")
    _log.warning("%s: %s pictures; the public archive has %s.", shown(source),
                 counts_text(counts), public)
