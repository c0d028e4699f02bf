"""What one decision of a discriminator sees: measured by gradients, drawn on pictures.

All drawings return a figure: end the cell with ``plt.show()``.
"""

from __future__ import annotations

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from mxnet import autograd

from .discriminators import PatchCritic, convolutions, receptive_field
from .drawings import conv_outputs, probe
from .viz import to_image


def seen_pixels(net: PatchCritic, size: int, row: int | None = None,
                column: int | None = None, layer: int = -1) -> np.ndarray:
    """Measure how much each input pixel moves one element of an activation.

    Parameters
    ----------
    net : PatchCritic
        Initialised.
    size : int
        Side of the input image in pixels.
    row, column : int, optional
        Which element; the middle one by default. Its channels are added up.
    layer : int
        Behind which convolution, counted from 0; by default the last, the logits.

    Returns
    -------
    ndarray
        ``(size, size) float32``: the absolute gradient, summed over the input's
        channels. It is exactly 0 outside of the receptive field.
    """
    x = probe(net, size)
    x.attach_grad()
    # Not in train mode, where batch statistics let every element see the whole image.
    with autograd.record(train_mode=False):
        output = conv_outputs(net, x)[layer]
        row = output.shape[2] // 2 if row is None else row
        column = output.shape[3] // 2 if column is None else column
        element = output[0, :, row, column].sum()
    gradient, = autograd.grad(element, [x], train_mode=False)
    return gradient[0].abs().sum(axis=0).asnumpy()


def _box(seen: np.ndarray) -> tuple[int, int, int, int]:
    """Find what is not zero: left, top, width, height."""
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    left, top = columns[0], rows[0]
    return left, top, columns[-1] - left + 1, rows[-1] - top + 1


def _frame(ax, box, colour) -> None:
    left, top, wide, high = box
    ax.add_patch(Rectangle((left - 0.5, top - 0.5), wide, high, fill=False,
                           edgecolor=colour, lw=2.5))


def draw_patches(nets: dict[str, PatchCritic], image) -> Figure:
    """Outline on an image the patch that the middle output of each network sees.

    One panel a network. The patches are measured (see `seen_pixels`); one that reaches
    beyond the image ends at its border.

    Parameters
    ----------
    nets : dict of str to PatchCritic
        Captions and initialised discriminators.
    image : NDArray or ndarray
        ``(3, size, size)`` in [-1, 1].
    """
    picture = to_image(image)
    figure, axes = plt.subplots(1, len(nets), figsize=(2.7 * len(nets), 3.5),
                                squeeze=False, layout="constrained")
    for ax, (name, net) in zip(axes[0], nets.items(), strict=True):
        left, top, wide, high = box = _box(seen_pixels(net, len(picture)))
        patch = slice(top, top + high), slice(left, left + wide)
        shown = picture // 3  # dark, but for the patch
        shown[patch] = picture[patch]
        ax.imshow(shown)
        _frame(ax, box, "yellow")
        side = receptive_field(net)
        ax.set_title(f"{name}\n{side}×{side} pixels", fontsize=13)
        ax.axis("off")
    return figure


def draw_receptive_field(net: PatchCritic, image) -> Figure:
    """Show on an image how the patch that one element sees grows from layer to layer.

    Takes the middle element of the last layer and, in each layer before, one of those
    it is made of, so that the patches (see `seen_pixels`) lie within each other.

    Parameters
    ----------
    net : PatchCritic
        Initialised.
    image : NDArray or ndarray
        ``(3, size, size)`` in [-1, 1].
    """
    picture, steps = to_image(image), convolutions(net)
    place = conv_outputs(net, probe(net, len(picture)))[-1].shape[2] // 2
    boxes = []
    for layer in reversed(range(len(steps))):
        boxes.append(_box(seen_pixels(net, len(picture), place, place, layer)))
        kernel, stride, padding = steps[layer]
        place = place * stride - padding + (kernel - layer % 2) // 2  # a middle tap
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    colours = plt.get_cmap("cool")(np.linspace(1, 0, len(boxes)))
    for ax in axes:
        ax.imshow(picture // 3 * 2)
        for box, colour in zip(boxes, colours, strict=True):
            _frame(ax, box, colour)
        ax.axis("off")
    left, top, wide, high = boxes[0]
    axes[1].set(xlim=(left - 2.5, left + wide + 1.5),
                ylim=(top + high + 1.5, top - 2.5))
    handles = [Patch(color=colour, label=f"convolution {layer}: {box[2]}×{box[3]}")
               for layer, (box, colour) in
               enumerate(zip(boxes[::-1], colours[::-1], strict=True), 1)]
    figure.legend(handles=handles, loc="outside right center", fontsize=13,
                  frameon=False)
    return figure
