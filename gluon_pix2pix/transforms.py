"""Joint transforms of pictures that belong together; no file I/O.

Pictures here are ``(H, W, C) uint8 in [0, 255]``, as they lie in files, label and
instance maps ``(H, W)`` of integers; networks get ``(C, H, W) float32 in [-1, 1]``.
Whatever is random comes from an explicit generator.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mxnet import nd
from PIL import Image

from .street_labels import LABEL_NC


def to_float(picture: np.ndarray) -> np.ndarray:
    """Turn ``(H, W, C) uint8`` into ``(C, H, W) float32 in [-1, 1]``."""
    # Rearranged as bytes, a quarter of the work; the batch then is a plain copy.
    image = np.ascontiguousarray(picture.transpose(2, 0, 1)).astype(np.float32)
    image /= 127.5
    image -= 1
    return image


def to_uint8(image: np.ndarray) -> np.ndarray:
    """Turn ``(C, H, W) float in [-1, 1]`` into ``(H, W, C) uint8``, rounded."""
    values = np.clip((np.asarray(image) + 1) * 127.5, 0, 255)
    return np.round(values).astype(np.uint8).transpose(1, 2, 0)


def resize(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize ``(H, W, C) uint8`` with bicubic interpolation, antialiased."""
    if picture.shape[:2] == (height, width):
        return picture
    picture = np.ascontiguousarray(picture)  # Pillow takes thirty times longer on views
    image = Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture)
    resized = np.asarray(image.resize((width, height), Image.BICUBIC))
    return resized.reshape(height, width, -1)


def resize_ids(ids: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize a map ``(H, W)`` of numbers to its nearest neighbours: none is invented.

    A pixel takes the value at its centre. Works on pictures ``(H, W, C)`` as well.
    """
    rows = (np.arange(height) * 2 + 1) * ids.shape[0] // (2 * height)
    columns = (np.arange(width) * 2 + 1) * ids.shape[1] // (2 * width)
    return ids[rows[:, None], columns]


def scaled_size(width: int, height: int, new_width: int | None = None,
                multiple_of: int = 1) -> tuple[int, int]:
    """Return the (width, height) of a picture resized to a width, its shape kept.

    Parameters
    ----------
    width, height : int
        Size of the picture in pixels.
    new_width : int, optional
        Width to resize to; by default it keeps its size.
    multiple_of : int
        What both sides must be multiples of, because networks halve them so often. The
        nearest multiple is taken.
    """
    if new_width is not None:
        width, height = new_width, round(height * new_width / width)
    return tuple(max(1, round(side / multiple_of)) * multiple_of
                 for side in (width, height))


def jitter(
    pictures: Sequence[np.ndarray],
    size: int | tuple[int, int],
    mirror: bool,
    rng: np.random.RandomState,
) -> tuple[np.ndarray, ...]:
    """Crop all pictures at one random place and mirror all or none (section 6.2).

    Parameters
    ----------
    pictures : sequence of ndarray
        Pictures or maps of the same height and width, at least ``size`` each.
    size : int or (int, int)
        Side of a square crop, or its height and width.
    mirror : bool
        Flip left-right with probability 1/2.
    rng : RandomState
        The only source of randomness: place of the crop, then mirroring, drawn whether
        `mirror` is on or not, so that it does not change where is cropped.
    """
    height, width = (size, size) if isinstance(size, int) else size
    top = rng.randint(pictures[0].shape[0] - height + 1)
    left = rng.randint(pictures[0].shape[1] - width + 1)
    flip = rng.randint(2) == 1 and mirror
    crops = (picture[top:top + height, left:left + width] for picture in pictures)
    return tuple(crop[:, ::-1] if flip else crop for crop in crops)


def one_hot(labels: nd.NDArray, label_nc: int) -> nd.NDArray:
    """Give each class a channel of its own, on the device where the labels are.

    Parameters
    ----------
    labels : NDArray
        Label ids from 0 to ``label_nc - 1``, shape ``(N, 1, H, W)``.
    label_nc : int
        Number of classes.

    Returns
    -------
    NDArray
        ``(N, label_nc, H, W) float32``: 1 in the channel of the pixel's class, else 0.
    """
    classes = nd.arange(label_nc, ctx=labels.context).reshape((1, label_nc, 1, 1))
    return nd.broadcast_equal(labels.astype("float32"), classes)


def instance_edges(instances: nd.NDArray) -> nd.NDArray:
    """Mark the borders of objects: pixels with a neighbour of another instance.

    Label maps cannot tell where one of two touching cars ends; this channel can
    (Wang et al. 2018, section 3.3).

    Parameters
    ----------
    instances : NDArray
        Instance ids, exact integers, shape ``(N, 1, H, W)``.

    Returns
    -------
    NDArray
        ``(N, 1, H, W) float32``: 1 where one of the four neighbours has another id.
    """
    edges = nd.zeros(instances.shape, ctx=instances.context)
    for axis in (2, 3):
        # Compared as they come: large int32 would lose digits as float32.
        differ = (instances.slice_axis(axis, 0, -1)
                  != instances.slice_axis(axis, 1, None)).astype("float32")
        none = nd.zeros_like(edges.slice_axis(axis, 0, 1))
        edges = nd.maximum(edges, nd.concat(differ, none, dim=axis))
        edges = nd.maximum(edges, nd.concat(none, differ, dim=axis))
    return edges


def encode_input(labels: nd.NDArray, instances: nd.NDArray | None = None,
                 label_nc: int = LABEL_NC) -> nd.NDArray:
    """Make what pix2pixHD's networks see of a batch: labels one-hot, edges of objects.

    On the device where the batch is. Ids stay ids until then: at 2048x1024 the one-hot
    maps of a single picture fill 294 MB.

    Parameters
    ----------
    labels : NDArray
        Label ids from 0 to ``label_nc - 1``, shape ``(N, 1, H, W)``; at ``label_nc=0``
        pictures ``(N, C, H, W) float32 in [-1, 1]``, which pass as they are.
    instances : NDArray, optional
        Instance ids, exact integers, shape ``(N, 1, H, W)``; see `instance_edges`.
    label_nc : int
        Number of classes.

    Returns
    -------
    NDArray
        ``(N, label_nc or C, H, W) float32``, and one channel more with instances.
    """
    if instances is None:
        return one_hot(labels, label_nc) if label_nc else labels
    edges = instance_edges(instances)
    if not label_nc:
        return nd.concat(labels, edges, dim=1)
    # A class too many, which no pixel has, leaves room for the edges. Joining them by
    # nd.concat would copy all channels: it takes longer than all the rest.
    encoded = one_hot(labels, label_nc + 1)
    encoded[:, label_nc:] = edges
    return encoded
