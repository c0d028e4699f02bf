import shutil
import threading
import time

import numpy as np
import pytest
from PIL import Image

from gluon_pix2pix import Loader, PairedImages, Pix2PixConfig
from gluon_pix2pix.pictures import PictureError

CONFIG = Pix2PixConfig(size=32, ngf=4, ndf=4)


def _numbers(loader):
    """The numbers of the pairs (see conftest) in the order the loader gives them."""
    levels = np.concatenate([x.asnumpy()[:, 0].mean((1, 2)) for x, _ in loader])
    return np.round((levels + 1) * 127.5 / 20).astype(int).tolist()


def test_every_epoch_is_shuffled_anew_and_can_be_repeated(pairs):
    """Erratum 5: training data were never shuffled."""
    loader = Loader(PairedImages(pairs, "train", CONFIG), batch_size=5)
    first, second = _numbers(loader), _numbers(loader)
    assert sorted(first) == sorted(second) == list(range(1, 13))
    assert first != second and first != sorted(first)
    loader.epoch = 0
    assert _numbers(loader) == first
    other = PairedImages(pairs, "train", CONFIG.replace(seed=1))
    assert _numbers(Loader(other)) != first


def test_last_batch_is_smaller(pairs):
    loader = Loader(PairedImages(pairs, "train", CONFIG), batch_size=5)
    assert len(loader) == 3
    assert [x.shape[0] for x, _ in loader] == [5, 5, 2]


def test_validation_is_not_shuffled(pairs):
    assert _numbers(Loader(PairedImages(pairs, "val", CONFIG))) == [1, 2]


@pytest.mark.parametrize("workers", [1, 3])
def test_any_number_of_workers_gives_the_same_batches(pairs, workers):
    dataset = PairedImages(pairs, "train", CONFIG)
    alone = [x.asnumpy() for x, _ in Loader(dataset, 5, workers=0)]
    helped = [x.asnumpy() for x, _ in Loader(dataset, 5, workers=workers)]
    assert all((a == b).all() for a, b in zip(alone, helped, strict=True))


class Counting:
    """A data set that counts what was read, and fails at one item."""

    train, seed, batch_size = False, 0, 1

    def __init__(self, length, bad=None):
        self.length, self.bad, self.read = length, bad, []

    def __len__(self):
        return self.length

    def get(self, index, epoch):
        if index == self.bad:
            raise ValueError(f"item {index} is broken")
        self.read.append(index)
        return np.full((1, 2, 2), index, np.int32), np.zeros(1, np.float32)


def test_types_of_the_items_are_kept():
    (ids, zeros), = Loader(Counting(3), batch_size=3)
    assert ids.dtype == np.int32 and zeros.dtype == np.float32
    assert ids.asnumpy()[:, 0, 0, 0].tolist() == [0, 1, 2]


@pytest.mark.parametrize("workers", [0, 2])
def test_pictures_of_different_sizes_are_no_batch(workers):
    class Growing(Counting):
        def get(self, index, epoch):
            return np.zeros((3, 16 + 8 * (index > 3), 32), np.float32),

    assert len(list(Loader(Growing(6), workers=workers))) == 6
    with pytest.raises(ValueError, match="32x16 and 32x24 pixels .*--batch-size 1"):
        list(Loader(Growing(6), 3, workers=workers))


def test_workers_do_not_run_far_ahead():
    """A slow user must not fill the memory with batches."""
    dataset = Counting(50)
    batches = iter(Loader(dataset, workers=2))
    next(batches)
    time.sleep(0.05)
    assert len(dataset.read) <= 4


def test_leaving_the_loop_ends_the_workers():
    before = threading.active_count()
    for _ in Loader(Counting(50), workers=3):
        break
    deadline = time.time() + 5
    while threading.active_count() > before and time.time() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before


@pytest.mark.parametrize("workers", [0, 2])
def test_what_fails_in_a_worker_is_raised_in_the_loop(workers):
    batches = iter(Loader(Counting(9, bad=4), workers=workers))
    for _ in range(4):
        next(batches)
    with pytest.raises(RuntimeError, match="Item 4 .*ValueError: item 4 is broken"):
        next(batches)


