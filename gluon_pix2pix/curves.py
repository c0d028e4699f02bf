"""The curves of a training: from its log, and while it goes on."""

from __future__ import annotations

import bisect
import math
import sys
import textwrap
import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .viz import COLOURS, to_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SECOND = {"D": "tab:orange", "G": "tab:cyan"}  # of the way back


class _Line(NamedTuple):
    column: str
    colour: str
    label: str | None
    style: str = "-"


# Whatever of these is in a log is drawn.
_ADVERSARIAL = (
    _Line("loss_D", COLOURS["D"], "D"),
    _Line("loss_gan", COLOURS["G"], "G, adversarial"),
    # Of a CycleGAN, each beside its opponent.
    _Line("loss_D_B", COLOURS["D"], "D of B"),
    _Line("loss_G_A2B", COLOURS["G"], "G, A to B"),
    _Line("loss_D_A", _SECOND["D"], "D of A"),
    _Line("loss_G_B2A", _SECOND["G"], "F, B to A"),
)
_DISTANCES = (
    _Line("loss_l1", COLOURS["G"], "training"),
    _Line("loss_cycle_A", COLOURS["G"], "cycle of A"),
    _Line("loss_cycle_B", _SECOND["G"], "cycle of B"),
    _Line("loss_identity_A", COLOURS["G"], "identity of A", ":"),
    _Line("loss_identity_B", _SECOND["G"], "identity of B", ":"),
    # Of a pix2pixHD, as the networks see pictures.
    _Line("loss_feat", COLOURS["G"], "features of D"),
    _Line("loss_vgg", _SECOND["G"], "features of VGG19"),
)
_ACCURACIES = (
    _Line("accuracy_D", COLOURS["D"], None),
    _Line("accuracy_D_B", COLOURS["D"], "D of B"),
    _Line("accuracy_D_A", _SECOND["D"], "D of A"),
)
_HELD_OUT = (
    _Line("val_l1", "black", "validation", "o-"),
    _Line("val_cycle_A", "black", "cycle of A, held out", "o-"),
    _Line("val_cycle_B", "0.4", "cycle of B, held out", "s-"),
)


class LossPlot:
    """Curves and sample pictures that grow while a network trains.

    Call `update` with each report. In a notebook one picture is redrawn in place, at
    most once in ``every`` seconds; outside of one nothing is shown, and `figure` can
    be asked for at the end.

    Parameters
    ----------
    balance : float, optional
        Where to draw the line of a discriminator that cannot tell: log 2 for ``bce``.
    every : float
        Least number of seconds between two drawings.
    log : dict of str to list, optional
        The curves until now, from `read_log`, where a training goes on.
    """

    def __init__(self, balance: float = math.log(2), every: float = 3.0,
                 log: dict[str, list[float]] | None = None):
        self.balance, self.every = balance, every
        self.columns = {name: list(column) for name, column in (log or {}).items()}
        self._warnings = []
        self._images, self._handle, self._drawn = None, None, -math.inf

    def update(self, report, images=None, titles=("input", "output", "target"),
               val_l1: float | None = None, warnings=(), **measured: float) -> None:
        """Add a report; it replaces those of the same step and later ones.

        ``images`` is a row of images to show below the curves, until others come;
        ``val_l1`` the distance on pairs that are not trained on, where it was measured;
        ``warnings`` all that a `HealthWatch` has said until now; ``measured`` what else
        was, as `RunFolder.log` takes it.
        """
        values = {"epoch": report.epoch, "iteration": report.iteration, **report.losses,
                  "val_l1": math.nan if val_l1 is None else val_l1, **measured}
        before = bisect.bisect_left(self.columns.get("iteration", []), report.iteration)
        for name in {**self.columns, **values}:
            column = self.columns.setdefault(name, [math.nan] * before)
            column[before:] = [values.get(name, math.nan)]
        self._warnings = list(warnings)
        if images is not None:
            self._images = (images, titles)
        if time.monotonic() - self._drawn >= self.every:
            self._show(report)

    def _show(self, report):
        if "IPython" not in sys.modules or sys.modules["IPython"].get_ipython() is None:
            return
        from IPython.display import display
        from matplotlib import pyplot as plt

        figure = self.figure(str(report))
        if self._handle is None:
            self._handle = display(figure, display_id=True)
        else:
            self._handle.update(figure)
        plt.close(figure)  # else the notebook would show it a second time
        self._drawn = time.monotonic()

    def close(self, report) -> None:
        """Draw the last state, however little time has passed."""
        self._show(report)

    def figure(self, title: str = "") -> Figure:
        """Return the present state as a figure."""
        return plot_losses(self.columns, self.balance, self._images, title,
                           self._warnings)


