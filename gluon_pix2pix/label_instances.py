"""Photos with label and instance maps, pix2pixHD's data set (Wang et al. 2018)."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
from mxnet import nd

from .datasets import PictureDataset
from .pictures import (
    PictureError,
    common_stem,
    picture_size,
    read_ids,
    read_picture,
)
from .street_labels import LABEL_NC
from .transforms import (
    RESIZE_MODES,
    instance_edges,
    jitter,
    one_hot,
    resize,
    resize_ids,
    scaled_size,
    to_float,
)


class LabelInstanceImages(PictureDataset):
    """Photos with label maps and, if there are any, instance maps (pix2pixHD).

    Item ``i`` is ``(labels, instances, photo)``, followed by ``features`` where these
    are asked for:

    - ``labels``: ``(1, H, W) float32``, the class of each pixel, 0 to ``label_nc - 1``;
    - ``instances``: ``(1, H, W) int32``, the object of each pixel; zeros without
      instance maps;
    - ``photo``: ``(3, H, W) float32 in [-1, 1]``, unless left out;
    - ``features``: ``(C, H, W) float32 in [-1, 1]``, from ``<split>_feat``.

    Ids stay ids until they are on the device, where `encode` makes the networks' input
    of them: at 2048x1024 the one-hot maps of a single photo fill 294 MB.

    Parameters
    ----------
    folder : str or Path
        A data set with ``train_img``, ``train_label`` and perhaps ``train_inst``,
        ``train_feat``, ``test_img``, ... Files belong together by name, the endings of
        Cityscapes aside.
    split : str
        ``"train"`` or ``"test"``.
    label_nc : int
        Number of classes; a larger value in a label map is an error.
    mode : {"scale_width", "scale_width_and_crop", "crop", "none"}
        Resize to a width of `load_size`, with or without cropping a square of
        `crop_size` afterwards; crop only; or leave the size as it is. Without a crop,
        sides are rounded to multiples of `multiple_of`. Photos are resized with bicubic
        interpolation, ids and features to the nearest.
    load_size, crop_size, multiple_of : int
        In pixels, see `mode`.
    mirror : bool
        Whether everything is flipped left-right at random, while training.
    use_instances, use_photos, use_features : bool
        Whether instance maps, photos (a translation needs none) and stored feature maps
        are read; they must then be there.
    seed, batch_size : int
        See `PictureDataset`.
    train : bool, optional
        Random crops and mirroring or not (then the middle is cropped); by default for
        the split named ``train``.

    Raises
    ------
    FileNotFoundError
        If a folder is missing or empty, or a file has no partner; it is named.
    ValueError
        If a parameter is impossible.
    PictureError
        While items are read: if a file is no picture, partners differ in size, a value
        is no label, or a picture is smaller than the crop.
    """

    def __init__(self, folder: str | Path, split: str = "train", *,
                 label_nc: int = LABEL_NC, mode: str = "scale_width",
                 load_size: int = 1024, crop_size: int = 512, multiple_of: int = 32,
                 mirror: bool = True, use_instances: bool = True,
                 use_photos: bool = True, use_features: bool = False, seed: int = 0,
                 batch_size: int = 1, train: bool | None = None):
        super().__init__(folder, split, train, seed, batch_size)
        for name, value, least in (
                ("label_nc", label_nc, 1), ("load_size", load_size, 1),
                ("crop_size", crop_size, 1), ("multiple_of", multiple_of, 1),
                ("seed", seed, 0)):
            if value < least:
                raise ValueError(f"{name}={value} must be at least {least}.")
        if mode not in RESIZE_MODES:
            raise ValueError(f"mode={mode!r} is not possible: choose one of "
                             f"{', '.join(RESIZE_MODES)}.")
        if mode == "scale_width_and_crop" and load_size < crop_size:
            raise ValueError(f"crop_size={crop_size} is not possible: it must be at "
                             f"most load_size={load_size}, from which it is cut.")
        self.label_nc, self.mode = label_nc, mode
        self.load_size, self.crop_size = load_size, crop_size
        self.multiple_of, self.mirror = multiple_of, mirror
        parts = ["label"] + ["inst"] * use_instances + ["img"] * use_photos \
            + ["feat"] * use_features
        self.use_instances, self.use_photos = use_instances, use_photos
        self.paths = _match([self._part(part) for part in parts])

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def files(self) -> list[Path]:
        return [path for paths in self.paths for path in paths]

    def files_of(self, index: int, epoch: int = 0) -> list[Path]:
        return self.paths[index]

    def identity(self) -> dict:
        """Say which data these are, as all data sets do, and what is made of them."""
        options = ("label_nc", "mode", "load_size", "crop_size", "multiple_of",
                   "mirror", "use_instances", "use_photos")
        return {**super().identity(), **{name: getattr(self, name) for name in options}}

    def _part(self, part):
        try:
            return self._pictures(f"{self.split}_{part}")
        except FileNotFoundError as error:
            option = {"inst": "use_instances", "img": "use_photos",
                      "feat": "use_features"}.get(part)
            raise FileNotFoundError(
                f"{error} To do without, pass {option}=False." if option else error
            ) from None

    @property
    def in_channels(self) -> int:
        """Channels of what `encode` makes, stored features aside."""
        return self.label_nc + self.use_instances

    def encode(self, labels: nd.NDArray, instances: nd.NDArray,
               features: nd.NDArray | None = None) -> nd.NDArray:
        """Make the networks' input of a batch, on the device where the batch is.

        Returns ``(N, in_channels, H, W) float32``: the one-hot labels, the edges of
        instances if these are used, and the features if there are any.
        """
        parts = [one_hot(labels, self.label_nc)]
        if self.use_instances:
            parts.append(instance_edges(instances))
        if features is not None:
            parts.append(features)
        return nd.concat(*parts, dim=1)

    def _read(self, index):
        paths = self.paths[index]
        width, height = picture_size(paths[0])
        for path in paths[1:]:
            if picture_size(path) != (width, height):
                raise PictureError(
                    path, f"is {'x'.join(map(str, picture_size(path)))} pixels and its "
                    f"label map {width}x{height}", "both must show the same picture")
        size = scaled_size(width, height, self.mode, self.load_size, self.multiple_of)
        if "crop" in self.mode and min(size) < self.crop_size:
            raise PictureError(
                paths[0], f"is {size[0]}x{size[1]} pixels, too small for a crop of "
                f"{self.crop_size}", "choose a smaller crop_size, or another mode")
        maps = [read_ids(path) for path in paths[:1 + self.use_instances]]
        wrong = np.unique(maps[0][(maps[0] < 0) | (maps[0] >= self.label_nc)])
        if len(wrong):
            raise PictureError(
                paths[0], f"holds {', '.join(map(str, wrong[:5]))}, and labels end at "
                f"{self.label_nc - 1}", "set label_nc, or correct the label map")
        if not self.use_instances:
            maps.append(np.zeros_like(maps[0]))
        maps[0] = maps[0].astype(np.min_scalar_type(self.label_nc - 1))  # to be held
        maps = (resize_ids(map_, *size) for map_ in maps)
        rest = paths[1 + self.use_instances:]
        pictures = [resize(read_picture(rest.pop(0)), *size)] if self.use_photos else []
        # Features are constant over an object; between two there is nothing to mix.
        pictures += [resize_ids(read_picture(path), *size) for path in rest]
        return *maps, *pictures

    def get(self, index: int, epoch: int = 0) -> tuple[np.ndarray, ...]:
        """Return a photo and its maps as they are seen in an epoch (from 0)."""
        index = range(len(self))[index]
        arrays = self._load(index)
        height, width = arrays[0].shape
        if "crop" in self.mode:
            height = width = self.crop_size
        if self.train:
            rng = self._rng(index, epoch)
            arrays = jitter(arrays, (height, width), self.mirror, rng)
        else:
            top, left = ((side - crop) // 2 for side, crop in
                         zip(arrays[0].shape, (height, width), strict=True))
            arrays = [array[top:top + height, left:left + width] for array in arrays]
        labels, instances, *photos = arrays
        return (labels[None].astype(np.float32), instances[None].astype(np.int32),
                *(to_float(photo) for photo in photos))


def _match(columns):
    """Match the files of several folders by name; every one must have its partners."""
    by_stem = defaultdict(list)
    for paths in columns:
        stems = [common_stem(path) for path in paths]
        for stem, path in zip(stems, paths, strict=True):
            by_stem[stem].append(path)
    for paths in by_stem.values():
        folders = [path.parent for path in paths]
        for column in columns:
            if folders.count(column[0].parent) != 1:
                raise FileNotFoundError(
                    f"{paths[0]} has {folders.count(column[0].parent)} partners in "
                    f"{column[0].parent} instead of one: photos, label and instance "
                    "maps must have the same names.")
    return list(by_stem.values())
