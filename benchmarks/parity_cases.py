"""What both sides of `parity.py` compute with: the same arrays, made from names.

Weights and batches are random numbers whose seed is their name, as the reference
implementations have it: nothing need be exchanged or stored, and weights that are taken
for others by a wrong name give other results. Like `measure.py` this needs neither
MXNet nor PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

import numpy as np

BATCH, HEIGHT, WIDTH = 2, 32, 64  # of the pictures that networks are compared on
SQUARE = 32  # pixels, in the steps of pix2pix and CycleGAN
LABELS = 35  # of pix2pixHD
# Epochs at the full learning rate, and with a falling one.
SCHEDULES = ((100, 100), (5, 5), (3, 0), (0, 4))
POOL, QUERIES = 5, 60
# VGG19 up to relu5_1: channels by the place of each convolution.
VGG = {0: 64, 2: 64, 5: 128, 7: 128, 10: 256, 12: 256, 14: 256, 16: 256, 19: 512,
       21: 512, 23: 512, 25: 512, 28: 512}


def noise(name: str, *shape: int, scale: float = 1) -> np.ndarray:
    """Return float32 from -scale to scale, always the same for a name."""
    return (scale * _random(name).uniform(-1, 1, shape)).astype(np.float32)


def picture(name: str, channels: int = 3) -> np.ndarray:
    """Return ``(BATCH, channels, HEIGHT, WIDTH)`` in [-1, 1]."""
    return noise(name, BATCH, channels, HEIGHT, WIDTH)


def instances(count: int = BATCH) -> np.ndarray:
    """Return the objects of each pixel, ``(count, 1, HEIGHT, WIDTH) int32``.

    Rectangles, which bear the same ids in all pictures.
    """
    ids = 7 * np.arange(HEIGHT // 8)[:, None] + np.arange(WIDTH // 16)
    ids = ids.repeat(8, 0).repeat(16, 1)[None, None].repeat(count, 0)
    return ids.astype(np.int32)


def labels() -> np.ndarray:
    """Return the class of each pixel of a picture, ``(1, 1, HEIGHT, WIDTH) int32``."""
    classes = _random("labels").randint(LABELS, size=(HEIGHT // 8, WIDTH // 16))
    return classes.repeat(8, 0).repeat(16, 1)[None, None].astype(np.int32)


def activations(name: str) -> list[list[np.ndarray]]:
    """Return what discriminators at two scales might make of a picture."""
    shapes = (4, 16, 32), (8, 8, 16), (8, 8, 16), (1, 8, 16)
    return [[noise(f"{name} {scale} {number}", 1, channels, height >> scale,
                   width >> scale)
             for number, (channels, height, width) in enumerate(shapes)]
            for scale in range(2)]


def weights(network: str, shapes: Mapping[str, tuple[int, ...]],
            ) -> dict[str, np.ndarray]:
    """Make weights and statistics of a network.

    Parameters
    ----------
    network : str
        Its name: two networks of the same layers differ.
    shapes : mapping of str to tuple of int
        By the names of the reference implementations.
    """
    return {name: _weight(name, _random(f"{network} {name}"), shape)
            for name, shape in shapes.items()}


def vgg_weights() -> dict[str, np.ndarray]:
    """Make weights of VGG19 up to relu5_1, by their names in torchvision."""
    shapes, before = {}, 3
    for place, channels in VGG.items():
        shapes[f"features.{place}.weight"] = channels, before, 3, 3
        shapes[f"features.{place}.bias"] = channels,
        before = channels
    return weights("vgg19", shapes)


def _weight(name, random, shape):
    kind = name.split(".")[-1]
    if kind == "num_batches_tracked":
        return np.array(0)
    values = random.standard_normal(shape)
    if len(shape) > 1:  # a convolution: its result is about as large as its input
        values *= np.sqrt(2 / np.prod(shape[1:]))
    else:
        values *= 0.1
        if kind == "weight":  # of a normalisation
            values += 1
        if kind == "running_var":
            values = 0.5 + values**2
    return values.astype(np.float32)


def _random(name):
    return np.random.RandomState(crc32(name.encode()))
