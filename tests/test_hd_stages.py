"""Tests of gluon_pix2pix.hd_stages."""

import shutil

import numpy as np
import pytest
from mxnet import nd

from gluon_pix2pix import Pix2Pix, save_checkpoint
from gluon_pix2pix.hd_stages import start_from
from gluon_pix2pix.network_states import parameter_arrays
from gluon_pix2pix.pix2pixhd import Pix2PixHD


@pytest.fixture(scope="module")
def half(tiny_hd, tmp_path_factory):
    """A model at half the size, and the checkpoint of it."""
    model = Pix2PixHD(tiny_hd.replace(seed=5), "cpu")
    return model, save_checkpoint(tmp_path_factory.mktemp("runs") / "half", model)


@pytest.fixture
def full(tiny_hd):
    """What fits around it: twice the size, a scale more, half of the channels."""
    return tiny_hd.replace(size=64, generator="local", ngf=tiny_hd.ngf // 2, num_d=3)


def arrays(model, name):
    return parameter_arrays(model.networks[name])


def test_a_local_enhancer_begins_with_a_global_generator(half, full):
    before, (first, folder) = Pix2PixHD(full, "cpu"), half
    model = Pix2PixHD(full, "cpu")
    told = start_from(model, folder)
    assert told == {"generator": "its global part", "encoder": "all of it",
                    "discriminator": "2 of 3 scales"}
    new, old, taken = (arrays(one, "generator") for one in (model, before, first))
    for name in new:
        place, _, rest = name.partition(".")
        expected = taken[f"model.{rest}"] if place == "trunk" else old[name]
        np.testing.assert_array_equal(new[name], expected, err_msg=name)
    for name, array in arrays(model, "encoder").items():
        np.testing.assert_array_equal(array, arrays(first, "encoder")[name])


def test_the_global_part_sees_and_makes_what_it_did(half, full):
    """Up to its last layers: on the picture at half the size."""
    model, (first, folder) = Pix2PixHD(full, "cpu"), half
    start_from(model, folder)
    made = expected = nd.random.uniform(-1, 1, (1, full.generator_channels, 16, 32))
    trunk = model.netG.trunk
    # Layer by layer in both: compiled as one, they would round otherwise.
    for ours, theirs in zip(trunk, first.netG.model[:len(trunk)], strict=True):
        made, expected = ours(made), theirs(expected)
    np.testing.assert_allclose(made.asnumpy(), expected.asnumpy(), rtol=1e-5, atol=1e-6)


def test_discriminators_go_to_the_scale_of_their_size(half, full):
    """What judged 32 pixels judges them again: of a picture twice as large."""
    model, (first, folder) = Pix2PixHD(full, "cpu"), half
    start_from(model, folder)
    xy = nd.random.uniform(-1, 1, (1, full.label_channels + 3, 32, 64))
    smaller = nd.Pooling(xy, kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="avg",
                         count_include_pad=False)
    judged, expected = model.netD(xy), first.netD(smaller)
    assert len(judged) == 3
    for scale, wanted in zip(judged[1:], expected):
        np.testing.assert_allclose(scale[-1].asnumpy(), wanted[-1].asnumpy(), rtol=1e-3,
                                   atol=1e-5)


@pytest.mark.parametrize("changes", [{}, {"num_d": 1}, {"features": "stored"}], ids=str)
def test_the_same_networks_go_on_as_they_are(half, tiny_hd, changes):
    first, folder = half
    model = Pix2PixHD(tiny_hd.replace(**changes), "cpu")
    told = start_from(model, folder)
    assert list(told) == list(model.networks)
    for name in model.networks:
        expected = arrays(first, name)
        for place, array in arrays(model, name).items():
            np.testing.assert_array_equal(array, expected[place])


def test_of_more_scales_the_coarsest_are_taken(full, tmp_path):
    first, model = Pix2PixHD(full, "cpu"), Pix2PixHD(full.replace(num_d=2), "cpu")
    save_checkpoint(tmp_path / "run", first)
    assert start_from(model, tmp_path / "run") == {
        "generator": "all of it", "discriminator": "2 of 2 scales",
        "encoder": "all of it"}
    expected = arrays(first, "discriminator")
    for place, array in arrays(model, "discriminator").items():
        np.testing.assert_array_equal(array, expected[place])


def test_all_optimisers_begin_anew(half, full):
    model = Pix2PixHD(full, "cpu")
    start_from(model, half[1])
    assert not any(trainer._updaters[0].states for trainer in model.trainers.values())


@pytest.mark.parametrize(("changes", "message"), [
    ({"ngf": 4}, "generator.*ngf 4 -> 4, of which the global part makes 8 instead"),
    ({"n_blocks": 2}, "generator.*n_blocks 1 -> 2"),
    ({"n_blocks": 0}, "generator.*n_blocks 1 -> 0"),
    ({"n_downsampling": 2}, "generator.*n_downsampling 1 -> 2"),
    ({"features": "none"}, "generator.*features encoder -> none"),
    ({"use_instances": False}, "generator.*use_instances True -> False"),
    ({"n_layers": 2}, "discriminator.*n_layers 1 -> 2"),
    ({"ndf": 8}, "discriminator.*ndf 4 -> 8"),
    ({"nef": 8}, "encoder.*nef 4 -> 8")], ids=str)
def test_what_does_not_fit_is_refused_and_nothing_changed(half, full, changes, message):
    model = Pix2PixHD(full.replace(**changes), "cpu")
    before = {name: arrays(model, name) for name in model.networks}
    with pytest.raises(ValueError, match=message):
        start_from(model, half[1])
    for name, expected in before.items():
        for place, array in arrays(model, name).items():
            np.testing.assert_array_equal(array, expected[place])


def test_a_ruined_network_is_refused_and_nothing_changed(half, full, tmp_path):
    folder = shutil.copytree(half[1], tmp_path / "half")
    judges = arrays(half[0], "discriminator")
    name = sorted(judges)[0]
    np.savez(folder / "discriminator.npz", **{**judges, name: judges[name] + np.nan})
    model = Pix2PixHD(full, "cpu")
    before = arrays(model, "generator")
    with pytest.raises(ValueError, match=f"discriminator.npz.*NaN.*: {name}"):
        start_from(model, folder)
    for place, array in arrays(model, "generator").items():
        np.testing.assert_array_equal(array, before[place])


def test_only_a_global_pix2pixhd_leads_to_a_local_one(tiny, tiny_hd, full, tmp_path):
    save_checkpoint(tmp_path / "local", Pix2PixHD(full, "cpu"))
    with pytest.raises(ValueError, match="cannot begin with a local enhancer's"):
        start_from(Pix2PixHD(tiny_hd, "cpu"), tmp_path / "local")
    save_checkpoint(tmp_path / "pairs", Pix2Pix(tiny, "cpu"))
    with pytest.raises(ValueError, match="a run of pix2pix: only a pix2pixHD can"):
        start_from(Pix2PixHD(full, "cpu"), tmp_path / "pairs")
    with pytest.raises(FileNotFoundError, match="no folder"):
        start_from(Pix2PixHD(full, "cpu"), tmp_path / "gone")
