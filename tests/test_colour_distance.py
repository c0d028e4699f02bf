import numpy as np
import pytest
from mxnet import nd
from scipy.stats import wasserstein_distance

from gluon_pix2pix import colour_distance
from gluon_pix2pix.toys import draw_fruit, draw_fruit_mask
from gluon_pix2pix.transforms import to_float


@pytest.fixture
def pictures():
    rng = np.random.RandomState(0)
    return [rng.uniform(-1, 1, (3, 6, 5)).astype(np.float32) for _ in range(4)]


def test_a_shift_of_all_values_is_its_own_distance(pictures):
    assert colour_distance(pictures, pictures) == 0
    for shift in (0.25, -0.5):
        shifted = [picture + shift for picture in pictures]
        np.testing.assert_allclose(colour_distance(pictures, shifted), abs(shift),
                                   rtol=1e-6)


def test_black_is_2_from_white_and_a_third_of_that_from_red():
    black, white, red = -np.ones((3, 4, 4)), np.ones((3, 4, 4)), -np.ones((3, 4, 4))
    red[0] = 1
    assert colour_distance([black], [white]) == 2
    np.testing.assert_allclose(colour_distance([black], [red]), 2 / 3)


def test_it_is_the_mean_difference_of_the_sorted_values(pictures):
    others = [picture**3 for picture in pictures[::-1]]
    first, second = (np.sort(np.stack(some).swapaxes(0, 1).reshape(3, -1))
                     for some in (pictures, others))
    np.testing.assert_allclose(colour_distance(pictures, others),
                               np.abs(first - second).mean(), rtol=1e-6)


def test_sets_may_be_of_other_sizes_and_all_pixels_count_alike(pictures):
    few, many = pictures[:1], [*pictures[1:], np.zeros((3, 2, 9))]
    expected = np.mean([wasserstein_distance(
        few[0][channel].ravel(),
        np.concatenate([picture[channel].ravel() for picture in many]))
        for channel in range(3)])
    np.testing.assert_allclose(colour_distance(few, many), expected, rtol=1e-6)
    np.testing.assert_allclose(colour_distance(many, few), expected, rtol=1e-6)
    # Half of the pixels of a set changed by 1, wherever they are.
    half = [np.zeros((1, 2, 8)), np.ones((1, 4, 4))]
    np.testing.assert_allclose(colour_distance(half, [np.zeros((1, 3, 3))]), 0.5)


def test_it_sees_no_places_and_takes_arrays_of_mxnet_and_chosen_pixels(pictures):
    scattered = [np.random.RandomState(1).permutation(picture.reshape(3, -1).T).T
                 for picture in pictures]  # (3, 30): pixels
    assert colour_distance(pictures, scattered) < 1e-7
    assert colour_distance(map(nd.array, pictures), iter(pictures)) < 1e-7
    top = np.zeros((6, 5), bool)
    top[:2] = True
    np.testing.assert_allclose(
        colour_distance([pictures[0][:, top]], pictures[1:]),
        colour_distance([pictures[0][:, :2]], pictures[1:]), rtol=1e-6)


def test_apples_are_far_from_oranges_where_there_is_fruit():
    scenes = [draw_fruit(48, (5, i)) for i in range(6)]
    masks = [draw_fruit_mask(48, (5, i)) for i in range(6)]
    apples, oranges = ([to_float(picture) for picture in some]
                       for some in zip(*scenes))
    whole = colour_distance(apples, oranges)
    fruit = colour_distance((picture[:, mask] for picture, mask in zip(apples, masks)),
                            (picture[:, mask] for picture, mask in zip(oranges, masks)))
    around = colour_distance(
        (picture[:, ~mask] for picture, mask in zip(apples, masks)),
        (picture[:, ~mask] for picture, mask in zip(oranges, masks)))
    assert fruit > whole > 4 * around
    assert fruit > 0.2


@pytest.mark.parametrize("first, message", [
    ([], "no pixel"),
    ([np.zeros((3, 0))], "no pixel"),
    ([np.zeros((1, 4, 4))], "1 and of 3 channels"),
    ([np.zeros((3, 4, 4)), np.zeros((1, 4, 4))], "as many channels"),
    ([np.zeros((1, 3, 4, 4))], "as many channels"),
    ([np.full((3, 4, 4), np.nan)], "NaN"),
])
def test_what_cannot_be_compared_is_refused(pictures, first, message):
    with pytest.raises(ValueError, match=message):
        colour_distance(first, pictures)
