import io

import numpy as np
import pytest
from painter import CAR, SKY, TRUCK, Painter, two_cars
from PIL import Image

from gluon_pix2pix.editor_widget import EditorPanel, edit, outlined
from gluon_pix2pix.scene_editor import SceneEditor

pytest.importorskip("ipywidgets")
pytest.importorskip("ipyevents")


@pytest.fixture
def panel():
    return EditorPanel(SceneEditor(Painter(), *two_cars()))


def shown(panel):
    """The picture as a browser would see it."""
    return np.asarray(Image.open(io.BytesIO(panel.picture.value)))


def click(panel, x, y):
    """Send what a browser sends."""
    panel.clicks._handle_mouse_msg(None, {"arrayX": x, "arrayY": y}, [])


def look_buttons(panel):
    return [column.children[-1] for column in panel.palette.children]


def test_a_click_chooses_an_object_and_draws_its_border(panel):
    assert panel.objects.value == SKY
    before = shown(panel)
    click(panel, 9.3, 6.8)
    assert panel.objects.value == 26001 and panel.classes.value == CAR
    assert "car 26001, look " in panel.told.value and "14.6% of" in panel.told.value
    editor = panel.editor
    assert (shown(panel) == outlined(editor.render(), editor.mask(26001))).all()
    assert (shown(panel) != before).any() and not editor.changed
    click(panel, 16, -1)  # a fraction of a pixel outside counts as the border
    assert panel.objects.value == SKY


def test_the_list_chooses_as_a_click_does(panel):
    panel.objects.value = 26000
    assert "car 26000" in panel.told.value
    assert panel.objects.options[0] == ("sky", SKY)


def test_a_button_of_the_palette_changes_the_look(panel):
    click(panel, 9, 7)
    assert [button.description for button in look_buttons(panel)] == [
        "look 0", "look 1", "look 2"]
    used = panel.editor.object(26001).look
    assert [button.button_style for button in look_buttons(panel)] == [
        "info" if look == used else "" for look in range(3)]
    before = shown(panel)
    look_buttons(panel)[(used + 1) % 3].click()
    mask = panel.editor.mask(26001)
    assert panel.editor.object(26001).look == (used + 1) % 3
    changed = (shown(panel) != before).any(axis=2)
    assert changed.any() and not changed[~mask].any()
    assert look_buttons(panel)[(used + 1) % 3].button_style == "info"
    assert look_buttons(panel)[used].button_style == ""


def test_swatches_show_the_object_in_each_look(panel):
    click(panel, 9, 7)
    image = panel.palette.children[1].children[0]
    swatch = np.asarray(Image.open(io.BytesIO(image.value)))
    assert (swatch == panel.editor.swatch(26001, 1)).all()
    calls = panel.editor.translator.calls
    look_buttons(panel)[1].click()
    look_buttons(panel)[2].click()
    assert panel.editor.translator.calls == calls + 2  # the swatches are as before


def test_without_swatches_the_picture_is_painted_once():
    editor = SceneEditor(Painter(), *two_cars())
    panel = EditorPanel(editor, swatches=False)
    click(panel, 9, 7)
    assert editor.translator.calls == 1
    look_buttons(panel)[2].click()
    assert editor.object(26001).look == 2


def test_a_class_is_changed_and_undone(panel):
    click(panel, 1, 6)
    assert panel.undo.disabled and panel.classes.options["car"] == CAR
    before = shown(panel)
    panel.classes.value = TRUCK
    assert panel.editor.object(26000).label == TRUCK
    assert (shown(panel) != before).any() and not panel.undo.disabled
    assert ("truck", 26000) in panel.objects.options and panel.objects.value == 26000
    assert len(panel.palette.children) == 2  # the looks of trucks
    panel.undo.click()
    assert (shown(panel) == before).all() and panel.undo.disabled
    assert panel.classes.value == CAR and len(panel.palette.children) == 3


def test_choosing_changes_nothing(panel):
    for x, y in ((1, 6), (9, 7), (0, 0), (9, 7)):
        click(panel, x, y)
    assert not panel.editor.changed and panel.undo.disabled


def test_a_model_without_looks_has_no_palette():
    panel = EditorPanel(SceneEditor(Painter("none"), *two_cars()))
    click(panel, 9, 7)
    assert not panel.palette.children and panel.told.value == (
        "car 26001, 14.6% of the picture")
    panel.classes.value = TRUCK
    assert panel.editor.object(26001).label == TRUCK


def test_edit_returns_what_a_cell_shows():
    box = edit(SceneEditor(Painter(), *two_cars()), width=320)
    assert box.children[0].children[0].layout.width == "320px"


def test_a_border_is_drawn_inside():
    mask = np.zeros((6, 6), bool)
    mask[1:5, 2:6] = True
    picture = np.zeros((6, 6, 3), np.uint8)
    border = outlined(picture, mask)[:, :, 0] > 0
    assert border.sum() == 12 and not border[~mask].any() and not border[2:4, 3:5].any()
    assert not picture.any()
