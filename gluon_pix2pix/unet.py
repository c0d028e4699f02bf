"""The U-Net generator: an encoder-decoder whose layers of equal size are connected.

Isola et al. 2017, sections 3.2.1 and 6.1.1. The network is built inside out: the
innermost unit first, each further unit wrapped around it.
"""

from __future__ import annotations

from mxnet import nd
from mxnet.gluon import nn

from .blocks import check_images, concat_channels, doubling, norm_layer
from .convolution import Conv2D
from .instance_norm import FastInstanceNetwork


class UnetSkipUnit(nn.HybridBlock):
    """One level of the U: halve, do everything inside, double, append the input.

    ::

        x ── down ── inner_block ── up ── concat ──>
        └──────────── skip ───────────────┘

    Parameters
    ----------
    inner_channels : int
        Channels between this unit and its inner block.
    outer_channels : int
        Channels this unit's decoder returns (and, unless ``in_channels`` says
        otherwise, takes).
    inner_block : UnetSkipUnit, optional
        The next smaller level; None in the innermost unit.
    innermost, outermost : bool
        The two ends of the U have no normalised encoder, and the outermost has a tanh
        instead of a skip connection.
    use_dropout : bool
        Dropout 0.5 behind the decoder: the noise z of the paper.
    use_bias : bool
        Biases in front of a normalisation, which removes them again (batch norm) or
        does not (``norm="none"``).
    norm : {"batch", "batch_plain", "instance", "none"}
        Kind of normalisation.
    in_channels : int, optional
        Channels this unit takes; ``outer_channels`` by default.
    skip : bool
        False leaves the skip connection out: a plain encoder-decoder, to compare with.
    upsampling : {"deconvolution", "resize"}
        How the decoder doubles; see `blocks.doubling`.

    Input ``(N, in_channels, H, W)``, H and W even. Output
    ``(N, in_channels + outer_channels, H, W)``, the input first as in the reference;
    ``(N, outer_channels, H, W)`` for the outermost unit or without skip.
    """

    def __init__(self, inner_channels: int, outer_channels: int, inner_block=None,
                 innermost: bool = False, outermost: bool = False,
                 use_dropout: bool = False, use_bias: bool = False, *,
                 norm: str = "batch", in_channels: int | None = None,
                 skip: bool = True, upsampling: str = "deconvolution", **kwargs):
        super().__init__(**kwargs)  # prefix and params, as every Gluon block takes
        if innermost and outermost:
            raise ValueError("A UnetSkipUnit is innermost or outermost, not both.")
        if (inner_block is None) != innermost:
            raise ValueError(
                "The innermost UnetSkipUnit has no inner_block, every other has one."
            )
        in_channels = in_channels or outer_channels
        self._channels = (in_channels, outer_channels)
        self.skip = skip and not outermost
        self.innermost, self.outermost = innermost, outermost
        # What comes back from inside: its decoder's output, and its skipped input.
        returned = inner_channels * (2 if inner_block and inner_block.skip else 1)

        with self.name_scope():
            down = Conv2D(inner_channels, kernel_size=4, strides=2, padding=1,
                             in_channels=in_channels, use_bias=use_bias)
            up = doubling(upsampling, outer_channels, returned,
                          use_bias=use_bias or outermost)
            self.model = nn.HybridSequential()
            if outermost:
                layers = [down, inner_block, nn.Activation("relu"), up,
                          nn.Activation("tanh")]
            elif innermost:
                layers = [nn.LeakyReLU(0.2), down,
                          nn.Activation("relu"), up, norm_layer(norm, outer_channels)]
            else:
                layers = [nn.LeakyReLU(0.2), down, norm_layer(norm, inner_channels),
                          inner_block,
                          nn.Activation("relu"), up, norm_layer(norm, outer_channels)]
            if use_dropout:
                layers.append(nn.Dropout(0.5))
            self.model.add(*layers)

    def forward(self, x):
        if isinstance(x, nd.NDArray):
            check_images(x, self._channels[0], "UnetSkipUnit")
            if x.shape[2] % 2 or x.shape[3] % 2:
                raise ValueError(
                    f"UnetSkipUnit halves its input, but got {x.shape[2]}x{x.shape[3]} "
                    "pixels: both sides must be even."
                )
        return super().forward(x)

    def hybrid_forward(self, F, x):
        if self.skip:
            return concat_channels(F, x, self.model(x), self._channels)
        return self.model(x)


