"""What each epoch and each step is given: a learning rate, and random numbers."""

from __future__ import annotations

import numpy as np


def learning_rate(config, epoch: int) -> float:
    """Return the rate of an epoch (from 1): constant, then linear to 0.

    ``config.epochs`` epochs at ``config.lr``; each of the ``config.epochs_decay``
    epochs after that is lower by the same amount, and one more would be 0.

    Examples
    --------
    With the paper's 100 + 100 epochs: 2e-4 up to epoch 100, half of it around epoch
    150, and 1/101 of it in epoch 200.
    """
    decayed = max(0, epoch - config.epochs)
    return config.lr * (1 - decayed / (config.epochs_decay + 1))


def step_seed(seed: int, iteration: int, use: int = 0) -> int:
    """Return the seed of a step's random numbers: of the dropout, above all.

    As it depends on nothing but these numbers, a training can be taken up anywhere, and
    what is drawn between two steps changes none of them.

    Parameters
    ----------
    seed : int
        The configuration's.
    iteration : int
        Steps done before this one.
    use : int
        0 for a step itself, 1 for what is done with its report.

    Returns
    -------
    int
        From 0 to 2**31 - 1. Neighbouring seeds and steps have nothing in common.
    """
    words = np.random.SeedSequence([seed, iteration, use]).generate_state(1)
    return int(words[0]) >> 1
