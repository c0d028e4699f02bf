"""What a discriminator says about each patch of a picture, laid over the picture."""

from __future__ import annotations

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from mxnet import autograd, nd

from .discriminators import PatchCritic, convolutions, receptive_field
from .viz import to_image


def patch_verdicts(model, real_in, image) -> np.ndarray:
    """Ask the discriminator of a model about a picture, as in training.

    It normalises by the statistics of this picture alone, as its batches of one did,
    and stays as it is.

    Parameters
    ----------
    model : Pix2Pix
        Has ``netD``, ``pair``, ``gan`` and ``ctx``.
    real_in, image : NDArray or ndarray
        ``(C, H, W)`` in [-1, 1] or batches of one: the condition, and what may be the
        real picture or a generated one.

    Returns
    -------
    ndarray
        ``(h, w) float32``: for each patch how probable it is to be real, from 0 to 1.
        (The outputs of a least-squares discriminator, which are none, are cut to that.)
    """
    pair = model.pair(_batch(real_in, model.ctx), _batch(image, model.ctx))
    parameters = model.netD.collect_params().values()
    statistics = [param.data(model.ctx) for param in parameters
                  if param.grad_req == "null"]
    before = [data.copy() for data in statistics]
    nd.waitall()  # nothing may be queued where the mode changes
    with autograd.pause(train_mode=True):
        logits = model.netD(pair)
        nd.waitall()
    for data, old in zip(statistics, before):  # cuDNN moves them without a backward
        old.copyto(data)
    verdicts = logits.clip(0, 1) if model.gan.kind == "lsgan" else logits.sigmoid()
    return verdicts[0, 0].asnumpy()


def _batch(image, ctx):
    image = image if isinstance(image, nd.NDArray) else nd.array(image)
    image = image.as_in_context(ctx)
    return image.expand_dims(0) if image.ndim == 3 else image


def patch_centres(netD: PatchCritic, count: int) -> np.ndarray:
    """Compute where the middles of ``count`` patches in a row lie, in pixels.

    Pixel 0 has its middle at 0. Each patch is `receptive_field` pixels wide, and those
    at the border reach beyond the picture.
    """
    first, step = 0.0, 1
    for kernel, stride, padding in convolutions(netD):
        first += ((kernel - 1) / 2 - padding) * step
        step *= stride
    return first + step * np.arange(count)


def draw_verdicts(model, triples) -> Figure:
    """Draw real and generated pictures, with the verdicts on their patches over them.

    Blue is taken for real and red for fake. A square of the map lies in the middle of
    the patch it judges; the size of a patch is outlined once.

    Parameters
    ----------
    model : Pix2Pix
        Whose discriminator is asked.
    triples : sequence of (real_in, fake_out, real_out)
        Images as `patch_verdicts` takes them, a row each.

    Returns
    -------
    Figure
        End the cell with ``plt.show()``.
    """
    figure, axes = plt.subplots(len(triples), 4, squeeze=False, layout="constrained",
                                figsize=(10, 2.55 * len(triples)))
    for row, (real_in, fake_out, real_out) in zip(axes, triples):
        for place, (title, image) in enumerate(
                {"real": real_out, "generated": fake_out}.items()):
            verdicts = patch_verdicts(model, real_in, image)
            picture = to_image(image)
            plain, judged = row[2 * place:2 * place + 2]
            plain.imshow(picture)
            plain.set_title(title, fontsize=12)
            drawn = _overlay(judged, picture, verdicts, model.netD)
            judged.set_title(f"{100 * np.mean(verdicts > 0.5):.0f} % pass for real",
                             fontsize=11)
    _outline_patch(axes[0, 1], model.netD, len(picture))
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
    figure.colorbar(drawn, ax=axes, shrink=0.8, label="taken for real")
    return figure


def _overlay(ax, picture, verdicts, netD):
    """Show verdicts over a pale grey picture, each where its patch has its middle."""
    ax.imshow(128 + picture.mean(axis=2) / 2, cmap="gray", vmin=0, vmax=255)
    limits = ax.get_xlim(), ax.get_ylim()
    rows, columns = (patch_centres(netD, count) for count in verdicts.shape)
    half = (columns[1] - columns[0]) / 2 if len(columns) > 1 else len(picture) / 2
    drawn = ax.imshow(verdicts, cmap="RdBu", vmin=0, vmax=1, alpha=0.55, extent=(
        columns[0] - half, columns[-1] + half, rows[-1] + half, rows[0] - half))
    ax.set(xlim=limits[0], ylim=limits[1])
    return drawn


def _outline_patch(ax, netD, size):
    side = min(receptive_field(netD), size)
    corner = (size - 1 - side) / 2
    ax.add_patch(Rectangle((corner, corner), side, side, fill=False, ls="--", lw=1.5,
                           edgecolor="black"))
