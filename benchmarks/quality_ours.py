"""This package's side of `quality.py`: `fit` on stored batches, then translations."""

from __future__ import annotations

import gluon_pix2pix as g2p  # isort: skip  # first: it sets the threads of MXNet
import mxnet as mx
from quality_task import Training, tell


class StoredEpochs:
    """The stored batches as the loader that `fit` takes."""

    def __init__(self, training: Training):
        self.training, self.epoch = training, 0
        self._steps = sum(1 for _ in training.epoch(0))

    def __len__(self):
        return self._steps

    def __iter__(self):
        for batch in self.training.epoch(self.epoch):
            yield tuple(map(mx.nd.array, batch))


def main() -> None:
    """Train and translate."""
    training = Training.asked()
    model = g2p.Pix2Pix(configuration(training.seed, training.size, training.width,
                                      len(training.rates)))
    loader = StoredEpochs(training)
    for report in g2p.fit(model, loader, report_every=len(loader)):
        tell(report.losses["loss_G"])
    for name, sample in {"plain": False, "sampled": True}.items():
        training.store(name, [model.translate(mx.nd.array(real_in), sample).asnumpy()
                              for real_in, _ in training.validation()])


def configuration(seed: int, size: int, width: int, epochs: int) -> g2p.Pix2PixConfig:
    """Describe the training: half of the epochs, or more, at the full rate."""
    return g2p.Pix2PixConfig(size=size, ngf=width, ndf=width, seed=seed,
                             direction="BtoA", epochs=epochs - epochs // 2,
                             epochs_decay=epochs // 2)


if __name__ == "__main__":
    main()
