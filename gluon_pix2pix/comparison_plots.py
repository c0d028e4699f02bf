"""An experiment's results as pictures: a plot that grows, and outputs side by side."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .comparison import Comparison, label
from .viz import COLOURS, image_grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PAPER = "tab:orange"
_LINES = {"real": {"ls": "--", "lw": 1.5, "label": "real pictures"},
          "one_picture": {"ls": ":", "lw": 1.2, "label": "one picture for all"}}


def plot_comparison(comparison: Comparison, scores: Sequence[str] | None = None
                    ) -> Figure:
    """Draw a panel for each score: every seed a dot, their mean a bar.

    A dashed line is what the real pictures score, a dotted one what one picture for all
    does. Where the paper has figures for the
    first score, they get a panel of their own: its data and networks are others, so
    only the order of the variants can be compared.

    Parameters
    ----------
    comparison : Comparison
        Variants without a result yet have an empty line.
    scores : sequence of str, optional
        The experiment's by default.
    """
    from matplotlib import pyplot as plt

    experiment = comparison.experiment
    scores = list(scores or comparison.scores or experiment.scores)
    published = {name: figures[scores[0]] for name, figures in experiment.paper.items()
                 if scores[0] in figures}
    panels = len(scores) + bool(published)
    variants = list(experiment.variants)
    figure, axes = plt.subplots(1, panels, squeeze=False, sharey=True,
                                layout="constrained",
                                figsize=(3.1 * panels + 1,
                                         max(2.6, 0.42 * len(variants) + 1.5)))
    lines = {}
    for ax, score in zip(axes[0], scores):
        for place, variant in enumerate(variants):
            if comparison.seeds(variant):
                _draw_values(ax, place, comparison.values(variant, score))
        for who, style in _LINES.items():
            known = comparison.reference(who, score)
            if known is not None:
                lines[who] = ax.axvline(known, color=COLOURS["neutral"], **style)
        ax.set_title(label(score), fontsize=10)
    if published:
        ax = axes[0][-1]
        for place, variant in enumerate(variants):
            ax.plot(published.get(variant, np.nan), place, "D", color=_PAPER, ms=8)
        ax.set_title(f"the paper: {label(scores[0])}", fontsize=10)
    for ax in axes[0]:
        ax.grid(alpha=0.25)
        ax.margins(x=0.15)
    axes[0][0].set(yticks=range(len(variants)), yticklabels=variants,
                   ylim=(len(variants) - 0.5, -0.5))
    if lines:
        figure.legend(handles=list(lines.values()), fontsize=8, frameon=False,
                      loc="outside lower center", ncols=len(lines))
    return figure


def _draw_values(ax, place, values):
    ax.plot(values, np.full(len(values), place), "o", color=COLOURS["G"], alpha=0.6)
    ax.plot([values.mean()] * 2, [place - 0.3, place + 0.3], color="black", lw=2)


class ComparisonPlot:
    """Draw a comparison again, in its place, whenever a result has come.

    Outside of a notebook nothing is shown.

    Parameters
    ----------
    comparison : Comparison
        What `update` draws.
    """

    def __init__(self, comparison: Comparison):
        self.comparison, self._handle = comparison, None

    def update(self) -> None:
        """Draw what the comparison knows by now."""
        if "IPython" not in sys.modules or sys.modules["IPython"].get_ipython() is None:
            return
        from IPython.display import display
        from matplotlib import pyplot as plt

        figure = plot_comparison(self.comparison)
        if self._handle is None:
            self._handle = display(figure, display_id=True)
        else:
            self._handle.update(figure)
        plt.close(figure)  # else the notebook would show it a second time


def comparison_grid(comparison: Comparison, held_out, seed: int | None = None,
                    numbers: Sequence[int] = range(4), crop: int | None = None,
                    side: float = 1.7) -> Figure:
    """Draw inputs in rows and variants in columns, the target last.

    Parameters
    ----------
    comparison : Comparison
        With results.
    held_out : PairedImages
        What they were scored on.
    seed : int, optional
        Of which outputs are shown; the experiment's first by default.
    numbers : sequence of int
        Which of the first eight held-out pairs to show.
    crop : int, optional
        Show only so many pixels of the middle, enlarged.
    side : float
        Width of a picture in inches.

    Raises
    ------
    ValueError
        If nothing was trained with that seed.
    """
    seed = comparison.experiment.seeds[0] if seed is None else seed
    shown = [name for name in comparison.variants if seed in comparison.seeds(name)]
    if not shown:
        raise ValueError(f"Nothing was trained with the seed {seed}, so there is "
                         "nothing to show.")
    rows = []
    for number in [number for number in numbers if number < len(held_out)]:
        real_in, target = held_out[number]
        outputs = [comparison.results[name, seed].output(number) for name in shown]
        rows.append([_middle(image, crop) for image in (real_in, *outputs, target)])
    titles = [name.replace(", ", "\n") for name in shown]
    return image_grid(rows, ("input", *titles, "target"), side=side)


def _middle(image, crop):
    if crop is None:
        return image
    top, left = ((length - crop) // 2 for length in image.shape[1:])
    return image[:, top:top + crop, left:left + crop]
