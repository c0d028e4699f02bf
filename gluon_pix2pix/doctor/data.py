"""Data sets, folders and, on request, the hosts of the downloads."""

from __future__ import annotations

import http.client
import os
import shutil
import tempfile
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from ..catalog import ARCHIVES, DownloadError, is_there, size_text
from ..layouts import count_pictures
from ..mirrors import MIRROR_VARIABLE, is_url, local_path, shown
from ..profiles import TOY_OF, current_profile
from .finding import Finding, advice, attempt, ok, problem

TIMEOUT = 5  # seconds that a host has to answer
_LITTLE, _ENOUGH = 0.2e9, 2e9  # bytes: for the drawn data; for training in earnest


def look(root: str | os.PathLike, runs: str | os.PathLike, online: bool,
         ) -> list[Finding]:
    """Look at the data sets in `root`, at both folders, and at the hosts if asked."""
    findings = [*attempt("drawn", _drawn, root),
                *attempt("downloaded", _downloaded, root),
                *attempt("data", _folder, "data", root),
                *attempt("runs", _folder, "runs", runs),
                *attempt("mirror", _mirrors)]
    return findings + (attempt("hosts", _hosts) if online else [
        ok("hosts", "not asked; --online does")])


def _drawn(root):
    root = Path(root).expanduser()
    toys = [f"{path.parent.name} ({_count(path.parent)} pictures)"
            for path in sorted(root.glob("*/toy.json"))]
    return ok("drawn", ", ".join(toys) or f"nothing in {root}; the notebooks and "
              "`gluon-pix2pix draw` draw what they need")


def _downloaded(root):
    """List public data sets that are there; whatever is half there is a finding."""
    root = Path(root).expanduser()
    here, findings = {}, []
    for name, archive in ARCHIVES.items():
        try:
            if is_there(archive, root / name):
                here[name] = _count(root / name)
        except (DownloadError, OSError) as error:
            findings.append(problem("downloaded", f"{name} is not whole", str(error)))
    for name, count in here.items():
        wanted = sum(ARCHIVES[name].splits.values())
        if ARCHIVES[name].exact and count < wanted:
            findings.append(advice(
                "downloaded", f"{name} has {count} of {wanted} pictures", f"Delete "
                f"{root / name}, then `gluon-pix2pix download {name}`."))
    text = ", ".join(f"{name} ({count} pictures)" for name, count in here.items())
    missing = [name for name in ARCHIVES if name not in here]
    text = f"{text or 'nothing'}; not here: {', '.join(missing) or 'nothing'}"
    try:
        needed = [name for name in TOY_OF if name in missing] * (
            current_profile() == "full")
    except ValueError:  # told elsewhere
        needed = []
    if needed:
        remedy = (f"The profile full trains on {', '.join(needed)}: `gluon-pix2pix "
                  f"download NAME --root {root}`.")
        return [advice("downloaded", text, remedy), *findings]
    return [ok("downloaded", f"{text} (`gluon-pix2pix download NAME`)"), *findings]


def _count(folder):
    return sum(count_pictures(folder).values())


def _folder(title, folder):
    """Try to write where a folder is or would be made, and ask how much fits in."""
    folder = Path(folder).expanduser()
    try:
        place = folder.absolute()
    except FileNotFoundError:
        return problem(title, "the working folder was deleted", "Change to one that is "
                       "there (`cd`), then ask the doctor again.")
    while not os.path.lexists(place):
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"doctor")
        free = shutil.disk_usage(place).free
    except OSError as error:
        return problem(title, f"{folder} cannot be written: {error.strerror or error}",
                       "Change its permissions, remove what is in the way, or work "
                       "in a folder of your own.")
    there = "can be written" if place == folder.absolute() else "can be made"
    text = f"{folder} {there}; {size_text(free)} free"
    if free < _ENOUGH:
        severity = problem if free < _LITTLE else advice
        return severity(title, text, "Free some space: data sets and checkpoints of "
                        "the profile full take gigabytes.")
    return ok(title, text)


def _mirrors():
    """Look whether the folders named as mirrors are there."""
    findings = []
    for mirror in _named_mirrors():
        try:
            there = is_url(mirror) or local_path(mirror).exists()
        except DownloadError as error:
            findings.append(problem("mirror", shown(mirror), str(error)))
            continue
        findings.append(ok("mirror", shown(mirror)) if there else advice(
            "mirror", f"{mirror} is not there", f"Change {MIRROR_VARIABLE}, or unset "
            "it to use the public hosts."))
    return findings


def _named_mirrors():
    named = os.environ.get(MIRROR_VARIABLE, "").split(";")
    return [name.strip() for name in named if name.strip() not in ("", "public")]


def _hosts():
    """Ask for the head of one file of each public host, and each mirror, at once."""
    urls = {}
    for archive in ARCHIVES.values():
        for url in archive.urls:
            urls.setdefault(urlsplit(url)[:2], url)
    asked = [*urls.values(), *filter(is_url, _named_mirrors())]
    with ThreadPoolExecutor(len(asked)) as pool:
        obstacles = list(pool.map(host_problem, asked))
    findings, remedy = [], (
        "Downloads from there would fail: try later, name an archive by --source or a "
        f"mirror in {MIRROR_VARIABLE}, or use the drawn data.")
    for url, obstacle in zip(asked, obstacles):
        host = "://".join(urlsplit(shown(url))[:2])
        findings.append(advice("host", f"{host}: {obstacle}", remedy) if obstacle
                        else ok("host", f"{host} answers"))
    return findings


def host_problem(url: str, timeout: float = TIMEOUT) -> str | None:
    """Ask a host for the head of a file; say what is wrong, if anything."""
    try:
        request = urllib.request.Request(url, method="HEAD")
        urllib.request.urlopen(request, timeout=timeout).close()
    except urllib.error.HTTPError as error:
        if error.code in (405, 501):  # it answers, and does not know the question
            return None
        return f"answers {error.code} {error.reason}"
    except (OSError, ValueError, http.client.HTTPException) as error:
        return f"cannot be reached ({getattr(error, 'reason', error)})"
    return None
