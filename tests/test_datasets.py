import numpy as np
import pytest
from PIL import Image

from gluon_pix2pix import PairedDataset, PairedLoader, Pix2PixConfig, list_pictures
from gluon_pix2pix.datasets import read_picture

CONFIG = Pix2PixConfig(size=32, ngf=4, ndf=4)


def _numbers(loader):
    """The numbers of the pairs (see conftest) in the order the loader gives them."""
    levels = np.concatenate([x.asnumpy()[:, 0].mean((1, 2)) for x, _ in loader])
    return np.round((levels + 1) * 127.5 / 20).astype(int).tolist()


def test_files_come_in_natural_order(pairs):
    """Erratum 5: not in the order of the file system, nor 1, 10, 11, 2."""
    names = [path.name for path in list_pictures(pairs / "train")]
    assert names == [f"{number}.png" for number in range(1, 13)]


def test_direction_chooses_the_input(pairs):
    red, blue = PairedDataset(pairs, "val", CONFIG)[1]
    assert red.shape == (3, 32, 32) and red.dtype == np.float32
    assert red[0].mean() > -1 and red[2].mean() == -1
    assert blue[2].mean() > -1 and blue[0].mean() == -1
    x, y = PairedDataset(pairs, "val", CONFIG.replace(direction="BtoA"))[1]
    assert (x == blue).all() and (y == red).all()


def test_every_epoch_is_shuffled_anew_and_can_be_repeated(pairs):
    """Erratum 5: training data were never shuffled."""
    loader = PairedLoader(PairedDataset(pairs, "train", CONFIG), batch_size=5)
    first, second = _numbers(loader), _numbers(loader)
    assert sorted(first) == sorted(second) == list(range(1, 13))
    assert first != second and first != sorted(first)
    loader.epoch = 0
    assert _numbers(loader) == first
    other = PairedDataset(pairs, "train", CONFIG.replace(seed=1))
    assert _numbers(PairedLoader(other)) != first


def test_validation_is_neither_shuffled_nor_jittered(pairs):
    dataset = PairedDataset(pairs, "val", CONFIG)
    assert _numbers(PairedLoader(dataset)) == [1, 2]
    assert (dataset.get(0, epoch=0)[0] == dataset.get(0, epoch=1)[0]).all()


def test_last_batch_is_smaller(pairs):
    loader = PairedLoader(PairedDataset(pairs, "train", CONFIG), batch_size=5)
    assert len(loader) == 3
    assert [x.shape[0] for x, _ in loader] == [5, 5, 2]


def test_jitter_changes_with_the_epoch_and_not_with_the_order(tmp_path):
    (tmp_path / "train").mkdir()
    noise = np.random.RandomState(0).randint(0, 255, (64, 128, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "train" / "1.png")
    dataset = PairedDataset(tmp_path, "train", Pix2PixConfig(size=64))
    a, b = dataset.get(0, epoch=3)[0], dataset.get(0, epoch=4)[0]
    assert (a != b).any()
    assert (dataset.get(0, epoch=3)[0] == a).all()


def test_both_halves_are_jittered_alike_and_really(tmp_path):
    (tmp_path / "train").mkdir()
    half = np.random.RandomState(0).randint(0, 255, (32, 32, 3)).astype(np.uint8)
    Image.fromarray(np.concatenate([half, half], 1)).save(tmp_path / "train" / "1.png")
    dataset = PairedDataset(tmp_path, "train", CONFIG.replace(load_size=48))
    views = [dataset.get(0, epoch) for epoch in range(20)]
    assert all((a == b).all() for a, b in views)
    assert len({a.tobytes() for a, _ in views}) > 15
    still = PairedDataset(tmp_path, "train", CONFIG.replace(load_size=32, mirror=False))
    assert (still.get(0, 1)[0] == still.get(0, 2)[0]).all()


def test_names_of_equal_numbers_have_an_order(tmp_path):
    for name in ("1.png", "01.png", "1²2.png", "A1.png", "a1.png"):
        Image.new("RGB", (64, 32)).save(tmp_path / name)
    names = [path.name for path in list_pictures(tmp_path)]
    assert names == ["01.png", "1.png", "1²2.png", "A1.png", "a1.png"]


def test_the_cache_holds_no_more_than_the_pictures(pairs):
    dataset = PairedDataset(pairs, "val", CONFIG)
    dataset[0]
    assert all(half.base is None or half.base.size == half.size
               for half in dataset._cache[0])


def test_pictures_are_decoded_once(pairs, monkeypatch):
    dataset = PairedDataset(pairs, "val", CONFIG)
    first = dataset[0][0]
    monkeypatch.setattr("gluon_pix2pix.datasets.read_picture", None)
    assert (dataset[0][0] == first).all()


def test_grey_input_and_colour_output(pairs):
    dataset = PairedDataset(pairs, "val", CONFIG.replace(in_channels=1))
    real_in, real_out = dataset[0]
    assert real_in.shape == (1, 32, 32) and real_out.shape == (3, 32, 32)


def test_indices_end(pairs):
    dataset = PairedDataset(pairs, "val", CONFIG)
    assert (dataset[-1][0] == dataset[1][0]).all()
    with pytest.raises(IndexError):
        dataset[2]
    assert len(list(dataset)) == 2


def test_bad_files_are_named(tmp_path, pairs):
    with pytest.raises(FileNotFoundError, match="'test'.*train, val"):
        PairedDataset(pairs, "test", CONFIG)
    (tmp_path / "train").mkdir()
    with pytest.raises(FileNotFoundError, match="no picture"):
        PairedDataset(tmp_path, "train", CONFIG)
    (tmp_path / "train" / "1.jpg").write_bytes(b"junk")
    with pytest.raises(ValueError, match="1.jpg cannot be read"):
        PairedDataset(tmp_path, "train", CONFIG)[0]
    noise = np.random.RandomState(0).randint(0, 255, (64, 128, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.jpg")
    whole = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "train" / "1.jpg").write_bytes(whole[:len(whole) // 2])
    with pytest.raises(ValueError, match="1.jpg cannot be read"):
        PairedDataset(tmp_path, "train", CONFIG)[0]
    for width in (33, 64, 65):
        Image.fromarray(noise[:, :width]).save(tmp_path / "train" / "1.jpg")
        with pytest.raises(ValueError, match=f"{width}x64.*side by side"):
            PairedDataset(tmp_path, "train", CONFIG)[0]
    with pytest.raises(FileNotFoundError, match="no file"):
        read_picture(tmp_path / "none.png")
