"""A street to rearrange: other looks and other classes for single objects.

Wang et al. 2018, section 4.4, "Interactive Object Editing". There are no buttons here:
those are in `editor_widget`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from mxnet import nd

from .instance_features import find_objects, listed
from .street_labels import LABEL_NC, STREET_LABELS
from .viz import to_image

_MARGIN = 0.15  # around an object in its swatch, of its longer side


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


class _State(NamedTuple):
    """What a picture is painted from: everything that a change changes.

    labels : the class of each pixel, (H, W).
    classes : the class of each object, (n,).
    looks : the look of each object, (n, C); None where the model knows none.
    """

    labels: np.ndarray
    classes: np.ndarray
    looks: np.ndarray | None


class SceneEditor:
    """A picture painted from label and instance maps, whose objects can be changed.

    Every change can be undone. The maps that are passed in stay as they are.

    Parameters
    ----------
    translator : LabelTranslator
        What paints it. Its ``styles`` are the looks to choose from.
    labels, instances : NDArray or ndarray
        The class and the object of each pixel, ``(1, 1, H, W)`` or ``(H, W)``.
    features : NDArray or ndarray, optional
        ``(1, C, H, W)``: the looks to begin with, such as a photo's by
        ``translator.features_of``. By default one is drawn for each object.

    Raises
    ------
    ValueError
        If the model paints objects by their looks and there are none to begin with, it
        reads no label maps, or maps and features are of different sizes.
    """

    def __init__(self, translator, labels, instances, features=None):
        config, self.styles = translator.config, translator.styles
        if not config.label_nc:
            raise ValueError("This model reads pictures instead of label maps "
                             "(label_nc=0): there are no objects to edit.")
        self.translator = translator
        self._found = found = find_objects(labels, instances)
        self._row = {int(instance): row for row, instance in enumerate(found.instance)}
        if config.features == "none":
            looks, self.styles = None, None
        elif features is not None:
            looks = found.means(_numpy(features))
        elif self.styles:
            looks = self.styles.of(found)
        else:
            raise ValueError(
                "There are no looks to paint objects with: pass features, or find "
                "looks first by `gluon-pix2pix encode-features`.")
        labels = _numpy(labels).reshape(found.place.shape).astype(np.int32)
        self._state = _State(labels, found.label, looks)
        self._picture, self._history = None, []

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
    def changed(self) -> bool:
        """Whether there is a change to take back."""
        return bool(self._history)

    @property
    def classes(self) -> dict[str, int]:
        """The numbers of the classes that an object may be of, by their names."""
        return {self._name(label): label for label in range(self._label_nc)}

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

    def choose_look(self, instance: int, look: int | np.ndarray) -> None:
        """Give an object another look.

        Parameters
        ----------
        instance : int
            Its id.
        look : int or ndarray
            The number of a look of its class, or a vector ``(C,)`` such as the feature
            of another object, in this picture or elsewhere.

        Raises
        ------
        ValueError
            If there is no such object or look, or the model knows no looks.
        """
        self._change(self._state._replace(looks=self._with_look(instance, look)))

    def change_label(self, instance: int, label: int | str) -> None:
        """Make an object one of another class, with a look of that class.

        Where that class has no looks, it keeps its own.

        Parameters
        ----------
        instance : int
            Its id, which it keeps: that tells where it ends, not what it is.
        label : int or str
            The number of the class, or its name such as "truck".

        Raises
        ------
        ValueError
            If there is no such object or class.
        """
        row, state = self._at(instance), self._state
        label = self.classes.get(label, -1) if isinstance(label, str) else label
        if label not in range(self._label_nc):
            raise ValueError(f"There is no such class: choose one of "
                             f"{', '.join(self.classes)}.")
        classes, looks = state.classes.copy(), state.looks
        classes[row] = label
        if self.styles and label in self.styles.looks:
            looks = looks.copy()
            looks[row] = self.styles.of(self._found._replace(label=classes))[row]
        labels = np.where(self.mask(instance), np.int32(label), state.labels)
        self._change(_State(labels, classes, looks))

    def undo(self) -> bool:
        """Take the last change back; tell whether there was one."""
        if self._history:
            self._state, self._picture = self._history.pop()
            return True
        return False

    def render(self) -> np.ndarray:
        """Paint the picture as it is now: ``(H, W, 3) uint8``."""
        if self._picture is None:
            self._picture = self._painted(self._state.looks)
        return self._picture

    def swatch(self, instance: int, look: int | np.ndarray) -> np.ndarray:
        """Paint an object as it would be with another look, and cut it out.

        The whole picture is painted for that. Nothing is changed.

        Returns
        -------
        ndarray
            ``(h, w, 3) uint8``: the object and a little of what is around it.
        """
        picture = self._painted(self._with_look(instance, look))
        ends = [(int(at.min()), int(at.max()) + 1)
                for at in np.nonzero(self.mask(instance))]
        margin = round(_MARGIN * max(end - start for start, end in ends))
        return picture[tuple(slice(max(0, start - margin), end + margin)
                             for start, end in ends)]

    @property
    def _label_nc(self):
        return self.translator.config.label_nc

    def _name(self, label):
        return (STREET_LABELS[label][0] if self._label_nc == LABEL_NC
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

    def _with_look(self, instance, look):
        looks, row = self._known_looks().copy(), self._at(instance)
        if self.styles:
            look = self.styles.look(int(self._state.classes[row]), look)
        elif np.shape(look) != looks[row].shape:
            raise ValueError("There are no looks to choose from by number: find them "
                             "first by `gluon-pix2pix encode-features`.")
        looks[row] = look
        return looks

    def _change(self, state):
        self._history.append((self._state, self._picture))
        self._state, self._picture = state, None

    def _painted(self, looks):
        labels = nd.array(self._state.labels[None, None])
        instances = nd.array(self.instances[None, None], dtype="int32")
        if looks is not None:
            looks = nd.array(self._found.spread(looks)[None])
        return to_image(self.translator.translate(labels, instances, looks))


def _numpy(array):
    return array.asnumpy() if hasattr(array, "asnumpy") else np.asarray(array)
