import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd, nd
from mxnet.gluon import nn

from gluon_pix2pix import (
    Pix2Pix,
    Pix2PixConfig,
    PixelDiscriminator,
    load_checkpoint,
    save_checkpoint,
    seed_everything,
    translate,
)
from gluon_pix2pix.network_states import parameter_arrays
from gluon_pix2pix.pix2pix import build_discriminator


def _weights(model):
    return {f"{name}.{key}": array for name, net in model.networks.items()
            for key, array in parameter_arrays(net).items()}


def _same(a, b):
    return all((a[key] == b[key]).all() for key in a)


def test_a_step_trains_both_networks_and_returns_finite_scalars(model, batch):
    before = _weights(model)
    losses = model.step(*batch)
    assert set(losses) == {"loss_D", "loss_G", "loss_gan", "loss_l1", "accuracy_D"}
    for value in losses.values():
        assert value.shape == (1,) and np.isfinite(value.asscalar())
    after = _weights(model)
    for name in ("generator.model.model.0.weight", "discriminator.model.0.weight"):
        assert (before[name] != after[name]).any()


def test_the_generators_loss_is_the_weighted_sum(tiny, batch):
    model = Pix2Pix(tiny.replace(lambda_gan=0.5, lambda_l1=10.0))
    losses = {name: value.asscalar() for name, value in model.step(*batch).items()}
    expected = 0.5 * losses["loss_gan"] + 10 * losses["loss_l1"]
    assert abs(losses["loss_G"] - expected) < 1e-4


def test_both_halves_may_be_one_array(model, batch):
    losses = model.step(batch[0], batch[0])
    assert all(np.isfinite(loss.asscalar()) for loss in losses.values())


def test_one_generator_forward_a_step_and_d_sees_its_pictures(model, batch):
    """Erratum 7: D's fakes came from a second pass, in predict mode."""
    made, judged = [], []
    netG, netD = model.netG, model.netD
    model.netG = lambda x: (made.append(netG(x)), made[-1])[1]

    def judge(*images):
        joined = images[0] if len(images) == 1 else nd.concat(*images, dim=1)
        judged.append(joined.asnumpy())
        return netD(*images)

    model.netD = judge
    model.step(*batch)
    assert len(made) == 1
    expected = np.concatenate([batch[0].asnumpy(), made[0].asnumpy()], axis=1)
    assert len(judged) == 3
    np.testing.assert_array_equal(judged[0], expected)  # D's step; the pool is filling
    np.testing.assert_array_equal(judged[2], expected)  # G's step


def test_the_step_equals_the_textbook_step(tiny, batch):
    """The same numbers from plain Gluon: two losses, two backwards, two Adams."""
    config = tiny.replace(pool_size=0, use_dropout=False, hybridize=False)
    ours, plain = Pix2Pix(config), Pix2Pix(config)
    x, y = batch
    x, y = x.as_in_context(plain.ctx), y.as_in_context(plain.ctx)
    for _ in range(2):
        losses = ours.step(x, y)
        bce = mx.gluon.loss.SigmoidBinaryCrossEntropyLoss()
        with autograd.record():
            fake = plain.netG(x)
            judged_fake = plain.netD(nd.concat(x, fake.detach(), dim=1))
            judged_real = plain.netD(nd.concat(x, y, dim=1))
            loss_D = 0.5 * (bce(judged_fake, nd.zeros_like(judged_fake))
                            + bce(judged_real, nd.ones_like(judged_real))).mean()
        loss_D.backward(retain_graph=True)
        plain.trainer_D.step(1)
        with autograd.record():
            judged = plain.netD(nd.concat(x, fake, dim=1))
            loss_G = (bce(judged, nd.ones_like(judged)).mean()
                      + 100 * nd.abs(fake - y).mean())
        loss_G.backward()
        plain.trainer_G.step(1)
        assert abs(losses["loss_D"].asscalar() - loss_D.asscalar()) < 1e-5
        assert abs(losses["loss_G"].asscalar() - loss_G.asscalar()) < 1e-3
    ours, plain = _weights(ours), _weights(plain)
    for name in ours:
        if "running" not in name:
            np.testing.assert_allclose(ours[name], plain[name], atol=2e-5)


