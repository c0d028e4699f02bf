import pytest

from gluon_pix2pix import CycleGAN, Pix2Pix
from gluon_pix2pix.configs import CONFIGS, MEASURES
from gluon_pix2pix.models import MODELS, build_model


def test_every_configuration_has_a_model():
    assert MODELS.keys() == CONFIGS.keys() == MEASURES.keys()


def test_a_configuration_tells_which_model_it_describes(tiny, tiny_cycle):
    assert isinstance(build_model(tiny), Pix2Pix)
    assert isinstance(build_model(tiny_cycle, "cpu"), CycleGAN)


@pytest.mark.parametrize("name", MODELS)
def test_networks_are_built_as_the_model_saves_them(name, tiny, tiny_cycle):
    config = {"pix2pix": tiny, "cyclegan": tiny_cycle}[name]
    model, kind = build_model(config), MODELS[name]
    assert list(kind.networks) == list(model.networks)
    for key, build in kind.networks.items():
        built, there = (net._collect_params_with_prefix()
                        for net in (build(config), model.networks[key]))
        assert {name: param.shape for name, param in built.items()} == {
            name: param.shape for name, param in there.items()}


def test_generators_are_known_by_their_direction(tiny, tiny_cycle):
    grey = tiny_cycle.replace(in_channels=1, lambda_identity=0.0)
    kind = MODELS["cyclegan"]
    nets = kind.generators(grey, kind.networks["generators"](grey))
    assert {direction: net.in_channels for direction, net in nets.items()} == {
        "AtoB": 1, "BtoA": 3}
    config = tiny.replace(direction="BtoA")
    assert list(MODELS["pix2pix"].generators(config, "net")) == ["BtoA"]
