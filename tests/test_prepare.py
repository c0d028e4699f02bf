"""Preparing a user's own pictures: exact, complete, or not at all."""

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gluon_pix2pix.checks import check
from gluon_pix2pix.pictures import read_picture
from gluon_pix2pix.prepare import (
    PrepareError,
    collect_labels,
    join_pairs,
    split_pairs,
    split_unpaired,
)


def noise(seed, width=24, height=24):
    values = np.random.RandomState(seed).randint(0, 256, (height, width, 3))
    return Image.fromarray(values.astype(np.uint8))


def fill(folder, count, suffix=".png", start=0, width=24):
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, count + 1):
        noise(start + number, width).save(folder / f"{number}{suffix}")
    return folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def contents(folder):
    return {path.relative_to(folder): path.read_bytes()
            for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def sources(tmp_path):
    """Ten pictures each in mine/a (bmp) and mine/b (png), with equal names."""
    return fill(tmp_path / "mine" / "a", 10, ".bmp"), fill(tmp_path / "mine" / "b", 10,
                                                           start=50)


def test_pairs_are_joined_exactly_and_the_sources_stay(sources, tmp_path):
    a, b = sources
    before = contents(tmp_path)
    target = join_pairs(a, b, tmp_path / "pairs", val=0.2)
    assert target == tmp_path / "pairs"
    assert contents(tmp_path / "mine") == {
        path.relative_to("mine"): data for path, data in before.items()}
    assert names(tmp_path) == ["mine", "pairs"] and names(target) == ["train", "val"]
    assert len(names(target / "train")) == 8 and len(names(target / "val")) == 2
    for path in target.rglob("*.png"):
        pair = np.concatenate([read_picture(a / f"{path.stem}.bmp"),
                               read_picture(b / path.name)], axis=1)
        assert (read_picture(path) == pair).all()
    assert check(target).ok


def test_pairs_of_another_size_keep_the_colours_of_labels(sources, tmp_path):
    a, b = sources
    shutil.rmtree(b)
    b.mkdir()
    for number in range(1, 11):
        classes = np.random.RandomState(number).randint(0, 2, (48, 48)) * 255
        Image.fromarray(classes.astype(np.uint8)).save(b / f"{number}.png")
    with pytest.raises(PrepareError, match="48x48 pixels, its partner 1.bmp 24x24"):
        join_pairs(a, b, tmp_path / "pairs")
    target = join_pairs(a, b, tmp_path / "pairs", size=32, nearest="B")
    pair = read_picture(next((target / "train").iterdir()))
    assert pair.shape == (32, 64, 3)
    assert set(np.unique(pair[:, 32:])) == {0, 255}
    smooth = join_pairs(a, b, tmp_path / "smooth", size=32)
    pair = read_picture(next((smooth / "train").iterdir()))
    assert len(np.unique(pair[:, 32:])) > 10


def test_partners_of_another_shape_do_not_show_the_same(sources, tmp_path):
    """A size would squeeze both into squares, and nobody would see it any more."""
    a, b = sources
    for number, size in ((3, (24, 20)), (4, (48, 49))):  # cropped; a scaled copy
        Image.new("RGB", size, "red").save(b / f"{number}.png")
    with pytest.raises(PrepareError, match="24x20.*upright") as error:
        join_pairs(a, b, tmp_path / "pairs", size=32)
    assert len(error.value.problems) == 1


def test_label_maps_that_are_jpegs_are_told(sources, tmp_path, caplog):
    a, b = sources
    with Image.open(b / "1.png") as image:
        image.convert("RGB").save(b / "1.jpg")
    (b / "1.png").unlink()
    join_pairs(a, b, tmp_path / "pairs", size=32)
    assert caplog.text == ""
    join_pairs(a, b, tmp_path / "more", size=32, nearest="B")
    assert "1 label maps in" in caplog.text and "JPEG" in caplog.text


def test_strange_pictures_come_in_right_or_are_refused_by_name(tmp_path):
    a, b = fill(tmp_path / "a", 10), fill(tmp_path / "b", 10, start=50)
    base = noise(0)
    grey = np.asarray(base.convert("L"))
    expected = {2: np.stack([grey] * 3, axis=-1), 3: np.stack([grey] * 3, axis=-1),
                6: np.rot90(np.asarray(base), -1)}

    Image.fromarray(grey.astype(np.uint16) * 257).save(a / "2.png")
    Image.fromarray(grey).save(a / "3.png")
    palette = base.quantize(16)
    palette.save(a / "4.png")
    expected[4] = np.asarray(palette.convert("RGB"))
    transparent = base.convert("RGBA")
    transparent.paste((0, 0, 0, 0), (0, 0, 12, 24))
    transparent.save(a / "5.png")
    expected[5] = np.asarray(base).copy()
    expected[5][:, :12] = 255
    turned = Image.Exif()
    turned[0x0112] = 6
    base.save(a / "6.png", exif=turned)
    (a / "7.png").unlink()
    flat = Image.new("RGB", (24, 24), (200, 30, 60)).convert("CMYK")
    flat.save(a / "7.jpg", quality=100)
    expected[7] = np.full((24, 24, 3), (200, 30, 60))

    target = join_pairs(a, b, tmp_path / "pairs", val=0)
    assert names(target) == ["train"]
    for number, picture in expected.items():
        half = read_picture(target / "train" / f"{number}.png")[:, :24].astype(int)
        assert abs(half - picture).max() <= (3 if number == 7 else 0), number

    Image.fromarray(grey.astype(np.float32)).save(a / "8.tif")
    (a / "8.png").unlink()
    with pytest.raises(PrepareError, match="a/8.tif\n +holds 32-bit numbers"):
        join_pairs(a, b, tmp_path / "more")


def test_all_problems_come_at_once_and_nothing_is_written(sources, tmp_path):
    a, b = sources
    for number in (1, 2):
        (a / f"{number}.bmp").unlink()
    (b / "3.png").unlink()
    (a / "4.bmp").write_bytes(b"")
    (b / "5.png").write_text("<html>")
    noise(6, 30, 24).save(b / "6.png")
    noise(7).save(a / "7.jpg")
    (a / "8.bmp").unlink()
    (b / "8.png").write_bytes(b"")
    before = contents(tmp_path)
    with pytest.raises(PrepareError) as caught:
        join_pairs(a, b, tmp_path / "pairs")
    found = {problem.path.name: problem.reason for problem in caught.value.problems}
    assert set(found) == {"1.png", "2.png", "3.bmp", "4.bmp", "5.png", "6.png", "7.jpg",
                          "8.png"}
    assert [problem.reason for problem in caught.value.problems
            if problem.path.name == "8.png"] == [f"has no partner in {a}",
                                                 "is an empty file"]
    assert found["1.png"] == f"has no partner in {a}"
    assert "empty" in found["4.bmp"] and "cannot be read" in found["5.png"]
    assert "30x24 pixels, its partner 6.bmp 24x24" in found["6.png"]
    assert "same name as 7.bmp" in found["7.jpg"]
    assert all(name in str(caught.value) for name in found)
    assert contents(tmp_path) == before and names(tmp_path) == ["mine"]


def test_long_lists_are_counted(sources, tmp_path):
    a, b = sources
    shutil.rmtree(b)
    fill(b, 1)
    with pytest.raises(PrepareError, match="(?s)4.bmp.*6.bmp and 4 more.*no partner"):
        join_pairs(a, b, tmp_path / "pairs")


def test_the_split_depends_on_seed_and_names_only(tmp_path):
    a, b = fill(tmp_path / "a", 40), fill(tmp_path / "b", 40, start=50)
    first = names(join_pairs(a, b, tmp_path / "1") / "val")
    assert first != names(join_pairs(a, b, tmp_path / "2", seed=1) / "val")
    other = fill(tmp_path / "other", 0)
    for path in sorted(a.iterdir(), reverse=True):  # other pictures, made in this order
        noise(500, 24).save(other / path.name)
    assert first == names(join_pairs(other, b, tmp_path / "3") / "val")

    for folder in (a, b):
        for number in range(41, 51):
            noise(number + 100 * len(str(folder))).save(folder / f"{number}.png")
    grown = names(join_pairs(a, b, tmp_path / "4") / "val")
    # Written down, so that a later version cannot mix what somebody has split.
    assert first == ["15.png", "31.png", "40.png", "6.png"]
    assert grown == ["15.png", "31.png", "40.png", "46.png", "6.png"]


@pytest.mark.parametrize("count, share, held", [(2, 0.1, 1), (2, 0.9, 1), (10, 0.99, 9),
                                                (30, 0.1, 3), (3, 0, 0)])
def test_each_split_holds_something(tmp_path, count, share, held):
    folder = fill(tmp_path / "pairs", count, width=48)
    target = split_pairs(folder, tmp_path / "target", val=share)
    assert len(names(target / "train")) == count - held
    assert (target / "val").exists() == (held > 0)
    assert not held or len(names(target / "val")) == held


def test_one_picture_cannot_be_split(tmp_path):
    a, b = fill(tmp_path / "a", 1), fill(tmp_path / "b", 1, start=9)
    for split in (lambda: join_pairs(a, b, tmp_path / "t"),
                  lambda: split_unpaired(a, b, tmp_path / "t")):
        with pytest.raises(PrepareError, match="too few"):
            split()
    assert names(join_pairs(a, b, tmp_path / "t", val=0) / "train") == ["1.png"]


def test_pairs_are_copied_byte_for_byte(tmp_path):
    folder = fill(tmp_path / "mine", 10, ".jpg", width=48)
    (folder / "notes.txt").write_text("left out")
    target = split_pairs(folder, tmp_path / "target", val=0.3, seed=5)
    copies = {path.name: data for path, data in contents(target).items()}
    assert copies == {path.name: path.read_bytes() for path in folder.glob("*.jpg")}
    noise(1, 24).save(folder / "4.jpg")
    noise(1, 47).save(folder / "5.jpg")
    with pytest.raises(PrepareError, match="(?s)4.jpg.*24x24.*5.jpg.*47x24.*pair"):
        split_pairs(folder, tmp_path / "other")
    assert names(tmp_path) == ["mine", "target"]


def test_unpaired_folders_are_split_each_for_itself(tmp_path):
    a = fill(tmp_path / "horses", 20)
    b = fill(tmp_path / "zebras", 10, ".jpg", start=50)
    target = split_unpaired(a, b, tmp_path / "target", test=0.2)
    counts = {name: len(names(target / name)) for name in names(target)}
    assert counts == {"testA": 4, "testB": 2, "trainA": 16, "trainB": 8}
    for side, folder in (("A", a), ("B", b)):
        copies = {path.name: data for path, data in contents(target).items()
                  if path.parts[0].endswith(side)}
        assert copies == {path.name: path.read_bytes() for path in folder.iterdir()}
    assert check(target).ok


@pytest.mark.skipif(Path(__file__.upper()).exists(),
                    reason="here, a.png and A.png are the same file")
def test_names_that_differ_in_capitals_are_refused(sources, tmp_path):
    for folder in sources:
        noise(1, 48).save(folder / "A.png")
        noise(2, 48).save(folder / "a.png")
    for split in (lambda: split_unpaired(*sources, tmp_path / "t"),
                  lambda: join_pairs(*sources, tmp_path / "t"),
                  lambda: collect_labels(*sources, tmp_path / "t"),
                  lambda: split_pairs(sources[0], tmp_path / "t")):
        with pytest.raises(PrepareError, match="a.png\n +differs from A.png in capit"):
            split()
    assert names(tmp_path) == ["mine"]


def test_label_and_instance_maps_go_with_their_photo(tmp_path):
    folders = [tmp_path / name for name in ("photos", "ids", "objects")]
    endings = ("_leftImg8bit.jpg", "_gtFine_labelIds.png", "_gtFine_instanceIds.png")
    for folder in folders:
        folder.mkdir()
    for number in range(10):
        ids = np.random.RandomState(number).randint(0, 34, (3, 3))
        ids = np.kron(ids, np.ones((8, 8), int))
        noise(number).save(folders[0] / f"{number}{endings[0]}")
        Image.fromarray(ids.astype(np.uint8)).save(
            folders[1] / f"{number}{endings[1]}")
        Image.fromarray((ids * 1000).astype(np.uint16)).save(
            folders[2] / f"{number}{endings[2]}")

    target = collect_labels(*folders[:2], tmp_path / "hd", instances=folders[2],
                            test=0.3)
    for part, folder, ending in zip(("img", "label", "inst"), folders, endings):
        copies = {path.name: data for path, data in contents(target).items()
                  if path.parts[0].endswith(part)}
        assert copies == {path.name: path.read_bytes() for path in folder.iterdir()}
        test = {name.removesuffix(ending) for name in names(target / f"test_{part}")}
        assert len(test) == 3
        assert test == {name.removesuffix(endings[0])
                        for name in names(target / "test_img")}
    assert check(target).ok, str(check(target))
    plain = collect_labels(*folders[:2], tmp_path / "plain")
    assert names(plain) == ["test_img", "test_label", "train_img", "train_label"]

    (folders[0] / f"1{endings[0]}").unlink()
    noise(2).save(folders[1] / f"2{endings[1]}")
    noise(3, 30).save(folders[0] / f"3{endings[0]}")
    with pytest.raises(PrepareError) as caught:
        collect_labels(*folders[:2], tmp_path / "bad", instances=folders[2])
    found = [(problem.path.name[0], problem.path.parent.name)
             for problem in caught.value.problems]
    assert sorted(found) == [("1", "ids"), ("1", "objects"), ("2", "ids"),
                             ("3", "ids"), ("3", "objects")]
    assert not (tmp_path / "bad").exists()


def test_a_target_is_never_overwritten(sources, tmp_path):
    a, b = sources
    target = tmp_path / "pairs"
    target.mkdir()
    (target / "precious.txt").write_text("mine")
    for split in (lambda: join_pairs(a, b, target),
                  lambda: split_unpaired(a, b, target),
                  lambda: collect_labels(a, b, target),
                  lambda: split_pairs(a, target)):
        with pytest.raises(FileExistsError, match="pairs exists and is not empty"):
            split()
    assert names(target) == ["precious.txt"]
    (target / "precious.txt").unlink()
    assert names(join_pairs(a, b, target)) == ["train", "val"]


def test_options_that_cannot_be(sources, tmp_path):
    a, b = sources
    for target in (a, a / "pairs", b / "x" / "y"):
        with pytest.raises(ValueError, match="lies inside .*/mine/[ab], which is not"):
            join_pairs(a, b, target)
    with pytest.raises(ValueError, match="a is given twice"):
        join_pairs(a, a / ".." / "a", tmp_path / "t")
    with pytest.raises(FileNotFoundError, match="no folder .*nowhere"):
        join_pairs(a, tmp_path / "nowhere", tmp_path / "t")
    with pytest.raises(FileNotFoundError, match="holds no picture"):
        split_pairs(tmp_path / "mine", tmp_path / "t")
    for options, word in (({"val": 1}, "hold out is 1"), ({"val": -0.1}, "-0.1"),
                          ({"val": float("nan")}, "nan"), ({"size": 0}, "size=0"),
                          ({"nearest": "C"}, "nearest='C'")):
        with pytest.raises(ValueError, match=word):
            join_pairs(a, b, tmp_path / "t", **options)
    assert names(tmp_path) == ["mine"]


def test_narrow_pictures_need_a_size(tmp_path):
    a, b = fill(tmp_path / "a", 4, width=12), fill(tmp_path / "b", 4, width=12, start=9)
    with pytest.raises(PrepareError, match="12x24 pixels, too narrow"):
        join_pairs(a, b, tmp_path / "t")
    assert check(join_pairs(a, b, tmp_path / "t", size=24)).ok


def test_an_interruption_leaves_no_trace(sources, tmp_path, monkeypatch):
    calls = []

    def fail(self, path, *args, **options):
        calls.append(path)
        if len(calls) == 4:
            raise OSError(28, "No space left on device")
        path.write_bytes(b"half")

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(RuntimeError, match="pairs cannot be written .No space left"):
        join_pairs(*sources, tmp_path / "pairs")
    assert len(calls) >= 4 and names(tmp_path) == ["mine"]

    def interrupt(source, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "copyfile", interrupt)
    with pytest.raises(KeyboardInterrupt):
        split_unpaired(*sources, tmp_path / "target")
    assert names(tmp_path) == ["mine"]


def test_a_target_that_appears_meanwhile_is_kept(sources, tmp_path, monkeypatch):
    copy = shutil.copyfile

    def be_overtaken(source, target):
        (tmp_path / "target" / "trainA").mkdir(parents=True, exist_ok=True)
        copy(source, target)

    monkeypatch.setattr(shutil, "copyfile", be_overtaken)
    with pytest.raises(RuntimeError, match="target cannot be written"):
        split_unpaired(*sources, tmp_path / "target")
    assert names(tmp_path) == ["mine", "target"]
    assert names(tmp_path / "target") == ["trainA"]


def test_names_with_accents_are_equal_however_they_are_stored(tmp_path):
    a, b = fill(tmp_path / "a", 3), fill(tmp_path / "b", 3, start=9)
    os.rename(a / "1.png", a / "caf\u00e9.png")
    os.rename(b / "1.png", b / "cafe\u0301.png")
    target = join_pairs(a, b, tmp_path / "t", val=0)
    assert names(target / "train") == ["2.png", "3.png", "caf\u00e9.png"]


def test_progress_is_shown_for_many_pictures_only(sources, tmp_path, capsys):
    join_pairs(*sources, tmp_path / "few")
    assert capsys.readouterr().err == ""
    a, b = fill(tmp_path / "a", 51), fill(tmp_path / "b", 51, start=99)
    join_pairs(a, b, tmp_path / "quiet", progress=False)
    assert capsys.readouterr().err == ""
    join_pairs(a, b, tmp_path / "many")
    assert re.search("(?s)checking.*102/102.*writing.*51/51", capsys.readouterr().err)
