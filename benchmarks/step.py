"""How fast the models train and translate, beside PyTorch and others.

The others are the older Gluon tutorial's step of pix2pix, and CycleGAN with MXNet's own
instance norm. Each candidate has a process of its own, and they take turns. First both
sides train from the same weights on the same batch: nothing is measured unless their
losses agree. Tables go to stdout, progress to stderr.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import gluon_pix2pix as g2p  # isort: skip  # first: it sets the threads of MXNet
import numpy as np
import work
from measure import Series, alternate, machine, progress, table
from step_options import SCRIPTS, parse, to_compare
from task import FOLDER, LABELS, PLAIN, Candidate, Task

TITLES = {"training": "Training", "inference": "Inference",
          "cyclegan": "Training CycleGAN", "hd": "Training pix2pixHD",
          "hd_inference": "Inference of pix2pixHD"}
# Images of 256 pixels in a measurement: a few seconds each.
IMAGES = {"training": 5, "inference": 40, "cyclegan": 2, "hd": 16, "hd_inference": 64}
SGEMM = ("NumPy", "MXNet", "oneDNN")
# Relative, of the first losses and pictures; and of the losses behind updates in which
# Adam has made steps of rounding errors. Those of pix2pixHD differ most.
TOLERANCE, LATER_TOLERANCE = 1e-4, 5e-3

NOTES = """
Times are those of an image, divided round by round. The shares are those of the rate of
sgemm, with the faster BLAS of NumPy and MXNet and with oneDNN. They count convolutions
alone, and the operations that the work cannot do without, whatever else a candidate
computes. Memory is the most that a process ever had in RAM."""


def agreement(options, kind: str = "training") -> str:
    """Train both sides from the same weights; return a sentence, or fail.

    CycleGAN and pix2pixHD take fewer steps: their biases in front of instance norms
    have no effect and no gradients but rounding errors, of which Adam makes steps as
    large as any.

    Raises
    ------
    RuntimeError
        If the networks, the losses or the first pictures differ.
    """
    return "\n\n".join(_agree(task, SCRIPTS[kind], options)
                       for task in to_compare(kind, options))


def _agree(task, scripts, options):
    steps = 3 if scripts == SCRIPTS["training"] else 2
    with tempfile.TemporaryDirectory() as folder:
        task = replace(task, repeats=steps, folder=folder,
                       threads=g2p.runtime.usable_cpus())
        sides = []
        for script, python, variant in (
                (scripts[0], sys.executable, ""),
                (scripts[1], options.torch_python, "eager, fused Adam")):
            progress(f"losses of {steps} steps: {script}")
            asked = replace(task, variant=variant)
            command = [python, str(FOLDER / script), str(asked)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
            if done.returncode:
                raise RuntimeError(f"{script} fails; its message is above.")
            sides.append(json.loads(done.stdout))
        pictures = [np.load(path) for path in sorted(Path(folder).glob("*.npy"))]
    (counts, *ours), (torch_counts, *theirs) = sides
    first, later = (max(abs(a - b) / abs(a) for a, b in zip(sum(x, []), sum(y, [])))
                    for x, y in ((ours[:1], theirs[:1]), (ours[1:], theirs[1:])))
    apart = float(abs(np.subtract(*pictures)).max()) if pictures else 0.0
    if (counts != torch_counts or not max(first, apart) <= TOLERANCE
            or not later <= LATER_TOLERANCE):
        raise RuntimeError(f"The two sides do not compute the same: {sides}; the "
                           f"largest difference between pictures is {apart}.")
    parameters = " + ".join(f"{count:,}" for count in counts)
    return (f"Both sides have {parameters} parameters. From the same weights,\n"
            f"at {task.size} px and without dropout, their losses agree to "
            f"{first:.0e} in\nthe first of {steps} steps, and to {later:.0e} behind it."
            + (" The largest difference\nbetween their pictures in [-1, 1] is "
               f"{apart:.0e}." if pictures else ""))


def compare(task: Task, options: argparse.Namespace) -> str:
    """Measure one kind of work at one size; return its table."""
    kind = task.work
    images = 1 if options.quick else IMAGES[kind] * (256 / task.size) ** 2
    task = replace(task, repeats=math.ceil(images / task.batch),
                   threads=g2p.runtime.usable_cpus())
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
    operations = _operations(task)
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
        rows.append([name, speed, Series((1.0,) * len(speed.values)) / speed,
                     best / speed if best else "-",
                     speeds["tutorial"] / speed if "tutorial" in speeds else "-",
                     (achieved / blas).percent(),
                     (achieved / rates["oneDNN"]).percent(),
                     f"{candidates[name].peak_mb:.0f}"])
    return table(["", "images/s", "s an image", "time / best PyTorch",
                  "time / tutorial", "% of BLAS", "% of oneDNN", "peak memory, MB"],
                 rows)


def _operations(task):
    """Count the floating-point operations of an image."""
    size, width = task.size, task.width
    shape = (1, 3, size, size)
    if task.work == "cyclegan":
        model = g2p.CycleGAN(g2p.CycleGANConfig(size=size, ngf=width, ndf=width))
        return work.cycle_step(work.layers(model.netG, shape),
                               work.layers(model.netD_A, shape))
    if task.work.startswith("hd"):
        return _hd_operations(task)
    config = g2p.Pix2PixConfig(size=size, ngf=width, ndf=width)
    model = g2p.Pix2Pix(config)
    generator = work.layers(model.netG, shape)
    if task.work == "inference":
        return work.forward(generator)
    return work.step(generator, work.layers(model.netD, (1, 6, size, size)))


def _hd_operations(task):
    from our_pix2pixhd import configuration

    config = configuration(task)
    sides = task.size // 2, task.size
    netG = g2p.pix2pixhd.build_generator(config)
    generator = work.layers(netG, (1, config.generator_channels, *sides))
    if task.work == "hd_inference":
        return work.forward(generator)
    netD, netE = (build(config) for build in (g2p.pix2pixhd.build_discriminator,
                                              g2p.pix2pixhd.build_encoder))
    return work.hd_step(generator, work.layers(netD, (1, LABELS + 1 + 3, *sides)),
                        work.layers(netE.model, (1, 3, *sides)))


def _precisions(speeds, precisions):
    """Say what the other precisions gain, and the fast instance norm."""
    lines = [f"\n{precision} takes {speeds['ours'] / speeds[_ours(precision)]} of "
             "float32's time."
             for precision in precisions if precision != "float32"]
    if f"ours, {PLAIN}" in speeds:
        lines.append(f"\nOurs takes {speeds[f'ours, {PLAIN}'] / speeds['ours']} of the "
                     f"time with {PLAIN}.")
    return "".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Measure all that is asked for."""
    options = parse(arguments, __doc__.split("\n")[0])
    print(machine("mxnet", "numpy"))
    for kind, tasks in options.settings.items():
        checked = kind == "inference" and "training" in options.settings
        if options.torch[kind] and not checked:
            print("\n" + agreement(options, kind))
        for task in tasks:
            what = f"{_size(task)}, batch {task.batch}"
            progress(f"{kind}, {what}")
            print(f"\n### {TITLES[kind]}, {what}\n\n{compare(task, options)}",
                  flush=True)
    print(NOTES + options.missing)


def _size(task):
    """Say how large the pictures are, and of pix2pixHD the networks."""
    if not task.work.startswith("hd"):
        return f"{task.size} px"
    return f"{task.size}x{task.size // 2} px, {task.generator}, ngf {task.width}"


if __name__ == "__main__":
    main()
