"""Weights under the reference implementations' names, in and out."""

import mxnet as mx
import numpy as np
import pytest
from mxnet import nd

import gluon_pix2pix as g2p
from gluon_pix2pix.convert import load_torch, to_torch
from gluon_pix2pix.failures import WeightsError
from gluon_pix2pix.network_states import parameter_arrays

CONV, BARE = ("weight", "bias"), ("weight",)
BATCH = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")

NETWORKS = {
    "unet": lambda: g2p.UnetGenerator(3, 5, 2, out_channels=1),
    "unet, instance": lambda: g2p.UnetGenerator(3, 6, 2, norm="instance"),
    "resnet": lambda: g2p.ResnetGenerator(3, ngf=2, n_blocks=1),
    "resnet, batch": lambda: g2p.ResnetGenerator(3, ngf=2, n_blocks=1, norm="batch",
                                                 use_dropout=True),
    "global": lambda: g2p.GlobalGenerator(3, ngf=2, n_downsampling=1, n_blocks=1),
    "local": lambda: g2p.LocalEnhancer(3, ngf=2, n_downsampling=1, n_blocks=1,
                                       n_blocks_local=1),
    "local, twice": lambda: g2p.LocalEnhancer(3, ngf=2, n_downsampling=1, n_blocks=0,
                                              n_enhancers=2, n_blocks_local=0),
    "encoder": lambda: g2p.Encoder(ngf=2, n_downsampling=1),
    "patch": lambda: g2p.Discriminator(6, 2, 2),
    "patch, instance": lambda: g2p.Discriminator(6, 2, 1, norm="instance",
                                                 use_bias=True),
    "patch, plain": lambda: g2p.Discriminator(6, 2, 1, norm="batch_plain"),
    "pixel": lambda: g2p.PixelDiscriminator(6, 2),
    "pixel, instance": lambda: g2p.PixelDiscriminator(6, 2, norm="instance",
                                                      use_bias=True),
    "multiscale": lambda: g2p.MultiscaleDiscriminator(6, 2, 2),
    "multiscale, batch": lambda: g2p.MultiscaleDiscriminator(6, 2, 1, norm="batch"),
}
_RESNET_BATCH = {
    "model.1": BARE, "model.2": BATCH, "model.4": BARE, "model.5": BATCH,
    "model.7": BARE, "model.8": BATCH, "model.10.conv_block.1": BARE,
    "model.10.conv_block.2": BATCH, "model.10.conv_block.6": BARE,
    "model.10.conv_block.7": BATCH, "model.11": BARE, "model.12": BATCH,
    "model.14": BARE, "model.15": BATCH, "model.18": CONV}
_GLOBAL = ("1", "4", "7.conv_block.1", "7.conv_block.5", "8")
# As PyTorch prints them for networks of the reference implementations' structure.
NAMES = {
    "unet": {
        "model.model.0": BARE,
        "model.model.1.model.1": BARE, "model.model.1.model.2": BATCH,
        "model.model.1.model.3.model.1": BARE, "model.model.1.model.3.model.2": BATCH,
        "model.model.1.model.3.model.3.model.1": BARE,
        "model.model.1.model.3.model.3.model.2": BATCH,
        "model.model.1.model.3.model.3.model.3.model.1": BARE,
        "model.model.1.model.3.model.3.model.3.model.3": BARE,
        "model.model.1.model.3.model.3.model.3.model.4": BATCH,
        "model.model.1.model.3.model.3.model.5": BARE,
        "model.model.1.model.3.model.3.model.6": BATCH,
        "model.model.1.model.3.model.5": BARE, "model.model.1.model.3.model.6": BATCH,
        "model.model.1.model.5": BARE, "model.model.1.model.6": BATCH,
        "model.model.3": CONV},
    "resnet": {f"model.{n}": CONV for n in (1, 4, 7, "10.conv_block.1",
                                            "10.conv_block.5", 11, 14, 18)},
    "resnet, batch": _RESNET_BATCH,
    "global": {f"model.{n}": CONV for n in (*_GLOBAL, "12")},
    "local": {**{f"model.{n}": CONV for n in _GLOBAL},
              "model1_1.1": CONV, "model1_1.4": CONV, "model1_2.0.conv_block.1": CONV,
              "model1_2.0.conv_block.5": CONV, "model1_2.1": CONV, "model1_2.5": CONV},
    "local, twice": {"model.1": CONV, "model.4": CONV, "model.7": CONV,
                     "model1_1.1": CONV, "model1_1.4": CONV, "model1_2.0": CONV,
                     "model2_1.1": CONV, "model2_1.4": CONV, "model2_2.0": CONV,
                     "model2_2.4": CONV},
    "encoder": {f"model.{n}": CONV for n in (1, 4, 7, 11)},
    "patch": {"model.0": CONV, "model.2": BARE, "model.3": BATCH, "model.5": BARE,
              "model.6": BATCH, "model.8": CONV},
    "patch, instance": {"model.0": CONV, "model.2": CONV, "model.5": CONV},
    "patch, plain": {"model.0": CONV, "model.2": BARE, "model.3": BATCH[2:],
                     "model.5": CONV},
    "pixel": {"net.0": CONV, "net.2": BARE, "net.3": BATCH, "net.5": BARE},
    "pixel, instance": {"net.0": CONV, "net.2": CONV, "net.5": CONV},
    "multiscale": {f"scale{scale}_layer{layer}.0": CONV
                   for scale in (0, 1) for layer in range(4)},
    "multiscale, batch": {
        "scale0_layer0.0": CONV, "scale0_layer1.0": CONV, "scale0_layer1.1": BATCH,
        "scale0_layer2.0": CONV, "scale1_layer0.0": CONV, "scale1_layer1.0": CONV,
        "scale1_layer1.1": BATCH, "scale1_layer2.0": CONV},
}


