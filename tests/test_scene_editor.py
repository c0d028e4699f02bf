import numpy as np
import pytest
from mxnet import nd
from painter import BUS, CAR, LOOKS, SKY, TRUCK, Painter, two_cars

from gluon_pix2pix.scene_editor import SceneEditor


@pytest.fixture
def maps():
    return two_cars()


@pytest.fixture
def editor(maps):
    return SceneEditor(Painter(), *maps)


def changed(before, after):
    return np.any(before != after, axis=2)


def test_a_look_changes_one_object_and_nothing_else(editor):
    before = editor.render()
    other = next(k for k in range(3) if k != editor.object(26001).look)
    editor.choose_look(26001, other)
    assert editor.object(26001).look == other
    assert (changed(before, editor.render()) == editor.mask(26001)).all()


def test_a_look_can_be_copied_from_another_object(editor):
    editor.choose_look(26000, 2)
    editor.choose_look(26001, editor.look_of(26000))
    assert editor.object(26001).look == 2
    editor.choose_look(26001, [0.5, 0.5, 0.5])
    assert editor.object(26001).look is None
    assert editor.look_of(26001).tolist() == [0.5, 0.5, 0.5]


def test_a_class_changes_with_a_look_of_its_own(editor, maps):
    before = editor.render()
    editor.change_label(26000, "truck")
    row = editor.object(26000)
    assert (row.label, row.name) == (TRUCK, "truck") and row.look in (0, 1)
    assert editor.object(26001).name == "car"  # there is no other one now
    assert (changed(before, editor.render()) == editor.mask(26000)).all()
    assert (editor.labels[editor.mask(26000)] == TRUCK).all()
    assert (editor.instances == maps[1].asnumpy()[0, 0]).all()
    assert (maps[0].asnumpy() == CAR).sum() == 44, "the caller's map was changed"


def test_a_class_without_looks_leaves_the_object_its_own(editor):
    editor.choose_look(26000, 1)
    editor.change_label(26000, BUS)
    assert editor.look_of(26000).tolist() == LOOKS[CAR][1]
    assert len(editor.looks_of(26000)) == 0 and editor.object(26000).look is None


def test_undo_goes_back_step_by_step(editor):
    assert not editor.changed and not editor.undo()
    pictures = [editor.render()]
    editor.choose_look(SKY, [1, 1, 1])
    pictures.append(editor.render())
    editor.change_label(26001, "truck")
    pictures.append(editor.render())
    assert (pictures[1] != pictures[2]).any() and editor.undo()
    assert (editor.render() == pictures[1]).all()
    assert editor.object(26001).label == CAR and editor.undo()
    assert (editor.render() == pictures[0]).all() and not editor.undo()


def test_nothing_is_painted_twice(editor):
    editor.render()
    editor.render()
    editor.choose_look(26000, 0)
    assert editor.translator.calls == 1
    editor.render()
    editor.undo()
    editor.render()
    assert editor.translator.calls == 2


def test_a_swatch_shows_the_object_and_changes_nothing(editor):
    before = editor.render()
    swatch = editor.swatch(26001, 1)
    assert swatch.shape == (6, 9, 3)  # 4x7 pixels and one around, as far as there is
    assert (swatch[3, 4] > 100).tolist() == [False, True, False]
    assert (editor.render() == before).all() and not editor.changed


def test_a_photo_gives_the_looks_to_begin_with(maps):
    features = nd.zeros((1, 3, 12, 16))
    features[:, :, 6:10, 1:5] = 0.25
    editor = SceneEditor(Painter(styles=False), *maps, features)
    assert editor.look_of(26000).tolist() == [0.25] * 3
    assert editor.looks_of(26000).shape[0] == 0
    editor.choose_look(26001, editor.look_of(26000))
    with pytest.raises(ValueError, match="find them first by .*encode-features"):
        editor.choose_look(26001, 0)


def test_a_model_without_looks_can_still_change_classes(maps):
    editor = SceneEditor(Painter("none"), *maps)
    before = editor.render()
    editor.change_label(26000, "bus")
    assert (changed(before, editor.render()) == editor.mask(26000)).all()
    assert len(editor.looks_of(26000)) == 0
    with pytest.raises(ValueError, match="knows no looks"):
        editor.choose_look(26000, 0)


def test_what_cannot_be_is_said(editor, maps):
    for call in (editor.object, editor.mask, editor.looks_of):
        with pytest.raises(ValueError, match="no object 7, only 23, 26000, 26001"):
            call(7)
    with pytest.raises(ValueError, match="no look 3 of class 26: there are 0 to 2"):
        editor.choose_look(26000, 3)
    for wrong in ("lorry", 35, -1, 2.5):
        with pytest.raises(ValueError, match="no such class: choose one of unlab"):
            editor.change_label(26000, wrong)
    with pytest.raises(ValueError, match="pass features, or find looks first"):
        SceneEditor(Painter(styles=False), *maps)
    labels, instances = maps
    with pytest.raises(ValueError, match=r"\(12, 14\).*both must show one picture"):
        SceneEditor(Painter(), labels, instances[:, :, :, :14])
    with pytest.raises(ValueError, match=r"Features are \(3, 6, 8\), and their"):
        SceneEditor(Painter(), *maps, nd.zeros((1, 3, 6, 8)))
    with pytest.raises(ValueError, match="label_nc=0"):
        SceneEditor(Painter(label_nc=0), *maps)


def test_classes_of_other_data_go_by_their_numbers(maps):
    labels, instances = maps
    editor = SceneEditor(Painter("none", label_nc=3), labels % 3, instances)
    assert list(editor.classes) == ["class 0", "class 1", "class 2"]
