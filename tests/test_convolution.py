"""Tests of gluon_pix2pix.convolution."""

from __future__ import annotations

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd, nd
from mxnet.gluon import nn

import gluon_pix2pix as g2p
from gluon_pix2pix import convolution
from gluon_pix2pix.convolution import (
    Conv2D,
    Conv2DTranspose,
    ReflectionPad2D,
    bfloat16_problem,
    set_precision,
)

needs_bfloat16 = pytest.mark.skipif(bfloat16_problem() is not None,
                                    reason=str(bfloat16_problem()))


def run(layer, x, hybridize):
    """Return output, and gradients of input, weight and bias for one given output."""
    if hybridize:
        layer.hybridize(static_alloc=True, static_shape=True)
    x = x.copy()
    x.attach_grad()
    with autograd.record():
        y = layer(x)
        loss = (y * nd.arange(y.size).reshape(y.shape) / y.size).sum()
    loss.backward()
    gradients = [param.grad() for param in layer.collect_params().values()]
    return [array.asnumpy() for array in (y, x.grad, *gradients)]


def pair(channels, in_channels, kernel_size=4, strides=2, padding=1, *, ours=None,
         **options):
    """Build Gluon's layer and ours, with further options, with the same weights."""
    layers = [kind(channels, kernel_size, strides, padding, in_channels=in_channels,
                   **options, **more)
              for kind, more in ((nn.Conv2D, {}), (Conv2D, ours or {}))]
    for layer in layers:
        layer.initialize()
    shapes = {name: param.shape for name, param in
              layers[0]._collect_params_with_prefix().items()}
    for name, shape in shapes.items():
        value = nd.random.normal(0, 0.1, shape)
        for layer in layers:
            getattr(layer, name).set_data(value)
    return layers


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("channels, in_channels, use_bias", [
    (1, 32, True), (1, 32, False), (1, 3, True), (3, 32, True), (3, 32, False),
    (7, 3, True), (8, 16, True), (16, 3, True), (32, 16, False), (16, 20, True),
    (16, 39, False), (3, 36, True)])
def test_it_is_gluons_convolution(channels, in_channels, use_bias, hybridize):
    theirs, ours = pair(channels, in_channels, use_bias=use_bias)
    x = nd.random.normal(shape=(2, in_channels, 12, 10))
    for a, b in zip(run(theirs, x, hybridize), run(ours, x, hybridize), strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5 * np.abs(a).max())


@pytest.mark.parametrize("in_channels, computed", [(36, 48), (17, 32), (16, 16),
                                                   (32, 32), (6, 6)])
def test_channels_are_computed_sixteen_at_a_time(in_channels, computed):
    layer = Conv2D(16, 3, in_channels=in_channels)
    graph = layer(mx.sym.var("x")).get_internals()
    shapes = dict(zip(graph.list_outputs(), graph.infer_shape(x=(1, in_channels, 8, 8)
                                                              )[1], strict=True))
    assert layer.weight.shape == (16, in_channels, 3, 3)
    weights = {shape[1] for shape in shapes.values() if shape[2:] == (3, 3)}
    assert in_channels in weights and max(weights) == computed
    groups = Conv2D(18, 3, in_channels=36, groups=18)
    groups.initialize()
    assert groups(nd.ones((1, 36, 8, 8))).shape == (1, 18, 6, 6)


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("kernel_size, padding", [(7, 0), (3, 1), (4, 0), ((3, 5), 1)])
@pytest.mark.parametrize("channels, use_bias", [(1, True), (3, True), (3, False),
                                                (5, True)])
def test_neighbouring_pixels_together_are_gluons_convolution(
        channels, use_bias, kernel_size, padding, hybridize):
    sides = [2 * size - 2 * padding + kernel - 1 for size, kernel in
             zip((5, 4), np.broadcast_to(kernel_size, 2), strict=True)]
    theirs, ours = pair(channels, 16, kernel_size, 1, padding, use_bias=use_bias,
                        ours={"even_result": True})
    x = nd.random.normal(shape=(2, 16, *sides))
    for a, b in zip(run(theirs, x, hybridize), run(ours, x, hybridize), strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5 * np.abs(a).max())


@pytest.mark.parametrize("channels, options, together", [
    (3, {}, True), (8, {}, False), (3, {"strides": 2}, False),
    (3, {"dilation": 2}, False), (3, {"kernel_size": 1}, False),
    (3, {"even_result": False}, False)])
