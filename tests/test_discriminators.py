import numpy as np
import pytest
from mxnet import autograd, nd

from gluon_pix2pix import (
    Discriminator,
    MultiscaleDiscriminator,
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


# Several scales ---------------------------------------------------------------------


def _pooled(x):
    """Halve pictures as the paper's code does: beyond the border nothing counts."""
    return nd.Pooling(x, kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="avg",
                      count_include_pad=False)


def test_several_scales_have_the_papers_size():
    assert count_parameters(_built(MultiscaleDiscriminator(39))) == 5_603_202


def test_the_finest_scale_comes_first_and_all_activations_with_it():
    net = _built(MultiscaleDiscriminator(5, 4, 2, 3))
    x = nd.random.uniform(-1, 1, (2, 5, 33, 48))
    found, seen = net(x), x
    assert len(found) == 3
    for critic, activations in zip(reversed(net.scales), found, strict=True):
        assert [a.shape[1] for a in activations] == [4, 8, 16, 1]
        y, expected = seen, []
        for layer in critic.model:
            y = layer(y)
            if type(layer).__name__ == "LeakyReLU":
                expected.append(y)
        for a, b in zip(activations, [*expected, y], strict=True):
            np.testing.assert_allclose(a.asnumpy(), b.asnumpy(), atol=1e-4)
        seen = _pooled(seen)
    assert found[0][-1].shape[2:] == (11, 15)  # a padding of 2


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_scales_agree_compiled_in_training_too(norm):
    net = _built(MultiscaleDiscriminator(6, 6, 1, norm=norm))
    x, y = (nd.random.uniform(-1, 1, (2, 3, 16, 24)) for _ in range(2))

    def train():
        y.attach_grad()
        with autograd.record():
            outputs = net(x, y)
            loss = sum(nd.square(a).mean() for scale in outputs for a in scale)
        loss.backward()
        return [a.asnumpy() for scale in outputs for a in scale] + [y.grad.asnumpy()]

    plain = train()
    net.hybridize(static_alloc=True, static_shape=True)
    for _ in range(2):
        for ours, other in zip(train(), plain, strict=True):
            np.testing.assert_allclose(ours, other, atol=1e-4 * np.abs(other).max())


def test_several_calls_in_one_recording_do_not_disturb_each_other():
    """As in a step: fake and real are judged, then one loss has both."""
    net = _built(MultiscaleDiscriminator(3, 6, 1, num_d=2))
    pictures = [nd.random.uniform(-1, 1, (1, 3, 16, 24)) for _ in range(3)]

    def train():
        with autograd.record():
            calls = [net(x) for x in pictures]
            loss = sum((n + 1) * nd.square(a).mean() for n, outputs in enumerate(calls)
                       for scale in outputs for a in scale)
        loss.backward()
        return [a.asnumpy() for outputs in calls for scale in outputs for a in scale], [
            param.grad().asnumpy() for param in net.collect_params().values()
            if param.grad_req != "null"]

    outputs, gradients = train()
    net.hybridize(static_alloc=True, static_shape=True)
    for _ in range(2):
        again, of_weights = train()
        for ours, wanted in zip(again + of_weights, outputs + gradients, strict=True):
            np.testing.assert_allclose(ours, wanted, atol=1e-4 * abs(wanted).max()
                                       + 1e-6)


def test_pictures_too_small_for_the_coarsest_scale_are_refused():
    for num_d, smallest in ((1, 4), (2, 7), (3, 13)):
        net = _built(MultiscaleDiscriminator(1, 4, 3, num_d))
        net(nd.ones((1, 1, smallest, 64)))
        with pytest.raises(ValueError, match=f"at least {smallest}x{smallest},.*num_d"):
            net(nd.ones((1, 1, 64, smallest - 1)))
    with pytest.raises(ValueError, match="num_d=0 must be at least 1"):
        MultiscaleDiscriminator(1, num_d=0)
