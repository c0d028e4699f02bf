"""Paired pictures from a folder, and a loader that shuffles and jitters them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from mxnet import nd
from PIL import Image, ImageOps

from .catalog import PICTURES, is_picture
from .config import Pix2PixConfig
from .transforms import jitter, resize, to_float

_MODES = {1: "L", 3: "RGB"}
_CACHE_LIMIT = 2 * 2**30  # bytes of decoded pictures held in memory


def natural_order(name: str) -> tuple:
    """Give a key that sorts 2.jpg before 10.jpg, and any two names the same way."""
    parts = re.split(r"([0-9]+)", name)
    numbered = [int(part) if i % 2 else part.lower() for i, part in enumerate(parts)]
    return numbered, name


def list_pictures(folder: str | Path) -> list[Path]:
    """List the pictures of a folder in natural order: 2.jpg before 10.jpg.

    The order is the same on every file system, hidden files are left out.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist or holds no picture.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder}.")

    paths = [path for path in folder.iterdir() if is_picture(path)]
    if not paths:
        raise FileNotFoundError(
            f"{folder} holds no picture ({', '.join(sorted(PICTURES))})."
        )
    return sorted(paths, key=lambda path: natural_order(path.name))


def read_picture(path: str | Path, channels: int = 3) -> np.ndarray:
    """Read a picture file as ``(H, W, channels) uint8``, grey (1) or RGB (3).

    Raises
    ------
    ValueError
        If the file is no picture or is cut off; the file is named.
    """
    try:
        with Image.open(path) as image:
            image = ImageOps.exif_transpose(image)  # as a camera's owner sees it
            picture = np.asarray(image.convert(_MODES[channels]))
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no file {path}.") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(
            f"{path} cannot be read as a picture ({error}): replace or remove it."
        ) from error
    return picture.reshape(*picture.shape[:2], channels)


class PairedDataset:
    """Pictures that hold two aligned halves: A on the left, B on the right.

    Item ``i`` is ``(real_in, real_out)``, each ``(C, H, W) float32 in [-1, 1]`` of
    ``config.size`` pixels. With ``train=True`` it is jittered: resized to
    ``config.load_size``, cropped and mirrored at random, both halves alike; otherwise
    just resized.

    Pictures are decoded once and held as uint8 when they fit into memory (2 GiB);
    beyond that they are decoded whenever asked for.

    Parameters
    ----------
    folder : str or Path
        A data set with folders such as ``train``, ``val``, ``test``.
    split : str
        Which of these folders to read.
    config : Pix2PixConfig
        Sizes, channels, direction, mirror and seed.
    train : bool, optional
        Jitter or not; by default for the split named ``train``.

    """

    def __init__(self, folder: str | Path, split: str = "train",
                 config: Pix2PixConfig | None = None, *, train: bool | None = None):
        self.config = config or Pix2PixConfig()
        self.folder = Path(folder)
        if not (self.folder / split).is_dir():
            found = sorted(p.name for p in self.folder.glob("*") if p.is_dir())
            raise FileNotFoundError(
                f"{self.folder} has no folder {split!r}"
                + (f", only {', '.join(found)}." if found else ": is the path right?")
            )
        self.paths = list_pictures(self.folder / split)
        self.split = split
        self.train = split == "train" if train is None else train
        self._side = self.config.load_size if self.train else self.config.size
        channels = self.config.in_channels + self.config.out_channels
        fits = len(self.paths) * self._side**2 * channels <= _CACHE_LIMIT
        self._cache: dict[int, tuple] | None = {} if fits else None

    def __len__(self) -> int:
        return len(self.paths)

    def _load(self, index):
        """Return both halves as uint8, input first, resized to the loading size."""
        if self._cache is not None and index in self._cache:
            return self._cache[index]
        path, config = self.paths[index], self.config
        picture = read_picture(path)
        height, width = picture.shape[:2]
        # A square is a picture that was never joined with its partner.
        if width % 2 or width <= height:
            raise ValueError(
                f"{path} is {width}x{height} pixels and cannot be a pair: A and B "
                "must stand side by side, each as wide as the other."
            )
        A, B = picture[:, :width // 2], picture[:, width // 2:]
        real_in, real_out = (A, B) if config.direction == "AtoB" else (B, A)
        pair = (self._prepare(real_in, config.in_channels),
                self._prepare(real_out, config.out_channels))
        if self._cache is not None:
            self._cache[index] = pair
        return pair

    def _prepare(self, half, channels):
        if channels == 1:
            half = np.asarray(Image.fromarray(half).convert("L"))[:, :, None]
        # A copy: a view would keep the whole picture in memory.
        return resize(half, self._side, self._side).copy()

    def get(self, index: int, epoch: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Return a pair as it is seen in an epoch (counted from 0).

        Seed, epoch and index alone choose the crop and the mirroring, so that the order
        in which pairs are read, or who reads them, changes nothing.
        """
        index = range(len(self))[index]
        pair = self._load(index)
        if self.train:
            rng = np.random.RandomState([self.config.seed, epoch, index])
            pair = jitter(pair, self.config.size, self.config.mirror, rng)
        return tuple(to_float(picture) for picture in pair)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return self.get(index)


class PairedLoader:
    """Batches of a `PairedDataset`: each iteration is one epoch.

    Order and jitter depend on nothing but the seed and the epoch's number, so that any
    epoch can be repeated exactly. The last batch of an epoch may be smaller.

    Parameters
    ----------
    dataset : PairedDataset
        Where the pairs come from.
    batch_size : int, optional
        Pairs a batch; ``config.batch_size`` by default.
    shuffle : bool, optional
        A new order each epoch; by default for a data set that trains.

    Attributes
    ----------
    epoch : int
        Number of the epoch that the next iteration gives; it then counts on.

    Yields ``(real_in, real_out)``, each NDArray ``(N, C, H, W) float32 in [-1, 1]`` in
    main memory.
    """

    def __init__(self, dataset: PairedDataset, batch_size: int | None = None,
                 shuffle: bool | None = None):
        self.dataset = dataset
        if batch_size is None:
            batch_size = dataset.config.batch_size
        if batch_size < 1:
            raise ValueError(f"batch_size={batch_size} must be at least 1.")
        self.batch_size = batch_size
        self.shuffle = dataset.train if shuffle is None else shuffle
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[nd.NDArray, nd.NDArray]]:
        epoch, self.epoch = self.epoch, self.epoch + 1
        return self._batches(epoch)

    def _batches(self, epoch):
        order = np.arange(len(self.dataset))
        if self.shuffle:
            seed = [self.dataset.config.seed, epoch]
            np.random.RandomState(seed).shuffle(order)
        for start in range(0, len(order), self.batch_size):
            batch = order[start:start + self.batch_size]
            inputs, outputs = zip(*(self.dataset.get(int(i), epoch) for i in batch))
            yield nd.array(np.stack(inputs)), nd.array(np.stack(outputs))
