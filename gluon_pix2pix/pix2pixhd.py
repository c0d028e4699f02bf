"""pix2pixHD: photos of high resolution from label maps, object by object.

Wang et al. 2018, "High-Resolution Image Synthesis and Semantic Manipulation with
Conditional GANs".
"""

from __future__ import annotations

import functools
from pathlib import Path

from mxnet import autograd, nd

from .blocks import concat_channels, init_weights
from .convolution import set_precision
from .discriminators import MultiscaleDiscriminator
from .hd_inputs import check_photo, encode_batch, with_looks
from .hd_networks import Encoder, GlobalGenerator, LocalEnhancer
from .hd_translation import LabelTranslator
from .image_pool import ImagePool
from .losses import MultiscaleGANLoss, feature_matching
from .optimizers import adam
from .perceptual import VGGLoss
from .pix2pixhd_config import Pix2PixHDConfig
from .runtime import get_context, seed_everything


def build_generator(config: Pix2PixHDConfig) -> GlobalGenerator | LocalEnhancer:
    """Build the uninitialised generator a configuration describes."""
    options = {"norm": config.norm, "upsampling": config.upsampling}
    sizes = (config.generator_channels, config.out_channels, config.ngf,
             config.n_downsampling, config.n_blocks)
    if config.generator == "global":
        return GlobalGenerator(*sizes, **options)
    return LocalEnhancer(*sizes, config.n_enhancers, config.n_blocks_local, **options)


def build_discriminator(config: Pix2PixHDConfig) -> MultiscaleDiscriminator:
    """Build the uninitialised discriminators a configuration describes.

    They see labels and edges beside the picture, and no features of objects.
    """
    return MultiscaleDiscriminator(config.label_channels + config.out_channels,
                                   config.ndf, config.n_layers, config.num_d,
                                   norm=config.norm)


def build_encoder(config: Pix2PixHDConfig) -> Encoder:
    """Build the uninitialised encoder of the looks of objects."""
    return Encoder(config.out_channels, config.n_features, config.nef,
                   config.n_downsampling_encoder, config.norm,
                   upsampling=config.upsampling)


