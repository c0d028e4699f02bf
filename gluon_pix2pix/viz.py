"""Pictures, grids and source code, as one wants to see them in a notebook."""

from __future__ import annotations

import contextlib
import inspect
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from mxnet import nd
from PIL import Image

from .config import DIRECTIONS
from .instance_colours import colour_instances
from .label_painting import looks_of, paint
from .street_labels import LABEL_NC, colour_labels
from .transforms import to_float, to_uint8

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
        Width of an image in inches. Its height has as much room, or less if all are
        wider than high.

    Returns
    -------
    Figure
        End the cell with ``plt.show()``, or ``figure.savefig(path)``.
    """
    from matplotlib import pyplot as plt

    rows = [[None if image is None else to_image(image) for image in row]
            for row in rows]
    columns = max(map(len, rows))
    shapes = [image.shape for row in rows for image in row if image is not None]
    high = side * min(1, max([shape[0] / shape[1] for shape in shapes], default=1))
    figure, axes = plt.subplots(len(rows), columns, squeeze=False,
                                figsize=(side * columns, high * len(rows)),
                                layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.01, hspace=0.01)
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    for row, images in zip(axes, rows):
        for ax, image in zip(row, images):
            if image is not None:
                ax.imshow(image, interpolation="nearest")
    for ax, title in zip(axes[0], column_titles):
        ax.set_title(title, fontsize=11)
    for ax, title in zip(axes[:, 0], row_titles):
        ax.set_ylabel(title, fontsize=11)
    return figure


def contact_sheet(model, dataset, indices=range(6), sample: bool = True) -> Figure:
    """Draw input | output | target for some pairs of a data set, one row a pair.

    Indices beyond the data set's end are left out.
    """
    rows = []
    for real_in, real_out in _items(dataset, indices):
        fake_out = model.translate(nd.array(real_in[None]), sample)
        rows.append([real_in, fake_out, real_out])
    return image_grid(rows, ("input", "output", "target"))


def cycle_sheet(model, dataset, indices=range(4)) -> Figure:
    """Draw what a CycleGAN makes of some pictures of both domains, and back.

    One row an index: on the left a picture of A, its translation, and that one's
    translation back; on the right the same of B. Indices beyond the data set's end are
    left out.

    Parameters
    ----------
    model : CycleGAN
        Has ``reconstruct(real, direction)``.
    dataset : UnpairedImages
        Without jitter.
    indices : iterable of int
        Which of its items.
    """
    rows = []
    for reals in _items(dataset, indices):
        row = []
        for real, direction in zip(reals, DIRECTIONS):
            fake, back = model.reconstruct(nd.array(real[None]), direction)
            row += [real, fake, back]
        rows.append(row)
    return image_grid(rows, ("A", "G(A)", "F(G(A))", "B", "F(B)", "G(F(B))"))


def label_sheet(model, dataset, indices=range(4)) -> Figure:
    """Draw what a pix2pixHD paints of label maps: labels | objects | output | photo.

    One row an index; `label_sheet_titles` names the columns. Indices beyond the data
    set's end are left out.

    Parameters
    ----------
    model : Pix2PixHD or LabelTranslator
        Has ``config``, ``translate`` and ``features_of``.
    dataset : LabelInstanceImages
        Without jitter, with photos or without.
    indices : iterable of int
        Which of its items.
    """
    config, rows = model.config, []
    for painting in paint(model, dataset, _there(dataset, indices)):
        row = [_coloured(painting.labels, config.label_nc)]
        if config.use_instances:
            row.append(to_float(colour_instances(painting.instances[0])))
        rows.append([*row, painting.output,
                     *([painting.photo] if dataset.use_photos else [])])
    return image_grid(rows, label_sheet_titles(config, dataset), side=3.6)


def label_sheet_titles(config, dataset) -> list[str]:
    """Name the columns of a `label_sheet`, with the source of the objects' looks."""
    source = {None: "output", "photo": "output, looks of the photo",
              "stored": "output, stored looks", "zero": "output, all looks 0"}
    return ["labels" if config.label_nc else "input",
            *(["objects"] if config.use_instances else []),
            source[looks_of(config, dataset)],
            *(["photo"] if dataset.use_photos else [])]


def _coloured(labels, label_nc):
    """Colour a label map; of a picture in its place, leave the colours."""
    if label_nc == 0:
        return labels
    # Other classes than those of streets have no colours of their own.
    colour = colour_labels if label_nc <= LABEL_NC else colour_instances
    return to_float(colour(labels[0].astype(np.int32)))


def _items(dataset, indices):
    """Return the items of a data set that are there."""
    return [dataset[index] for index in _there(dataset, indices)]


def _there(dataset, indices):
    """Return the indices of a data set that are there; there must be one."""
    found = [index for index in indices if index < len(dataset)]
    if not found:
        raise ValueError(f"The data set has only {len(dataset)} items to show.")
    return found


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
