"""This package's CycleGAN step, as a user gets it (see `task.py`).

The variant is a precision, or "MXNet's InstanceNorm": the step as it would be with it.
"""

from __future__ import annotations

import json
from pathlib import Path

import gluon_pix2pix as g2p  # isort: skip  # first: it sets the threads of MXNet
import mxnet as mx
import numpy as np
from measure import serve
from our_pix2pix import noise
from task import PLAIN, Task

from gluon_pix2pix.instance_norm import FastInstanceNetwork


def build(task: Task) -> g2p.CycleGAN:
    """Build the networks and optimisers of a task."""
    if task.variant == PLAIN:
        FastInstanceNetwork.forward = mx.gluon.HybridBlock.forward
    precision = task.variant if task.variant in ("float32", "bfloat16") else "float32"
    return g2p.CycleGAN(g2p.CycleGANConfig(
        size=task.size, ngf=task.width, ndf=task.width, n_blocks=task.n_blocks,
        batch_size=task.batch, precision=precision,
        pool_size=0 if task.work == "losses" else 50))


def losses(model: g2p.CycleGAN, folder: Path, steps: int) -> list[list[float]]:
    """Train on a stored batch from stored weights; both are drawn and stored here.

    Returns
    -------
    list of list of float
        Number of parameters of generators and discriminators; then the losses before
        each step.
    """
    for name, nets in model.networks.items():
        weights = nets._collect_params_with_prefix()
        np.savez(folder / f"{name}.npz", **{key: param.data().asnumpy()
                                            for key, param in weights.items()})
    batch = [image.asnumpy() for image in noise(model.config)]
    np.savez(folder / "batch.npz", *batch)
    rows = [[g2p.count_parameters(nets) for nets in model.networks.values()]]
    for _ in range(steps):
        scalars = model.step(*map(mx.nd.array, batch))
        rows.append([scalars[name].asscalar().item()
                     for name in ("loss_G", "loss_D_A", "loss_D_B")])
    return rows


def main() -> None:
    """Do what is asked for."""
    task = Task.asked()
    model = build(task)
    if task.work == "losses":
        print(json.dumps(losses(model, Path(task.folder), task.repeats)))
        return
    real_A, real_B = noise(model.config)
    serve(lambda: task.speed(lambda: model.step(real_A, real_B), mx.nd.waitall))


if __name__ == "__main__":
    main()
