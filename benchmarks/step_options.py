"""What `step.py` can measure, and its options."""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
from dataclasses import replace

import gluon_pix2pix as g2p  # isort: skip  # first: it sets the threads of MXNet
from measure import can_import
from task import Task

from gluon_pix2pix.convolution import PRECISIONS, bfloat16_problem

SCRIPTS = {"training": ("our_pix2pix.py", "torch_pix2pix.py"),
           "inference": ("our_pix2pix.py", "torch_pix2pix.py"),
           "cyclegan": ("our_cyclegan.py", "torch_cyclegan.py"),
           "hd": ("our_pix2pixhd.py", "torch_pix2pixhd.py"),
           "hd_inference": ("our_pix2pixhd.py", "torch_pix2pixhd.py")}
TORCH_TRAINING = ("eager", "eager, fused Adam", "channels_last, fused Adam",
                  "compiled, fused Adam")
TORCH_INFERENCE = ("eager", "channels_last", "TorchScript", "compiled")
VARIANTS = {"training": TORCH_TRAINING, "inference": TORCH_INFERENCE,
            "cyclegan": TORCH_TRAINING, "hd": TORCH_TRAINING[1:],
            "hd_inference": TORCH_INFERENCE}
COMPILE = "import torch; torch.compile(torch.sin)(torch.ones(9))"
SETTINGS = {
    "training": (Task("training", size=128), Task("training"),
                 Task("training", batch=4), Task("training", batch=10),
                 Task("training", size=512)),
    "inference": (Task("inference"), Task("inference", batch=4)),
    "cyclegan": (Task("cyclegan", size=128), Task("cyclegan")),
    "hd": (Task("hd", size=512, width=32), Task("hd", size=1024, width=32)),
    "hd_inference": (Task("hd_inference", size=1024),
                     Task("hd_inference", size=2048, width=32, generator="local"))}
LEAST_HD = 128  # pixels, and multiples of it

NO_TORCH = """

PyTorch is left out: torch and numpy cannot be imported by the chosen Python.
`pip install -e ".[benchmarks]"` installs torch; --torch-python names another
interpreter."""
NO_COMPILER = """

torch.compile is left out: it does not work here. It needs a C++ compiler."""


def parse(arguments: list[str] | None, description: str = "") -> argparse.Namespace:
    """Read the options; add what they stand for and what this machine can do."""
    parser = argparse.ArgumentParser(description=description)
    add = parser.add_argument
    add("--parts", nargs="+", choices=list(SETTINGS), default=list(SETTINGS))
    add("--sizes", nargs="+", type=int, metavar="PIXELS",
        help="sides of the pictures; of pix2pixHD's, the widths")
    add("--batches", nargs="+", type=int, metavar="N", help="all with all sizes")
    add("--precisions", nargs="+", choices=PRECISIONS,
        help="of our side (default: those that the processor has)")
    add("--rounds", type=int, help="measurements of each (default: 5)")
    add("--torch-python", default=sys.executable, metavar="PYTHON",
        help="interpreter that has torch and numpy")
    add("--quick", action="store_true",
        help="tiny networks and pictures, one round: that it runs, not how fast")
    options = parser.parse_args(arguments)
    if options.rounds is None:
        options.rounds = 1 if options.quick else 5
    if min([options.rounds, *(options.sizes or []), *(options.batches or [])]) < 1:
        parser.error("--rounds, --sizes and --batches must be at least 1")
    if options.precisions is None:
        options.precisions = PRECISIONS[:1] if bfloat16_problem() else PRECISIONS
    options.precisions = list(dict.fromkeys(["float32", *options.precisions]))
    try:
        for size in options.sizes or []:
            g2p.Pix2Pix(g2p.Pix2PixConfig(size=size, ngf=16, ndf=16))
            if {"hd", "hd_inference"} & set(options.parts) and size % LEAST_HD:
                raise ValueError(f"pix2pixHD is measured at multiples of {LEAST_HD} "
                                 f"pixels, not {size}: choose other --parts.")
    except ValueError as error:
        parser.error(str(error))
    options.settings = {kind: _chosen(kind, options) for kind in options.parts}
    _look_for_torch(options)
    return options


def _chosen(kind, options):
    """List what is measured of a part: as it stands above, or as the options say."""
    tasks = SETTINGS[kind]
    if not (options.sizes or options.batches or options.quick):
        return tasks
    generators = {task.generator: task for task in tasks}.values()
    sizes = options.sizes or [_check_size(kind, options)]
    batches = options.batches or ([1] if options.quick else [1, 4, 10])
    return tuple(replace(task, size=size, batch=batch,
                         width=16 if options.quick else task.width)
                 for task, size, batch in itertools.product(generators, sizes, batches))


def _check_size(kind, options):
    size = 32 if options.quick else 256
    return max(size, LEAST_HD) if kind.startswith("hd") else size


def to_compare(kind: str, options: argparse.Namespace) -> list[Task]:
    """List what both sides are to agree in: small tasks, one for each generator."""
    tasks = {task.generator: task for task in options.settings[kind]}
    return [replace(task, work="losses", batch=1,
                    size=min(task.size, _check_size(kind, options)))
            for task in tasks.values()]


def _look_for_torch(options):
    """Note which variants of PyTorch run here, and what to say about the others."""
    options.torch, options.missing = dict.fromkeys(SETTINGS, ()), NO_TORCH
    if can_import(options.torch_python, "torch", "numpy"):
        compiles = not options.quick and subprocess.run(
            [options.torch_python, "-c", COMPILE], capture_output=True).returncode == 0
        options.torch = {kind: [name for name in names
                                if compiles or not name.startswith("compiled")]
                         for kind, names in VARIANTS.items()}
        options.missing = "" if compiles or options.quick else NO_COMPILER
