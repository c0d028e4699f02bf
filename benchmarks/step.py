"""How fast pix2pix and CycleGAN train and translate, beside PyTorch and others.

The others are the older Gluon tutorial's step of pix2pix, and CycleGAN with MXNet's own
instance norm. Each candidate has a process of its own, and they take turns. First both
sides train from the same weights on the same batch: nothing is measured unless their
losses agree. Tables go to stdout, progress to stderr.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import math
import subprocess
import sys
import tempfile
from dataclasses import replace

import gluon_pix2pix as g2p  # isort: skip  # first: it sets the threads of MXNet
import work
from measure import alternate, can_import, machine, progress, table
from task import FOLDER, PLAIN, Candidate, Task

from gluon_pix2pix.convolution import PRECISIONS, bfloat16_problem

SCRIPTS = {"training": ("our_pix2pix.py", "torch_pix2pix.py"),
           "inference": ("our_pix2pix.py", "torch_pix2pix.py"),
           "cyclegan": ("our_cyclegan.py", "torch_cyclegan.py")}
TITLES = {"training": "Training", "inference": "Inference",
          "cyclegan": "Training CycleGAN"}
TORCH_TRAINING = ("eager", "eager, fused Adam", "channels_last, fused Adam",
                  "compiled, fused Adam")
TORCH_INFERENCE = ("eager", "channels_last", "TorchScript", "compiled")
COMPILE = "import torch; torch.compile(torch.sin)(torch.ones(9))"
# Images of 256 pixels in a measurement: a few seconds each.
IMAGES = {"training": 5, "inference": 40, "cyclegan": 2}
SETTINGS = {"training": ((128, 1), (256, 1), (256, 4), (256, 10), (512, 1)),
            "inference": ((256, 1), (256, 4)),
            "cyclegan": ((128, 1), (256, 1))}
SGEMM = ("NumPy", "MXNet", "oneDNN")
TOLERANCE = 1e-3

NO_TORCH = """

PyTorch is left out: torch and numpy cannot be imported by the chosen Python.
`pip install -e ".[benchmarks]"` installs torch; --torch-python names another
interpreter."""
NO_COMPILER = """