def _built(name):
    net = NETWORKS[name]()
    net.initialize(mx.init.Normal(0.1))
    return net


def _random(net, seed=0):
    """A state for a network in which no two numbers are alike."""
    rng = np.random.default_rng(seed)
    return {name: array if name.endswith("tracked") else
            rng.uniform(0.5, 2, array.shape).astype(np.float32)
            for name, array in to_torch(net).items()}


def _equal(found, wanted):
    assert set(found) == set(wanted)
    for name, array in wanted.items():
        assert found[name].dtype == array.dtype, name
        np.testing.assert_array_equal(found[name], array, name)


@pytest.mark.parametrize("name", NAMES)
def test_names_are_the_references(name):
    wanted = {f"{layer}.{part}" for layer, parts in NAMES[name].items()
              for part in parts}
    assert set(to_torch(_built(name))) == wanted


def test_shapes_are_pytorchs():
    shapes = {name: array.shape for name, array in to_torch(_built("unet")).items()}
    assert shapes["model.model.0.weight"] == (2, 3, 4, 4)
    # Transposed convolutions have (in, out), and take what is skipped too.
    assert shapes["model.model.3.weight"] == (4, 1, 4, 4)
    assert shapes["model.model.3.bias"] == (1,)
    assert shapes["model.model.1.model.2.num_batches_tracked"] == ()


@pytest.mark.parametrize("name", NETWORKS)
def test_what_goes_out_comes_in_again(name):
    state, net = _random(_built(name)), _built(name)
    load_torch(net, state)
    _equal(to_torch(net), state)
    other = _built(name)
    load_torch(other, to_torch(net))
    _equal(parameter_arrays(other), parameter_arrays(net))


def test_a_network_computes_what_its_weights_say():
    net = g2p.PixelDiscriminator(3, 2)
    state = _random(_built("pixel"))
    state["net.0.weight"] = state["net.0.weight"][:, :3]
    load_torch(net, state)
    x = np.random.default_rng(1).normal(size=(1, 3, 4, 5)).astype(np.float32)

    def layer(n, y):
        y = np.einsum("oi,nihw->nohw", state[f"net.{n}.weight"][:, :, 0, 0], y)
        return y + state.get(f"net.{n}.bias", np.zeros(1))[:, None, None]

    def leaky(y):
        return np.where(y > 0, y, 0.2 * y)

    y = layer(2, leaky(layer(0, x)))
    gamma, beta, mean, var = (state[f"net.3.{part}"][:, None, None]
                              for part in BATCH[:4])
    y = layer(5, leaky((y - mean) / np.sqrt(var + 1e-5) * gamma + beta))
    np.testing.assert_allclose(net(nd.array(x)).asnumpy(), y, rtol=1e-5)


def test_the_last_scale_is_the_finest():
    net, x = _built("multiscale"), nd.random.uniform(-1, 1, (1, 6, 32, 32))
    before = [logits[-1].asnumpy() for logits in net(x)]
    state = to_torch(net)
    state["scale1_layer3.0.bias"] = state["scale1_layer3.0.bias"] + 1
    load_torch(net, state)
    finest, coarser = (logits[-1].asnumpy() for logits in net(x))
    np.testing.assert_allclose(finest, before[0] + 1, rtol=1e-5)
    np.testing.assert_array_equal(coarser, before[1])


