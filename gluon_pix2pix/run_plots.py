"""Curves and samples of a run, drawn again from its folder alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .configs import read_config
from .curves import plot_losses
from .health import HealthWatch
from .losses import MultiscaleGANLoss
from .pictures import natural_order, read_picture
from .run_log import read_log
from .viz import save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_run(folder: str | Path) -> Figure:
    """Draw the loss curves of a run, with the warnings of its `HealthWatch`.

    Raises
    ------
    FileNotFoundError
        If the folder is no run.
    ValueError
        If nothing was logged yet, or log or configuration are damaged.
    """
    folder = Path(folder)
    log = read_log(folder)
    if not log:
        raise ValueError(f"{folder} has no curves yet: its log.csv is empty.")
    config = read_config(folder / "config.json")
    gan = MultiscaleGANLoss(config.gan_loss, getattr(config, "num_d", 1))
    try:
        return plot_losses(log, gan.balance, title=folder.name,
                           warnings=HealthWatch(config, log).warnings)
    except KeyError as error:
        raise ValueError(f"{folder / 'log.csv'} has no column {error}, which its "
                         "curves need.") from None


def plot_samples(folder: str | Path, most: int = 4) -> Figure:
    """Draw the sample pictures of a run's epochs side by side.

    Parameters
    ----------
    folder : str or Path
        The run's folder; its ``samples/`` are read.
    most : int
        How many epochs to show: the first, the last, and some evenly between.

    Raises
    ------
    FileNotFoundError
        If there are no samples.
    PictureError
        If one of those to show is damaged.
    """
    from matplotlib import pyplot as plt

    found = sorted(Path(folder).glob("samples/epoch_*.png"),
                   key=lambda path: natural_order(path.name))
    if not found:
        raise FileNotFoundError(f"{folder} has no samples/epoch_*.png to show.")
    chosen = np.linspace(0, len(found) - 1, min(most, len(found))).round().astype(int)
    paths = [found[index] for index in chosen]
    pictures = [read_picture(path) for path in paths]
    height = max(picture.shape[0] / picture.shape[1] for picture in pictures)
    figure, axes = plt.subplots(1, len(paths), squeeze=False, layout="constrained",
                                figsize=(4 * len(paths), 4 * height + 0.3))
    for ax, path, picture in zip(axes[0], paths, pictures):
        ax.imshow(picture)
        ax.set_title(f"epoch {int(path.stem.removeprefix('epoch_'))}", fontsize=11)
        ax.axis("off")
    return figure


def redraw(folder: str | Path) -> list[Path]:
    """Write ``losses.png`` and ``samples.png`` of a run; return what was written.

    A run that was interrupted before its first epoch ended has no samples; then only
    the curves are drawn.

    Raises
    ------
    FileNotFoundError, ValueError
        As for `plot_run` and `plot_samples`.
    """
    folder = Path(folder)
    figures = {"losses.png": plot_run(folder)}
    if any(folder.glob("samples/epoch_*.png")):
        figures["samples.png"] = plot_samples(folder)
    for name, figure in figures.items():
        save_figure(figure, folder / name)
    return [folder / name for name in figures]
