"""Unpacking: what is right comes out whole; what is hostile or damaged is refused."""

import gzip
import importlib
import io
import tarfile
import zipfile

import pytest
from hostile_archives import DIR, HOSTILE, REG, tar_of

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
    (tmp_path / "a.tar").write_bytes(tar_of(
        ("train", DIR, {"mode": 0}), ("train/1.jpg", REG, {"mode": 0o4000}, b"x")))
    extract(tmp_path / "a.tar", tmp_path / "out", **BOUNDS)
    own = tmp_path / "own"
    own.write_bytes(b"x")
    assert (tmp_path / "out/train/1.jpg").stat().st_mode == own.stat().st_mode


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_archive_is_refused_and_writes_nothing_outside(tmp_path, case):
    (tmp_path / "secret").write_text("secret")
    path = tmp_path / "archive"
    path.write_bytes(HOSTILE[case]())
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ArchiveError, match=r"/archive (was refused: |is cut off or d)"):
        extract(path, tmp_path / "out/here", **BOUNDS)
    assert sorted(tmp_path.iterdir()) == sorted([*before, tmp_path / "out"])
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["here"]
    assert not any(p.is_symlink() for p in tmp_path.rglob("*"))
    assert all(p.is_file() or p.is_dir() for p in tmp_path.rglob("*"))
    written = sum(p.stat().st_size for p in (tmp_path / "out").rglob("*")
                  if p.is_file())
    assert written <= BOUNDS["max_bytes"]


@pytest.mark.parametrize(("case", "reason"), [
    ("tar: parent", "could lead out"), ("tar: absolute name", "is absolute"),
    ("tar: hard link", "'link' is no plain file or folder"),
    ("tar: sparse file", "'a.jpg' is no plain file or folder"),
    ("tar: device of Windows", "a device on Windows"),
    ("tar.gz: header that fills the memory", "absurd amount of memory"),
    ("tar.gz: bomb behind the end", "unpacks to more than"),
    ("tar: absurd size", "cut off or damaged"),
    ("tar: sparse map of no numbers", "cut off or damaged"),
    ("tar: headers of headers", "cut off or damaged"),
    ("zip: encrypted", "'toys/train/2.jpg' is encrypted"),
    ("zip: name that is no text", "cut off or damaged"),
    ("zip: part missing", "cut off or damaged"),
    ("zip: bomb by bzip2", "packed in an unusual way"),
    ("zip: bomb by lzma", "packed in an unusual way"),
    ("zip: lies about its size", "cut off or damaged"),
    ("zip: NUL in a name", "holds a NUL"), ("zip: same name twice", "twice"),
    ("zip: overlapping members", "overlaps the next member"),
])
def test_refusal_tells_the_reason(tmp_path, case, reason):
    (tmp_path / "archive").write_bytes(HOSTILE[case]())
    with pytest.raises(ArchiveError, match=reason):
        extract(tmp_path / "archive", tmp_path / "out", **BOUNDS)


def test_as_many_members_and_bytes_as_allowed_are_unpacked(tmp_path):
    files = {f"{i}.jpg": bytes(2000) for i in range(50)}
    for path in (write_tar(tmp_path / "a.tar.gz", files, "w:gz"),
                 write_zip(tmp_path / "a.zip", files)):
        assert extract(path, tmp_path / ("out" + path.suffix), **BOUNDS) == 50


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
