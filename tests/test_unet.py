import numpy as np
import pytest
from mxnet import autograd, nd

from gluon_pix2pix import UnetGenerator, UnetSkipUnit, count_parameters, init_weights


def _built(*args, **options):
    net = UnetGenerator(*args, **options)
    init_weights(net)
    return net


def test_the_papers_generator_has_its_parameters():
    assert count_parameters(_built(3, 8)) == 54_413_955


def test_the_skip_comes_first():
    """Erratum 11: the reference concatenates (x, model(x))."""
    unit = UnetSkipUnit(4, 3, innermost=True)
    init_weights(unit)
    x = nd.random.normal(shape=(1, 3, 4, 4))
    out = unit(x)
    assert out.shape == (1, 6, 4, 4)
    assert (out[:, :3] == x).asnumpy().all()
    np.testing.assert_allclose(out[:, 3:].asnumpy(), unit.model(x).asnumpy(), rtol=1e-6)


def test_positional_arguments_are_the_tutorials():
    inner = UnetSkipUnit(8, 8, None, True)
    outer = UnetSkipUnit(8, 3, inner, False, True, True, True)
    assert outer.outermost and not outer.innermost
    init_weights(outer)
    assert outer(nd.ones((1, 3, 8, 8))).shape == (1, 3, 8, 8)


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
@pytest.mark.parametrize("ngf", [4, 16])
def test_hybrid_equals_imperative(norm, ngf):
    net = _built(3, 5, ngf, use_dropout=False, norm=norm, out_channels=1)
    x = nd.random.uniform(-1, 1, (2, 3, 32, 64))
    with autograd.train_mode():
        plain = net(x).asnumpy()
        net.hybridize(static_alloc=True, static_shape=True)
        np.testing.assert_allclose(net(x).asnumpy(), plain, atol=1e-5)
    assert plain.shape == (2, 1, 32, 64) and abs(plain).max() < 1


def _dropouts(block):
    own = type(block).__name__ == "Dropout"
    return own + sum(map(_dropouts, block._children.values()))


def test_dropout_sits_in_the_middle_units():
    assert _dropouts(UnetGenerator(3, 8)) == 3
    assert _dropouts(UnetGenerator(3, 7)) == 2
    assert _dropouts(UnetGenerator(3, 8, use_dropout=False)) == 0


def test_without_skips_it_is_an_encoder_decoder():
    net = _built(3, 5, 4, skip=False)
    assert net(nd.ones((1, 3, 32, 32))).shape == (1, 3, 32, 32)
    assert count_parameters(net) < count_parameters(_built(3, 5, 4))


def _names_before(num_downs):
    """Where the parameters of a U-Net were before its decoder could be chosen."""
    norm = [f".{kind}" for kind in ("gamma", "beta", "running_mean", "running_var")]
    place, names = "model.model.", ["model.model.0.weight", "model.model.3.weight",
                                    "model.model.3.bias"]
    place += "1.model."
    for _ in range(num_downs - 2):
        names += [f"{place}1.weight", f"{place}5.weight"]
        names += [f"{place}{layer}{kind}" for layer in (2, 6) for kind in norm]
        place += "3.model."
    return names + [f"{place}1.weight", f"{place}3.weight"] + [
        f"{place}4{kind}" for kind in norm]


def test_parameters_keep_their_names_for_checkpoints_made_before():
    parameters = UnetGenerator(3, 6, 4)._collect_params_with_prefix()
    assert set(parameters) == set(_names_before(6))
    assert parameters["model.model.3.weight"].shape == (8, 3, 4, 4)


# Odd widths, whose concatenations kill the process where they are done plainly.
@pytest.mark.parametrize("ngf", [3, 6, 16])
@pytest.mark.parametrize("skip", [True, False])
def test_a_resizing_decoder_is_the_same_line_by_line_and_as_a_static_graph(ngf, skip):
    net = _built(3, 5, ngf, use_dropout=False, upsampling="resize", skip=skip,
                 out_channels=1)
    assert net.model.model[3][1].weight.shape == (1, ngf * (1 + skip), 3, 3)
    x = nd.random.uniform(-1, 1, (2, 3, 32, 64))
    pictures, gradients = [], []
    for hybrid in (False, True):
        if hybrid:
            net.hybridize(static_alloc=True, static_shape=True)
        with autograd.record():
            picture = net(x.detach())
            loss = nd.square(picture - 1).mean()
        loss.backward()
        pictures.append(picture.asnumpy())
        gradients.append([param.grad().asnumpy() for param in
                          net.collect_params().values() if param.grad_req != "null"])
    assert pictures[0].shape == (2, 1, 32, 64)
    np.testing.assert_allclose(*pictures, atol=1e-5)
    for plain, static in zip(*gradients, strict=True):
        np.testing.assert_allclose(plain, static, atol=1e-5)
    assert all(abs(gradient).max() > 0 for gradient in gradients[0][:2])


def test_an_unknown_decoder_is_refused():
    with pytest.raises(ValueError, match="'bilinear'.*'deconvolution' or 'resize'"):
        UnetGenerator(3, 5, 4, upsampling="bilinear")


def test_bias_only_where_no_batch_norm_removes_it():
    def biases(net):
        return sum(name.endswith("bias") for name in net.collect_params())

    assert biases(UnetGenerator(3, 5, 4)) == 1
    assert biases(UnetGenerator(3, 5, 4, norm="instance")) == 10
    assert biases(UnetGenerator(3, 5, 4, norm="instance", use_bias=False)) == 1


@pytest.mark.parametrize("hybrid", [False, True])
def test_impossible_sizes_are_refused_with_sizes_that_work(hybrid):
    net = _built(3, 6, 4)
    if hybrid:
        net.hybridize()
    with pytest.raises(ValueError, match="100x128.*multiples of 64.*128x128"):
        net(nd.ones((1, 3, 100, 128)))
    with pytest.raises(ValueError, match=r"\(N, 3, H, W\).*\(1, 1, 64, 64\)"):
        net(nd.ones((1, 1, 64, 64)))
    with pytest.raises(ValueError, match="num_downs=4"):
        UnetGenerator(3, 4)


def test_impossible_units_are_refused():
    with pytest.raises(ValueError, match="innermost"):
        UnetSkipUnit(8, 8)
    with pytest.raises(ValueError, match="not both"):
        UnetSkipUnit(8, 8, innermost=True, outermost=True)
    unit = UnetSkipUnit(8, 8, innermost=True)
    unit.initialize()
    with pytest.raises(ValueError, match="even"):
        unit(nd.ones((1, 8, 3, 4)))