class Pix2PixHD:
    """Generator, discriminators at several scales, encoder and their training step.

    Building one seeds Python, NumPy and MXNet with ``config.seed``.

    Parameters
    ----------
    config : Pix2PixHDConfig, optional
        All numbers; by default the paper's.
    ctx : Context or str, optional
        ``mx.cpu()``, ``mx.gpu()``, ``"auto"``, ``"cpu"`` or ``"gpu"``.
    vgg_weights : str or Path, optional
        Weights of VGG19, for a ``lambda_vgg`` above 0; see `VGGLoss` for where they are
        looked for otherwise.

    Attributes
    ----------
    netG, netD : HybridBlock
        Generator and discriminators, initialised.
    netE : HybridBlock or None
        The encoder of objects' looks, where ``features`` is "encoder".
    trainer_G, trainer_D, trainer_E : Trainer
        Adam, one for each.
    pool : ImagePool
        History of generated pictures; unused at ``pool_size=0``.
    """

    def __init__(self, config: Pix2PixHDConfig | None = None, ctx=None,
                 vgg_weights: str | Path | None = None):
        self.config = config = config or Pix2PixHDConfig()
        self.ctx = get_context(ctx)
        self.vgg_weights = vgg_weights
        seed_everything(config.seed)

        self.netG = self._ready(build_generator(config))
        self.netD = self._ready(build_discriminator(config))
        self.trainer_G = adam(self.netG, config, self.ctx)
        self.trainer_D = adam(self.netD, config, self.ctx)
        self.netE = self.trainer_E = None
        if config.features == "encoder":
            self.netE = self._ready(build_encoder(config))
            self.trainer_E = adam(self.netE, config, self.ctx)

        self.gan = MultiscaleGANLoss(config.gan_loss, config.num_d)
        self.pool = ImagePool(config.pool_size, seed=config.seed)

    def _ready(self, net):
        init_weights(net, self.config.init, self.config.init_gain, self.ctx)
        set_precision(net, self.config.precision, self.ctx)
        if self.config.hybridize:
            net.hybridize(static_alloc=True, static_shape=True)
        return net

    @functools.cached_property
    def vgg(self) -> VGGLoss | None:
        """The distance between features of VGG19; None at ``lambda_vgg=0``.

        Raises
        ------
        FileNotFoundError, DownloadError
            If its weights cannot be had.
        """
        return (VGGLoss(self.vgg_weights, self.ctx) if self.config.lambda_vgg else None)

    def encode(self, labels: nd.NDArray, instances: nd.NDArray | None = None,
               ) -> nd.NDArray:
        """Make the networks' input of a batch: one-hot labels, and edges of objects.

        Parameters
        ----------
        labels : NDArray
            ``(N, 1, H, W)``, the class of each pixel; where ``label_nc`` is 0, pictures
            ``(N, in_channels, H, W) float32 in [-1, 1]``.
        instances : NDArray, optional
            ``(N, 1, H, W)``, the object of each pixel; left aside without
            ``use_instances``.

        Returns
        -------
        NDArray
            ``(N, label_channels, H, W) float32``, on the model's device.
        """
        return encode_batch(self.config, labels, instances, self.ctx)

    def features_of(self, photo: nd.NDArray, instances: nd.NDArray) -> nd.NDArray:
        """Encode the looks of objects: E(y), ``(N, n_features, H, W)`` in [-1, 1].

        Raises
        ------
        ValueError
            If this model has no encoder.
        """
        return self._translator.features_of(photo, instances)

    def step(self, labels: nd.NDArray, instances: nd.NDArray, photo: nd.NDArray,
             features: nd.NDArray | None = None) -> dict[str, nd.NDArray]:
        """Train all networks on one batch (section 3).

        Parameters
        ----------
        labels, instances : NDArray
            As in `encode`.
        photo : NDArray
            ``(N, C, H, W) float32 in [-1, 1]``.
        features : NDArray, optional
            ``(N, n_features, H, W) float32``, where the configuration has
            ``features="stored"``.

        Returns
        -------
        dict of str to NDArray
            Scalars of shape ``(1,)``: ``loss_D``; ``loss_G``, and its unweighted parts
            ``loss_gan``, ``loss_feat`` and ``loss_vgg``, as far as they have a weight;
            ``accuracy_D``, the share of patches the discriminators told apart before
            their update. None is read back: call ``.asscalar()`` to see one.

        Raises
        ------
        ValueError
            If a shape is another, or instances or features are missing.
        """
        check_photo(self.config, photo, labels)
        labels, photo = self.encode(labels, instances), self._here(photo)
        with autograd.record():
            looks = (self.netE(photo, self._here(instances)) if self.netE
                     else self._here(features))
            fake = self.netG(with_looks(self.config, labels, looks))
        picture = fake.detach()
        picture.attach_grad()
        with autograd.record():
            of_fake = self.netD(self._pair(labels.detach(), picture))
            of_real = self.netD(self._pair(labels, photo).detach())
        # One judgement serves both turns, so all losses are those of the weights before
        # the step.
        losses = self.step_G(fake, picture, photo, of_fake, of_real)
        losses.update(self.step_D(labels, picture, of_fake, of_real))
        self.trainer_D.step(1)  # 1: the losses are means over the batch already
        self.trainer_G.step(1)
        if self.netE:
            self.trainer_E.step(1)
        return losses

    def step_G(self, fake, picture, photo, of_fake, of_real) -> dict[str, nd.NDArray]:
        """Add up what generator and encoder learn: equations 4 and 5, and VGG's.

        ``picture`` is the fake, cut off from its history; the generator is updated by
        `step`.
        """
        config, losses = self.config, {}
        with autograd.record():
            loss_G = losses["loss_gan"] = self.gan(of_fake, True)
            if config.lambda_feat:
                losses["loss_feat"] = feature_matching(of_fake, of_real)
                loss_G = loss_G + config.lambda_feat * losses["loss_feat"]
            if self.vgg:
                losses["loss_vgg"] = self.vgg(picture, photo.detach())
                loss_G = loss_G + config.lambda_vgg * losses["loss_vgg"]
        # Through the discriminators and VGG, but no further than to the picture: their
        # own weights get no gradients. From the picture on, the chain rule goes on
        # through G and E. The graph is kept for the discriminators' turn.
        gradient, = autograd.grad(loss_G, [picture], retain_graph=True)
        fake.backward(gradient)
        return {"loss_G": loss_G, **losses}

    def step_D(self, labels, picture, of_fake, of_real) -> dict[str, nd.NDArray]:
        """Add up what the discriminators learn: equation 2, in least squares.

        With a history of pictures, they learn from one that it hands out instead. They
        are updated by `step`.
        """
        with autograd.record():
            if self.config.pool_size:
                of_fake = self.netD(self.pool(self._pair(labels, picture)))
            loss_D = 0.5 * (self.gan(of_fake, False) + self.gan(of_real, True))
        loss_D.backward()
        return {"loss_D": loss_D, "accuracy_D": self.gan.accuracy(of_fake, of_real)}

    def _pair(self, labels, picture):
        """Join what the discriminators judge: ``(N, label_channels + C, H, W)``."""
        return concat_channels(nd, labels, picture, (labels.shape[1], picture.shape[1]))

    def _here(self, array):
        # Detached, as graphs may not share an input.
        return None if array is None else array.as_in_context(self.ctx).detach()

    def begin_epoch(self, epoch: int) -> None:
        """Prepare for an epoch, counted from 0; `fit` calls it before its first step.

        While ``epoch < epochs_fix_global``, the global part of a local enhancer stays
        as it is (section 3.2).
        """
        if self.config.generator == "local":
            self.netG.freeze_trunk(epoch < self.config.epochs_fix_global)

    @property
    def networks(self) -> dict:
        """The networks by name, as they are saved."""
        networks = {"generator": self.netG, "discriminator": self.netD}
        return {**networks, "encoder": self.netE} if self.netE else networks

    @property
    def trainers(self) -> dict:
        """The optimisers, by the name of the network they update."""
        trainers = {"generator": self.trainer_G, "discriminator": self.trainer_D}
        return {**trainers, "encoder": self.trainer_E} if self.netE else trainers

    @property
    def pools(self) -> dict:
        """The histories of generated pictures by name, as they are saved."""
        return {"pool": self.pool}

    @property
    def learning_rate(self) -> float:
        """Learning rate of all optimisers; assign to change it."""
        return self.trainer_G.learning_rate

    @learning_rate.setter
    def learning_rate(self, lr: float):
        for trainer in self.trainers.values():
            trainer.set_learning_rate(lr)

    def translate(self, labels: nd.NDArray, instances: nd.NDArray | None = None,
                  features: nd.NDArray | None = None) -> nd.NDArray:
        """Paint label maps of any size; the networks stay as they are.

        Parameters
        ----------
        labels, instances :
            As in `encode`.
        features : NDArray, optional
            ``(N, n_features, H, W) float32``, the looks of the objects, as
            `features_of` or `Styles.features` return them.

        Returns
        -------
        NDArray
            ``(N, out_channels, H, W)`` in (-1, 1), on the model's device.

        Raises
        ------
        ValueError
            If a shape is another, or the looks are missing.
        """
        return self._translator.translate(labels, instances, features)

    @property
    def _translator(self):
        return LabelTranslator(self.netG, self.config, self.netE)
