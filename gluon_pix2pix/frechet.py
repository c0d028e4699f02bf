"""How far two sets of pictures lie apart, whatever pairs there are between them.

A network turns each picture into a vector of features, a Gaussian is fitted to the
vectors of each set, and the distance is that of the two Gaussians (Fréchet 1957;
Dowson and Landau 1982). With the features of one certain Inception it is known as the
FID (Heusel et al. 2017), a number that only that network gives.
"""

from __future__ import annotations

import numpy as np


def fit_gaussian(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean ``(D,)`` and covariance ``(D, D)`` of features ``(N, D)``, float64.

    Raises
    ------
    ValueError
        If there are fewer than two vectors, or one is not finite.
    """
    features = np.asarray(features, np.float64)
    if features.ndim != 2 or len(features) < 2:
        raise ValueError("A Gaussian is fitted to two vectors of features or more, "
                         f"(N, D), not to {features.shape}.")
    if not np.isfinite(features).all():
        raise ValueError("Some features are NaN or infinite: the network that made "
                         "them is ruined, or its pictures are.")
    return features.mean(axis=0), np.atleast_2d(np.cov(features, rowvar=False))


def gaussian_distance(mean_a, cov_a, mean_b, cov_b) -> float:
    """Return the squared Fréchet distance of two Gaussians.

    ``|m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2))``: 0 if they are equal, in the
    squared units of the features. For diagonal covariances the second term is the sum
    of ``(s_a - s_b)^2`` over the standard deviations.
    """
    mean_a, mean_b = np.asarray(mean_a, np.float64), np.asarray(mean_b, np.float64)
    root_a = _root(cov_a)
    # C_a C_b has the eigenvalues of the symmetric matrix C_a^(1/2) C_b C_a^(1/2). Of
    # that one they are real and can be computed exactly even where a covariance is
    # singular, as it is for fewer pictures than features.
    eigenvalues = np.linalg.eigvalsh(root_a @ np.asarray(cov_b, np.float64) @ root_a)
    overlap = np.sqrt(np.clip(eigenvalues, 0, None)).sum()
    distance = (np.square(mean_a - mean_b).sum() + np.trace(cov_a) + np.trace(cov_b)
                - 2 * overlap)
    return float(max(distance, 0))  # equal Gaussians may come out at -1e-15


def frechet_distance(features_a: np.ndarray, features_b: np.ndarray) -> float:
    """Return the squared Fréchet distance of Gaussians fitted to two sets of features.

    Parameters
    ----------
    features_a, features_b : ndarray
        ``(N, D)`` and ``(M, D)``: a vector for each picture. N and M need not agree.

    Returns
    -------
    float
        0 or more. It depends on the network that made the features, and on N and M:
        the fewer pictures, the larger it is, even between two halves of one set. So
        compare only distances of as many pictures, and have that between two real sets
        of the same sizes beside it.

    Raises
    ------
    ValueError
        If the features are of different lengths, or `fit_gaussian` refuses them.
    """
    width_a, width_b = np.shape(features_a)[-1], np.shape(features_b)[-1]
    if width_a != width_b:
        raise ValueError(f"Features of {width_a} and of {width_b} numbers cannot be "
                         "compared: take one network for both sets.")
    return gaussian_distance(*fit_gaussian(features_a), *fit_gaussian(features_b))


def _root(matrix):
    """Return the square root of a symmetric matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(np.asarray(matrix, np.float64))
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
