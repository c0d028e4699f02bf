import math

import numpy as np
import pytest
from mxnet import nd

from gluon_pix2pix import PairedImages, metrics
from gluon_pix2pix.toys import draw_facade
from gluon_pix2pix.transforms import to_float


class Constant:
    """Translates everything to one value and notes how it was asked."""

    def translate(self, x, sample=True):
        self.sample = sample
        return nd.ones_like(x) * 0.5


@pytest.fixture(params=["random", "drawn", "grey"])
def two_images(request):
    """Two images that have something in common, ``(C, H, W)`` in [-1, 1]."""
    rng = np.random.RandomState(0)
    if request.param == "drawn":
        real = to_float(draw_facade(48, seed=3)[0])
    else:
        channels = 1 if request.param == "grey" else 3
        real = rng.uniform(-1, 1, (channels, 21, 17)).astype(np.float32)
    fake = 0.7 * real + rng.normal(0, 0.2, real.shape)
    return np.clip(fake, -1, 1).astype(np.float32), real


def slow_ssim(fake, real):
    """SSIM as its authors write it down, a window at a time."""
    offsets = np.arange(-5, 6)
    weights = np.exp(-offsets**2 / (2 * 1.5**2))
    weights = np.outer(weights, weights) / weights.sum()**2
    c1, c2 = 0.01**2, 0.03**2
    values = []
    for x, y in zip((fake.astype(float) + 1) / 2, (real.astype(float) + 1) / 2):
        for row in range(x.shape[0] - 10):
            for column in range(x.shape[1] - 10):
                a, b = (image[row:row + 11, column:column + 11] for image in (x, y))
                mean_a, mean_b = (weights * a).sum(), (weights * b).sum()
                var_a = (weights * (a - mean_a)**2).sum()
                var_b = (weights * (b - mean_b)**2).sum()
                cov = (weights * (a - mean_a) * (b - mean_b)).sum()
                values.append((2 * mean_a * mean_b + c1) * (2 * cov + c2)
                              / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)))
    return np.mean(values)


def test_mean_l1_of_a_known_translation(pairs, tiny):
    dataset, model = PairedImages(pairs, "val", tiny), Constant()
    expected = np.mean([abs(0.5 - real_out).mean() for _, real_out in dataset])
    assert abs(metrics.mean_l1(model, dataset) - expected) < 1e-6
    assert model.sample is True
    metrics.mean_l1(model, dataset, sample=False)
    assert model.sample is False


def test_l1_and_psnr_are_their_formulas(two_images):
    fake, real = two_images
    assert abs(metrics.l1(fake, real) - np.mean(abs(fake - real))) < 1e-6
    squared = np.mean((fake.astype(float) - real)**2)
    assert abs(metrics.psnr(fake, real) - 10 * math.log10(4 / squared)) < 1e-9


def test_ssim_agrees_with_a_window_at_a_time(two_images):
    fake, real = two_images
    assert abs(metrics.ssim(fake, real) - slow_ssim(fake, real)) < 1e-6


def test_known_values():
    black, white = np.full((3, 16, 16), -1.0), np.full((3, 16, 16), 1.0)
    assert metrics.l1(black, white) == 2 and metrics.psnr(black, white) == 0
    assert metrics.psnr(black, black) == math.inf
    assert metrics.ssim(black, black) == 1
    rng = np.random.RandomState(0)
    image = rng.uniform(-1, 1, (3, 32, 32))
    assert metrics.ssim(-image, image) < -0.9  # on [-1, 1] it would be above 0.7
    assert abs(metrics.ssim(rng.uniform(-1, 1, (3, 32, 32)), image)) < 0.1


def test_arrays_of_mxnet_are_taken(two_images):
    for metric in (metrics.l1, metrics.psnr, metrics.ssim):
        assert metric(*map(nd.array, two_images)) == metric(*two_images)


def test_only_two_images_of_one_shape_are_compared():
    image = np.zeros((3, 16, 16))
    for other in (np.zeros((3, 16, 15)), np.zeros((1, 3, 16, 16))):
        with pytest.raises(ValueError, match="one shape"):
            metrics.l1(image, other)
    with pytest.raises(ValueError, match="one shape"):
        metrics.psnr(image[None], image[None])


def test_ssim_says_when_an_image_is_too_small():
    with pytest.raises(ValueError, match="16x10 holds none"):
        metrics.ssim(np.zeros((3, 10, 16)), np.zeros((3, 10, 16)))


def test_diversity_is_the_mean_distance_of_pairs():
    samples = [np.full((1, 4, 4), value) for value in (0.0, 0.3, 0.9)]
    assert abs(metrics.diversity(samples) - (0.3 + 0.9 + 0.6) / 3) < 1e-12
    assert metrics.diversity(samples[:1] * 4) == 0
    with pytest.raises(ValueError, match="two"):
        metrics.diversity(samples[:1])


def test_one_picture_for_all_is_the_best_blind_answer():
    rng = np.random.RandomState(0)
    targets = rng.uniform(-1, 1, (9, 3, 4, 4)).astype(np.float32)
    train = [(None, target) for target in targets]
    one = metrics.OnePicture(train)
    answers = one.translate(nd.zeros((2, 1, 4, 4)))
    assert answers.shape == (2, 3, 4, 4)
    assert (answers.asnumpy() == np.median(targets, axis=0)).all()
    best = abs(targets - one.picture).mean()
    for other in (targets.mean(axis=0), one.picture + 0.01, one.picture - 0.01):
        assert best < abs(targets - other).mean()


def test_one_picture_is_made_of_pairs_from_the_whole_set():
    train = [(None, np.full((1, 2, 2), value, np.float32)) for value in range(10)]
    assert (metrics.OnePicture(train, most=5).picture == 4).all()  # of 0, 2, 4, 6, 8
    with pytest.raises(ValueError, match="none"):
        metrics.OnePicture([])
