import numpy as np
from mxnet import nd

from gluon_pix2pix import PairedImages, metrics


class Constant:
    """Translates everything to one value and notes how it was asked."""

    def translate(self, x, sample=True):
        self.sample = sample
        return nd.ones_like(x) * 0.5


def test_mean_l1_of_a_known_translation(pairs, tiny):
    dataset, model = PairedImages(pairs, "val", tiny), Constant()
    expected = np.mean([abs(0.5 - real_out).mean() for _, real_out in dataset])
    assert abs(metrics.mean_l1(model, dataset) - expected) < 1e-6
    assert model.sample is True
    metrics.mean_l1(model, dataset, sample=False)
    assert model.sample is False
