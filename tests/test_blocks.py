import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd, nd
from mxnet.gluon import nn

from gluon_pix2pix.blocks import (
    check_images,
    concat_channels,
    count_parameters,
    halved,
    init_weights,
    norm_layer,
)


def test_running_mean_moves_by_a_tenth():
    """Erratum 1: momentum=0.1, copied from PyTorch, would move it by nine tenths."""
    norm = norm_layer("batch", 2)
    norm.initialize()
    x = nd.ones((1, 2, 4, 4)) * 5
    with autograd.record():
        y = norm(x)
    y.backward()
    np.testing.assert_allclose(norm.running_mean.data().asnumpy(), 0.5, rtol=1e-5)


def test_running_variance_starts_at_one():
    """Erratum 2: a variance of 0 lets predict mode divide by almost nothing."""
    norm = norm_layer("batch", 2)
    init_weights(norm)
    assert (norm.running_var.data().asnumpy() == 1).all()
    x = nd.random.normal(shape=(1, 2, 8, 8))
    assert abs(norm(x).asnumpy()).max() < 10


def test_instance_norm_normalises_each_picture_alone_and_has_no_parameters():
    norm = norm_layer("instance", 3)
    norm.initialize()
    x = nd.random.normal(3, 2, (2, 3, 8, 8))
    y = norm(x).asnumpy()
    np.testing.assert_allclose(y.mean((2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(y.std((2, 3)), 1, rtol=1e-3)
    assert count_parameters(norm) == 0


def test_plain_batch_norm_has_statistics_but_no_parameters():
    norm = norm_layer("batch_plain", 3)
    init_weights(norm)
    assert count_parameters(norm) == 0
    x = nd.random.normal(3, 2, (2, 3, 8, 8))
    x.attach_grad()
    with autograd.record():
        y = norm(x)
    y.backward()
    y = y.asnumpy()
    np.testing.assert_allclose(y.mean((0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(y.std((0, 2, 3)), 1, rtol=1e-3)
    assert abs(y.mean((2, 3))).max() > 1e-3  # over the batch, not a picture alone
    mean = x.asnumpy().mean((0, 2, 3))
    np.testing.assert_allclose(norm.running_mean.data().asnumpy(), mean / 10, rtol=1e-4)


def test_no_norm_is_the_identity():
    x = nd.random.normal(shape=(1, 3, 4, 4))
    assert (norm_layer("none", 3)(x) == x).asnumpy().all()


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="'layer'.*batch"):
        norm_layer("layer", 3)
    with pytest.raises(ValueError, match="'zero'.*normal"):
        init_weights(nn.Dense(1), "zero")


def _net():
    net = nn.HybridSequential()
    net.add(nn.Conv2D(64, 4, in_channels=32), norm_layer("batch", 64))
    return net


def test_normal_initialisation():
    net = _net()
    init_weights(net, "normal", 0.02)
    conv, norm = net
    weight = conv.weight.data().asnumpy()
    assert abs(weight.std() - 0.02) < 1e-3 and abs(weight.mean()) < 1e-3
    assert (conv.bias.data().asnumpy() == 0).all()
    gamma = norm.gamma.data().asnumpy()
    assert abs(gamma.mean() - 1) < 0.02 and 0.01 < gamma.std() < 0.03
    assert (norm.beta.data().asnumpy() == 0).all()


def test_xavier_and_constant_initialisation():
    net = _net()
    init_weights(net, "xavier", 0.02)
    fans = (32 + 64) * 16
    expected = 0.02 * np.sqrt(2 / fans)
    assert abs(net[0].weight.data().asnumpy().std() / expected - 1) < 0.05
    init_weights(net, "constant", 0.001)
    assert (net[0].weight.data().asnumpy() == np.float32(0.001)).all()


def test_uniform_xavier_is_evenly_spread_up_to_its_bound():
    """As others define it: U(-b, b) with b = gain sqrt(6 / (fan_in + fan_out))."""
    net = nn.HybridSequential()
    net.add(nn.Conv2D(64, 4, in_channels=32), nn.Conv2DTranspose(32, 4, in_channels=64))
    init_weights(net, "xavier_uniform", 0.02)
    bound = 0.02 * np.sqrt(6 / ((32 + 64) * 16))
    for layer in net:
        weight = layer.weight.data().asnumpy()
        assert 0.99 * bound < abs(weight).max() <= bound * (1 + 1e-6)
        quarters = np.histogram(weight, 4, (-bound, bound))[0] / weight.size
        np.testing.assert_allclose(quarters, 0.25, atol=0.01)
        # The variance is that of the normal one.
        assert weight.std() == pytest.approx(0.02 * np.sqrt(2 / (96 * 16)), rel=0.02)


# 8 + 8 and 6 + 10 channels kill the process with a plain Concat, 24 + 8 raises.
@pytest.mark.parametrize("a, b", [(3, 3), (4, 4), (8, 8), (6, 10), (24, 8), (16, 16)])
@pytest.mark.parametrize("hybrid", [False, True])
def test_concatenation_survives_any_channel_count(a, b, hybrid):
    class Join(nn.HybridBlock):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2DTranspose(3, 4, in_channels=a + b)

        def hybrid_forward(self, F, x, y):
            return self.conv(concat_channels(F, x, y, (a, b)))

    net = Join()
    net.initialize()
    if hybrid:
        net.hybridize(static_alloc=True, static_shape=True)
    x, y = nd.random.normal(shape=(1, a, 8, 6)), nd.random.normal(shape=(1, b, 8, 6))
    x.attach_grad()
    y.attach_grad()
    with autograd.record():
        out = net(x, y)
    out.backward()
    expected = net.conv(nd.array(np.concatenate([x.asnumpy(), y.asnumpy()], 1)))
    np.testing.assert_allclose(out.asnumpy(), expected.asnumpy(), atol=1e-5)
    # The gradient of a sum of linear outputs does not depend on the input.
    gradient = np.concatenate([x.grad.asnumpy(), y.grad.asnumpy()], 1)
    weight = net.conv.weight.data().asnumpy()
    np.testing.assert_allclose(gradient[0, :, 4, 3], weight.sum((1, 2, 3)), atol=1e-4)


def test_wrong_images_are_refused_with_both_shapes():
    with pytest.raises(ValueError, match=r"Net wants .*\(N, 3, H, W\).*\(1, 4, 8, 8\)"):
        check_images(nd.ones((1, 4, 8, 8)), 3, "Net")
    with pytest.raises(ValueError, match=r"\(3, 8, 8\)"):
        check_images(nd.ones((3, 8, 8)), 3, "Net")


def test_init_weights_honours_the_context():
    net = _net()
    init_weights(net, ctx=[mx.cpu(0), mx.cpu(1)])
    first, second = (net[1].gamma.data(mx.cpu(i)).asnumpy() for i in (0, 1))
    assert (first == second).all()


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 3, 8, 6), (1, 5, 7, 9)])
def test_halving_is_the_average_pooling_that_counts_no_padding(shape):
    def pooled(x):
        return nd.Pooling(x, kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="avg",
                          count_include_pad=False)

    x = nd.random.uniform(-1, 1, shape)
    x.attach_grad()
    results = []
    for function in (lambda a: halved(nd, a, shape[1]), pooled):
        with autograd.record():
            y = function(x)
        y.backward(nd.arange(y.size).reshape(y.shape))
        results.append((y.asnumpy(), x.grad.asnumpy()))
    for ours, wanted in zip(*results, strict=True):
        np.testing.assert_allclose(ours, wanted, rtol=1e-5, atol=1e-6)
    graph = halved(mx.sym, mx.sym.var("x"), shape[1]).bind(mx.cpu(), {"x": x})
    np.testing.assert_allclose(graph.forward()[0].asnumpy(), results[1][0], rtol=1e-5,
                               atol=1e-6)
