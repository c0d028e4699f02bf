import json
import subprocess
import sys
from pathlib import Path

import pytest

from gluon_pix2pix.pix2pix_config import Pix2PixConfig, halvings
from gluon_pix2pix.profiles import current_profile, profile_dataset


def test_the_defaults_are_the_papers():
    config = Pix2PixConfig()
    assert (config.size, config.load_size, config.num_downs) == (256, 286, 8)
    assert (config.lr, config.beta1, config.beta2) == (2e-4, 0.5, 0.999)
    assert (config.lambda_l1, config.pool_size, config.batch_size) == (100, 0, 1)
    assert (config.epochs, config.epochs_decay) == (100, 100)
    assert Pix2PixConfig.for_profile("full") == config


def test_json_brings_back_the_same_configuration(tmp_path):
    config = Pix2PixConfig(size=128, mirror=False, norm="instance", lambda_gan=0.5)
    assert Pix2PixConfig.from_json(config.to_json()) == config
    (tmp_path / "config.json").write_text(config.to_json())
    assert Pix2PixConfig.from_json(tmp_path / "config.json") == config


@pytest.mark.parametrize(
    "size, downs", [(32, 5), (64, 6), (96, 5), (128, 7), (256, 8), (512, 8), (768, 8)]
)
def test_depth_follows_the_size(size, downs):
    assert halvings(size) == Pix2PixConfig(size=size).num_downs == downs


def test_replace_derives_depth_and_jitter_anew():
    small = Pix2PixConfig().replace(size=64)
    assert (small.num_downs, small.load_size) == (6, 72)
    assert Pix2PixConfig(num_downs=5).replace(ngf=16).num_downs == 5


@pytest.mark.parametrize(
    "field, value",
    [("size", 200), ("size", 0), ("num_downs", 9), ("num_downs", 4), ("load_size", 200),
     ("direction", "BA"), ("norm", "layer"), ("init", "zero"), ("gan_loss", "wgan"),
     ("in_channels", 4), ("ngf", 0), ("batch_size", 0), ("lr", 0), ("beta1", 1),
     ("lambda_l1", -1), ("n_layers", -1), ("pool_size", -1), ("precision", "float16"),
     ("ngf", 16.5), ("epochs", 1.5), ("size", "256"), ("mirror", "no"), ("seed", -1),
     ("batch_size", True), ("lr", float("inf")), ("norm", None), ("warn_window", 0),
     ("warn_accuracy", 1.1), ("warn_variety", -0.1)],
)
def test_impossible_values_are_refused_by_name(field, value):
    with pytest.raises(ValueError, match=f"{field}={value!r}"):
        Pix2PixConfig(**{field: value})


def test_no_epochs_at_all_is_refused():
    with pytest.raises(ValueError, match="at least 1 epoch"):
        Pix2PixConfig(epochs=0, epochs_decay=0)


def test_a_configuration_from_before_the_warnings_gets_their_defaults():
    fields = json.loads(Pix2PixConfig(size=64).to_json())
    old = {name: value for name, value in fields.items()
           if not name.startswith("warn_")}
    assert len(fields) - len(old) == 3
    assert Pix2PixConfig.from_dict(old) == Pix2PixConfig(size=64)


def test_unknown_fields_and_other_models_are_refused():
    with pytest.raises(ValueError, match="lambda_L1.*lambda_l1"):
        Pix2PixConfig.from_dict({"lambda_L1": 10})
    with pytest.raises(ValueError, match="cyclegan"):
        Pix2PixConfig.from_dict({"model": "cyclegan"})
    with pytest.raises(ValueError, match="not valid JSON"):
        Pix2PixConfig.from_json("{")


def test_only_a_json_object_is_a_configuration(tmp_path):
    (tmp_path / "config.json").write_text("[1, 2]")
    with pytest.raises(ValueError, match="JSON list"):
        Pix2PixConfig.from_json(tmp_path / "config.json")


def test_profiles_come_from_argument_then_environment(monkeypatch):
    monkeypatch.delenv("PIX2PIX_PROFILE", raising=False)
    assert current_profile() == "lesson"
    monkeypatch.setenv("PIX2PIX_PROFILE", "smoke")
    assert current_profile() == "smoke"
    assert current_profile("full") == "full"
    assert profile_dataset("facades") == "toy_facades"
    assert profile_dataset("facades", "full") == "facades"
    monkeypatch.setenv("PIX2PIX_PROFILE", "fast")
    with pytest.raises(ValueError, match="'fast'.*smoke, lesson, full"):
        current_profile()


def test_configurations_load_without_mxnet():
    code = ("import sys, types\n"
            "package = types.ModuleType('gluon_pix2pix')\n"
            "package.__path__ = [sys.argv[1]]\n"  # without running its __init__
            "sys.modules['gluon_pix2pix'] = package\n"
            "from gluon_pix2pix.configs import CONFIGS\n"
            "for config in CONFIGS.values():\n"
            "    config()\n"
            "assert 'mxnet' not in sys.modules")
    folder = Path(sys.modules["gluon_pix2pix"].__file__).parent
    subprocess.run([sys.executable, "-c", code, folder], check=True)
