"""What batch norms of a generator divide by: a picture's own figures, or running ones.

In training with batches of one, and when it samples, a generator normalises each
activation by the mean and variance of the picture it is painting. In predict mode it
takes running averages over the pictures it was trained on instead, of which no single
picture need be typical.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from mxnet import autograd, nd
from mxnet.gluon import nn

from .unet import UnetGenerator, UnetSkipUnit


class Seen(NamedTuple):
    """What one batch norm saw of one picture.

    Attributes
    ----------
    norm : BatchNorm
        The layer, with its ``running_mean`` and ``running_var``.
    values : int
        How many values of each channel its statistics are made of.
    mean, var : ndarray
        ``(C,) float32``: the picture's own statistics.
    """

    norm: nn.BatchNorm
    values: int
    mean: np.ndarray
    var: np.ndarray

    @property
    def running_var(self) -> np.ndarray:
        """The variance that the layer takes in predict mode, ``(C,) float32``."""
        data = self.norm.running_var
        return data.data(data.list_ctx()[0]).asnumpy()


def own_statistics(netG: UnetGenerator, image: nd.NDArray) -> list[Seen]:
    """Send one picture through a generator as it samples, and note its statistics.

    The network stays as it is. Dropout is on, and draws from MXNet's random numbers.

    Parameters
    ----------
    netG : UnetGenerator
        Initialised, with ``norm="batch"``.
    image : NDArray
        ``(1, C, H, W)`` in [-1, 1], sides as the network takes them.

    Returns
    -------
    list of Seen
        One a batch norm, in the order in which the picture passes them: down the
        encoder, then up the decoder.

    Raises
    ------
    ValueError
        If there is more than one picture, or the network has no batch norm.
    """
    if len(image) != 1:
        raise ValueError(f"The statistics of one picture are wanted, not of "
                         f"{len(image)}.")
    seen: list[Seen] = []
    ctx = next(iter(netG.collect_params().values())).list_ctx()[0]
    nd.waitall()  # nothing may be queued where the mode changes
    with autograd.pause(train_mode=True):
        _walk(netG.model, image.as_in_context(ctx), seen)
        nd.waitall()
    if not seen:
        raise ValueError("This generator has no batch norm, so no running statistics.")
    return seen


def _walk(unit, x, seen):
    """Run one unit layer by layer, normalising by hand: so nothing is changed."""
    y = x
    for layer in unit.model:
        if isinstance(layer, UnetSkipUnit):
            y = _walk(layer, y, seen)
        elif isinstance(layer, nn.BatchNorm):
            mean, var = nd.moments(y, axes=(0, 2, 3))
            seen.append(Seen(layer, y.size // y.shape[1], mean.asnumpy(),
                             var.asnumpy()))
            gamma, beta, mean, var = (
                array.reshape((1, -1, 1, 1)) for array in
                (layer.gamma.data(y.context), layer.beta.data(y.context), mean, var))
            y = (y - mean) / nd.sqrt(var + layer._kwargs["eps"]) * gamma + beta
        else:
            y = layer(y)
    return nd.concat(x, y, dim=1) if unit.skip else y


def draw_statistics(pictures: dict[str, list[Seen]]) -> Figure:
    """Draw how far the contrast that pictures have themselves is from the running one.

    A point is a channel: its standard deviation over one picture, as a multiple of the
    running one. In predict mode the activation leaves the layer that many times as
    strong as it would in a sample.

    Parameters
    ----------
    pictures : dict of str to list of Seen
        By caption, what `own_statistics` returned for each picture.

    Returns
    -------
    Figure
        End the cell with ``plt.show()``.
    """
    figure, ax = plt.subplots(figsize=(10, 4), layout="constrained")
    layers = next(iter(pictures.values()))
    for index, (caption, seen) in enumerate(pictures.items()):
        # The pictures side by side within a layer, the channels of each a little apart.
        centre = 0.72 * ((index + 0.5) / len(pictures) - 0.5)
        width = 0.5 / len(pictures)
        x = [np.linspace(place + centre - width / 2, place + centre + width / 2,
                         len(layer.var)) for place, layer in enumerate(seen)]
        y = [np.sqrt(layer.var / layer.running_var) for layer in seen]
        ax.plot(np.concatenate(x), np.concatenate(y), "o", ms=2.5, mew=0, alpha=0.7,
                label=caption)
    ax.axhline(1, color="0.2", lw=1)
    ratios = np.concatenate([line.get_ydata() for line in ax.lines[:len(pictures)]])
    octaves = np.log2(ratios[ratios > 0])  # a dead channel has none
    ticks = 2.0 ** np.arange(min(-1, np.floor(octaves.min(initial=0))),
                             max(1, np.ceil(octaves.max(initial=0))) + 1)
    ax.set(yscale="log", ylabel="own / running standard deviation",
           xlabel="values that a channel's statistics are made of, layer after layer")
    ax.set_yticks(ticks, [f"{tick:.3g}" for tick in ticks])
    ax.set_ylim(ticks[0] / 1.2, ticks[-1] * 1.2)
    ax.minorticks_off()
    ax.set_xticks(range(len(layers)), [layer.values for layer in layers])
    ax.grid(axis="y", alpha=0.3)
    figure.legend(loc="outside upper center", ncols=len(pictures), frameon=False,
                  fontsize=11, markerscale=3)
    return figure
