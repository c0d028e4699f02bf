"""CycleGAN: two generators, two discriminators, one step, and translation both ways.

Zhu et al. 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
Networks". A and B are the paper's domains X and Y: G turns A into B, F turns B into A.
"""

from __future__ import annotations

from mxnet import autograd, nd
from mxnet.gluon import nn

from .blocks import init_weights
from .config import DIRECTIONS
from .convolution import set_precision
from .cyclegan_config import CycleGANConfig
from .discriminators import PatchCritic, fitting_critic
from .image_pool import ImagePool
from .losses import GANLoss, l1_loss
from .optimizers import adam
from .resnet import ResnetGenerator
from .runtime import get_context, seed_everything
from .translation import Generators


def build_generator(config: CycleGANConfig, direction: str = "AtoB") -> ResnetGenerator:
    """Build one of the two uninitialised generators a configuration describes."""
    channels = [config.in_channels, config.out_channels]
    if direction == "BtoA":
        channels.reverse()
    return ResnetGenerator(*channels, config.ngf, config.n_blocks, config.norm,
                           padding=config.padding, upsampling=config.upsampling,
                           use_dropout=config.use_dropout)


def build_discriminator(config: CycleGANConfig, domain: str = "B") -> PatchCritic:
    """Build the uninitialised judge of the pictures of a domain, "A" or "B".

    Raises
    ------
    ValueError
        If pictures of ``config.size`` are too small for its layers.
    """
    channels = config.in_channels if domain == "A" else config.out_channels
    return fitting_critic(config, channels)


