"""Looks for the objects of a label map: a few for each class, from features of many.

Wang et al. 2018, section 3.4: the features of all objects of a class in the training
set are clustered by K-means, and each cluster is one look to choose from.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from mxnet import gluon, nd

from . import durable
from .instance_features import (
    ObjectFeatures,
    Objects,
    find_objects,
    listed,
    read_written,
)
from .network_states import weights_digest

SMALLEST = 0.001  # of the pixels of a picture
_ENCODER = "encoder"  # in a file, the digest of its weights


def cluster(objects: ObjectFeatures, n_clusters: int = 10, seed: int = 0,
            smallest: float = SMALLEST) -> Styles:
    """Find the looks of each class: the centres of K-means, the most frequent first.

    Parameters
    ----------
    objects : ObjectFeatures
        The objects of a training set.
    n_clusters : int
        Looks for each class; as many as there are different features if those are
        fewer.
    seed : int
        Where K-means begins. The same gives the same looks, to the bit.
    smallest : float
        Share of a picture's pixels below which an object is left out: an encoder
        that halves the picture several times sees hardly more of it than what is
        around it. (The reference implementation leaves out all below 1/64: on toy
        streets nine of ten cars.) A class of nothing but small objects takes them all.

    Raises
    ------
    ValueError
        If there are no objects, or the number of looks is impossible.
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    if n_clusters < 1:
        raise ValueError(f"n_clusters={n_clusters} must be at least 1.")
    if not len(objects):
        raise ValueError("There are no objects to find looks of.")
    looks, counts = {}, {}
    # One thread: several add up in an order that changes, and so do the last bits.
    with threadpool_limits(limits=1):
        for label in np.unique(objects.label):
            of_class = objects.label == label
            large = of_class & (objects.share >= smallest)
            features = objects.feature[large if large.any() else of_class]
            clusters = min(n_clusters, len(np.unique(features, axis=0)))
            found = KMeans(clusters, n_init=10, random_state=seed).fit(features)
            sizes = np.bincount(found.labels_, minlength=clusters)
            order = np.argsort(-sizes, kind="stable")
            centres = np.clip(found.cluster_centers_[order], -1, 1)  # of rounding
            looks[int(label)] = centres.astype(np.float32)
            counts[int(label)] = sizes[order]
    return Styles(looks, counts)


