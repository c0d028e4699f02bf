"""Tests of gluon_pix2pix.hd_networks."""

import json

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd, nd

from gluon_pix2pix import count_parameters, init_weights
from gluon_pix2pix.hd_networks import Encoder, GlobalGenerator, LocalEnhancer
from gluon_pix2pix.instance_pooling import instance_mean
from gluon_pix2pix.network_states import parameter_arrays, set_parameters

TINY = {"ngf": 4, "n_downsampling": 2, "n_blocks": 1}


def built(net, gain=0.1):
    init_weights(net, gain=gain)
    return net


def pictures(channels, height=16, width=24, count=1):
    return nd.random.uniform(-1, 1, (count, channels, height, width))


def pooled(x):
    """Halve pictures as the paper's code does: beyond the border nothing counts."""
    return nd.Pooling(x, kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="avg",
                      count_include_pad=False)


def test_the_papers_networks_have_their_known_sizes():
    """Counted from shapes: no memory is taken."""
    def count(net):
        return sum(np.prod(param.shape) for name, param in
                   net._collect_params_with_prefix().items()
                   if not name.endswith(("gamma", "beta")))

    assert count(GlobalGenerator(36)) == 182_546_755
    trunk = count(GlobalGenerator(36)) - (64 * 3 * 49 + 3)
    down = 36 * 32 * 49 + 32 + 32 * 64 * 9 + 64
    up = 3 * 2 * (64 * 64 * 9 + 64) + 64 * 32 * 9 + 32 + 32 * 3 * 49 + 3
    assert count(LocalEnhancer(36)) == trunk + down + up
    widths = [16 * 2**level for level in range(5)]
    both_ways = 2 * sum(a * b * 9 for a, b in zip(widths, widths[1:]))
    biases = sum(widths) + sum(widths[:-1])
    assert count(Encoder()) == 2 * 16 * 3 * 49 + 3 + both_ways + biases


def test_names_of_the_trunk_are_those_of_a_global_generator():
    """So that its weights can be carried over."""
    whole, within = (
        {name.removeprefix(start): param.shape for name, param in
         net._collect_params_with_prefix().items() if name.startswith(start)}
        for net, start in ((GlobalGenerator(5, ngf=8), "model."),
                           (LocalEnhancer(5, ngf=4), "trunk.")))
    last = {name for name in whole if whole[name][0] == 3}
    assert within == {name: shape for name, shape in whole.items() if name not in last}
    assert sorted(name.partition(".")[2] for name in last) == ["bias", "weight"]


@pytest.mark.parametrize("upsampling", ["deconvolution", "resize"])
@pytest.mark.parametrize(("make", "options"), [
    (GlobalGenerator, {}), (LocalEnhancer, {}), (GlobalGenerator, {"norm": "none"}),
    (LocalEnhancer, {"n_enhancers": 2, "norm": "batch"})])
def test_a_picture_of_the_same_size_comes_out_compiled_or_not(make, options,
                                                              upsampling):
    net = built(make(5, 3, **TINY, **options, upsampling=upsampling))
    x = pictures(5, 32, 48, count=2)
    plain = net(x).asnumpy()
    assert plain.shape == (2, 3, 32, 48) and np.abs(plain).max() < 1
    net.hybridize(static_alloc=True, static_shape=True)
    np.testing.assert_allclose(net(x).asnumpy(), plain, atol=1e-4)


@pytest.mark.parametrize("n_enhancers", [1, 2])
def test_enhancers_add_to_what_the_network_within_makes_of_half_the_size(n_enhancers):
    net = built(LocalEnhancer(3, 3, **TINY, n_enhancers=n_enhancers))
    assert net.num_downs == 2 + n_enhancers
    sizes = [pictures(3, 32, 48)]
    for _ in range(n_enhancers):
        sizes.append(pooled(sizes[-1]))
    within = net.trunk(sizes.pop())
    assert within.shape[1] == 4 * 2**n_enhancers
    for enhancer in net.enhancers:
        x = sizes.pop()
        within = enhancer.up(enhancer.down(x) + within)
    np.testing.assert_allclose(net(x).asnumpy(), within.asnumpy(), atol=1e-4)


def test_the_trunk_makes_what_the_global_generator_did():
    whole, net = built(GlobalGenerator(3, **{**TINY, "ngf": 8})), LocalEnhancer(
        3, **TINY)
    built(net)
    trunk = {name.replace("model.", "trunk.", 1): array for name, array in
             parameter_arrays(whole).items()}
    own = parameter_arrays(net)
    set_parameters(net, {name: trunk.get(name, own[name]) for name in own})
    x = expected = pictures(3)
    for layer in whole.model[:len(net.trunk)]:
        expected = layer(expected)
    np.testing.assert_allclose(net.trunk(x).asnumpy(), expected.asnumpy(), atol=1e-4)


