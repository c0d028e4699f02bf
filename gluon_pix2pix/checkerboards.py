"""Checkerboards in generated pictures, measured where nothing else would be.

A decoder that doubles the size paints the four pixels of each 2 x 2 square by four sets
of weights of its own. Where those do not agree, a pattern repeats every second pixel
(Odena et al. 2016, "Deconvolution and Checkerboard Artifacts").
"""

from __future__ import annotations

import math

import numpy as np

_LEAST = 32  # pixels: fewer have too few frequencies to compare
_APART = (3, 4, 5)  # frequencies; the window blurs each into its two neighbours


def checkerboard(images) -> float:
    """Return how far a pattern of two pixels' period stands out in pictures.

    A pattern that repeats every second row or column is a wave of the highest frequency
    a picture can hold, one cycle in two pixels (Nyquist's). Pictures of things have a
    little energy there, as at all high frequencies, and nothing that distinguishes it
    from the frequencies just below. So this is the energy at that very frequency,
    divided by the mean energy at some a little lower, over rows and columns together.

    Parameters
    ----------
    images : iterable of ndarray
        Each ``(C, H, W)``, all of one size, of any range; H and W even and at least 32.

    Returns
    -------
    float
        About 1, or somewhat less, for real pictures and for noise; the more a
        checkerboard stands out, the larger. Patterns of period 4 or 8, which the layers
        before the last may leave, are not seen. NaN without any picture, or where all
        are of one colour.

    Raises
    ------
    ValueError
        If a picture is too small, or its sides odd.
    """
    at_it, below = sum(map(_around_highest, images), np.zeros(2))
    return float(at_it / below) if below > 0 else math.nan


def _around_highest(image):
    """Return the energy at the highest frequency, and the mean of some below."""
    image = np.asarray(image, np.float64)
    if image.ndim != 3 or min(image.shape[1:]) < _LEAST or any(
            side % 2 for side in image.shape[1:]):
        raise ValueError("Checkerboards are looked for in (C, H, W) with even sides "
                         f"of {_LEAST} pixels or more, not in {image.shape}.")
    # A window, because a picture's borders do not fit together: the step between them
    # would be seen as energy at all frequencies.
    window = np.outer(*map(np.hanning, image.shape[1:]))
    image = image - image.mean(axis=(1, 2), keepdims=True)
    power = np.square(np.abs(np.fft.fft2(image * window))).sum(axis=0)
    found = np.zeros(2)
    for energy in (power.sum(axis=0), power.sum(axis=1)):  # of columns, of rows
        highest = len(energy) // 2
        found += energy[highest], np.mean([energy[highest - apart]
                                           for apart in _APART])
    return found
