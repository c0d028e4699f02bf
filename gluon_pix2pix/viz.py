"""Pictures, grids, curves and source code, as one wants to see them in a notebook."""

from __future__ import annotations

import bisect
import contextlib
import inspect
import math
import os
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from mxnet import nd
from PIL import Image

from .transforms import to_uint8

# pyplot is imported by the functions that draw: it would take a quarter of the time and
# a sixth of the memory of `import gluon_pix2pix`, which most commands do not need.
if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = {"D": "tab:red", "G": "tab:blue", "neutral": "0.5", "warning": "#b34700"}


def to_image(image) -> np.ndarray:
    """Turn ``(C, H, W)`` in [-1, 1] into ``(H, W, 3) uint8``, ready for ``imshow``.

    Parameters
    ----------
    image : NDArray or ndarray
        ``(C, H, W)`` or a batch of one, ``(1, C, H, W)``; one channel becomes grey.
    """
    array = image.asnumpy() if hasattr(image, "asnumpy") else np.asarray(image)
    if array.ndim == 4 and len(array) == 1:
        array = array[0]
    if array.ndim != 3 or array.shape[0] not in (1, 3):
        raise ValueError(
            f"to_image wants one image of shape (1 or 3, H, W), not {array.shape}."
        )
    picture = to_uint8(array)
    return np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else picture


def image_grid(rows, column_titles=(), row_titles=(), side: float = 2.2) -> Figure:
    """Draw rows of images side by side.

    Parameters
    ----------
    rows : list of lists of images
        Each image as `to_image` takes it; None leaves a place empty.
    column_titles, row_titles : sequence of str
        Captions above the first row and left of each row.
    side : float
        Width of an image in inches.

    Returns
    -------
    Figure
        End the cell with ``plt.show()``, or ``figure.savefig(path)``.
    """
    from matplotlib import pyplot as plt

    rows = [list(row) for row in rows]
    columns = max(map(len, rows))
    figure, axes = plt.subplots(len(rows), columns, squeeze=False,
                                figsize=(side * columns, side * len(rows)),
                                layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.01, hspace=0.01)
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    for row, images in zip(axes, rows):
        for ax, image in zip(row, images):
            if image is not None:
                ax.imshow(to_image(image), interpolation="nearest")
    for ax, title in zip(axes[0], column_titles):
        ax.set_title(title, fontsize=11)
    for ax, title in zip(axes[:, 0], row_titles):
        ax.set_ylabel(title, fontsize=11)
    return figure


