"""The residual generator: halve some times, change little by little, double as often.

Zhu et al. 2017, section 7.2, after Johnson et al. 2016, "Perceptual Losses for
Real-Time Style Transfer and Super-Resolution".
"""

from __future__ import annotations

import dataclasses

from mxnet import nd
from mxnet.gluon import nn

from .blocks import check_images, doubling, norm_layer
from .convolution import Conv2D, ReflectionPad2D
from .cyclegan_config import PADDINGS
from .instance_norm import FastInstanceNetwork


def _convolution(channels, kernel_size, in_channels, padding, use_bias,
                 even_result=False):
    """List the layers of a convolution that keeps height and width."""
    border = kernel_size // 2
    options = {"in_channels": in_channels, "use_bias": use_bias,
               "even_result": even_result}
    if padding == "zero":
        return [Conv2D(channels, kernel_size, padding=border, **options)]
    # Zeros are a frame around the picture that a network sees and paints.
    return [ReflectionPad2D(border, in_channels),
            Conv2D(channels, kernel_size, zeros_given=True, **options)]


class ResnetBlock(nn.HybridBlock):
    """A residual block: its input plus what two 3x3 convolutions make of it.

    Parameters
    ----------
    channels : int
        Channels of input, output and between.
    norm : {"batch", "batch_plain", "instance", "none"}
        Normalisation behind each convolution.
    padding : {"reflect", "zero"}
        What continues the input at its border.
    use_dropout : bool
        Dropout 0.5 between the convolutions.
    use_bias : bool
        Biases in both convolutions.

    Input and output ``(N, channels, H, W)``.
    """

    def __init__(self, channels: int, norm: str = "instance", *,
                 padding: str = "reflect", use_dropout: bool = False,
                 use_bias: bool = True, **kwargs):
        super().__init__(**kwargs)
        _check_padding(padding)
        with self.name_scope():
            self.conv_block = nn.HybridSequential()
            self.conv_block.add(*_convolution(channels, 3, channels, padding, use_bias),
                                norm_layer(norm, channels), nn.Activation("relu"))
            if use_dropout:
                self.conv_block.add(nn.Dropout(0.5))
            self.conv_block.add(*_convolution(channels, 3, channels, padding, use_bias),
                                norm_layer(norm, channels))

    def hybrid_forward(self, F, x):
        return x + self.conv_block(x)


