"""Discriminators that judge patches, not pictures.

Isola et al. 2017, sections 3.2.2 and 6.1.2: a fully convolutional network whose every
output is one decision about one N x N patch of its input. Wang et al. 2018, section
3.2: several of them, which see the picture at several sizes.
"""

from __future__ import annotations

from mxnet import nd
from mxnet.gluon import nn

from .blocks import check_images, concat_channels, halved, norm_layer
from .config import ModelConfig
from .convolution import Conv2D
from .instance_norm import FastInstanceNetwork


def convolutions(net) -> list[tuple[int, int, int]]:
    """List ``(kernel, stride, padding)`` of the convolutions of a chain, in order."""
    layers = [layer._kwargs for layer in net.model if isinstance(layer, nn.Conv2D)]
    return [(conv["kernel"][0], conv["stride"][0], conv["pad"][0]) for conv in layers]


def receptive_field(net) -> int:
    """Compute the side of the input patch, in pixels, that one output of ``net`` sees.

    From the last layer to the first, a field of r outputs sees
    ``(r - 1) * stride + kernel`` inputs.
    """
    field = 1
    for kernel, stride, _ in reversed(convolutions(net)):
        field = (field - 1) * stride + kernel
    return field


def output_size(net, size: int) -> int:
    """Compute the side of the map of logits for a ``size`` x ``size`` input."""
    for kernel, stride, padding in convolutions(net):
        size = (size + 2 * padding - kernel) // stride + 1
    return size


class PatchCritic(FastInstanceNetwork):
    """What all discriminators of patches share: images in, a map of logits out.

    ``net(xy)`` takes condition and image already concatenated, ``(N, in_channels, H,
    W)``; ``net(x, y)`` takes them apart and concatenates them. Subclasses fill
    ``self.model``, a chain of layers.
    """

    depth = "n_layers"  # the parameter that says how small a picture may be

    def __init__(self, in_channels: int, **kwargs):
        super().__init__(**kwargs)  # prefix and params, as every Gluon block takes
        if in_channels < 1:
            raise ValueError(f"in_channels={in_channels} must be at least 1.")
        self.in_channels = in_channels

    def forward(self, x, y=None):
        if y is not None:
            x = concat_channels(nd, x, y, (x.shape[1], y.shape[1]))
        if isinstance(x, nd.NDArray):
            check_images(x, self.in_channels, type(self).__name__)
            self.check_size(*x.shape[2:])
        return super().forward(x)

    def check_size(self, height: int, width: int) -> None:
        """Raise ValueError if nothing would be left of pictures of such a size."""
        if not self.fits(min(height, width)):
            smallest = next(size for size in range(1, 4096) if self.fits(size))
            raise ValueError(
                f"{type(self).__name__} cannot judge {height}x{width} pixels: it takes "
                f"at least {smallest}x{smallest}, or build it with fewer {self.depth}.")

    def fits(self, size: int) -> bool:
        """Say whether anything is left of the shorter side of a picture, in pixels."""
        return output_size(self, size) >= 1

    def hybrid_forward(self, F, x):
        return self.model(x)


class Discriminator(PatchCritic):
    """PatchGAN: ``n_layers`` strided convolutions, then two of stride 1.

    ``n_layers`` 1, 3, 5 gives receptive fields of 16, 70, 286 pixels. With the paper's
    70x70 patches, 256x256 pixels become 30x30 logits; 2,768,705 parameters for two RGB
    images.

    Parameters
    ----------
    in_channels : int
        Channels of condition and image together.
    ndf : int
        Channels behind the first layer; they double with each layer, up to ``8 ndf``.
    n_layers : int
        Strided convolutions, at least 1.
    use_sigmoid : bool
        Return probabilities instead of logits. The losses of this package want logits.
    use_bias : bool
        Biases in front of the normalisations.
    norm : {"batch", "batch_plain", "instance", "none"}
        Kind of normalisation.
    padding : int
        Zeros around each layer's input. The paper's 30x30 map needs 1.

    Input ``(N, in_channels, H, W)`` or two such images; output ``(N, 1, h, w)``.
    """

    def __init__(self, in_channels: int, ndf: int = 64, n_layers: int = 3,
                 use_sigmoid: bool = False, use_bias: bool = False, *,
                 norm: str = "batch", padding: int = 1, **kwargs):
        super().__init__(in_channels, **kwargs)
        if n_layers < 1:
            raise ValueError(
                f"n_layers={n_layers} must be at least 1; patches of one pixel are the "
                "PixelDiscriminator's."
            )

        def conv(channels, previous, stride, bias):
            return Conv2D(channels, kernel_size=4, strides=stride, padding=padding,
                             in_channels=previous, use_bias=bias)

        with self.name_scope():
            self.model = nn.HybridSequential()
            self.model.add(conv(ndf, in_channels, 2, True), nn.LeakyReLU(0.2))
            previous = ndf
            for n in range(1, n_layers + 1):
                channels = ndf * min(2**n, 8)
                stride = 2 if n < n_layers else 1
                self.model.add(conv(channels, previous, stride, use_bias),
                               norm_layer(norm, channels), nn.LeakyReLU(0.2))
                previous = channels
            self.model.add(conv(1, previous, 1, True))
            if use_sigmoid:
                self.model.add(nn.Activation("sigmoid"))


