"""The classes stand in for those that the older Gluon tutorial defines inline.

That tutorial builds its networks with positional arguments, initialises them by the
names of their parameters, trains them eagerly on NDArrays with a loop of its own, and
keeps a pool of generated pairs. What its loop relies on is used here in the same way.
"""

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd, gluon, nd

from gluon_pix2pix import Discriminator, ImagePool, UnetGenerator, UnetSkipUnit

SIZE, BATCH = 32, 2


def initialise_by_name(net, ctx, gamma=True):
    """Give each parameter its values by the words in its name; return what was seen.

    Everything of a normalisation is filled with 0, the running variance too (erratum
    2), and only ``gamma`` drawn anew, so networks must survive that.
    """
    seen = set()
    for name, param in net.collect_params().items():
        layer = "conv" if "conv" in name else "batchnorm"
        assert layer in name
        zero = "weight" not in name
        param.initialize(mx.init.Zero() if zero else mx.init.Normal(0.02), ctx=ctx)
        if gamma and "gamma" in name:
            param.set_data(nd.random.normal(1, 0.02, param.shape))
        seen.add((layer, name.rsplit("_", 1)[1]))
    return seen


@pytest.fixture
def networks():
    """Generator and discriminator, built with positional arguments, not hybridized."""
    ctx = mx.cpu()
    netG, netD = UnetGenerator(3, 5, 16), Discriminator(6, 16)
    for net in (netG, netD):
        seen = initialise_by_name(net, ctx)
        assert ("conv", "weight") in seen
        assert {kind for layer, kind in seen if layer == "batchnorm"} == {
            "gamma", "beta", "mean", "var"}  # running_mean, running_var
    return netG, netD


@pytest.fixture
def batches():
    """An iterator over two arrays, as MXNet's own input layer gives it."""
    images = np.random.RandomState(0).uniform(-1, 1, (2, 2 * BATCH, 3, SIZE, SIZE))
    real_in, real_out = images.astype(np.float32)
    return mx.io.NDArrayIter([nd.array(real_in), real_out], batch_size=BATCH)


def _values(net):
    return {name: param.data().asnumpy() for name, param in
            net.collect_params().items()}


def test_keyword_names_and_the_order_of_positional_arguments():
    unit = UnetSkipUnit(16, 16, None, True)  # inner, outer, inner_block, innermost
    unit = UnetSkipUnit(16, 8, unit, False, False, True, True)
    assert [type(layer).__name__ for layer in unit.model][-1] == "Dropout"
    assert any(name.endswith("bias") for name in unit.collect_params()
               if "conv" in name)
    outer = UnetSkipUnit(8, 3, inner_block=unit, innermost=False, outermost=True,
                         use_dropout=False, use_bias=False)
    outer.initialize()
    assert outer(nd.zeros((1, 3, 16, 16))).shape == (1, 3, 16, 16)

    netG = UnetGenerator(in_channels=3, num_downs=6, ngf=16, use_dropout=False)
    netG.initialize()
    assert netG(nd.zeros((1, 3, 64, 64))).shape == (1, 3, 64, 64)

    netD = Discriminator(in_channels=6, ndf=16, n_layers=2, use_sigmoid=True,
                         use_bias=True)
    netD.initialize()
    judged = Discriminator(6, 16, 2, True, True)
    judged.initialize()
    for net in (netD, judged):
        probability = net(nd.random.normal(shape=(1, 6, 32, 32)))
        assert probability.shape == (1, 1, 6, 6)
        assert ((probability > 0) * (probability < 1)).asnumpy().all()


def test_the_loop_of_the_tutorial_trains_both_networks(networks, batches):
    netG, netD = networks
    adam = {"learning_rate": 2e-4, "beta1": 0.5}
    trainerG = gluon.Trainer(netG.collect_params(), "adam", adam)
    trainerD = gluon.Trainer(netD.collect_params(), "adam", adam)
    bce, l1 = gluon.loss.SigmoidBinaryCrossEntropyLoss(), gluon.loss.L1Loss()
    metric = mx.metric.CustomMetric(
        lambda label, pred: ((pred.ravel() > 0) == label.ravel()).mean())
    pool = ImagePool(3)
    before = [_values(net) for net in networks]

    steps = 0
    for _ in range(2):
        batches.reset()
        for batch in batches:
            x, y = (data.as_in_context(mx.cpu()) for data in batch.data)
            # The pool is asked outside of record, with a pair joined by the caller.
            fake_pair = pool.query(nd.concat(x, netG(x), dim=1))
            assert fake_pair.shape == (BATCH, 6, SIZE, SIZE)
            with autograd.record():
                judged_fake = netD(fake_pair)
                metric.update([nd.zeros(judged_fake.shape)], [judged_fake])
                judged_real = netD(nd.concat(x, y, dim=1))  # joined inside
                loss_D = 0.5 * (bce(judged_real, nd.ones(judged_real.shape))
                                + bce(judged_fake, nd.zeros(judged_fake.shape)))
                loss_D.backward()
            trainerD.step(BATCH)
            with autograd.record():
                fake = netG(x)
                judged = netD(nd.concat(x, fake, dim=1))
                loss_G = bce(judged, nd.ones(judged.shape)) + 100 * l1(y, fake)
                loss_G.backward()
            trainerG.step(BATCH)
            steps += 1
            for loss in (loss_D, loss_G):
                assert loss.shape == (BATCH,)
                assert np.isfinite(loss.asnumpy()).all()
    assert steps == 4
    assert len(pool.images) == 3
    assert 0 <= metric.get()[1] <= 1

    for net, old in zip(networks, before, strict=True):
        for name, value in _values(net).items():
            assert np.isfinite(value).all(), name
            if name.endswith(("weight", "gamma", "running_mean", "running_var")):
                assert (value != old[name]).any(), name


def test_pictures_are_shown_without_recording(networks, batches):
    """Predict mode, before any step: running variances are still all 0."""
    netG, _ = networks
    x, _ = batches.next().data
    picture = ((netG(x[:1])[0].asnumpy().transpose(1, 2, 0) + 1) * 127.5)
    assert picture.shape == (SIZE, SIZE, 3)
    assert np.isfinite(picture).all()
    assert picture.min() >= 0
    assert picture.max() <= 255


def test_a_normalisation_filled_with_zeros_alone_still_runs():
    net = Discriminator(6, 16)
    initialise_by_name(net, mx.cpu(), gamma=False)
    x = nd.random.uniform(-1, 1, (1, 6, SIZE, SIZE))
    trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 2e-4})
    with autograd.record():
        loss = nd.square(net(x) - 1).mean()
    loss.backward()
    trainer.step(1)
    assert np.isfinite(net(x).asnumpy()).all()
    assert all(np.isfinite(value).all() for value in _values(net).values())


def test_a_pool_without_slots_and_one_with(batches):
    x, y = batches.next().data
    pair = nd.concat(x, y, dim=1)
    assert (ImagePool(0).query(pair) == pair).asnumpy().all()
    pool = ImagePool(pool_size=BATCH)
    assert (pool.query(pair) == pair).asnumpy().all()  # it fills
    assert len(pool.images) == BATCH
    for _ in range(20):
        out = pool.query(pair * 0.5)
        assert out.shape == pair.shape
        # Each picture is one that was put in, now or earlier.
        known = [pair * 0.5, pair]
        for picture in out:
            assert any((picture == other).asnumpy().all()
                       for batch in known for other in batch)
