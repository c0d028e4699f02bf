"""Flow charts of the adversarial game: who sees what, and where gradients flow."""

from __future__ import annotations

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch

from .viz import COLOURS

INK, PALE, GRADIENT = "0.15", "0.88", "tab:green"
WIDTH, HEIGHT = 10.8, 8.3  # of one chart, in its own units

# Centres of what every chart has; data flow from the left to the right.
CONDITION, NOISE, TARGET = (1.0, 3.4), (3.1, 6.9), (1.0, 1.2)
G, D = (3.1, 5.1), (9.3, 3.4)
FAKE, REAL, VERDICT = (6.1, 5.1), (6.1, 1.2), (9.3, 6.1)


def _chart(ax: Axes, title: str) -> None:
    ax.set(xlim=(0, WIDTH), ylim=(0.4, HEIGHT), aspect="equal")
    ax.text(WIDTH / 2, 7.9, title, fontsize=15, ha="center", va="center", color=INK)
    ax.axis("off")


def _box(ax: Axes, centre, text: str, size=(1.5, 1.1), colour="white",
         ink=INK) -> None:
    """Draw a box around a text."""
    x, y = centre[0] - size[0] / 2, centre[1] - size[1] / 2
    style = "round,pad=0,rounding_size=0.2"
    ax.add_patch(FancyBboxPatch((x, y), *size, style, fc=colour, ec=INK, lw=1.3,
                                zorder=2))
    ax.text(*centre, text, ha="center", va="center", fontsize=15, color=ink, zorder=3)


def _network(ax: Axes, centre, name: str, trained: bool = True) -> None:
    """Draw a network: in its colour if it is trained, pale if it is only used."""
    colour, ink = (COLOURS[name], "white") if trained else (PALE, INK)
    _box(ax, centre, f"${name}$", (1.6, 1.6), colour, ink)


def _arrow(ax: Axes, *points, gradient: bool = False) -> None:
    """Draw an arrow along points: data in ink, a gradient dashed."""
    style = {"color": GRADIENT, "ls": (0, (2, 1)), "lw": 2.4} if gradient \
        else {"color": INK, "ls": "-", "lw": 1.5}
    ax.plot(*np.transpose(points), color=style["color"], ls=style["ls"], lw=style["lw"],
            zorder=1, solid_joinstyle="round")
    head = {"arrowstyle": "-|>", "color": style["color"], "lw": 0, "shrinkA": 0,
            "shrinkB": 0, "mutation_scale": 18}
    (x0, y0), (x1, y1) = points[-2:]
    back = 0.02 / max(1e-9, ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5)
    ax.annotate("", (x1, y1), (x1 - (x1 - x0) * back, y1 - (y1 - y0) * back),
                arrowprops=head, zorder=1)


def _generator(ax: Axes, conditional: bool = True, trained: bool = True) -> None:
    """Draw noise and condition on their way through G to the fake."""
    _box(ax, NOISE, "$z$", (0.9, 0.8))
    _arrow(ax, (3.1, 6.5), (3.1, 5.9))
    _network(ax, G, "G", trained)
    _arrow(ax, (3.9, 5.3), (4.75, 5.3))
    _box(ax, FAKE, "$x,\\;\\;G(x,z)$" if conditional else "$G(z)$", (2.7, 1.1))
    if conditional:
        _box(ax, CONDITION, "$x$")
        _arrow(ax, (1.0, 3.95), (1.0, 5.1), (2.3, 5.1))  # to G
        _arrow(ax, (1.75, 3.4), (5.2, 3.4), (5.2, 4.55))  # to the fake pair


def _discriminator(ax: Axes, verdict: str, trained: bool = True) -> None:
    """Draw D, the fake on its way there, and what comes out."""
    _network(ax, D, "D", trained)
    _arrow(ax, (7.45, 5.1), (7.9, 5.1), (7.9, 3.8), (8.5, 3.8))
    _box(ax, VERDICT, verdict, (2.2, 1.3))
    _arrow(ax, (9.0, 4.2), (9.0, 5.45))


def _real(ax: Axes, conditional: bool = True) -> None:
    """Draw the real picture on its way into D."""
    _box(ax, TARGET, "$y$")
    if conditional:
        _box(ax, REAL, "$x,\\;\\;y$", (2.7, 1.1))
        _arrow(ax, (1.75, 1.2), (4.75, 1.2))
        _arrow(ax, (5.2, 3.4), (5.2, 1.75))
        start = 7.45
    else:
        start = 1.75
    _arrow(ax, (start, 1.2), (7.9, 1.2), (7.9, 3.0), (8.5, 3.0))


def gan_and_cgan() -> Figure:
    """Draw a GAN beside a conditional one, whose networks both see x.

    Returns
    -------
    Figure
        End the cell with ``plt.show()``.
    """
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    for ax, conditional in zip(axes, (False, True), strict=True):
        _chart(ax, "conditional GAN" if conditional else "GAN")
        _generator(ax, conditional)
        _real(ax, conditional)
        _discriminator(ax, "real or\nfake?")
    return figure


def training_step() -> Figure:
    """Draw the two turns of a step: what is computed, and where gradients flow back.

    The network whose turn it is has its colour. ``detach`` ends D's gradient before it
    reaches G; in G's turn the gradient runs through D, whose weights stay.

    Returns
    -------
    Figure
        End the cell with ``plt.show()``.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.7), layout="constrained")
    _chart(left, "D's turn")
    _generator(left, trained=False)
    _real(left)
    _discriminator(left, "$\\mathcal{L}_D$")
    for shift in (0, 0.22):  # the cut
        left.plot((4.05 + shift, 4.35 + shift), (4.9, 5.7), color=COLOURS["D"],
                  lw=2.5, zorder=4)
    left.text(4.5, 6.05, "detach", color=COLOURS["D"], fontsize=14, ha="center")

    _chart(right, "G's turn")
    _generator(right)
    _discriminator(right, "$\\mathcal{L}_{cGAN}$", trained=False)
    _box(right, TARGET, "$y$")
    _box(right, REAL, "$\\lambda\\,\\mathcal{L}_{L1}$", (2.7, 1.1))
    _arrow(right, (1.75, 1.2), (4.75, 1.2))
    _arrow(right, (6.0, 4.55), (6.0, 1.75))
    _arrow(right, (6.5, 1.75), (6.5, 4.55), gradient=True)
    _arrow(right, (8.5, 3.3), (7.1, 3.3), (7.1, 4.55), gradient=True)
    _arrow(right, (4.75, 4.8), (3.9, 4.8), gradient=True)
    for ax in (left, right):
        _arrow(ax, (9.65, 5.45), (9.65, 4.2), gradient=True)

    patch = FancyBboxPatch((0, 0), 1, 1, fc=PALE, ec=INK)
    lines = [Line2D([], [], color=INK, lw=1.5),
             Line2D([], [], color=GRADIENT, ls=(0, (2, 1)), lw=2.4), patch]
    names = ("forward pass", "gradient", "weights stay as they are")
    figure.legend(lines, names, loc="outside lower center", ncols=3, fontsize=12,
                  frameon=False)
    return figure