def test_pixels_are_computed_together_where_it_helps(channels, options, together):
    layer = Conv2D(channels, in_channels=16,
                   **{"kernel_size": 3, "even_result": True, **options})
    graph = layer(mx.sym.var("data"))
    assert ("depth_to_space" in graph.tojson()) == together
    side = 2 * 3 + layer._kwargs["kernel"][0] - 1
    _, (shape,), _ = graph.infer_shape(data=(1, 16, side, side))
    layer.initialize()
    assert layer(nd.zeros((1, 16, side, side))).shape == shape


@pytest.mark.parametrize("sides", [(8, 9), (9, 8)])
def test_an_odd_result_is_refused(sides):
    layer = Conv2D(3, 3, in_channels=16, even_result=True)
    layer.initialize()
    with pytest.raises(ValueError, match="even_result=True: leave that out"):
        layer(nd.zeros((1, 16, *sides)))


@pytest.mark.parametrize("channels", [1, 3])
def test_few_channels_go_with_others(channels):
    """What the layer exists for: no kernel is asked for one channel alone, or three."""
    layer = Conv2D(channels, 4, in_channels=16)
    graph = layer(mx.sym.var("data"))
    _, shapes, _ = graph.get_internals().infer_shape(data=(1, 16, 8, 8))
    assert (1, 16, 5, 5) in shapes and shapes[-1] == (1, channels, 5, 5)
    assert {p.shape for p in layer.collect_params().values()} == {
        (channels, 16, 4, 4), (channels,)}


@needs_bfloat16
@pytest.mark.parametrize("use_bias", [False, True])
def test_bfloat16_is_close_and_gives_float32(use_bias):
    theirs, ours = pair(32, 16, use_bias=use_bias)
    set_precision(ours, "bfloat16")
    x = nd.random.normal(shape=(2, 16, 12, 10))
    exact, coarse = run(theirs, x, True), run(ours, x, True)
    for a, b in zip(exact, coarse, strict=True):
        assert b.dtype == np.float32
        error = np.abs(a - b).max() / np.abs(a).max()
        assert 0 < error < 0.02  # 8 significant bits


@needs_bfloat16
@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_a_model_trains_in_bfloat16(norm):
    config = g2p.Pix2PixConfig(size=32, ngf=16, ndf=16, n_layers=1, norm=norm,
                               use_dropout=False, batch_size=2)
    losses = []
    for precision in convolution.PRECISIONS:
        model = g2p.Pix2Pix(config.replace(precision=precision), "cpu")
        x, y = (nd.random.uniform(-1, 1, (2, 3, 32, 32)) for _ in "xy")
        losses.append([model.step(x, y)["loss_G"].asscalar() for _ in range(3)])
        types = {p.data().dtype for net in model.networks.values()
                 for p in net.collect_params().values()}
        assert types == {np.float32}
    assert np.ptp(losses, axis=0).max() > 0
    np.testing.assert_allclose(*losses, rtol=5e-3)


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("in_channels", [5, 16, 20, 39])
def test_channels_of_zeros_from_the_padding_change_nothing(in_channels, hybridize):
    theirs, ours = nn.HybridSequential(), nn.HybridSequential()
    theirs.add(nn.ReflectionPad2D(2), nn.Conv2D(6, 5, in_channels=in_channels))
    ours.add(ReflectionPad2D(2, in_channels),
             Conv2D(6, 5, in_channels=in_channels, zeros_given=True))
    theirs.initialize(mx.init.Normal(0.1))
    ours.initialize()
    for name, param in theirs._collect_params_with_prefix().items():
        ours._collect_params_with_prefix()[name].set_data(param.data())
    x = nd.random.normal(shape=(2, in_channels, 6, 8))
    for expected, got in zip(run(theirs, x, hybridize), run(ours, x, hybridize),
                             strict=True):
        assert expected.shape == got.shape
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("options", [
    {}, {"padding": 0}, {"kernel_size": 7, "padding": 3}, {"strides": 2, "padding": 2},
    {"strides": 2, "kernel_size": 4}, {"dilation": 2}, {"channels": 3},
    {"channels": 3, "kernel_size": 7, "padding": 3, "even_result": True}], ids=str)
@pytest.mark.parametrize("large", [1, 700, 1500])
def test_a_large_input_in_strips_is_the_same(options, large, monkeypatch):
    layer = Conv2D(**{"channels": 16, "kernel_size": 3, "padding": 1, "in_channels": 5,
                      **options})
    layer.initialize(mx.init.Normal(0.1))
    x = nd.random.normal(shape=(2, 5, 22, 10))
    expected, strips = layer(x).asnumpy(), []
    convolve = nd.Convolution
    monkeypatch.setattr(convolution, "_LARGE", large)
    monkeypatch.setattr(nd, "Convolution", lambda x, *weights, **options: (
        strips.append(x), convolve(x, *weights, **options))[1])
    got = layer(x).asnumpy()
    assert len(strips) > 1
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
    with autograd.record():
        layer(x)
    assert strips[-1].shape == x.shape  # whole, where gradients are wanted


