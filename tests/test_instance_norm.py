"""Tests of gluon_pix2pix.instance_norm."""

from __future__ import annotations

import json
import warnings

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd, nd
from mxnet.gluon import nn

from gluon_pix2pix import Discriminator, ResnetGenerator, UnetGenerator, init_weights
from gluon_pix2pix.blocks import norm_layer
from gluon_pix2pix.instance_norm import FastInstanceNetwork, InstanceNorm
from gluon_pix2pix.network_states import parameter_arrays, set_parameters


class Network(FastInstanceNetwork):
    """Instance norm, behind it what is given."""

    def __init__(self, channels, *layers, hybridize=True):
        super().__init__()
        self.model = nn.HybridSequential()
        self.model.add(InstanceNorm(channels), *layers)
        self.initialize()
        if hybridize:
            self.hybridize(static_alloc=True, static_shape=True)

    def hybrid_forward(self, F, x):
        return self.model(x)


def operators(network):
    """Name the operators of the graphs that a network has compiled, or would."""
    graph = network._cached_graph[1] if network._cached_graph else network(
        mx.sym.var("data"))
    return {node["op"] for node in json.loads(graph.tojson())["nodes"]} - {"null"}


def compiled(network):
    """Name the operators of the graph for each number of pictures."""
    return {count: operators(other) for count, other in
            vars(network).get("_networks", {}).items()}


def run(network, x, gradient):
    """Return output, gradient of the input, and output in predict mode."""
    x = x.copy()
    x.attach_grad()
    with autograd.record():
        y = network(x)
    y.backward(gradient)
    return [array.asnumpy() for array in (y, x.grad, network(x))]


def expected(x, gradient):
    """Do the same in NumPy, in double precision."""
    x, gradient = (array.asnumpy().astype(float) for array in (x, gradient))

    def mean(array):
        return array.mean((2, 3), keepdims=True)

    inverse = 1 / np.sqrt(x.var((2, 3), keepdims=True) + 1e-5)
    y = (x - mean(x)) * inverse
    back = inverse * (gradient - mean(gradient) - y * mean(gradient * y))
    return y, back, y


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("shape", [(1, 16, 8, 8), (1, 3, 7, 9), (3, 5, 6, 8),
                                   (4, 32, 16, 16), (2, 8, 1, 1)])
def test_it_equals_mxnets_and_numpys(shape, hybridize):
    x, gradient = nd.random.normal(1, 2, shape), nd.random.normal(shape=shape)
    fast = Network(shape[1], hybridize=hybridize)
    theirs = nn.InstanceNorm(epsilon=1e-5, center=False, scale=False,
                             in_channels=shape[1])
    theirs.initialize()
    for _ in range(2):  # nothing may be left behind that the second would see
        results = run(fast, x, gradient)
    for ours, other, exact in zip(results, run(theirs, x, gradient),
                                  expected(x, gradient), strict=True):
        np.testing.assert_allclose(ours, other, atol=1e-5)
        np.testing.assert_allclose(ours, exact, atol=1e-5)
    if hybridize:
        assert "BatchNorm" in compiled(fast)[shape[0]]
        assert "InstanceNorm" not in compiled(fast)[shape[0]]


def test_each_number_of_pictures_has_its_graph():
    network = Network(4)
    pictures = nd.random.normal(3, 5, (3, 4, 6, 6))
    together = network(pictures).asnumpy()
    for n in (2, 0, 1):
        alone = network(pictures[n:n + 1]).asnumpy()
        np.testing.assert_allclose(alone, together[n:n + 1], atol=1e-6)
    assert set(compiled(network)) == {1, 3}
    network.hybridize(False)
    assert not compiled(network)


def test_only_the_last_two_numbers_of_pictures_keep_their_graphs():
    network = Network(4)
    one, two, three = (nd.random.normal(shape=(count, 4, 6, 6)) for count in (1, 2, 3))
    for x in (one, two):
        network(x)
    graph = network._networks[1]
    for x in (one, three):
        network(x)
    assert list(compiled(network)) == [1, 3]
    assert network._networks[1] is graph  # it was not compiled again
    network(two)
    assert list(compiled(network)) == [3, 2]


def test_a_graph_that_is_dropped_still_has_its_gradients():
    network = Network(4)
    inputs = [nd.random.normal(3, 5, (count, 4, 6, 6)) for count in (1, 2, 3)]
    gradients = [nd.random.normal(shape=x.shape) for x in inputs]
    for x in inputs:
        x.attach_grad()
    with autograd.record():
        outputs = [network(x) for x in inputs]
    assert set(compiled(network)) == {2, 3}
    autograd.backward(outputs, gradients)
    for x, gradient in zip(inputs, gradients, strict=True):
        np.testing.assert_allclose(x.grad.asnumpy(), expected(x, gradient)[1],
                                   atol=1e-5)


