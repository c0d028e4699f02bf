"""Batches of a data set: each iteration is one epoch, read ahead by threads."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import numpy as np
from mxnet import nd

from .datasets import PictureDataset
from .pictures import PictureError
from .runtime import usable_cpus

_log = logging.getLogger(__name__)


class Loader:
    """Batches of a data set: each iteration is one epoch.

    Order and jitter depend on nothing but the seed and the epoch's number, so that any
    epoch can be repeated exactly, with any number of workers. The last batch of an
    epoch may be smaller.

    The workers are threads, because decoding and resizing leave Python's lock free.
    They need no pickling, share the pictures held in memory, work in Jupyter and on
    Windows, and cannot be left behind by a kernel that dies, as processes are.

    Parameters
    ----------
    dataset : PictureDataset
        Where the pictures come from.
    batch_size : int, optional
        Items a batch; the data set's own by default.
    shuffle : bool, optional
        A new order each epoch; by default for a data set that trains.
    workers : int, optional
        Threads that prepare the next batches while one is used; at most as many
        batches and one more are in memory. 0 reads each batch when it is asked for.
        By default as many as there are CPUs, up to 4.
    unreadable : {"stop", "skip"}
        What to do about a picture that cannot be read: raise its error, or warn, and
        let the next item of the epoch that can be read take its place. So batches stay
        as many and as large as they were.

    Attributes
    ----------
    epoch : int
        Number of the epoch that the next iteration gives; it then counts on.
    skipped : dict of str to int
        What was wrong with pictures that could not be read, and how often.

    Yields a tuple of NDArrays in main memory, ``(N, ...)`` of the items' shapes and
    types: for pairs ``real_in, real_out``, ``(N, C, H, W) float32 in [-1, 1]``.

    Raises
    ------
    PictureError, OSError
        While batches are read: if a picture cannot be.
    ValueError
        If pictures of a batch have different sizes.
    RuntimeError
        If anything else fails while an item is made; its pictures are named.
    """

    def __init__(self, dataset: PictureDataset, batch_size: int | None = None,
                 shuffle: bool | None = None, workers: int | None = None,
                 unreadable: str = "stop"):
        self.dataset = dataset
        self.batch_size = dataset.batch_size if batch_size is None else batch_size
        if self.batch_size < 1:
            raise ValueError(f"batch_size={self.batch_size} must be at least 1.")
        self.workers = min(4, usable_cpus()) if workers is None else workers
        if self.workers < 0:
            raise ValueError(f"workers={workers} must not be negative.")
        if unreadable not in ("stop", "skip"):
            raise ValueError(f"unreadable={unreadable!r} is not possible: choose "
                             "'stop' or 'skip'.")
        self.shuffle = dataset.train if shuffle is None else shuffle
        self.unreadable = unreadable
        self.epoch = 0
        self.skipped: dict[str, int] = {}

    def __len__(self) -> int:
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[nd.NDArray, ...]]:
        return self.from_batch(0)

    def from_batch(self, first: int) -> Iterator[tuple[nd.NDArray, ...]]:
        """Iterate over an epoch without its first batches, which are not even read."""
        epoch, self.epoch = self.epoch, self.epoch + 1
        return self._batches(epoch, first)

    def identity(self) -> dict:
        """Say which data these are, and in which order: what a training depends on."""
        data = (self.dataset.identity() if hasattr(self.dataset, "identity")
                else {"items": len(self.dataset)})
        return {**data, "batch_size": self.batch_size, "shuffle": self.shuffle}

    def _batches(self, epoch, first):
        order = np.arange(len(self.dataset))
        if self.shuffle:
            np.random.RandomState([self.dataset.seed, epoch]).shuffle(order)
        starts = iter(range(first * self.batch_size, len(order), self.batch_size))
        skipped = 0

        def read(start):
            places = range(start, min(start + self.batch_size, len(order)))
            return [self._item(order, place, epoch) for place in places]

        batches = map(read, starts) if not self.workers else _ahead(
            read, starts, self.workers)
        try:
            for items in batches:
                for _, problems in items:
                    self._tell(problems)
                    skipped += len(problems)
                arrays = map(_stacked, zip(*(item for item, _ in items), strict=True))
                yield tuple(nd.array(array, dtype=array.dtype) for array in arrays)
        finally:
            if skipped:
                _log.warning("%d of %d items could not be read in epoch %d, and others "
                             "took their places.", skipped, len(order), epoch + 1)

    def _item(self, order, place, epoch):
        """Read an item, or the next one that can be; tell what could not."""
        problems = []
        for index in map(int, chain(order[place:], order[:place])):
            try:
                return self.dataset.get(index, epoch), problems
            except (PictureError, OSError) as error:
                problems.append(str(error))
                if self.unreadable == "stop":
                    raise _with_ways_on(error) from None
                if len(problems) == len(order):
                    raise
            except MemoryError:
                raise
            except Exception as error:
                raise RuntimeError(
                    f"{self._name(index, epoch)} could not be made an item of a batch "
                    f"({type(error).__name__}: {error}).") from error

    def _name(self, index, epoch):
        if hasattr(self.dataset, "files_of"):
            return ", ".join(map(str, self.dataset.files_of(index, epoch)))
        return f"Item {index}"

    def _tell(self, problems):
        for problem in problems:
            if problem not in self.skipped:
                _log.warning("%s Another picture takes its place.", problem)
            self.skipped[problem] = self.skipped.get(problem, 0) + 1


def _stacked(arrays):
    shapes = sorted({np.shape(array) for array in arrays})
    if len(shapes) > 1:
        different = " and ".join("x".join(map(str, shape[:-3:-1]))
                                 for shape in shapes[:2])
        raise ValueError(
            f"Pictures of {different} pixels cannot be one batch: train with "
            "batch_size=1 (--batch-size 1), or crop all to one size.")
    return np.stack(arrays)


def _with_ways_on(error):
    """Tell how a training can go on, which needs as many pictures as it began with."""
    if not isinstance(error, PictureError):
        return error
    return PictureError(error.path, error.reason, "replace it by a sound one of that "
                        "name, or let others take its place (unreadable='skip', on the "
                        "command line --unreadable skip)")


def _ahead(function, values, workers):
    """Map a function over values by threads, in order, never far ahead of the user."""
    with ThreadPoolExecutor(workers, thread_name_prefix="loader") as pool:
        waiting = deque()
        try:
            for value in values:
                waiting.append(pool.submit(function, value))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:  # the loop was left: nobody wants the rest
            for future in waiting:
                future.cancel()