class PixelDiscriminator(PatchCritic):
    """PixelGAN: 1x1 convolutions C64-C128, one decision about every single pixel.

    It sees colours and no structure at all (Isola et al. 2017, section 4.4).

    Parameters
    ----------
    in_channels : int
        Channels of condition and image together.
    ndf : int
        Channels behind the first layer; twice as many behind the second.
    use_bias : bool
        Biases in the second convolution and, as in the reference, the third.
    use_sigmoid, norm :
        As in `Discriminator`.

    Input ``(N, in_channels, H, W)`` or two such images; output ``(N, 1, H, W)``.
    """

    def __init__(self, in_channels: int, ndf: int = 64, use_sigmoid: bool = False,
                 use_bias: bool = False, *, norm: str = "batch", **kwargs):
        super().__init__(in_channels, **kwargs)
        with self.name_scope():
            self.model = nn.HybridSequential()
            self.model.add(
                Conv2D(ndf, 1, in_channels=in_channels), nn.LeakyReLU(0.2),
                Conv2D(ndf * 2, 1, in_channels=ndf, use_bias=use_bias),
                norm_layer(norm, ndf * 2), nn.LeakyReLU(0.2),
                Conv2D(1, 1, in_channels=ndf * 2, use_bias=use_bias),
            )
            if use_sigmoid:
                self.model.add(nn.Activation("sigmoid"))


class MultiscaleDiscriminator(PatchCritic):
    """Discriminators of the same layers, which see a picture at several scales.

    The finest sees it as it is, each further one at half the size, where a patch shows
    twice as much of the scene. Beside its logits each returns what its layers find on
    the way, for the feature matching loss (Wang et al. 2018, section 3.2).
    5,603,202 parameters for two scales and 39 channels.

    Parameters
    ----------
    in_channels : int
        Channels of condition and image together.
    ndf, n_layers, norm, padding :
        Of each scale, as in `Discriminator`.
    num_d : int
        Number of scales.

    Attributes
    ----------
    scales : HybridSequential
        A `Discriminator` for each scale, the coarsest first: where a finer one is
        added for larger pictures, the others keep their names.

    Input ``(N, in_channels, H, W)`` or two such images; output a list over the scales,
    the finest first, each of which is the list of its activations, ``(N, C, h, w)``,
    behind each LeakyReLU, and behind these the logits, ``(N, 1, h, w)``.
    """

    depth = "n_layers or num_d"

    def __init__(self, in_channels: int, ndf: int = 64, n_layers: int = 3,
                 num_d: int = 2, *, norm: str = "instance", padding: int = 2, **kwargs):
        super().__init__(in_channels, **kwargs)
        if num_d < 1:
            raise ValueError(f"num_d={num_d} must be at least 1.")
        with self.name_scope():
            self.scales = nn.HybridSequential()
            for _ in range(num_d):
                self.scales.add(Discriminator(in_channels, ndf, n_layers, use_bias=True,
                                              norm=norm, padding=padding))

    def fits(self, size: int) -> bool:
        """Say whether the coarsest scale sees as much of a picture as one kernel does.

        With a padding of 2 it would judge a single pixel, and more zeros than that.
        """
        for _ in range(len(self.scales) - 1):
            size = (size + 1) // 2
        coarsest = self.scales[0]
        kernel, _, _ = convolutions(coarsest)[0]
        return size >= kernel and coarsest.fits(size)

    def hybrid_forward(self, F, x):
        outputs = []
        for critic in reversed(self.scales):
            if outputs:
                x = halved(F, x, self.in_channels)
            outputs.append(_activations(critic, x))
        return outputs


def _activations(critic, x):
    """List what a chain of layers has behind each LeakyReLU, and its logits."""
    found = []
    for layer in critic.model:
        x = layer(x)
        if isinstance(layer, nn.LeakyReLU):
            found.append(x)
    return [*found, x]


def fitting_critic(config: ModelConfig, channels: int) -> PatchCritic:
    """Build the uninitialised discriminator that a configuration describes.

    Parameters
    ----------
    config : ModelConfig
        Has ``ndf``, ``n_layers`` (0 is the PixelDiscriminator), ``norm`` and ``size``.
    channels : int
        Channels of what it judges.

    Raises
    ------
    ValueError
        If pictures of ``config.size`` are too small for its layers.
    """
    options = {"norm": config.norm, "use_bias": config.norm != "batch"}
    if config.n_layers == 0:
        return PixelDiscriminator(channels, config.ndf, **options)
    netD = Discriminator(channels, config.ndf, config.n_layers, **options)
    if output_size(netD, config.size) < 1:
        raise ValueError(
            f"A PatchGAN with n_layers={config.n_layers} leaves nothing of "
            f"{config.size} pixels: choose fewer layers or a larger size."
        )
    return netD
