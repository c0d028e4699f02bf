import pytest

from gluon_pix2pix.ablations import EXPERIMENTS, experiment
from gluon_pix2pix.pix2pix_config import Pix2PixConfig


@pytest.mark.parametrize("profile", ["smoke", "lesson", "full"])
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_each_is_possible_in_each_profile(name, profile):
    found = experiment(name, profile)
    assert found.name == name and found.question == EXPERIMENTS[name]
    assert len(found.variants) >= 2
    assert len(found.seeds) == (1 if profile == "smoke" else 3)
    assert set(found.paper) in (set(), set(found.variants))
    configs = {found.config(variant, 0) for variant in found.variants}
    assert len(configs) == len(found.variants)  # they differ


def test_full_is_the_papers_training():
    paper = Pix2PixConfig(direction="BtoA", seed=2)
    losses = experiment("losses", "full")
    assert losses.config("L1+cGAN", 2) == paper
    assert losses.config("L1", 2) == paper.replace(lambda_gan=0.0)
    assert losses.config("cGAN", 2) == paper.replace(lambda_l1=0.0)
    assert losses.config("GAN", 2) == paper.replace(lambda_l1=0.0, conditional=False)
    assert losses.config("L1+GAN", 2) == paper.replace(conditional=False)
    patches = experiment("patches", "full")
    assert [patches.config(variant, 2).n_layers for variant in patches.variants] == [
        0, 1, 3, 5]
    assert experiment("skips", "full").base.batch_size == 10


def test_seeds_and_fields_can_be_changed():
    found = experiment("pool", "smoke", seeds=2, ngf=4, direction="AtoB")
    assert found.seeds == (0, 1)
    assert found.config("pool of 50", 1) == found.base.replace(pool_size=50, seed=1)
    assert (found.base.ngf, found.base.direction) == (4, "AtoB")
    assert experiment("pool", "smoke", seeds=(5, 7)).seeds == (5, 7)


def test_patches_that_do_not_fit_are_refused_before_anything_is_trained():
    with pytest.raises(ValueError, match="'286 px'.*'patches'.*n_layers=5.*64 pixels"):
        experiment("patches", "smoke", size=64)


def test_unknown_ones_are_refused_with_those_there_are():
    with pytest.raises(ValueError, match="'loses'.*losses, patches"):
        experiment("loses")
