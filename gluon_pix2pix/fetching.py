"""Where an archive comes from, its transfer, and the checksums seen before.

Sources are asked in this order: the argument ``source``; the environment variable
``PIX2PIX_DATA_MIRROR``; the public hosts. Whoever names a source gets the data from
there or an error, never from elsewhere.
"""

from __future__ import annotations

import json
import os
import time
import urllib.parse
import urllib.request
from pathlib import Path

from .catalog import DownloadError, missing_folders

MIRROR_VARIABLE = "PIX2PIX_DATA_MIRROR"
_SUFFIXES = (".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tar.xz", ".zip")
_TIMEOUT = (5, 20)  # seconds to connect, and between two pieces of the answer
_ATTEMPTS = 3  # for answers that break off; an unreachable host is asked once


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
    if not any(named):
        found.extend(archive.urls)
    if not found:
        raise DownloadError(
            f"{archive.note} Name your own archive of {archive.name!r} in the layout "
            "of pix2pix (train/ and val/ with A and B side by side) by source=."
        )
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
    if itself and path.is_dir() and not missing_folders(archive, path):
        return path
    if not path.is_dir():
        raise DownloadError(f"There is no file or folder {path} to take the data set "
                            f"{archive.name!r} from: check the path.")
    for suffix in _SUFFIXES:
        if (path / (archive.name + suffix)).is_file():
            return path / (archive.name + suffix)
    if not missing_folders(archive, path / archive.name):
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


def fetch(archive, url, file, progress):
    """Download one file: the unreachable is given up at once, the unsteady is not."""
    import pooch
    import requests
    from urllib3.exceptions import MaxRetryError  # requests' sign of no connection

    # "identity": the archive as it is, and a progress bar that knows its length.
    get = pooch.HTTPDownloader(bool(progress), chunk_size=2**16, timeout=_TIMEOUT,
                               headers={"Accept-Encoding": "identity"})
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return get(url, str(file), None)
        except requests.HTTPError as error:
            status = error.response.status_code
            again = status >= 500
            reason = ("the host has no such file (404)" if status == 404 else
                      f"the host answers {status} {error.response.reason}")
            remedy = "Try again later, or name another source or archive by source=."
        except requests.RequestException as error:
            unreachable = error.args and isinstance(error.args[0], MaxRetryError)
            again = not unreachable and isinstance(error, (
                requests.exceptions.ConnectionError,
                requests.exceptions.ChunkedEncodingError))
            reason = ("the connection broke off" if again else
                      f"the host cannot be reached ({type(error).__name__})")
            remedy = ("Without a network, give a local archive by source= (--source) "
                      f"or a folder of archives in {MIRROR_VARIABLE}, or use "
                      "toy_facades, which is drawn (PIX2PIX_PROFILE=lesson in the "
                      "notebooks).")
        if not again or attempt == _ATTEMPTS:
            raise DownloadError(f"{archive.name!r} cannot be downloaded from "
                                f"{shown(url)}: {reason}. {remedy}")
        time.sleep(attempt)


def check_file(archive, source, file, hidden):
    """Compare size and checksum with what is known; return them."""
    import pooch

    found = {"bytes": file.stat().st_size, "sha256": pooch.file_hash(str(file))}
    if source in archive.urls:
        expected = archive.bytes if archive.exact else found["bytes"]
        if found["bytes"] != expected:
            raise DownloadError(
                f"{source} has {found['bytes']} bytes instead of {expected}: it was "
                "cut off, or replaced on its host. Nothing was kept; try again, or "
                "name another archive by source=."
            )
        if archive.sha256 not in (None, found["sha256"]):
            raise DownloadError(
                f"{source} has the checksum {found['sha256']} instead of "
                f"{archive.sha256}: it was replaced on its host. Nothing was kept; "
                "name another archive by source=."
            )
    seen = _read_pins(archive, hidden).get(shown(source))
    if seen and seen["sha256"] != found["sha256"]:
        raise DownloadError(
            f"{shown(source)} is not the file any more that it was on {seen['date']} "
            f"(other sha256). Nothing was kept; if you expected the change, delete "
            f"{_pins(archive, hidden)} and try again."
        )
    return found


def note_checksum(archive, hidden, record):
    pins = _read_pins(archive, hidden)
    pins[record["source"]] = {key: record[key] for key in ("sha256", "bytes", "date")}
    write_json(_pins(archive, hidden), pins)


def _pins(archive, hidden):
    return hidden / f"{archive.name}.json"


def _read_pins(archive, hidden):
    path = _pins(archive, hidden)
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        raise DownloadError(f"{path}, the note of the checksums seen, cannot be read: "
                            "delete it and try again.") from None


def write_json(path, content):
    new = path.with_name(path.name + ".new")
    new.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
    os.replace(new, path)
