"""Drawings of networks, measured on the networks themselves.

Nothing here knows a size, a channel count or a receptive field: each drawing sends a
probe through an initialised network, which stays as it is, and draws what comes out at
every layer. All return a figure: end the cell with ``plt.show()``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Polygon, Rectangle
from mxnet import nd
from mxnet.gluon import nn

from .blocks import count_parameters
from .discriminators import PatchCritic, convolutions
from .unet import UnetGenerator, UnetSkipUnit

ENCODER, DECODER, SKIP, LOGITS, INK = "#4c78a8", "#f58518", "#a9c4e0", "#54a24b", "0.15"
ARROW = {"arrowstyle": "-|>", "lw": 1.8, "shrinkA": 1, "shrinkB": 1}


@dataclass(frozen=True)
class Level:
    """What one unit of a U was seen to do; shapes are ``(channels, height, width)``."""

    takes: tuple[int, int, int]
    holds: tuple[int, int, int]  # behind its halving convolution
    decodes: tuple[int, int, int]  # behind its doubling one
    skips: bool
    dropout: float
    parameters: int  # trainable, of this level alone


def probe(net, size: int) -> nd.NDArray:
    """Return a black image for ``net``, which is asked here whether it takes it."""
    parameter = next(iter(net.collect_params().values()))
    if parameter._data is None:
        raise ValueError(
            f"This {type(net).__name__} has no weights yet, so nothing can be sent "
            "through it: call init_weights(net) first."
        )
    x = nd.zeros((1, net.in_channels, size, size), ctx=parameter.list_ctx()[0])
    net(x)
    return x


def unet_levels(net: UnetGenerator, size: int = 256) -> list[Level]:
    """Send an image of ``size`` pixels through a generator and note what it does.

    Returns one entry a level, the outermost first.

    Raises
    ------
    ValueError
        If the network has no weights yet, or cannot take this size.
    """
    levels: list[Level] = []
    _walk(net.model, probe(net, size), levels)
    return levels[::-1]


def _walk(unit: UnetSkipUnit, x: nd.NDArray, levels: list[Level]) -> nd.NDArray:
    """Run one unit layer by layer; the levels inside it are noted before itself."""
    y, dropout, parameters = x, 0.0, 0
    for layer in unit.model:
        if isinstance(layer, UnetSkipUnit):
            y = _walk(layer, y, levels)
            continue
        y = layer(y)
        parameters += count_parameters(layer)
        if isinstance(layer, nn.Conv2D):
            holds = y.shape[1:]
        elif isinstance(layer, nn.Dropout):
            dropout = layer._rate
    levels.append(Level(x.shape[1:], holds, y.shape[1:], unit.skip, dropout,
                        parameters))
    return nd.concat(x, y, dim=1) if unit.skip else y


def _label(channels, height: int, width: int) -> str:
    return f"{height}×{width}×{channels}"


def draw_unet(net: UnetGenerator, size: int = 256) -> Figure:
    """Draw a generator as the U it is: one row a level, its input image on the left.

    A box is as wide as the activation has channels, and the higher the larger it is (by
    powers of two). Without skip connections this is an encoder-decoder.

    Parameters
    ----------
    net : UnetGenerator
        Initialised.
    size : int
        Side of the input image in pixels, a multiple of ``2**num_downs``.
    """
    levels = unet_levels(net, size)
    depth, bottom = len(levels), levels[-1].holds
    widest = max(level.holds[0] for level in levels)
    figure, ax = plt.subplots(figsize=(11, 0.64 * depth + 1.1), layout="constrained")

    def wide(channels):
        return max(0.07, 1.5 * channels / widest)

    def high(shape):
        return 0.22 + 0.4 * np.log2(shape[1]) / np.log2(size)

    def middle(row):  # of both boxes of a row, as a distance from the middle of the U
        return 2.6 + 0.4 * (depth - row)

    def box(left, y, shape, colour, **style):
        corner = left, y - high(shape) / 2
        ax.add_patch(Rectangle(corner, wide(shape[0]), high(shape), facecolor=colour,
                               edgecolor="white", lw=0.8, **style))

    def arrow(start, end, colour=INK, **style):
        ax.annotate("", end, start, zorder=0,
                    arrowprops={**ARROW, "color": colour, **style})

    def text(x, y, words, align):
        ax.text(x, y, words, ha=align, va="center", fontsize=12, color=INK)

    for row, level in enumerate(levels):
        y, centre = -row, middle(row)
        taken, decoded = wide(level.takes[0]), wide(level.decodes[0])
        box(-centre - taken / 2, y, level.takes, ENCODER)
        text(-centre - taken / 2 - 0.15, y, _label(*level.takes), "right")
        channels, half = level.decodes[0], decoded / 2
        if level.skips:
            channels, half = f"({level.takes[0]}+{channels})", (taken + decoded) / 2
            box(centre - half, y, level.takes, SKIP)
            arrow((taken / 2 - centre, y), (centre - half, y), ENCODER, ls="--")
        box(centre + half - decoded, y, level.decodes, DECODER,
            hatch="///" if level.dropout else None)
        text(centre + half + 0.15, y, _label(channels, *level.decodes[1:]), "left")
        if row + 1 < depth:
            inner, below = middle(row + 1), y - 1 + high(level.holds) / 2
        else:  # into the ends of the innermost box, and out of them
            inner, below = wide(bottom[0]) / 2, y - 1
        arrow((-centre, y - high(level.takes) / 2), (-inner, below))
        arrow((inner, below), (centre, y - high(level.takes) / 2))
    box(-wide(bottom[0]) / 2, -depth, bottom, ENCODER)
    text(0, -depth + 0.35, _label(*bottom), "center")

    handles = [Patch(color=ENCODER, label="encoder (halve)"),
               Patch(color=DECODER, label="decoder (double)")]
    if any(level.skips for level in levels):
        handles.append(Patch(color=SKIP, label="skipped from the encoder"))
    for rate in {level.dropout for level in levels} - {0.0}:
        handles.append(Patch(facecolor=DECODER, edgecolor="white", hatch="///",
                             label=f"dropout {rate:g}"))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles),
                  fontsize=12, frameon=False)
    edge = middle(0) + 2.2
    ax.set(xlim=(-edge, edge), ylim=(-depth - 0.4, 0.5))
    ax.axis("off")
    return figure


def conv_outputs(net: PatchCritic, x: nd.NDArray) -> list[nd.NDArray]:
    """Run a discriminator layer by layer; keep what each convolution returns."""
    outputs = []
    for layer in net.model:
        if isinstance(layer, nn.BatchNorm):
            x = _normalise(layer, x)
        else:
            x = layer(x)
        if isinstance(layer, nn.Conv2D):
            outputs.append(x)
    return outputs


def _normalise(layer: nn.BatchNorm, x: nd.NDArray) -> nd.NDArray:
    """Normalise by running statistics, as in predict mode, and differentiably so.

    cuDNN's gradient is always that of batch statistics, through which every pixel
    moves every other; ``use_global_stats`` does without cuDNN.
    """
    return nd.BatchNorm(x, layer.gamma.data(), layer.beta.data(),
                        layer.running_mean.data(), layer.running_var.data(),
                        eps=layer._kwargs["eps"], fix_gamma=False,
                        use_global_stats=True)


def _slab(ax, place: float, wide: float, high: float, colour: str) -> None:
    """Draw a block as seen from the front right, its middle at ``place``."""
    slant = np.array([0.13, 0.16]) * high  # the third dimension
    right, up = np.array([wide, 0.0]), np.array([0.0, high])
    corner = np.array([place, 0]) - (right + up + slant) / 2
    for at, a, b, shade in ((corner, right, up, 1.0), (corner + up, right, slant, 0.85),
                            (corner + right, slant, up, 0.7)):
        tone = shade * np.array(to_rgb(colour))
        ax.add_patch(Polygon([at, at + a, at + a + b, at + b], facecolor=tone,
                             edgecolor="white", lw=0.6))


def draw_patchgan(net: PatchCritic, size: int = 256) -> Figure:
    """Draw a discriminator as a chain of blocks, one a convolution.

    A block is as high as its activation, to scale, and the wider the more channels it
    has. Below it stand its shape and the patch of the input that one element sees.

    Parameters
    ----------
    net : PatchCritic
        A `Discriminator` or `PixelDiscriminator`, initialised.
    size : int
        Side of the input image in pixels.
    """
    x = probe(net, size)
    shapes = [out.shape[1:] for out in (x, *conv_outputs(net, x))]
    widest = max(channels for channels, _, _ in shapes)
    figure, ax = plt.subplots(figsize=(11, 3.6), layout="constrained")
    field, jump, space, last = 1, 1, 1.9, len(shapes) - 1
    for index, shape in enumerate(shapes):
        place, seen = space * index, "the input"
        if index:
            kernel, stride, _ = convolutions(net)[index - 1]
            field, jump = field + (kernel - 1) * jump, jump * stride
            seen = f"sees {field}×{field}"
            ax.annotate("", (place - 0.62, 0), (place - space + 0.62, 0),
                        arrowprops={**ARROW, "color": INK})
            ax.text(place - space / 2, 1.45, f"{kernel}×{kernel} conv\nstride {stride}",
                    ha="center", va="bottom", fontsize=12, color=INK)
        colour = LOGITS if index == last else DECODER if index else ENCODER
        _slab(ax, place, 0.06 + 0.4 * np.sqrt(shape[0] / widest),
              2.2 * shape[1] / size, colour)
        ax.text(place, -1.4, f"{_label(*shape)}\n{seen}", ha="center", va="top",
                fontsize=12, color=INK)
    ax.set(xlim=(-0.9, space * last + 0.9), ylim=(-2.2, 2.2))
    ax.axis("off")
    return figure
