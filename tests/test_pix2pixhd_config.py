"""Tests of gluon_pix2pix.pix2pixhd_config."""

import pytest

from gluon_pix2pix.pix2pixhd_config import Pix2PixHDConfig


def test_the_defaults_are_the_papers():
    config = Pix2PixHDConfig()
    assert (config.size, config.ngf, config.ndf, config.nef) == (1024, 64, 64, 16)
    assert (config.n_downsampling, config.n_blocks, config.num_d) == (4, 9, 2)
    assert (config.gan_loss, config.norm, config.pool_size) == ("lsgan", "instance", 0)
    assert (config.lambda_feat, config.lambda_vgg) == (10, 10)
    assert (config.label_channels, config.generator_channels) == (36, 36)
    assert config.replace(features="encoder").generator_channels == 39
    assert (config.lr, config.beta1, config.epochs, config.epochs_decay) == (
        2e-4, 0.5, 100, 100)


@pytest.mark.parametrize(("changes", "label_channels", "generator_channels"), [
    ({"use_instances": False}, 35, 35), ({"label_nc": 0}, 4, 4),
    ({"label_nc": 0, "in_channels": 1, "use_instances": False}, 1, 1),
    ({"features": "stored", "n_features": 5, "label_nc": 8}, 9, 14)])
def test_channels_are_counted(changes, label_channels, generator_channels):
    config = Pix2PixHDConfig(**changes)
    assert config.label_channels == label_channels
    assert config.generator_channels == generator_channels


@pytest.mark.parametrize(("changes", "multiple_of"), [
    ({}, 16), ({"generator": "local"}, 32), ({"n_downsampling": 2}, 4),
    ({"generator": "local", "n_enhancers": 2}, 64),
    ({"n_downsampling": 2, "features": "encoder"}, 16),
    ({"n_downsampling": 2, "features": "stored"}, 4)])
def test_sides_must_be_multiples_of_all_halvings(changes, multiple_of):
    config = Pix2PixHDConfig(**changes)
    assert config.multiple_of == multiple_of == 2**config.halvings
    with pytest.raises(ValueError, match=f"size=.*multiple of {multiple_of}"):
        config.replace(size=multiple_of * 9 // 2)
    assert config.replace(size=99, resize_mode="none").size == 99


def test_sizes_follow_what_is_asked_for():
    config = Pix2PixHDConfig(size=512)
    assert (config.load_size, config.load_width, config.toy_size) == (512, 512, 256)
    cropped = config.replace(resize_mode="scale_width_and_crop")
    assert (cropped.load_size, cropped.load_width, cropped.toy_size) == (1024, 1024,
                                                                        512)
    assert cropped.replace(size=256).load_size == 512
    assert cropped.replace(load_size=600).load_size == 600
    crop = config.replace(resize_mode="crop")
    assert (crop.load_width, crop.toy_size) == (None, 512)
    assert config.replace(resize_mode="none").load_width is None
    assert config.replace(lr=1e-3).load_size == 512


@pytest.mark.parametrize(("changes", "field"), [
    ({"num_d": 0}, "num_d"), ({"n_enhancers": 0}, "n_enhancers"),
    ({"n_features": 0}, "n_features"), ({"n_layers": 0}, "n_layers"),
    ({"label_nc": -1}, "label_nc"), ({"n_blocks_local": -1}, "n_blocks_local"),
    ({"use_dropout": True}, "use_dropout"), ({"direction": "BtoA"}, "direction"),
    ({"epochs_fix_global": 2}, "epochs_fix_global"), ({"nef": 0}, "nef"),
    ({"generator": "unet"}, "generator"), ({"features": "all"}, "features"),
    ({"resize_mode": "squash"}, "resize_mode"), ({"lambda_vgg": -1.0}, "lambda_vgg"),
    ({"load_size": 512}, "load_size"), ({"load_size": 1200}, "load_size"),
    ({"load_size": 1200, "resize_mode": "crop"}, "load_size")])
def test_impossible_fields_are_named(changes, field):
    with pytest.raises(ValueError, match=f"{field}=.*not possible"):
        Pix2PixHDConfig(**changes)


def test_what_is_possible_only_together():
    config = Pix2PixHDConfig(label_nc=0, direction="BtoA")
    assert config.direction == "BtoA"
    config = Pix2PixHDConfig(generator="local", epochs_fix_global=10)
    assert config.epochs_fix_global == 10


@pytest.mark.parametrize("profile", ["smoke", "lesson"])
@pytest.mark.parametrize("changes", [{}, {"features": "encoder"},
                                     {"generator": "local"}])
def test_profiles_fit_drawn_streets_without_files_of_weights(profile, changes):
    config = Pix2PixHDConfig.for_profile(profile, **changes)
    assert config.lambda_vgg == 0
    assert config.toy_size >= 32 and 2 * config.toy_size == config.size
    assert config.toy_size % config.multiple_of == 0
