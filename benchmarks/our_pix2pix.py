"""This package's step and translation, as a user gets them (see `task.py`)."""

from __future__ import annotations

import json
from pathlib import Path

import gluon_pix2pix as g2p  # isort: skip  # first: it sets the threads of MXNet
import mxnet as mx
import numpy as np
from measure import serve
from task import Task


def build(task: Task) -> g2p.Pix2Pix:
    """Build the networks and optimisers of a task; its variant is the precision."""
    return g2p.Pix2Pix(g2p.Pix2PixConfig(
        size=task.size, ngf=task.width, ndf=task.width, batch_size=task.batch,
        use_dropout=task.work != "losses", precision=task.variant or "float32"))


def losses(model: g2p.Pix2Pix, folder: Path, steps: int) -> list[list[float]]:
    """Train on a stored batch from stored weights; both are drawn and stored here.

    Returns
    -------
    list of list of float
        Number of parameters of G and D; then D's and G's loss before each step.
    """
    for name, net in model.networks.items():
        weights = net._collect_params_with_prefix()
        np.savez(folder / f"{name}.npz", **{key: param.data().asnumpy()
                                            for key, param in weights.items()})
    batch = [image.asnumpy() for image in noise(model.config)]
    np.savez(folder / "batch.npz", *batch)
    rows = [[g2p.count_parameters(net) for net in model.networks.values()]]
    for _ in range(steps):
        scalars = model.step(*map(mx.nd.array, batch))
        rows.append([scalars[name].asscalar().item() for name in ("loss_D", "loss_G")])
    return rows


def noise(config) -> tuple:
    """Make a batch as large as a real one."""
    shape = (config.batch_size, 3, config.size, config.size)
    return tuple(mx.nd.random.uniform(-1, 1, shape) for _ in range(2))


def main() -> None:
    """Do what is asked for."""
    task = Task.asked()
    model = build(task)
    if task.work == "losses":
        print(json.dumps(losses(model, Path(task.folder), task.repeats)))
        return
    real_in, real_out = noise(model.config)
    if task.work == "training":
        once = lambda: model.step(real_in, real_out)  # noqa: E731
    else:
        once = lambda: model.translate(real_in, sample=False)  # noqa: E731
    serve(lambda: task.speed(once, mx.nd.waitall))


if __name__ == "__main__":
    main()
