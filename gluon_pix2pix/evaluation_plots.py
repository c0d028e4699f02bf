"""Figures about scores: what they say of pictures, and how they can be fooled.

All drawings return a figure: end the cell with ``plt.show()``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from .evaluation_table import SCORES, number
from .frechet import fit_gaussian
from .metrics import diversity
from .viz import COLOURS, to_image

_PERFECT = {"l1": 0.0, "ssim": 1.0}  # where nobody need be asked
_SHOWN = -0.5, 1.5  # shares of the way from the floor to the ceiling


def draw_spread(rows: dict[str, Sequence], most: int = 4) -> Figure:
    """Draw several answers side by side, and where and how far they differ.

    Parameters
    ----------
    rows : dict of str to sequence of ndarray
        By caption, two or more images ``(C, H, W)`` in [-1, 1] each. The standard
        deviation over all of a row is drawn behind its first ``most``, on one scale.
    """
    columns = min(most, max(map(len, rows.values()))) + 1
    figure, axes = plt.subplots(len(rows), columns, squeeze=False,
                                figsize=(2.1 * columns + 0.6, 2.4 * len(rows)),
                                layout="constrained")
    maps = {name: np.std(images, axis=0).mean(axis=0) for name, images in rows.items()}
    highest = max(spread.max() for spread in maps.values())
    for line, (name, images) in zip(axes, rows.items()):
        for ax, image in zip(line, images[:most]):
            ax.imshow(to_image(image))
        drawn = line[-1].imshow(maps[name], cmap="magma", vmin=0, vmax=highest or 1)
        line[-1].set_title(f"diversity {diversity(images):.3f}", fontsize=11)
        line[0].set_ylabel(name, fontsize=11)
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    figure.colorbar(drawn, ax=axes[:, -1], label="standard deviation, on [-1, 1]")
    return figure


def draw_score_table(rows: dict[str, dict[str, float]]) -> Figure:
    """Draw scores as a table: the better in its column, the darker.

    Parameters
    ----------
    rows : dict of str to dict of str to float
        By caption, scores by their names in `SCORES`, the same ones in each row.
        Darkness goes by rank alone.
    """
    names = list(next(iter(rows.values())))
    values = np.array([[scores[name] for name in names] for scores in rows.values()])
    signs = np.array([1 if SCORES[name].more_is_better else -1 for name in names])
    # How many of the others are worse; equal ones share a colour.
    better = (signs * values)[:, None] > (signs * values)[None]
    shade = better.sum(axis=1) / max(1, len(values) - 1)
    figure, ax = plt.subplots(figsize=(1.35 * len(names) + 2.4, 0.42 * len(rows) + 1),
                              layout="constrained")
    ax.imshow(shade, cmap="Greens", vmin=0, vmax=1.35, aspect="auto")
    for row, line in enumerate(values):
        for column, value in enumerate(line):
            ax.text(column, row, number(value), ha="center", va="center", fontsize=11)
    ax.set_xticks(range(len(names)), [f"{SCORES[name].label}\n{SCORES[name].better}"
                                      for name in names], fontsize=10)
    ax.set_yticks(range(len(rows)), rows, fontsize=11)
    ax.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    ax.set_xticks(np.arange(len(names) - 1) + 0.5, minor=True)
    ax.set_yticks(np.arange(len(rows) - 1) + 0.5, minor=True)
    ax.grid(which="minor", color="white", lw=2)
    ax.tick_params(which="minor", length=0)
    ax.spines[:].set_visible(False)
    return figure


def draw_score_curves(x: Sequence[float], curves: dict[str, list[dict[str, float]]],
                      xlabel: str, names: Sequence[str]) -> Figure:
    """Draw how scores change with something, a panel a score.

    Parameters
    ----------
    x : sequence of float
        What was changed.
    curves : dict of str to list of dict
        By caption, the scores at each ``x``.
    xlabel : str
        What it was.
    names : sequence of str
        Which scores, by their names in `SCORES`.
    """
    figure, axes = plt.subplots(1, len(names), figsize=(2.75 * len(names), 3.2),
                                squeeze=False, layout="constrained")
    for ax, name in zip(axes[0], names):
        for caption, scores in curves.items():
            ax.plot(x, [one[name] for one in scores], "o-", ms=4, lw=2, label=caption)
        score = SCORES[name]
        ax.set_title(f"{score.label}\n{score.better}", fontsize=11)
        ax.set(xlabel=xlabel, ylim=(0, None))
        ax.grid(alpha=0.25)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), fontsize=11, frameon=False,
                  loc="outside lower center", ncols=len(curves))
    return figure


def draw_between(summary: dict[str, dict[str, float]]) -> Figure:
    """Draw how far a model has come from a blind answer (0) to real pictures (1).

    Parameters
    ----------
    summary : dict of str to dict
        Of an `Evaluation`. A score takes part if it is known of ``one_picture`` for all
        and of ``real`` pictures, as L1 (0) and SSIM (1) always are. A bar that would be
        longer than the figure has an arrow beside its number.
    """
    shares = {}
    for name, entry in summary.items():
        blind, real = entry.get("one_picture"), entry.get("real", _PERFECT.get(name))
        if blind is not None and real is not None and blind != real:
            shares[f"{SCORES[name].label} "] = (entry["mean"] - blind) / (real - blind)
    figure, ax = plt.subplots(figsize=(9, 0.5 * len(shares) + 1.1),
                              layout="constrained")
    # Worse than blind is worse than blind, however much: it would squeeze the rest.
    bars = ax.barh(list(shares), np.clip(list(shares.values()), *_SHOWN),
                   color=COLOURS["G"])
    ax.bar_label(bars, [_with_arrow(share) for share in shares.values()], padding=4,
                 fontsize=11, bbox={"fc": "white", "ec": "none", "pad": 1})
    ax.axvline(0, color="0.3", lw=1)
    ax.axvline(1, color="0.3", lw=1, ls="--")
    left, right = ax.get_xlim()
    ax.set(xlim=(min(-0.05, left - 0.15), max(1.12, right + 0.15)))
    ax.set_xticks((0, 1), ("one picture for all", "real pictures"), fontsize=11)
    ax.invert_yaxis()
    return figure


def _with_arrow(share):
    """Write a share; an arrow says that its bar is longer than it is drawn."""
    low, high = _SHOWN
    return f"{'← ' * (share < low)}{share:.2f}{' →' * (share > high)}"


def draw_gaussians(sets: dict[str, np.ndarray]) -> Figure:
    """Draw sets of two features, and the Gaussians that are fitted to them.

    Parameters
    ----------
    sets : dict of str to ndarray
        By caption, ``(N, 2)``. An ellipse reaches two standard deviations far.
    """
    figure, ax = plt.subplots(figsize=(6.5, 4.2), layout="constrained")
    for index, (name, points) in enumerate(sets.items()):
        colour = f"C{index}"
        ax.plot(*points.T, "o", ms=4, alpha=0.6, mew=0, color=colour, label=name)
        mean, cov = fit_gaussian(points)
        variances, axes = np.linalg.eigh(cov)
        wide, high = 4 * np.sqrt(np.clip(variances[::-1], 0, None))
        angle = np.degrees(np.arctan2(axes[1, 1], axes[0, 1]))
        ax.add_patch(Ellipse(mean, wide, high, angle=angle, fill=False, lw=2.5,
                             edgecolor=colour))
        ax.plot(*mean, "x", ms=10, mew=3, color=colour)
    ax.autoscale_view()
    ax.set(xlabel="one feature", ylabel="another feature")
    ax.legend(fontsize=11)
    ax.grid(alpha=0.25)
    return figure