def plot_losses(columns: dict[str, list[float]], balance: float = math.log(2),
                images=None, title: str = "", warnings=()) -> Figure:
    """Draw the curves of a training from its log (see `runs.read_log`).

    Three panels: the adversarial losses with the line on which a discriminator sits
    that cannot tell real from fake; the L1 distance, of a CycleGAN those of cycle and
    identity, of a pix2pixHD those of features, unless it has none; and the share of
    patches that each discriminator tells apart, with chance at one half. Curves of 40
    reports and more get a running mean. ``warnings`` of a `HealthWatch` are marked
    where they began, and the last three are told below.

    Raises
    ------
    KeyError
        If adversarial losses or shares are missing: the name of such a column.
    """
    from matplotlib import pyplot as plt

    height = 2.9 if images is None else 5.6
    told = [textwrap.fill(f"Step {warning.iteration}: {warning}", 150)
            for warning in warnings[-3:]]
    height += 0.16 * sum(text.count("\n") + 1 for text in told)
    figure = plt.figure(figsize=(10.5, height), layout="constrained")
    top, *below = figure.subfigures(1 if images is None else 2, 1, squeeze=False)[:, 0]
    figure.suptitle(textwrap.fill(title, 140), fontsize=10)
    has_distances = any(line.column in columns for line in _DISTANCES) or any(
        _known(columns, line) for line in _HELD_OUT)
    adversarial, *distances, accuracy = top.subplots(1, 2 + has_distances)
    highest = [*_draw(adversarial, columns, _ADVERSARIAL), balance]
    adversarial.axhline(balance, color=COLOURS["neutral"], ls="--", lw=1.5,
                        label=f"D cannot tell: {balance:.2f}")
    _finish(adversarial, "adversarial losses", highest)
    for distance in distances:
        _draw_distances(distance, columns)
    _draw(accuracy, columns, _ACCURACIES)
    accuracy.axhline(0.5, color=COLOURS["neutral"], ls="--", lw=1.5, label="chance")
    accuracy.set(title="patches that D tells apart", ylim=(0, 1.04))
    accuracy.legend(fontsize=8, loc="lower right")
    for ax in (adversarial, *distances, accuracy):
        ax.set_xlabel("step")
        ax.grid(alpha=0.25)
        for warning in warnings:
            ax.axvline(warning.iteration, color=COLOURS["warning"], ls=":", lw=2)
    if told:
        top.supxlabel("\n".join(told), x=0.01, ha="left", fontsize=8.5,
                      color=COLOURS["warning"])
    for panel in below:
        axes = panel.subplots(1, len(images[0]), squeeze=False)[0]
        for ax, image, caption in zip(axes, *images):
            ax.imshow(to_image(image), interpolation="nearest")
            ax.set_title(caption, fontsize=10)
            ax.axis("off")
    return figure


def _draw_distances(ax, columns):
    of_features = "loss_feat" in columns or "loss_vgg" in columns
    highest = _draw(ax, columns, _DISTANCES, may_lack=True)
    highest += _draw_measured(ax, columns)
    _finish(ax, "distances (validation: L1)" if of_features
            else "L1 distance, on [-1, 1]", highest)


def _draw(ax, columns, lines, may_lack=False):
    """Draw the lines that the log has columns for; return the top of each."""
    found = [line for line in lines if line.column in columns]
    if not (found or may_lack):
        raise KeyError(lines[0].column)
    return [_curve(ax, columns["iteration"], columns[line.column], line)
            for line in found]


def _curve(ax, steps, values, line) -> float:
    """Draw a noisy curve, and once it is long a smooth one on it; return its top."""
    style = {"color": line.colour, "label": line.label, "ls": line.style}
    if len(values) < 40:  # a single point is no line, but has a marker
        ax.plot(steps, values, lw=1.8, marker="." if len(values) < 3 else None, **style)
        return max(values)
    window = np.ones(len(values) // 40 * 2 + 1)
    # A mean over fewer values at both ends, instead of one with zeros.
    count = np.convolve(np.ones(len(values)), window, "same")
    smooth = np.convolve(values, window, "same") / count
    ax.plot(steps, values, color=line.colour, lw=1, alpha=0.3)
    ax.plot(steps, smooth, lw=2, **style)
    return np.nanquantile(values, 0.995)


def _draw_measured(ax, columns):
    """Draw what was measured on held-out pictures; return all of it."""
    values = []
    for line in _HELD_OUT:
        if known := _known(columns, line):
            ax.plot(*zip(*known), line.style, color=line.colour, ms=4, lw=1.5,
                    label=line.label)
            values += [value for _, value in known]
    return values


def _known(columns, line):
    """Return the steps and values at which something was measured."""
    return [(step, value) for step, value in
            zip(columns["iteration"], columns.get(line.column, []))
            if not math.isnan(value)]


def _finish(ax, title, highest):
    """Write title and legend, with room for it above the curves."""
    entries = len(ax.get_legend_handles_labels()[0])
    ncols = 1 if entries < 4 else 2
    rows = -(-entries // ncols)
    ax.set(title=title, ylim=(0, (1.06 + 0.14 * rows) * max(highest)))
    ax.legend(fontsize=9 - ncols, loc="upper right", ncols=ncols)
