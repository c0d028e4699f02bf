"""The transfer of one archive: it goes on where it stopped, or starts again.

What has arrived lies in ``.downloads/<name>.part``, with a note beside it of the
address it came from, its full length, and the mark by which the host names this very
file (RFC 9110: a strong ETag, or a date of last change that is old enough). Only with
such a mark are the missing bytes asked for later (``Range`` with ``If-Range``); the
host answers with the whole file if it has another one now.
"""

from __future__ import annotations

import email.utils
import errno
import itertools
import json
import os
import re
import shutil
import time
from pathlib import Path

from .archives import kind_of_bytes
from .catalog import DownloadError
from .mirrors import MIRROR_VARIABLE, shown
from .pins import check_size, write_json

_TOYS = {"paired": "toy_facades", "unpaired": "toy_fruit", "labels": "toy_streets_hd"}
_TIMEOUT = (5, 20)  # seconds to connect, and to wait for the next piece of the answer
_ATTEMPTS = 3  # in a row that bring nothing new; an unreachable host is asked once
_CHUNK = 2**14  # bytes; what arrived of a chunk is lost when the host falls silent
_OLD_ENOUGH = 60  # seconds; a file that just changed may change again unnoticed


class Part:
    """What has arrived of an archive, and the note of what it is a part of."""

    def __init__(self, hidden: Path, name: str):
        self.path = hidden / f"{name}.part"
        self.note = hidden / f"{name}.part.json"

    def size(self) -> int:
        """Count the bytes that have arrived."""
        return self.path.stat().st_size if self.path.exists() else 0

    def about(self) -> dict:
        """Read the note: ``url``, ``bytes`` (full length) and ``mark``; {} if none."""
        try:
            about = json.loads(self.note.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return about if isinstance(about, dict) else {}

    def usable(self, url: str | None = None) -> int:
        """Count the bytes that a transfer (from this URL) need not fetch again."""
        about, size = self.about(), self.size()
        total = about.get("bytes")
        if url is not None and about.get("url") != shown(url):
            return 0
        if not isinstance(total, int) or size > total:
            return 0
        return size if size == total or about.get("mark") else 0

    def begin(self, url: str, total: int | None, mark: str | None) -> None:
        """Forget what there is and note what comes now, before its first byte."""
        self.discard()
        write_json(self.note, {"url": shown(url), "bytes": total, "mark": mark})

    def discard(self) -> None:
        """Remove what has arrived, and the note."""
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)


class _Failed(Exception):
    """An attempt that failed: why, whether it reached the host, and may be repeated."""

    def __init__(self, reason, again=True, unreachable=False):
        super().__init__(reason)
        self.reason, self.again, self.unreachable = reason, again, unreachable


def fetch(archive, url: str, part: Part, progress: bool) -> bool:
    """Download a file: the unreachable is given up at once, the unsteady is not.

    Returns
    -------
    bool
        Whether the file was put together from several transfers.

    Raises
    ------
    ArchiveError
        If the first bytes are of no archive, for instance of a login page.
    DownloadError
        If the host cannot be reached, refuses, keeps breaking off, or sends more or
        less than it should. The part is kept if the next attempt can go on from it.
    OSError
        If the disk is full or cannot be written. The part is removed.
    """
    begun = best = part.usable(url)
    resumed, failures = False, 0
    try:
        if url in archive.urls:  # room for the archive and for its pictures
            _need_space(part, 2 * archive.bytes - begun)
        while True:
            resumed = resumed or part.usable(url) > 0
            try:
                _receive(archive, url, part, progress)
                return resumed
            except _Failed as failure:
                arrived = part.usable(url)
                # Bytes never seen before are progress, and the count starts again.
                failures = 1 if arrived > best else failures + 1
                best = max(best, arrived)
                again = failure.again or (failure.unreachable and arrived > begun)
                if not again or failures >= _ATTEMPTS:
                    raise _given_up(archive, url, part, failure) from None
            time.sleep(failures)
    except OSError:
        part.discard()
        raise
    except BaseException:  # Ctrl-C above all
        if not part.usable():
            part.discard()
        raise


def _receive(archive, url, part, progress):
    """Make one request and append what it brings to the part."""
    import requests
    from urllib3.exceptions import HTTPError

    start, about = part.usable(url), part.about()
    if start and start == about["bytes"]:
        return  # everything was there when the last attempt ended
    # "identity": the archive as it is, and lengths that count its own bytes.
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers |= {"Range": f"bytes={start}-", "If-Range": about["mark"]}
    try:
        with requests.get(url, headers=headers, stream=True,
                          timeout=_TIMEOUT) as answer:
            pieces = answer.raw.stream(_CHUNK, decode_content=False)
            if answer.status_code == 206 and start:
                _check_rest(part, start, about, answer.headers)
            elif answer.status_code == 200:
                head = _head(pieces)
                # A login page is noticed now, and does not cost what had arrived.
                kind_of_bytes(head, shown(url))
                if start:  # the host has another file by now, or knows no ranges
                    part.discard()
                pieces, start = itertools.chain([head], pieces), 0
                total = _length(answer.headers)
                _check_announced(archive, url, total)
                part.begin(url, total, _mark(answer.headers))
            else:
                _refuse(answer, part)
            _store(archive, url, part, pieces, start, progress)
    except (requests.RequestException, HTTPError) as error:
        raise _broken(error) from error