def test_two_trainings_with_one_seed_are_equal(tiny, batch):
    def train(seed):
        # On the CPU: cuDNN adds in whatever order is fastest.
        model = Pix2Pix(tiny.replace(seed=seed), "cpu")
        for _ in range(3):
            model.step(*batch)
        return _weights(model)

    first = train(0)
    assert _same(first, train(0))
    assert not _same(first, train(1))


def test_compiled_and_line_by_line_agree(tiny, batch):
    losses = []
    for hybridize in (True, False):  # erratum 8: hybridize was never called
        model = Pix2Pix(tiny.replace(hybridize=hybridize, use_dropout=False))
        assert model.netG._active is hybridize and model.netD._active is hybridize
        for _ in range(3):
            last = model.step(*batch)
        losses.append([value.asscalar() for value in last.values()])
    np.testing.assert_allclose(*losses, rtol=1e-3)


def test_sampling_uses_dropout_and_batch_statistics_and_changes_nothing(model, batch):
    """Erratum 9: results were shown in predict mode, with running statistics."""
    model.step(*batch)
    before = _weights(model)
    x = batch[0][:1]
    first, second = (model.translate(x).asnumpy() for _ in range(2))
    fixed = [model.translate(x, sample=False).asnumpy() for _ in range(2)]
    assert _same(before, _weights(model))
    assert (fixed[0] == fixed[1]).all()
    assert abs(first - fixed[0]).max() > 1e-3
    with autograd.train_mode():
        expected = model.netG(x.as_in_context(model.ctx)).asnumpy()
    # At this depth there is no dropout, and sampling is batch statistics alone.
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, expected)


class Mover(nn.HybridBlock):
    """A network that moves its running statistics in forward passes, as cuDNN does."""

    in_channels, num_downs = 3, 5

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm(in_channels=3)
        self.norm.initialize()

    def forward(self, x):
        self.norm.running_mean.set_data(self.norm.running_mean.data() + 1)
        return x


def test_sampling_puts_back_what_a_forward_pass_moves():
    net = Mover()
    translate(net, nd.zeros((2, 3, 32, 32)))
    assert (net.norm.running_mean.data().asnumpy() == 0).all()


@pytest.mark.parametrize("size", [(33, 70), (5, 100), (64, 32)])
def test_padding_is_cropped_off_at_the_right_side(size):
    x = nd.random.uniform(-1, 1, (1, 3, *size))
    assert (translate(Mover(), x) == x).asnumpy().all()


def test_the_edge_is_continued_by_its_mirror_image():
    seen = []

    class Watcher(Mover):
        def forward(self, x):
            seen.append(x.asnumpy())
            return x

    x = nd.random.uniform(-1, 1, (1, 3, 30, 32))
    translate(Watcher(), x)
    assert seen[0].shape == (1, 3, 32, 32)
    np.testing.assert_array_equal(seen[0][:, :, 30:], x.asnumpy()[:, :, :27:-1])


def test_translations_in_both_modes_do_not_disturb_each_other():
    """The mode is a flag of the compiled graph; queued work must not see it turn."""
    model = Pix2Pix(Pix2PixConfig(size=64, ngf=16, ndf=16))
    x = nd.random.uniform(-1, 1, (1, 3, 64, 64))
    for _ in range(5):
        samples = [model.translate(x) for _ in range(4)]
        fixed = model.translate(x, sample=False)
        for sample in samples:
            assert abs(sample - fixed).max().asscalar() > 1e-4


def test_translating_within_a_recorded_graph_is_not_recorded(model, batch):
    x = batch[0].copy()
    x.attach_grad()
    with autograd.record():
        loss = (model.translate(x) + 0 * x).sum()
    loss.backward()
    assert (x.grad.asnumpy() == 0).all()


def test_wrong_shapes_are_refused(model):
    for shape in ((3, 32, 32), (1, 1, 32, 32)):
        with pytest.raises(ValueError, match=r"translate wants .*\(N, 3, H, W\)"):
            model.translate(nd.zeros(shape))


