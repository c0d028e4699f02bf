"""Batches of a data set: each iteration is one epoch, read ahead by threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from mxnet import nd

from .datasets import PictureDataset
from .runtime import usable_cpus


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

    Attributes
    ----------
    epoch : int
        Number of the epoch that the next iteration gives; it then counts on.

    Yields a tuple of NDArrays in main memory, ``(N, ...)`` of the items' shapes and
    types: for pairs ``real_in, real_out``, ``(N, C, H, W) float32 in [-1, 1]``.
    """

    def __init__(self, dataset: PictureDataset, batch_size: int | None = None,
                 shuffle: bool | None = None, workers: int | None = None):
        self.dataset = dataset
        self.batch_size = dataset.batch_size if batch_size is None else batch_size
        if self.batch_size < 1:
            raise ValueError(f"batch_size={self.batch_size} must be at least 1.")
        self.workers = min(4, usable_cpus()) if workers is None else workers
        if self.workers < 0:
            raise ValueError(f"workers={workers} must not be negative.")
        self.shuffle = dataset.train if shuffle is None else shuffle
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[nd.NDArray, ...]]:
        epoch, self.epoch = self.epoch, self.epoch + 1
        return self._batches(epoch)

    def _batches(self, epoch):
        order = np.arange(len(self.dataset))
        if self.shuffle:
            np.random.RandomState([self.dataset.seed, epoch]).shuffle(order)
        batches = iter(np.split(order, range(self.batch_size, len(order),
                                             self.batch_size)))

        def read(batch):
            items = [self.dataset.get(int(index), epoch) for index in batch]
            return [np.stack(arrays) for arrays in zip(*items, strict=True)]

        for arrays in map(read, batches) if not self.workers else _ahead(
                read, batches, self.workers):
            yield tuple(nd.array(array, dtype=array.dtype) for array in arrays)


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
