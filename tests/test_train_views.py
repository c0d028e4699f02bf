import shutil

import numpy as np
import pytest
from mxnet import nd
from PIL import Image

from gluon_pix2pix import Pix2Pix, UnpairedImages, metrics
from gluon_pix2pix.configs import CONFIGS, MEASURES
from gluon_pix2pix.label_painting import paint, photo_l1
from gluon_pix2pix.models import build_model
from gluon_pix2pix.pictures import PictureError
from gluon_pix2pix.train_views import VIEWS, LabelView, PairedView, UnpairedView


@pytest.fixture(params=VIEWS)
def model(request, tiny, tiny_cycle, tiny_hd):
    return build_model({"pix2pix": tiny, "cyclegan": tiny_cycle,
                        "pix2pixhd": tiny_hd}[request.param])


@pytest.fixture
def view(model, pairs, domains, scenes):
    data = {"pix2pix": pairs, "cyclegan": domains, "pix2pixhd": scenes}
    return VIEWS[model.config.model](data[model.config.model], model.config)


def test_every_model_has_a_view():
    assert VIEWS.keys() == CONFIGS.keys()


def test_a_view_measures_what_the_log_has_columns_for(model, view):
    assert view.held_out
    measured = view.measure(model)
    assert tuple(measured) == MEASURES[model.config.model]
    assert all(f"{value:.4f}" in view.tell(measured) for value in measured.values())
    assert 0 < view.variety(model) < 30


def test_a_view_names_losses_that_the_model_has(model, view):
    losses = model.step(*(nd.array(array[None], dtype=array.dtype)
                          for array in view.train[0]))
    # Without its weight, which needs a file, the last one is not there.
    for columns in view.losses.values():
        assert set(columns) <= {*losses, "loss_vgg"}


def test_a_view_shows_what_its_title_says(model, view):
    axes = view.sheet(model, 1).axes
    assert " | ".join(ax.get_title() for ax in axes) == view.title


def test_without_held_out_pictures_those_to_train_on_are_shown(
        tiny, tiny_cycle, tiny_hd, pairs, domains, scenes, tmp_path):
    shutil.copytree(pairs, tmp_path / "pairs", ignore=lambda *_: ["val"])
    shutil.copytree(domains, tmp_path / "domains", ignore=lambda *_: ["testB"])
    shutil.copytree(scenes, tmp_path / "scenes", ignore=lambda *_: ["test_inst"])
    for view in (PairedView(tmp_path / "pairs", tiny),
                 UnpairedView(tmp_path / "domains", tiny_cycle),
                 LabelView(tmp_path / "scenes", tiny_hd)):
        assert not view.held_out
        assert view.note.startswith(f"{tmp_path}") and "trained on" in view.note
        assert view.shown.split == "train" and not view.shown.train
        assert view.train.train


def _only_the_first(domains, folder):
    for name in ("trainA", "trainB"):
        (folder / name).mkdir()
        shutil.copy(domains / name / "1.png", folder / name)
    return folder


def test_held_out_domains_are_those_of_the_test_split(tiny_cycle, domains, tmp_path):
    view = UnpairedView(domains, tiny_cycle)
    assert view.about == "5 pictures of A and 4 of B"
    expected = UnpairedImages(domains, "test", tiny_cycle)
    assert UnpairedView(_only_the_first(domains, tmp_path), tiny_cycle).about == \
        "1 picture of A and 1 of B"
    assert (view.shown[1][0] == expected[1][0]).all()


def test_held_out_targets_are_those_of_the_validation_split(tiny, pairs):
    view, model = PairedView(pairs, tiny), Pix2Pix(tiny)
    measured = view.measure(model)["val_l1"]
    assert measured == pytest.approx(metrics.mean_l1(model, view.shown), rel=1e-5)
    assert view.shown.split == "val" and np.isfinite(measured)


# Label maps --------------------------------------------------------------------------


@pytest.fixture
def own_scenes(scenes, tmp_path):
    return shutil.copytree(scenes, tmp_path / "scenes")


def test_held_out_photos_are_those_of_the_test_split(tiny_hd, scenes):
    view, model = LabelView(scenes, tiny_hd), build_model(tiny_hd)
    assert (view.about, view.pixels) == ("5 photos", "32x16 pixels")
    assert view.title == "labels | objects | output, looks of the photo | photo"
    expected = []
    for labels, instances, photo in view.shown:
        arrays = [nd.array(array[None], dtype=array.dtype)
                  for array in (labels, instances, photo)]
        looks = model.features_of(arrays[2], arrays[1])
        fake = model.translate(*arrays[:2], looks)
        expected.append(np.abs(fake.asnumpy()[0] - photo).mean())
    assert len(expected) == 2
    assert view.measure(model)["val_l1"] == pytest.approx(np.mean(expected), rel=1e-5)
    assert photo_l1(model, view.shown) == view.measure(model)["val_l1"]


