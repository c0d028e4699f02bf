"""Archives that no well-meaning program writes, by what they try.

``HOSTILE`` maps a description to a function that returns the archive as bytes. Most
hold good pictures first, so that a refusal in the middle has something to leave behind.
"""

import gzip
import io
import struct
import tarfile
import zipfile

REG, DIR, LINK = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE
GOOD = [(f"toys/train/{i}.jpg", REG, {}, b"picture") for i in range(3)]


def tar_of(*members, mode="w", tar_format=tarfile.GNU_FORMAT):
    """Write members of (name, type, attributes of the header, content)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode, format=tar_format) as tar:
        for name, kind, attributes, *content in members:
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, sum(map(len, content))
            for attribute, value in attributes.items():
                setattr(info, attribute, value)
            tar.addfile(info, io.BytesIO(*content) if info.size > 0 else None)
    return buffer.getvalue()


def zip_of(*members, compression=zipfile.ZIP_DEFLATED):
    """Write members of (name, mode of Unix, content)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, mode, content in members:
            info = zipfile.ZipInfo(name)
            info.external_attr, info.compress_type = mode << 16, compression
            file.writestr(info, content)
    return buffer.getvalue()


GOOD_ZIP = [(f"toys/train/{i}.jpg", 0o100644, b"picture") for i in range(3)]


def changed(raw, at, value):
    return raw[:at] + value + raw[at + len(value):]


def headers(raw):
    """Offsets of the local and the central header of a zip's last member."""
    return raw.rindex(b"PK\x03\x04"), raw.rindex(b"PK\x01\x02")


def encrypted_zip():
    raw = zip_of(*GOOD_ZIP)
    local, central = headers(raw)
    return changed(changed(raw, local + 6, b"\x01"), central + 8, b"\x01")


def zip_with_a_name_that_is_no_text():
    raw = zip_of(*GOOD_ZIP, ("toys/train/\xe4.jpg", 0o100644, b"x"))
    return raw.replace(b"\xc3\xa4.jpg", b"\xc3\xc3.jpg")


def zip_with_a_part_missing():
    """Members that would have to begin before the start of the file."""
    raw = zip_of(*GOOD_ZIP, ("toys/train/a.jpg", 0o100644, bytes(range(256)) * 40),
                 compression=zipfile.ZIP_STORED)
    return raw[:200] + raw[9_000:]


def zip_that_lies_about_its_size():
    raw = zip_of(*GOOD_ZIP, ("toys/train/a.jpg", 0o100644, bytes(3_000_000)))
    local, central = headers(raw)
    nine = (9).to_bytes(4, "little")
    return changed(changed(raw, local + 22, nine), central + 24, nine)


def zip_with_a_nul_in_a_name():
    return zip_of(*GOOD_ZIP, ("toys/train/a.jpg?.exe", 0o100644, b"")).replace(
        b".jpg?", b".jpg\0")


def overlapping_zip():
    """Many members that are all the same compressed bytes, as in the best zip bombs."""
    raw = zip_of(("toys/train/a.jpg", 0o100644, bytes(9_000)))
    central = raw.index(b"PK\x01\x02")
    entry, kernel = raw[central:raw.index(b"PK\x05\x06")], raw[:central]
    entries = b"".join(entry.replace(b"/a.jpg", b"/%c.jpg" % letter)
                       for letter in b"abcdefgh")
    return kernel + entries + struct.pack(
        "<4s4H2LH", b"PK\x05\x06", 0, 0, 8, 8, len(entries), len(kernel), 0)


def zip_with_a_name_twice():
    raw = zip_of(*GOOD_ZIP, ("toys/train/b.jpg", 0o100644, b"second"))
    return raw.replace(b"train/b.jpg", b"train/0.jpg")


def sparse_tar():
    """A few bytes that claim to be 9,000, most of them a hole."""
    content = b"1\n8999\n1\n".ljust(512, b"\0") + b"x".ljust(512, b"\0")
    return tar_of(*GOOD, ("a.jpg", REG, {"pax_headers": {
        "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "a.jpg",
        "GNU.sparse.realsize": "9000"}}, content), tar_format=tarfile.PAX_FORMAT)


def sparse_map_of_no_numbers():
    return tar_of(*GOOD, ("a.jpg", REG, {"pax_headers": {"GNU.sparse.map": "x,y"}}),
                  tar_format=tarfile.PAX_FORMAT)


def headers_of_headers():
    """Thousands of long names, each of which belongs to the next."""
    raw = tar_of(("x" * 150, REG, {}))
    return gzip.compress(raw[:1024] * 1_000 + raw)


def header_that_fills_the_memory():
    return tar_of(("a.jpg", REG, {"pax_headers": {"comment": "x" * 2**22}}),
                  mode="w:gz", tar_format=tarfile.PAX_FORMAT)


def tar_with_a_nul_in_a_name():
    return tar_of(*GOOD, ("a.jpg", REG, {"pax_headers": {"path": "toys/a\0b.jpg"}}),
                  tar_format=tarfile.PAX_FORMAT)


def tar_that_claims_an_absurd_size():
    """A header that announces 2**60 bytes, in the binary form of GNU tar."""
    raw = bytearray(tar_of(*GOOD, ("toys/train/a.jpg", REG, {}, b"x")))
    header = 3 * 1024
    raw[header + 124:header + 136] = b"\x80" + (2**60).to_bytes(11, "big")
    raw[header + 148:header + 156] = b" " * 8
    total = sum(raw[header:header + 512])
    raw[header + 148:header + 156] = b"%06o\0 " % total
    return bytes(raw)


