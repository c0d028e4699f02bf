"""The objects of pictures, and the numbers that an encoder gives each of them.

Wang et al. 2018, section 3.4: an encoder describes the look of each object by a few
numbers, its feature. What is here finds the objects of a picture and gathers the
features of all objects of a data set.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import NamedTuple

import numpy as np

from . import durable
from .checkpoint_files import read_arrays
from .failures import CheckpointError
from .label_instances import LabelInstanceImages
from .loaders import Loader
from .progress_bar import progress_bar


class Objects(NamedTuple):
    """The ``n`` objects of one picture of ``H x W`` pixels, in the order of their ids.

    Attributes
    ----------
    instance : ndarray
        Their ids, ``(n,)``.
    label : ndarray
        Their classes, ``(n,)``: of an object with several, the one of most pixels.
    pixels : ndarray
        How many pixels each has, ``(n,)``.
    place : ndarray
        Which of them each pixel belongs to, ``(H, W)``, from 0 to ``n - 1``.
    """

    instance: np.ndarray
    label: np.ndarray
    pixels: np.ndarray
    place: np.ndarray

    def means(self, features: np.ndarray) -> np.ndarray:
        """Average ``(C, H, W)``, or a batch of one, over objects: ``(n, C) float32``.

        Raises
        ------
        ValueError
            If it is of another size.
        """
        features = features[0] if features.ndim == 4 else features
        if features.shape[1:] != self.place.shape:
            raise ValueError(f"Features are {features.shape}, and their objects "
                             f"{self.place.shape}: both must show the same picture.")
        place = self.place.ravel()
        sums = [np.bincount(place, channel.ravel()) for channel in features]
        return (np.stack(sums, axis=1) / self.pixels[:, None]).astype(np.float32)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Give each pixel the values of its object: ``(n, C)`` to ``(C, H, W)``."""
        return np.stack([channel[self.place] for channel in np.transpose(values)])


def find_objects(labels: np.ndarray, instances: np.ndarray) -> Objects:
    """Find the objects of one picture.

    Parameters
    ----------
    labels, instances : ndarray or NDArray
        The class and the object of each pixel, integers of 0 or more: ``(H, W)``, also
        with leading axes of length 1.

    Raises
    ------
    ValueError
        If they are no maps of one picture.
    """
    labels, instances = (_plane(ids) for ids in (labels, instances))
    if labels.shape != instances.shape or labels.min() < 0:
        raise ValueError(
            f"Labels {labels.shape} of {labels.min()} and more, and instances "
            f"{instances.shape}: both must show one picture, in numbers of 0 and more.")
    ids, place, pixels = np.unique(instances, return_inverse=True, return_counts=True)
    place = place.reshape(-1)
    classes = labels.max() + 1
    # A column for each class: how many pixels of each object are of it.
    votes = np.bincount(place * classes + labels.ravel(), minlength=len(ids) * classes)
    return Objects(ids, votes.reshape(len(ids), classes).argmax(axis=1), pixels,
                   place.reshape(instances.shape))


def _plane(ids):
    ids = ids.asnumpy() if hasattr(ids, "asnumpy") else np.asarray(ids)
    if np.prod(ids.shape[:-2]) != 1:
        raise ValueError(f"A map of shape {ids.shape} shows several pictures: pass "
                         "one.")
    return ids.reshape(ids.shape[-2:]).astype(np.int64)


