"""Unpack archives that nobody has to trust: tar (plain, gzip, bzip2, xz) and zip.

The libraries only parse; every folder and file is made here, from a checked name, with
the permissions of the user's own files. Links, devices and anything else that is not a
plain file or folder is refused, so that no member can redirect another one.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

_CHUNK = 2**18  # bytes copied at once
_LONGEST_READ = 2**20  # a tar header that asks for more is an attack on the memory
_DEEPEST = 16  # folders within folders
_OPENERS = {"tar": open, "tar.gz": gzip.open, "tar.bz2": bz2.open, "tar.xz": lzma.open}
_MAGIC = {b"\x1f\x8b": "tar.gz", b"BZh": "tar.bz2", b"\xfd7zXZ\x00": "tar.xz",
          b"PK\x03\x04": "zip", b"PK\x05\x06": "zip"}
_DEVICES = {"CON", "PRN", "AUX", "NUL",
            *(f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10))}
# What the parsers raise on damaged files, above all on numbers and names that are none.
# They use OSError too: without an errno, or EINVAL for a place before the file's start.
_DAMAGE = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError,
           NotImplementedError, RecursionError, ValueError, OverflowError, struct.error)


class ArchiveError(ValueError):
    """An archive that is none, is damaged, or is refused.

    Attributes
    ----------
    reason : str
        What is wrong with it, to follow after its name: ``"is empty"``.
    """

    def __init__(self, archive: object, reason: str):
        self.reason = reason
        super().__init__(f"{archive} {reason}.")


class _Refused(Exception):
    """A reason to stop, before the archive's name is put in front."""


def kind_of(archive: str | Path) -> str:
    """Tell an archive's format from its first bytes; its name may say anything.

    Returns
    -------
    str
        ``tar``, ``tar.gz``, ``tar.bz2``, ``tar.xz`` or ``zip``.

    Raises
    ------
    ArchiveError
        If the file is empty, a web page, or of another format.
    """
    with open(archive, "rb") as file:
        return kind_of_bytes(file.read(tarfile.BLOCKSIZE), archive)


def kind_of_bytes(head: bytes, archive: object) -> str:
    """Do as `kind_of`, from the first bytes (512 or more, or all that there are)."""
    head = head[:tarfile.BLOCKSIZE]
    if not head:
        raise ArchiveError(archive, "is empty")
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
        return "tar"
    except tarfile.HeaderError:
        pass
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise ArchiveError(archive, "is a web page, not an archive (is a login page or "
                                    "a captive portal in between?)")
    raise ArchiveError(archive, "is neither a tar nor a zip archive")


def extract(archive: str | Path, folder: str | Path, *, max_files: int, max_bytes: int,
            on_file: Callable[[], object] | None = None) -> int:
    """Unpack an archive into a folder, or refuse it.

    What is written before a fault shows is left there: unpack into a folder of its own
    and move it into place when this function has returned.

    Parameters
    ----------
    archive : str or Path
        A tar archive, as it is or compressed by gzip, bzip2 or xz, or a zip archive.
    folder : str or Path
        Where to; made when it does not exist.
    max_files, max_bytes : int
        Bounds on the number of members and on the bytes that they unpack to.
    on_file : callable, optional
        Called after each file, for a progress bar.

    Returns
    -------
    int
        Number of files written. The droppings of macOS (``__MACOSX``, ``.DS_Store``,
        ``._*``) are left out.

    Raises
    ------
    ArchiveError
        If the file is no archive, is cut off or damaged, holds a name that leads out of
        the folder, a name twice, a link, a device, an encrypted file, or more than the
        bounds allow.
    OSError
        If the disk is full, or a file cannot be read or written.
    """
    archive, folder = Path(archive), Path(folder)
    kind = kind_of(archive)
    members = (_zip_members(archive) if kind == "zip"
               else _tar_members(archive, kind, max_files, max_bytes))
    try:
        return _write_all(members, folder, max_files, max_bytes, on_file)
    except _Refused as refusal:
        raise ArchiveError(archive, f"was refused: {refusal}") from None
    except _DAMAGE as error:
        raise ArchiveError(archive, f"is cut off or damaged ({error})") from error
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # disk full, no permission
            raise
        raise ArchiveError(archive, f"is cut off or damaged ({error})") from error
    finally:
        members.close()  # and with it the archive: Windows deletes no open file


def _write_all(members, folder, max_files, max_bytes, on_file):
    """Write checked members, counting what is really written, not what is announced."""
    files = written = 0
    folder.mkdir(parents=True, exist_ok=True)
    for count, (name, stream) in enumerate(members, start=1):
        if count > max_files:
            raise _Refused(f"it holds more than {max_files} members")
        parts = _safe_parts(name)
        if not parts or _is_litter(parts):
            continue
        target = folder.joinpath(*parts)
        try:
            if stream is None:
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            file = open(target, "xb")
        except (FileExistsError, NotADirectoryError):
            raise _Refused(f"it holds {name!r:.100} twice") from None
        with file:
            while chunk := stream.read(_CHUNK):
                written += len(chunk)
                if written > max_bytes:
                    raise _Refused(f"it unpacks to more than {max_bytes} bytes")
                file.write(chunk)
        files += 1
        if on_file:
            on_file()
    return files