def contact_sheet(model, dataset, indices=range(6), sample: bool = True) -> Figure:
    """Draw input | output | target for some pairs of a data set, one row a pair.

    Indices beyond the data set's end are left out.
    """
    found = [index for index in indices if index < len(dataset)]
    if not found:
        raise ValueError(f"The data set has only {len(dataset)} pairs to show.")
    rows = []
    for index in found:
        real_in, real_out = dataset[index]
        fake_out = model.translate(nd.array(real_in[None]), sample)
        rows.append([real_in, fake_out, real_out])
    return image_grid(rows, ("input", "output", "target"))


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
               val_l1: float | None = None, warnings=()) -> None:
        """Add a report; it replaces those of the same step and later ones.

        ``images`` is a row of images to show below the curves, until others come;
        ``val_l1`` the distance on pairs that are not trained on, where it was measured;
        ``warnings`` all that a `HealthWatch` has said until now.
        """
        values = {"epoch": report.epoch, "iteration": report.iteration, **report.losses,
                  "val_l1": math.nan if val_l1 is None else val_l1}
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
    that cannot tell real from fake, the L1 distance, and the share of patches that the
    discriminator tells apart, with chance at one half. Curves of 40 reports and more
    get a running mean. ``warnings`` of a `HealthWatch` are marked where they began,
    and the last three are told below.
    """
    from matplotlib import pyplot as plt

    height = 2.9 if images is None else 5.6
    told = [textwrap.fill(f"Step {warning.iteration}: {warning}", 150)
            for warning in warnings[-3:]]
    height += 0.16 * sum(text.count("\n") + 1 for text in told)
    figure = plt.figure(figsize=(10.5, height), layout="constrained")
    top, *below = figure.subfigures(1 if images is None else 2, 1, squeeze=False)[:, 0]
    figure.suptitle(title, fontsize=10)
    adversarial, distance, accuracy = top.subplots(1, 3)
    steps = columns["iteration"]
    highest = [_curve(adversarial, steps, columns["loss_D"], COLOURS["D"], "D"),
               _curve(adversarial, steps, columns["loss_gan"], COLOURS["G"],
                      "G, adversarial"), balance]
    adversarial.axhline(balance, color=COLOURS["neutral"], ls="--", lw=1.5,
                        label=f"D cannot tell: {balance:.2f}")
    # Room above the curves for the legend.
    adversarial.set(title="adversarial losses", ylim=(0, 1.5 * max(highest)))
    adversarial.legend(fontsize=8, loc="upper right")
    highest = [_curve(distance, steps, columns["loss_l1"], COLOURS["G"], "training")]
    known = [(step, value) for step, value in zip(steps, columns.get("val_l1", []))
             if not math.isnan(value)]
    if known:
        distance.plot(*zip(*known), "ko-", ms=4, lw=1.5, label="validation")
        highest += [value for _, value in known]
    distance.legend(fontsize=8, loc="upper right")
    distance.set(title="L1 distance, on [-1, 1]", ylim=(0, 1.3 * max(highest)))
    _curve(accuracy, steps, columns["accuracy_D"], COLOURS["D"])
    accuracy.axhline(0.5, color=COLOURS["neutral"], ls="--", lw=1.5, label="chance")
    accuracy.set(title="patches that D tells apart", ylim=(0, 1.04))
    accuracy.legend(fontsize=8, loc="lower right")
    for ax in (adversarial, distance, accuracy):
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


def _curve(ax, steps, values, colour, label=None) -> float:
    """Draw a noisy curve, and once it is long a smooth one on it; return its top."""
    if len(values) < 40:  # a single point is no line, but has a marker
        ax.plot(steps, values, color=colour, lw=1.8, label=label,
                marker="." if len(values) < 3 else None)
        return max(values)
    window = np.ones(len(values) // 40 * 2 + 1)
    # A mean over fewer values at both ends, instead of one with zeros.
    count = np.convolve(np.ones(len(values)), window, "same")
    smooth = np.convolve(values, window, "same") / count
    ax.plot(steps, values, color=colour, lw=1, alpha=0.3)
    ax.plot(steps, smooth, color=colour, lw=2, label=label)
    return np.nanquantile(values, 0.995)


def show_palette(classes: dict[str, tuple], columns: int = 6) -> Figure:
    """Draw the colours of a label map with their names.

    Parameters
    ----------
    classes : dict of str to (int, int, int)
        RGB colours from 0 to 255 by name, such as ``toys.CLASSES``.
    columns : int
        Colours a row.
    """
    from matplotlib import pyplot as plt

    rows = -(-len(classes) // columns)
    figure, axes = plt.subplots(rows, columns, squeeze=False, layout="constrained",
                                figsize=(1.6 * columns, 0.75 * rows))
    for ax in axes.flat:
        ax.axis("off")
    for ax, (name, colour) in zip(axes.flat, classes.items()):
        ax.imshow(np.full((1, 5, 3), colour, np.uint8))
        ax.set_title(name, fontsize=11)
    return figure


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure as PNG, whole or not at all, and close it."""
    from matplotlib import pyplot as plt

    try:
        with _whole(path) as file:
            figure.savefig(file, format="png", dpi=120)
    finally:
        plt.close(figure)


def save_picture(picture: np.ndarray, path: str | Path) -> None:
    """Write ``(H, W, 3) uint8`` as PNG, whole or not at all."""
    with _whole(path) as file:
        Image.fromarray(picture).save(file, format="PNG")


@contextlib.contextmanager
def _whole(path):
    """Open a hidden file beside ``path`` that takes its place when all went well."""
    path = Path(path)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        os.chmod(temporary, 0o666 & path.parent.stat().st_mode)  # it was private
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def show_source(thing):
    """Show the source of a class or function, highlighted, below a notebook's cell."""
    from IPython.display import Code

    return Code(inspect.getsource(thing), language="python")