torch.compile is left out: it does not work here. It needs a C++ compiler."""
NOTES = """
Times are those of an image, divided round by round. The shares are those of the rate of
sgemm, with the faster BLAS of NumPy and MXNet and with oneDNN. They count convolutions
alone, and the operations that the work cannot do without, whatever else a candidate
computes. Memory is the most that a process ever had in RAM."""


def agreement(options, kind: str = "training") -> str:
    """Train both sides from the same weights; return a sentence, or fail.

    CycleGAN takes fewer steps: its biases in front of instance norms have no effect and
    no gradients but rounding errors, of which Adam makes steps as large as any.

    Raises
    ------
    RuntimeError
        If the networks or the losses differ.
    """
    steps = 2 if kind == "cyclegan" else 3
    our_script, torch_script = SCRIPTS[kind]
    with tempfile.TemporaryDirectory() as folder:
        task = Task("losses", "", options.sizes[0], 1, options.width, steps,
                    g2p.runtime.usable_cpus(), folder)
        sides = []
        for script, python, variant in (
                (our_script, sys.executable, ""),
                (torch_script, options.torch_python, "eager, fused Adam")):
            progress(f"losses of {steps} steps: {script}")
            asked = replace(task, variant=variant)
            command = [python, str(FOLDER / script), str(asked)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
            if done.returncode:
                raise RuntimeError(f"{script} fails; its message is above.")
            sides.append(json.loads(done.stdout))
    (counts, *ours), (torch_counts, *theirs) = sides
    worst = max(abs(a - b) / abs(a) for a, b in zip(sum(ours, []), sum(theirs, [])))
    if counts != torch_counts or worst > TOLERANCE:
        raise RuntimeError(f"The two sides do not compute the same: {sides}.")
    return (f"Both sides have {counts[0]:,} + {counts[1]:,} parameters; from the same "
            f"weights, without\ndropout, their losses in {steps} steps at "
            f"{task.size} px agree to {worst:.0e}.")


def compare(kind: str, size: int, batch: int, options) -> str:
    """Measure one kind of work at one size; return its table."""
    images = 1 if options.quick else IMAGES[kind] * (256 / size) ** 2
    task = Task(kind, "", size, batch, options.width, math.ceil(images / batch),
                g2p.runtime.usable_cpus())
    multiply = (replace(task, size=256, repeats=1) if options.quick
                else replace(task, size=2048, repeats=8))
    with contextlib.ExitStack() as stack:
        def start(script, task, variant="", python=sys.executable):
            task = replace(task, variant=variant)
            return stack.enter_context(Candidate(script, task, python))

        our_script, torch_script = SCRIPTS[kind]
        candidates = {_ours(precision): start(our_script, task, precision)
                      for precision in options.precisions}
        if kind == "training":
            candidates["tutorial"] = start("tutorial_step.py", task)
        if kind == "cyclegan":
            candidates[f"ours, {PLAIN}"] = start(our_script, task, PLAIN)
        for variant in options.torch[kind]:
            candidates[f"PyTorch, {variant}"] = start(torch_script, task, variant,
                                                      options.torch_python)
        for way in SGEMM:
            candidates[f"sgemm of {way}"] = start("sgemm.py", multiply, way)
        speeds = alternate(candidates, options.rounds)
    rates = {way: speeds.pop(f"sgemm of {way}") for way in SGEMM}
    operations = _operations(kind, size, options.width)
    listed = ", ".join(f"{way} {rate}" for way, rate in rates.items())
    return (f"{_rows(speeds, candidates, rates, operations)}\n\n"
            f"sgemm, GFLOP/s: {listed}; {operations / 1e9:.1f} GFLOP an image."
            + _precisions(speeds, options.precisions))


def _ours(precision):
    """Name our candidate."""
    return "ours" if precision == "float32" else f"ours, {precision}"


def _rows(speeds, candidates, rates, operations):
    """Lay out the figures of all candidates."""
    torch = [series for name, series in speeds.items() if name.startswith("PyTorch")]
    best = max(torch, key=lambda series: series.median, default=None)
    blas = max(rates["NumPy"], rates["MXNet"], key=lambda rate: rate.median)
    rows = []
    for name, speed in speeds.items():
        achieved = speed.scaled(operations / 1e9)
        rows.append([name, speed, best / speed if best else "-",
                     speeds["tutorial"] / speed if "tutorial" in speeds else "-",
                     (achieved / blas).percent(),
                     (achieved / rates["oneDNN"]).percent(),
                     f"{candidates[name].peak_mb:.0f}"])
    return table(["", "images/s", "time / best PyTorch", "time / tutorial",
                  "% of BLAS", "% of oneDNN", "peak memory, MB"], rows)


def _operations(kind, size, width):
    """Count the floating-point operations of an image."""
    shape = (1, 3, size, size)
    if kind == "cyclegan":
        model = g2p.CycleGAN(g2p.CycleGANConfig(size=size, ngf=width, ndf=width))
        return work.cycle_step(work.layers(model.netG, shape),
                               work.layers(model.netD_A, shape))
    config = g2p.Pix2PixConfig(size=size, ngf=width, ndf=width)
    model = g2p.Pix2Pix(config)
    generator = work.layers(model.netG, shape)
    if kind == "inference":
        return work.forward(generator)
    return work.step(generator, work.layers(model.netD, (1, 6, size, size)))


def _precisions(speeds, precisions):
    """Say what the other precisions gain, and the fast instance norm."""
    lines = [f"\n{precision} takes {speeds['ours'] / speeds[_ours(precision)]} of "
             "float32's time."
             for precision in precisions if precision != "float32"]
    if f"ours, {PLAIN}" in speeds:
        lines.append(f"\nOurs takes {speeds[f'ours, {PLAIN}'] / speeds['ours']} of the "
                     f"time with {PLAIN}.")
    return "".join(lines)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the options; add what they stand for and what this machine can do."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--parts", nargs="+", choices=list(SETTINGS), default=list(SETTINGS))
    add("--sizes", nargs="+", type=int, metavar="PIXELS", help="sides of the pictures")
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
    options.width = 16 if options.quick else 64

    given = options.sizes or options.batches or options.quick
    options.sizes = options.sizes or ([32] if options.quick else [256])
    options.batches = options.batches or ([1] if options.quick else [1, 4, 10])
    pairs = tuple(itertools.product(options.sizes, options.batches))
    options.settings = {kind: pairs if given else SETTINGS[kind]
                        for kind in options.parts}
    try:
        for size in options.sizes:
            g2p.Pix2Pix(g2p.Pix2PixConfig(size=size, ngf=16, ndf=16))
    except ValueError as error:
        parser.error(str(error))
    _look_for_torch(options)
    return options


def _look_for_torch(options):
    """Note which variants of PyTorch run here, and what to say about the others."""
    options.torch, options.missing = dict.fromkeys(SETTINGS, ()), NO_TORCH
    if can_import(options.torch_python, "torch", "numpy"):
        variants = {"training": TORCH_TRAINING, "inference": TORCH_INFERENCE,
                    "cyclegan": TORCH_TRAINING}
        compiles = not options.quick and subprocess.run(
            [options.torch_python, "-c", COMPILE], capture_output=True).returncode == 0
        options.torch = {kind: [name for name in names
                                if compiles or not name.startswith("compiled")]
                         for kind, names in variants.items()}
        options.missing = "" if compiles or options.quick else NO_COMPILER


def main(arguments: list[str] | None = None) -> None:
    """Measure all that is asked for."""
    options = parse(arguments)
    print(machine("mxnet", "numpy"))
    for kind, settings in options.settings.items():
        checked = kind == "inference" and "training" in options.settings
        if options.torch[kind] and not checked:
            print("\n" + agreement(options, kind))
        for size, batch in settings:
            progress(f"{kind}, {size} px, batch {batch}")
            result = compare(kind, size, batch, options)
            print(f"\n### {TITLES[kind]}, {size} px, batch {batch}\n\n{result}",
                  flush=True)
    print(NOTES + options.missing)


if __name__ == "__main__":
    main()
