"""The step of the older Gluon tutorial, as it runs when nothing is done about it.

The same networks, but never hybridized, and with a border of two zeros around each of
D's layers, which makes its maps larger (34x34 logits of 256x256 pixels). The generator
runs twice a step, once for each network; D's weights get gradients in the generator's
turn too; a metric reads D's output back twice a step; MXNet takes half of the CPUs. See
`task.py`.
"""

from __future__ import annotations

import os
import warnings

for _variable in ("OMP_NUM_THREADS", "MXNET_OMP_MAX_THREADS", "GOMP_SPINCOUNT",
                  "OMP_WAIT_POLICY"):
    os.environ.pop(_variable, None)  # before MXNet loads: its own defaults

import numpy as np  # noqa: E402

if "bool" not in vars(np):
    np.bool = bool  # without it MXNet does not load on Python 3.12
import mxnet as mx  # noqa: E402  # before the package, which would set the threads
from measure import serve  # noqa: E402
from mxnet import autograd, gluon, nd  # noqa: E402
from task import Task  # noqa: E402

with warnings.catch_warnings():
    warnings.simplefilter("ignore", RuntimeWarning)  # that is what is wanted here
    import gluon_pix2pix as g2p

BCE, L1 = gluon.loss.SigmoidBinaryCrossEntropyLoss(), gluon.loss.L1Loss()


class TutorialStep:
    """Networks, optimisers, a pool of 50 pairs and one batch."""

    def __init__(self, task: Task):
        self.netG = g2p.UnetGenerator(3, task.num_downs, task.width)
        self.netD = g2p.Discriminator(6, task.width, padding=2)
        adam = {"learning_rate": 2e-4, "beta1": 0.5}
        self.trainers = []
        for net in (self.netG, self.netD):
            g2p.init_weights(net)
            self.trainers.append(gluon.Trainer(net.collect_params(), "adam", adam))
        self.pool, self.batch = g2p.ImagePool(50), task.batch
        self.accuracy = mx.metric.CustomMetric(
            lambda label, logits: ((logits > 0.5) == label).mean())
        shape = (task.batch, 3, task.size, task.size)
        self.real_in, self.real_out = (nd.random.uniform(-1, 1, shape) for _ in "xy")

    def __call__(self) -> None:
        """Update D, then G."""
        real_in, real_out, netD = self.real_in, self.real_out, self.netD
        shown = self.pool(real_in, self.netG(real_in))
        with autograd.record():
            fake_logits = netD(shown)
            zeros = nd.zeros_like(fake_logits)
            loss_fake = BCE(fake_logits, zeros)
            self.accuracy.update([zeros], [fake_logits])
            real_logits = netD(nd.concat(real_in, real_out, dim=1))
            ones = nd.ones_like(real_logits)
            loss_D = 0.5 * (BCE(real_logits, ones) + loss_fake)
        loss_D.backward()
        self.accuracy.update([ones], [real_logits])
        self.trainers[1].step(self.batch)
        with autograd.record():
            fake_out = self.netG(real_in)
            logits = netD(nd.concat(real_in, fake_out, dim=1))
            loss_G = BCE(logits, ones) + 100 * L1(real_out, fake_out)
        loss_G.backward()
        self.trainers[0].step(self.batch)


def main() -> None:
    """Measure steps, in images per second."""
    task = Task.asked()
    step = TutorialStep(task)
    serve(lambda: task.speed(step, nd.waitall))


if __name__ == "__main__":
    main()
