"""Unpacking: what is right comes out whole; what is hostile or damaged is refused."""

import gzip
import importlib
import io
import tarfile
import zipfile

import pytest

from gluon_pix2pix.archives import ArchiveError, extract, kind_of

FILES = {"toys/train/1.jpg": b"one" * 400, "toys/train/2.jpg": b"two", "toys/NOTE": b""}
BOUNDS = {"max_files": 50, "max_bytes": 100_000}


def write_tar(path, files=FILES, mode="w", **kwargs):
    with tarfile.open(path, mode, **kwargs) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def write_zip(path, files=FILES, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def tar_of(path, *infos, content=b""):
    """Write a tar of members that no well-meaning program would write."""
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for name, kind, more in infos:
            info = tarfile.TarInfo(name)
            info.type = kind
            for attribute, value in more.items():
                setattr(info, attribute, value)
            tar.addfile(info, io.BytesIO(content) if info.size > 0 else None)
    return path


@pytest.mark.parametrize(("name", "mode", "kind"), [
    ("a.tar", "w", "tar"), ("b.tar.gz", "w:gz", "tar.gz"),
    ("a.tgz", "w:bz2", "tar.bz2"), ("misnamed.zip", "w:xz", "tar.xz"),
    ("a.zip", None, "zip"),
])
def test_every_format_unpacks_whatever_its_name(tmp_path, name, mode, kind):
    path = tmp_path / name
    if mode:
        write_tar(path, mode=mode)
    else:
        write_zip(path)
    ticks = []
    count = extract(path, tmp_path / "out", **BOUNDS, on_file=lambda: ticks.append(1))
    assert kind_of(path) == kind
    assert count == len(ticks) == 3
    for member, content in FILES.items():
        assert (tmp_path / "out" / member).read_bytes() == content


@pytest.mark.parametrize("tar_format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_names_and_content_of_any_length_come_out_right(tmp_path, tar_format):
    # Lengths around the block of 512 bytes and the pieces in which is copied.
    files = {f"{'long' * 30}/{size}.jpg": bytes(size % 251 for _ in range(size))
             for size in (0, 1, 511, 512, 513, 2**18 - 1, 2**18, 2**18 + 1, 700_000)}
    path = write_tar(tmp_path / "a.tar.gz", files, "w:gz", format=tar_format)
    extract(path, tmp_path / "out", max_files=50, max_bytes=2**21)
    for member, content in files.items():
        assert (tmp_path / "out" / member).read_bytes() == content


def test_droppings_of_macos_are_left_out(tmp_path):
    path = write_zip(tmp_path / "a.zip", {
        "train/1.jpg": b"x", "__MACOSX/train/._1.jpg": b"x", "train/._1.jpg": b"x",
        "train/.DS_Store": b"x",
    })
    assert extract(path, tmp_path / "out", **BOUNDS) == 1
    assert [p.name for p in (tmp_path / "out").rglob("*")] == ["train", "1.jpg"]


def test_names_with_backslashes_of_old_windows_programs_become_folders(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"toys\\train\\1.jpg": b"x"})
    extract(path, tmp_path / "out", **BOUNDS)
    assert (tmp_path / "out/toys/train/1.jpg").read_bytes() == b"x"


def test_permissions_are_those_of_own_files_not_of_the_archive(tmp_path):
    path = tar_of(tmp_path / "a.tar", ("train", tarfile.DIRTYPE, {"mode": 0}),
                  ("train/1.jpg", tarfile.REGTYPE, {"mode": 0o4000, "size": 1}),
                  content=b"x")
    extract(path, tmp_path / "out", **BOUNDS)
    own = tmp_path / "own"
    own.write_bytes(b"x")
    assert (tmp_path / "out/train/1.jpg").stat().st_mode == own.stat().st_mode


REG, DIR = tarfile.REGTYPE, tarfile.DIRTYPE
HOSTILE_TARS = {
    "absolute": [("/evil.jpg", REG, {})],
    "parent": [("../evil.jpg", REG, {})],
    "parent in the middle": [("train/../../evil.jpg", REG, {})],
    "parent folder": [("../evil", DIR, {})],
    "parent by backslash": [("train\\..\\..\\evil.jpg", REG, {})],
    "parent by a blank": [(".. /evil.jpg", REG, {})],
    "drive": [("C:evil.jpg", REG, {})],
    "network path": [("\\\\host\\evil.jpg", REG, {})],
    "control character": [("evil\n.jpg", REG, {})],
    "symbolic link outwards": [("link", tarfile.SYMTYPE, {"linkname": "/etc/passwd"})],
    "symbolic link inwards": [("link", tarfile.SYMTYPE, {"linkname": "train"})],
    "file through a link": [("link", tarfile.SYMTYPE, {"linkname": ".."}),
                            ("link/evil.jpg", REG, {})],
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
}


@pytest.mark.parametrize("case", HOSTILE_TARS)
def test_hostile_tar_is_refused_and_writes_nothing_outside(tmp_path, case):
    (tmp_path / "secret").write_text("secret")
    path = tar_of(tmp_path / "a.tar", *HOSTILE_TARS[case])
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ArchiveError, match=r"a\.tar was refused: .+\."):
        extract(path, tmp_path / "out/here", **BOUNDS)
    assert sorted(tmp_path.iterdir()) == [*before[:1], tmp_path / "out", *before[1:]]
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["here"]
    assert not any(p.is_symlink() for p in tmp_path.rglob("*"))


