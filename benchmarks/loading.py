"""How fast pictures come, and whether a training has to wait for them.

Four parts, each a table: the memory that a large data set takes while it is read, the
speed of the loaders, their share in the time of a training, and whether packing the
pictures into one RecordIO file would pay. All pictures are drawn into a temporary
folder and removed. Tables go to stdout, progress to stderr.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import gluon_pix2pix as g2p  # isort: skip  # first: it sets the threads of MXNet
import mxnet as mx
from measure import (
    Remote,
    alternate,
    can_import,
    machine,
    progress,
    resident_mb,
    table,
)
from reading import draw_pairs, epoch, lazily
from recordio import recordio

TORCH_LOADER = Path(__file__).with_name("torch_loader.py")
NO_TORCH = """

PyTorch's loader is left out: torch, numpy and pillow cannot be imported by the chosen
Python. `pip install -e ".[benchmarks]"` installs torch; --torch-python names another
interpreter."""


def memory(options) -> str:
    """Read one epoch of a large data set and watch the process's memory."""
    if resident_mb() is None:
        return "Skipped: this system has no /proc to read the memory from."
    with tempfile.TemporaryDirectory() as folder:
        drawn = draw_pairs(Path(folder), options.drawn, options.size) / "train"
        for number in range(options.drawn, options.many):
            os.link(drawn / f"{number % options.drawn}.jpg", drawn / f"{number}.jpg")
        config = g2p.Pix2PixConfig(size=options.size)
        dataset = g2p.PairedImages(folder, config=config)
        if options.quick:  # so few would fit
            lazily(dataset)
        watched = [options.many // part for part in (20, 4, 2, 1)]
        rows, images = [["before the first", f"{resident_mb():.0f}"]], 0
        for real_in, _ in g2p.Loader(dataset, batch_size=1):
            images += len(real_in)
            if images in watched:
                progress(f"{images} of {options.many} images read")
                rows.append([f"{images:,}", f"{resident_mb():.0f}"])
    decoded = options.many * 6 * config.load_size ** 2 / 1e9
    return (table(["images read", "resident memory, MB"], rows) + "\n\n"
            f"{options.many:,} pairs, {options.drawn} of them drawn and the others "
            f"hard\nlinks to these; decoded they would fill {decoded:.1f} GB.")


def loaders(options) -> str:
    """Compare all loaders with each other and with what a training step consumes."""
    columns = {}
    with tempfile.TemporaryDirectory() as folder:
        pairs = draw_pairs(Path(folder, "pairs"), options.images, options.size)
        progress(f"drawing {options.images} streets of {options.size} pixels")
        streets = g2p.draw("toy_streets_hd", folder, options.size, options.images,
                           progress=False)
        for batch_size in (1, 4):
            config = g2p.Pix2PixConfig(size=options.size, ngf=options.ngf,
                                       ndf=options.ngf, batch_size=batch_size)
            with contextlib.ExitStack() as stack:
                candidates = _our_loaders(pairs, streets, config)
                if options.torch:
                    candidates |= _torch_loaders(pairs, config, options, stack)
                candidates["training step"] = partial(
                    _steps, g2p.Pix2Pix(config), _noise(config), options.steps)
                speeds = alternate(candidates, options.rounds)
            columns[batch_size] = [(speed, speed / speeds["training step"])
                                   for speed in speeds.values()]
    rows = [[name, *one, *four]
            for name, one, four in zip(candidates, columns[1], columns[4])]
    header = ["", "batch 1: images/s", "times the step", "batch 4: images/s",
              "times the step"]
    return table(header, rows) + ("" if options.torch else NO_TORCH)


def _our_loaders(pairs, streets, config):
    """Name one epoch of each of our loaders."""
    def paired():
        return g2p.PairedImages(pairs, config=config)

    unpaired = g2p.UnpairedImages(pairs, config=config)
    labels = g2p.LabelInstanceImages(streets, config=g2p.Pix2PixHDConfig(
        size=2 * config.size, batch_size=config.batch_size))
    sets = [("PairedImages, decoded each time", lazily(paired()), (0, 1, 2)),
            ("PairedImages, from memory", paired(), (0, 1, 2)),
            ("UnpairedImages, decoded each time", lazily(unpaired), (0, 2)),
            ("LabelInstanceImages, decoded each time", lazily(labels), (0, 2))]
    return {f"{name}, workers={workers}":
            partial(epoch, g2p.Loader(dataset, workers=workers))
            for name, dataset, counts in sets for workers in counts}


def _torch_loaders(pairs, config, options, stack):
    """Name one epoch of PyTorch's loader; the stack ends its processes."""
    return {
        f"PyTorch, decoded each time, num_workers={workers}": stack.enter_context(
            Remote(TORCH_LOADER, pairs, config.size, config.load_size,
                   config.batch_size, workers, python=options.torch_python))
        for workers in (0, 2)}


def _noise(config):
    """Make a batch as large as a real one."""
    shape = (config.batch_size, 3, config.size, config.size)
    return tuple(mx.nd.random.uniform(-1, 1, shape, ctx=mx.cpu()) for _ in range(2))


def _steps(model, batch, count):
    """Train on one batch; return images per second."""
    start = time.perf_counter()
    for _ in range(count):
        model.step(*batch)
    mx.nd.waitall()
    return count * len(batch[0]) / (time.perf_counter() - start)


class OneBatch:
    """Gives a batch that is there already: a loader that costs nothing."""

    def __init__(self, batch: tuple, length: int):
        self.batch, self.length, self.epoch = batch, length, 0

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[tuple]:
        return iter([self.batch] * self.length)


def training(options) -> str:
    """Compare `fit` with each loader to `fit` on a batch that is there already."""
    rows = []
    for size, ngf, images in options.trainings:
        config = g2p.Pix2PixConfig(size=size, ngf=ngf, ndf=ngf, epochs=1,
                                   epochs_decay=0)
        with tempfile.TemporaryDirectory() as folder:
            pairs = draw_pairs(Path(folder), images, size)
            speeds = alternate(_trainings(pairs, config, images), options.rounds)
        ready = speeds["one batch, ready"]
        rows += [[f"{size} px, ngf {ngf}: {name}", speed, ready / speed]
                 for name, speed in speeds.items()]
    return table(["", "images/s", "time against none for loading"], rows)


def _trainings(pairs, config, images):
    """Name one epoch of training with each loader."""
    feeds = {"one batch, ready": OneBatch(_noise(config), images)}
    for workers in (0, 1, 2):
        for where in ("decoded each time", "from memory"):
            dataset = g2p.PairedImages(pairs, config=config)
            if where == "decoded each time":
                lazily(dataset)
            feeds[f"{where}, workers={workers}"] = g2p.Loader(dataset, workers=workers)
    model = g2p.Pix2Pix(config)
    return {name: partial(_train, model, feed, images) for name, feed in feeds.items()}


def _train(model, feed, images):
    """Train for an epoch; return images per second."""
    start = time.perf_counter()
    for _report in g2p.fit(model, feed):
        pass
    return images / (time.perf_counter() - start)


PARTS = {memory: "Memory while a large data set is read",
         loaders: "Images per second",
         training: "What loading costs a training",
         recordio: "Files or RecordIO"}
FULL = {"size": 256, "ngf": 64, "many": 20000, "drawn": 200, "images": 200, "steps": 5,
        "trainings": ((256, 64, 6), (128, 32, 40)), "packed": 300}
QUICK = {"size": 32, "ngf": 16, "many": 40, "drawn": 10, "images": 8, "steps": 2,
         "trainings": ((32, 16, 8),), "packed": 8, "rounds": 1}


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the options and add the sizes they stand for."""
    names = [part.__name__ for part in PARTS]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--parts", nargs="+", choices=names, default=names)
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each")
    parser.add_argument("--torch-python", default=sys.executable, metavar="PYTHON",
                        help="interpreter that has torch, numpy and pillow")
    parser.add_argument("--quick", action="store_true",
                        help="tiny pictures, one round: that it runs, not how fast")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    vars(options).update(QUICK if options.quick else FULL)
    options.torch = can_import(options.torch_python, "torch", "numpy", "PIL")
    return options


def main(arguments: list[str] | None = None) -> None:
    """Measure all parts that are asked for."""
    options = parse(arguments)
    print(machine("mxnet", "numpy", "pillow"))
    for part, title in PARTS.items():
        if part.__name__ in options.parts:
            print(f"\n### {title}\n\n{part(options)}", flush=True)


if __name__ == "__main__":
    main()
