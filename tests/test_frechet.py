import numpy as np
import pytest

from gluon_pix2pix.frechet import fit_gaussian, frechet_distance, gaussian_distance


def random_gaussian(rng, size):
    root = rng.normal(size=(size, size))
    return rng.normal(size=size), root @ root.T


def test_closed_form_of_diagonal_gaussians():
    rng = np.random.RandomState(0)
    (m, n), (s, t) = rng.normal(size=(2, 6)), rng.uniform(0, 3, (2, 6))
    expected = ((m - n)**2).sum() + ((s - t)**2).sum()
    assert gaussian_distance(m, np.diag(s**2), n, np.diag(t**2)) == pytest.approx(
        expected, abs=1e-10)


def test_closed_form_of_commuting_covariances():
    """With C_b = k^2 C_a the overlap is k C_a."""
    mean, cov = random_gaussian(np.random.RandomState(1), 8)
    assert gaussian_distance(mean, cov, mean, 9 * cov) == pytest.approx(
        4 * np.trace(cov), rel=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_the_square_root_of_the_product(seed):
    linalg = pytest.importorskip("scipy.linalg")
    rng = np.random.RandomState(seed)
    (m, a), (n, b) = (random_gaussian(rng, 12) for _ in range(2))
    expected = ((m - n)**2).sum() + np.trace(a + b - 2 * linalg.sqrtm(a @ b).real)
    assert gaussian_distance(m, a, n, b) == pytest.approx(expected, rel=1e-8)
    assert gaussian_distance(n, b, m, a) == pytest.approx(expected, rel=1e-8)


def test_of_equal_sets_it_is_zero_and_of_shifted_ones_the_shift():
    features = np.random.RandomState(0).normal(size=(50, 7))
    assert frechet_distance(features, features[::-1]) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(features, features + 2) == pytest.approx(7 * 4)


def test_fewer_pictures_than_features():
    rng = np.random.RandomState(0)
    a, b = rng.normal(size=(5, 40)), rng.normal(size=(6, 40))
    distance = frechet_distance(a, b)
    assert np.isfinite(distance) and distance > 0
    # The bias that the documentation warns of: one distribution, and far from 0.
    many = frechet_distance(rng.normal(size=(5000, 40)), rng.normal(size=(5000, 40)))
    assert many < 1 < distance


def test_the_fit_is_mean_and_covariance():
    features = np.random.RandomState(0).normal(size=(30, 4)).astype(np.float32)
    mean, cov = fit_gaussian(features)
    centred = features.astype(float) - features.mean(axis=0, dtype=float)
    assert np.allclose(mean, features.mean(axis=0), atol=1e-6)
    assert np.allclose(cov, centred.T @ centred / 29)
    assert fit_gaussian(features[:, :1])[1].shape == (1, 1)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="two vectors"):
        frechet_distance(np.zeros((1, 3)), np.zeros((5, 3)))
    with pytest.raises(ValueError, match="of 3 and of 4"):
        frechet_distance(np.zeros((5, 3)), np.zeros((5, 4)))
    with pytest.raises(ValueError, match="NaN"):
        frechet_distance(np.full((5, 3), np.nan), np.zeros((5, 3)))
