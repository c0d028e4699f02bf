import shutil

import numpy as np
import pytest

from gluon_pix2pix import CycleGAN, Pix2Pix, UnpairedImages, metrics
from gluon_pix2pix.configs import CONFIGS, MEASURES
from gluon_pix2pix.train_views import VIEWS, PairedView, UnpairedView


@pytest.fixture(params=VIEWS)
def model(request, tiny, tiny_cycle):
    return {"pix2pix": Pix2Pix, "cyclegan": CycleGAN}[request.param](
        {"pix2pix": tiny, "cyclegan": tiny_cycle}[request.param])


@pytest.fixture
def view(model, pairs, domains):
    kind = VIEWS[model.config.model]
    return kind(pairs if kind is PairedView else domains, model.config)


def test_every_model_has_a_view():
    assert VIEWS.keys() == CONFIGS.keys()


def test_a_view_measures_what_the_log_has_columns_for(model, view):
    assert view.held_out
    measured = view.measure(model)
    assert tuple(measured) == MEASURES[model.config.model]
    assert all(f"{value:.4f}" in view.tell(measured) for value in measured.values())
    assert 0 < view.variety(model) < 30


def test_a_view_names_losses_that_the_model_has(model, view, batch):
    losses = model.step(*batch)
    for columns in view.losses.values():
        assert set(columns) <= set(losses)


def test_a_view_shows_what_its_title_says(model, view):
    axes = view.sheet(model, 1).axes
    assert " | ".join(ax.get_title() for ax in axes) == view.title


def test_without_held_out_pictures_those_to_train_on_are_shown(
        tiny, tiny_cycle, pairs, domains, tmp_path):
    shutil.copytree(pairs, tmp_path / "pairs", ignore=lambda *_: ["val"])
    shutil.copytree(domains, tmp_path / "domains", ignore=lambda *_: ["testB"])
    for view in (PairedView(tmp_path / "pairs", tiny),
                 UnpairedView(tmp_path / "domains", tiny_cycle)):
        assert not view.held_out
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
