"""A drawing of a small graph: operators in their order, and what flows between them."""

from __future__ import annotations

import json

import mxnet as mx
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

_WEIGHTS = ("weight", "bias", "gamma", "beta", "running_mean", "running_var")
_COLOURS = {"input": "#d9d9d9", "weights": "#cfe3f5", "none": "white"}
_WIDE, _HIGH = 0.84, 0.5  # of a box; from one to the next is 1


def draw_symbol(symbol: mx.sym.Symbol) -> Figure:
    """Draw the operators of a symbol in a row, in the order in which they are computed.

    Blue ones hold weights, whose arrays are counted below. An arc is a connection that
    skips operators.

    Parameters
    ----------
    symbol : Symbol
        A small one: of a block, not of a network.

    Returns
    -------
    Figure
        End the cell with ``plt.show()``.
    """
    nodes = json.loads(symbol.tojson())["nodes"]
    weights = {index for index, node in enumerate(nodes)
               if node["op"] == "null" and node["name"].endswith(_WEIGHTS)}
    shown = [index for index in range(len(nodes)) if index not in weights]
    places = {index: place for place, index in enumerate(shown)}
    figure, ax = plt.subplots(figsize=(1.17 * len(shown), 1.9), layout="constrained")
    for index, x in places.items():
        node = nodes[index]
        sources = [source for source, *_ in node["inputs"]]
        held = len(weights.intersection(sources))
        kind = "input" if node["op"] == "null" else "weights" if held else "none"
        ax.add_patch(FancyBboxPatch(
            (x - _WIDE / 2, -_HIGH / 2), _WIDE, _HIGH, facecolor=_COLOURS[kind],
            edgecolor="0.3", boxstyle="round,pad=0,rounding_size=0.07"))
        ax.text(x, 0, node["name"] if kind == "input" else node["op"], ha="center",
                va="center", fontsize=8.5)
        if held:
            ax.text(x, -_HIGH / 2 - 0.08, f"{held} arrays", ha="center", va="top",
                    fontsize=9, color="0.35")
        for source in set(sources) & set(places):
            _arrow(ax, places[source], x)
    ax.set(xlim=(-0.5, len(shown) - 0.5), ylim=(-0.6, 1.05), aspect="equal")
    ax.axis("off")
    return figure


def _arrow(ax, start, end):
    """Connect neighbours straight, others by an arc above all between them."""
    style = {"arrowstyle": "-|>", "color": "0.3", "lw": 1.4, "shrinkA": 0, "shrinkB": 0}
    if end == start + 1:
        points = (start + _WIDE / 2, 0), (end - _WIDE / 2, 0)
    else:
        points = (start, _HIGH / 2), (end, _HIGH / 2)
        style["connectionstyle"] = f"arc3,rad={-1.2 / (end - start):.3f}"
    ax.annotate("", points[1], points[0], arrowprops=style)
