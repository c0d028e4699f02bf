"""Tests of gluon_pix2pix.resnet."""

from __future__ import annotations

import json

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd, nd

from gluon_pix2pix import ResnetGenerator, count_parameters, init_weights
from gluon_pix2pix.resnet import ResnetBlock


def built(*arguments, **options):
    net = ResnetGenerator(*arguments, **options)
    init_weights(net)
    return net


def test_the_papers_network_has_its_known_size():
    net = ResnetGenerator(3)
    net.initialize()
    assert count_parameters(net) == 11_378_179
    fewer = ResnetGenerator(3, n_blocks=6)
    fewer.initialize()
    assert count_parameters(fewer) == 11_378_179 - 3 * 2 * (256 * 256 * 9 + 256)


def test_names_and_shapes_are_the_references():
    """So that weights can be exchanged: c7s1-64 at 1, blocks from 10, c7s1-3 at 26."""
    shapes = {name: param.shape for name, param in
              ResnetGenerator(3)._collect_params_with_prefix().items()
              if not name.endswith(("gamma", "beta"))}
    assert shapes["model.1.weight"] == (64, 3, 7, 7)
    assert shapes["model.4.weight"] == (128, 64, 3, 3)
    assert shapes["model.7.bias"] == (256,)
    assert shapes["model.10.conv_block.1.weight"] == (256, 256, 3, 3)
    assert shapes["model.18.conv_block.5.bias"] == (256,)
    assert shapes["model.19.weight"] == (256, 128, 3, 3)
    assert shapes["model.22.weight"] == (128, 64, 3, 3)
    assert shapes["model.26.weight"] == (3, 64, 7, 7)
    assert len(shapes) == 2 * (1 + 2 + 18 + 2 + 1)


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
@pytest.mark.parametrize("padding", ["reflect", "zero"])
@pytest.mark.parametrize("upsampling", ["deconvolution", "resize"])
def test_variants_keep_the_size_and_agree_compiled(norm, padding, upsampling):
    net = built(3, 1, 4, 2, norm, padding=padding, upsampling=upsampling)
    x = nd.random.uniform(-1, 1, (2, 3, 12, 20))

    def train():
        with autograd.record():
            y = net(x)
        y.backward()
        halving = net.model[3 + (padding == "reflect")]
        return y.asnumpy(), halving.weight.grad().asnumpy()

    plain = train()
    net.hybridize(static_alloc=True, static_shape=True)
    for ours, other in zip(train(), plain, strict=True):
        np.testing.assert_allclose(ours, other, atol=1e-5 * abs(other).max())
    assert plain[0].shape == (2, 1, 12, 20) and (abs(plain[0]) < 1).all()
    assert abs(plain[1]).max() > 0


def test_biases_stand_where_batch_norm_does_not():
    def biased(**options):
        names = ResnetGenerator(3, 3, 4, 1, **options)._collect_params_with_prefix()
        return sum(name.endswith("bias") for name in names)

    assert [biased(norm=norm) for norm in ("batch", "instance", "none")] == [1, 8, 8]
    assert biased(use_bias=False) == 1


def test_a_block_adds_to_its_input():
    block = ResnetBlock(4)
    init_weights(block, "constant", 0.1)
    # What all filters do alike is the same everywhere here, so the norm makes it 0.
    x = nd.ones((1, 4, 6, 6)) * 3
    np.testing.assert_allclose(block(x).asnumpy(), 3, atol=1e-5)


def test_reflection_shows_no_frame():
    """A constant picture stays constant; zeros around it would be seen."""
    x = nd.ones((1, 3, 16, 16)) * 0.5
    for padding, framed in (("reflect", False), ("zero", True)):
        net = ResnetBlock(3, "none", padding=padding)
        init_weights(net, gain=0.1)
        y = net(x).asnumpy()
        assert (np.ptp(y, axis=(2, 3)).max() > 1e-4) == framed


def test_the_last_layer_computes_four_pixels_at_once():
    """Four times 3 colours fill 16 channels, where one pixel's would waste 13."""
    graph = ResnetGenerator(3, 3, 16, 1)(mx.sym.var("data"))
    _, shapes, _ = graph.get_internals().infer_shape(data=(1, 3, 16, 24))
    assert (1, 16, 8, 12) in shapes and (1, 16, 16, 24) in shapes  # the latter: ngf
    assert (1, 12, 8, 12) in shapes and shapes[-1] == (1, 3, 16, 24)


def test_dropout_only_where_asked_for():
    x = nd.random.uniform(-1, 1, (1, 3, 16, 16))
    for use_dropout in (False, True):
        net = built(3, 3, 4, 1, use_dropout=use_dropout)
        net.hybridize(static_alloc=True, static_shape=True)
        with autograd.train_mode():
            differs = (net(x) != net(x)).asnumpy().any()
        assert differs == use_dropout
        assert (net(x) == net(x)).asnumpy().all()


def test_a_picture_does_not_depend_on_its_neighbours():
    net = built(3, 3, 4, 1)
    net.hybridize(static_alloc=True, static_shape=True)
    x = nd.random.uniform(-1, 1, (3, 3, 16, 16))
    np.testing.assert_allclose(net(x)[1:2].asnumpy(), net(x[1:2]).asnumpy(), atol=1e-6)


def test_it_can_be_traced_to_be_exported():
    graph = built(3, 3, 4, 1)(mx.sym.var("data"))
    used = {node["op"] for node in json.loads(graph.tojson())["nodes"]}
    assert "InstanceNorm" in used and "BatchNorm" not in used


@pytest.mark.parametrize("options, message", [
    ({"ngf": 0}, "ngf=0 must be at least 1"),
    ({"n_blocks": -1}, "n_blocks=-1 must be at least 0"),
    ({"padding": "mirror"}, "'mirror'.*'reflect' or 'zero'"),
    ({"norm": "layer"}, "'layer'"),
    ({"upsampling": "bicubic"}, "'bicubic'")])
def test_what_cannot_be_built_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ResnetGenerator(3, **{"ngf": 4, "n_blocks": 1, **options})
    if "padding" in options:
        with pytest.raises(ValueError, match=message):
            ResnetBlock(4, **options)


def test_what_cannot_be_taken_is_refused():
    net = built(3, 3, 4, 1)
    with pytest.raises(ValueError, match=r"ResnetGenerator wants .*\(N, 3, H, W\)"):
        net(nd.ones((1, 1, 16, 16)))
    with pytest.raises(ValueError, match="18x16 pixels.*multiples of 4.*example 16x16"):
        net(nd.ones((1, 3, 18, 16)))
    with pytest.raises(ValueError, match="at least 8, for example 16x8"):
        net(nd.ones((1, 3, 16, 4)))
    assert net(nd.ones((1, 3, 8, 8))).shape == (1, 3, 8, 8)
    assert built(3, 3, 4, 1, padding="zero")(nd.ones((1, 3, 4, 4))).shape[2:] == (4, 4)