class Styles:
    """The looks of each class, and label maps painted with them.

    Parameters
    ----------
    looks : mapping of int to ndarray
        By class, ``(K, C) float32 in [-1, 1]``: K looks, the most frequent first. K may
        differ.
    counts : mapping of int to ndarray
        By class, ``(K,)``: how many objects each look stands for.
    """

    def __init__(self, looks: Mapping[int, np.ndarray],
                 counts: Mapping[int, np.ndarray]):
        self.looks, self.counts = dict(looks), dict(counts)
        shapes = [array.shape for array in self.looks.values()]
        if len({shape[1:] for shape in shapes}) != 1 or len(shapes[0]) != 2 or any(
                array.dtype != np.float32 or not (np.abs(array) <= 1).all()
                or np.shape(self.counts.get(label)) != array.shape[:1]
                for label, array in self.looks.items()):
            raise ValueError("Looks are (K, C) float32 in [-1, 1] for each class, with "
                             "the same C and K counts.")

    @property
    def n_features(self) -> int:
        """How many numbers a look has."""
        return next(iter(self.looks.values())).shape[1]

    def look(self, label: int, choice: int | np.ndarray) -> np.ndarray:
        """Return a look of a class by its number; a vector ``(C,)`` passes as it is.

        Raises
        ------
        ValueError
            If there is no such look, or a vector is none in [-1, 1].
        """
        if np.ndim(choice):
            vector = np.asarray(choice, np.float32)
            if vector.shape != (self.n_features,) or not (np.abs(vector) <= 1).all():
                raise ValueError(f"A look is {self.n_features} numbers in [-1, 1], not "
                                 f"{np.array2string(vector, threshold=6)}.")
            return vector
        known = len(self.looks.get(label, ()))
        if choice not in range(known):
            there_are = f"0 to {known - 1}" if known else "none"
            raise ValueError(f"There is no look {choice} of class {label}: there are "
                             f"{there_are}.")
        return self.looks[label][int(choice)]

    def sample(self, labels, instances, seed: int = 0) -> dict[int, int]:
        """Draw a look for each object of one picture, each equally likely.

        It depends on the seed, the object's id and how many looks its class has, and on
        nothing else: objects keep theirs when others come or go.

        Parameters
        ----------
        labels, instances : NDArray or ndarray
            As in `features`, of one picture.
        seed : int
            Another one draws other looks.

        Returns
        -------
        dict of int to int
            The number of a look by the id of the object. Objects of a class without
            looks are left out.
        """
        objects = find_objects(labels, instances)
        return {int(instance): self._draw(instance, label, seed) for instance, label
                in zip(objects.instance, objects.label) if label in self.looks}

    def _draw(self, instance, label, seed):
        rng = np.random.RandomState([seed, instance])
        return int(rng.randint(len(self.looks[label])))

    def of(self, objects: Objects, looks: Mapping[int, int | np.ndarray] | None = None,
           seed: int = 0) -> np.ndarray:
        """Return the looks of the objects of a picture, ``(n, C)``; see `features`."""
        looks, rows = looks or {}, []
        for instance, label in zip(objects.instance.tolist(), objects.label.tolist()):
            if instance in looks:
                rows.append(self.look(label, looks[instance]))
            elif label in self.looks:
                rows.append(self.looks[label][self._draw(instance, label, seed)])
            else:
                rows.append(np.zeros(self.n_features, np.float32))
        return np.stack(rows)

    def features(self, labels, instances,
                 looks: Mapping[int, int | np.ndarray] | None = None,
                 seed: int = 0) -> nd.NDArray:
        """Paint every object with one look: what a generator takes for features.

        Parameters
        ----------
        labels, instances : NDArray or ndarray
            The class and the object of each pixel, ``(N, 1, H, W)``.
        looks : mapping of int to int or ndarray, optional
            By the id of an object, the number of a look of its class, or a vector
            ``(C,)`` such as another object's. For all others one is drawn, as by
            `sample`. Pictures of one batch are treated alike.
        seed : int
            See `sample`.

        Returns
        -------
        NDArray
            ``(N, C, H, W) float32 in [-1, 1]``, where the labels are. A class without
            looks, which the training set did not have, gets zeros.

        Raises
        ------
        ValueError
            If there is no such object or look.
        """
        pictures = [find_objects(*maps) for maps in zip(labels, instances)]
        there = {int(instance) for objects in pictures for instance in objects.instance}
        if missing := sorted(set(looks or {}) - there):
            raise ValueError(f"There is no object {missing[0]}, only {listed(there)}.")
        painted = [objects.spread(self.of(objects, looks, seed))
                   for objects in pictures]
        return nd.array(np.stack(painted), ctx=getattr(labels, "context", None))

    def save(self, path: str | Path, netE: gluon.Block | None = None) -> None:
        """Write a ``.npz`` file of plain arrays, whole or not at all.

        Parameters
        ----------
        path : str or Path
            The file.
        netE : Block, optional
            The encoder whose features the looks are of; a digest of its weights is
            kept, so that `load` can tell another one.

        Raises
        ------
        SaveError
            If it cannot be written.
        """
        arrays = {f"{name}_{label}": array for name in ("looks", "counts")
                  for label, array in getattr(self, name).items()}
        if netE is not None:
            arrays[_ENCODER] = np.array(weights_digest(netE))
        durable.replace_arrays(Path(path), arrays)

    @classmethod
    def load(cls, path: str | Path, netE: gluon.Block | None = None) -> Styles:
        """Read what `save` wrote.

        Parameters
        ----------
        path : str or Path
            The file.
        netE : Block, optional
            The encoder of the model that will paint. A warning says if the looks were
            found with another one, or with this one before it was trained further.

        Raises
        ------
        FileNotFoundError, ValueError
            If the file is missing or damaged; it is named.
        """
        arrays, found = read_written(path), {"looks": {}, "counts": {}}
        encoder = arrays.pop(_ENCODER, None)
        if None not in (netE, encoder) and str(encoder) != weights_digest(netE):
            warnings.warn(
                f"{path} holds looks that another encoder has found, or this one "
                "before it was trained further: they may show other things now. Find "
                "them again by `gluon-pix2pix encode-features`.", stacklevel=2)
        try:
            for key, array in arrays.items():
                name, _, label = key.partition("_")
                found[name][int(label)] = array
            return cls(**found)
        except (KeyError, ValueError):
            raise ValueError(f"{path} holds no looks of objects: write it again by "
                             "`gluon-pix2pix encode-features`.") from None
