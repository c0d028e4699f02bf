"""What it costs a training to save itself each epoch, and how long going on takes.

A step, a save of the whole state through to the disk, and taking it up again take
turns. The table goes to stdout, progress to stderr.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import gluon_pix2pix as g2p  # isort: skip  # first: it sets the threads of MXNet
import mxnet as mx
from measure import alternate, machine, progress, table

from gluon_pix2pix.checkpoint import restore, save_checkpoint

# Name, size, channels, and the steps of an epoch: the lesson's drawings, the facades.
SETTINGS = (("lesson", 128, 32, 200), ("full", 256, 64, 400))
QUICK = (("quick", 32, 16, 10),)


def seconds(work) -> float:
    """Do something; return how long it takes, MXNet's queue included."""
    mx.nd.waitall()
    start = time.perf_counter()
    work()
    mx.nd.waitall()
    return time.perf_counter() - start


def measure_one(size: int, width: int, folder: Path, rounds: int) -> tuple:
    """Return a checkpoint's bytes, and the seconds of a step, a save, a restoration."""
    model = g2p.Pix2Pix(g2p.Pix2PixConfig(size=size, ngf=width, ndf=width))
    batch = [mx.nd.random.uniform(-1, 1, (1, 3, size, size)) for _ in "xy"]
    steps = 5

    def train():
        for _ in range(steps):
            model.step(*batch)

    train()  # Adam's states exist after the first step
    times = alternate({
        "steps": lambda: seconds(train) / steps,
        "save": lambda: seconds(lambda: save_checkpoint(folder, model)),
        "restore": lambda: seconds(lambda: restore(model, folder)),
    }, rounds)
    return sum(path.stat().st_size for path in folder.iterdir()), *times.values()


def main(arguments: list[str] | None = None) -> None:
    """Measure all settings."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, help="measurements of each (default: 5)")
    parser.add_argument("--folder", help="on which disk (default: the temporary one)")
    parser.add_argument("--quick", action="store_true",
                        help="tiny networks, one round: that it runs, not how fast")
    options = parser.parse_args(arguments)
    rounds = options.rounds or (1 if options.quick else 5)
    rows = []
    for name, size, width, steps in QUICK if options.quick else SETTINGS:
        progress(f"{name}: {size} px, ngf {width}")
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            size_on_disk, step, save, restoration = measure_one(
                size, width, Path(folder, "checkpoint"), rounds)
        share = (save / step).percent().scaled(1 / steps)
        rows.append([f"{name}: {size} px, ngf {width}", f"{size_on_disk / 1e6:.0f}",
                     step.scaled(1e3), save.scaled(1e3), share,
                     restoration.scaled(1e3)])
    print(machine("mxnet", "numpy"))
    print("\n### Checkpoints\n\n" + table(
        ["", "MB", "step, ms", "save, ms", "save, % of an epoch", "restore, ms"], rows)
        + "\n\nAn epoch has 200 steps of the lesson, 400 of the full profile.")


if __name__ == "__main__":
    main()
