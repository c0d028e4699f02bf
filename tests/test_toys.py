"""Toys: the drawn houses, and the folders they are written into."""

import json

import numpy as np
import pytest
from PIL import Image

import gluon_pix2pix as g2p
from gluon_pix2pix import toys
from gluon_pix2pix.toys import CLASSES, draw, draw_facade

PALETTE = np.array(list(CLASSES.values()))


def pictures(folder):
    """All pictures of a data set: relative path -> bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.jpg")}


def class_map(labels):
    """Index of the class of each pixel; fails where a colour is none of theirs."""
    distances = np.abs(labels[..., None, :].astype(int) - PALETTE).sum(axis=-1)
    assert (distances.min(axis=-1) == 0).all()
    return distances.argmin(axis=-1)


@pytest.fixture
def calls(monkeypatch):
    """The (size, seed) of every picture drawn."""
    seen = []

    def counted(size, seed):
        seen.append((size, seed))
        return draw_facade(size, seed)

    monkeypatch.setitem(toys.TOYS, "toy_facades", counted)
    return seen


# the houses


def test_palette_is_that_of_the_archive():
    # Rows 6, 11, ..., 61 of MATLAB's jet(64), which the JPEGs of the archive round to.
    rows = np.arange(6, 62, 5)
    ramp = [np.clip(np.minimum(rows - low, high - rows) / 16, 0, 1)
            for low, high in ((24, 72), (8, 56), (-8, 40))]
    np.testing.assert_array_equal(PALETTE, np.round(255 * np.array(ramp).T))


@pytest.mark.parametrize("size", [32, 33, 64, 100, 256])
def test_any_size(size):
    photo, labels = draw_facade(size, seed=3)
    for picture in (photo, labels):
        assert picture.shape == (size, size, 3)
        assert picture.dtype == np.uint8
    class_map(labels)


def test_every_class_appears_and_no_other_colour():
    maps = [class_map(draw_facade(64, (0, 0, i))[1]) for i in range(1, 51)]
    in_pictures = {name: sum(bool((m == k).any()) for m in maps)
                   for k, name in enumerate(CLASSES)}
    assert in_pictures["facade"] == in_pictures["window"] == 50
    assert min(in_pictures.values()) >= 5


def test_a_seed_gives_one_picture_and_another_seed_another():
    first, again, other = (draw_facade(48, (7, 0, i)) for i in (1, 1, 2))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert (first[0] != other[0]).mean() > 0.5
    assert (first[1] != other[1]).any()


def test_a_seed_gives_one_house_at_every_size():
    for seed in range(8):
        small, large = (draw_facade(size, seed) for size in (64, 256))
        same = (small[1] == large[1][2::4, 2::4]).all(axis=-1)
        assert same.mean() > 0.9
        shrunk = large[0].reshape(64, 4, 64, 4, 3).mean(axis=(1, 3))
        assert np.abs(shrunk - small[0]).mean() < 12


def test_photo_shows_what_the_labels_say():
    """Labels end where the photo has edges; glass is dark, cornices are light."""
    names = list(CLASSES)
    for seed in range(20):
        photo, labels = draw_facade(128, seed)
        light, found = photo.mean(axis=-1), class_map(labels)
        jump, border = np.abs(np.diff(light, axis=1)), np.diff(found, axis=1) != 0
        assert jump[border].mean() > 2 * jump[~border].mean()
        window, cornice, wall = (light[found == names.index(name)]
                                 for name in ("window", "cornice", "facade"))
        assert np.percentile(window, 10) < np.median(wall)
        assert cornice.size == 0 or cornice.mean() > window.mean()


@pytest.mark.parametrize("bad", [{"size": 31}, {"size": -4}, {"seed": -1}])
def test_draw_facade_refuses(bad):
    with pytest.raises(ValueError, match=r"size=|non-negative"):
        draw_facade(**bad)


# the folders


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
    data = g2p.PairedDataset(folder, "val", config)
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
        patch.setitem(toys.TOYS, "toy_facades", interrupted)
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

    monkeypatch.setitem(toys.TOYS, "toy_facades", overtaken)
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
    assert json.loads((folder / "toy.json").read_text())["version"] == toys.VERSION
    monkeypatch.setattr(toys, "VERSION", toys.VERSION + 1)
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
