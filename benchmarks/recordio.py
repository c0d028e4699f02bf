"""Does one RecordIO file, MXNet's packed format, come faster than many files?"""

from __future__ import annotations

import io
import os
import random
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

import gluon_pix2pix as g2p  # isort: skip  # first: it sets the threads of MXNet
import mxnet as mx
from measure import alternate, table
from reading import draw_pairs, epoch, lazily

CASES = {"bytes, warm": "bytes alone, files in the system's cache",
         "bytes, cold": "bytes alone, from the disk",
         "batches, warm": "Loader, files in the system's cache",
         "batches, cold": "Loader, from the disk"}


class Record:
    """Pictures packed into one RecordIO file; indexing gives one as an open file."""

    def __init__(self, stem: Path, paths: list[Path]):
        self.path, index = stem.with_suffix(".rec"), str(stem.with_suffix(".idx"))
        self._length, self._lock = len(paths), threading.Lock()
        writer = mx.recordio.MXIndexedRecordIO(index, str(self.path), "w")
        for number, path in enumerate(paths):
            header = mx.recordio.IRHeader(0, float(number), number, 0)
            writer.write_idx(number, mx.recordio.pack(header, path.read_bytes()))
        writer.close()
        self._reader = mx.recordio.MXIndexedRecordIO(index, str(self.path), "r")

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, number: int) -> io.BytesIO:
        with self._lock:  # it seeks, then reads
            record = self._reader.read_idx(number)
        return io.BytesIO(mx.recordio.unpack(record)[1])


def recordio(options) -> str:
    """Compare files with the same files packed into one, read in random order."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        config = g2p.Pix2PixConfig(size=options.size)
        draw_pairs(root, options.packed, options.size)
        files, packed = (lazily(g2p.PairedImages(root, config=config)) for _ in "12")
        packed.paths = record = Record(root / "pairs", files.paths)
        candidates = {**_candidates("files", files, files.paths),
                      **_candidates("RecordIO", packed, [record.path])}
        speeds = alternate(candidates, options.rounds)
    rows = []
    for case, title in CASES.items():
        if f"files, {case}" in speeds:
            from_files, packed = speeds[f"files, {case}"], speeds[f"RecordIO, {case}"]
            rows.append([title, from_files, packed, packed / from_files])
    return table(["images/s", "from files", "from RecordIO", "RecordIO / files"], rows)


def _candidates(name, dataset, on_disk):
    """Name what is measured of one way to store pictures, warm and cold."""
    caches = {"warm": []}
    if hasattr(os, "posix_fadvise"):  # elsewhere a program cannot empty the cache
        caches["cold"] = on_disk
    candidates = {}
    for cache, drop in caches.items():
        candidates[f"{name}, bytes, {cache}"] = partial(_bytes, dataset.paths, drop)
        candidates[f"{name}, batches, {cache}"] = partial(_batches, dataset, drop)
    return candidates


def _bytes(pictures, drop):
    """Read all pictures in random order without decoding; images per second."""
    order = random.sample(range(len(pictures)), len(pictures))
    _forget(drop)
    start = time.perf_counter()
    for number in order:
        picture = pictures[number]
        _ = picture.read_bytes() if isinstance(picture, Path) else picture.getvalue()
    return len(order) / (time.perf_counter() - start)


def _batches(dataset, drop):
    """Read a shuffled epoch without workers, so that nothing hides a slow disk."""
    _forget(drop)
    return epoch(g2p.Loader(dataset, batch_size=1, workers=0))


def _forget(paths):
    """Have the system drop what it holds of these files in memory."""
    for path in paths:
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
