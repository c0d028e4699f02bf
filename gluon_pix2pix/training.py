"""The training loop as a generator, and the learning-rate schedule.

Nothing here knows which algorithm it trains: a model has ``step(*batch)`` and
``learning_rate``, a loader has ``len``, ``epoch`` and gives batches.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator

import numpy as np


class DivergedError(RuntimeError):
    """A loss is no longer a finite number."""


@dataclasses.dataclass(frozen=True)
class Report:
    """What happened since the report before.

    Attributes
    ----------
    epoch : int
        Current epoch, from 1.
    iteration : int
        Steps since the start of training, from 1.
    losses : dict of str to float
        Means over the steps since the last report.
    images_per_second : float
        Over the same steps, everything included.
    learning_rate : float
        Of this epoch.
    epoch_ends : bool
        Whether this was the epoch's last step.
    """

    epoch: int
    iteration: int
    losses: dict[str, float]
    images_per_second: float
    learning_rate: float
    epoch_ends: bool

    def __str__(self) -> str:
        losses = "  ".join(f"{name} {value:.3f}" for name, value in self.losses.items())
        return (f"epoch {self.epoch}  step {self.iteration}  {losses}  "
                f"{self.images_per_second:.1f} images/s")


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


def fit(model, loader, config=None, report_every: int = 10) -> Iterator[Report]:
    """Train for all epochs of a configuration, reporting as it goes.

    This is a generator: it trains while you loop over it, and whatever you do in the
    loop's body (plot, save, stop with ``break``) happens between two steps.

    Parameters
    ----------
    model : Pix2Pix or alike
        Has ``step(*batch) -> dict`` of scalar NDArrays and ``learning_rate``.
    loader : Loader or alike
        One epoch an iteration; ``loader.epoch`` is set to the epoch's number from 0.
    config : optional
        Has ``epochs``, ``epochs_decay``, ``lr``; the model's by default.
    report_every : int
        Steps between two reports. Only then are losses read from the device.

    Yields
    ------
    Report

    Raises
    ------
    DivergedError
        If a loss is NaN or infinite; it tells since which step, and what to try.
    """
    config = config or model.config
    if report_every < 1:
        raise ValueError(f"report_every={report_every} must be at least 1.")
    iteration = 0
    for epoch in range(1, config.epochs + config.epochs_decay + 1):
        model.learning_rate = rate = learning_rate(config, epoch)
        loader.epoch = epoch - 1
        pending, images, start = [], 0, time.perf_counter()
        for number, batch in enumerate(loader, 1):
            pending.append(model.step(*batch))
            images += batch[0].shape[0]
            iteration += 1
            epoch_ends = number == len(loader)
            if len(pending) == report_every or epoch_ends:
                losses = _read(pending, epoch, iteration)
                speed = images / (time.perf_counter() - start)
                yield Report(epoch, iteration, losses, speed, rate, epoch_ends)
                # What the caller did with the report is not our time.
                pending, images, start = [], 0, time.perf_counter()


def _read(pending, epoch, iteration):
    """Read the losses of the last steps from the device; return their means."""
    values = {name: np.array([float(step[name].asscalar()) for step in pending])
              for name in pending[0]}
    finite = np.all([np.isfinite(series) for series in values.values()], axis=0)
    if not finite.all():
        bad = int(np.argmin(finite))
        step = iteration - len(pending) + 1 + bad
        names = [name for name in values if not math.isfinite(values[name][bad])]
        raise DivergedError(
            f"{', '.join(names)} became NaN or infinite at step {step} "
            f"(epoch {epoch}), and the weights are ruined since then. Take the last "
            "checkpoint before it, and try a lower learning rate (lr) or another seed."
        )
    return {name: float(series.mean()) for name, series in values.items()}
