"""This package's pix2pixHD: step and translation, as a user gets them (see `task.py`).

The variant is the precision.
"""

from __future__ import annotations

import json
from pathlib import Path

import gluon_pix2pix as g2p  # isort: skip  # first: it sets the threads of MXNet
import mxnet as mx
import numpy as np
from measure import serve
from task import LABELS, Task


def configuration(task: Task) -> g2p.Pix2PixHDConfig:
    """Describe the networks of a task."""
    training = task.work != "hd_inference"
    return g2p.Pix2PixHDConfig(
        size=task.size, ngf=task.width, ndf=2 * task.width, batch_size=task.batch,
        generator=task.generator, label_nc=LABELS, lambda_vgg=0.0,
        features="encoder" if training else "none",
        precision=task.variant or "float32")


def losses(model: g2p.Pix2PixHD, folder: Path, steps: int) -> list[list[float]]:
    """Train on a stored batch from stored weights; both are drawn and stored here.

    What the generator makes of the batch before the first step is stored as well.

    Returns
    -------
    list of list of float
        Number of parameters of G, D and E; then the losses before each step.
    """
    for name, net in model.networks.items():
        weights = net._collect_params_with_prefix()
        np.savez(folder / f"{name}.npz", **{key: param.data().asnumpy()
                                            for key, param in weights.items()})
    batch = labels, instances, photo = scene(model.config)
    np.savez(folder / "batch.npz", *(array.asnumpy() for array in batch))
    looks = model.features_of(photo, instances)
    picture = model.translate(labels, instances, looks)
    np.save(folder / "ours.npy", picture.asnumpy())
    rows = [[g2p.count_parameters(net) for net in model.networks.values()]]
    for _ in range(steps):
        scalars = model.step(*batch)
        rows.append([scalars[name].asscalar().item()
                     for name in ("loss_D", "loss_G", "loss_gan", "loss_feat")])
    return rows


def scene(config) -> tuple:
    """Draw labels, instances and a photo: 16 x 8 rectangular objects, and noise."""
    side, count = config.size // 16, config.batch_size

    def filled(ids):
        return ids.repeat(side, axis=2).repeat(side, axis=3)

    labels = mx.nd.random.randint(0, config.label_nc, (count, 1, 8, 16))
    instances = mx.nd.arange(128, dtype="int32").reshape((1, 1, 8, 16))
    return (filled(labels.astype("float32")),
            filled(instances.repeat(count, axis=0)),
            mx.nd.random.uniform(-1, 1, (count, 3, 8 * side, 16 * side)))


def main() -> None:
    """Do what is asked for."""
    task = Task.asked()
    config = configuration(task)
    if task.work == "hd_inference":
        g2p.seed_everything(0)
        netG = g2p.pix2pixhd.build_generator(config)
        # As `LabelTranslator.load` does.
        netG.collect_params().setattr("grad_req", "null")
        g2p.init_weights(netG, ctx=mx.cpu())
        netG.hybridize(task.generator == "global")
        labels, instances, _ = scene(config)
        translator = g2p.hd_translation.LabelTranslator(netG, config)
        once = lambda: translator.translate(labels, instances)  # noqa: E731
    else:
        model = g2p.Pix2PixHD(config)
        if task.work == "losses":
            print(json.dumps(losses(model, Path(task.folder), task.repeats)))
            return
        batch = scene(config)
        once = lambda: model.step(*batch)  # noqa: E731
    serve(lambda: task.speed(once, mx.nd.waitall))


if __name__ == "__main__":
    main()
