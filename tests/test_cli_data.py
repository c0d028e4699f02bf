"""The commands about data, as they are typed."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gluon_pix2pix.catalog import ARCHIVES
from gluon_pix2pix.cli import main
from gluon_pix2pix.layouts import count_pictures
from gluon_pix2pix.toys import TOYS, draw


@pytest.fixture
def noise(tmp_path):
    """Make a folder of small pictures that all differ."""
    rng = np.random.RandomState(0)

    def make(name, count=6, size=(24, 16), channels=3):
        folder = tmp_path / name
        folder.mkdir()
        for number in range(count):
            pixels = rng.randint(0, 255, (*size[::-1], channels)).astype(np.uint8)
            picture = Image.fromarray(pixels if channels == 3 else pixels[:, :, 0] % 2)
            picture.save(folder / f"{number}.png")
        return str(folder)
    return make


def test_drawing_and_listing(tmp_path, capsys):
    assert main(["draw", "toy_maps", "--size", "32", "--count", "3", "--root",
                 str(tmp_path)]) == 0
    assert str(tmp_path / "toy_maps_32px_3") in capsys.readouterr().out
    assert main(["download", "--list", "--root", str(tmp_path)]) == 0
    table = capsys.readouterr().out
    assert all(name in table for name in (*ARCHIVES, *TOYS))
    assert max(map(len, table.splitlines())) <= 79
    assert main(["download", "horse2zebra", "--info", "--root", str(tmp_path)]) == 0
    assert "horse2zebra.zip" in capsys.readouterr().out


def test_two_folders_become_pairs(noise, tmp_path, capsys):
    target = tmp_path / "pairs"
    assert main(["prepare", "pairs", noise("a"), noise("b"), str(target), "--val",
                 "0.34", "--size", "32", "--nearest", "B"]) == 0
    assert "No problem found" in capsys.readouterr().out
    assert count_pictures(target) == {"train": 4, "val": 2}
    assert Image.open(next((target / "train").iterdir())).size == (64, 32)


def test_a_folder_of_pairs_is_split(noise, tmp_path, capsys):
    pairs = noise("side_by_side", size=(48, 24))
    assert main(["prepare", "pairs", pairs, str(tmp_path / "p")]) == 0
    assert count_pictures(tmp_path / "p") == {"train": 5, "val": 1}
    assert main(["prepare", "pairs", pairs, str(tmp_path / "q"), "--size", "9"]) == 1
    assert "--size and --nearest are for joining" in capsys.readouterr().err
    assert main(["prepare", "pairs", pairs]) == 1
    assert "name A, B and the data set to make" in capsys.readouterr().err


def test_unpaired_folders_are_split(noise, tmp_path):
    target = tmp_path / "seasons"
    assert main(["prepare", "unpaired", noise("a"), noise("b", 8), str(target),
                 "--test", "0.25", "--seed", "3"]) == 0
    assert count_pictures(target) == {"trainA": 4, "trainB": 6, "testA": 2, "testB": 2}


def test_labels_are_collected(noise, tmp_path):
    target = tmp_path / "streets"
    assert main(["prepare", "labels", noise("img"), noise("lab", channels=1),
                 str(target), "--instances", noise("inst", channels=1)]) == 0
    assert count_pictures(target) == {
        "train_img": 5, "train_label": 5, "train_inst": 5,
        "test_img": 1, "test_label": 1, "test_inst": 1}


def test_what_cannot_be_prepared_is_listed_and_not_begun(noise, tmp_path, capsys):
    a, b = noise("a"), noise("b", 5)
    Path(b, "0.png").write_text("no picture")
    assert main(["prepare", "pairs", a, b, str(tmp_path / "pairs")]) == 1
    error = capsys.readouterr().err
    assert "5.png" in error and "0.png" in error
    assert not (tmp_path / "pairs").exists()


def test_check_tells_by_its_exit_status(tmp_path, capsys):
    toy = draw("toy_facades", tmp_path, size=32, count=4)
    assert main(["check", str(toy), "--size", "32"]) == 0
    assert "No problem found" in capsys.readouterr().out
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "1.jpg").write_bytes(b"")
    assert main(["check", str(tmp_path)]) == 1
    assert "1.jpg" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "none")]) == 1
    assert "no folder" in capsys.readouterr().err


def test_cityscapes_is_prepared_from_the_owners_zips(tmp_path, capsys):
    rng = np.random.RandomState(0)
    for top, endings in (("leftImg8bit", ["leftImg8bit"]),
                         ("gtFine", ["gtFine_labelIds", "gtFine_instanceIds"])):
        with zipfile.ZipFile(tmp_path / f"{top}_trainvaltest.zip", "w") as file:
            for ending in endings:
                shape = (16, 32, 3) if top == "leftImg8bit" else (16, 32)
                pixels = rng.randint(0, 34, shape).astype(np.uint8)
                with file.open(f"{top}/train/ulm/ulm_000000_000019_{ending}.png",
                               "w") as member:
                    Image.fromarray(pixels).save(member, "PNG")
    root = tmp_path / "data"
    assert main(["prepare", "cityscapes", str(tmp_path), "--root", str(root), "--hd",
                 "--size", "16"]) == 0
    out = capsys.readouterr().out
    assert f"cityscapes is in {root / 'cityscapes'}: train 1" in out
    assert count_pictures(root / "cityscapes_hd") == {
        "train_img": 1, "train_label": 1, "train_inst": 1}


@pytest.mark.parametrize("kind", ["pairs", "unpaired", "labels", "cityscapes"])
def test_help_of_each_kind_shows_an_example(kind, capsys):
    with pytest.raises(SystemExit):
        main(["prepare", kind, "--help"])
    assert f"gluon-pix2pix prepare {kind}" in capsys.readouterr().out
