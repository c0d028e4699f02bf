"""A street to rearrange: other looks and other classes for single objects.

Wang et al. 2018, section 4.4, "Interactive Object Editing". There are no buttons here:
those are in `editor_widget`.
"""

from __future__ import annotations

import numpy as np
from mxnet import nd

from .scene import Scene, SceneState
from .viz import to_image

_MARGIN = 0.15  # around an object in its swatch, of its longer side


class SceneEditor(Scene):
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
        config, styles = translator.config, translator.styles
        if not config.label_nc:
            raise ValueError("This model reads pictures instead of label maps "
                             "(label_nc=0): there are no objects to edit.")
        if config.features == "none":
            styles = features = None
        elif styles is None and features is None:
            raise ValueError(
                "There are no looks to paint objects with: pass features, or find "
                "looks first by `gluon-pix2pix encode-features`.")
        super().__init__(labels, instances, config.label_nc, styles, features)
        self.translator = translator
        self._picture, self._history = None, []

    @property
    def changed(self) -> bool:
        """Whether there is a change to take back."""
        return bool(self._history)

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
        if label not in range(self.label_nc):
            raise ValueError(f"There is no such class: choose one of "
                             f"{', '.join(self.classes)}.")
        classes, looks = state.classes.copy(), state.looks
        classes[row] = label
        if self.styles and label in self.styles.looks:
            looks = looks.copy()
            looks[row] = self.styles.of(self._found._replace(label=classes))[row]
        labels = np.where(self.mask(instance), np.int32(label), state.labels)
        self._change(SceneState(labels, classes, looks))

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
