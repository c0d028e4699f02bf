"""Data sets of pictures: pairs, and two domains without pairs.

Each is a ``gluon.data.Dataset``. What an item looks like in an epoch depends on seed,
epoch and index alone, so that every epoch can be repeated exactly, whoever reads the
pictures and in whatever order. (Gluon's own loader knows no epochs and shows the same
crops in each; `Loader` does not.) No network access, no batches: those are in
`loaders`. Photos with label maps are in `label_instances`.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np
from mxnet import gluon
from PIL import Image

from .config import ModelConfig
from .cyclegan_config import CycleGANConfig
from .pictures import PictureError, list_pictures, read_picture
from .pix2pix_config import Pix2PixConfig
from .transforms import jitter, resize, to_float

_CACHE_LIMIT = 2 * 2**30  # bytes of decoded pictures held in memory


class PictureDataset(gluon.data.Dataset):
    """What all data sets share: decoded pictures held in memory while they fit.

    A subclass reads the pictures of an item in `_read`, as arrays of bytes or ids at
    their loading size, and makes an item of an epoch from them in `get`.

    Attributes
    ----------
    folder : Path
        The data set.
    split : str
        The part of it that is read.
    train : bool
        Whether items are jittered.
    seed : int
        What order and jitter depend on, besides epoch and index.
    batch_size : int
        Items a batch that a loader makes by default.
    """

    def __init__(self, folder: str | Path, split: str, train: bool | None, seed: int,
                 batch_size: int = 1):
        self.folder, self.split = Path(folder), split
        self.train = split == "train" if train is None else train
        self.seed, self.batch_size = seed, batch_size
        self._cache: dict = {}
        self._fits: bool | None = None  # into memory; the first picture will tell
        self._held = 0  # bytes

    def _pictures(self, name):
        """List the pictures of one folder of the data set."""
        if not (self.folder / name).is_dir():
            found = sorted(p.name for p in self.folder.glob("[!.]*") if p.is_dir())
            if len(found) > 5:
                found[5:] = [f"and {len(found) - 5} more"]
            raise FileNotFoundError(
                f"{self.folder} has no folder {name!r}"
                + (f", only {', '.join(found)}." if found else ": is the path right?")
            )
        return list_pictures(self.folder / name)

    def _load(self, key) -> tuple[np.ndarray, ...]:
        """Return decoded pictures, from memory if the whole data set fits there."""
        if key in self._cache:
            return self._cache[key]
        # Copies: a view would keep the whole picture in memory.
        arrays = tuple(np.ascontiguousarray(array) for array in self._read(key))
        size = sum(array.nbytes for array in arrays)
        if self._fits is None:
            self._fits = size * self._files <= _CACHE_LIMIT
        if self._fits:
            self._held += size
            self._cache[key] = arrays
        if self._held > _CACHE_LIMIT:  # the first picture was a small one
            self._fits, self._held = False, 0
            self._cache.clear()
        return arrays

    @property
    def _files(self) -> int:
        """How many keys `_read` knows."""
        return len(self)

    @property
    def files(self) -> list[Path]:
        """All pictures of the split, in the order in which they are numbered."""
        raise NotImplementedError

    def files_of(self, index: int, epoch: int = 0) -> list[Path]:
        """Return the pictures that make up an item of an epoch."""
        raise NotImplementedError

    def identity(self) -> dict:
        """Say which data these are, wherever they lie: what a training depends on.

        ``name``, the folder's, is for people: a folder may be moved and renamed.
        ``names`` is the SHA-256 of the pictures' names, inside the folder. ``sizes``
        are sixteen (or as many as there are files), each of the sizes of every
        sixteenth file: other data differ in all of them, the same data with a picture
        damaged or replaced in one.
        """
        names = hashlib.sha256()
        sizes = [hashlib.sha256() for _ in self.files[:16]]
        for number, path in enumerate(self.files):
            names.update(f"{path.relative_to(self.folder).as_posix()}\n".encode())
            sizes[number % len(sizes)].update(f"{path.stat().st_size}\n".encode())
        return {"name": self.folder.resolve().name, "split": self.split,
                "train": self.train, "pictures": len(self.files),
                "names": names.hexdigest(), "seed": self.seed,
                "sizes": [digest.hexdigest()[:8] for digest in sizes]}

    def _rng(self, index, epoch):
        return np.random.RandomState([self.seed, epoch, index])

    def get(self, index: int, epoch: int = 0) -> tuple[np.ndarray, ...]:
        """Return an item as it is seen in an epoch (counted from 0)."""
        raise NotImplementedError

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        """Return an item as in epoch 0: what ``gluon.data.DataLoader`` shows always."""
        return self.get(index)


class FolderImages(PictureDataset):
    """What data sets share whose items are the pictures of one folder, its split.

    Attributes
    ----------
    config : Pix2PixConfig
        Sizes, mirror, seed, and batch size unless another is given.
    paths : list of Path
        The picture of each item.
    """

    def __init__(self, folder: str | Path, split: str, train: bool | None,
                 config: Pix2PixConfig | None, batch_size: int | None = None):
        self.config = config or Pix2PixConfig()
        super().__init__(folder, split, train, self.config.seed,
                         batch_size or self.config.batch_size)
        self.paths = self._pictures(split)

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def files(self) -> list[Path]:
        return self.paths

    def files_of(self, index: int, epoch: int = 0) -> list[Path]:
        return [self.paths[index]]


class PairedImages(FolderImages):
    """Pictures that hold two aligned halves: A on the left, B on the right.

    Item ``i`` is ``(real_in, real_out)``, each ``(C, H, W) float32 in [-1, 1]`` of
    ``config.size`` pixels. With ``train=True`` it is jittered: resized to
    ``config.load_size``, cropped and mirrored at random, both halves alike; otherwise
    just resized.

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

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or no picture in it.
    PictureError
        While items are read: if a file is no picture, or cannot be a pair.
    """

    def __init__(self, folder: str | Path, split: str = "train",
                 config: Pix2PixConfig | None = None, *, train: bool | None = None):
        super().__init__(folder, split, train, config)

    def _read(self, index):
        """Return both halves, input first."""
        path, config = self.paths[index], self.config
        picture = read_picture(path)
        height, width = picture.shape[:2]
        # A square is a picture that was never joined with its partner.
        if width % 2 or width <= height:
            raise PictureError(
                path, f"is {width}x{height} pixels and cannot be a pair",
                "A and B must stand side by side, each as wide as the other")
        A, B = picture[:, :width // 2], picture[:, width // 2:]
        real_in, real_out = (A, B) if config.direction == "AtoB" else (B, A)
        side = config.load_size if self.train else config.size
        return (resize(_grey_or_rgb(real_in, config.in_channels), side, side),
                resize(_grey_or_rgb(real_out, config.out_channels), side, side))

    def get(self, index: int, epoch: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Return a pair as it is seen in an epoch (counted from 0)."""
        index = range(len(self))[index]
        pair = self._load(index)
        if self.train:
            rng = self._rng(index, epoch)
            pair = jitter(pair, self.config.size, self.config.mirror, rng)
        return tuple(to_float(picture) for picture in pair)


