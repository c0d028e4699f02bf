import pytest

from gluon_pix2pix.configs import CONFIGS, read_config
from gluon_pix2pix.cyclegan_config import CycleGANConfig
from gluon_pix2pix.pix2pix_config import Pix2PixConfig


@pytest.mark.parametrize("kind", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize("profile", ["smoke", "lesson", "full"])
def test_every_configuration_is_read_back_as_what_it_is(tmp_path, kind, profile):
    config = kind.for_profile(profile, seed=3)
    path = tmp_path / "config.json"
    path.write_text(config.to_json())
    found = read_config(path)
    assert type(found) is kind
    assert found == config


def test_the_defaults_of_a_cyclegan_are_the_papers():
    config = CycleGANConfig()
    assert (config.size, config.load_size, config.n_blocks) == (256, 286, 9)
    assert (config.lambda_cycle, config.lambda_identity) == (10, 0.5)
    assert (config.gan_loss, config.norm, config.pool_size) == ("lsgan", "instance", 50)
    assert config.replace(size=128).n_blocks == 6


@pytest.mark.parametrize("text, message", [
    ('{"model": "pix3pix"}', "'pix3pix'.*pix2pix, cyclegan"),
    ('{"model": 3}', "model 3"),
    ("{", "not valid JSON"),
    ("[]", "a JSON list"),
    ('{"model": "cyclegan", "lambda_l1": 3}', "lambda_l1: a CycleGANConfig has"),
])
def test_what_is_no_configuration_is_named(tmp_path, text, message):
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_config(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"config\.json"):
        read_config(tmp_path / "config.json")


@pytest.mark.parametrize("field, value", [("size", 66), ("n_blocks", -1),
                                          ("lambda_cycle", -1.0), ("in_channels", 1),
                                          ("padding", "wrap")])
def test_impossible_fields_of_a_cyclegan_are_named(field, value):
    wrong = "lambda_identity" if field == "in_channels" else field
    with pytest.raises(ValueError, match=f"{wrong}=.*not possible"):
        CycleGANConfig(**{field: value})


def test_old_files_without_a_model_are_pix2pix(tmp_path):
    path = tmp_path / "config.json"
    path.write_text('{"size": 64}')
    assert read_config(path) == Pix2PixConfig(size=64)
