"""Label map, instance map, photo and features of one picture: matched and read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .pictures import (
    PictureError,
    common_stem,
    picture_size,
    read_ids,
    read_picture,
)
from .pix2pixhd_config import Pix2PixHDConfig
from .transforms import resize, resize_ids, to_float


class LabelFiles(NamedTuple):
    """The files that show one scene; all but the labels may be missing (None).

    Attributes
    ----------
    labels : Path
        The label map; where ``label_nc`` is 0, a picture.
    instances, photo, features : Path, optional
        The instance map, the photo and the looks of the objects.
    """

    labels: Path
    instances: Path | None = None
    photo: Path | None = None
    features: Path | None = None

    @property
    def present(self) -> list[Path]:
        """Those that there are."""
        return [path for path in self if path]


def match_files(labels: Sequence[Path], *, surplus: bool = False,
                **partners: Sequence[Path]) -> list[LabelFiles]:
    """Match files by their names, endings of Cityscapes aside; see `common_stem`.

    Parameters
    ----------
    labels : sequence of Path
        The label maps.
    surplus : bool
        Whether there may be partners of labels that are not among these.
    **partners : sequence of Path
        ``instances``, ``photo`` and ``features``, as far as they are wanted.

    Raises
    ------
    FileNotFoundError
        If a file has no partner, or more than one; it is named.
    """
    columns = {"labels": labels, **partners}
    found = defaultdict(lambda: defaultdict(list))
    for part, paths in columns.items():
        for path in paths:
            found[common_stem(path)][part].append(path)
    if surplus:
        found = {stem: parts for stem, parts in found.items() if "labels" in parts}
    for parts in found.values():
        first = next(iter(parts.values()))[0]
        for part, paths in columns.items():
            if len(parts[part]) != 1:
                raise FileNotFoundError(
                    f"{first} has {len(parts[part])} partners in {paths[0].parent} "
                    "instead of one: photos, label and instance maps must have the "
                    "same names.")
    return [LabelFiles(**{part: paths[0] for part, paths in parts.items()})
            for parts in found.values()]


def shared_size(files: LabelFiles) -> tuple[int, int]:
    """Return the (width, height) of all files of a scene, without decoding them.

    Raises
    ------
    PictureError
        If they differ, or one is no picture; it is named.
    """
    width, height = picture_size(files.labels)
    for path in files.present[1:]:
        if picture_size(path) != (width, height):
            raise PictureError(
                path, f"is {'x'.join(map(str, picture_size(path)))} pixels and "
                f"{files.labels.name} {width}x{height}",
                "both must show the same picture")
    return width, height


def read_files(files: LabelFiles, config: Pix2PixHDConfig, width: int, height: int,
               ) -> tuple[np.ndarray, ...]:
    """Read the files of a scene at a common size.

    Pictures are resized with bicubic interpolation, ids and features to the nearest.

    Returns
    -------
    tuple of ndarray
        Labels ``(height, width)`` of integers, or at ``label_nc=0`` a picture
        ``(height, width, in_channels) uint8``; instances, zeros without a file; photo
        ``(height, width, out_channels) uint8`` and features ``(height, width,
        n_features) uint8``, if there are files.

    Raises
    ------
    PictureError
        If a file is no such picture, or a label is none below ``label_nc``; the file is
        named.
    """
    if config.label_nc:
        labels = resize_ids(_read_labels(files.labels, config.label_nc), width, height)
    else:
        labels = resize(read_picture(files.labels, config.in_channels), width, height)
    if files.instances:
        instances = resize_ids(read_ids(files.instances), width, height)
    else:
        instances = np.zeros((height, width), np.uint8)
    rest = []
    if files.photo:
        photo = read_picture(files.photo, config.out_channels)
        rest.append(resize(photo, width, height))
    if files.features:
        # They are constant over an object; between two there is nothing to mix.
        features = read_picture(files.features, config.n_features)
        rest.append(resize_ids(features, width, height))
    return labels, instances, *rest


def _read_labels(path, label_nc):
    labels = read_ids(path)
    wrong = np.unique(labels[(labels < 0) | (labels >= label_nc)])
    if len(wrong):
        raise PictureError(
            path, f"holds {', '.join(map(str, wrong[:5]))}, and labels end at "
            f"{label_nc - 1}", "correct the label map, or train with more (label_nc)")
    return labels.astype(np.min_scalar_type(label_nc - 1))  # small: it may be held


def network_arrays(arrays: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Turn what `read_files` returns into what a network takes, channels first.

    Returns
    -------
    tuple of ndarray
        Labels ``(1, H, W) float32`` or a picture ``(C, H, W) float32 in [-1, 1]``;
        instances ``(1, H, W) int32``; the others ``(C, H, W) float32 in [-1, 1]``.
    """
    labels, instances, *rest = arrays
    return (labels[None].astype(np.float32) if labels.ndim == 2 else to_float(labels),
            instances[None].astype(np.int32), *map(to_float, rest))