def test_a_compiled_network_has_the_new_weights():
    net, x = _built("unet, instance"), nd.random.uniform(-1, 1, (1, 3, 64, 64))
    net.hybridize()
    before, state = net(x).asnumpy(), to_torch(net)
    bias = "model.model.3.bias"
    load_torch(net, {**state, bias: state[bias] + 1})
    assert abs(net(x).asnumpy() - before).min() > 0.1
    load_torch(net, state)
    np.testing.assert_array_equal(net(x).asnumpy(), before)


def test_an_untouched_network_is_initialised():
    net, state = NETWORKS["resnet"](), _random(_built("resnet"))
    load_torch(net, state)
    _equal(to_torch(net), state)
    assert np.isfinite(net(nd.ones((1, 3, 16, 16))).asnumpy()).all()


@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_other_floats_become_float32(kind):
    state, net = _random(_built("patch")), _built("patch")
    load_torch(net, {name: array.astype(kind) for name, array in state.items()})
    found = to_torch(net)["model.2.weight"]
    np.testing.assert_array_equal(
        found, state["model.2.weight"].astype(kind).astype(np.float32))


def test_statistics_of_old_instance_norms_are_ignored():
    net, state = _built("resnet"), _random(_built("resnet"))
    old = {f"model.{layer}.{part}": np.full(8, np.nan) for part in BATCH[2:]
           for layer in (2, 5, "10.conv_block.2", 15)}
    load_torch(net, {**state, **old})
    _equal(to_torch(net), state)
    with pytest.raises(WeightsError, match="1 surplus: model.3.running_mean"):
        load_torch(net, {**state, "model.3.running_mean": np.zeros(8)})


def test_counters_may_be_missing_as_in_old_files():
    net, state = _built("unet"), _random(_built("unet"))
    load_torch(net, {name: array for name, array in state.items()
                     if not name.endswith("num_batches_tracked")})
    _equal(to_torch(net), state)


def test_the_prefix_of_data_parallel_is_no_part_of_names():
    net, state = _built("pixel"), _random(_built("pixel"))
    load_torch(net, {f"module.{name}": array for name, array in state.items()})
    _equal(to_torch(net), state)


def test_scales_without_their_activations_have_other_names():
    net, state = _built("multiscale, batch"), _random(_built("multiscale, batch"))
    places = {"0.0": "0", "1.0": "2", "1.1": "3", "2.0": "5"}
    plain = {}
    for name, array in state.items():
        scale, layer = name.split("_layer", 1)
        stage, part = layer.rsplit(".", 1)
        plain[f"layer{scale[-1]}.{places[stage]}.{part}"] = array
    load_torch(net, plain)
    _equal(to_torch(net), state)


def test_all_that_does_not_fit_is_in_one_error_and_nothing_changes():
    net = _built("patch")
    before, state = parameter_arrays(net), _random(net)
    for name in ("model.0.bias", "model.3.running_var"):
        del state[name]
    state |= {"model.2.weight": state["model.5.weight"],
              "model.2.bias": np.zeros(4, np.float32), "epoch": 3,
              "model.5.weight": state["model.5.weight"].astype(int),
              "model.8.bias": np.array([np.nan])}
    with pytest.raises(WeightsError) as error:
        load_torch(net, state)
    for part in ("this Discriminator", "2 missing: model.0.bias, model.3.running_var",
                 "2 surplus: model.2.bias, epoch",
                 "1 misshapen: model.2.weight is (8, 4, 4, 4) instead of (4, 2, 4, 4)",
                 "1 without floats: model.5.weight is of int64",
                 "1 with NaN or infinity: model.8.bias", "Build it with"):
        assert part in str(error.value)
    _equal(parameter_arrays(net), before)


def test_a_long_list_is_counted():
    net = NETWORKS["unet"]()
    with pytest.raises(WeightsError, match=r"39 missing: (\S+, ){2}\S+ and 36 more\."):
        load_torch(net, {})
    assert not any(param._data for param in net.collect_params().values())


def test_a_network_that_the_references_do_not_have_is_refused():
    with pytest.raises(WeightsError, match="no network like a HybridSequential"):
        to_torch(mx.gluon.nn.HybridSequential())


def test_mappings_within_a_mapping_are_to_be_picked():
    net = g2p.Discriminator(3, ndf=4)
    g2p.init_weights(net)
    with pytest.raises(WeightsError, match=r"mappings of weights, 'G', 'D': pass the "
                                           r"one you want, as state\['G'\]"):
        load_torch(net, {"G": {}, "D": to_torch(net)})
