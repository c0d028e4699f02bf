"""Pictures of labels as numbers of classes, and back.

Label maps come as pictures, each class in its colour, and most of them as JPEG: along
the edges colours mix, and a mixture of two may be nearest to the colour of a third. So
a pixel is of a class if its colour is hardly changed; the others are of the class of
their nearest such neighbour. Read them at the size at which they are stored: resized
ones are mixtures in many more places.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .segmentation_scores import VOID
from .street_labels import STREET_LABELS
from .toys.facade_elements import CLASSES

_NEAR = 24  # in RGB: farther off it is a mixture, not a colour that JPEG changed
_REACH = 2  # pixels: beyond that it would be a guess
_MIXED, _VOID_COLOUR = -3, -2
# Those of the 34 classes of Cityscapes that its benchmark scores, and so the paper.
_SCORED = ("road", "sidewalk", "building", "wall", "fence", "pole", "traffic light",
           "traffic sign", "vegetation", "terrain", "sky", "person", "rider", "car",
           "truck", "bus", "train", "motorcycle", "bicycle")


@dataclass(frozen=True)
class Palette:
    """The classes of a kind of label map: names and colours.

    Attributes
    ----------
    name : str
        What it is for: ``"facades"``.
    classes : dict of str to (int, int, int)
        RGB colours from 0 to 255 by name; class ``i`` is the ``i``-th.
    void : tuple of (int, int, int)
        Colours of what is not to be judged.
    """

    name: str
    classes: dict[str, tuple[int, int, int]]
    void: tuple[tuple[int, int, int], ...] = ()

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes in the order of their numbers."""
        return tuple(self.classes)

    def ids(self, picture: np.ndarray) -> np.ndarray:
        """Read the classes of a label map: ``(H, W, 3) uint8`` to ``(H, W) int32``.

        -1 for the colours of `void`, and where no pixel of a known colour is near.
        """
        from scipy.ndimage import distance_transform_edt

        ids = _look_up(self._tables[0], picture)
        mixed = ids == _MIXED
        if mixed.any() and not mixed.all():
            distance, nearest = distance_transform_edt(mixed, return_indices=True)
            ids = np.where(distance <= _REACH, ids[tuple(nearest)], VOID)
        return np.maximum(ids, VOID).astype(np.int32)

    def known(self, picture: np.ndarray) -> float:
        """Return the share of pixels whose very colour is that of a class."""
        return float(np.mean(_look_up(self._tables[0], picture) >= 0))

    def nearest(self, picture: np.ndarray) -> np.ndarray:
        """Read classes from a label map that a network painted: never -1.

        Each pixel is of the class whose colour is nearest, however far that is.
        """
        return _look_up(self._tables[1], picture)

    @cached_property
    def _tables(self) -> tuple[np.ndarray, np.ndarray]:
        """The class of each of 64**3 colours: if it is near one, and in any case."""
        steps = np.arange(64, dtype=np.float32) * 4 + 1.5
        cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
        colours = np.array([*self.classes.values(), *self.void], np.float32)
        squared = np.stack([np.square(cube - colour).sum(axis=-1)
                            for colour in colours])
        anyway = squared[:len(self)].argmin(axis=0).astype(np.int32)
        sure = squared.argmin(axis=0).astype(np.int32)
        sure[sure >= len(self)] = _VOID_COLOUR
        sure[squared.min(axis=0) > _NEAR**2] = _MIXED
        return sure, anyway

    def colour(self, ids: np.ndarray) -> np.ndarray:
        """Paint classes: ``(H, W)`` of ids to ``(H, W, 3) uint8``, void in black."""
        colours = np.array([*self.classes.values(), (0, 0, 0)], np.uint8)
        return colours[np.where((ids >= 0) & (ids < len(self)), ids, len(self))]


def _look_up(table, picture):
    red, green, blue = np.moveaxis(picture >> 2, -1, 0)
    return table[red, green, blue]


_STREETS = dict(STREET_LABELS.values())
PALETTES = {
    "facades": Palette("facades", CLASSES),
    "streets": Palette("streets", {name: _STREETS[name] for name in _SCORED},
                       void=tuple(set(_STREETS.values())
                                  - {_STREETS[name] for name in _SCORED})),
}
