import math

import numpy as np
import pytest
from mxnet import autograd, nd
from mxnet.gluon.loss import SigmoidBinaryCrossEntropyLoss

from gluon_pix2pix import GANLoss, l1_loss
from gluon_pix2pix.losses import MultiscaleGANLoss, feature_matching


def outputs(seed, num_d=3, n_layers=2):
    """What a multi-scale discriminator might say: finest scale first, logits last."""
    random = np.random.default_rng(seed)
    channels = [4 * 2**n for n in range(n_layers + 1)] + [1]
    return [[nd.array(random.normal(0.3, 2, (2, channel, side, side + 3)))
             for channel in channels] for side in range(2 + num_d, 2, -1)]


def test_bce_is_the_cross_entropy_of_the_sigmoid():
    logits = nd.random.normal(0, 3, (2, 1, 5, 5))
    gan, reference = GANLoss("bce"), SigmoidBinaryCrossEntropyLoss()
    for real in (True, False):
        target = nd.ones_like(logits) * real
        expected = reference(logits, target).mean().asscalar()
        assert abs(gan(logits, real).asscalar() - expected) < 1e-5


def test_bce_is_finite_and_exact_for_extreme_logits():
    gan = GANLoss("bce")
    assert gan(nd.array([1000.0]), False).asscalar() == 1000
    assert gan(nd.array([1000.0]), True).asscalar() == 0
    assert abs(gan(nd.array([-1000.0]), True).asscalar() - 1000) < 1e-3


def test_least_squares():
    gan = GANLoss("lsgan")
    logits = nd.array([0.0, 1.0, 3.0])
    assert abs(gan(logits, True).asscalar() - 5 / 3) < 1e-6
    assert abs(gan(logits, False).asscalar() - 10 / 3) < 1e-6


@pytest.mark.parametrize("kind", ["bce", "lsgan"])
def test_balance_is_the_loss_at_the_threshold(kind):
    gan = GANLoss(kind)
    cannot_tell = nd.ones((1, 1, 3, 3)) * gan.threshold
    loss_D = 0.5 * (gan(cannot_tell, False) + gan(cannot_tell, True))
    assert abs(loss_D.asscalar() - gan.balance) < 1e-6
    assert math.isclose(GANLoss("bce").balance, math.log(2))


def test_accuracy_counts_logits_around_zero():
    """Erratum 6: a threshold of 0.5 on logits calls a real 0.3 (57 %) a fake."""
    real, fake = nd.array([0.3, 0.2, 2.0, -1.0]), nd.array([-0.3, 0.4, -2.0, -0.1])
    assert GANLoss("bce").accuracy(fake, real).asscalar() == 0.75
    assert GANLoss("lsgan").accuracy(fake, real).asscalar() == 0.625


def test_a_discriminator_without_an_opinion_is_right_half_the_time():
    zeros = nd.zeros((1, 1, 4, 4))
    assert GANLoss("bce").accuracy(zeros, zeros).asscalar() == 0.5


def test_l1_is_a_mean():
    a, b = nd.random.normal(shape=(2, 3, 4, 4)), nd.random.normal(shape=(2, 3, 4, 4))
    expected = np.abs(a.asnumpy() - b.asnumpy()).mean()
    assert abs(l1_loss(a, b).asscalar() - expected) < 1e-6


def test_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="'wgan'.*lsgan"):
        GANLoss("wgan")


@pytest.mark.parametrize("kind", ["bce", "lsgan"])
@pytest.mark.parametrize("real", [True, False])
def test_scales_are_summed_and_only_logits_judged(kind, real):
    judged = outputs(1)
    expected = 0.0
    for scale in judged:
        logits = scale[-1].asnumpy().astype("float64")
        expected += (np.logaddexp(0, -logits if real else logits) if kind == "bce"
                     else (logits - real) ** 2).mean()
    loss = MultiscaleGANLoss(kind, 3)(judged, real)
    assert loss.shape == (1,)
    assert abs(loss.asscalar() - expected) < 1e-5


@pytest.mark.parametrize("kind", ["bce", "lsgan"])
def test_balance_of_scales_that_cannot_tell(kind):
    gan = MultiscaleGANLoss(kind, 3)
    cannot_tell = [[nd.ones((1, 1, s, s)) * gan.threshold] for s in (5, 3, 2)]
    loss_D = 0.5 * (gan(cannot_tell, False) + gan(cannot_tell, True))
    assert abs(loss_D.asscalar() - gan.balance) < 1e-6
    assert gan.kind == kind


def test_accuracy_is_the_mean_of_the_scales_whatever_their_size():
    right, wrong = nd.ones((1, 1, 8, 8)), nd.zeros((1, 1, 2, 2))
    gan = MultiscaleGANLoss("lsgan", 2)
    of_fake, of_real = [[1 - right], [1 - wrong]], [[right], [wrong]]
    assert gan.accuracy(of_fake, of_real).asscalar() == 0.5
    assert gan.accuracy(of_fake[:1], of_real[:1]).asscalar() == 1


def test_one_scale_is_the_plain_loss():
    (scale,), gan = outputs(1, num_d=1), MultiscaleGANLoss("lsgan", 1)
    assert gan([scale], True) == GANLoss("lsgan")(scale[-1], True)
    with pytest.raises(ValueError, match="num_d=0"):
        MultiscaleGANLoss("lsgan", 0)


@pytest.mark.parametrize("num_d, n_layers", [(1, 3), (3, 1), (2, 3)])
def test_feature_matching_is_the_loop_of_the_original(num_d, n_layers):
    of_fake, of_real = outputs(1, num_d, n_layers), outputs(2, num_d, n_layers)
    expected = 0.0
    for scale in range(num_d):
        for layer in range(len(of_fake[scale]) - 1):
            difference = of_fake[scale][layer].asnumpy() - of_real[scale][
                layer].asnumpy()
            expected += 4 / (n_layers + 1) / num_d * np.abs(difference).mean()
    found = feature_matching(of_fake, of_real)
    assert found.shape == (1,)
    assert abs(found.asscalar() - expected) < 1e-5


def test_feature_matching_has_no_gradient_for_real_features_and_logits():
    of_fake, of_real = outputs(1), outputs(2)
    for array in (a for side in (of_fake, of_real) for scale in side for a in scale):
        array.attach_grad()
    with autograd.record():
        feature_matching(of_fake, of_real).backward()
    for fake, real in zip(of_fake, of_real):
        assert not any(array.grad.asnumpy().any() for array in (*real, fake[-1]))
        for f, r in zip(fake[:-1], real):
            weight = 4 / 3 / 3 / f.size  # three layers of three scales
            expected = weight * np.sign((f - r).asnumpy())
            assert np.allclose(f.grad.asnumpy(), expected, rtol=1e-5, atol=0)