@dataclasses.dataclass(frozen=True)
class ObjectFeatures:
    """The features of ``n`` objects from several pictures.

    Attributes
    ----------
    label : ndarray
        Class of each object, ``(n,) int32``.
    instance : ndarray
        Its id, ``(n,) int32``.
    picture : ndarray
        Number of its picture in the data set, ``(n,) int32``.
    share : ndarray
        Its share of the pixels of that picture, ``(n,) float32`` in (0, 1].
    feature : ndarray
        ``(n, C) float32 in [-1, 1]``.
    """

    label: np.ndarray
    instance: np.ndarray
    picture: np.ndarray
    share: np.ndarray
    feature: np.ndarray

    def __len__(self) -> int:
        return len(self.label)

    def of(self, instance: int, picture: int = 0) -> np.ndarray:
        """Return the feature of an object, ``(C,)``, to paint another one alike.

        Raises
        ------
        ValueError
            If that picture has no such object.
        """
        found = np.flatnonzero((self.instance == instance) & (self.picture == picture))
        if not len(found):
            ids = self.instance[self.picture == picture]
            raise ValueError(f"Picture {picture} has no object {instance}"
                             + (f", only {listed(ids)}." if len(ids) else "."))
        return self.feature[found[0]]

    def save(self, path: str | Path) -> None:
        """Write a ``.npz`` file of plain arrays, whole or not at all.

        Raises
        ------
        SaveError
            If it cannot be written.
        """
        durable.replace_arrays(Path(path), vars(self))

    @classmethod
    def load(cls, path: str | Path) -> ObjectFeatures:
        """Read what `save` wrote.

        Raises
        ------
        FileNotFoundError, ValueError
            If the file is missing or damaged; it is named.
        """
        arrays = read_written(path)
        if set(arrays) == set(_KINDS) and all(
                array.dtype == _KINDS[name] and np.isfinite(array).all()
                and array.ndim == 1 + (name == "feature")
                and array.shape[:1] == arrays["label"].shape
                for name, array in arrays.items()):
            return cls(**arrays)
        raise ValueError(f"{path} holds no features of objects: write it again by "
                         "`gluon-pix2pix encode-features`.")


_KINDS = {"label": np.int32, "instance": np.int32, "picture": np.int32,
          "share": np.float32, "feature": np.float32}


def encode_objects(model, dataset: LabelInstanceImages, progress: bool = True,
                   ) -> ObjectFeatures:
    """Describe every object of every picture of a data set, as an encoder sees it.

    Parameters
    ----------
    model : Pix2PixHD or LabelTranslator
        One with an encoder; of one that was trained with stored features, those are
        taken.
    dataset : LabelInstanceImages
        Photos with label and instance maps, not jittered (``train=False``), and the
        stored features if the model wants them.
    progress : bool
        Show a bar.

    Raises
    ------
    ValueError
        If the model knows no looks of objects or reads no label maps, or the data set
        is jittered or lacks what is needed.
    """
    config = model.config
    check_looks(config, ("encoder", "stored"))
    if not config.label_nc:
        raise ValueError("This model reads pictures instead of label maps "
                         "(label_nc=0): its objects have no classes.")
    stored = config.features == "stored"
    if dataset.train or not dataset.use_photos or (
            stored and dataset.config.features != "stored"):
        raise ValueError("Objects are encoded in photos that are not jittered: make "
                         "the data set with the model's configuration, train=False and "
                         "use_photos=True.")
    columns = []
    with progress_bar(len(dataset), "encoding", "picture", shown=progress) as bar:
        for number, (labels, instances, photo, *features) in enumerate(
                Loader(dataset, batch_size=1, shuffle=False)):
            objects = find_objects(labels, instances)
            if not stored:
                features = [model.features_of(photo, instances)]
            columns.append((
                objects.label.astype(np.int32), objects.instance.astype(np.int32),
                np.full(len(objects.label), number, np.int32),
                (objects.pixels / objects.place.size).astype(np.float32),
                objects.means(features[0].asnumpy()[0])))
            bar.update()
    return ObjectFeatures(*map(np.concatenate, zip(*columns)))


def check_looks(config, features: tuple[str, ...] = ("encoder",)) -> None:
    """Raise ValueError unless a model has such features, and of single objects."""
    if getattr(config, "features", "none") not in features:
        raise ValueError("This model has no encoder, so it knows no features of "
                         "objects: train a pix2pixhd with features='encoder' "
                         "(--features encoder).")
    if not config.use_instances:
        raise ValueError("This model's encoder sees whole pictures and no objects: "
                         "train one with use_instances=True.")


def read_written(path: str | Path) -> dict[str, np.ndarray]:
    """Read arrays that ``encode-features`` wrote; see `ObjectFeatures.load`."""
    try:
        return read_arrays(Path(path))
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no file {path}: `gluon-pix2pix "
                                "encode-features` writes it.") from None
    except CheckpointError as error:
        raise ValueError(f"{path} cannot be read ({error.__cause__}): write it again "
                         "by `gluon-pix2pix encode-features`.") from error


def listed(ids) -> str:
    """Name some of the ids there are."""
    shown = ", ".join(map(str, sorted(ids)[:10]))
    return shown + (f" and {len(ids) - 10} more" if len(ids) > 10 else "")