@pytest.mark.parametrize(("mode", "tar_format"), [
    ("w", tarfile.PAX_FORMAT), ("w:gz", tarfile.PAX_FORMAT),
    ("w:xz", tarfile.GNU_FORMAT),
])
def test_bomb_in_a_tar_stops_at_the_bound(tmp_path, mode, tar_format):
    path = write_tar(tmp_path / "a", {"a.jpg": b"x", "b.jpg": bytes(3_000_000)}, mode,
                     format=tar_format)
    with pytest.raises(ArchiveError, match="unpacks to more than 100000 bytes"):
        extract(path, tmp_path / "out", **BOUNDS)
    assert (tmp_path / "out/b.jpg").stat().st_size <= BOUNDS["max_bytes"]


def test_bomb_between_the_members_or_behind_the_end_stops_too(tmp_path):
    path = write_tar(tmp_path / "a.tar")
    with gzip.open(tmp_path / "b.tar.gz", "wb") as file:
        file.write(path.read_bytes() + bytes(5_000_000))
    with pytest.raises(ArchiveError, match="unpacks to more than"):
        extract(tmp_path / "b.tar.gz", tmp_path / "out", **BOUNDS)


def test_header_that_fills_the_memory_is_refused(tmp_path):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("a.jpg")
        info.pax_headers = {"comment": "x" * 2**22}
        tar.addfile(info)
    with pytest.raises(ArchiveError, match="absurd amount of memory"):
        extract(tmp_path / "a.tar.gz", tmp_path / "out", max_files=9, max_bytes=2**30)


def test_sparse_file_is_refused(tmp_path):
    # A few bytes that claim to be 9,000, most of them a hole.
    info = tarfile.TarInfo("a.jpg")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0",
                        "GNU.sparse.name": "a.jpg", "GNU.sparse.realsize": "9000"}
    content = b"1\n8999\n1\n".ljust(512, b"\0") + b"x".ljust(512, b"\0")
    info.size = len(content)
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(info, io.BytesIO(content))
    with pytest.raises(ArchiveError, match="was refused: 'a.jpg' is no plain file"):
        extract(tmp_path / "a.tar", tmp_path / "out", **BOUNDS)


def zip_info(name, mode):
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


HOSTILE_ZIPS = {
    "absolute": {"/evil.jpg": b"x"},
    "parent": {"../evil.jpg": b"x"},
    "parent by backslash": {"..\\evil.jpg": b"x"},
    "drive": {"C:/evil.jpg": b"x"},
    "too many files": {f"{i}.jpg": b"" for i in range(60)},
    "bomb": {"a.jpg": bytes(3_000_000)},
    "file in a file": {"a": b"", "a/b.jpg": b""},
    "symbolic link": {zip_info("link", 0o120777): b"/etc/passwd"},
    "character device": {zip_info("zero", 0o020666): b""},
}


@pytest.mark.parametrize("case", HOSTILE_ZIPS)
def test_hostile_zip_is_refused_and_writes_nothing_outside(tmp_path, case):
    path = write_zip(tmp_path / "a.zip", HOSTILE_ZIPS[case])
    with pytest.raises(ArchiveError, match=r"a\.zip was refused: .+\."):
        extract(path, tmp_path / "out/here", **BOUNDS)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip", "out"]
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["here"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_zip_with_the_same_name_twice_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("a.jpg", "first")
        file.writestr("a.jpg", "second")
    with pytest.raises(ArchiveError, match="twice"):
        extract(tmp_path / "a.zip", tmp_path / "out", **BOUNDS)


def test_encrypted_zip_is_refused(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"a.jpg": b"x"})
    raw = bytearray(path.read_bytes())
    raw[6] |= 1  # the flag, in the local header and in the directory
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    with pytest.raises(ArchiveError, match="encrypted"):
        extract(path, tmp_path / "out", **BOUNDS)


