"""The weights of MXNet's model zoo: where they lie, and how they get there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

from mxnet.gluon.model_zoo import model_store
from mxnet.gluon.utils import _get_repo_file_url, check_sha1

from .archives import ArchiveError, extract
from .catalog import DownloadError
from .durable import explained
from .fetching import Part, fetch
from .locking import only_one
from .mirrors import shown

_LARGEST = 2 * 2**30  # bytes; VGG's are the largest files of the zoo, with 0.6 GB


def place_in_zoo(name: str) -> Path:
    """Say where the zoo keeps a network's weights: in ``~/.mxnet/models`` by default.

    ``MXNET_HOME`` stands for ``~/.mxnet`` where it is set.
    """
    home = Path(os.environ.get("MXNET_HOME", Path("~") / ".mxnet")).expanduser()
    # Its table writes mobilenet1.0 as get_model does, and inceptionv3 likewise.
    try:
        version = model_store.short_hash(name)
    except ValueError:
        return home / "models" / f"{name}.params"
    return home / "models" / f"{name}-{version}.params"


def weights_from_zoo(name: str) -> Path:
    """Return the verified file of a network's weights; fetch it if it is not there.

    It comes from the host of the zoo, or from the one that MXNet's variable
    ``MXNET_GLUON_REPO`` names, with a bar that shows how far it is. A transfer that
    breaks off goes on there the next time.

    Parameters
    ----------
    name : str
        A network of which the zoo has weights, such as ``"vgg19"``.

    Raises
    ------
    DownloadError
        If it cannot be fetched, or what arrives is not the zoo's file, by its SHA-1.
    ValueError
        If the file that is there is not the zoo's.
    SaveError
        If the disk is full, or may not be written.
    """
    place = place_in_zoo(name)
    if not place.is_file():
        with explained(place):
            _fetch(name, place)
    elif not _is_of_zoo(name, place):
        raise ValueError(f"{place} is damaged, or not the model zoo's (its SHA-1 is "
                         "another one): delete it, and it is fetched anew.")
    return place


def _is_of_zoo(name, path):
    return check_sha1(path, model_store._model_sha1[name])


def _fetch(name, place):
    """Fetch, unpack and check in a hidden folder; the last step makes it visible."""
    hidden, url = place.parent / ".downloads", _get_repo_file_url(
        "gluon/models", f"{place.stem}.zip")
    hidden.mkdir(parents=True, exist_ok=True)
    with only_one(hidden / f"{name}.lock",
                  f"Another process is fetching {name}; waiting for it."):
        if place.is_file():
            return
        part, unpacked = Part(hidden, name), hidden / name
        # No URLs: what is known of those of a table is not known of this one.
        archive = SimpleNamespace(name=name, urls=(), kind="labels", max_bytes=_LARGEST)
        shutil.rmtree(unpacked, ignore_errors=True)  # of an attempt that was killed
        try:
            fetch(archive, url, part, progress=True)
            _unpack(name, url, part, unpacked)
            os.replace(unpacked / place.name, place)
            part.discard()
        except ArchiveError as error:
            raise DownloadError(f"{shown(url)} {error.reason}.") from error
        except DownloadError as error:
            told = error.brief or str(error)  # its remedies are those of a data set
            if kept := part.usable(url):
                told = f"{told[:-1]}; {kept} bytes are kept, to go on another time."
            raise DownloadError(told) from error
        finally:
            shutil.rmtree(unpacked, ignore_errors=True)


def _unpack(name, url, part, folder):
    """Unpack what has arrived; what turns out wrong is not kept."""
    file = place_in_zoo(name).name
    try:
        extract(part.path, folder, max_files=10, max_bytes=_LARGEST)
        if not (folder / file).is_file():
            raise DownloadError(f"{shown(url)} holds no {file}.")
        if not _is_of_zoo(name, folder / file):
            raise DownloadError(f"{shown(url)} holds other weights than the model zoo "
                                f"states for {name} (their SHA-1 differs).")
    except (ArchiveError, DownloadError):
        part.discard()
        raise
