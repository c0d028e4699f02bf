"""How far the colours of two sets of pictures lie apart, whatever the pictures show.

Where there are no pairs, no picture can be compared with its target. But all pixels of
a set together have a distribution of colours, and two distributions can be compared.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

# SciPy is imported where it is needed: most commands do without it.


def colour_distance(pictures: Iterable, others: Iterable) -> float:
    """Return how far the colours of one set of pictures are from those of another.

    The 1-Wasserstein distance of each channel's values, averaged over the channels:
    how far, on average, a value has to be moved to make the one distribution into the
    other. That is also the area between their two cumulative histograms. Of two sets of
    as many pixels it is the mean absolute difference of the sorted values.

    Parameters
    ----------
    pictures, others : iterable of NDArray or ndarray
        Each ``(C, H, W)`` in [-1, 1], of any size; all pixels of a set count alike. Of
        a part of a picture pass its pixels, ``picture[:, mask]``: ``(C, pixels)``.

    Returns
    -------
    float
        From 0 (the same values, equally often) to 2 (black against white). It sees
        neither where in a picture a colour is, nor which values of the channels belong
        to one pixel: pictures of noise with the right colours have the distance 0. And
        it grows with the area that differs, so compare it with the distance between
        two sets of real pictures.

    Raises
    ------
    ValueError
        If a set holds no pixel, channels differ, or a value is NaN or infinite.
    """
    from scipy.stats import wasserstein_distance

    first, second = _channels(pictures), _channels(others)
    if len(first) != len(second):
        raise ValueError(f"Pictures of {len(first)} and of {len(second)} channels have "
                         "no colours in common: turn both into RGB, or into grey.")
    return float(np.mean([wasserstein_distance(values, target)
                          for values, target in zip(first, second)]))


def _channels(pictures):
    """Join the values of all pictures, an array for each channel."""
    arrays = [picture.asnumpy() if hasattr(picture, "asnumpy") else np.asarray(picture)
              for picture in pictures]
    shapes = sorted({array.shape for array in arrays})
    if any(len(shape) not in (2, 3) or shape[0] != shapes[0][0] for shape in shapes):
        raise ValueError("Colours are compared of pictures (C, H, W) or pixels (C, N) "
                         "that have as many channels each, not of shapes "
                         f"{', '.join(map(str, shapes))}.")
    if not sum(array.size for array in arrays):
        raise ValueError("There are no colours to compare: one of the two sets holds "
                         "no pixel.")
    channels = [np.concatenate([array[channel].ravel() for array in arrays])
                for channel in range(shapes[0][0])]
    if not all(np.isfinite(values).all() for values in channels):
        raise ValueError("Some colours are NaN or infinite: the network that made them "
                         "is ruined, or the pictures are.")
    return channels
