"""Charts of CycleGAN: two GANs that mirror each other, and the two round trips."""

from __future__ import annotations

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from .viz import COLOURS

INK, LOSS = "0.15", "tab:green"
DOMAINS = {"A": "#f6cfcb", "B": "#fde3b6"}  # an apple's and an orange's, but pale
NETWORKS = {"G": COLOURS["G"], "F": COLOURS["G"], "D_A": COLOURS["D"],
            "D_B": COLOURS["D"]}
WIDTH = 15.0  # of a chart, in its own units
TOP, BOTTOM = 4.3, 1.5  # of the two rows


def _chart(size: tuple[float, float], low: float, high: float) -> tuple[Figure, Axes]:
    figure, ax = plt.subplots(figsize=size, layout="constrained")
    ax.set(xlim=(0, WIDTH), ylim=(low, high), aspect="equal")
    ax.axis("off")
    return figure, ax


def _box(ax: Axes, centre, text: str, wide: float, colour, ink=INK) -> None:
    """Draw a box 1.1 high around a text."""
    x, y = centre
    style = "round,pad=0,rounding_size=0.2"
    ax.add_patch(FancyBboxPatch((x - wide / 2, y - 0.55), wide, 1.1, style, fc=colour,
                                ec=INK, lw=1.3))
    ax.text(x, y, text, ha="center", va="center", fontsize=16, color=ink)


def _picture(ax: Axes, centre, text: str, domain: str) -> None:
    """Draw a picture in the colour of the domain it belongs to, or ought to."""
    _box(ax, centre, f"${text}$", 2.5, DOMAINS[domain])


def _network(ax: Axes, centre, name: str) -> None:
    _box(ax, centre, f"${name}$", 1.6, NETWORKS[name], "white")


def _arrow(ax: Axes, start, end, path: str = "arc3") -> None:
    ax.annotate("", end, start, arrowprops={
        "arrowstyle": "-|>", "color": INK, "lw": 1.6, "mutation_scale": 18,
        "shrinkA": 0, "shrinkB": 0, "connectionstyle": path})


def mirrored_gans() -> Figure:
    """Draw both generators, each with the discriminator of the domain it leads to.

    The lower row is the upper one turned by half a circle: A for B, G for F.

    Returns
    -------
    Figure
        End the cell with ``plt.show()``.
    """
    figure, ax = _chart((11, 4.3), 0.0, 5.8)
    left, right, middle, y = 1.4, WIDTH - 1.4, WIDTH / 2, (TOP + BOTTOM) / 2
    _picture(ax, (left, y), r"x \in A", "A")
    _picture(ax, (right, y), r"y \in B", "B")
    corner = "angle,angleA=90,angleB=0,rad=0"
    for row, way, generator, made, domain, critic in (
            (TOP, 1, "G", "G(x)", "B", "D_B"), (BOTTOM, -1, "F", "F(y)", "A", "D_A")):
        start, end = (left, right) if way > 0 else (right, left)
        first, last = middle - 3.5 * way, middle + 3.5 * way
        _network(ax, (first, row), generator)
        _picture(ax, (middle, row), made, domain)
        _network(ax, (last, row), critic)
        _arrow(ax, (start, y + 0.55 * way), (first - 0.8 * way, row), corner)
        _arrow(ax, (first + 0.8 * way, row), (middle - 1.25 * way, row))
        _arrow(ax, (middle + 1.25 * way, row), (last - 0.8 * way, row))
        _arrow(ax, (end, y + 0.55 * way), (last + 0.8 * way, row), corner)
        ax.text(last, row + 0.85 * way, f"a real one of ${domain}$?", ha="center",
                va="center", fontsize=13, color=COLOURS["D"])
    return figure


def cycles() -> Figure:
    """Draw the two round trips, and what is compared at the end of each.

    Returns
    -------
    Figure
        End the cell with ``plt.show()``.
    """
    figure, ax = _chart((11, 4.3), 0.0, 5.8)
    for row, text, pictures, networks in (
            (TOP + 0.7, "forward", ("x", "G(x)", "F(G(x))"), "GF"),
            (BOTTOM + 0.6, "backward", ("y", "F(y)", "G(F(y))"), "FG")):
        domains = "ABA" if text == "forward" else "BAB"
        places = [1.4 + step * (WIDTH - 2.8) / 4 for step in range(5)]
        for place, picture, domain in zip(places[::2], pictures, domains):
            _picture(ax, (place, row), picture, domain)
        for place, network in zip(places[1::2], networks):
            _network(ax, (place, row), network)
            _arrow(ax, (place - 1.8, row), (place - 0.8, row))
            _arrow(ax, (place + 0.8, row), (place + 1.8, row))
        below = row - 1.25
        ax.plot((places[0], places[0], places[-1], places[-1]),
                (row - 0.6, below, below, row - 0.6), color=LOSS, lw=2.2,
                ls=(0, (3, 1.5)))
        ax.text(WIDTH / 2, below, rf"{text}:  $\|{pictures[2]} - {pictures[0]}\|_1$",
                ha="center", va="center", fontsize=15, color=LOSS,
                bbox={"fc": "white", "ec": "none", "pad": 6})
    return figure
