"""The mean over each object of a picture (Wang et al. 2018, section 3.4).

All objects, channels and pictures at once, on the device where they are: each pixel is
added to the sum of its object, and then fetches the mean from there.
"""

from __future__ import annotations

import numpy as np
from mxnet import nd

_IDS = 2**16


def instance_mean(features: nd.NDArray, instances: nd.NDArray) -> nd.NDArray:
    """Give every pixel the mean over all pixels of its object, channel by channel.

    It may be called within ``autograd.record()``. The mapping is a symmetric
    projection, so its gradient is the mean of the gradient over each object.

    Parameters
    ----------
    features : NDArray
        ``(N, C, H, W) float32``.
    instances : NDArray
        ``(N, 1, H, W) int32``, the object of each pixel, from 0 to ``2**16 - 1``. An id
        that appears in two pictures of the batch names two objects.

    Returns
    -------
    NDArray
        ``(N, C, H, W) float32``; the sums are taken in double precision.

    Raises
    ------
    ValueError
        If the shapes do not belong together, or ids are out of range or not int32. It
        waits for the ids to be there, not for the features.
    """
    if features.ndim != 4 or instances.shape != (len(features), 1, *features.shape[2:]):
        raise ValueError(
            "A mean over instances wants features of shape (N, C, H, W) and instances "
            f"of shape (N, 1, H, W), but got {features.shape} and {instances.shape}.")
    if np.dtype(instances.dtype) != np.int32:
        raise ValueError(f"The instances must be int32, not {np.dtype(instances.dtype)}"
                         ": call .astype('int32').")
    ids = instances.asnumpy()
    if not 0 <= ids.min() <= ids.max() < _IDS:  # native code would write anywhere
        raise ValueError(f"The instances go from {ids.min()} to {ids.max()}: number "
                         f"them from 0 to {_IDS - 1}.")
    instances = instances.as_in_context(features.context)
    places = _places(instances, features.shape[1])
    pixels = _sums(nd.ones_like(instances), _places(instances, 1))
    # Most ids name nothing in these pictures: their mean is 0 / 1.
    means = nd.broadcast_div(_sums(features, places), nd.maximum(pixels, 1))
    return means.reshape((-1,)).take(places).astype("float32")


def _places(instances, channels):
    """Number the sums that pixels are added to: ``(N, channels, H, W) int32``."""
    count = len(instances)
    tables = nd.arange(count * channels, ctx=instances.context, dtype="int32")
    return nd.broadcast_add(instances, _IDS * tables.reshape((count, channels, 1, 1)))


def _sums(values, places):
    """Add up ``(N, C, H, W)`` over each id: ``(N, C, 2**16) float64``.

    One after the other in float32, the pixels of a road at 2048x1024 would add up to a
    sum that is off by a percent and more: it grows too large for what is added to it.
    """
    # What MXNet has as the gradient of gather_nd is the one operator, on the CPU and on
    # a GPU, that adds to places named by an array.
    sums = nd._internal._backward_gather_nd(
        values.astype("float64").reshape((-1,)), places.reshape((1, -1)),
        shape=(places.shape[0] * places.shape[1] * _IDS,))
    return sums.reshape((*places.shape[:2], _IDS))
