"""Is the training well? A discriminator that has won, a generator that is stuck.

A `HealthWatch` reads reports alone, so that the same warnings come while a network
trains and from its log afterwards. What its pictures are like is measured between two
steps, by `variety`. The thresholds are fields of the configuration: ``warn_window``,
``warn_accuracy``, ``warn_variety``. (A loss that is NaN or infinite is no matter of
thresholds: there `fit` stops.)
"""

from __future__ import annotations

import dataclasses
import math
from itertools import takewhile
from typing import NamedTuple

import numpy as np
from mxnet import nd

_LEAST = 4  # reports to read a trend from


def variety(model, dataset, count: int = 8) -> float:
    """Measure how varied generated pictures are, as a share of what the targets are.

    Two things are compared with the targets, and the smaller share counts: how much
    pixels differ within a picture, and how much pictures of different inputs differ.
    One flat colour and one picture in answer to everything both come out near 0.

    Parameters
    ----------
    model : Pix2Pix
        Has ``translate(real_in)``.
    dataset : PairedImages
        Pairs without jitter. The first ``count`` are translated.
    count : int
        Few are enough; with a single one only its pixels are compared.

    Returns
    -------
    float
        0 for one constant picture, about 1 for pictures as varied as the targets. NaN
        if the targets themselves are all one flat colour.
    """
    pairs = [dataset[index] for index in range(min(count, len(dataset)))]
    fakes = [model.translate(nd.array(pair[0][None])).asnumpy()[0] for pair in pairs]
    return share_of_variety(np.stack(fakes), np.stack([pair[1] for pair in pairs]))


def share_of_variety(fakes: np.ndarray, targets: np.ndarray) -> float:
    """Compute what `variety` returns from ``(N, C, H, W)`` outputs and targets."""
    shares = []
    # Over the pixels of each picture, and over the pictures at each pixel.
    for axes in ((2, 3), 0):
        wanted = np.std(targets, axis=axes).mean()
        if wanted > 1e-6:
            shares.append(float(np.std(fakes, axis=axes).mean() / wanted))
    return min(shares, default=math.nan)


@dataclasses.dataclass(frozen=True)
class HealthWarning:
    """Something a teacher would point at while a network trains.

    ``str(warning)`` is what is seen and what to try, in one line.

    Attributes
    ----------
    kind : {"discriminator won", "one picture"}
        What it is about.
    epoch, iteration : int
        When it was noticed.
    seen : str
        What is seen, with figures.
    remedy : str
        What to try.
    """

    kind: str
    epoch: int
    iteration: int
    seen: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.seen} {self.remedy}"


class _Row(NamedTuple):
    epoch: int
    iteration: int
    accuracy: float
    loss_gan: float
    variety: float