class UnetGenerator(FastInstanceNetwork):
    """The paper's generator: ``num_downs`` nested units, tanh at the end.

    With ``num_downs=8, ngf=64`` the encoder is C64-C128-C256-C512-C512-C512-C512-C512
    and reaches 1x1 from 256x256; 54,413,955 parameters for RGB to RGB.

    Parameters
    ----------
    in_channels : int
        Channels of the input image.
    num_downs : int
        How often the image is halved: 5 or more.
    ngf : int
        Channels behind the first layer. Multiples of 16 are fastest.
    use_dropout : bool
        Dropout in the ``num_downs - 5`` units around the innermost one.
    out_channels : int, optional
        Channels of the output image; ``in_channels`` by default.
    norm : {"batch", "batch_plain", "instance", "none"}
        Kind of normalisation.
    use_bias : bool, optional
        Biases in all convolutions; by default only without batch norm, which would
        remove them. (Instance norm does too: the reference keeps them there.)
    skip : bool
        False builds the encoder-decoder without skip connections.
    upsampling : {"deconvolution", "resize"}
        How the decoder doubles; see `blocks.doubling`.

    Input ``(N, in_channels, H, W) float32 in [-1, 1]``, H and W multiples of
    ``2**num_downs``; output ``(N, out_channels, H, W)`` in (-1, 1).
    """

    def __init__(self, in_channels: int, num_downs: int, ngf: int = 64,
                 use_dropout: bool = True, *, out_channels: int | None = None,
                 norm: str = "batch", use_bias: bool | None = None, skip: bool = True,
                 upsampling: str = "deconvolution", **kwargs):
        super().__init__(**kwargs)
        if num_downs < 5:
            raise ValueError(
                f"num_downs={num_downs} is too few: the U-Net widens over 4 levels "
                "around an innermost one, so it halves at least 5 times."
            )
        out_channels = in_channels if out_channels is None else out_channels
        if min(in_channels, out_channels, ngf) < 1:
            raise ValueError(
                f"in_channels={in_channels}, out_channels={out_channels} and ngf={ngf} "
                "must all be at least 1."
            )
        self.in_channels, self.num_downs = in_channels, num_downs
        common = {"norm": norm, "skip": skip, "upsampling": upsampling,
                  "use_bias": norm != "batch" if use_bias is None else use_bias}

        with self.name_scope():
            unet = UnetSkipUnit(ngf * 8, ngf * 8, innermost=True, **common)
            for _ in range(num_downs - 5):
                unet = UnetSkipUnit(ngf * 8, ngf * 8, unet, use_dropout=use_dropout,
                                    **common)
            unet = UnetSkipUnit(ngf * 8, ngf * 4, unet, **common)
            unet = UnetSkipUnit(ngf * 4, ngf * 2, unet, **common)
            unet = UnetSkipUnit(ngf * 2, ngf, unet, **common)
            self.model = UnetSkipUnit(ngf, out_channels, unet, outermost=True,
                                      in_channels=in_channels, **common)

    def forward(self, x):
        if isinstance(x, nd.NDArray):
            check_images(x, self.in_channels, "UnetGenerator")
            multiple, sides = 2 ** self.num_downs, x.shape[2:]
            if any(side % multiple for side in sides):
                fits = [max(1, round(side / multiple)) * multiple for side in sides]
                raise ValueError(
                    f"A U-Net with num_downs={self.num_downs} cannot take "
                    f"{sides[0]}x{sides[1]} pixels: both sides must be multiples of "
                    f"{multiple}, for example {fits[0]}x{fits[1]}."
                )
        return super().forward(x)

    def hybrid_forward(self, F, x):
        return self.model(x)
