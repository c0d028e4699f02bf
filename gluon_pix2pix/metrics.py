"""How close generated pictures come to the real ones."""

from __future__ import annotations

import numpy as np
from mxnet import nd


def mean_l1(model, dataset, sample: bool = True) -> float:
    """Return the mean absolute difference over a data set, on images in [-1, 1].

    Parameters
    ----------
    model : Pix2Pix
        Has ``translate(real_in, sample)``.
    dataset : PairedImages
        Pairs without jitter.
    sample : bool
        As in `Pix2Pix.translate`: dropout on and batch statistics, as in the paper.

    Returns
    -------
    float
        From 0 (equal) to 2. It rewards blur: of several plausible pictures their mean
        scores best, and looks worst.
    """
    errors = []
    for index in range(len(dataset)):
        real_in, real_out = dataset[index]
        fake_out = model.translate(nd.array(real_in[None]), sample).asnumpy()[0]
        errors.append(np.abs(fake_out - real_out).mean())
    return float(np.mean(errors))