@pytest.mark.parametrize("hybridize", [False, True])
def test_a_frozen_trunk_gets_no_gradients_and_lets_them_through(hybridize):
    """At every time the gradients are those of a network that was never frozen."""
    net, other = (built(LocalEnhancer(3, **TINY)) for _ in range(2))
    if hybridize:
        net.hybridize(static_alloc=True, static_shape=True)
    x = pictures(3, count=2)
    x.attach_grad()

    def gradients(of):
        with autograd.record():
            loss = nd.square(of(x)).sum()
        loss.backward()
        return {"x": x.grad.asnumpy(), **{
            name: param.grad().asnumpy() for name, param in
            of._collect_params_with_prefix().items() if param.grad_req != "null"}}

    for frozen in (False, True, True, False, True, False):
        net.freeze_trunk(frozen)
        weights = parameter_arrays(net)
        for name in weights:
            if name.endswith("weight"):  # as if a step had been made in between
                weights[name] = weights[name] + np.float32(0.01) * np.sign(
                    weights[name])
        for each in (net, other):
            set_parameters(each, weights)
        found, wanted = gradients(net), gradients(other)
        assert {name for name in wanted if name not in found} == {
            name for name in wanted if name.startswith("trunk") and frozen}
        for name, gradient in found.items():
            np.testing.assert_allclose(gradient, wanted[name], rtol=1e-3,
                                       atol=1e-4 * np.abs(wanted[name]).max() + 1e-5,
                                       err_msg=name)


def test_an_encoder_gives_each_object_one_look():
    net = built(Encoder(3, 3, ngf=4, n_downsampling=2))
    photo = pictures(3, count=2)
    ids = np.kron(np.arange(6).reshape((1, 1, 2, 3)), np.ones((8, 8))).repeat(2, 0)
    instances = nd.array(ids, dtype="int32")
    looks = net(photo, instances)
    plain = super(Encoder, net).forward(photo)
    np.testing.assert_allclose(looks.asnumpy(),
                               instance_mean(plain, instances).asnumpy(), atol=1e-6)
    assert looks.shape == (2, 3, 16, 24) and np.abs(looks.asnumpy()).max() < 1
    assert np.ptp(looks[:, :, :8, :8].asnumpy(), axis=(2, 3)).max() == 0
    assert len(np.unique(looks[1, 0].asnumpy())) == 6


@pytest.mark.parametrize("make", [GlobalGenerator, LocalEnhancer, Encoder])
def test_sizes_that_cannot_be_halved_are_refused_with_one_that_can(make):
    net = built(make(3, 3, 4, 2))
    multiple = 2**net.num_downs
    arguments = [nd.zeros((1, 1, 1, 1), dtype="int32")] * (make is Encoder)
    with pytest.raises(ValueError, match=f"multiples of {multiple}.*example"):
        net(pictures(3, 2 * multiple, 2 * multiple + 2), *arguments)
    with pytest.raises(ValueError, match=r"\(N, 3, H, W\)"):
        net(pictures(4), *arguments)


@pytest.mark.parametrize("n_blocks", [0, 1])
def test_the_smallest_size_is_taken_and_no_smaller_one(n_blocks):
    options = {"ngf": 4, "n_downsampling": 1, "n_blocks": n_blocks}
    for net in (GlobalGenerator(3, **options), LocalEnhancer(3, **options)):
        built(net)
        side = net.smallest
        assert net(pictures(3, side, side)).shape == (1, 3, side, side)
        smaller = side - 2**net.num_downs
        with pytest.raises(ValueError, match=f"at least {side}"):
            net(pictures(3, smaller, side))


@pytest.mark.parametrize(("options", "message"), [
    ({"n_enhancers": 0}, "n_enhancers=0 must be at least 1"),
    ({"n_blocks_local": -1}, "n_blocks_local=-1 must be at least 0"),
    ({"ngf": 0}, "ngf=0"), ({"upsampling": "bicubic"}, "'bicubic'")])
def test_what_cannot_be_built_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        LocalEnhancer(3, **{**TINY, **options})


def test_generators_can_be_traced_to_be_exported():
    for net in (GlobalGenerator(3, **TINY), LocalEnhancer(3, **TINY)):
        graph = built(net)(mx.sym.var("data"))
        used = {node["op"] for node in json.loads(graph.tojson())["nodes"]}
        assert "InstanceNorm" in used and "BatchNorm" not in used
        assert count_parameters(net) > 0
