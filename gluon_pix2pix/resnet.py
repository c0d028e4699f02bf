"""The residual generator: halve twice, change little by little, double twice.

Zhu et al. 2017, section 7.2, after Johnson et al. 2016, "Perceptual Losses for
Real-Time Style Transfer and Super-Resolution".
"""

from __future__ import annotations

from mxnet import nd
from mxnet.gluon import nn

from .blocks import check_images, doubling, norm_layer
from .convolution import Conv2D
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
    return [nn.ReflectionPad2D(border), Conv2D(channels, kernel_size, **options)]


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
        Channels behind the first layer; four times as many in the residual blocks.
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

    Attributes
    ----------
    num_downs : int
        How often it halves its input: twice.
    smallest : int
        The least height and width it takes: 8, or 4 without reflections in its blocks.

    Input ``(N, in_channels, H, W) float32 in [-1, 1]``, H and W multiples of 4; output
    ``(N, out_channels, H, W)`` in (-1, 1).
    """

    num_downs = 2

    def __init__(self, in_channels: int, out_channels: int = 3, ngf: int = 64,
                 n_blocks: int = 9, norm: str = "instance", *, padding: str = "reflect",
                 upsampling: str = "deconvolution", use_dropout: bool = False,
                 use_bias: bool | None = None, **kwargs):
        super().__init__(**kwargs)  # prefix and params, as every Gluon block takes
        if min(in_channels, out_channels, ngf) < 1:
            raise ValueError(
                f"in_channels={in_channels}, out_channels={out_channels} and ngf={ngf} "
                "must all be at least 1."
            )
        if n_blocks < 0:
            raise ValueError(f"n_blocks={n_blocks} must not be negative.")
        _check_padding(padding)
        use_bias = norm != "batch" if use_bias is None else use_bias
        self.in_channels = in_channels
        # A reflection needs more pixels than it adds: 1 in a block, at a quarter of the
        # size, and 3 in the first and last layer.
        self.smallest = 8 if padding == "reflect" and n_blocks else 4

        def normalised(channels):
            return norm_layer(norm, channels), nn.Activation("relu")

        with self.name_scope():
            self.model = nn.HybridSequential()
            add = self.model.add
            add(*_convolution(ngf, 7, in_channels, padding, use_bias), *normalised(ngf))
            for channels in (ngf, 2 * ngf):
                add(Conv2D(2 * channels, 3, strides=2, padding=1, in_channels=channels,
                           use_bias=use_bias), *normalised(2 * channels))
            for _ in range(n_blocks):
                add(ResnetBlock(4 * ngf, norm, padding=padding, use_dropout=use_dropout,
                                use_bias=use_bias))
            for channels in (4 * ngf, 2 * ngf):
                add(doubling(upsampling, channels // 2, channels, 3, use_bias),
                    *normalised(channels // 2))
            # Doubled twice, height and width are even here, whatever came in.
            add(*_convolution(out_channels, 7, ngf, padding, True, even_result=True),
                nn.Activation("tanh"))

    def forward(self, x):
        if isinstance(x, nd.NDArray):
            check_images(x, self.in_channels, "ResnetGenerator")
            sides = x.shape[2:]
            if any(side % 4 or side < self.smallest for side in sides):
                fits = [max(self.smallest, round(side / 4) * 4) for side in sides]
                raise ValueError(
                    f"A ResnetGenerator cannot take {sides[0]}x{sides[1]} pixels: both "
                    f"sides must be multiples of 4, and at least {self.smallest}, for "
                    f"example {fits[0]}x{fits[1]}."
                )
        return super().forward(x)

    def hybrid_forward(self, F, x):
        return self.model(x)


def _check_padding(padding):
    if padding not in PADDINGS:
        raise ValueError(f"Unknown padding {padding!r}: choose 'reflect' or 'zero'.")
