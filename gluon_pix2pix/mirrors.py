"""Where to take an archive from: the user's own sources go before the public hosts.

Sources are asked in this order: the argument ``source``; the environment variable
``PIX2PIX_DATA_MIRROR``; the public hosts. Whoever names a source gets the data from
there or an error, never from elsewhere.
"""

from __future__ import annotations

import logging
import os
import urllib.parse
import urllib.request
from pathlib import Path

from .catalog import DownloadError, layout_text
from .layouts import missing_folders

_log = logging.getLogger(__name__)
MIRROR_VARIABLE = "PIX2PIX_DATA_MIRROR"
_SUFFIXES = (".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tar.xz", ".zip")


def list_sources(archive, source):
    """List where to take an archive from: URLs (str), files and folders (Path)."""
    if source is not None:
        if is_url(source):
            return [str(source)]
        return [_on_disk(archive, local_path(source), itself=True)]
    named = [part.strip() for part in os.environ.get(MIRROR_VARIABLE, "").split(";")]
    found, absent = [], []
    for mirror in filter(None, named):
        if mirror == "public":
            found.extend(archive.urls)
        elif is_url(mirror):
            found.append(f"{mirror.rstrip('/')}/{archive.filename}")
        else:
            try:
                found.append(_on_disk(archive, local_path(mirror)))
            except DownloadError as error:
                absent.append(error)
    if absent and not found:
        raise absent[0]
    for error in absent:
        _log.warning("%s Other places of %s are asked.", error, MIRROR_VARIABLE)
    if not any(named):
        found.extend(archive.urls)
    if not found:
        raise DownloadError(f"{archive.note} An archive of {archive.name!r} that you "
                            f"have already is named by source= ({layout_text(archive)}"
                            ").")
    return found


def local_path(source):
    text = str(source)
    if text.lower().startswith("file:"):
        text = urllib.request.url2pathname(urllib.parse.urlsplit(text).path)
    elif "://" in text:
        raise DownloadError(f"The source {text!r} is of a kind that is not supported: "
                            "name an http or https URL, or a file or folder.")
    return Path(text).expanduser()


def _on_disk(archive, path, itself=False):
    """Find the archive, or the unpacked data set, that a path on disk means."""
    if path.is_file():
        return path
    if itself and path.is_dir() and not missing_folders(archive.kind, path):
        return path
    if not path.is_dir():
        raise DownloadError(f"There is no file or folder {path} to take the data set "
                            f"{archive.name!r} from: check the path.")
    for suffix in _SUFFIXES:
        if (path / (archive.name + suffix)).is_file():
            return path / (archive.name + suffix)
    if not missing_folders(archive.kind, path / archive.name):
        return path / archive.name
    raise DownloadError(
        f"The folder {path} holds neither {archive.name}.tar.gz (nor .zip, .tar) nor a "
        f"folder {archive.name} with pictures: put it there, or name another source."
    )


def is_url(text):
    return str(text).lower().startswith(("http://", "https://"))


def shown(source):
    """Give a source as text: a full path, or a URL without the password in it."""
    if not is_url(source):
        return str(Path(source).resolve())
    parts = urllib.parse.urlsplit(source)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