class HealthWatch:
    """Notice, from report to report, what a training suffers from.

    A trouble is said once, when it begins. It is over where its figure is twice as far
    from the worst as the threshold is; after that it may be said again.

    Parameters
    ----------
    config : Pix2PixConfig
        Has ``warn_window``, ``warn_accuracy`` and ``warn_variety``, and the values that
        a remedy would change.
    log : dict of str to list, optional
        What came before, as `read_log` returns it. The watch then goes on as if there
        had been no interruption.

    Attributes
    ----------
    warnings : list of HealthWarning
        All until now.
    """

    def __init__(self, config, log: dict[str, list[float]] | None = None):
        self.config = config
        self._rows: list[_Row] = []
        self._replay(_logged(log) if log else [])

    def _replay(self, rows):
        self.warnings: list[HealthWarning] = []
        self._said: set[str] = set()  # troubles that are not over
        self._rows = []
        for row in rows:
            self._add(row)

    def update(self, report, variety: float | None = None) -> list[HealthWarning]:
        """Add a report and return the warnings that are new: mostly none.

        A training that is resumed from a checkpoint may pass steps that were seen
        already. Its reports replace those.

        Parameters
        ----------
        report : Report
            As `fit` yields it, with the losses ``accuracy_D`` and ``loss_gan``.
        variety : float, optional
            What `variety` measured, where it was: at an epoch's end, for example.
        """
        if self._rows and report.iteration <= self._rows[-1].iteration:
            self._replay([row for row in self._rows
                          if row.iteration < report.iteration])
        known = len(self.warnings)
        # To as many digits as the log has: read from there, they give the same words.
        losses = [float(f"{report.losses[name]:.6g}")
                  for name in ("accuracy_D", "loss_gan")]
        self._add(_Row(report.epoch, report.iteration, *losses,
                       math.nan if variety is None else float(f"{variety:.5f}")))
        return self.warnings[known:]

    def _add(self, row):
        self._rows.append(row)
        self._look_at_discriminator(row)
        self._look_at_pictures(row)

    def _look_at_discriminator(self, now):
        config, start = self.config, now.iteration - self.config.warn_window
        if config.lambda_gan == 0:  # it has no opponent
            return
        recent = list(takewhile(lambda row: row.iteration > start,
                                reversed(self._rows)))[::-1]
        if len(recent) < _LEAST:
            recent = self._rows[-_LEAST:]
        if self._rows[0].iteration > start or len(recent) < _LEAST:
            return
        steps = max(config.warn_window, now.iteration - recent[0].iteration)
        accuracy = np.mean([row.accuracy for row in recent])
        older, newer = (np.mean(half) for half in
                        np.array_split([row.loss_gan for row in recent], 2))
        self._note(
            "discriminator won", now, accuracy > config.warn_accuracy and newer > older,
            1 - accuracy > 2 * (1 - config.warn_accuracy),
            f"The discriminator has won: over {steps} steps it told "
            f"{100 * accuracy:.1f} % of the patches apart, and the generator's "
            f"adversarial loss climbs ({older:.1f} to {newer:.1f}).")

    def _look_at_pictures(self, now):
        config = self.config
        # A network's first pictures are grey, and that is no trouble yet.
        if math.isnan(now.variety) or now.iteration < config.warn_window:
            return
        self._note(
            "one picture", now, now.variety < config.warn_variety,
            now.variety > 2 * config.warn_variety,
            "The generator returns nearly one picture, whatever the input: what it "
            f"paints varies by {100 * now.variety:.0f} % of what the targets do.")

    def _note(self, kind, row, begins, over, seen):
        if over:
            self._said.discard(kind)
        elif begins and kind not in self._said:
            self._said.add(kind)
            self.warnings.append(HealthWarning(
                kind, int(row.epoch), int(row.iteration), seen,
                _remedy(kind, self.config)))


def _remedy(kind, config):
    """Say what is left to try with this configuration."""
    tries = []
    if config.lambda_l1 < 100 * config.lambda_gan:
        tries.append("lambda_l1 at 100 times lambda_gan, as in the paper")
    if kind == "one picture":
        tries += ["a lower lr", "another seed"]
        advice = ("Look at a batch: are both halves partners, and is the direction "
                  "right? If so, try ")
    else:
        if config.lambda_l1 == 100 * config.lambda_gan:
            tries.append("a smaller lambda_gan, so that L1 leads")
        elif not tries:
            tries.append("a larger lambda_gan, for the generator hardly answers it")
        tries.append("a smaller discriminator (ndf)")
        if not config.pool_size:
            tries.append("a history of fakes (pool_size=50)")
        tries += ["a lower lr", "more pairs, which it cannot learn by heart"]
        advice = "L1 teaches on, so look at the samples. If they get no better, try "
        if not config.lambda_l1:
            advice = "Nothing else teaches the generator. Try "
    return f"{advice}{', '.join(tries[:-1])} or {tries[-1]}."


def _logged(log):
    unknown = [math.nan] * len(log["iteration"])
    return map(_Row, log["epoch"], log["iteration"], log["accuracy_D"],
               log["loss_gan"], log.get("variety", unknown))