def test_zip_that_lies_about_its_sizes_is_refused(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"a.jpg": bytes(3_000_000)})
    raw = bytearray(path.read_bytes())
    raw[22:26] = (9).to_bytes(4, "little")  # unpacked size, in both headers
    at = raw.index(b"PK\x01\x02") + 24
    raw[at:at + 4] = (9).to_bytes(4, "little")
    path.write_bytes(raw)
    with pytest.raises(ArchiveError, match="damaged"):
        extract(path, tmp_path / "out", **BOUNDS)
    assert (tmp_path / "out/a.jpg").stat().st_size <= 9


NOISE = bytes((i * i * 7 + i // 3) % 256 for i in range(9000))  # does not compress


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar_cut_off_anywhere_is_noticed(tmp_path, mode):
    files = {f"train/{i}.jpg": NOISE[i:] for i in range(3)}
    whole = write_tar(tmp_path / "a.tar", files, mode).read_bytes()
    end = 3 * (512 + 9216)  # of the last member in the plain archive: a clean cut there
    cuts = [100, 512, 700, 9728, 9728 + 512, end] if mode == "w" else []
    for cut in [*cuts, len(whole) // 3, len(whole) // 2, len(whole) - 9]:
        if mode == "w" and cut > end + 512:
            continue  # only padding is lost
        path = tmp_path / "cut"
        path.write_bytes(whole[:cut])
        with pytest.raises(ArchiveError):
            extract(path, tmp_path / f"out{cut}", **BOUNDS)


def test_zip_cut_off_anywhere_is_noticed(tmp_path):
    whole = write_zip(tmp_path / "a.zip", {"1.jpg": NOISE, "2.jpg": NOISE}).read_bytes()
    for cut in (10, len(whole) // 2, len(whole) - 9):
        (tmp_path / "cut").write_bytes(whole[:cut])
        with pytest.raises(ArchiveError, match="cut off or damaged"):
            extract(tmp_path / "cut", tmp_path / f"out{cut}", **BOUNDS)


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz", "zip"])
def test_flipped_byte_is_noticed(tmp_path, mode):
    path = tmp_path / "a"
    if mode == "zip":
        write_zip(path, {"1.jpg": NOISE}, zipfile.ZIP_STORED)
    else:
        write_tar(path, {"1.jpg": NOISE}, mode)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 0x55
    path.write_bytes(raw)
    with pytest.raises(ArchiveError, match="cut off or damaged"):
        extract(path, tmp_path / "out", **BOUNDS)


def test_damaged_header_between_members_is_not_taken_for_the_end(tmp_path):
    path = write_tar(tmp_path / "a.tar", {"1.jpg": b"x", "2.jpg": b"y", "3.jpg": b"z"})
    raw = bytearray(path.read_bytes())
    raw[1024 + 150] ^= 0xFF  # checksum of the second header
    path.write_bytes(raw)
    with pytest.raises(ArchiveError, match="cut off or damaged"):
        extract(path, tmp_path / "out", **BOUNDS)


@pytest.mark.parametrize(("content", "reason"), [
    (b"", "is empty"),
    (b"\xef\xbb\xbf\n <!DOCTYPE html><html>Please log in</html>", "is a web page"),
    (b"<html>Please log in</html>".ljust(2000), "is a web page"),
    (b"GIF89a" + bytes(600), "is neither a tar nor a zip archive"),
    (bytes(2000), "is neither a tar nor a zip archive"),
    (gzip.compress(b"no tar inside"), "cut off or damaged"),
    (gzip.compress(b""), "cut off or damaged"),
])
def test_what_is_no_archive_is_named(tmp_path, content, reason):
    (tmp_path / "a.tar.gz").write_bytes(content)
    with pytest.raises(ArchiveError, match=reason):
        extract(tmp_path / "a.tar.gz", tmp_path / "out", **BOUNDS)


def test_errors_of_the_operating_system_stay_what_they_are(tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    module = importlib.import_module("gluon_pix2pix.archives")
    path = write_zip(tmp_path / "a.zip")
    monkeypatch.setattr(module, "kind_of", lambda archive: "zip")
    monkeypatch.setattr(module, "open", full, raising=False)
    with pytest.raises(OSError, match="No space left"):
        extract(path, tmp_path / "out", **BOUNDS)
