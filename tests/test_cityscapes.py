"""Cityscapes from its owner's files: exact, complete or not there, and resumable."""

import errno
import io
import json
import logging
import os
import random
import shutil
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gluon_pix2pix import cityscapes, cityscapes_files
from gluon_pix2pix.cityscapes import prepare_cityscapes
from gluon_pix2pix.street_labels import STREET_LABELS, colour_labels

PHOTOS, MAPS = "leftImg8bit_trainvaltest.zip", "gtFine_trainvaltest.zip"
TRAIN = [f"aachen_00000{i}_000019" for i in range(3)] + ["ulm_000000_000019"]
VAL = ["lindau_000000_000019", "lindau_000001_000019"]
WIDTH, HEIGHT = 64, 32


def png(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def pictures_of(name):
    """Photo, label map and instance map of a frame, random but fixed by its name."""
    rng = np.random.RandomState(sum(map(ord, name)))
    blocks = rng.randint(0, 34, (HEIGHT // 4, WIDTH // 4)).astype(np.uint8)
    labels = blocks.repeat(4, 0).repeat(4, 1)
    numbers = rng.randint(0, 200, labels.shape).astype(np.uint16)
    instances = np.where(labels >= 24, labels * np.uint16(1000) + numbers, labels)
    photo = rng.randint(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    return photo, labels, instances.astype(np.uint16)


def owner_files(train=TRAIN, val=VAL):
    """The owner's tree as a dict, with the files that we do not need."""
    files = {"leftImg8bit/README": b"photos", "gtFine/license.txt": b"terms"}
    test = ["bonn_000000_000019"]
    for split, names in (("train", train), ("val", val), ("test", test)):
        for name in names:
            stem = f"{split}/{name.split('_')[0]}/{name}"
            photo, labels, instances = map(png, pictures_of(name))
            files.update({
                f"leftImg8bit/{stem}_leftImg8bit.png": photo,
                f"gtFine/{stem}_gtFine_labelIds.png": labels,
                f"gtFine/{stem}_gtFine_instanceIds.png": instances,
                f"gtFine/{stem}_gtFine_color.png": photo,
                f"gtFine/{stem}_gtFine_polygons.json": b"{}"})
    return files


def write_zips(folder, files, top=""):
    folder.mkdir(parents=True, exist_ok=True)
    for zipped, start in ((PHOTOS, "leftImg8bit/"), (MAPS, "gtFine/")):
        with zipfile.ZipFile(folder / zipped, "w") as file:
            for name, content in files.items():
                if name.startswith(start):
                    file.writestr(top + name, content)
    return folder


def write_tree(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.fixture
def owner(tmp_path):
    return write_zips(tmp_path / "owner", owner_files())


def prepare(sources, root, **options):
    return prepare_cityscapes(sources, root,
                              **{"size": 16, "progress": False, **options})


def listing(folder):
    """Names and content of all pictures below a folder, hidden ones too."""
    return {path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(Path(folder).rglob("*.png"))}


def record(folder):
    return json.loads((folder / ".source.json").read_text())


def test_pairs_hold_the_photo_left_and_exact_label_colours_right(owner, tmp_path):
    folder = prepare(owner, tmp_path / "data", hd=False)["cityscapes"]
    assert folder == tmp_path / "data/cityscapes"
    assert sorted(listing(folder)) == [f"train/{name}.png" for name in TRAIN] + [
        f"val/{name}.png" for name in VAL]
    for split, name in (("train", TRAIN[0]), ("val", VAL[1])):
        photo, labels, _ = pictures_of(name)
        pair = np.asarray(Image.open(folder / split / f"{name}.png"))
        assert pair.shape == (16, 32, 3)
        # 64 x 32 into 16 x 16: every fourth column, every second row, at its centre.
        assert (pair[:, 16:] == colour_labels(labels[1::2, 2::4])).all()
        reduced = Image.fromarray(photo).resize((16, 16), Image.LANCZOS)
        assert (pair[:, :16] == np.asarray(reduced)).all()
    assert not (tmp_path / "data/cityscapes_hd").exists()


def test_folders_hold_the_owners_files_byte_for_byte(owner, tmp_path):
    folder = prepare(owner, tmp_path, pairs=False)["cityscapes_hd"]
    files, found = owner_files(), listing(folder)
    assert len(found) == 3 * len(TRAIN + VAL)
    for name in TRAIN:
        stem = f"train/{name.split('_')[0]}/{name}"
        for ours, part, ending in (("train_img", "leftImg8bit", "leftImg8bit"),
                                   ("train_label", "gtFine", "gtFine_labelIds"),
                                   ("train_inst", "gtFine", "gtFine_instanceIds")):
            content = files[f"{part}/{stem}_{ending}.png"]
            assert found[f"{ours}/{name}_{ending}.png"] == content
    # pix2pixHD calls it test, and it is the owner's val: with photos, to compare with.
    assert [name for name in found if name.startswith("test_")] == [
        f"test_{part}/{name}_{ending}.png" for part, ending in (
            ("img", "leftImg8bit"), ("inst", "gtFine_instanceIds"),
            ("label", "gtFine_labelIds")) for name in VAL]
    assert not (tmp_path / "cityscapes").exists()


def test_reduced_folders_keep_every_id_exact(owner, tmp_path):
    folder = prepare(owner, tmp_path, pairs=False, width=32)["cityscapes_hd"]
    photo, labels, instances = pictures_of(VAL[0])
    assert instances.max() > 24_000

    def read(kind, ending):
        return np.asarray(Image.open(folder / f"test_{kind}/{VAL[0]}_{ending}.png"))

    reduced = Image.fromarray(photo).resize((32, 16), Image.LANCZOS)
    assert (read("img", "leftImg8bit") == np.asarray(reduced)).all()
    found = read("label", "gtFine_labelIds")
    assert found.dtype == np.uint8
    assert (found == labels[1::2, 1::2]).all()
    assert (read("inst", "gtFine_instanceIds") == instances[1::2, 1::2]).all()


@pytest.mark.parametrize("form", ["zips one by one", "folder", "two folders", "mixed",
                                  "mixed in one", "top folder", "unpacked twice",
                                  "relative", "links"])
def test_every_form_of_the_source_gives_the_same(form, owner, tmp_path, monkeypatch):
    files, other = owner_files(), tmp_path / "other"
    tree = write_tree(tmp_path / "tree", files)
    if form == "zips one by one":
        sources = [str(owner / MAPS), owner / PHOTOS]
    elif form == "folder":
        sources = tree
    elif form == "two folders":
        sources = (tree / "leftImg8bit", tree / "gtFine")
    elif form == "mixed":
        sources = [tree / "leftImg8bit", owner / MAPS]
    elif form == "mixed in one":
        sources = other
        shutil.copytree(tree / "leftImg8bit", other / "leftImg8bit")
        shutil.copy(owner / MAPS, other)
    elif form == "top folder":
        sources = write_zips(other, files, top="Cityscapes v1.0/")
    elif form == "unpacked twice":  # as "extract all" of Windows does
        sources = other
        for name in ("leftImg8bit", "gtFine"):
            shutil.copytree(tree / name, other / f"{name}_trainvaltest" / name)
    elif form == "relative":
        monkeypatch.chdir(tree / "gtFine")
        sources = [".", "../leftImg8bit"]
    elif form == "links":
        sources = other
        other.mkdir()
        try:
            (other / "leftImg8bit").symlink_to(tree / "leftImg8bit")
        except OSError:
            pytest.skip("this system makes no symbolic links")
        shutil.move(tree / "gtFine", tree / "maps")
        (other / "gtFine").symlink_to(tree / "maps")

    expected = prepare(owner, tmp_path / "expected")
    found = prepare(sources, tmp_path / "found")
    for name, folder in found.items():
        assert listing(folder) == listing(expected[name])
        assert record(folder)["recipe"] == record(expected[name])["recipe"]


def test_the_record_tells_source_counts_and_parameters(owner, tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    folders = prepare(owner, tmp_path, width=32)
    assert list(folders) == ["cityscapes", "cityscapes_hd"]
    pairs, hd = map(record, folders.values())
    assert pairs["pictures"] == {"train": 4, "val": 2}
    assert hd["pictures"] == dict.fromkeys(
        ("train_img", "train_label", "train_inst",
         "test_img", "test_label", "test_inst"), 0) | {
        f"{split}_{part}": count for split, count in (("train", 4), ("test", 2))
        for part in ("img", "label", "inst")}
    assert (pairs["recipe"]["size"], hd["recipe"]["width"]) == (16, 32)
    assert Path(pairs["source"]) == (owner / PHOTOS).resolve()
    assert pairs["source_kind"] == "zip" and pairs["date"] > "2020"
    assert "train 4 of 2975, val 2 of 500" in caplog.text  # a part, and said so


def test_whole_data_gives_no_warning(owner, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(cityscapes_files, "EXPECTED", {"train": 4, "val": 2})
    prepare(owner, tmp_path)
    assert not caplog.records


def test_labels_without_a_photo_are_counted_and_left_out(tmp_path, caplog):
    files = {name: content for name, content in owner_files().items()
             if "leftImg8bit" not in name or TRAIN[1] in name or TRAIN[2] in name}
    folders = prepare(write_zips(tmp_path / "part", files), tmp_path)
    assert record(folders["cityscapes"])["pictures"] == {"train": 2}
    assert "train 2 of 2975, val 0 of 500" in caplog.text
    assert "4 label maps without a photo" in caplog.text
    assert sorted(p.name for p in folders["cityscapes_hd"].glob("[a-z]*")) == [
        "train_img", "train_inst", "train_label"]


class Stop:
    """Reads the owner's zips and stops at the k-th read, whoever reads."""

    def __init__(self, monkeypatch, at=None, error=KeyboardInterrupt):
        self.reads, read, lock = [], zipfile.ZipFile.read, threading.Lock()

        def counting(archive, member, *args):
            with lock:
                if at is not None and len(self.reads) >= at:
                    raise error()
                self.reads.append(member.filename)
            return read(archive, member, *args)

        monkeypatch.setattr(zipfile.ZipFile, "read", counting)


@pytest.mark.parametrize("at, whole", [(0, 0), (8, 4), (13, 6)])
def test_an_interruption_is_continued(at, whole, owner, tmp_path, monkeypatch, caplog):
    root = tmp_path / "data"
    monkeypatch.setattr(cityscapes, "_THREADS", 1)  # or which frame stops is chance
    with monkeypatch.context() as patch:
        Stop(patch, at)
        with pytest.raises(KeyboardInterrupt):
            prepare(owner, root)
    assert "goes on from there" in caplog.text
    assert not list(root.glob("*/*.new")) and not (root / "cityscapes_hd").exists()
    # 2 reads a pair: 6 pairs in 12 reads, and then the folders are begun.
    assert (root / "cityscapes").exists() == (whole == 6)
    with monkeypatch.context() as patch:
        second = Stop(patch)
        folders = prepare(owner, root)
    assert len(second.reads) == 2 * (6 - whole) + 3 * 6
    clean = prepare(owner, tmp_path / "clean")
    for name in clean:
        assert listing(folders[name]) == listing(clean[name])
    assert sorted(p.name for p in root.iterdir()) == [
        ".downloads", "cityscapes", "cityscapes_hd"]
    assert not list((root / ".downloads").glob("*.partial"))


def test_a_killed_process_leaves_nothing_that_looks_whole(owner, tmp_path):
    root = tmp_path / "data"
    code = ("import os, sys, gluon_pix2pix.cityscapes as c\n"
            "write, done = c._write, []\n"
            "def dying(path, content):\n"
            "    if path.suffix == '.png' and len(done) == 3:\n"
            "        path.with_suffix('.new').write_bytes(content[:40])\n"
            "        os._exit(9)\n"
            "    done.append(path.suffix == '.png') if path.suffix == '.png' else 0\n"
            "    write(path, content)\n"
            "c._write, c._THREADS = dying, 1\n"
            "c.prepare_cityscapes(sys.argv[1], sys.argv[2], size=16, progress=False)")
    result = subprocess.run([sys.executable, "-c", code, owner, root], timeout=60,
                            cwd=Path(cityscapes.__file__).parents[1])
    assert result.returncode == 9
    assert [p.name for p in root.iterdir()] == [".downloads"]
    assert len(list(root.rglob("*.new"))) == 1
    folder = prepare(owner, root, hd=False)["cityscapes"]
    assert listing(folder) == listing(
        prepare(owner, tmp_path / "clean", hd=False)["cityscapes"])
    assert not list(root.rglob("*.new"))


def test_other_parameters_start_an_interrupted_one_anew(owner, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        Stop(patch, at=8)
        with pytest.raises(KeyboardInterrupt):
            prepare(owner, tmp_path, hd=False)
    folder = prepare(owner, tmp_path, hd=False, size=24)["cityscapes"]
    sizes = {Image.open(path).size for path in folder.glob("*/*.png")}
    assert sizes == {(48, 24)}


def test_other_files_start_an_interrupted_one_anew(owner, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        Stop(patch, at=8)
        with pytest.raises(KeyboardInterrupt):
            prepare(owner, tmp_path, hd=False)
    part = write_zips(tmp_path / "part", owner_files(TRAIN[3:], []))
    folder = prepare(part, tmp_path, hd=False)["cityscapes"]
    assert list(listing(folder)) == [f"train/{TRAIN[3]}.png"]


def test_a_changed_file_of_the_same_name_is_noticed(owner, tmp_path):
    prepare(owner, tmp_path, hd=False)
    files = owner_files()
    name = next(name for name in files if f"{TRAIN[0]}_gtFine_labelIds" in name)
    files[name] = other_picture("L")
    changed = write_zips(tmp_path / "changed", files)
    with pytest.raises(FileExistsError, match="from other files"):
        prepare(changed, tmp_path, hd=False)


def test_an_interrupt_by_hand_stops_the_threads(owner, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    reads, write = Stop(monkeypatch).reads, cityscapes._write
    monkeypatch.setattr(cityscapes, "_THREADS", 1)
    monkeypatch.setattr(cityscapes, "_write",
                        lambda *args: (time.sleep(0.05), write(*args)))
    monkeypatch.setattr(cityscapes.tqdm, "update", interrupt)
    with pytest.raises(KeyboardInterrupt):
        prepare(owner, tmp_path, hd=False)
    assert len(reads) < 2 * 6


def test_what_is_there_is_returned_and_not_touched(owner, tmp_path, monkeypatch):
    folders = prepare(owner, tmp_path)
    before = {path: path.stat().st_mtime_ns
              for folder in folders.values() for path in folder.rglob("*")}
    reads = Stop(monkeypatch).reads
    assert prepare(owner, tmp_path) == folders
    assert reads == []
    assert {path: path.stat().st_mtime_ns for folder in folders.values()
            for path in folder.rglob("*")} == before


def test_a_folder_made_otherwise_is_refused_at_once(owner, tmp_path, monkeypatch):
    prepare(owner, tmp_path, hd=False)
    reads = Stop(monkeypatch).reads
    with pytest.raises(FileExistsError, match=r"size=16, not 32: delete it"):
        prepare(owner, tmp_path, size=32)
    part = write_zips(tmp_path / "part", owner_files(TRAIN[:2], VAL))
    with pytest.raises(FileExistsError, match=r"from other files, .*'train': 4"):
        prepare(part, tmp_path)
    (tmp_path / "cityscapes/.source.json").write_text('{"source": "an archive"}')
    with pytest.raises(FileExistsError, match="not prepared from the owner's files"):
        prepare(owner, tmp_path)
    assert reads == [] and not (tmp_path / "cityscapes_hd").exists()


def test_an_empty_folder_is_no_obstacle(owner, tmp_path):
    (tmp_path / "cityscapes").mkdir()
    assert len(listing(prepare(owner, tmp_path, hd=False)["cityscapes"])) == 6


def test_two_at_once_do_the_work_once(owner, tmp_path, monkeypatch, caplog):
    counter, found = Stop(monkeypatch), []
    write = cityscapes._write
    monkeypatch.setattr(cityscapes, "_write",
                        lambda *args: (time.sleep(0.02), write(*args)))
    threads = [threading.Thread(target=lambda: found.append(
        prepare(owner, tmp_path, hd=False))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(found) == 2 and found[0] == found[1]
    assert len(counter.reads) == 2 * 6
    assert "Another process is preparing" in caplog.text


@pytest.mark.parametrize("absent, message", [
    ("ulm_000000_000019_gtFine_labelIds", "ulm_000000_000019_leftImg8bit.png in "),
    ("lindau_000001_000019_gtFine_instanceIds", "has no gtFine_instanceIds"),
])
def test_a_missing_partner_is_found_before_the_work(absent, message, tmp_path):
    files = {name: content for name, content in owner_files().items()
             if absent not in name}
    source = write_zips(tmp_path / "owner", files)
    with pytest.raises(FileNotFoundError, match=message) as caught:
        prepare(source, tmp_path / "data")
    assert MAPS in str(caught.value)  # the remedy
    assert not (tmp_path / "data").exists()


def test_pairs_need_no_instances(tmp_path):
    files = {name: content for name, content in owner_files().items()
             if "instanceIds" not in name}
    source = write_zips(tmp_path / "owner", files)
    assert len(listing(prepare(source, tmp_path, hd=False)["cityscapes"])) == 6


@pytest.mark.parametrize("kept, wanted", [(MAPS, PHOTOS), (PHOTOS, MAPS)])
def test_a_missing_zip_is_named(kept, wanted, owner, tmp_path):
    for sources in (owner / kept, [owner / kept]):
        with pytest.raises(FileNotFoundError, match=wanted):
            prepare(sources, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_wrong_folder_is_described(tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"sea")
    with pytest.raises(FileNotFoundError, match=r"holds holiday\.jpg.*Name leftImg"):
        prepare(tmp_path, tmp_path / "data")
    with pytest.raises(FileNotFoundError, match="There is no file or folder"):
        prepare(tmp_path / "typo", tmp_path / "data")
    with pytest.raises(FileNotFoundError, match="no photo to train on"):
        prepare(write_zips(tmp_path / "val", owner_files([], VAL)), tmp_path / "data")


@pytest.mark.parametrize("content, message", [
    (b"", "is empty"),
    (b"<!DOCTYPE html><html>Log in", "is a web page"),
    (b"no archive at all", "is neither"),
    ("half", "is cut off or damaged"),
])
def test_a_damaged_zip_is_named(content, message, owner, tmp_path):
    whole = (owner / MAPS).read_bytes()
    half = whole[:len(whole) // 2]
    (owner / MAPS).write_bytes(half if content == "half" else content)
    with pytest.raises(ValueError, match=f"{MAPS} {message}.*fetch it again"):
        prepare(owner, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_fault_inside_a_zip_is_named_and_can_be_mended(owner, tmp_path, monkeypatch):
    whole = (owner / PHOTOS).read_bytes()
    name = f"leftImg8bit/train/ulm/{TRAIN[3]}_leftImg8bit.png"
    at = whole.index(name.encode()) + len(name) + 1000
    (owner / PHOTOS).write_bytes(whole[:at] + b"\0\1\2\3" + whole[at + 4:])
    with pytest.raises(ValueError, match=f"{name} in .*{PHOTOS} is damaged.*CRC"):
        prepare(owner, tmp_path / "data", hd=False)
    assert [p.name for p in (tmp_path / "data").iterdir()] == [".downloads"]
    (owner / PHOTOS).write_bytes(whole)
    reads = Stop(monkeypatch).reads
    assert len(listing(prepare(owner, tmp_path / "data", hd=False)["cityscapes"])) == 6
    assert 0 < len(reads) < 2 * 6


@pytest.mark.parametrize("number, expected", [
    (errno.EINVAL, ValueError),  # an offset in the zip where no file can be read
    (errno.EIO, RuntimeError),
])
def test_damage_and_faults_of_the_disk_are_told_apart(number, expected, owner, tmp_path,
                                                      monkeypatch):
    Stop(monkeypatch, 0, lambda: OSError(number, os.strerror(number)))
    with pytest.raises(expected, match=os.strerror(number)):
        prepare(owner, tmp_path, hd=False)


def other_picture(mode="RGB", size=(WIDTH, HEIGHT), kind="PNG"):
    file = io.BytesIO()
    Image.new(mode, size).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("ending, content", [
    ("leftImg8bit", b"text"),
    ("leftImg8bit", other_picture(kind="JPEG")),
    ("leftImg8bit", other_picture("L")),
    ("leftImg8bit", "cut"),
    ("leftImg8bit", other_picture(size=(60, 30))),
    ("gtFine_labelIds", other_picture("RGB")),
    ("gtFine_instanceIds", other_picture("P")),
    ("gtFine_instanceIds", "cut"),
])
@pytest.mark.parametrize("width", [None, 32])
def test_a_picture_that_is_none_is_named(ending, content, width, tmp_path):
    files = owner_files()
    name = next(name for name in files if f"{TRAIN[0]}_{ending}" in name)
    files[name] = files[name][:-30] if content == "cut" else content
    tree = write_tree(tmp_path / "tree", files)
    with pytest.raises(ValueError, match=f"{TRAIN[0]}_.* is damaged, or no such file"):
        prepare(tree, tmp_path / "data", pairs=False, width=width)
    assert not (tmp_path / "data/cityscapes_hd").exists()


def test_absurd_sizes_are_refused(owner, tmp_path, monkeypatch):
    files = owner_files()
    name = f"gtFine/train/ulm/{TRAIN[3]}_gtFine_labelIds.png"
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as file:
        for other, content in files.items():
            if other.startswith("gtFine") and other != name:
                file.writestr(other, content)
        file.writestr(name, bytes(2**25 + 1))
    (owner / MAPS).write_bytes(bomb.getvalue())
    with pytest.raises(ValueError, match="has 33554433 bytes"):
        prepare(owner, tmp_path / "data", hd=False)
    monkeypatch.setattr(cityscapes_files, "_MOST_PIXELS", WIDTH * HEIGHT - 1)
    with pytest.raises(ValueError, match=r"size \(64, 32\)"):
        prepare(owner, tmp_path / "more", hd=False)


def test_hostile_names_lead_nowhere(tmp_path):
    files = owner_files()
    photo, evil = png(pictures_of("evil")[0]), "evil_000000_000019_leftImg8bit.png"
    hostile = {
        f"../leftImg8bit/train/evil/{evil}": photo,
        f"/leftImg8bit/train/evil/{evil}": photo,
        f"leftImg8bit/train/../{evil}": photo,
        f"leftImg8bit/train/evil/../evil/{evil}": photo,
        f"C:/leftImg8bit/train/evil/{evil}": photo,
        "leftImg8bit/train/../.._000000_000019_leftImg8bit.png": photo,
        f"leftImg8bit/train/evil/x{evil}": photo,
        f"leftImg8bit/train/evil/{evil}\n": photo,
        f"leftImg8bit/train/other/{evil}": photo,
        f"leftImg8bit\\train\\evil\\{evil}": photo,
        f"gtFine/train/evil/{evil}": photo,
        f"__MACOSX/leftImg8bit/train/evil/._{evil}": photo,
        "leftImg8bit/train/evil/evil_000000_000019_leftImg8bit_labelIds.png": photo,
        "../../evil.png": photo,
    }
    source = write_zips(tmp_path / "owner", files)
    with zipfile.ZipFile(source / PHOTOS, "a") as file:
        for name, content in hostile.items():
            file.writestr(name, content)
    before = sorted(tmp_path.rglob("*"))
    folders = prepare(source, tmp_path / "data")
    assert len(listing(folders["cityscapes"])) == 6
    assert len(listing(folders["cityscapes_hd"])) == 18
    assert not list(tmp_path.rglob("*evil*"))
    outside = [p for p in tmp_path.rglob("*") if tmp_path / "data" not in p.parents]
    assert sorted(set(outside) - {tmp_path / "data"}) == before


def test_a_link_in_a_zip_is_not_followed(owner, tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(png(pictures_of("secret")[0]))
    name = "zurich_000000_000019"
    link = zipfile.ZipInfo(f"leftImg8bit/train/zurich/{name}_leftImg8bit.png")
    link.external_attr = 0o120777 << 16
    maps = owner_files([name], [])
    with zipfile.ZipFile(owner / PHOTOS, "a") as file:
        file.writestr(link, str(secret))
    with zipfile.ZipFile(owner / MAPS, "a") as file:
        for member, content in maps.items():
            if member.startswith(f"gtFine/train/zurich/{name}"):
                file.writestr(member, content)
    with pytest.raises(ValueError, match=f"{name}_leftImg8bit.png .*is damaged"):
        prepare(owner, tmp_path / "data", pairs=False)


def test_broken_bytes_anywhere_raise_nothing_unforeseen(owner, tmp_path):
    """Whatever is in the files, the outcome is a folder or an error that names one."""
    rng, whole = random.Random(0), (owner / MAPS).read_bytes()
    outcomes = set()
    for i in range(40):
        broken = bytearray(whole)
        for _ in range(rng.choice((1, 3, 30))):
            # Half of them in the list of members at the end.
            start = rng.choice((0, len(whole) - 2500))
            broken[rng.randrange(start, len(whole))] = rng.randrange(256)
        (owner / MAPS).write_bytes(broken)
        try:
            prepare(owner, tmp_path / f"{i}", hd=False)
            outcomes.add("made")
        except (ValueError, FileNotFoundError) as error:
            assert MAPS in str(error)
            outcomes.add("refused")
    assert outcomes == {"made", "refused"}


def test_a_full_disk_is_foreseen(owner, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(RuntimeError, match=r"0\.\d\d GB are needed.*another root"):
        prepare(owner, tmp_path / "data")
    assert list((tmp_path / "data").iterdir()) == []


def test_a_disk_that_runs_full_is_explained(owner, tmp_path, monkeypatch):
    write = cityscapes._write

    def full(path, content):
        if VAL[0] in path.name:
            raise OSError(errno.ENOSPC, "full", str(path))
        write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(cityscapes, "_write", full)
        with pytest.raises(RuntimeError, match="is full.*goes on from there"):
            prepare(owner, tmp_path, hd=False)
    assert not (tmp_path / "cityscapes").exists()
    assert len(listing(prepare(owner, tmp_path, hd=False)["cityscapes"])) == 6


def test_no_permission_is_explained(owner, tmp_path, monkeypatch):
    def forbidden(path, *args, **kwargs):
        raise PermissionError(13, os.strerror(13), str(path))

    monkeypatch.setattr(Path, "mkdir", forbidden)
    with pytest.raises(RuntimeError, match="No permission for .*data: change its"):
        prepare(owner, tmp_path / "data")
    monkeypatch.undo()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RuntimeError, match="choose another root"):
        prepare(owner, tmp_path / "file")


@pytest.mark.parametrize("options", [
    {"size": 8}, {"size": 4096}, {"width": 4096}, {"width": "wide"}, {"size": 16.5},
    {"pairs": False, "hd": False}])
def test_bad_numbers_are_refused(options, owner, tmp_path):
    with pytest.raises(ValueError):
        prepare(owner, tmp_path / "data", **options)
    assert not (tmp_path / "data").exists()


def test_no_source_is_refused(tmp_path):
    with pytest.raises(ValueError, match="name the owner's zips"):
        prepare([], tmp_path)


def test_the_number_of_threads_changes_nothing(owner, tmp_path, monkeypatch):
    made = []
    for threads in (1, 4):
        monkeypatch.setattr(cityscapes, "_THREADS", threads)
        folders = prepare(owner, tmp_path / str(threads), width=32)
        made.append([listing(folder) for folder in folders.values()])
    assert made[0] == made[1]


def test_progress_is_shown_when_asked_for(owner, tmp_path, capsys):
    prepare(owner, tmp_path / "a", hd=False)
    assert capsys.readouterr().err == ""
    prepare(owner, tmp_path / "b", hd=False, progress=True)
    assert "preparing cityscapes" in capsys.readouterr().err


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The real sample, rearranged into the owner's zips; its own files by name."""
    default = Path(__file__).parents[2] / "shared/data/cityscapes.tar.gz"
    path = Path(os.environ.get("PIX2PIX_TEST_CITYSCAPES", default))
    if not path.is_file():
        pytest.skip("no real Cityscapes: PIX2PIX_TEST_CITYSCAPES can name pix2pixHD's "
                    "sample as an archive")
    files, sample = {}, {}
    with tarfile.open(path) as tar:
        for member in filter(tarfile.TarInfo.isfile, tar):
            folder, name = member.name.split("/")[-2:]
            sample[f"{folder}/{name}"] = content = tar.extractfile(member).read()
            top = "leftImg8bit" if folder.endswith("img") else "gtFine"
            split = {"train": "train", "test": "val"}[folder.split("_")[0]]
            files[f"{top}/{split}/{name.split('_')[0]}/{name}"] = content
    return write_zips(tmp_path_factory.mktemp("real"), files), sample


def test_the_real_sample(real, tmp_path, caplog):
    source, sample = real
    folders = prepare(source, tmp_path, size=256, width=512)
    # Its 15 test maps are from val and come without photos.
    assert "train 4 of 2975, val 0 of 500 frames. 15 label maps" in caplog.text
    palette = {colour for _, colour in STREET_LABELS.values()}
    pairs = sorted(folders["cityscapes"].glob("train/*.png"))
    assert len(pairs) == 4
    for path in pairs:
        pair = np.asarray(Image.open(path))
        assert pair.shape == (256, 512, 3)
        assert set(map(tuple, pair[:, 256:].reshape(-1, 3))) <= palette
        original = sample[f"train_img/{path.stem}_leftImg8bit.png"]
        small = Image.open(io.BytesIO(original)).resize((256, 256), Image.BOX)
        assert np.abs(pair[:, :256] - np.asarray(small, float)).mean() < 8
    for part, largest in (("label", 33), ("inst", 33_000)):
        maps = sorted(folders["cityscapes_hd"].glob(f"train_{part}/*.png"))
        assert len(maps) == 4
        assert max(np.asarray(Image.open(path)).max() for path in maps) >= largest
        for path in maps:
            before = np.asarray(Image.open(io.BytesIO(
                sample[f"train_{part}/{path.name}"])))
            after = np.asarray(Image.open(path))
            assert after.shape == (256, 512)
            assert (after == before[2::4, 2::4]).all()
    whole = prepare(source, tmp_path / "whole", pairs=False)["cityscapes_hd"]
    assert listing(whole) == {name: content for name, content in sample.items()
                              if name.startswith("train")}