def test_dropout_is_on_when_sampling(batch):
    model = Pix2Pix(Pix2PixConfig(size=64, ngf=4, ndf=4))
    x = nd.random.uniform(-1, 1, (1, 3, 64, 64))
    assert (model.translate(x) != model.translate(x)).asnumpy().any()
    mx.random.seed(5)
    first = model.translate(x)
    mx.random.seed(5)
    assert (model.translate(x) == first).asnumpy().all()


def test_a_picture_does_not_depend_on_its_neighbours(model, batch):
    together = model.translate(batch[0]).asnumpy()
    alone = model.translate(batch[0][1:]).asnumpy()
    np.testing.assert_allclose(together[1:], alone, atol=1e-6)


@pytest.mark.parametrize("sample", [True, False])
@pytest.mark.parametrize("height, width", [(32, 32), (33, 70), (5, 100), (64, 31)])
def test_any_size_is_translated(model, height, width, sample):
    x = nd.random.uniform(-1, 1, (1, 3, height, width))
    fake = model.translate(x, sample)
    assert fake.shape == x.shape
    assert np.isfinite(fake.asnumpy()).all()


def test_training_goes_on_after_translating_another_size(model, batch):
    model.step(*batch)
    model.translate(nd.zeros((1, 3, 70, 40)))
    assert np.isfinite(model.step(*batch)["loss_G"].asscalar())


def test_overfitting_one_pair(tiny, batch):
    model = Pix2Pix(tiny.replace(ngf=16, ndf=16, lr=1e-3))
    x = batch[0][:1]
    y = nd.broadcast_to(nd.array([-0.5, 0.2, 0.7]).reshape((1, 3, 1, 1)), x.shape)
    losses = [model.step(x, y)["loss_l1"].asscalar() for _ in range(60)]
    assert losses[-1] < 0.3 * losses[0]


def _layers(block, kind):
    own = [block] if isinstance(block, kind) else []
    return own + [layer for child in block._children.values()
                  for layer in _layers(child, kind)]


def test_the_configuration_reaches_the_networks():
    model = Pix2Pix(Pix2PixConfig(size=64, ngf=4, ndf=4, beta1=0.4, beta2=0.9, lr=1e-3,
                                  pool_size=7, init_gain=0.1, gan_loss="lsgan"))
    norms = _layers(model.netG, nn.BatchNorm) + _layers(model.netD, nn.BatchNorm)
    assert len(norms) == 9 + 3
    # Erratum 1, in the networks as they are built.
    assert {norm._kwargs["momentum"] for norm in norms} == {0.9}
    assert [layer._rate for layer in _layers(model.netG, nn.Dropout)] == [0.5]
    for trainer in (model.trainer_G, model.trainer_D):
        adam = trainer.optimizer
        assert (adam.lr, adam.beta1, adam.beta2) == (1e-3, 0.4, 0.9)
    assert model.pool.pool_size == 7
    assert model.gan.kind == "lsgan"
    assert 0.05 < model.netG.model.model[0].weight.data().asnumpy().std() < 0.2
    other = Pix2Pix(Pix2PixConfig(size=64, ngf=4, ndf=4, norm="instance",
                                  use_dropout=False))
    assert not _layers(other.netG, (nn.BatchNorm, nn.Dropout))
    assert not _layers(other.netD, nn.BatchNorm)
    assert len(_layers(other.netD, nn.InstanceNorm)) == 3


def test_the_learning_rate_reaches_both_optimisers(model):
    assert model.learning_rate == 2e-4
    model.learning_rate = 1e-5
    assert model.trainer_G.learning_rate == model.trainer_D.learning_rate == 1e-5


def test_optimiser_order_is_structural(tiny):
    """By automatic name, unit10 comes before unit9, and states would be mixed up."""
    for _ in range(2):
        model = Pix2Pix(tiny)
        names = list(model.netG._collect_params_with_prefix().values())
        assert model.trainer_G._params == names


