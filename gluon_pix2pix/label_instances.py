"""Photos with label and instance maps, pix2pixHD's data set (Wang et al. 2018)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .datasets import PictureDataset
from .label_files import match_files, network_arrays, read_files, shared_size
from .pictures import PictureError
from .pix2pixhd_config import Pix2PixHDConfig
from .transforms import jitter, scaled_size

_DATA_FIELDS = ("label_nc", "use_instances", "in_channels", "out_channels", "direction",
                "features", "n_features", "resize_mode", "size", "load_size",
                "multiple_of", "mirror")


class LabelInstanceImages(PictureDataset):
    """Photos with label maps and, if there are any, instance maps (pix2pixHD).

    Item ``i`` is ``(labels, instances, photo)``, followed by ``features`` where the
    configuration has them stored:

    - ``labels``: ``(1, H, W) float32``, the class of each pixel, 0 to ``label_nc - 1``;
      at ``label_nc=0`` a picture ``(C, H, W) float32 in [-1, 1]`` in its place;
    - ``instances``: ``(1, H, W) int32``, the object of each pixel; zeros without
      instance maps;
    - ``photo``: ``(C, H, W) float32 in [-1, 1]``, unless left out;
    - ``features``: ``(n_features, H, W) float32 in [-1, 1]``, the looks of the objects.

    Ids stay ids until they are on the device, where `encode_input` makes the networks'
    input of them. How pictures are resized and cropped, ``resize_mode`` says; those
    that are not cropped get sides that are multiples of ``multiple_of``. While
    training, crops are random and pictures mirrored at random; otherwise the middle is
    cropped.

    Parameters
    ----------
    folder : str or Path
        A data set with ``train_img``, ``train_label`` and perhaps ``train_inst``,
        ``train_feat``, ``test_img``, ...; at ``label_nc=0`` with ``train_A`` and
        ``train_B`` (or ``trainA``, ``trainB``) instead of the first two. Files belong
        together by name, the endings of Cityscapes aside.
    split : str
        ``"train"`` or ``"test"``.
    config : Pix2PixHDConfig, optional
        Sizes, classes, which maps are read, mirror, seed and batch size.
    train : bool, optional
        Random crops and mirroring or not; by default for the split named ``train``.
    use_photos : bool
        Whether photos are read: a translation needs none.

    Attributes
    ----------
    paths : list of LabelFiles
        The files of each item.

    Raises
    ------
    FileNotFoundError
        If a folder is missing or empty, or a file has no partner; it is named.
    ValueError
        If no picture can hold so many features.
    PictureError
        While items are read: if a file is no picture, partners differ in size, a value
        is no label, or a picture is smaller than the crop.
    """

    def __init__(self, folder: str | Path, split: str = "train",
                 config: Pix2PixHDConfig | None = None, *, train: bool | None = None,
                 use_photos: bool = True):
        self.config = config = config or Pix2PixHDConfig()
        super().__init__(folder, split, train, config.seed, config.batch_size)
        source, target = "AB" if config.direction == "AtoB" else "BA"
        partners = {}
        labels = (self._pictures(f"{split}_label") if config.label_nc
                  else self._domain(source))
        if config.use_instances:
            partners["instances"] = self._optional(
                "inst", "use_instances=False (on the command line "
                "--no-use-instances)")
        if use_photos:
            partners["photo"] = (self._optional("img", "use_photos=False")
                                 if config.label_nc else self._domain(target))
        if config.features == "stored":
            if config.n_features not in (1, 3):
                raise ValueError(f"n_features={config.n_features} cannot be read: "
                                 "feature maps are stored as pictures, which have 1 "
                                 "channel or 3.")
            partners["features"] = self._optional(
                "feat", "another kind of features; `gluon-pix2pix precompute-features` "
                "makes the folder")
        self.use_photos = use_photos
        self.paths = match_files(labels, **partners)

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def files(self) -> list[Path]:
        return [path for files in self.paths for path in files.present]

    def files_of(self, index: int, epoch: int = 0) -> list[Path]:
        return self.paths[index].present

    def identity(self) -> dict:
        """Say which data these are, as all data sets do, and what is made of them."""
        return {**super().identity(), "use_photos": self.use_photos,
                **{name: getattr(self.config, name) for name in _DATA_FIELDS}}

    def _optional(self, part, without):
        """List a folder that one can do without; the error says how."""
        try:
            return self._pictures(f"{self.split}_{part}")
        except FileNotFoundError as error:
            raise FileNotFoundError(f"{error} To do without, choose {without}."
                                    ) from None

    def _domain(self, domain):
        """List the pictures of A or B, whichever way the folder is called."""
        together = f"{self.split}{domain}"
        apart = f"{self.split}_{domain}"
        return self._pictures(together if (self.folder / together).is_dir() else apart)

    def _read(self, index):
        files, config = self.paths[index], self.config
        width, height = shared_size(files)
        cropped = "crop" in config.resize_mode
        size = scaled_size(width, height, config.load_width,
                           1 if cropped else config.multiple_of)
        if cropped and min(size) < config.size:
            raise PictureError(
                files.labels, f"is {size[0]}x{size[1]} pixels, too small for a crop of "
                f"{config.size}", "choose a smaller size, or another resize_mode")
        return read_files(files, config, *size)

    def get(self, index: int, epoch: int = 0) -> tuple[np.ndarray, ...]:
        """Return a photo and its maps as they are seen in an epoch (from 0)."""
        index = range(len(self))[index]
        arrays = self._load(index)
        height, width = arrays[0].shape[:2]
        if "crop" in self.config.resize_mode:
            height = width = self.config.size
        if self.train:
            rng = self._rng(index, epoch)
            arrays = jitter(arrays, (height, width), self.config.mirror, rng)
        else:
            top, left = ((side - crop) // 2 for side, crop in
                         zip(arrays[0].shape, (height, width)))
            arrays = [array[top:top + height, left:left + width] for array in arrays]
        return network_arrays(arrays)
