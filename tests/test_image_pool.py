import numpy as np
import pytest
from mxnet import autograd, nd

from gluon_pix2pix import ImagePool


def _numbered(first, count=1):
    return nd.arange(first, first + count).reshape((count, 1, 1, 1))


def _values(images):
    return images.asnumpy().ravel().astype(int).tolist()


def test_no_pool_returns_what_comes():
    assert _values(ImagePool(0).query(_numbered(5, 3))) == [5, 6, 7]


def test_filling_returns_what_comes():
    pool = ImagePool(3)
    assert _values(pool.query(_numbered(0, 3))) == [0, 1, 2]
    assert len(pool.images) == 3


def test_every_slot_is_drawn_equally_often():
    """Erratum 4: uniform(0, size - 1) cut to an integer never draws the last slot."""
    pool = ImagePool(4, seed=1)
    pool.query(_numbered(0, 4))
    replaced = np.zeros(4)
    for number in range(4, 2004):
        before = list(pool.images)
        pool.query(_numbered(number))
        replaced += [a is not b for a, b in zip(before, pool.images)]
    assert 900 < replaced.sum() < 1100  # half of the 2000
    assert (replaced > 200).all() and (replaced < 300).all()


def test_an_old_image_is_returned_in_exchange():
    pool = ImagePool(2, seed=3)
    pool.query(_numbered(0, 2))
    for number in range(2, 50):
        stored = [_values(image)[0] for image in pool.images]
        (out,) = _values(pool.query(_numbered(number)))
        now = [_values(image)[0] for image in pool.images]
        if out == number:
            assert now == stored
        else:
            assert out in stored and out not in now and number in now


def test_the_sequence_follows_the_seed_and_nothing_else():
    def sequence(seed):
        pool, out = ImagePool(3, seed), []
        for number in range(30):
            np.random.uniform()  # noqa: NPY002  # somebody else's random numbers
            out += _values(pool.query(_numbered(number)))
        return out

    assert sequence(0) == sequence(0) != sequence(1)


def test_the_pool_cuts_the_graph_and_joins_pairs():
    x, y = nd.ones((2, 3, 4, 4)), nd.ones((2, 3, 4, 4))
    y.attach_grad()
    with autograd.record():
        pairs = ImagePool(2)(x, 2 * y)
        assert pairs.shape == (2, 6, 4, 4)
        (pairs.sum() + 0 * y.sum()).backward()
    assert (y.grad.asnumpy() == 0).all()


def test_negative_size_is_refused():
    with pytest.raises(ValueError, match="pool_size=-1"):
        ImagePool(-1)


@pytest.mark.parametrize("seen", [0, 2, 40])
def test_a_restored_pool_goes_on_with_the_same_sequence(seen):
    pool = ImagePool(3, seed=1)
    for number in range(seen):
        pool.query(_numbered(number))
    arrays = pool.arrays()
    assert all(isinstance(array, np.ndarray) for array in arrays.values())
    again = ImagePool(3, seed=99)
    again.query(_numbered(7, 3))
    again.check(arrays, "the file")
    again.restore(arrays)
    rest = [_values(pool.query(_numbered(number))) for number in range(100, 130)]
    assert [_values(again.query(_numbered(number))) for number in
            range(100, 130)] == rest


def test_pictures_of_other_heights_are_restored_too():
    pool, again = ImagePool(3), ImagePool(3)
    for height in (2, 3):
        pool.query(nd.ones((1, 4, height, 5)))
    again.check(pool.arrays(), "the file")
    again.restore(pool.arrays())
    assert [image.shape[2] for image in again.images] == [2, 3]


def test_pictures_of_several_sizes_go_through_in_batches():
    """A batch holds one size; an old picture of another one would not fit in it."""
    pool, seen = ImagePool(4, seed=1), set()
    for number in range(200):
        batch = nd.full((2, 1, 2 + number % 2, 3), number)
        shown = pool.query(batch)
        assert shown.shape == batch.shape
        numbers = set(shown[:, 0, 0, 0].asnumpy().astype(int).tolist())
        assert all(old % 2 == number % 2 for old in numbers)
        seen |= {number - old for old in numbers}
    assert max(seen) >= 10  # older ones are among them
    assert all(image[0, 0, 0, 0] > 150 for image in pool.images)
    alone = [pool.query(nd.ones((1, 1, 7, 3))).shape[2] for _ in range(20)]
    assert set(alone) > {7}


def test_what_is_no_pool_is_refused():
    pool = ImagePool(3)
    pool.query(_numbered(0))
    arrays = pool.arrays()
    pool.check(arrays, "the file")
    image = arrays["image_0"]
    for wrong in ({}, {"image_2": image}, {"image_1": image[0]}, {"other": image},
                  {"image_1": image.repeat(2, axis=0)},
                  {"image_1": image.repeat(2, axis=1)},
                  {"image_0": image.astype(float)}, {"image_0": image + np.nan},
                  {"random_keys": np.zeros(3, np.uint32)},
                  {"random_keys": arrays["random_keys"].astype(np.int64)},
                  # NumPy reads beyond the keys from there, and the process dies.
                  {"random_position": np.array(10**6)},
                  {"random_position": np.array(-1)},
                  {"random_position": np.array(1.0)},
                  {"random_position": np.array([1])}):
        with pytest.raises(ValueError, match="the file does not fit a pool of 3"):
            pool.check({**arrays, **wrong} if wrong else {}, "the file")
    with pytest.raises(ValueError, match="a pool of 0"):
        ImagePool(0).check(arrays, "the file")
