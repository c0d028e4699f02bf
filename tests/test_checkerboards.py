import math

import numpy as np
import pytest

from gluon_pix2pix.checkerboards import checkerboard
from gluon_pix2pix.toys import draw_facade
from gluon_pix2pix.transforms import to_float


def _noise(count=20, side=64):
    return np.random.RandomState(0).normal(size=(count, 3, side, side))


def _pattern(side=64):
    """One pixel of each four is brighter: what uneven weights of a decoder paint."""
    pattern = np.zeros((side, side))
    pattern[::2, ::2] = 1
    return pattern


def test_noise_has_as_much_at_the_highest_frequency_as_below():
    assert checkerboard(_noise()) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("pattern", [
    _pattern(), np.indices((64, 64)).sum(axis=0) % 2, np.indices((64, 64))[1] % 2])
def test_each_pattern_of_two_pixels_stands_out(pattern):
    weak, strong = (checkerboard(_noise() + weight * pattern) for weight in (0.3, 1))
    assert 1.1 < weak < strong / 2


def test_it_is_the_energy_and_no_matter_of_contrast_or_brightness():
    images = _noise() + 0.2 * _pattern()
    assert checkerboard(0.3 * images + 5) == pytest.approx(checkerboard(images))


def test_it_weighs_pictures_by_their_energy_whatever_gives_them():
    images = list(_noise(4))
    assert checkerboard(iter(images)) == checkerboard(np.array(images))


def test_drawn_photos_have_none_until_one_is_painted_into_them():
    photos = [to_float(draw_facade(64, (0, i))[0]) for i in range(6)]
    assert checkerboard(photos) < 1.2
    painted = [photo + 0.2 * _pattern() for photo in photos]
    assert checkerboard(painted) > 2 * checkerboard(photos)


def test_where_there_is_nothing_there_is_no_number():
    assert math.isnan(checkerboard([np.full((3, 32, 32), 0.5)]))
    assert math.isnan(checkerboard([]))


@pytest.mark.parametrize("shape", [(1, 3, 64, 64), (3, 64, 63), (3, 30, 64)])
def test_pictures_without_that_frequency_are_refused(shape):
    with pytest.raises(ValueError, match=r"\(C, H, W\) with even sides of 32"):
        checkerboard([np.zeros(shape)])
