"""Charts of the looks of objects: pooled, as points, as a palette, and changed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .viz import to_image

WIDTH = 10.5  # of a figure, in inches
_OUTLINE = ("0.1", "white")  # one below the other: seen on dark and on bright


def pooling(photo, before, after, instances) -> Figure:
    """Draw what pooling over objects does to the features of a photo.

    Three numbers for each pixel are shown as a colour: -1 as dark, 1 as bright.

    Parameters
    ----------
    photo : NDArray or ndarray
        ``(3, H, W)`` in [-1, 1], or a batch of one, like all that follow.
    before, after : NDArray or ndarray
        ``(3, H, W)`` in [-1, 1]: features pixel by pixel, and their means.
    instances : NDArray or ndarray
        The object of each pixel, ``(1, H, W)`` integers: borders are drawn.

    Returns
    -------
    Figure
        End the cell with ``plt.show()``.
    """
    borders = _borders(_plane(instances))
    height, width = borders.shape
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, WIDTH / 3 * height / width + 0.4),
                                layout="constrained")
    for ax, picture, title in zip(axes, (photo, before, after), (
            "photo, borders of objects", "features of its pixels",
            "features of its objects"), strict=True):
        picture = to_image(picture)
        if ax is axes[0]:
            picture[borders] = 255
        _show(ax, picture, title)
    return figure


def cube(points: np.ndarray, colours: np.ndarray, centres: np.ndarray | None = None,
         size: float = 4.6) -> Figure:
    """Draw looks as points in space, seen from two sides.

    Looks fill the cube from -1 to 1 in theory. What is shown is as much of it as these
    need.

    Parameters
    ----------
    points : ndarray
        ``(n, 3)``, a look each.
    colours : ndarray
        ``(n, 3)`` in [-1, 1]: RGB, as in pictures.
    centres : ndarray, optional
        ``(K, 3)``: the centres of clusters, drawn as crosses with their numbers.
    size : float
        Side of each view in inches.

    Raises
    ------
    ValueError
        If looks have another number of features than three.
    """
    if points.ndim != 2 or points.shape[1] != 3:
        raise ValueError(f"A cube shows looks of 3 numbers each, (n, 3), not "
                         f"{points.shape}: choose three of their columns.")
    low, high = points.min(axis=0), points.max(axis=0)
    half = 0.55 * max((high - low).max(), 0.01)
    ends = [(middle - half, middle + half) for middle in (low + high) / 2]
    figure = plt.figure(figsize=(2.2 * size, size))
    figure.subplots_adjust(0, 0.02, 0.97, 1, wspace=0.05)
    for place, azimuth in enumerate((-60, 30), 1):
        ax = figure.add_subplot(1, 2, place, projection="3d", computed_zorder=False)
        ax.scatter(*points.T, c=(np.clip(colours, -1, 1) + 1) / 2, s=34,
                   edgecolors="0.45", linewidths=0.4, depthshade=False,
                   alpha=1 if centres is None else 0.5)
        for number, centre in enumerate(() if centres is None else centres):
            ax.scatter(*centre, marker="X", c="black", edgecolors="white", s=110,
                       depthshade=False)
            ax.text(*centre, f"  {number}", fontsize=12, zorder=9, bbox={
                "fc": "white", "ec": "none", "pad": 0.5, "alpha": 0.7})
        ax.view_init(elev=22, azim=azimuth)
        ax.set(xlim=ends[0], ylim=ends[1], zlim=ends[2], xlabel="first",
               ylabel="second", zlabel="third")
        ax.set_box_aspect((1, 1, 1), zoom=0.92)
        ax.locator_params(nbins=4)
    return figure


def palette(rows: Mapping[str, np.ndarray], counts: Mapping[str, np.ndarray],
            ) -> Figure:
    """Draw the looks of classes as bars of colours, as wide as they are frequent.

    Parameters
    ----------
    rows : mapping of str to ndarray
        By the name of a class, ``(K, 3)`` in [-1, 1]: a colour for each look.
    counts : mapping of str to ndarray
        By the same names, ``(K,)``: how many objects each look stands for.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 0.5 * len(rows) + 0.7),
                              layout="constrained")
    for row, (name, colours) in enumerate(rows.items()):
        shares = np.asarray(counts[name]) / np.sum(counts[name])
        starts = np.cumsum(shares) - shares
        # With many bars, white between them would be all that is seen.
        ax.barh(row, shares, left=starts, height=0.8, edgecolor="white",
                linewidth=1 if len(shares) <= 40 else 0,
                color=(np.clip(colours, -1, 1) + 1) / 2)
        for number, (start, share) in enumerate(zip(starts, shares, strict=True)):
            if share > 0.025:  # else there is no room for it
                dark = np.mean(colours[number]) < 0
                ax.text(start + share / 2, row, number, ha="center", va="center",
                        color="white" if dark else "black", fontsize=10)
    ax.set(xlim=(0, 1), xlabel="share of the objects of a class")
    ax.set_yticks(range(len(rows)), rows)
    ax.invert_yaxis()
    ax.spines[:].set_visible(False)
    return figure


def change(before, after, mask: np.ndarray, most: float = 0.5) -> Figure:
    """Draw a picture, its successor, and how much each pixel has changed.

    Parameters
    ----------
    before, after : NDArray, ndarray
        ``(3, H, W)`` in [-1, 1].
    mask : ndarray
        ``(H, W) bool``: the object that was to change, which gets an outline.
    most : float
        The change, mean over the channels, that is drawn brightest.
    """
    height, width = mask.shape
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, WIDTH / 3 * height / width + 0.4),
                                layout="constrained")
    _show(axes[0], to_image(before), "before")
    _show(axes[1], to_image(after), "after")
    seen = _show(axes[2], changed(before, after), "change", cmap="magma", vmin=0,
                 vmax=most)
    for ax in axes:
        outline(ax, mask)
    figure.colorbar(seen, ax=axes, shrink=0.8, aspect=14, extend="max")
    return figure


def changed(before, after) -> np.ndarray:
    """Return how much each pixel has changed, mean over the channels: ``(H, W)``."""
    before, after = (_array(picture) for picture in (before, after))
    return np.abs(after - before).mean(axis=-3).reshape(before.shape[-2:])


def outline(ax: Axes, mask: np.ndarray) -> None:
    """Draw the border of an object, ``(H, W) bool``, over a picture."""
    if mask.any() and not mask.all():
        for colour, width in zip(_OUTLINE, (2.2, 1.0), strict=True):
            ax.contour(mask, levels=[0.5], colors=colour, linewidths=width)


def _show(ax, picture, title, **options):
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.set_title(title, fontsize=11)
    return ax.imshow(picture, interpolation="nearest", **options)


def _borders(ids):
    """Mark the pixels whose neighbour to the right or below is another object's."""
    borders = np.zeros(ids.shape, bool)
    borders[:, :-1] |= ids[:, :-1] != ids[:, 1:]
    borders[:-1] |= ids[:-1] != ids[1:]
    return borders


def _plane(array):
    array = _array(array)
    return array.reshape(array.shape[-2:])


def _array(array):
    return array.asnumpy() if hasattr(array, "asnumpy") else np.asarray(array)