@pytest.mark.parametrize("norm", ["instance", "none"])
@pytest.mark.parametrize("gan_loss", ["bce", "lsgan"])
def test_variants_train(tiny, batch, norm, gan_loss):
    model = Pix2Pix(tiny.replace(norm=norm, gan_loss=gan_loss, n_layers=0,
                                 in_channels=1))
    losses = model.step(batch[0][:, :1], batch[1])
    assert all(np.isfinite(value.asscalar()) for value in losses.values())


@pytest.fixture(params=[{"skip": False}, {"conditional": False},
                        {"upsampling": "resize"}], ids=lambda change: [*change][0])
def variant(request, tiny):
    return tiny.replace(**request.param)


@pytest.mark.parametrize("hybridize", [True, False])
def test_the_fields_that_experiments_change_train(variant, batch, hybridize):
    model = Pix2Pix(variant.replace(hybridize=hybridize))
    before = _weights(model)
    for _ in range(3):  # the pool of two is full, and shows old pictures too
        losses = model.step(*batch)
    assert all(np.isfinite(value.asscalar()) for value in losses.values())
    after = _weights(model)
    for name in ("generator.model.model.0.weight", "discriminator.model.0.weight"):
        assert (before[name] != after[name]).any()


def test_a_checkpoint_restores_them(variant, batch, tmp_path):
    model = Pix2Pix(variant, "cpu")
    for _ in range(3):
        model.step(*batch)
    again = load_checkpoint(save_checkpoint(tmp_path / "saved", model), "cpu")
    assert again.config == variant
    for _ in range(2):  # optimisers and pools included
        seed_everything(7)
        expected = [loss.asscalar() for loss in model.step(*batch).values()]
        seed_everything(7)
        assert [loss.asscalar() for loss in again.step(*batch).values()] == expected
    assert _same(_weights(model), _weights(again))


def test_without_a_condition_d_sees_outputs_alone(tiny, batch):
    model = Pix2Pix(tiny.replace(conditional=False, in_channels=1))
    assert model.netD.in_channels == 3
    assert model.netD.model[0].weight.shape[1] == 3
    x, y = batch
    assert (model.pair(x[:, :1], y) == y).asnumpy().all()
    model.step(x[:, :1], y)
    assert model.pool.images[0].shape == (1, 3, 32, 32)
    conditional = Pix2Pix(tiny.replace(in_channels=1))
    assert conditional.netD.in_channels == 4
    pair = conditional.pair(x[:, :1], y).asnumpy()
    np.testing.assert_array_equal(pair, np.concatenate(
        [x[:, :1].asnumpy(), y.asnumpy()], axis=1))


@pytest.mark.parametrize("conditional", [True, False])
@pytest.mark.parametrize("pool_size", [0, 2])
def test_the_gradient_of_d_depends_on_the_input_only_with_a_condition(
        tiny, batch, conditional, pool_size):
    x, y = batch
    fake = nd.random.uniform(-1, 1, y.shape)
    gradients = []
    for real_in in (x, -x):
        model = Pix2Pix(tiny.replace(conditional=conditional, pool_size=pool_size))
        model.step_D(real_in, fake, y)
        gradients.append(model.netD.model[0].weight.grad().asnumpy()[:, -3:])
    assert (gradients[0] == gradients[1]).all() != conditional
    assert abs(gradients[0]).max() > 0


def test_patches_are_chosen_and_refused_early():
    pixels = build_discriminator(Pix2PixConfig(n_layers=0))
    assert isinstance(pixels, PixelDiscriminator)
    with pytest.raises(ValueError, match="n_layers=5.*32 pixels"):
        Pix2Pix(Pix2PixConfig(size=32, n_layers=5))


def test_wrong_batches_are_refused_before_training(model):
    with pytest.raises(ValueError, match="UnetGenerator wants"):
        model.step(nd.ones((1, 1, 32, 32)), nd.ones((1, 3, 32, 32)))
    with pytest.raises(ValueError, match="multiples of 32"):
        model.step(nd.ones((1, 3, 48, 48)), nd.ones((1, 3, 48, 48)))
