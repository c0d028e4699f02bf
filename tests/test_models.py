import pytest

from gluon_pix2pix import CycleGAN, Pix2Pix
from gluon_pix2pix.configs import CONFIGS, MEASURES
from gluon_pix2pix.models import MODELS, build_model
from gluon_pix2pix.pix2pixhd import Pix2PixHD


def test_every_configuration_has_a_model():
    assert MODELS.keys() == CONFIGS.keys() == MEASURES.keys()


def test_a_configuration_tells_which_model_it_describes(tiny, tiny_cycle, tiny_hd):
    assert isinstance(build_model(tiny), Pix2Pix)
    assert isinstance(build_model(tiny_cycle, "cpu"), CycleGAN)
    assert isinstance(build_model(tiny_hd, "cpu"), Pix2PixHD)


@pytest.mark.parametrize("changes", [{}, {"features": "none"}, {"generator": "local"},
                                     {"features": "stored", "num_d": 3}])
@pytest.mark.parametrize("name", MODELS)
def test_networks_are_built_as_the_model_saves_them(name, changes, tiny, tiny_cycle,
                                                    tiny_hd):
    config = {"pix2pix": tiny, "cyclegan": tiny_cycle,
              "pix2pixhd": tiny_hd.replace(**changes)}[name]
    networks, model = MODELS[name].networks(config), build_model(config)
    assert list(networks) == list(model.networks)
    for key, network in networks.items():
        built, there = (net._collect_params_with_prefix()
                        for net in (network, model.networks[key]))
        assert {name: param.shape for name, param in built.items()} == {
            name: param.shape for name, param in there.items()}
        assert all(param._data is None for param in built.values())  # no memory


def test_generators_are_known_by_their_direction(tiny, tiny_cycle):
    grey = tiny_cycle.replace(in_channels=1, lambda_identity=0.0)
    kind = MODELS["cyclegan"]
    nets = kind.generators(grey, kind.networks(grey)["generators"])
    assert {direction: net.in_channels for direction, net in nets.items()} == {
        "AtoB": 1, "BtoA": 3}
    config = tiny.replace(direction="BtoA")
    for name in ("pix2pix", "pix2pixhd"):
        assert list(MODELS[name].generators(config, "net")) == ["BtoA"]
