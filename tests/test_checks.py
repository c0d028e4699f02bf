"""Checking a data set: every planted fault is named, and nothing else."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gluon_pix2pix.checks import check
from gluon_pix2pix.examine import examine
from gluon_pix2pix.reports import Problem, describe

SAME_FILE = Path(__file__.upper()).exists()  # on a system that ignores capitals


def picture(seed, width=32, height=32):
    """Smooth colours, different for each seed, which JPEG keeps well."""
    small = np.random.RandomState(seed).randint(0, 255, (4, 4, 3)).astype(np.uint8)
    return Image.fromarray(small).resize((width, height), Image.BICUBIC)


def labels(seed, size=32, scale=1):
    """A map of 8 x 8 fields with numbers from 0 to 33."""
    fields = np.random.RandomState(seed).randint(0, 34, (8, 8)) * scale
    return Image.fromarray(np.kron(fields, np.ones((size // 8, size // 8), int)
                                   ).astype(np.uint16 if scale > 1 else np.uint8))


def found(report):
    """All that was reported: {path: (is it a problem, text)}; no file twice."""
    entries = [(problem.path.relative_to(report.folder).as_posix(), level, str(problem))
               for level, problems in (("problem", report.problems),
                                       ("warning", report.warnings))
               for problem in problems]
    assert len({path for path, _, _ in entries}) == len(entries), str(report)
    return {path: (level, text) for path, level, text in entries}


def assert_found(report, planted):
    """What was found is what was planted: {path: (level, words of the text)}."""
    reported = found(report)
    assert set(reported) == set(planted), str(report)
    for path, (level, words) in planted.items():
        assert reported[path][0] == level, reported[path]
        assert words in reported[path][1]
        assert path in str(report)


@pytest.fixture
def paired(tmp_path):
    """Thirty pairs without a fault: train/1.jpg to 24.jpg, val/1.png to 6.png."""
    for split, count, suffix in (("train", 24, "jpg"), ("val", 6, "png")):
        (tmp_path / split).mkdir()
        for number in range(1, count + 1):
            seed = number + 100 * len(split)
            picture(seed, 64).save(tmp_path / split / f"{number}.{suffix}")
    return tmp_path


@pytest.fixture
def street(tmp_path):
    """Ten photos with label and instance maps in train, five in test."""
    for split, count in (("train", 10), ("test", 5)):
        for name in ("img", "label", "inst"):
            (tmp_path / f"{split}_{name}").mkdir()
        for number in range(1, count + 1):
            seed = number + 100 * len(split)
            base = tmp_path / f"{split}_"
            picture(seed).save(f"{base}img/{number}_leftImg8bit.png")
            labels(seed).save(f"{base}label/{number}_gtFine_labelIds.png")
            labels(seed, scale=1000).save(
                f"{base}inst/{number}_gtFine_instanceIds.png")
    return tmp_path


def test_a_clean_folder_has_no_problem(paired):
    report = check(paired, size=32)
    assert report.ok and not report.warnings and report.kind == "paired"
    assert report.counts == {"train": 24, "val": 6}
    assert report.sizes == {"train": ((64, 32), (64, 32)), "val": ((64, 32), (64, 32))}
    assert report.modes == {"train": {"RGB": 24}, "val": {"RGB": 6}}
    assert "No problem found" in str(report) and "24  64x32" in str(report)


def test_every_fault_among_thirty_pairs_is_named(paired):
    train, val = paired / "train", paired / "val"

    whole = (train / "1.jpg").read_bytes()
    (train / "1.jpg").write_bytes(whole[:len(whole) // 2])
    (train / "2.jpg").write_bytes(b"")
    (train / "3.jpg").write_text("<html>not found</html>")
    picture(3, 33).save(train / "4.jpg")
    picture(4, 64, 64).save(train / "5.jpg")
    twice = Image.new("RGB", (64, 32))
    for left in (0, 32):
        twice.paste(picture(5), (left, 0))
    twice.save(train / "6.jpg")
    picture(6, 64).convert("CMYK").save(train / "7.jpg")
    picture(7, 64).convert("L").save(train / "8.jpg")
    turned = Image.Exif()
    turned[0x0112] = 6
    picture(8, 32, 64).save(train / "9.jpg", exif=turned)
    for number in range(10, 14):
        (train / f"{number}.jpg").unlink()
    picture(9, 64).quantize(8).save(train / "10.png")
    transparent = picture(10, 64)
    transparent.putalpha(128)
    transparent.save(train / "11.png")
    deep = np.asarray(picture(11, 64).convert("L")).astype(np.uint16) * 257
    Image.fromarray(deep).save(train / "12.png")
    Image.fromarray(deep.astype(np.float32)).save(train / "13.tif")
    shutil.copy(train / "14.jpg", train / "15.jpg")
    picture(15, 84).save(train / "16.jpg")
    picture(16, 192).save(train / "17.jpg")
    shutil.copy(train / "18.jpg", val / "7.jpg")
    picture(18, 32, 16).save(train / "19.jpg")
    half = picture(19, 64)
    half.paste("white", (32, 0, 64, 32))
    half.save(train / "20.jpg")
    half.paste(labels(0), (32, 0))
    half.save(val / "1.png")
    (train / "notes.txt").write_text("taken in May")
    (train / "more").mkdir()
    (train / ".hidden.jpg").write_text("ignored")
    (paired / "test").mkdir()
    (paired / "spare").mkdir()
    picture(23, 64).save(paired / "spare" / "1.jpg")

    assert_found(check(paired, size=32), {
        "train/1.jpg": ("problem", "cannot be read as a picture"),
        "train/2.jpg": ("problem", "is an empty file"),
        "train/3.jpg": ("problem", "cannot be read as a picture"),
        "train/4.jpg": ("problem", "33x32 pixels and cannot be a pair"),
        "train/5.jpg": ("problem", "64x64 pixels and cannot be a pair"),
        "train/6.jpg": ("problem", "the same picture twice"),
        "train/7.jpg": ("warning", "not stored as RGB"),
        "train/8.jpg": ("warning", "grey"),
        "train/9.jpg": ("warning", "turned upright"),
        "train/10.png": ("warning", "palette"),
        "train/11.png": ("warning", "transparent"),
        "train/12.png": ("warning", "16 bits"),
        "train/13.tif": ("problem", "32-bit"),
        "train/15.jpg": ("warning", "shows the same as 14.jpg"),
        "train/16.jpg": ("warning", "not square"),
        "train/17.jpg": ("warning", "192x32 pixels, unlike the others"),
        "val/7.jpg": ("problem", "shows the same as train/18.jpg"),
        "train/19.jpg": ("warning", "smaller than 32"),
        "train/20.jpg": ("warning", "single colour"),
        "val/1.png": ("warning", "almost black"),
        "train/notes.txt": ("warning", "no picture by its name"),
        "train/more": ("warning", "is a folder"),
        "test": ("problem", "holds no picture"),
        "spare": ("warning", "holds pictures, but is not read"),
    })


def test_every_fault_among_label_maps_is_named(street):
    img, label, inst = (street / f"train_{name}" for name in ("img", "label", "inst"))

    def labelled(number):
        return label / f"{number}_gtFine_labelIds.png"

    def numbered(number):
        return inst / f"{number}_gtFine_instanceIds.png"

    labelled(1).unlink()
    numbered(1).unlink()
    (street / "test_img" / "1_leftImg8bit.png").unlink()
    (street / "test_inst" / "1_gtFine_instanceIds.png").unlink()
    picture(50).save(street / "test_img" / "lost.png")
    labels(51, 64).save(labelled(2))
    ids = np.array(labels(52))
    ids[:2], ids[2:4] = 40, 255
    Image.fromarray(ids).save(labelled(3))
    labels(53).convert("RGB").save(labelled(4))
    labelled(5).unlink()
    labels(54).save(label / "5.jpg")
    blurred = labels(55, 24).resize((32, 32), Image.BICUBIC)
    blurred.point(lambda value: min(value, 34)).save(labelled(6))
    shutil.copy(labelled(7), numbered(7))
    Image.new("L", (32, 32), 7).save(labelled(8))
    numbered(9).write_bytes(numbered(9).read_bytes()[:60])
    shutil.copy(img / "10_leftImg8bit.png", street / "test_img" / "5_leftImg8bit.png")
    labels(60, scale=1000).save(inst / "only.png")
    labels(61).save(label / "10.png")

    report = check(street)
    assert report.kind == "labels"
    assert_found(report, {
        "train_img/1_leftImg8bit.png": ("problem", "no partner in train_label and "
                                        "train_inst"),
        "test_label/1_gtFine_labelIds.png": ("problem", "no partner in test_img and"),
        "test_img/lost.png": ("problem", "no partner in test_label and test_inst"),
        "train_label/2_gtFine_labelIds.png": ("problem", "is 64x64 pixels, its partner "
                                              "2_leftImg8bit.png 32x32"),
        "train_label/3_gtFine_labelIds.png": ("problem", "values 40, 255, and labels "
                                              "end at 34"),
        "train_label/4_gtFine_labelIds.png": ("problem", "in colour"),
        "train_label/5.jpg": ("problem", "is a JPEG"),
        "train_label/6_gtFine_labelIds.png": ("problem", "in-between numbers"),
        "train_inst/7_gtFine_instanceIds.png": ("warning", "same numbers as its label"),
        "train_label/8_gtFine_labelIds.png": ("warning", "nothing but the number 7"),
        "train_inst/9_gtFine_instanceIds.png": ("problem", "cannot be read"),
        "test_img/5_leftImg8bit.png": ("problem", "the same as "
                                       "train_img/10_leftImg8bit.png"),
        "train_inst/only.png": ("problem", "no partner in train_img and train_label"),
        "train_label/10_gtFine_labelIds.png": ("problem", "same name as 10.png"),
    })
    assert check(street, label_nc=256).problems != report.problems


def test_a_clean_folder_of_label_maps_has_no_problem(street):
    report = check(street, size=32)
    assert report.ok and not report.warnings, str(report)
    assert report.modes["train_inst"] == {"I;16": 10}
    shutil.rmtree(street / "test_img")  # as labels come that wait for their photo
    assert check(street).ok


def test_streets_may_be_wide_and_without_objects(tmp_path):
    """Only other layouts squeeze; maps are equal where nothing has a number."""
    for name in ("train_img", "train_label", "train_inst", "test_label"):
        (tmp_path / name).mkdir()
    for number in range(3):
        ids = np.tile(np.array(labels(number)), (1, 2))
        picture(number, 64).save(tmp_path / "train_img" / f"{number}.png")
        Image.fromarray(ids).save(tmp_path / "train_label" / f"{number}.png")
        Image.fromarray(ids).save(tmp_path / "test_label" / f"{number}.png")
        Image.fromarray(ids.astype(np.uint16)).save(
            tmp_path / "train_inst" / f"{number}.png")
    report = check(tmp_path)
    assert report.ok
    assert [warning.path.name for warning in report.warnings] == ["test_img"]
    for number in range(3):
        path = tmp_path / "train_inst" / f"{number}.png"
        Image.fromarray(np.array(Image.open(path)).astype(np.uint8)).save(path)
    assert {problem.reason for problem in check(tmp_path).warnings} == {
        "does not exist", "holds the same numbers as its label map"}


def test_pictures_and_their_partners(tmp_path):
    for split, count in (("train", 8), ("test", 3)):
        for domain in "AB":
            (tmp_path / f"{split}_{domain}").mkdir()
            for number in range(count):
                picture(number + 100 * len(split) + 1000 * ord(domain), 64).save(
                    tmp_path / f"{split}_{domain}" / f"{number}.png")
    report = check(tmp_path, size=64)
    assert report.kind == "aligned" and report.ok and not report.warnings, str(report)
    (tmp_path / "train_A" / "1.png").unlink()
    picture(1, 32).save(tmp_path / "train_B" / "2.png")
    shutil.rmtree(tmp_path / "test_B")
    assert_found(check(tmp_path), {
        "train_B/1.png": ("problem", "has no partner in train_A"),
        "train_B/2.png": ("problem", "is 32x32 pixels, its partner 2.png 64x32"),
        "test_B": ("warning", "does not exist")})


def test_a_flood_of_like_problems_is_counted(tmp_path):
    for name in ("train_img", "train_label"):
        (tmp_path / name).mkdir()
    for number in range(60):
        picture(number, 32 + number).save(tmp_path / "train_img" / f"{number}.png")
        Image.new("L", (16, 16)).save(tmp_path / "train_label" / f"{number}.png")
    report = check(tmp_path)
    assert len(report.problems) == 60
    assert "- and 40 more like these:" in str(report)


@pytest.mark.skipif(SAME_FILE, reason="here, a.jpg and A.jpg are the same file")
def test_names_that_differ_in_capitals(paired):
    (paired / "train" / "21.jpg").rename(paired / "train" / "a.jpg")
    (paired / "train" / "22.jpg").rename(paired / "train" / "A.jpg")
    assert_found(check(paired), {
        "train/a.jpg": ("warning", "differs from A.jpg in capitals only")})


def test_many_labels_may_lie_between_their_neighbours(tmp_path):
    """Neither thin things nor outlines make a map look blurred; greys do."""
    def is_blurred(ids, size):
        Image.fromarray(ids).resize(size, Image.BILINEAR).save(tmp_path / "1.png")
        problems = examine(tmp_path / "1.png", "label", 35).problems
        return ["in-between" in problem.reason for problem in problems] == [True]

    outlined = np.zeros((32, 32), np.uint8)
    outlined[8:24, 8:24], outlined[9:23, 9:23] = 1, 2
    assert not is_blurred(outlined, (32, 32))
    assert not is_blurred(np.array(labels(0)), (32, 32))
    assert is_blurred(np.array(labels(0)), (48, 48))
    assert is_blurred(np.array(labels(0, 64)), (24, 24))


def test_unpaired_folders(tmp_path):
    for domain, count in (("A", 12), ("B", 3)):
        for split in ("train", "test"):
            (tmp_path / (split + domain)).mkdir()
            for number in range(count):
                picture(number + 100 * len(split) + 1000 * ord(domain)).save(
                    tmp_path / (split + domain) / f"{number}.png")
    assert check(tmp_path).ok and not check(tmp_path).warnings
    shutil.copy(tmp_path / "trainA" / "1.png", tmp_path / "trainB" / "1.png")
    shutil.copy(tmp_path / "trainA" / "2.png", tmp_path / "testA" / "2.png")
    shutil.rmtree(tmp_path / "testB")
    (tmp_path / "testB").mkdir()
    picture(7).save(tmp_path / "testB" / "1.png")
    assert_found(check(tmp_path), {
        "trainB/1.png": ("warning", "the same as trainA/1.png: it belongs to one"),
        "testA/2.png": ("problem", "the same as trainA/2.png"),
        "testB": ("warning", "a single picture"),
    })


def test_folders_that_are_no_data_set(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder"):
        check(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="kind='pear' must be one of: paired"):
        check(tmp_path, kind="pear")
    picture(0).save(tmp_path / "1.png")
    report = check(tmp_path)
    text = " ".join(str(report).split())
    assert report.kind is None and "the folder is not laid out as a data set" in text
    assert "trainA and trainB" in text and "prepare" in text
    assert set(found(check(tmp_path, kind="paired"))) >= {"train"}
    (tmp_path / "train_img").mkdir()
    picture(1).save(tmp_path / "train_img" / "1.png")
    picture(2).save(tmp_path / "train_img" / "2.png")
    report = check(tmp_path)
    assert report.kind == "labels" and not report.ok
    assert found(report)["train_label"] == (
        "problem", f"{tmp_path / 'train_label'} does not exist: put pictures into it.")


def test_nothing_held_out_is_a_warning(paired):
    shutil.rmtree(paired / "val")
    assert_found(check(paired), {".": ("warning", "beside those to train on")})


def test_a_file_that_may_not_be_read_is_named(paired, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("gluon_pix2pix.examine.read_picture", refuse)
    reasons = {problem.reason for problem in check(paired).problems}
    assert reasons == {"cannot be opened (Permission denied)"}


def test_folders_and_dead_links_named_like_pictures(paired):
    (paired / "train" / "x.jpg").mkdir()
    os.symlink(paired / "nothing", paired / "train" / "y.jpg")
    assert_found(check(paired), {"train/x.jpg": ("problem", "x.jpg"),
                                 "train/y.jpg": ("problem", "cannot be opened")})


def test_a_problem_of_many_is_told_once(paired):
    for path in (paired / "val").iterdir():
        Image.open(path).convert("L").save(path)
    for number in (1, 2, 3):
        (paired / "train" / f"{number}.jpg").write_bytes(b"")
    text = str(check(paired))
    assert text.count("is grey") == 1 and "all 6 in val/" in text
    assert "  - train/1.jpg, train/2.jpg, train/3.jpg\n    is an empty file" in text
    assert all(len(line) <= 88 for line in text.splitlines()[1:])


def test_a_description_may_count_instead_of_naming(tmp_path):
    problems = [Problem(tmp_path / f"{i}.png", "is bad", "mend it") for i in range(9)]
    text = describe(problems, tmp_path, most=2)
    assert text == "  - 0.png, 1.png and 7 more\n    is bad: mend it."


def test_progress_is_shown_for_many_pictures_only(paired, capsys):
    check(paired)
    assert capsys.readouterr().err == ""
    for number in range(100, 130):
        picture(number, 64).save(paired / "train" / f"{number}.png")
    check(paired, progress=False)
    assert capsys.readouterr().err == ""
    check(paired)
    assert "checking" in capsys.readouterr().err


def test_checking_changes_nothing(street):
    before = {path: path.stat().st_mtime_ns for path in street.rglob("*")}
    check(street)
    after = {path: path.stat().st_mtime_ns for path in street.rglob("*")}
    assert after == before
