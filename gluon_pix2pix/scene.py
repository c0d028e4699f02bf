"""What is in a picture: its objects, what they are and how they look."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .instance_features import find_objects, listed
from .street_labels import LABEL_NC, STREET_LABELS
from .styles import Styles


class SceneObject(NamedTuple):
    """An object of a scene.

    Attributes
    ----------
    instance, label : int
        Its id and its class.
    name : str
        What it is called: the name of its class, with its id if there are several.
    pixels : int
        How large it is.
    look : int or None
        Which look of its class it has, if it is one of these.
    """

    instance: int
    label: int
    name: str
    pixels: int
    look: int | None


class SceneState(NamedTuple):
    """What a picture is painted from: everything that a change changes.

    labels : the class of each pixel, (H, W).
    classes : the class of each object, (n,).
    looks : the look of each object, (n, C); None where the model knows none.
    """

    labels: np.ndarray
    classes: np.ndarray
    looks: np.ndarray | None


class Scene:
    """The objects of label and instance maps, with the looks they are painted by.

    Parameters
    ----------
    labels, instances : NDArray or ndarray
        The class and the object of each pixel, ``(1, 1, H, W)`` or ``(H, W)``.
    label_nc : int
        Classes that an object may be of.
    styles : Styles, optional
        The looks to choose from.
    features : NDArray or ndarray, optional
        ``(1, C, H, W)``: the looks to begin with. By default one of the `styles` is
        drawn for each object; without these, objects have none.

    Raises
    ------
    ValueError
        If maps and features are of different sizes.
    """

    def __init__(self, labels, instances, label_nc: int, styles: Styles | None = None,
                 features=None):
        self.label_nc, self.styles = label_nc, styles
        self._found = found = find_objects(labels, instances)
        self._row = {int(instance): row for row, instance in enumerate(found.instance)}
        looks = None
        if features is not None:
            looks = found.means(_numpy(features))
        elif styles:
            looks = styles.of(found)
        labels = _numpy(labels).reshape(found.place.shape).astype(np.int32)
        self._state = SceneState(labels, found.label, looks)

    @property
    def labels(self) -> np.ndarray:
        """The class of each pixel as it is now, ``(H, W) int32``."""
        return self._state.labels

    @property
    def instances(self) -> np.ndarray:
        """The object of each pixel, ``(H, W)``."""
        return self._found.instance[self._found.place]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self._found.place.shape[::-1]

    @property
    def objects(self) -> list[SceneObject]:
        """All objects, the largest first."""
        rows = [self.object(instance) for instance in self._row]
        return sorted(rows, key=lambda row: -row.pixels)

    @property
    def knows_looks(self) -> bool:
        """Whether the model paints objects by their looks."""
        return self._state.looks is not None

    @property
    def classes(self) -> dict[str, int]:
        """The numbers of the classes that an object may be of, by their names."""
        return {self._name(label): label for label in range(self.label_nc)}

    def object(self, instance: int) -> SceneObject:
        """Return an object by its id.

        Raises
        ------
        ValueError
            If there is no such object.
        """
        row, classes = self._at(instance), self._state.classes
        label, look = int(classes[row]), None
        if len(choice := self.looks_of(instance)):
            same = np.all(choice == self._state.looks[row], axis=1)
            look = int(same.argmax()) if same.any() else None
        number = f" {instance}" if np.sum(classes == label) > 1 else ""
        return SceneObject(int(instance), label, self._name(label) + number,
                           int(self._found.pixels[row]), look)

    def object_at(self, x: int, y: int) -> int:
        """Return the id of the object at a pixel, counted from the upper left corner.

        Raises
        ------
        ValueError
            If that is outside of the picture.
        """
        width, height = self.size
        if not (0 <= x < width and 0 <= y < height):
            raise ValueError(f"({x}, {y}) is outside of the picture, which is "
                             f"{width}x{height} pixels.")
        return int(self._found.instance[self._found.place[int(y), int(x)]])

    def mask(self, instance: int) -> np.ndarray:
        """Tell which pixels an object has, ``(H, W) bool``."""
        return self._found.place == self._at(instance)

    def looks_of(self, instance: int) -> np.ndarray:
        """Return the looks an object may choose from, ``(K, C)``; K may be 0."""
        looks = self.styles.looks if self.styles else {}
        label = int(self._state.classes[self._at(instance)])
        return looks.get(label, np.zeros((0, 0), np.float32))

    def look_of(self, instance: int) -> np.ndarray:
        """Return the look an object has, ``(C,)``, to give it to another one.

        Raises
        ------
        ValueError
            If there is no such object, or the model knows no looks.
        """
        return self._known_looks()[self._at(instance)]

    def _name(self, label):
        return (STREET_LABELS[label][0] if self.label_nc == LABEL_NC
                and label in STREET_LABELS else f"class {label}")

    def _at(self, instance):
        if instance not in self._row:
            raise ValueError(f"There is no object {instance}, only "
                             f"{listed(self._row)}.")
        return self._row[instance]

    def _known_looks(self):
        if self._state.looks is None:
            raise ValueError("This model knows no looks of objects (features='none').")
        return self._state.looks


def _numpy(array):
    return array.asnumpy() if hasattr(array, "asnumpy") else np.asarray(array)
