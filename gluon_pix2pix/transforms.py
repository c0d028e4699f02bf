"""Joint transforms of paired pictures, from explicit random numbers; no file I/O.

Pictures here are ``(H, W, C) uint8 in [0, 255]``, as they lie in files; networks get
``(C, H, W) float32 in [-1, 1]``.
"""

from __future__ import annotations

import numpy as np
from PIL import Image


def to_float(picture: np.ndarray) -> np.ndarray:
    """Turn ``(H, W, C) uint8`` into ``(C, H, W) float32 in [-1, 1]``."""
    return picture.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1


def to_uint8(image: np.ndarray) -> np.ndarray:
    """Turn ``(C, H, W) float in [-1, 1]`` into ``(H, W, C) uint8``, rounded."""
    values = np.clip((np.asarray(image) + 1) * 127.5, 0, 255)
    return np.round(values).astype(np.uint8).transpose(1, 2, 0)


def resize(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize ``(H, W, C) uint8`` with bicubic interpolation, antialiased."""
    if picture.shape[:2] == (height, width):
        return picture
    image = Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture)
    resized = np.asarray(image.resize((width, height), Image.BICUBIC))
    return resized.reshape(height, width, -1)


def jitter(
    pictures: tuple[np.ndarray, ...],
    size: int,
    mirror: bool,
    rng: np.random.RandomState,
) -> tuple[np.ndarray, ...]:
    """Crop all pictures at one random place and mirror all or none (section 6.2).

    Parameters
    ----------
    pictures : tuple of ndarray
        Pictures of the same height and width, at least ``size`` each.
    size : int
        Side of the square crop.
    mirror : bool
        Flip left-right with probability 1/2.
    rng : RandomState
        The only source of randomness. Three numbers are drawn each time, used or not,
        so that one option does not shift the random numbers of another.
    """
    height, width = pictures[0].shape[:2]
    top = rng.randint(height - size + 1)
    left = rng.randint(width - size + 1)
    flip = rng.randint(2) == 1 and mirror
    crops = (picture[top:top + size, left:left + size] for picture in pictures)
    return tuple(crop[:, ::-1] if flip else crop for crop in crops)
