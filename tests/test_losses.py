import math

import numpy as np
import pytest
from mxnet import nd
from mxnet.gluon.loss import SigmoidBinaryCrossEntropyLoss

from gluon_pix2pix import GANLoss, l1_loss


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
