"""pix2pix: two networks, two optimisers, one step, and translation.

Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks".
"""

from __future__ import annotations

from mxnet import autograd, nd

from .blocks import concat_channels, init_weights
from .convolution import set_precision
from .discriminators import PatchCritic, fitting_critic
from .image_pool import ImagePool
from .losses import GANLoss, l1_loss
from .optimizers import adam
from .pix2pix_config import Pix2PixConfig
from .runtime import get_context, seed_everything
from .translation import translate
from .unet import UnetGenerator


def build_generator(config: Pix2PixConfig) -> UnetGenerator:
    """Build the uninitialised generator a configuration describes."""
    return UnetGenerator(config.in_channels, config.num_downs, config.ngf,
                         config.use_dropout, out_channels=config.out_channels,
                         norm=config.norm, skip=config.skip,
                         upsampling=config.upsampling)


def build_discriminator(config: Pix2PixConfig) -> PatchCritic:
    """Build the uninitialised discriminator a configuration describes.

    Raises
    ------
    ValueError
        If pictures of ``config.size`` are too small for its layers.
    """
    channels = config.out_channels + config.conditional * config.in_channels
    return fitting_critic(config, channels)


class Pix2Pix:
    """Generator, discriminator and their training step.

    Building one seeds Python, NumPy and MXNet with ``config.seed``.

    Parameters
    ----------
    config : Pix2PixConfig, optional
        All numbers; by default the paper's.
    ctx : Context or str, optional
        ``mx.cpu()``, ``mx.gpu()``, ``"auto"``, ``"cpu"`` or ``"gpu"``.

    Attributes
    ----------
    netG, netD : HybridBlock
        Generator and discriminator, initialised.
    trainer_G, trainer_D : Trainer
        Adam, one for each.
    pool : ImagePool
        History of generated pairs; unused at ``pool_size=0``.
    """

    def __init__(self, config: Pix2PixConfig | None = None, ctx=None):
        self.config = config = config or Pix2PixConfig()
        self.ctx = get_context(ctx)
        seed_everything(config.seed)

        self.netG = build_generator(config)
        self.netD = build_discriminator(config)
        for net in (self.netG, self.netD):
            init_weights(net, config.init, config.init_gain, self.ctx)
            set_precision(net, config.precision, self.ctx)
            if config.hybridize:
                net.hybridize(static_alloc=True, static_shape=True)
        self.trainer_G = adam(self.netG, config, self.ctx)
        self.trainer_D = adam(self.netD, config, self.ctx)

        self.gan = GANLoss(config.gan_loss)
        self.pool = ImagePool(config.pool_size, seed=config.seed)

    def step(self, real_in: nd.NDArray, real_out: nd.NDArray) -> dict[str, nd.NDArray]:
        """Train both networks on one batch (section 3.3): D first, then G.

        Parameters
        ----------
        real_in, real_out : NDArray
            ``(N, C, H, W) float32 in [-1, 1]``, a batch of pairs.

        Returns
        -------
        dict of str to NDArray
            Scalars of shape ``(1,)``: ``loss_D``, ``loss_G``, its unweighted parts
            ``loss_gan`` and ``loss_l1``, and ``accuracy_D``, the share of patches the
            discriminator told apart before its update. None is read back: call
            ``.asscalar()`` when you want to see one.
        """
        real_in = real_in.as_in_context(self.ctx)
        # Detached, as graphs may not share an input, and it might be real_in itself.
        real_out = real_out.as_in_context(self.ctx).detach()
        # The one forward pass of G: both networks learn from the same picture, made
        # with dropout and batch statistics.
        with autograd.record():
            fake_out = self.netG(real_in)
        losses = self.step_D(real_in, fake_out, real_out)
        losses.update(self.step_G(real_in, fake_out, real_out))
        return losses

    def step_D(self, real_in, fake_out, real_out) -> dict[str, nd.NDArray]:
        """Update the discriminator: ascend log D(x, y) + log(1 - D(x, G(x, z)))."""
        fake_pair = self.pool(self.pair(real_in, fake_out))  # no gradient reaches G
        real_pair = self.pair(real_in, real_out).detach()
        with autograd.record():
            fake_logits = self.netD(fake_pair)
            real_logits = self.netD(real_pair)
            # Halved, as in the paper (section 3.3). Adam takes the same step either
            # way; what it sets is the scale: log 2 for a D that cannot tell.
            loss_D = 0.5 * (self.gan(fake_logits, False) + self.gan(real_logits, True))
        loss_D.backward()
        self.trainer_D.step(1)  # 1: the losses are means over the batch already
        return {"loss_D": loss_D,
                "accuracy_D": self.gan.accuracy(fake_logits, real_logits)}

    def step_G(self, real_in, fake_out, real_out) -> dict[str, nd.NDArray]:
        """Update the generator: descend -log D(x, G(x, z)) + lambda |y - G(x, z)|."""
        config = self.config
        # The chain rule in two parts: from the loss to the picture, through D, whose
        # weights this step leaves alone and so computes no gradients for; and from the
        # picture on through G.
        picture = fake_out.detach()
        picture.attach_grad()
        with autograd.record():
            # Detached: one recording of real_in belongs to G's graph already.
            fake_pair = self.pair(real_in.detach(), picture)
            loss_gan = self.gan(self.netD(fake_pair), True)
            loss_l1 = l1_loss(picture, real_out)
            loss_G = config.lambda_gan * loss_gan + config.lambda_l1 * loss_l1
        gradient, = autograd.grad(loss_G, [picture])
        fake_out.backward(gradient)
        self.trainer_G.step(1)
        return {"loss_G": loss_G, "loss_gan": loss_gan, "loss_l1": loss_l1}

    def pair(self, real_in, out) -> nd.NDArray:
        """Return what D judges: ``(N, Cx + Cy, H, W)``, input and output joined.

        Without a condition D sees the output alone: D(y) in the place of D(x, y).
        """
        if not self.config.conditional:
            return out
        return concat_channels(nd, real_in, out, (real_in.shape[1], out.shape[1]))

    @property
    def networks(self) -> dict:
        """The networks by name, as they are saved."""
        return {"generator": self.netG, "discriminator": self.netD}

    @property
    def trainers(self) -> dict:
        """The optimisers, by the name of the network they update."""
        return {"generator": self.trainer_G, "discriminator": self.trainer_D}

    @property
    def pools(self) -> dict:
        """The histories of generated pictures by name, as they are saved."""
        return {"pool": self.pool}

    @property
    def learning_rate(self) -> float:
        """Learning rate of both optimisers; assign to change it."""
        return self.trainer_G.learning_rate

    @learning_rate.setter
    def learning_rate(self, lr: float):
        self.trainer_G.set_learning_rate(lr)
        self.trainer_D.set_learning_rate(lr)

    def translate(self, real_in: nd.NDArray, sample: bool = True) -> nd.NDArray:
        """Translate images of any size; the networks stay as they are.

        Parameters
        ----------
        real_in : NDArray
            ``(N, in_channels, H, W) float32 in [-1, 1]``.
        sample : bool
            True samples as the paper does (section 3.3 and 6.2): dropout on, and each
            image normalised by its own statistics. It is done image by image, so that
            none depends on its neighbours in the batch. The dropout draws from MXNet's
            one stream of random numbers. False is deterministic: no dropout, running
            statistics.

        Returns
        -------
        NDArray
            ``(N, out_channels, H, W)`` in (-1, 1), on the model's device.

        Sides that are no multiple of ``2**num_downs`` are continued by their mirror
        image, and the result is cropped.

        Raises
        ------
        ValueError
            If the shape is another.
        """
        return translate(self.netG, real_in, sample)