def test_a_part_of_an_epoch_is_read_without_the_rest(pairs):
    dataset = Counting(10)
    loader = Loader(dataset, 3, shuffle=True, workers=0)
    whole = [ids.asnumpy() for ids, _ in loader]
    dataset.read.clear()
    loader.epoch = 0
    rest = [ids.asnumpy() for ids, _ in loader.from_batch(2)]
    assert all((a == b).all() for a, b in zip(rest, whole[2:], strict=True))
    assert len(dataset.read) == 4 and loader.epoch == 1


def _spoil(pairs, tmp_path, *numbers):
    folder = tmp_path / "spoilt"
    shutil.copytree(pairs, folder)
    for number in numbers:
        (folder / "train" / f"{number}.png").write_bytes(b"no picture")
    return folder


@pytest.mark.parametrize("workers", [0, 2])
def test_unreadable_pictures_stop_or_are_skipped_and_counted(pairs, tmp_path, caplog,
                                                             workers):
    dataset = PairedImages(_spoil(pairs, tmp_path, 3, 7), "train", CONFIG)
    with pytest.raises(ValueError, match=r"(3|7)\.png cannot be read as a picture"):
        list(Loader(dataset, 5, workers=workers))
    loader = Loader(dataset, 5, workers=workers, unreadable="skip")
    seen = _numbers(loader)
    assert len(seen) == 12  # others take their places: as many batches, as large
    assert set(seen) == set(range(1, 13)) - {3, 7}
    assert sum(loader.skipped.values()) >= 2 and len(loader.skipped) == 2
    assert "3.png cannot be read as a picture" in caplog.text
    assert "of 12 items could not be read in epoch 1" in caplog.text
    loader.epoch = 0
    assert _numbers(loader) == seen


def test_a_data_set_without_a_readable_picture_is_an_error(pairs, tmp_path):
    dataset = PairedImages(_spoil(pairs, tmp_path, *range(1, 13)), "train", CONFIG)
    with pytest.raises(ValueError, match="cannot be read as a picture"):
        next(iter(Loader(dataset, unreadable="skip")))


def test_the_identity_tells_other_data_wherever_they_lie(pairs, tmp_path):
    def identity(folder, **options):
        return Loader(PairedImages(folder, "train", CONFIG), **options).identity()

    same, spoilt = tmp_path / "same", _spoil(pairs, tmp_path, 3)
    shutil.copytree(pairs, same)
    here, there = identity(pairs), identity(same)
    assert here.pop("name") != there.pop("name") and here == there
    assert str(tmp_path) not in str(identity(same))
    assert identity(pairs, batch_size=2) != identity(pairs)
    sizes = zip(identity(pairs)["sizes"], identity(spoilt)["sizes"])
    assert sum(a != b for a, b in sizes) == 1
    (same / "train" / "1.png").rename(same / "train" / "one.png")
    assert identity(pairs)["names"] != identity(same)["names"]


@pytest.mark.parametrize("count", [1, 3, 8, 12, 20])
def test_the_identity_tells_other_data_however_few(tmp_path, count):
    """All pictures of the same names, and of other sizes."""
    def identity(name, side):
        (tmp_path / name / "train").mkdir(parents=True)
        for number in range(count):
            Image.new("RGB", (2 * side, side), (number, 0, 0)).save(
                tmp_path / name / "train" / f"{number}.png")
        return PairedImages(tmp_path / name, "train", CONFIG).identity()

    one, two = identity("one", 32)["sizes"], identity("two", 64)["sizes"]
    assert len(one) == min(16, count) and all(a != b for a, b in zip(one, two))


def test_an_unreadable_picture_tells_how_a_training_goes_on(pairs, tmp_path):
    """Not without it, for then the data would not be the same."""
    dataset = PairedImages(_spoil(pairs, tmp_path, 3), "train", CONFIG)
    with pytest.raises(PictureError, match=r"3.png cannot be read .*: replace it by a "
                       r".*unreadable='skip', on the command line --unreadable skip"):
        list(Loader(dataset))


def test_impossible_numbers_are_refused():
    with pytest.raises(ValueError, match="batch_size=0"):
        Loader(Counting(1), batch_size=0)
    with pytest.raises(ValueError, match="workers=-1"):
        Loader(Counting(1), workers=-1)
    with pytest.raises(ValueError, match="unreadable='ignore'.*'stop' or 'skip'"):
        Loader(Counting(1), unreadable="ignore")