class UnpairedImages(PictureDataset):
    """Pictures of two domains, A and B, of which nobody knows which belong together.

    Item ``i`` is ``(real_A, real_B)``, each ``(C, H, W) float32 in [-1, 1]`` of
    ``config.size`` pixels. An epoch shows every picture of the larger domain once; the
    partners from the smaller one are shuffled independently, and all of them are shown
    equally often, give or take one. With ``train=True`` each is cropped and mirrored by
    random numbers of its own. Otherwise nothing is shuffled: item ``i`` is picture
    ``i`` of each domain, the smaller one starting again at its end.

    Parameters
    ----------
    folder : str or Path
        A data set with folders ``trainA``, ``trainB`` and mostly ``testA``, ``testB``.
    split : str
        ``"train"`` or ``"test"``.
    config : ModelConfig, optional
        Sizes, channels, mirror and seed.
    train : bool, optional
        Shuffle and jitter or not; by default for the split named ``train``.

    Raises
    ------
    FileNotFoundError
        If one of the folders is missing or empty.
    PictureError
        While items are read: if a file is no picture.
    """

    def __init__(self, folder: str | Path, split: str = "train",
                 config: ModelConfig | None = None, *, train: bool | None = None):
        self.config = config or CycleGANConfig()
        super().__init__(folder, split, train, self.config.seed, self.config.batch_size)
        self.paths_A = self._pictures(f"{split}A")
        self.paths_B = self._pictures(f"{split}B")

    def __len__(self) -> int:
        return max(len(self.paths_A), len(self.paths_B))

    @property
    def files(self) -> list[Path]:
        return self.paths_A + self.paths_B

    def files_of(self, index: int, epoch: int = 0) -> list[Path]:
        which_A, which_B = self.partners(epoch)
        return [self.paths_A[which_A[index]], self.paths_B[which_B[index]]]

    @property
    def _files(self) -> int:
        return len(self.files)

    def partners(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """Return which pictures of A and of B the items of an epoch show, as indices.

        Two arrays ``(len(self),) int``. One of them is 0, 1, 2, ..., because shuffling
        the items themselves is a loader's work.
        """
        return _partners(len(self.paths_A), len(self.paths_B),
                         (self.seed, epoch) if self.train else None)

    def _read(self, key):
        domain, index = key
        path = (self.paths_A if domain == "A" else self.paths_B)[index]
        channels = self.config.in_channels if domain == "A" else \
            self.config.out_channels
        side = self.config.load_size if self.train else self.config.size
        return (resize(read_picture(path, channels), side, side),)

    def get(self, index: int, epoch: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Return two pictures as they are seen in an epoch (counted from 0)."""
        index = range(len(self))[index]
        which_A, which_B = self.partners(epoch)
        A = self._load(("A", int(which_A[index])))
        B = self._load(("B", int(which_B[index])))
        if self.train:
            rng = self._rng(index, epoch)
            A = jitter(A, self.config.size, self.config.mirror, rng)
            B = jitter(B, self.config.size, self.config.mirror, rng)
        return to_float(A[0]), to_float(B[0])


@lru_cache(maxsize=4)  # asked for once an item, and the same for a whole epoch
def _partners(count_A, count_B, shuffled_by):
    most = max(count_A, count_B)
    partners = np.arange(most)
    fewest = min(count_A, count_B)
    if shuffled_by is None:
        fewer = partners % fewest
    else:
        # Of another length than the keys of the items: no two streams are the same.
        rng = np.random.RandomState([*shuffled_by, 0, 0])
        rounds = -(-most // fewest)
        fewer = np.concatenate([rng.permutation(fewest) for _ in range(rounds)])[:most]
    for shared in (partners, fewer):
        shared.setflags(write=False)
    return (partners, fewer) if count_A == most else (fewer, partners)


def _grey_or_rgb(picture, channels):
    if channels == 3:
        return picture
    return np.asarray(Image.fromarray(picture).convert("L"))[:, :, None]
