"""From an archive to the folder of a data set, checked against the table."""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Iterator
from datetime import datetime, timezone

from .archives import ArchiveError, extract, kind_of
from .catalog import ARCHIVES, DownloadError, counts_text, layout_text
from .layouts import LAYOUTS, count_pictures, missing_folders
from .mirrors import is_url, shown
from .pins import check_file, note_checksum, write_json

_log = logging.getLogger(__name__)


def unpack(archive, source, file, work, progress):
    """Unpack and check an archive (or copy a folder) into the folder `work`.

    Returns the folder of the data set in there, with ``.source.json`` in it, ready to
    be moved into place.
    """
    hidden, unpacked = work.parent, work / "unpacked"
    shutil.rmtree(work, ignore_errors=True)
    unpacked.mkdir(parents=True)
    record = {"source": shown(source),
              "date": datetime.now(timezone.utc).isoformat(timespec="seconds")}
    if file.is_dir():
        _copy(file, unpacked)
    else:
        with clear_archive_errors(source):
            kind_of(file)  # a web page deserves a better message than its size
            record.update(check_file(archive, source, file, hidden))
            _extract(archive, file, unpacked, progress)
    content = _content(archive, source, unpacked)
    _leave_out_others(archive, content)
    record["pictures"] = count_pictures(content)
    _check_counts(archive, source, record["pictures"])
    write_json(content / ".source.json", record)
    if is_url(source):
        note_checksum(archive, hidden, record)
    return content


@contextlib.contextmanager
def clear_archive_errors(source) -> Iterator[None]:
    try:
        yield
    except ArchiveError as error:
        raise DownloadError(f"{shown(source)} {error.reason}. Nothing was kept; try "
                            "again, or name another archive by source=.") from error


def _extract(archive, file, folder, progress):
    from tqdm import tqdm

    with tqdm(desc=f"unpacking {archive.name}", unit=" files", ncols=79,
              disable=not progress) as bar:
        extract(file, folder, max_files=archive.max_files, max_bytes=archive.max_bytes,
                on_file=bar.update)


def _copy(source, folder):
    """Copy an unpacked data set: the files beside and in its folders."""
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
    while missing := missing_folders(archive.kind, folder):
        inner = _folders(folder)
        if len(inner) != 1 or not _folders(inner[0]):
            found = sorted(path.name for path in folder.iterdir())
            raise DownloadError(
                f"{shown(source)} has no pictures in a folder {' or '.join(missing)}; "
                f"it holds {', '.join(found[:5]) or 'nothing'}. Nothing was kept; "
                + _advice(archive, folder)
            )
        folder = inner[0]
    return folder


def _advice(archive, folder):
    for kind in LAYOUTS:
        if not missing_folders(kind, folder):
            names = [a.name for a in ARCHIVES.values() if a.kind == kind]
            return (f"it is laid out as {kind!r} data: ask for one of these by name "
                    f"({', '.join(names)}).")
    return f"{archive.name} is {layout_text(archive)}."


def _folders(folder):
    return [path for path in folder.iterdir() if path.is_dir()]


def _leave_out_others(archive, content):
    """Remove folders of another layout: the unpaired maps come with pairs as well."""
    for folder in _folders(content):
        if folder.name not in LAYOUTS[archive.kind].folders:
            _log.info("%s: %s/ is not part of the layout and left out.", archive.name,
                      folder.name)
            shutil.rmtree(folder)


def _check_counts(archive, source, counts):
    """Compare with the public archive, which a user's own need not be equal to."""
    expected = sum(archive.splits.values())
    if counts == archive.splits:
        return
    if source in archive.urls:
        # A known checksum says more than a count: the file is the one that was meant.
        if archive.exact and archive.sha256 is None:
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
