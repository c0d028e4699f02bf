"""Drawn data sets to read, and one epoch of reading as a candidate to measure."""

from __future__ import annotations

import time
from pathlib import Path

import gluon_pix2pix as g2p  # isort: skip  # first: it sets the threads of MXNet
import numpy as np
from measure import progress
from PIL import Image

from gluon_pix2pix.toys import draw_facade


def draw_pairs(folder: Path, count: int, size: int) -> Path:
    """Draw facades as pairs in ``train``, and the same as two domains beside it.

    All are JPEG files of quality 95. Returns the folder, which is made.
    """
    progress(f"drawing {count} facades of {size} pixels")
    folders = [folder / name for name in ("train", "trainA", "trainB")]
    for path in folders:
        path.mkdir(parents=True)
    for number in range(count):
        photo, labels = draw_facade(size, number)
        pictures = np.hstack([photo, labels]), photo, labels
        for path, picture in zip(folders, pictures):
            Image.fromarray(picture).save(path / f"{number}.jpg", quality=95)
    return folder


def lazily(dataset):
    """Have pictures decoded each time, as those of a set too large for memory are."""
    dataset._fits = False
    return dataset


def epoch(loader: g2p.Loader) -> float:
    """Read one epoch; return its images per second."""
    start = time.perf_counter()
    for _batch in loader:
        pass
    return len(loader.dataset) / (time.perf_counter() - start)
