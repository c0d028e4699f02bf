"""Toys: the folders they are written into. What each draws has tests of its own."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

import gluon_pix2pix as g2p
from gluon_pix2pix import toys
from gluon_pix2pix.checks import check
from gluon_pix2pix.layouts import find_layout
from gluon_pix2pix.pictures import read_ids
from gluon_pix2pix.toys import TOYS, draw, draw_facade, draw_fruit, draw_street_hd


def pictures(folder):
    """All pictures of a data set: relative path -> bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.jpg")}


@pytest.fixture
def calls(monkeypatch):
    """The (size, seed) of every picture drawn."""
    seen = []

    def counted(size, seed):
        seen.append((size, seed))
        return draw_facade(size, seed)

    replace_scene(monkeypatch, counted)
    return seen


def replace_scene(monkeypatch, scene):
    toy = dataclasses.replace(TOYS["toy_facades"], scene=scene)
    monkeypatch.setitem(TOYS, "toy_facades", toy)


def test_layout_of_the_archive(tmp_path):
    folder = draw("toy_facades", tmp_path / "new" / "data", size=32, count=6)
    assert folder == tmp_path / "new" / "data" / "toy_facades_32px_6"
    assert set(pictures(folder)) == (
        {f"train/{i}.jpg" for i in range(1, 7)}
        | {f"{split}/{i}.jpg" for split in ("val", "test") for i in range(1, 5)}
    )
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]
    pair = np.asarray(Image.open(folder / "val" / "2.jpg"))
    assert pair.shape == (32, 64, 3)
    photo, labels = draw_facade(32, (0, toys.SPLITS.index("val"), 2))
    assert np.abs(pair[:, :32] - photo.astype(int)).mean() < 4
    assert np.abs(pair[:, 32:] - labels.astype(int)).mean() < 4


def test_a_tenth_for_val_and_test(tmp_path):
    folder = draw("toy_facades", tmp_path, size=32, count=50, progress=False)
    lengths = [len(list((folder / split).iterdir())) for split in toys.SPLITS]
    assert lengths == [50, 5, 5]


def test_read_by_the_code_for_real_data(tmp_path):
    folder = draw("toy_facades", tmp_path, size=32, count=2)
    config = g2p.Pix2PixConfig(size=32, direction="BtoA")
    data = g2p.PairedImages(folder, "val", config)
    real_in, real_out = data[0]
    assert len(data) == 4
    photo, labels = draw_facade(32, (0, 1, 1))
    for item, picture in ((real_in, labels), (real_out, photo)):
        assert item.shape == (3, 32, 32)
        expected = picture.transpose(2, 0, 1) / 127.5 - 1
        assert np.abs(np.asarray(item) - expected).mean() < 4 / 127.5


def test_pictures_do_not_depend_on_how_many(tmp_path):
    few = pictures(draw("toy_facades", tmp_path, size=32, count=3))
    many = pictures(draw("toy_facades", tmp_path, size=32, count=5))
    assert few.items() < many.items()


def test_all_pictures_differ(tmp_path):
    folders = [draw("toy_facades", tmp_path, size=32, count=5, seed=s) for s in (0, 1)]
    assert folders[0].name == "toy_facades_32px_5"
    assert folders[1].name == "toy_facades_32px_5_seed1"
    drawn = [data for folder in folders for data in pictures(folder).values()]
    assert len(set(drawn)) == len(drawn) == 2 * (5 + 4 + 4)


def test_drawn_once(tmp_path, calls):
    folder = draw("toy_facades", tmp_path, size=32, count=2)
    assert len(calls) == 10
    assert draw("toy_facades", str(tmp_path), size=32, count=2) == folder
    assert len(calls) == 10


def test_missing_pictures_are_drawn_again(tmp_path, calls):
    folder = draw("toy_facades", tmp_path, size=32, count=2)
    before = pictures(folder)
    for path in (folder / "val").iterdir():
        path.unlink()
    (folder / "val").rmdir()
    (folder / "notes.txt").write_text("mine")
    calls.clear()
    draw("toy_facades", tmp_path, size=32, count=2)
    assert calls == [(32, (0, 1, i)) for i in (1, 2, 3, 4)]
    assert pictures(folder) == before
    assert (folder / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError("No space left")])
def test_an_interrupted_drawing_leaves_nothing(tmp_path, monkeypatch, error):
    def interrupted(size, seed):
        if seed == (0, 1, 2):
            raise error
        return draw_facade(size, seed)

    with monkeypatch.context() as patch:
        replace_scene(patch, interrupted)
        with pytest.raises((KeyboardInterrupt, OSError)):
            draw("toy_facades", tmp_path, size=32, count=3)
    assert list(tmp_path.iterdir()) == []
    assert len(pictures(draw("toy_facades", tmp_path, size=32, count=3))) == 11