@needs_bfloat16
def test_a_large_input_in_bfloat16_is_convolved_too(monkeypatch):
    layer = Conv2D(16, 3, padding=1, in_channels=16)
    layer.initialize(mx.init.Normal(0.1))
    set_precision(layer, "bfloat16")
    assert layer.precision == "bfloat16"
    x = nd.random.normal(shape=(1, 16, 12, 10))
    expected = layer(x).asnumpy()
    monkeypatch.setattr(convolution, "_LARGE", 100)
    np.testing.assert_array_equal(layer(x).asnumpy(), expected)


@pytest.mark.parametrize("use_bias", [False, True])
@pytest.mark.parametrize("activation", [None, "relu"])
def test_a_transposed_convolution_is_gluons_in_each_mode(use_bias, activation):
    options = {"strides": 2, "padding": 1, "output_padding": 1, "in_channels": 16,
               "use_bias": use_bias, "activation": activation}
    theirs, ours = (kind(8, 3, **options) for kind in (nn.Conv2DTranspose,
                                                       Conv2DTranspose))
    for layer in (theirs, ours):
        layer.initialize(mx.init.Normal(0.1))
    for a, b in zip(theirs.collect_params().values(), ours.collect_params().values(),
                    strict=True):
        a.set_data(nd.random.normal(shape=a.shape))
        b.set_data(a.data())
    x = nd.random.normal(shape=(2, 16, 5, 6))
    expected = theirs(x).asnumpy()
    np.testing.assert_allclose(ours(x).asnumpy(), expected, rtol=1e-5, atol=1e-5)
    for a, b in zip(run(theirs, x, False), run(ours, x, False), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-4)
    ours.hybridize()
    np.testing.assert_allclose(ours(x).asnumpy(), expected, rtol=1e-5, atol=1e-5)


def test_the_rest_of_gluons_options():
    for kind in (nn.Conv2D, Conv2D):
        layer = kind(1, 3, in_channels=16, activation="relu")
        layer.initialize(mx.init.Constant(-1))
        assert (layer(nd.ones((1, 16, 5, 5))).asnumpy() == 0).all()
    with pytest.raises(ValueError, match="NHWC"):
        Conv2D(1, 3, layout="NHWC")


@needs_bfloat16
def test_a_compiled_network_changes_too():
    net = nn.HybridSequential()
    net.add(Conv2D(16, 3, in_channels=16))
    net.initialize(mx.init.Normal(0.1))
    net.hybridize(static_alloc=True, static_shape=True)
    x = nd.random.normal(shape=(1, 16, 5, 5))
    exact = net(x).asnumpy()
    set_precision(net, "bfloat16")
    assert not np.array_equal(net(x).asnumpy(), exact)
    set_precision(net, "float32")
    np.testing.assert_array_equal(net(x).asnumpy(), exact)


def test_only_wide_convolutions_change(monkeypatch):
    monkeypatch.setattr(convolution, "bfloat16_problem", lambda: None)
    netD = g2p.Discriminator(6, ndf=16)
    set_precision(netD, "bfloat16")
    layers = [layer for layer in netD.model if isinstance(layer, Conv2D)]
    assert [layer.precision for layer in layers] == [
        "float32", *["bfloat16"] * 3, "float32"]


def test_what_cannot_be_had_is_refused(monkeypatch):
    netD = g2p.Discriminator(6, ndf=16)
    with pytest.raises(ValueError, match="float32, bfloat16"):
        set_precision(netD, "float16")
    with pytest.raises(RuntimeError, match="on CPUs only. Use precision='float32'"):
        set_precision(netD, "bfloat16", mx.gpu())
    monkeypatch.setattr(convolution, "bfloat16_problem", lambda: "it is a toaster")
    with pytest.raises(RuntimeError, match="it is a toaster. Use precision='float32'"):
        g2p.Pix2Pix(g2p.Pix2PixConfig(size=32, ngf=16, ndf=16, n_layers=1,
                                      precision="bfloat16"), "cpu")


@pytest.mark.parametrize("info, problem", [
    ("flags : sse2 avx512f avx512_bf16 fma", None),
    ("flags : sse2 amx_bf16", None),
    ("flags : sse2 avx512f", "no instructions"),
    (None, "only on Linux")])
def test_the_processor_is_asked(info, problem, tmp_path, monkeypatch):
    file = tmp_path / "cpuinfo"
    if info:
        file.write_text(info)
    monkeypatch.setattr(convolution, "Path", lambda _: file)
    found = bfloat16_problem.__wrapped__()
    assert found is None if problem is None else problem in found