def _check_announced(archive, url, total):
    """Refuse a file by its length, before gigabytes have come."""
    if total is not None:
        check_size(archive, url, total)
        if total > archive.max_bytes:
            raise _too_large(archive, url)


def _store(archive, url, part, pieces, start, progress):
    from tqdm import tqdm

    total = part.about()["bytes"]
    if total is not None:  # room for what is still to come, and for the pictures
        _need_space(part, total - start + total)
    with open(part.path, "ab") as file, tqdm(
        total=total, initial=start, unit="B", unit_scale=True, ncols=79,
        desc=archive.name, disable=not progress,
    ) as bar:
        size = start
        for piece in pieces:
            file.write(piece)
            bar.update(len(piece))
            size += len(piece)
            if size > archive.max_bytes:
                raise _too_large(archive, url)
    if total is not None and size != total:
        raise _Failed(f"the connection broke off after {size} of {total} bytes")


def _too_large(archive, url):
    return DownloadError(
        f"{shown(url)} sends more than {archive.max_bytes} bytes: it is not the "
        f"archive of {archive.name!r}. Nothing was kept; name another one by source=."
    )


def _head(pieces):
    """Take as many pieces as it needs to tell an archive from a web page."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= 512:
            break
    return head


def _length(headers):
    text = headers.get("Content-Length", "")
    return int(text) if text.isdecimal() else None


def _mark(headers):
    """Return what ``If-Range`` may name this file by, or None."""
    if headers.get("Accept-Ranges", "").lower() == "none":
        return None
    etag, changed = headers.get("ETag", ""), headers.get("Last-Modified", "")
    if etag.startswith('"'):  # W/"..." is weak: equal in meaning, not in every byte
        return etag
    try:
        age = (email.utils.parsedate_to_datetime(headers.get("Date", ""))
               - email.utils.parsedate_to_datetime(changed)).total_seconds()
    except (TypeError, ValueError):
        return None
    return changed if age >= _OLD_ENOUGH else None


def _check_rest(part, start, about, headers):
    """Make sure that the answer holds the missing bytes, and these alone."""
    match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)",
                         headers.get("Content-Range", "").strip())
    first, last, total = match.groups() if match else (None, None, None)
    expected = str(start), str(about["bytes"] - 1)
    if (first, last) != expected or total not in (str(about["bytes"]), "*"):
        part.discard()
        raise _Failed("the host sends another part of the file than was asked for")


def _refuse(answer, part):
    status = answer.status_code
    if status == 416:  # the host's file is shorter than what has arrived of it
        part.discard()
        raise _Failed("the host has no such range of the file (416)")
    if status == 404:
        raise _Failed("the host has no such file (404)", again=False)
    raise _Failed(f"the host answers {status} {answer.reason}",
                  again=status >= 500 or status in (408, 429))


def _broken(error):
    """Tell a connection that broke off from a host that was never reached."""
    import requests
    from urllib3.exceptions import MaxRetryError, ProtocolError, ReadTimeoutError

    if isinstance(error, (requests.ReadTimeout, ReadTimeoutError)):
        return _Failed(f"the host sent nothing for {_TIMEOUT[1]} seconds")
    # requests' sign of no connection is an error of urllib3 within its own.
    connected = not (error.args and isinstance(error.args[0], MaxRetryError))
    if connected and isinstance(error, (requests.ConnectionError, ProtocolError)):
        return _Failed("the connection broke off")
    if isinstance(error, (requests.TooManyRedirects, ValueError)):  # no such address
        return _Failed(f"the address leads nowhere ({type(error).__name__})",
                       again=False)
    return _Failed(f"the host cannot be reached ({type(error).__name__})", again=False,
                   unreachable=True)


def _given_up(archive, url, part, failure):
    kept = part.usable(url)
    remedy = "Try again later, or name another source or archive by source=."
    if kept:
        remedy = (f"{kept} bytes have arrived and are kept: try again to go on from "
                  "there, or name another source or archive by source=.")
    elif failure.unreachable:
        toy = _TOYS[archive.kind]
        remedy = ("Without a network, give a local archive by source= (--source) or a "
                  f"folder of archives in {MIRROR_VARIABLE}, or use {toy}, which is "
                  "drawn (PIX2PIX_PROFILE=lesson in the notebooks).")
    brief = (f"{archive.name!r} cannot be downloaded from {shown(url)}: "
             f"{failure.reason}.")
    error = DownloadError(f"{brief} {remedy}")
    error.brief = brief
    return error


def _need_space(part, size):
    folder = part.path.parent
    if shutil.disk_usage(folder).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
