"""Cityscapes from its owner's files: pairs for pix2pix, folders for pix2pixHD.

Only the owner gives the data out (www.cityscapes-dataset.com, after registration):
``leftImg8bit_trainvaltest.zip`` (photos, 11 GB) and ``gtFine_trainvaltest.zip`` (label
and instance maps). They are read where they are; nothing is unpacked.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import logging
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from .cityscapes_files import ENDINGS, count_frames, find_frames
from .layouts import count_pictures
from .locking import only_one
from .pins import write_json
from .runtime import usable_cpus
from .street_labels import colour_labels
from .transforms import resize_ids

_log = logging.getLogger(__name__)
_BLOCK = 4096  # bytes that a file system may add to each file
_THREADS = min(4, usable_cpus())  # Pillow and zlib leave Python's lock: 1.9x on 2


def prepare_cityscapes(
    sources: str | os.PathLike | Sequence[str | os.PathLike],
    root: str | os.PathLike = "data", *, pairs: bool = True, hd: bool = True,
    size: int = 256, width: int | None = None, progress: bool = True,
) -> dict[str, Path]:
    """Make the data sets ``cityscapes`` and ``cityscapes_hd`` from the owner's files.

    A folder that exists is complete: all is made in a hidden folder and moved into
    place at the end. The same call again continues what was interrupted. Two processes
    that ask at once do the work once.

    Photos are reduced with a Lanczos filter; label and instance maps take the nearest
    pixel, so that every id is one that was there.

    Parameters
    ----------
    sources : path or sequence of paths
        A folder that holds the two zips or the folders ``leftImg8bit`` and ``gtFine``;
        or zips and such folders one by one. The first place that has a file counts.
    root : str or Path, optional
        The folder of all data sets.
    pairs : bool, optional
        Make ``<root>/cityscapes/{train,val}/<frame>.png``: the photo (A) on the left,
        the labels in colour (B) on the right, each squeezed from 2:1 into a square as
        in the pix2pix paper. PNG keeps the colours of the labels exact.
    hd : bool, optional
        Make ``<root>/cityscapes_hd/{train,test}_{img,label,inst}`` with the owner's
        file names, as pix2pixHD reads it. Its ``test`` is the owner's ``val``.
    size : int, optional
        Side of each half of a pair, in pixels.
    width : int, optional
        Reduce the pictures of ``cityscapes_hd`` to this width. By default the owner's
        files are copied byte for byte: 2048 x 1024 pixels.
    progress : bool, optional
        Show progress bars.

    Returns
    -------
    dict of str to Path
        The folders made, by name; parameters and counts are in their ``.source.json``.

    Raises
    ------
    FileNotFoundError
        If a source or one of the two kinds of files is missing, or a photo has no label
        map, or a label map no instance map. Labels without a photo are left out.
    ValueError
        If a file is damaged or is not what it should be, or a number is out of range.
    FileExistsError
        If a folder is there that was made otherwise.
    RuntimeError
        If there is no room on the disk, or no permission.

    Notes
    -----
    The owner's ``test`` has no labels (they are kept for a benchmark) and is left out.
    Of a part of the data, what is complete is made, and a warning counts the rest.
    """
    for name, value in (("size", size), ("width", width or 2048)):
        if value not in range(16, 2049):
            raise ValueError(f"{name}={value!r} must be from 16 to 2048 pixels.")
    if isinstance(sources, (str, os.PathLike)):
        sources = [sources]
    if not sources or not (pairs or hd):
        raise ValueError("There is nothing to do: name the owner's zips or folders, "
                         "and choose pairs, hd, or both.")
    root = Path(root).expanduser()
    with contextlib.ExitStack() as zips, _clear_errors(root):
        frames = find_frames([Path(s).expanduser() for s in sources], zips, hd)
        outputs = [_Pairs(root / "cityscapes", frames, size)] if pairs else []
        outputs += [_Folders(root / "cityscapes_hd", frames, width)] if hd else []
        _check_space(root, [out for out in outputs if not out.is_there()])
        for out in outputs:
            out.prepare(progress)
    return {out.folder.name: out.folder for out in outputs}


class _Output:
    """A data set in the making. Subclasses say what files a frame becomes."""

    parts: tuple[str, ...]
    option: str  # name of the parameter that gives the pixels

    def __init__(self, folder, frames, pixels):
        self.folder, self.frames, self.pixels = folder, frames, pixels
        self.partial = folder.parent / ".downloads" / f"{folder.name}.partial"
        names = "".join(f"{frame.split} {frame.name} {part} {frame.files[part].bytes}\n"
                        for frame in frames for part in self.parts)
        self.recipe = {"prepared": folder.name, self.option: pixels,
                       "frames": count_frames(frames),
                       "files_sha256": hashlib.sha256(names.encode()).hexdigest()}

    def is_there(self):
        """Tell whether it is complete; refuse a folder that holds anything else."""
        if not os.path.lexists(self.folder) or (
                self.folder.is_dir() and not any(self.folder.iterdir())):
            return False
        found = _recipe_of(self.folder)
        if found == self.recipe:
            return True
        if not found:
            how = "and was not prepared from the owner's files"
        elif found.get(self.option) != self.pixels:
            made = found.get(self.option)
            how = f"made with {self.option}={made}, not {self.pixels}"
        else:
            how = f"made from other files, {found.get('frames')} frames"
        raise FileExistsError(
            f"{self.folder} is there already, {how}: delete it to have it made anew, "
            "or choose another root."
        )

    def prepare(self, progress):
        """Make what is missing, frame by frame, and show it when all is there."""
        self.partial.parent.mkdir(parents=True, exist_ok=True)
        # The lock of `download`.
        with only_one(self.partial.with_suffix(".lock"),
                      f"Another process is preparing {self.folder}; waiting."):
            if self.is_there():  # before, or someone else was faster
                return
            if _recipe_of(self.partial) != self.recipe:
                shutil.rmtree(self.partial, ignore_errors=True)
                self.partial.mkdir()
                _write_record(self.partial, recipe=self.recipe)
            self._make_all(progress)
            _write_record(
                self.partial, recipe=self.recipe,
                source=str(self.frames[0].files["img"].place.resolve()),
                source_kind="zip" if self.frames[0].files["img"].member else "folder",
                date=datetime.now(timezone.utc).isoformat(timespec="seconds"),
                pictures=count_pictures(self.partial))
            if self.folder.is_dir():
                self.folder.rmdir()  # empty
            os.replace(self.partial, self.folder)

    def _make_all(self, progress):
        bar = tqdm(total=len(self.frames), desc=f"preparing {self.folder.name}",
                   unit="frame", dynamic_ncols=True, disable=not progress)
        with bar, ThreadPoolExecutor(_THREADS) as pool:
            try:
                for _ in pool.map(self._make, self.frames):
                    bar.update()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                _log.warning("%d of %d frames of %s are prepared: the same call goes "
                             "on from there.", bar.n, bar.total, self.folder)
                raise

    def _make(self, frame):
        paths = [self.partial / path for path in self.paths(frame)]
        if all(path.exists() for path in paths):
            return
        for path, content in zip(paths, self.contents(frame)):
            path.parent.mkdir(exist_ok=True)
            _write(path, content)


class _Pairs(_Output):
    """Photo and coloured labels side by side, for pix2pix."""

    parts, option = ("img", "label"), "size"

    def bytes(self):  # 1.5 to 1.6 bytes a pixel were measured
        return len(self.frames) * (2 * self.pixels**2 + _BLOCK)

    def paths(self, frame):
        return [f"{frame.split}/{frame.name}.png"]

    def contents(self, frame):
        photo, labels = frame.read(self.parts)
        side = self.pixels, self.pixels
        half = colour_labels(_nearest(labels, *side))
        photo = np.asarray(photo.resize(side, Image.LANCZOS))
        return [_png(np.concatenate([photo, half], axis=1))]


class _Folders(_Output):
    """Photos, label maps and instance maps in folders, for pix2pixHD."""

    parts, option = ("img", "label", "inst"), "width"

    def bytes(self):
        if self.pixels:  # 0.7 bytes were measured; a frame has width**2 / 2 pixels
            return len(self.frames) * (self.pixels**2 + 3 * _BLOCK)
        return sum(frame.files[part].bytes + _BLOCK
                   for frame in self.frames for part in self.parts)

    def paths(self, frame):
        split = {"train": "train", "val": "test"}[frame.split]
        return [f"{split}_{part}/{frame.name}_{ENDINGS[part]}.png"
                for part in self.parts]

    def contents(self, frame):
        if not self.pixels:
            return frame.read(self.parts, decode=False)
        photo, *maps = frame.read(self.parts)
        size = self.pixels, max(1, round(self.pixels * photo.height / photo.width))
        return [_png(photo.resize(size, Image.LANCZOS)),
                *(_png(_nearest(ids, *size)) for ids in maps)]


def _write(path, content):
    """Write a file so that it is whole once it has its name."""
    new = path.with_suffix(".new")
    new.write_bytes(content)
    os.replace(new, path)


def _write_record(folder, **record):
    write_json(folder / ".source.json", record)


def _recipe_of(folder):
    """Read how a folder was prepared; an empty dict if it was not."""
    try:
        record = json.loads((folder / ".source.json").read_text("utf-8"))
        return record.get("recipe", {})
    except (FileNotFoundError, NotADirectoryError, ValueError, AttributeError):
        return {}


def _nearest(ids, width, height):
    ids = np.asarray(ids)
    kind = np.uint8 if ids.dtype == np.uint8 else np.uint16  # as the owner's files
    return resize_ids(ids.astype(kind), width, height)


def _png(picture):
    file = io.BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(file, "PNG")
    return file.getvalue()


def _check_space(root, outputs):
    """Make the root, and compare what will be written with what is free."""
    root.mkdir(parents=True, exist_ok=True)
    done = sum(path.stat().st_size for out in outputs
               for path in out.partial.glob("*/*.png"))
    needed = sum(out.bytes() for out in outputs) - done
    free = shutil.disk_usage(root).free
    if needed > free:
        raise RuntimeError(
            f"The disk of {root} is too full: about {needed / 1e9:.2f} GB are needed, "
            f"{free / 1e9:.2f} GB are free. Free some space, choose another root, or "
            "have less made: a smaller width, or the pairs alone."
        )


@contextlib.contextmanager
def _clear_errors(root):
    try:
        yield
    except OSError as error:
        if error.errno is None:  # ours
            raise
        if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
            raise RuntimeError(
                f"The disk of {root} is full. Free some space and make the same call "
                "again: it goes on from there."
            ) from error
        if isinstance(error, PermissionError) or error.errno == errno.EROFS:
            raise RuntimeError(
                f"No permission for {error.filename or root}: change its permissions, "
                "or choose a root where you may write."
            ) from error
        raise RuntimeError(
            f"Cityscapes cannot be prepared in {root} ({error}): choose another root, "
            "or remove what is in the way."
        ) from error
