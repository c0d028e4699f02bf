"""Photos with the class of each pixel, from pairs of a photo and a map of labels."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from .datasets import FolderImages
from .palettes import PALETTES, Palette
from .pictures import list_pictures, read_picture
from .pix2pix_config import Pix2PixConfig
from .transforms import jitter, resize, resize_ids, to_float

# Share of pixels in colours of a palette. Measured: 0.7 in labels of real facades,
# whose JPEG mixes colours along all edges, 1.0 in drawn ones, up to 0.25 in photos.
_LABELS = 0.6


class Labels(NamedTuple):
    """Which half of paired pictures is a map of labels, and what its colours mean."""

    palette: Palette
    half: str  # "A", the left one, or "B"


def read_half(path: str | Path, half: str) -> np.ndarray:
    """Read half A (left) or B of a paired picture as stored: ``(H, W, 3) uint8``."""
    picture = read_picture(path)
    middle = picture.shape[1] // 2
    return picture[:, :middle] if half == "A" else picture[:, -middle:]


def find_labels(folder: str | Path, split: str, look_at: int = 10) -> Labels | None:
    """Find out from the pictures themselves which half of them is a map of labels.

    Parameters
    ----------
    folder, split : str or Path, str
        A data set of pairs, and which of its folders to look into.
    look_at : int
        The first so many pictures are looked at.

    Returns
    -------
    Labels or None
        The half of which at least 60 % of the pixels have colours of a palette; None
        where that is so for neither half and no palette.
    """
    paths = list_pictures(Path(folder) / split)[:look_at]
    shares = []
    for half in "AB":
        pictures = [read_half(path, half) for path in paths]
        for palette in PALETTES.values():
            share = np.mean([palette.known(picture) for picture in pictures])
            shares.append((share, palette.name, half))
    share, name, half = max(shares)
    return Labels(PALETTES[name], half) if share >= _LABELS else None


class LabelledPhotos(FolderImages):
    """Photos, and what each of their pixels shows.

    Item ``i`` is ``(photo, ids)``: ``(3, H, W) float32 in [-1, 1]`` and ``(H, W)
    int32``, -1 where a pixel is not to be judged, both of ``config.size`` pixels.
    Classes are read at the size in which the picture is stored, and then resized to
    their nearest neighbours. With ``train=True`` photo and ids are cropped and mirrored
    alike, as `PairedImages` does it.

    Parameters
    ----------
    folder : str or Path
        A data set of pairs.
    split : str
        Which of its folders to read.
    labels : Labels
        Which half tells the classes, and how; see `find_labels`.
    config : Pix2PixConfig
        Sizes, mirror and seed.
    train : bool, optional
        Jitter or not; by default for the split named ``train``.
    """

    def __init__(self, folder: str | Path, split: str, labels: Labels,
                 config: Pix2PixConfig | None = None, *, train: bool | None = None):
        super().__init__(folder, split, train, config, batch_size=8)
        self.labels = labels

    def _read(self, index):
        path, (palette, half) = self.paths[index], self.labels
        side = self.config.load_size if self.train else self.config.size
        photo = read_half(path, "B" if half == "A" else "A")
        ids = palette.ids(read_half(path, half))
        return resize(photo, side, side), resize_ids(ids, side, side).astype(np.int16)

    def get(self, index: int, epoch: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Return a photo and its classes as they are seen in an epoch."""
        index = range(len(self))[index]
        photo, ids = self._load(index)
        if self.train:
            photo, ids = jitter((photo, ids), self.config.size, self.config.mirror,
                                self._rng(index, epoch))
        return to_float(photo), ids.astype(np.int32)