class CycleGAN:
    """Two generators, two discriminators and their training step.

    Building one seeds Python, NumPy and MXNet with ``config.seed``.

    Parameters
    ----------
    config : CycleGANConfig, optional
        All numbers; by default the paper's.
    ctx : Context or str, optional
        ``mx.cpu()``, ``mx.gpu()``, ``"auto"``, ``"cpu"`` or ``"gpu"``.

    Attributes
    ----------
    netG, netF : HybridBlock
        The generators, from A to B and from B to A, initialised.
    netD_A, netD_B : HybridBlock
        The discriminators of pictures of A and of B, initialised.
    generators, discriminators : HybridSequential
        Both of each, in this order, as they are optimised and saved. Each backward pass
        *adds* to the gradients of the generators: whoever trains them otherwise than by
        `step` calls ``generators.collect_params().zero_grad()`` before each step.
    trainer_G, trainer_D : Trainer
        Adam, one for both generators and one for both discriminators.
    pool_A, pool_B : ImagePool
        Histories of the generated pictures of A and of B.
    """

    def __init__(self, config: CycleGANConfig | None = None, ctx=None):
        self.config = config = config or CycleGANConfig()
        self.ctx = get_context(ctx)
        seed_everything(config.seed)

        self.netG = build_generator(config, "AtoB")
        self.netF = build_generator(config, "BtoA")
        self.netD_A = build_discriminator(config, "A")
        self.netD_B = build_discriminator(config, "B")
        self.generators, self.discriminators = (nn.HybridSequential() for _ in "GD")
        self.generators.add(self.netG, self.netF)
        self.discriminators.add(self.netD_A, self.netD_B)
        for nets in (self.generators, self.discriminators):
            init_weights(nets, config.init, config.init_gain, self.ctx)
            set_precision(nets, config.precision, self.ctx)
            if config.hybridize:
                nets.hybridize(static_alloc=True, static_shape=True)
        # Each generator works three times a step. MXNet 1.9.1 dies in a backward pass
        # through two uses of one transposed convolution: so there are three passes, in
        # each of which a generator stands once, and their gradients are added up.
        for parameter in self.generators.collect_params().values():
            if parameter.grad_req == "write":
                parameter.grad_req = "add"
        self.trainer_G = adam(self.generators, config, self.ctx)
        self.trainer_D = adam(self.discriminators, config, self.ctx)

        self.gan = GANLoss(config.gan_loss)
        # Each with random numbers of its own: they do not exchange at the same time.
        self.pool_A = ImagePool(config.pool_size, seed=2 * config.seed)
        self.pool_B = ImagePool(config.pool_size, seed=2 * config.seed + 1)

    def step(self, real_A: nd.NDArray, real_B: nd.NDArray) -> dict[str, nd.NDArray]:
        """Train all networks on one batch: both generators, then both discriminators.

        Parameters
        ----------
        real_A, real_B : NDArray
            ``(N, C, H, W) float32 in [-1, 1]``, a batch of each domain. Nothing ties a
            picture of one to a picture of the other.

        Returns
        -------
        dict of str to NDArray
            Scalars of shape ``(1,)``: ``loss_G``, the generators' weighted sum, and its
            unweighted parts ``loss_G_A2B``, ``loss_G_B2A``, ``loss_cycle_A``,
            ``loss_cycle_B``, ``loss_identity_A``, ``loss_identity_B`` (the last two
            only where ``lambda_identity`` is not 0); ``loss_D_A``, ``loss_D_B``; and
            ``accuracy_D_A``, ``accuracy_D_B``, the shares of patches the discriminators
            told apart before their update. None is read back: call ``.asscalar()`` to
            see one.
        """
        # Detached, as graphs may not share an input, and both might be one array.
        real_A, real_B = (real.as_in_context(self.ctx).detach()
                          for real in (real_A, real_B))
        fake_A, fake_B, losses = self.step_G(real_A, real_B)
        losses.update(self.step_D(real_A, real_B, fake_A, fake_B))
        return losses

    def step_G(self, real_A, real_B) -> tuple[nd.NDArray, nd.NDArray, dict]:
        """Update both generators; return their pictures too, for the discriminators.

        They descend L_GAN(G, D_B) + L_GAN(F, D_A) + lambda L_cyc(G, F) (equation 3),
        and the identity loss (section 5.2).
        """
        config, losses = self.config, {}
        self.generators.collect_params().zero_grad()
        fake_B, losses["loss_G_A2B"], losses["loss_cycle_A"] = self._cycle(
            self.netG, self.netF, self.netD_B, real_A)  # x -> G(x) -> F(G(x)) ~ x
        fake_A, losses["loss_G_B2A"], losses["loss_cycle_B"] = self._cycle(
            self.netF, self.netG, self.netD_A, real_B)  # y -> F(y) -> G(F(y)) ~ y
        loss_G = (losses["loss_G_A2B"] + losses["loss_G_B2A"] + config.lambda_cycle
                  * (losses["loss_cycle_A"] + losses["loss_cycle_B"]))
        if config.lambda_identity:
            losses["loss_identity_A"], losses["loss_identity_B"], weighted = (
                self._identity(real_A, real_B))
            loss_G = loss_G + weighted
        self.trainer_G.step(1)  # 1: the losses are means over the batch already
        return fake_A, fake_B, {"loss_G": loss_G, **losses}

    def _cycle(self, there, back, netD, real):
        """Add the gradients of one way there and back: equation 1, half of equation 2.

        Returns the generated picture, the adversarial loss and the cycle loss.
        """
        with autograd.record():
            fake = there(real)
            loss_cycle = l1_loss(back(fake), real)
            weighted = self.config.lambda_cycle * loss_cycle
        # Through D as well, but no further than to the picture: the weights of D, which
        # this step leaves alone, get no gradients.
        picture = fake.detach()
        picture.attach_grad()
        with autograd.record():
            loss_gan = self.gan(netD(picture), True)
        gradient, = autograd.grad(loss_gan, [picture])
        autograd.backward([weighted, fake], [None, gradient])
        return fake, loss_gan, loss_cycle

    def _identity(self, real_A, real_B):
        """Add the gradients of the identity loss: F leaves A alone, and G leaves B."""
        with autograd.record():
            loss_A = l1_loss(self.netF(real_A), real_A)
            loss_B = l1_loss(self.netG(real_B), real_B)
            weighted = (self.config.lambda_cycle * self.config.lambda_identity
                        * (loss_A + loss_B))
        weighted.backward()
        return loss_A, loss_B, weighted

    def step_D(self, real_A, real_B, fake_A, fake_B) -> dict[str, nd.NDArray]:
        """Update both discriminators, on pictures of their histories (section 4)."""
        pairs = [(self.netD_A, self.pool_A(fake_A), real_A.detach()),
                 (self.netD_B, self.pool_B(fake_B), real_B.detach())]
        with autograd.record():
            logits = [(netD(fake), netD(real)) for netD, fake, real in pairs]
            loss_A, loss_B = (  # halved, as in section 7.1, which Adam does not feel
                0.5 * (self.gan(fake, False) + self.gan(real, True))
                for fake, real in logits)
        autograd.backward([loss_A, loss_B])
        self.trainer_D.step(1)
        accuracy_A, accuracy_B = (self.gan.accuracy(*pair) for pair in logits)
        return {"loss_D_A": loss_A, "loss_D_B": loss_B,
                "accuracy_D_A": accuracy_A, "accuracy_D_B": accuracy_B}

    @property
    def networks(self) -> dict:
        """The networks by name, as they are saved."""
        return {"generators": self.generators, "discriminators": self.discriminators}

    @property
    def trainers(self) -> dict:
        """The optimisers, by the name of the networks they update."""
        return {"generators": self.trainer_G, "discriminators": self.trainer_D}

    @property
    def pools(self) -> dict:
        """The histories of generated pictures by name, as they are saved."""
        return {"pool_A": self.pool_A, "pool_B": self.pool_B}

    @property
    def learning_rate(self) -> float:
        """Learning rate of both optimisers; assign to change it."""
        return self.trainer_G.learning_rate

    @learning_rate.setter
    def learning_rate(self, lr: float):
        self.trainer_G.set_learning_rate(lr)
        self.trainer_D.set_learning_rate(lr)

    def translate(self, real: nd.NDArray, direction: str | None = None,
                  sample: bool = True) -> nd.NDArray:
        """Translate images of any size; the networks stay as they are.

        Parameters
        ----------
        real : NDArray
            ``(N, C, H, W) float32 in [-1, 1]``.
        direction : {"AtoB", "BtoA"}, optional
            By default that of the configuration.
        sample : bool
            As in `gluon_pix2pix.translate`. It changes nothing with instance norm and
            without dropout.

        Returns
        -------
        NDArray
            ``(N, C, H, W)`` in (-1, 1), on the model's device. Sides that are no
            multiple of 4, or too short, are continued by their mirror image, and the
            result is cropped.

        Raises
        ------
        ValueError
            If the shape is another, or there is no such direction.
        """
        return self._both(sample).translate(real, direction or self.config.direction)

    def reconstruct(self, real: nd.NDArray, direction: str | None = None,
                    ) -> tuple[nd.NDArray, nd.NDArray]:
        """Translate there and back again: x, G(x), F(G(x)).

        Parameters
        ----------
        real, direction :
            As in `translate`; the direction is the one of the way there.

        Returns
        -------
        tuple of NDArray
            The translation and what it is turned back into, ``(N, C, H, W)`` each.
        """
        return self._both().reconstruct(real, direction or self.config.direction)

    def _both(self, sample=True):
        return Generators(dict(zip(DIRECTIONS, (self.netG, self.netF))), sample)

