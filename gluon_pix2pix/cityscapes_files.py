"""The files of Cityscapes as its owner hands them out: found, checked, and read.

They stay where they are, in zips or folders; nothing is unpacked.
"""

from __future__ import annotations

import errno
import io
import logging
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from .archives import ArchiveError, kind_of

_log = logging.getLogger(__name__)
EXPECTED = {"train": 2975, "val": 500}  # frames; the owner's test has no labels
_OWNER = "www.cityscapes-dataset.com"
_ZIPS = {"leftImg8bit": "leftImg8bit_trainvaltest.zip",
         "gtFine": "gtFine_trainvaltest.zip"}
ENDINGS = {"img": "leftImg8bit", "label": "gtFine_labelIds",
            "inst": "gtFine_instanceIds"}
_MEMBER = re.compile(r"(?:\w[\w. -]*/)?(leftImg8bit|gtFine)/(train|val)/([a-z]+)/"
                     r"(\3_[0-9]{6}_[0-9]{6})_(\1\w*)\.png")
_MODES = {"img": ("RGB",), "label": ("L",), "inst": ("L", "I", "I;16", "I;16B")}
_PARTS = {ending: part for part, ending in ENDINGS.items()}
_MOST_BYTES, _MOST_PIXELS = 2**25, 2**23  # of one file; the owner's have 2**21 pixels
_PNG_END = b"IEND\xaeB`\x82"
# What zipfile and Pillow raise on damaged files; on an encrypted one a RuntimeError.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, SyntaxError,
           ValueError, OSError, Image.DecompressionBombError)


@dataclass(frozen=True)
class _File:
    """One of the owner's files, in a zip or on disk."""

    place: Path
    bytes: int
    member: zipfile.ZipInfo | None = None
    archive: zipfile.ZipFile | None = None

    def __str__(self):
        inside = f"{self.member.filename} in " if self.member else ""
        return f"{inside}{self.place}"

    def read(self):
        """Return the bytes: never more than announced, in a zip with their checksum."""
        if self.bytes > _MOST_BYTES:
            raise ValueError(f"it has {self.bytes} bytes")
        if self.member:
            if self.member.compress_type not in (zipfile.ZIP_STORED,
                                                 zipfile.ZIP_DEFLATED):
                # zipfile unpacks the others in one go, however large they are.
                raise ValueError("it is packed in an unusual way")
            return self.archive.read(self.member)
        return self.place.read_bytes()


@dataclass(frozen=True)
class Frame:
    """A photo with its label and instance map; `_MEMBER` has checked the name."""

    split: str
    name: str
    files: dict[str, _File] = field(default_factory=dict)

    def read(self, parts, decode=True):
        """Read and check files: images of Pillow, or their bytes as they are."""
        found, sizes = [], set()
        for part in parts:
            try:
                data = self.files[part].read()
                image = Image.open(io.BytesIO(data), formats=["PNG"])
                sizes.add(image.size)
                if image.mode not in _MODES[part] or len(sizes) > 1:
                    raise ValueError(f"mode {image.mode}, size {image.size}")
                if image.width * image.height > _MOST_PIXELS:
                    raise ValueError(f"size {image.size}")
                if decode:
                    image.load()
                elif not data.endswith(_PNG_END):
                    raise EOFError("cut off")
            except _DAMAGE as error:
                if _is_systems(error):
                    raise
                raise ValueError(
                    f"{self.files[part]} is damaged, or no such file of Cityscapes "
                    f"({error}): fetch it again. What is prepared already is kept."
                ) from error
            found.append(image if decode else data)
        return found


def find_frames(sources, zips, hd):
    """List the frames that can be made, in order; say what is missing."""
    found: dict[tuple, Frame] = {}
    for source in sources:
        for name, file in _files(source, zips):
            match = _MEMBER.fullmatch(name)
            if match and match[5] in _PARTS:
                key = match.group(2, 4)  # split and name
                frame = found.setdefault(key, Frame(*key))
                frame.files.setdefault(_PARTS[match[5]], file)
    frames = [found[key] for key in sorted(found)]
    for part, top in (("img", "leftImg8bit"), ("label", "gtFine")):
        if not any(part in frame.files for frame in frames):
            raise FileNotFoundError(
                f"No file *_{ENDINGS[part]}.png of the owner's was found in "
                f"{_described(sources)}. Name {_ZIPS[top]} (from {_OWNER}), the folder "
                f"{top} unpacked from it, or a folder that holds one of them."
            )
    partners = [("img", "label")] + [("label", "inst")] * hd
    alone = [f"{frame.files[part]} has no {ENDINGS[partner]} file"
             for frame in frames for part, partner in partners
             if part in frame.files and partner not in frame.files]
    if alone:
        raise FileNotFoundError(
            f"{alone[0]} beside it ({len(alone)} such cases): fetch or unpack "
            f"{_ZIPS['gtFine']} again, whole."
        )
    whole = [frame for frame in frames if "img" in frame.files]
    counts = count_frames(whole)
    text = ", ".join(f"{split} {counts[split]} of {EXPECTED[split]}"
                     for split in counts)
    if not counts["train"]:
        raise FileNotFoundError(
            f"{_described(sources)}: there is no photo to train on with its labels "
            f"({text}). Name {_ZIPS['leftImg8bit']} as a whole."
        )
    if counts != EXPECTED:
        _log.warning("This is a part of Cityscapes: %s frames. %d label maps without a "
                     "photo are left out.", text, len(frames) - len(whole))
    return whole


def _files(source, zips):
    """Yield the name within the owner's tree, and the file, for all that is there."""
    if source.is_file():
        archive = zips.enter_context(_open_zip(source))
        for info in archive.infolist():
            yield info.filename, _File(source, info.file_size, info, archive)
    elif not source.is_dir():
        raise FileNotFoundError(f"There is no file or folder {source}: check the path.")
    elif source.absolute().name in _ZIPS:
        source = source.absolute()
        for path in source.glob("*/*/*.png"):
            name = path.relative_to(source.parent).as_posix()
            yield name, _File(path, path.stat().st_size)
    else:
        for top, zipped in _ZIPS.items():  # a zip is known to be whole, a folder is not
            places = [source / zipped, source / top, *sorted(source.glob(f"*/{top}"))]
            for place in [place for place in places if place.exists()][:1]:
                yield from _files(place, zips)


def _open_zip(path):
    try:
        if (kind := kind_of(path)) != "zip":
            raise ArchiveError(path, f"is no zip but {kind}")
        return zipfile.ZipFile(path)
    except _DAMAGE as error:
        if _is_systems(error):
            raise
        reason = getattr(error, "reason", f"is cut off or damaged ({error})")
        raise ValueError(f"{path} {reason}: fetch it again, logged in at {_OWNER}."
                         ) from error


def _is_systems(error):
    """Tell a fault of disk or permission from damage in a file.

    An offset in a damaged zip can be one that no file can be read at: EINVAL.
    """
    return getattr(error, "errno", None) not in (None, errno.EINVAL)


def _described(sources):
    """Name the sources, and the first things in those that are folders."""
    texts = []
    for source in sources:
        names = sorted(p.name for p in source.iterdir()) if source.is_dir() else []
        more = ", ..." if len(names) > 5 else ""
        holds = f" (which holds {', '.join(names[:5])}{more})" if names else ""
        texts.append(f"{source}{holds}")
    return " and ".join(texts)


def count_frames(frames):
    return {split: sum(frame.split == split for frame in frames) for split in EXPECTED}
