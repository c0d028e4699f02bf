import pytest

from gluon_pix2pix.download import DownloadError
from gluon_pix2pix.sources import default_direction, find_folder, get_dataset
from gluon_pix2pix.toys import draw


def test_toys_are_drawn_at_the_size_of_the_profile(tmp_path):
    folder = get_dataset("toy_facades", tmp_path, profile="smoke")
    assert len(list((folder / "train").iterdir())) == 8
    assert get_dataset("toy_facades", tmp_path, profile="smoke") == folder


def test_a_path_is_your_own_data(tmp_path, pairs, monkeypatch):
    assert get_dataset(str(pairs), tmp_path) == pairs
    monkeypatch.chdir(pairs.parent)
    assert get_dataset(pairs.name, tmp_path).resolve() == pairs
    with pytest.raises(FileNotFoundError, match="no folder path/to/pairs"):
        get_dataset("path/to/pairs", tmp_path)


def test_unknown_names_are_refused(tmp_path):
    with pytest.raises(ValueError, match="toy_castles"):
        get_dataset("toy_castles", tmp_path)
    with pytest.raises(DownloadError, match="'castles'.*facades"):
        get_dataset("castles", tmp_path)


def test_facades_go_from_labels_to_photo():
    assert default_direction("facades") == "BtoA"
    assert default_direction("toy_facades") == "BtoA"
    assert default_direction("maps") == "AtoB"
    assert default_direction("my_pairs") == "AtoB"


def test_folders_are_found_by_their_name_in_the_root(tmp_path, pairs):
    assert get_dataset(pairs.name, pairs.parent) == pairs
    assert find_folder("facades", pairs.parent) is None  # always the public one
    assert find_folder("nothing", tmp_path) is None


def test_a_drawn_folder_keeps_the_direction_of_its_toy(tmp_path):
    folder = draw("toy_facades", tmp_path, size=32, count=1)
    assert default_direction(str(folder)) == "BtoA"
    assert default_direction(folder.name, tmp_path) == "BtoA"
