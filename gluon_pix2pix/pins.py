"""Is an archive the one that is meant? Sizes, checksums, and those seen before.

Where no checksum is public, the first one seen at a URL is noted (a pin), and the URL
must deliver the same file from then on.
"""

from __future__ import annotations

import hashlib
import json
import os

from .catalog import DownloadError
from .mirrors import shown


def check_size(archive, source, size):
    """Compare a size, announced or found, with that of the table."""
    if source in archive.urls and archive.exact and size != archive.bytes:
        raise DownloadError(
            f"{source} has {size} bytes instead of {archive.bytes}: it was cut off, or "
            "replaced on its host. Nothing was kept; try again, or name another "
            "archive by source=."
        )


def check_file(archive, source, file, hidden):
    """Compare size and checksum with what is known; return them."""
    found = {"bytes": file.stat().st_size, "sha256": _sha256(file)}
    check_size(archive, source, found["bytes"])
    if source in archive.urls and archive.sha256 not in (None, found["sha256"]):
        raise DownloadError(
            f"{source} has the checksum (sha256) {found['sha256']} instead of "
            f"{archive.sha256}, which was recorded when the file was at an older "
            "address: the file was replaced or tampered with. Nothing was kept; if "
            "you trust the host, fetch the file with a browser and name it by source=."
        )
    pins = _read_pins(archive, hidden)
    same = archive.urls if source in archive.urls else (shown(source),)
    seen = next((pins[url] for url in (shown(source), *same) if url in pins), None)
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


def _sha256(file):
    digest = hashlib.sha256()
    with open(file, "rb") as content:
        while piece := content.read(2**20):
            digest.update(piece)
    return digest.hexdigest()


def _pins(archive, hidden):
    return hidden / f"{archive.name}.json"


def _read_pins(archive, hidden):
    path = _pins(archive, hidden)
    try:
        pins = json.loads(path.read_text("utf-8"))
        if all({"sha256", "date"} <= set(pin) for pin in pins.values()):
            return pins
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError, TypeError):
        pass
    raise DownloadError(f"{path}, the note of the checksums seen, cannot be read: "
                        "delete it and try again.")


def write_json(path, content):
    new = path.with_name(path.name + ".new")
    new.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
    os.replace(new, path)
