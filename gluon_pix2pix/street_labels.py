"""The classes of Cityscapes: their numbers, names and colours.

Toy streets use the same, so that a network, a palette or a score made for one fits the
other. Facts from the data set's label definitions (Cordts et al. 2016).
"""

from __future__ import annotations

import numpy as np

LABEL_NC = 35  # channels of a one-hot label map: 34 classes and one for unlabelled
STREET_LABELS: dict[int, tuple[str, tuple[int, int, int]]] = dict(enumerate((
    ("unlabeled", (0, 0, 0)),
    ("ego vehicle", (0, 0, 0)),
    ("rectification border", (0, 0, 0)),
    ("out of roi", (0, 0, 0)),
    ("static", (0, 0, 0)),
    ("dynamic", (111, 74, 0)),
    ("ground", (81, 0, 81)),
    ("road", (128, 64, 128)),
    ("sidewalk", (244, 35, 232)),
    ("parking", (250, 170, 160)),
    ("rail track", (230, 150, 140)),
    ("building", (70, 70, 70)),
    ("wall", (102, 102, 156)),
    ("fence", (190, 153, 153)),
    ("guard rail", (180, 165, 180)),
    ("bridge", (150, 100, 100)),
    ("tunnel", (150, 120, 90)),
    ("pole", (153, 153, 153)),
    ("polegroup", (153, 153, 153)),
    ("traffic light", (250, 170, 30)),
    ("traffic sign", (220, 220, 0)),
    ("vegetation", (107, 142, 35)),
    ("terrain", (152, 251, 152)),
    ("sky", (70, 130, 180)),
    ("person", (220, 20, 60)),
    ("rider", (255, 0, 0)),
    ("car", (0, 0, 142)),
    ("truck", (0, 0, 70)),
    ("bus", (0, 60, 100)),
    ("caravan", (0, 0, 90)),
    ("trailer", (0, 0, 110)),
    ("train", (0, 80, 100)),
    ("motorcycle", (0, 0, 230)),
    ("bicycle", (119, 11, 32)),
)))
# Classes whose objects are told apart: number n of class c is c * 1000 + n in an
# instance map. A group that cannot be told apart, and every other class, is c.
HAS_INSTANCES = range(24, 34)

_IDS = {name: label for label, (name, _) in STREET_LABELS.items()}
_PALETTE = np.zeros((256, 3), np.uint8)
for _label, (_, _colour) in STREET_LABELS.items():
    _PALETTE[_label] = _colour


def label_id(name: str) -> int:
    """Return the number of a class: ``label_id("car")`` is 26.

    Raises
    ------
    ValueError
        If there is no such class.
    """
    if name not in _IDS:
        raise ValueError(f"There is no class {name!r}; there are {', '.join(_IDS)}.")
    return _IDS[name]


def colour_labels(labels: np.ndarray) -> np.ndarray:
    """Colour a label map: ``(H, W)`` of ids to ``(H, W, 3) uint8``.

    Ids that name no class, such as 255, become black like everything unlabelled.
    """
    labels = np.asarray(labels)
    known = (labels >= 0) & (labels < len(STREET_LABELS))
    return _PALETTE[np.where(known, labels, 0)]
