"""A `SceneEditor` to click in: ipywidgets in a notebook, and clicks by ipyevents."""

from __future__ import annotations

import html
import io

import numpy as np
from PIL import Image

from .scene_editor import SceneEditor

_OUTLINE = (255, 230, 0)
_SWATCH = "72px"  # height of a look in the palette


def edit(editor: SceneEditor, width: int = 768, swatches: bool = True):
    """Return a box for a notebook in which the objects of a scene can be changed.

    A click in the picture, or the list beside it, chooses an object, which gets an
    outline. Below are the looks it may have, beside the picture the classes it may be
    of, and a button that takes the last change back. The editor can be read and changed
    by code as well; the box shows it when another object is clicked.

    Parameters
    ----------
    editor : SceneEditor
        The scene.
    width : int
        How wide the picture is shown, in pixels of the screen.
    swatches : bool
        Whether each look is shown on the object itself. The whole picture is painted
        anew for each of them, so False suits large pictures on a slow device.

    Returns
    -------
    ipywidgets.VBox
        End the cell with it.

    Raises
    ------
    ImportError
        If ipywidgets or ipyevents is missing.
    """
    return EditorPanel(editor, width, swatches).box


class EditorPanel:
    """The widgets of `edit` and what they do; parameters as there.

    Attributes
    ----------
    box : ipywidgets.VBox
        All of them, to be shown.
    picture, clicks : ipywidgets.Image, ipyevents.Event
        The picture, and the clicks in it.
    objects, classes : ipywidgets.Dropdown
        Which object is chosen, and its class.
    palette : ipywidgets.Box
        The looks, a button each.
    undo, told : ipywidgets.Button, ipywidgets.HTML
        To take a change back; what is known of the chosen object.
    """

    def __init__(self, editor: SceneEditor, width: int = 768, swatches: bool = True):
        import ipywidgets as widgets
        from ipyevents import Event

        self.editor, self.swatches, self.widgets = editor, swatches, widgets
        self.chosen, self.showing = editor.objects[0].instance, False
        self.picture = widgets.Image(format="png", layout={
            "width": f"{width}px", "max_width": "100%"})
        self.clicks = Event(source=self.picture, watched_events=["click"])
        self.objects = widgets.Dropdown(description="object")
        self.classes = widgets.Dropdown(description="class", options=editor.classes)
        self.undo = widgets.Button(description="undo", icon="undo", disabled=True)
        self.told = widgets.HTML()
        self.palette = widgets.Box(layout={"flex_flow": "row wrap", "width": "100%"})
        side = widgets.VBox([self.objects, self.classes, self.undo, self.told])
        self.box = widgets.VBox([widgets.HBox([self.picture, side]), self.palette])

        self.clicks.on_dom_event(self._clicked)
        self.objects.observe(self._object_chosen, "value")
        self.classes.observe(self._class_chosen, "value")
        self.undo.on_click(self._undo)
        self._show()

    def _clicked(self, event):
        width, height = self.editor.size
        x, y = event["arrayX"], event["arrayY"]  # in pixels of the picture itself
        self._choose(self.editor.object_at(min(max(x, 0), width - 1),
                                           min(max(y, 0), height - 1)))

    def _object_chosen(self, change):
        if not self.showing:
            self._choose(change["new"])

    def _choose(self, instance):
        if instance != self.chosen:
            self.chosen = instance
            self._show()

    def _class_chosen(self, change):
        if not self.showing:
            self.editor.change_label(self.chosen, change["new"])
            self._show()

    def _look_chosen(self, look):
        self.editor.choose_look(self.chosen, look)
        self._show_scene()  # what the object would look like otherwise is as before

    def _undo(self, _):
        self.editor.undo()
        self._show()

    def _show(self):
        self._show_palette()
        self._show_scene()
        self._show_swatches()

    def _show_scene(self):
        """Show the scene as it is now, and what is known of the chosen object."""
        editor, chosen = self.editor, self.editor.object(self.chosen)
        self.picture.value = _png(outlined(editor.render(), editor.mask(self.chosen)))
        self.showing = True  # what is set here is no choice of anybody
        self.objects.options = [(row.name, row.instance) for row in editor.objects]
        self.objects.value, self.classes.value = chosen.instance, chosen.label
        self.showing = False
        self.undo.disabled = not editor.changed
        told = [html.escape(chosen.name)]
        if editor.knows_looks:
            told.append("a look of its own" if chosen.look is None else
                        f"look {chosen.look}")
        told.append(f"{chosen.pixels / np.prod(editor.size):.1%} of the picture")
        self.told.value = ", ".join(told)
        for look, column in enumerate(self.palette.children):
            column.children[-1].button_style = "info" if look == chosen.look else ""

    def _show_palette(self):
        """Make a button for each look, below a place for its swatch."""
        columns = []
        for look in range(len(self.editor.looks_of(self.chosen))):
            button = self.widgets.Button(description=f"look {look}", layout={
                "width": "auto", "min_width": "64px"})
            button.on_click(lambda _, look=look: self._look_chosen(look))
            swatch = self.widgets.Image(format="png", layout={
                "height": _SWATCH, "object_fit": "contain"})
            columns.append(self.widgets.VBox([swatch, button] if self.swatches
                                             else [button]))
        self.palette.children = columns

    def _show_swatches(self):
        """Fill those places: last, as the picture is painted anew for each of them."""
        if self.swatches:
            for look, column in enumerate(self.palette.children):
                column.children[0].value = _png(self.editor.swatch(self.chosen, look))


def outlined(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Draw the inner border of an object: ``(H, W, 3) uint8``, ``(H, W) bool``."""
    around = np.pad(mask, 1)
    inside = (around[:-2, 1:-1] & around[2:, 1:-1] & around[1:-1, :-2]
              & around[1:-1, 2:])
    picture = picture.copy()
    picture[mask & ~inside] = _OUTLINE
    return picture


def _png(picture):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="PNG", compress_level=1)
    return file.getvalue()