def test_two_drawings_at_once_end_with_one_folder(tmp_path, monkeypatch):
    others = []

    def overtaken(size, seed):
        if not others:  # another process starts later and is ready before us
            others.append(None)
            others[0] = draw("toy_facades", tmp_path, size=32, count=2)
        return draw_facade(size, seed)

    replace_scene(monkeypatch, overtaken)
    folder = draw("toy_facades", tmp_path, size=32, count=2)
    assert others == [folder]
    assert list(tmp_path.iterdir()) == [folder]
    assert len(pictures(folder)) == 10


def test_a_foreign_folder_is_refused_and_left_alone(tmp_path, calls):
    folder = tmp_path / "toy_facades_32px_2"
    folder.mkdir()
    (folder / "holiday.jpg").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match="none of our drawings.*another root"):
        draw("toy_facades", tmp_path, size=32, count=2)
    assert pictures(folder) == {"holiday.jpg": b"mine"}
    assert calls == []


def test_drawings_of_another_version_are_refused(tmp_path, monkeypatch):
    folder = draw("toy_facades", tmp_path, size=32, count=2)
    newer = dataclasses.replace(TOYS["toy_facades"], version=2)
    assert json.loads((folder / "toy.json").read_text())["version"] == 1
    monkeypatch.setitem(TOYS, "toy_facades", newer)
    with pytest.raises(FileExistsError, match=r"another version.*delete"):
        draw("toy_facades", tmp_path, size=32, count=2)


@pytest.mark.parametrize(("bad", "message"), [
    ({"name": "toy_cats"}, "no toy 'toy_cats'; there are: toy_facades"),
    ({"size": 31}, "size=31 is too small: use 32"),
    ({"size": 64.5}, "size=64.5 is no whole number"),
    ({"count": 0}, "count=0 is too small: use 1"),
    ({"count": "8"}, "count='8' is no whole number"),
    ({"seed": -1}, "seed=-1 is too small: use 0"),
])
def test_bad_input_is_refused_before_anything_is_made(tmp_path, bad, message):
    with pytest.raises(ValueError, match=message):
        draw(**{"name": "toy_facades", "root": tmp_path / "data", **bad})
    assert list(tmp_path.iterdir()) == []


def test_a_root_that_cannot_be_written_to(tmp_path, calls):
    (tmp_path / "data").write_text("a file, not a folder")
    with pytest.raises(RuntimeError, match=r"Cannot write to .*data.*another root"):
        draw("toy_facades", tmp_path / "data", size=32, count=2)
    assert calls == []


@pytest.mark.parametrize(("count", "progress", "shown"), [
    (43, True, True), (43, False, False), (2, True, False),
])
def test_progress_bar_for_many_pictures(tmp_path, capsys, count, progress, shown):
    draw("toy_facades", tmp_path, size=32, count=count, progress=progress)
    assert ("drawing toy_facades" in capsys.readouterr().err) == shown


@pytest.mark.parametrize("name", TOYS)
def test_every_toy_has_the_layout_it_promises_and_no_fault(tmp_path, name):
    folder = draw(name, tmp_path, size=32, count=5)
    assert find_layout(folder) == TOYS[name].kind
    report = check(folder, size=32)
    assert report.ok and not report.warnings, str(report)
    held_out = {split: count for split, count in report.counts.items()
                if not split.startswith("train")}
    assert set(held_out.values()) == {4}


def test_unpaired_domains_share_scenes_only_where_they_are_held_out(tmp_path):
    folder = draw("toy_fruit", tmp_path, size=32, count=3)

    def picture(name):
        return np.asarray(Image.open(folder / name)).astype(int)

    def shows(name, scene, version):
        drawn = draw_fruit(32, scene)[version]
        return np.abs(picture(name) - drawn).mean() < 5

    for i in (1, 2, 3):
        assert shows(f"trainA/{i}.jpg", (0, 0, 2 * i - 1), 0)
        assert shows(f"trainB/{i}.jpg", (0, 0, 2 * i), 1)
        assert shows(f"testA/{i}.jpg", (0, 2, i), 0)
        assert shows(f"testB/{i}.jpg", (0, 2, i), 1)


def test_ids_survive_the_files(tmp_path):
    folder = draw("toy_streets_hd", tmp_path, size=64, count=2)
    photo, labels, instances = draw_street_hd(64, (0, 0, 2))
    assert (read_ids(folder / "train_label" / "2.png") == labels).all()
    assert (read_ids(folder / "train_inst" / "2.png") == instances).all()
    assert (g2p.read_picture(folder / "train_img" / "2.png") == photo).all()
    assert instances.max() >= 24000
    config = g2p.Pix2PixHDConfig(resize_mode="none")
    data = g2p.LabelInstanceImages(folder, "test", config)
    assert data[0][0].shape == (1, 64, 128)


def test_a_missing_partner_is_drawn_again_and_the_other_left_alone(tmp_path):
    folder = draw("toy_fruit", tmp_path, size=32, count=2)
    (folder / "testA" / "1.jpg").unlink()
    (folder / "testB" / "1.jpg").write_bytes(b"mine")
    draw("toy_fruit", tmp_path, size=32, count=2)
    assert (folder / "testA" / "1.jpg").is_file()
    assert (folder / "testB" / "1.jpg").read_bytes() == b"mine"