@pytest.mark.parametrize(("features", "title"), [
    ("encoder", "labels | objects | output, all looks 0"),
    ("none", "labels | objects | output")])
def test_test_labels_without_photos_are_painted_but_not_measured(
        tiny_hd, own_scenes, features, title):
    shutil.rmtree(own_scenes / "test_img")
    config = tiny_hd.replace(features=features)
    view, model = LabelView(own_scenes, config), build_model(config)
    assert not view.held_out and view.shown.split == "test"
    assert view.note == (f"{own_scenes} has no test photos: nothing is measured on "
                         "held-out pictures.")
    axes = view.sheet(model, 9).axes
    assert " | ".join(ax.get_title() for ax in axes if ax.get_title()) == view.title
    assert view.title == title
    assert 0 < view.variety(model) < 30  # beside the photos that are trained on
    painting = next(paint(model, view.shown, [1]))
    assert painting.photo is None and painting.output.shape == (3, 16, 32)


def test_stored_looks_are_shown_where_there_are_some(tiny_hd, own_scenes):
    config = tiny_hd.replace(features="stored")
    shutil.copytree(own_scenes / "train_img", own_scenes / "train_feat")
    view, model = LabelView(own_scenes, config), build_model(config)
    assert not view.held_out and "has no test features: nothing" in view.note
    assert view.title == "labels | objects | output, all looks 0 | photo"
    view.sheet(model, 1)
    shutil.copytree(own_scenes / "test_img", own_scenes / "test_feat")
    view = LabelView(own_scenes, config)
    assert view.held_out
    assert view.title == "labels | objects | output, stored looks | photo"
    *batch, photo, features = (nd.array(array[None], dtype=array.dtype)
                               for array in view.shown[0])
    expected = model.translate(*batch, features).asnumpy()[0]
    painting = next(paint(model, view.shown, [0]))
    np.testing.assert_array_equal(painting.output, expected)


def test_pictures_in_place_of_labels_are_shown_as_they_are(tiny_hd, own_scenes):
    for split in ("train", "test"):
        (own_scenes / f"{split}_label").rename(own_scenes / f"{split}_A")
        (own_scenes / f"{split}_img").rename(own_scenes / f"{split}_B")
    config = tiny_hd.replace(label_nc=0, use_instances=False, features="none")
    view = LabelView(own_scenes, config)
    assert view.held_out and view.title == "input | output | photo"
    shown = view.sheet(build_model(config), 1).axes[0].images[0].get_array()
    assert set(np.unique(shown)) == {7, 26}
    assert LabelView(own_scenes, config.replace(direction="BtoA")).held_out
    shutil.rmtree(own_scenes / "test_B")
    assert not LabelView(own_scenes, config).held_out


def test_a_sheet_without_instances_has_no_column_for_them(tiny_hd, scenes):
    config = tiny_hd.replace(use_instances=False, features="none")
    view = LabelView(scenes, config)
    assert view.title == "labels | output | photo"
    assert view.to_translate == str(scenes / "test_label")
    view = LabelView(scenes, tiny_hd)
    assert view.to_translate == (f"{scenes}/test_label --instances {scenes}/test_inst "
                                 "--photos YOUR_PHOTOS")


def test_the_first_picture_may_be_unreadable(tiny_hd, own_scenes):
    (own_scenes / "train_label" / "1.png").write_bytes(b"no picture")
    view = LabelView(own_scenes, tiny_hd)
    with pytest.raises(PictureError):
        view.train[0]
    assert view.pixels == "unknown size"


def test_photos_of_several_sizes_have_a_variety(tiny_hd, own_scenes):
    for part, number in (("img", 1), ("label", 1), ("inst", 1)):
        path = own_scenes / f"test_{part}" / f"{number}.png"
        picture = Image.open(path)
        picture.crop((0, 0, 32, 12)).save(path)
    view, model = LabelView(own_scenes, tiny_hd), build_model(tiny_hd)
    assert [item[0].shape for item in view.shown] == [(1, 12, 32), (1, 16, 32)]
    assert 0 < view.variety(model) < 30
    view.sheet(model, 2)
    assert np.isfinite(view.measure(model)["val_l1"])