def test_modes_do_not_differ_and_nothing_is_learned():
    network = Network(4)
    x = nd.random.normal(5, 3, (1, 4, 8, 8))
    fixed = network(x).asnumpy()
    x.attach_grad()
    with autograd.record():
        y = network(x)
    y.backward()
    np.testing.assert_array_equal(y.asnumpy(), fixed)
    np.testing.assert_array_equal(network(x).asnumpy(), fixed)
    assert set(network._collect_params_with_prefix()) == {"model.0.gamma",
                                                          "model.0.beta"}
    for name, value in (("gamma", 1), ("beta", 0)):
        assert (getattr(network.model[0], name).data().asnumpy() == value).all()


@pytest.mark.parametrize("layer", [nn.Dropout(0.5), nn.BatchNorm(in_channels=4)])
def test_other_layers_keep_their_mode(layer):
    network = Network(4, layer)
    x = nd.random.normal(5, 3, (2, 4, 8, 8))
    with autograd.train_mode():
        network(x)
    assert "InstanceNorm" not in compiled(network)[2]  # in training it is fast
    normed = expected(x, x)[0]
    np.testing.assert_allclose(network(x).asnumpy(), normed, atol=1e-4)  # no dropout,
    assert "InstanceNorm" in operators(network)  # ... running statistics


def test_symbols_are_traced_with_mxnets_operator():
    """A graph that is exported must not depend on the mode it runs in."""
    network = Network(4)
    x = nd.random.normal(5, 3, (2, 4, 8, 8))
    y = network(x).asnumpy()
    graph = network(mx.sym.var("data"))
    assert operators(network) == {"InstanceNorm"}
    weights = {name: param.data() for name, param in network.collect_params().items()}
    other = nn.SymbolBlock(graph, mx.sym.var("data"))
    for name, param in other.collect_params().items():
        param._load_init(weights[name], mx.cpu())
    np.testing.assert_allclose(other(x).asnumpy(), y, atol=1e-6)


@pytest.mark.parametrize(("build", "size"), [
    (lambda: Discriminator(3, 4, 1, norm="instance"), 16),
    (lambda: ResnetGenerator(3, 3, 4, 1), 16),
    (lambda: UnetGenerator(3, 5, 4, norm="instance"), 64)])
def test_a_compiled_network_can_be_exported(build, size, tmp_path):
    network = build()
    init_weights(network, gain=0.2)
    network.hybridize(static_alloc=True, static_shape=True)
    with pytest.raises(RuntimeError, match="run forward"):
        network.export(str(tmp_path / "net"))
    x = nd.random.normal(shape=(2, 3, size, size))
    with autograd.train_mode():  # the U-Net with dropout has no other fast pass
        network(x)
    network.export(str(tmp_path / "net"), epoch=3)
    other = nn.SymbolBlock.imports(str(tmp_path / "net-symbol.json"), ["data"],
                                   str(tmp_path / "net-0003.params"))
    for pictures in (x, x[:1]):
        np.testing.assert_allclose(other(pictures).asnumpy(),
                                   network(pictures).asnumpy(), atol=1e-5)
    assert "InstanceNorm" in operators(network)


def test_a_layer_in_another_block_is_mxnets():
    block = nn.HybridSequential()
    block.add(norm_layer("instance", 4))
    block.initialize()
    block.hybridize()
    x = nd.random.normal(5, 3, (2, 4, 8, 8))
    np.testing.assert_allclose(block(x).asnumpy(), expected(x, x)[0], atol=1e-5)
    assert operators(block) == {"InstanceNorm"}


def test_a_network_inside_a_compiled_block_is_right_too():
    block = nn.HybridSequential()
    block.add(Network(4))
    block.hybridize()
    x = nd.random.normal(5, 3, (2, 4, 8, 8))
    np.testing.assert_allclose(block(x).asnumpy(), expected(x, x)[0], atol=1e-5)


def test_a_network_without_it_is_an_ordinary_block():
    netD = Discriminator(3, 4, 1, norm="batch")
    init_weights(netD)
    netD(nd.zeros((1, 3, 16, 16)))
    assert not compiled(netD)


@pytest.mark.parametrize("repair", [
    init_weights, lambda net: set_parameters(net, parameter_arrays(Network(4)))])
def test_a_nan_in_training_ruins_it_as_other_weights_and_can_be_repaired(repair):
    network = Network(4)
    x, gradient = nd.random.normal(shape=(1, 4, 8, 8)), nd.random.normal(
        shape=(1, 4, 8, 8))
    run(network, x * np.nan, gradient)
    assert np.isnan(network(x).asnumpy()).all()
    repair(network)
    for ours, exact in zip(run(network, x, gradient), expected(x, gradient)):
        np.testing.assert_allclose(ours, exact, atol=1e-5)


def test_new_weights_are_used_and_no_warning_comes():
    netD = Discriminator(3, 4, 1, norm="instance")
    init_weights(netD)
    netD.hybridize(static_alloc=True, static_shape=True)
    x = nd.random.normal(shape=(1, 3, 16, 16))
    before = netD(x).asnumpy()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        init_weights(netD)
        assert (netD(x).asnumpy() != before).any()
        netD.collect_params()
