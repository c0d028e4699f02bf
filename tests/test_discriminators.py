import numpy as np
import pytest
from mxnet import autograd, nd

from gluon_pix2pix import (
    Discriminator,
    PixelDiscriminator,
    count_parameters,
    init_weights,
    receptive_field,
)
from gluon_pix2pix.discriminators import output_size


def _built(net):
    init_weights(net)
    return net


def test_the_papers_map_is_30_by_30():
    """Erratum 3: padding 2 gives 35x35."""
    net = _built(Discriminator(6))
    assert net(nd.ones((1, 6, 256, 256))).shape == (1, 1, 30, 30)
    assert output_size(net, 256) == 30
    assert output_size(Discriminator(6, padding=2), 256) == 35
    assert count_parameters(net) == 2_768_705


@pytest.mark.parametrize("n_layers, field", [(1, 16), (2, 34), (3, 70), (5, 286)])
def test_receptive_fields_are_the_papers(n_layers, field):
    assert receptive_field(Discriminator(6, 4, n_layers)) == field


def test_one_output_depends_on_exactly_its_receptive_field():
    net = _built(Discriminator(1, 4, 2, norm="none"))
    x = nd.random.normal(shape=(1, 1, 96, 96))
    x.attach_grad()
    with autograd.record():
        middle = net(x)[0, 0, 11, 11]
    middle.backward()
    touched = np.flatnonzero(abs(x.grad.asnumpy()[0, 0]).sum(0))
    assert touched[-1] - touched[0] + 1 == receptive_field(net) == 34


def test_pixel_discriminator_judges_every_pixel():
    net = _built(PixelDiscriminator(6))
    assert net(nd.ones((1, 6, 20, 30))).shape == (1, 1, 20, 30)
    assert receptive_field(net) == 1


def test_condition_and_image_may_come_apart():
    net = _built(Discriminator(6, 8))
    x, y = (nd.random.uniform(-1, 1, (2, 3, 32, 32)) for _ in range(2))
    assert (net(x, y) == net(nd.concat(x, y, dim=1))).asnumpy().all()


def test_positional_arguments_are_the_tutorials():
    net = _built(Discriminator(6, 8, 2, True, True))
    probabilities = net(nd.random.normal(shape=(1, 6, 32, 32))).asnumpy()
    assert (0 < probabilities).all() and (probabilities < 1).all()


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
@pytest.mark.parametrize("kind", [Discriminator, PixelDiscriminator])
def test_hybrid_equals_imperative(kind, norm):
    net = _built(kind(6, 6, norm=norm))
    x = nd.random.uniform(-1, 1, (2, 6, 32, 32))
    with autograd.train_mode():
        plain = net(x).asnumpy()
        net.hybridize(static_alloc=True, static_shape=True)
        np.testing.assert_allclose(net(x).asnumpy(), plain, atol=1e-5)


def test_what_cannot_be_judged_is_refused():
    net = _built(Discriminator(6, 4))
    net(nd.ones((1, 6, 24, 24)))
    with pytest.raises(ValueError, match="16x64.*at least 24x24"):
        net(nd.ones((1, 6, 16, 64)))
    with pytest.raises(ValueError, match=r"\(N, 6, H, W\)"):
        net(nd.ones((1, 3, 64, 64)))
    with pytest.raises(ValueError, match=r"\(N, 6, H, W\)"):
        net(nd.ones((1, 3, 64, 64)), nd.ones((1, 1, 64, 64)))
    with pytest.raises(ValueError, match="PixelDiscriminator"):
        Discriminator(6, n_layers=0)