def _safe_parts(name):
    """Split a member's name; refuse what leads out of the folder on any system."""
    if name.startswith(("/", "\\")):
        raise _Refused(f"the name {name!r:.100} is absolute")
    parts = [p for p in name.replace("\\", "/").split("/") if p not in ("", ".")]
    for part in parts:
        # Windows cuts trailing dots and blanks off, and reads a colon as a drive.
        if not part.strip(". ") or ":" in part or min(part) < " ":
            raise _Refused(f"the name {name!r:.100} could lead out of the folder")
        if part.partition(".")[0].rstrip().upper() in _DEVICES:
            raise _Refused(f"the name {name!r:.100} is that of a device on Windows")
    if len(parts) > _DEEPEST:
        raise _Refused(f"a name is nested {len(parts)} folders deep")
    return parts


def _is_litter(parts):
    return parts[0] == "__MACOSX" or any(
        part == ".DS_Store" or part.startswith("._") for part in parts
    )


def _zip_members(archive) -> Iterator[tuple]:
    """Yield ``(name, stream)`` of each file, ``(name, None)`` of each folder."""
    with zipfile.ZipFile(archive) as file:
        _refuse_overlaps(file)
        for info in file.infolist():
            mode = stat.S_IFMT(info.external_attr >> 16)  # 0 when made on Windows
            if "\0" in info.orig_filename:  # zipfile cuts the name off there
                raise _Refused(f"the name {info.orig_filename!r:.100} holds a NUL")
            if info.flag_bits & 0x1:
                raise _Refused(f"{info.filename!r:.100} is encrypted")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                # zipfile unpacks the others in one go: a kilobyte may fill the memory.
                raise _Refused(f"{info.filename!r:.100} is packed in an unusual way")
            if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _Refused(f"{info.filename!r:.100} is no plain file or folder")
            if info.filename.endswith(("/", "\\")):
                yield info.filename, None
            else:
                with file.open(info) as stream:
                    yield info.filename, stream


def _refuse_overlaps(file):
    """Refuse members that share bytes, by which kilobytes unpack to terabytes."""
    members = sorted(file.infolist(), key=lambda info: info.header_offset)
    limits = [info.header_offset for info in members[1:]] + [file.start_dir]
    for info, limit in zip(members, limits):
        # 30 bytes are the fixed part of the header before the compressed bytes.
        if info.header_offset + 30 + info.compress_size > limit:
            raise _Refused(f"{info.filename!r:.100} overlaps the next member")


def _tar_members(archive, kind, max_files, max_bytes) -> Iterator[tuple]:
    """Yield as `_zip_members` does; the streams must be read in this order."""
    headers = _LONGEST_READ + max_files * 4 * tarfile.BLOCKSIZE
    with _OPENERS[kind](archive, "rb") as raw:
        forward = _Forward(raw, max_bytes + headers)
        with tarfile.open(fileobj=forward, mode="r:") as tar:
            while (info := tar.next()) is not None:
                tar.members.clear()  # or tarfile keeps them all: 138,000 handbags
                if info.size < 0:
                    raise _Refused(f"the size of {info.name!r:.100} is negative")
                if info.isdir():
                    yield info.name, None
                elif info.isreg() and not info.issparse():
                    yield info.name, tar.extractfile(info)
                else:
                    raise _Refused(f"{info.name!r:.100} is no plain file or folder")
        # tarfile takes any unreadable header for the end; the real one is a block of 0.
        if forward.last != bytes(tarfile.BLOCKSIZE):
            raise EOFError("the end of the archive is missing")
        while forward.read(_CHUNK):
            pass  # to the end: only there are gzip and xz checksums compared


class _Forward:
    """A stream for tarfile that only runs forward, and not beyond a bound.

    Whatever a header claims, no more is read, at once or in sum, than is sensible, and
    a compressed archive is never rewound.
    """

    def __init__(self, raw: BinaryIO, limit: int):
        self.raw, self.limit = raw, limit
        self.position = 0
        self.last = b""

    def tell(self) -> int:
        return self.position

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _LONGEST_READ:
            raise _Refused("a header asks for an absurd amount of memory")
        self.last = self.raw.read(size)
        self.position += len(self.last)
        if self.position > self.limit:
            raise _Refused(f"it unpacks to more than {self.limit} bytes")
        return self.last

    def seek(self, position: int, whence: int = os.SEEK_SET) -> int:
        if whence != os.SEEK_SET or position < self.position:
            raise _Refused("a header points backwards")
        while self.position < position:
            if not self.read(min(_CHUNK, position - self.position)):
                break
        return self.position