def bomb_behind_the_end():
    return gzip.compress(tar_of(*GOOD) + bytes(5_000_000))


TARS = {
    "absolute name": [("/evil.jpg", REG, {})],
    "absolute name of Windows": [("\\evil.jpg", REG, {})],
    "parent": [("../evil.jpg", REG, {})],
    "parent in the middle": [("train/../../evil.jpg", REG, {})],
    "parent folder": [("../evil", DIR, {})],
    "parent by backslash": [("train\\..\\..\\evil.jpg", REG, {})],
    "parent by a blank": [(".. /evil.jpg", REG, {})],
    "drive": [("C:evil.jpg", REG, {})],
    "alternate stream of Windows": [("train/1.jpg:evil.exe", REG, {})],
    "device of Windows": [("train/NUL.jpg", REG, {})],
    "network path": [("\\\\host\\evil.jpg", REG, {})],
    "control character": [("evil\n.jpg", REG, {})],
    "escape sequence": [("evil\x1b[2J.jpg", REG, {})],
    "symbolic link outwards": [("link", LINK, {"linkname": "/etc/passwd"})],
    "symbolic link inwards": [("link", LINK, {"linkname": "train"})],
    "file through a link": [("link", LINK, {"linkname": ".."}),
                            ("link/evil.jpg", REG, {})],
    "link over a folder": [("toys/train", LINK, {"linkname": "../.."}),
                           ("toys/train/evil.jpg", REG, {})],
    "hard link": [("link", tarfile.LNKTYPE, {"linkname": "../secret"})],
    "character device": [("zero", tarfile.CHRTYPE, {"devmajor": 1, "devminor": 5})],
    "block device": [("disk", tarfile.BLKTYPE, {"devmajor": 8})],
    "pipe": [("pipe", tarfile.FIFOTYPE, {})],
    "unknown type": [("odd", b"Z", {})],
    "same name twice": [("a.jpg", REG, {}), ("./a.jpg", REG, {})],
    "file in a file": [("a", REG, {}), ("a/b.jpg", REG, {})],
    "folder over a file": [("a", REG, {}), ("a", DIR, {})],
    "nested too deep": [("a/" * 40 + "b.jpg", REG, {})],
    "too many files": [(f"{i}.jpg", REG, {}) for i in range(60)],
    "too many folders": [(f"{i}", DIR, {}) for i in range(60)],
    "negative size": [("a.jpg", REG, {"size": -512})],
    "too many bytes": [("a.jpg", REG, {}, bytes(3_000_000))],
}
ZIPS = {
    "absolute name": [("/evil.jpg", 0, b"x")],
    "parent": [("../evil.jpg", 0, b"x")],
    "parent by backslash": [("..\\evil.jpg", 0, b"x")],
    "drive": [("C:/evil.jpg", 0, b"x")],
    "too many files": [(f"{i}.jpg", 0, b"") for i in range(60)],
    "too many bytes": [("a.jpg", 0, bytes(3_000_000))],
    "file in a file": [("a", 0, b""), ("a/b.jpg", 0, b"")],
    "nested too deep": [("a/" * 40 + "b.jpg", 0, b"")],
    "symbolic link": [("link", 0o120777, b"/etc/passwd")],
    "file through a link": [("link", 0o120777, b".."), ("link/evil.jpg", 0, b"x")],
    "character device": [("zero", 0o020666, b"")],
    "pipe": [("pipe", 0o010666, b"")],
}
HOSTILE = {
    **{f"tar: {name}": lambda members=members: tar_of(*GOOD, *members)
       for name, members in TARS.items()},
    **{f"zip: {name}": lambda members=members: zip_of(*GOOD_ZIP, *members)
       for name, members in ZIPS.items()},
    "tar.gz: bomb": lambda: tar_of(*GOOD, *TARS["too many bytes"], mode="w:gz"),
    "tar.xz: bomb": lambda: tar_of(*GOOD, *TARS["too many bytes"], mode="w:xz"),
    "tar.gz: bomb behind the end": bomb_behind_the_end,
    "tar.gz: header that fills the memory": header_that_fills_the_memory,
    "tar: sparse file": sparse_tar,
    "tar: NUL in a name": tar_with_a_nul_in_a_name,
    "tar: absurd size": tar_that_claims_an_absurd_size,
    "tar: sparse map of no numbers": sparse_map_of_no_numbers,
    "tar: headers of headers": headers_of_headers,
    "zip: encrypted": encrypted_zip,
    "zip: name that is no text": zip_with_a_name_that_is_no_text,
    "zip: part missing": zip_with_a_part_missing,
    **{f"zip: bomb by {name}": lambda method=method: zip_of(
        *GOOD_ZIP, ("a.jpg", 0, bytes(3_000_000)), compression=method)
       for name, method in (("bzip2", zipfile.ZIP_BZIP2), ("lzma", zipfile.ZIP_LZMA))},
    "zip: lies about its size": zip_that_lies_about_its_size,
    "zip: NUL in a name": zip_with_a_nul_in_a_name,
    "zip: overlapping members": overlapping_zip,
    "zip: same name twice": zip_with_a_name_twice,
}
