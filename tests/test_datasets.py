import numpy as np
import pytest
from mxnet import gluon
from PIL import Image

from gluon_pix2pix import (
    LabelInstanceImages,
    PairedImages,
    Pix2PixConfig,
    Pix2PixHDConfig,
    UnpairedImages,
)

CONFIG = Pix2PixConfig(size=32, ngf=4, ndf=4)


def test_direction_chooses_the_input(pairs):
    red, blue = PairedImages(pairs, "val", CONFIG)[1]
    assert red.shape == (3, 32, 32) and red.dtype == np.float32
    assert red[0].mean() > -1 and red[2].mean() == -1
    assert blue[2].mean() > -1 and blue[0].mean() == -1
    x, y = PairedImages(pairs, "val", CONFIG.replace(direction="BtoA"))[1]
    assert (x == blue).all() and (y == red).all()


def test_jitter_changes_with_the_epoch_and_not_with_the_order(tmp_path):
    (tmp_path / "train").mkdir()
    noise = np.random.RandomState(0).randint(0, 255, (64, 128, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "train" / "1.png")
    dataset = PairedImages(tmp_path, "train", Pix2PixConfig(size=64))
    a, b = dataset.get(0, epoch=3)[0], dataset.get(0, epoch=4)[0]
    assert (a != b).any()
    assert (dataset.get(0, epoch=3)[0] == a).all()


def test_both_halves_are_jittered_alike_and_really(tmp_path):
    (tmp_path / "train").mkdir()
    half = np.random.RandomState(0).randint(0, 255, (32, 32, 3)).astype(np.uint8)
    Image.fromarray(np.concatenate([half, half], 1)).save(tmp_path / "train" / "1.png")
    dataset = PairedImages(tmp_path, "train", CONFIG.replace(load_size=48))
    views = [dataset.get(0, epoch) for epoch in range(20)]
    assert all((a == b).all() for a, b in views)
    assert len({a.tobytes() for a, _ in views}) > 15
    still = PairedImages(tmp_path, "train", CONFIG.replace(load_size=32, mirror=False))
    assert (still.get(0, 1)[0] == still.get(0, 2)[0]).all()


def test_the_cache_holds_no_more_than_the_pictures(pairs):
    dataset = PairedImages(pairs, "val", CONFIG)
    dataset[0]
    assert all(half.base is None or half.base.size == half.size
               for half in dataset._cache[0])


def test_pictures_are_decoded_once(pairs, monkeypatch):
    dataset = PairedImages(pairs, "val", CONFIG)
    first = dataset[0][0]
    monkeypatch.setattr("gluon_pix2pix.datasets.read_picture", None)
    assert (dataset[0][0] == first).all()


def test_grey_input_and_colour_output(pairs):
    dataset = PairedImages(pairs, "val", CONFIG.replace(in_channels=1))
    real_in, real_out = dataset[0]
    assert real_in.shape == (1, 32, 32) and real_out.shape == (3, 32, 32)


def test_indices_end(pairs):
    dataset = PairedImages(pairs, "val", CONFIG)
    assert (dataset[-1][0] == dataset[1][0]).all()
    with pytest.raises(IndexError):
        dataset[2]
    assert len(list(dataset)) == 2


def test_bad_files_are_named(tmp_path, pairs):
    with pytest.raises(FileNotFoundError, match="'test'.*train, val"):
        PairedImages(pairs, "test", CONFIG)
    (tmp_path / "train").mkdir()
    with pytest.raises(FileNotFoundError, match="no picture"):
        PairedImages(tmp_path, "train", CONFIG)
    (tmp_path / "train" / "1.jpg").write_bytes(b"junk")
    with pytest.raises(ValueError, match="1.jpg cannot be read"):
        PairedImages(tmp_path, "train", CONFIG)[0]
    noise = np.random.RandomState(0).randint(0, 255, (64, 128, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.jpg")
    whole = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "train" / "1.jpg").write_bytes(whole[:len(whole) // 2])
    with pytest.raises(ValueError, match="1.jpg cannot be read"):
        PairedImages(tmp_path, "train", CONFIG)[0]
    for width in (33, 64, 65):
        Image.fromarray(noise[:, :width]).save(tmp_path / "train" / "1.jpg")
        with pytest.raises(ValueError, match=f"{width}x64.*side by side"):
            PairedImages(tmp_path, "train", CONFIG)[0]


def test_a_folder_of_many_folders_is_not_listed_to_its_end(tmp_path):
    for number in range(10, 50):
        (tmp_path / f"f{number}").mkdir()
    with pytest.raises(FileNotFoundError, match="only f10, f11, .*f14, and 35 more.$"):
        PairedImages(tmp_path, "train", CONFIG)


def test_validation_is_not_jittered(pairs):
    dataset = PairedImages(pairs, "val", CONFIG)
    assert (dataset.get(0, epoch=0)[0] == dataset.get(0, epoch=1)[0]).all()


def test_what_does_not_fit_into_memory_is_not_held_there(pairs, monkeypatch):
    monkeypatch.setattr("gluon_pix2pix.datasets._CACHE_LIMIT", 11 * 36 * 36 * 6)
    dataset = PairedImages(pairs, "train", CONFIG)  # 12 pairs of 36 pixels
    held = [dataset[i] for i in range(12)]
    assert not dataset._cache
    monkeypatch.setattr("gluon_pix2pix.datasets._CACHE_LIMIT", 12 * 36 * 36 * 6)
    dataset = PairedImages(pairs, "train", CONFIG)
    again = [dataset[i] for i in range(12)]
    assert len(dataset._cache) == 12
    assert all((a == b).all() for a, b in zip(held[7], again[7], strict=True))


def test_a_small_first_picture_does_not_fill_the_memory(tmp_path, monkeypatch):
    for part in ("img", "label"):
        (tmp_path / f"train_{part}").mkdir()
        for number, size in enumerate((32, 256, 256, 256)):
            Image.new("RGB" if part == "img" else "L", (size, size)).save(
                tmp_path / f"train_{part}" / f"{number}.png")
    monkeypatch.setattr("gluon_pix2pix.datasets._CACHE_LIMIT", 2**19)
    config = Pix2PixHDConfig(resize_mode="none", use_instances=False)
    dataset = LabelInstanceImages(tmp_path, config=config)
    for index in range(4):
        dataset[index]
        assert sum(array.nbytes for arrays in dataset._cache.values()
                   for array in arrays) <= 2**19
    assert not dataset._cache


@pytest.fixture
def domains(tmp_path):
    """9 + 3 pictures of A, 4 + 2 of B; the level of grey tells a picture's number."""
    for name, count in (("trainA", 9), ("trainB", 4), ("testA", 3), ("testB", 2)):
        (tmp_path / name).mkdir()
        for number in range(count):
            Image.new("RGB", (40, 32), (10 * number,) * 3).save(
                tmp_path / name / f"{number}.png")
    return tmp_path


def _level(image):
    return round((image.mean() + 1) * 127.5 / 10)


def test_unpaired_epochs_show_the_longer_domain_once_and_the_other_evenly(domains):
    dataset = UnpairedImages(domains, "train", CONFIG)
    assert len(dataset) == 9
    partners = []
    for epoch in range(3):
        items = [dataset.get(i, epoch) for i in range(9)]
        assert [_level(A) for A, _ in items] == list(range(9))
        shown = [_level(B) for _, B in items]
        counts = np.bincount(shown, minlength=4)
        assert counts.min() == 2 and counts.max() == 3
        partners.append(shown)
    assert partners[0] != partners[1] != partners[2]  # shuffled anew each epoch
    again = UnpairedImages(domains, "train", CONFIG)
    assert [_level(again.get(i, 1)[1]) for i in range(9)] == partners[1]
    other = UnpairedImages(domains, "train", CONFIG.replace(seed=1))
    assert [_level(other.get(i, 1)[1]) for i in range(9)] != partners[1]


def test_unpaired_works_with_the_longer_domain_on_either_side(domains):
    (domains / "trainA").rename(domains / "x")
    (domains / "trainB").rename(domains / "trainA")
    (domains / "x").rename(domains / "trainB")
    which_A, which_B = UnpairedImages(domains, "train", CONFIG).partners(0)
    assert which_B.tolist() == list(range(9)) and set(which_A) == {0, 1, 2, 3}
    with pytest.raises(ValueError, match="read-only"):
        which_A[:] = 0  # they are shared by all items of the epoch


def test_unpaired_held_out_pictures_come_in_order(domains):
    dataset = UnpairedImages(domains, "test", CONFIG)
    assert [(_level(A), _level(B)) for A, B in dataset] == [(0, 0), (1, 1), (2, 0)]
    assert dataset[0][0].shape == (3, 32, 32)


def test_unpaired_domains_are_jittered_independently(tmp_path):
    noise = np.random.RandomState(0).randint(0, 255, (32, 32, 3)).astype(np.uint8)
    for name in ("trainA", "trainB"):
        (tmp_path / name).mkdir()
        Image.fromarray(noise).save(tmp_path / name / "1.png")
    dataset = UnpairedImages(tmp_path, "train", CONFIG.replace(load_size=40))
    views = [dataset.get(0, epoch) for epoch in range(20)]
    assert sum((A == B).all() for A, B in views) < 3
    assert (dataset.get(0, 5)[0] == views[5][0]).all()


def test_unpaired_without_a_domain_says_so(pairs):
    with pytest.raises(FileNotFoundError, match="'trainA', only train, val"):
        UnpairedImages(pairs, "train", CONFIG)


def test_a_data_set_serves_gluons_own_loader(pairs):
    """They are ordinary gluon.data.Datasets."""
    loader = gluon.data.DataLoader(PairedImages(pairs, "val", CONFIG), batch_size=2)
    (real_in, real_out), = loader
    assert real_in.shape == real_out.shape == (2, 3, 32, 32)