@dataclasses.dataclass(frozen=True)
class Layers:
    """How the layers of a generator are made; lists of them, in order.

    Attributes
    ----------
    norm, padding, upsampling, use_dropout, use_bias :
        As in `ResnetGenerator`.
    """

    norm: str = "instance"
    padding: str = "reflect"
    upsampling: str = "deconvolution"
    use_dropout: bool = False
    use_bias: bool = True

    def __post_init__(self):
        _check_padding(self.padding)

    def first(self, channels: int, in_channels: int) -> list[nn.HybridBlock]:
        """From a picture to ``channels``, at its full size: c7s1."""
        return [*_convolution(channels, 7, in_channels, self.padding, self.use_bias),
                *self._normalised(channels)]

    def halving(self, channels: int) -> list[nn.HybridBlock]:
        """To half of the height and width and twice the ``channels``."""
        return [Conv2D(2 * channels, 3, strides=2, padding=1, in_channels=channels,
                       use_bias=self.use_bias), *self._normalised(2 * channels)]

    def blocks(self, count: int, channels: int) -> list[nn.HybridBlock]:
        """So many residual blocks."""
        return [ResnetBlock(channels, self.norm, padding=self.padding,
                            use_dropout=self.use_dropout, use_bias=self.use_bias)
                for _ in range(count)]

    def doubling(self, channels: int) -> list[nn.HybridBlock]:
        """To twice the height and width and half of the ``channels``."""
        return [doubling(self.upsampling, channels // 2, channels, 3, self.use_bias),
                *self._normalised(channels // 2)]

    def trunk(self, in_channels: int, ngf: int, num_downs: int, n_blocks: int,
              ) -> list[nn.HybridBlock]:
        """All between a picture and the ``ngf`` channels its result is made of."""
        widths = [ngf * 2**level for level in range(num_downs)]
        layers = self.first(ngf, in_channels)
        for channels in widths:
            layers += self.halving(channels)
        layers += self.blocks(n_blocks, ngf * 2**num_downs)
        for channels in reversed(widths):
            layers += self.doubling(2 * channels)
        return layers

    def picture(self, out_channels: int, channels: int) -> list[nn.HybridBlock]:
        """From ``channels`` to a picture in (-1, 1), of even height and width."""
        return [*_convolution(out_channels, 7, channels, self.padding, True,
                              even_result=True), nn.Activation("tanh")]

    def _normalised(self, channels):
        return [norm_layer(self.norm, channels), nn.Activation("relu")]

    def smallest(self, num_downs: int, n_blocks: int) -> int:
        """Say which height and width a network with such a trunk takes at least."""
        if self.padding == "zero":
            return 2**num_downs
        # A reflection needs more pixels than it adds: 1 in a block, where the picture
        # is smallest, and 3 in the first and last layer.
        return max(4, 2**num_downs * (2 if n_blocks else 1))


class ResnetGenerator(FastInstanceNetwork):
    """CycleGAN's generator: c7s1-64, d128, d256, residual blocks, u128, u64, c7s1-3.

    11,378,179 parameters with 9 blocks, for RGB to RGB.

    Parameters
    ----------
    in_channels : int
        Channels of the input image.
    out_channels : int
        Channels of the output image.
    ngf : int
        Channels behind the first layer; they double wherever the size is halved.
        Multiples of 16 are fastest.
    n_blocks : int
        Residual blocks: the paper's 6 for 128 pixels, 9 from 256 pixels on.
    norm : {"batch", "batch_plain", "instance", "none"}
        Kind of normalisation.
    padding : {"reflect", "zero"}
        What continues a picture at its border, in all convolutions that keep its size.
    upsampling : {"deconvolution", "resize"}
        How height and width are doubled; see `doubling`.
    use_dropout : bool
        Dropout 0.5 in the residual blocks.
    use_bias : bool, optional
        Biases in front of the normalisations; by default only without batch norm.
        (Instance norm removes them too: the reference keeps them there.)
    num_downs : int
        How often it halves its input, and doubles it again: the paper's 2.

    Attributes
    ----------
    smallest : int
        The least height and width it takes: 8, or 4 without reflections in its blocks.

    Input ``(N, in_channels, H, W) float32 in [-1, 1]``, H and W multiples of
    ``2**num_downs``; output ``(N, out_channels, H, W)`` in (-1, 1).
    """

    def __init__(self, in_channels: int, out_channels: int = 3, ngf: int = 64,
                 n_blocks: int = 9, norm: str = "instance", *, padding: str = "reflect",
                 upsampling: str = "deconvolution", use_dropout: bool = False,
                 use_bias: bool | None = None, num_downs: int = 2, **kwargs):
        super().__init__(**kwargs)  # prefix and params, as every Gluon block takes
        check_numbers(1, in_channels=in_channels, out_channels=out_channels, ngf=ngf,
                      num_downs=num_downs)
        check_numbers(0, n_blocks=n_blocks)
        layers = Layers(norm, padding, upsampling, use_dropout,
                        norm != "batch" if use_bias is None else use_bias)
        self.in_channels, self.num_downs = in_channels, num_downs
        self.smallest = layers.smallest(num_downs, n_blocks)
        with self.name_scope():
            self.model = nn.HybridSequential()
            self.model.add(*layers.trunk(in_channels, ngf, num_downs, n_blocks),
                           *layers.picture(out_channels, ngf))

    def forward(self, x):
        check_sides(self, x)
        return super().forward(x)

    def hybrid_forward(self, F, x):
        return self.model(x)


def check_numbers(least: int, **numbers: int) -> None:
    """Refuse numbers of channels or layers that are too small, by their names."""
    for name, number in numbers.items():
        if number < least:
            raise ValueError(f"{name}={number} must be at least {least}.")


def check_sides(net, images) -> None:
    """Refuse images that a generator cannot halve as often as it does.

    Parameters
    ----------
    net : HybridBlock
        Has ``in_channels``, ``num_downs`` and ``smallest``.
    images : NDArray or Symbol
        Symbols have no shape yet and are let through.

    Raises
    ------
    ValueError
        Naming a size that would fit.
    """
    if not isinstance(images, nd.NDArray):
        return
    name = type(net).__name__
    check_images(images, net.in_channels, name)
    multiple, sides = 2**net.num_downs, images.shape[2:]
    if any(side % multiple or side < net.smallest for side in sides):
        fits = [max(net.smallest, round(side / multiple) * multiple) for side in sides]
        raise ValueError(
            f"{name} cannot take {sides[0]}x{sides[1]} pixels: both sides must be "
            f"multiples of {multiple}, and at least {net.smallest}, for example "
            f"{fits[0]}x{fits[1]}.")


def _check_padding(padding):
    if padding not in PADDINGS:
        raise ValueError(f"Unknown padding {padding!r}: choose 'reflect' or 'zero'.")
