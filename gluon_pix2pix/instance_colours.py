"""Colours for instance maps, to tell objects apart by eye."""

from __future__ import annotations

import numpy as np

_FIRST_OBJECT = 1000  # lower ids are those of whole classes, such as road and sky
# Multiples of these, without their whole parts, fill a cube evenly, however many are
# taken: powers of the inverse of the root of x**4 = x + 1 (Roberts' R3 sequence).
_STEPS = 1.2207440846057596 ** -np.arange(1, 4)


def colour_instances(ids: np.ndarray) -> np.ndarray:
    """Colour an instance map: ``(H, W)`` of ids to ``(H, W, 3) uint8``.

    An id has the same colour in every picture, and far from those of the ids around it.
    Objects (ids from 1000 on, as in Cityscapes) are bright and whole classes pale and
    dark, 0 is nearly black.
    """
    ids = np.asarray(ids)
    numbers, places = np.unique(ids, return_inverse=True)
    hue, second, third = np.modf(numbers[:, None] * _STEPS)[0].T
    is_object = numbers >= _FIRST_OBJECT
    saturation = np.where(is_object, 0.45 + 0.55 * second, 0.3)
    value = np.where(is_object, 0.7 + 0.3 * third, 0.2 + 0.25 * third)
    value[numbers == 0], saturation[numbers == 0] = 0.12, 0
    # From hue, saturation and value to red, green and blue.
    away = (np.array([5, 3, 1]) + 6 * hue[:, None]) % 6
    lack = np.minimum(away, 4 - away).clip(0, 1) * saturation[:, None]
    colours = np.round(255 * value[:, None] * (1 - lack)).astype(np.uint8)
    return colours[places.reshape(ids.shape)]
