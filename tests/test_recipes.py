import dataclasses
import math

import pytest
from mxnet import nd

from gluon_pix2pix.pix2pix import Pix2Pix
from gluon_pix2pix.pix2pix_config import Pix2PixConfig
from gluon_pix2pix.profiles import PROFILES
from gluon_pix2pix.recipes import RECIPES, recipe

SIZES = ("size", "ngf", "ndf", "num_downs")


def _epochs(config):
    return config.epochs + config.epochs_decay


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", RECIPES)
def test_a_smaller_profile_keeps_its_sizes_and_its_number_of_epochs(name, profile):
    config, usual = recipe(name, profile), Pix2PixConfig.for_profile(profile)
    for field in SIZES:
        assert getattr(config, field) == getattr(usual, field)
    if profile != "full":
        assert _epochs(config) == _epochs(usual)
    # What is characteristic holds in every profile.
    for field, value in RECIPES[name].changes.items():
        if field != "load_size":
            assert getattr(config, field) == value
    jitters = RECIPES[name].changes.get("load_size") != 256
    assert (config.load_size > config.size) == jitters


@pytest.mark.parametrize("name", RECIPES)
def test_in_full_the_changes_are_all_that_differs_from_the_paper(name):
    config = dataclasses.asdict(recipe(name, "full"))
    paper = dataclasses.asdict(Pix2PixConfig())
    assert {field: value for field, value in config.items()
            if value != paper[field]} == RECIPES[name].changes


def test_the_paper_is_the_paper_in_every_profile():
    for profile in PROFILES:
        assert recipe("paper", profile) == Pix2PixConfig.for_profile(profile)


def test_what_is_given_by_name_has_the_last_word():
    config = recipe("mindspore", "lesson", batch_size=2, epochs=3, size=64,
                    init="xavier_uniform", direction="BtoA")
    assert (config.batch_size, config.epochs, config.epochs_decay) == (2, 3, 0)
    assert (config.size, config.load_size) == (64, 64)  # no jitter at any size
    assert (config.init, config.direction) == ("xavier_uniform", "BtoA")
    assert recipe("gluon", "smoke", load_size=80).load_size == 80
    with pytest.raises(ValueError, match="lambda_L1"):
        recipe("paper", "smoke", lambda_L1=10)


def test_the_profile_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("PIX2PIX_PROFILE", "smoke")
    assert recipe("gluon") == recipe("gluon", "smoke")


def test_an_unknown_recipe_is_refused_by_name():
    with pytest.raises(ValueError, match="'keras'.*paper, gluon, mindspore"):
        recipe("keras")


def test_published_losses_lie_where_their_steps_say():
    published = RECIPES["mindspore"].published
    assert {len(column) for column in published.values()} == {10}
    steps = 400 // RECIPES["mindspore"].changes["batch_size"]
    for epoch, iteration in zip(published["epoch"], published["iteration"]):
        assert epoch == -(-iteration // steps)
    assert published["iteration"][-1] == 100 * steps
    # A discriminator that has learnt nothing, and whose logits are close to 0.
    assert published["loss_D"][0] == pytest.approx(math.log(2), abs=1e-3)


def test_the_first_loss_tells_whether_anything_normalises():
    """Why the published 0.6940 is that of batch norms that normalise nothing."""
    first = {}
    for name in ("mindspore", "mindspore_meant"):
        model = Pix2Pix(recipe(name, "smoke", size=32, hybridize=False), "cpu")
        pair = nd.random.uniform(-1, 1, (2, 4, 3, 32, 32))
        first[name] = model.step(*pair)["loss_D"].asscalar()
    assert first["mindspore"] == pytest.approx(math.log(2), abs=5e-3)
    assert first["mindspore_meant"] > math.log(2) + 0.02
