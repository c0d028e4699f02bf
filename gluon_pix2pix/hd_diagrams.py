"""Charts of pix2pixHD: its generators, what its discriminators see, its two stages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from .pix2pixhd_config import Pix2PixHDConfig
from .schedule import learning_rate
from .viz import COLOURS, to_image

INK, PALE = "0.15", "0.55"
GLOBAL, LOCAL = COLOURS["G"], "#e08214"
SCALES = ("#d7301f", "#6a51a3", "#238b45", "#8c510a")  # of discriminators, finest first
WIDTH, HEIGHT = 15.0, 8.6  # of the chart of generators, in its own units


def _slab(ax: Axes, x: float, y: float, wide: float, left: float, right: float,
          colour: str, alpha: float = 1) -> None:
    """Draw a layer: as high as its picture, on both sides."""
    corners = [(x, y - left / 2), (x + wide, y - right / 2), (x + wide, y + right / 2),
               (x, y + left / 2)]
    ax.add_patch(Polygon(corners, fc=colour, ec="white", lw=1.2, alpha=alpha))


def _arrow(ax: Axes, start, end, path: str = "arc3") -> None:
    ax.annotate("", end, start, arrowprops={
        "arrowstyle": "-|>", "color": INK, "lw": 1.6, "mutation_scale": 18,
        "shrinkA": 0, "shrinkB": 0, "connectionstyle": path})


def _text(ax: Axes, x: float, y: float, text: str, colour: str = INK,
          size: float = 13) -> None:
    ax.text(x, y, text, ha="center", va="center", fontsize=size, color=colour)


def _tower(ax: Axes, x: float, y: float, height: float, downs: int, blocks: int,
           colour: str) -> float:
    """Draw halvings, residual blocks and doublings; return where they end."""
    low = height / 2**downs
    for step in range(downs):
        _slab(ax, x, y, 0.62, height / 2**step, height / 2 ** (step + 1), colour, 0.75)
        x += 0.62
    for _ in range(blocks):
        _slab(ax, x, y, 0.26, low, low, colour)
        x += 0.26
    for step in reversed(range(downs)):
        _slab(ax, x, y, 0.62, height / 2 ** (step + 1), height / 2**step, colour, 0.75)
        x += 0.62
    return x


def generators() -> Figure:
    """Draw the local enhancer around the global generator (paper, figure 3).

    What is halved gets lower, so that the height of a layer is that of its picture.

    Returns
    -------
    Figure
        End the cell with ``plt.show()``.
    """
    figure, ax = plt.subplots(figsize=(10.5, 6), layout="constrained")
    ax.set(xlim=(0, WIDTH), ylim=(0, HEIGHT), aspect="equal")
    ax.axis("off")
    top, bottom, full = 5.6, 1.5, 4.0
    half = full / 2
    # The enhancer's two halves stand in the row above, with the sum between.
    _slab(ax, 1.6, top, 0.3, full, full, LOCAL)
    _slab(ax, 1.9, top, 0.8, full, half, LOCAL, 0.75)
    plus = (10.3, top)
    _arrow(ax, (2.7, top), (plus[0] - 0.38, top))
    ax.add_patch(plt.Circle(plus, 0.36, fc="white", ec=INK, lw=1.5))
    _text(ax, *plus, "+", size=18)
    _arrow(ax, (plus[0] + 0.38, top), (11.3, top))
    for step in range(3):
        _slab(ax, 11.3 + 0.3 * step, top, 0.3, half, half, LOCAL)
    _slab(ax, 12.2, top, 0.8, half, full, LOCAL, 0.75)
    _slab(ax, 13.0, top, 0.3, full, full, LOCAL)
    # Below, the global generator without its last layers.
    _arrow(ax, (0.75, top - 1.2), (1.6, bottom), "angle,angleA=-90,angleB=0,rad=0")
    _slab(ax, 1.6, bottom, 0.3, half, half, GLOBAL)
    end = _tower(ax, 1.9, bottom, half, 4, 9, GLOBAL)
    _arrow(ax, (end, bottom), (plus[0], top - 0.38), "angle,angleA=0,angleB=90,rad=0")

    _text(ax, 0.68, top, "labels,\nedges,\nlooks")
    _arrow(ax, (1.32, top), (1.6, top))
    _arrow(ax, (13.3, top), (13.8, top))
    _text(ax, 14.35, top, "photo")
    _text(ax, 0.75, bottom - 0.55, "halved", PALE)
    _text(ax, 6.6, top + 0.45, "at half the size: what it sees itself", PALE)
    _text(ax, 12.4, bottom + 0.9, "what the global\ngenerator knows,\n"
          "without its\nlast layers", PALE)
    _text(ax, 5.8, 8.1, "local enhancer, at the full size", LOCAL, 16)
    _text(ax, 5.8, 3.05, "global generator, at half the size", GLOBAL, 16)
    return figure


def judged_patches(picture, fields: Sequence[int]) -> Figure:
    """Draw what one output of each discriminator sees, in a picture.

    On the left the picture as each of them gets it, with the window of one output, the
    same number of pixels in each; on the right these windows in the whole picture.

    Parameters
    ----------
    picture : NDArray or ndarray
        As `to_image` takes it.
    fields : sequence of int
        Sides of the windows in pixels of the whole picture, finest first.

    Returns
    -------
    Figure
        End the cell with ``plt.show()``.
    """
    photo = to_image(picture)
    height, width = photo.shape[:2]
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(11, 11 * height / width * 0.66 + 0.5), layout="constrained",
        gridspec_kw={"width_ratios": (1, 1.35)})
    middle, at = height / 2, 0.0
    for index, colour in zip(range(len(fields)), SCALES):
        shrunk = width / 2**index, height / 2**index
        left.imshow(photo, extent=(at, at + shrunk[0], middle + shrunk[1] / 2,
                                   middle - shrunk[1] / 2))
        _window(left, at + shrunk[0] / 2, middle, fields[0], colour,
                (at, at + shrunk[0]),
                (middle - shrunk[1] / 2, middle + shrunk[1] / 2))
        at += shrunk[0] + 0.04 * width
    left.set(xlim=(-1, at), ylim=(height, 0), title="the same window at each scale")
    right.imshow(photo)
    for field, colour in zip(fields, SCALES):
        _window(right, width / 2, middle, field, colour, (0, width), (0, height))
        right.plot([], [], color=colour, lw=3, label=f"{field} pixels")
    right.set(xlim=(-1, width), ylim=(height, -1), title="in the whole picture")
    right.legend(loc="lower left", fontsize=10)
    for ax in (left, right):
        ax.set(aspect="equal", xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    return figure


def _window(ax, x, y, side, colour, columns, rows) -> None:
    """Draw a square around a place, as far as it lies in the picture."""
    (x0, x1), (y0, y1) = (np.clip((v - side / 2, v + side / 2), *span)
                          for v, span in ((x, columns), (y, rows)))
    ax.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fc="none", ec=colour, lw=3))


def two_stages(coarse: Pix2PixHDConfig, fine: Pix2PixHDConfig) -> Figure:
    """Draw the rates at which each part learns, from coarse to fine.

    Parameters
    ----------
    coarse, fine : Pix2PixHDConfig
        Of the global generator, and of the local enhancer around it.

    Returns
    -------
    Figure
        End the cell with ``plt.show()``.
    """
    figure, axes = plt.subplots(2, 1, figsize=(9, 3.6), sharex=True, sharey=True,
                                layout="constrained")
    first, second = (config.epochs + config.epochs_decay for config in (coarse, fine))
    frozen = min(fine.epochs_fix_global, second)
    edges = np.arange(first + second + 1)
    rates = [learning_rate(config, epoch) for config, last in
             ((coarse, first), (fine, second)) for epoch in range(1, last + 1)]
    learns = np.ones((2, first + second), bool)  # which part does, in which epoch
    learns[0, first:first + frozen] = learns[1, :first] = False
    for ax, name, colour, active in zip(axes, ("global part", "local enhancer"),
                                        (GLOBAL, LOCAL), learns, strict=True):
        ax.stairs(np.where(active, rates, 0), edges, color=colour, fill=True, alpha=0.8)
        ax.axvline(first, color="0.4", lw=1)
        ax.set_ylabel(name, fontsize=12, color=colour)
        ax.spines[["top", "right"]].set_visible(False)
        ax.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))
    if frozen:
        axes[0].annotate(
            "frozen", (first + frozen / 2, 0), (first + frozen / 2, 0.6 * max(rates)),
            ha="center", color=GLOBAL, fontsize=11, arrowprops={
                "arrowstyle": "-|>", "color": GLOBAL})
    axes[1].text(first / 2, 0.5 * max(rates), "does not exist yet", ha="center",
                 va="center", color=PALE, fontsize=11)
    for place, config in ((first / 2, coarse), (first + second / 2, fine)):
        axes[0].text(place, 1.22 * max(rates), f"pictures {config.size} wide",
                     ha="center", va="center", fontsize=12)
    axes[0].set(xlim=(0, first + second), ylim=(0, 1.1 * max(rates)))
    axes[1].set_xlabel("epoch")
    axes[1].xaxis.get_major_locator().set_params(integer=True)
    figure.supylabel("learning rate", fontsize=11)
    return figure
