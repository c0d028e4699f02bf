import pytest

from gluon_pix2pix.download import DownloadError
from gluon_pix2pix.sources import default_direction, get_dataset


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
