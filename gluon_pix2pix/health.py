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

from .advice import remedy, seen
from .config import DIRECTIONS
from .cycle_evaluation import domain_pictures
from .label_painting import paint

_LEAST = 4  # reports to read a trend from
# What a discriminator tells apart, and the adversarial loss of the generator that it
# judges. Of a CycleGAN, the first judges what G makes and the second what F makes.
_OPPONENTS = {"accuracy_D": "loss_gan", "accuracy_D_B": "loss_G_A2B",
              "accuracy_D_A": "loss_G_B2A"}
_NAMES = {"accuracy_D": {}, "accuracy_D_B": {"domain": "B", "generator": "G"},
          "accuracy_D_A": {"domain": "A", "generator": "F"}}


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


def cycle_variety(model, dataset, count: int = 8) -> float:
    """Measure how varied the pictures of a CycleGAN are, in its worse direction.

    As `variety`, but the real pictures of a domain take the place of targets.

    Parameters
    ----------
    model : CycleGAN
        Has ``translate(real, direction)``.
    dataset : UnpairedImages
        Two domains without jitter. The first ``count`` of each are translated.
    count : int
        Few are enough; where a domain has a single one, only pixels are compared.

    Returns
    -------
    float
        The smaller of the shares of both directions; NaN where both are unknown.
    """
    reals = [np.stack(list(domain_pictures(dataset, domain, count))) for domain in "AB"]
    shares = []
    for direction, sources, targets in zip(DIRECTIONS, reals, reversed(reals)):
        fakes = [model.translate(nd.array(real[None]), direction).asnumpy()[0]
                 for real in sources]
        shares.append(share_of_variety(np.stack(fakes), targets))
    return float(np.fmin(*shares))


def label_variety(model, dataset, photos, count: int = 8) -> float:
    """Measure how varied the pictures of a pix2pixHD are, as a share of the photos.

    As `variety`. Pictures of several sizes are cut to the smallest height and width.

    Parameters
    ----------
    model : Pix2PixHD
        Has ``config``, ``translate`` and ``features_of``.
    dataset : LabelInstanceImages
        Without jitter. The first ``count`` are painted.
    photos : LabelInstanceImages
        The same, or other items with photos, to compare with.
    count : int
        Few are enough.
    """
    indices = range(min(count, len(dataset)))
    fakes = [painting.output for painting in paint(model, dataset, indices)]
    reals = [photos[index][2] for index in range(min(count, len(photos)))]
    return share_of_variety(_stacked(fakes), _stacked(reals))


def _stacked(pictures):
    height, width = np.min([picture.shape[1:] for picture in pictures], axis=0)
    return np.stack([picture[:, :height, :width] for picture in pictures])


def share_of_variety(fakes: np.ndarray, targets: np.ndarray) -> float:
    """Compute what `variety` returns from ``(N, C, H, W)`` outputs and targets.

    There need not be as many of both; of a single one only the pixels are compared.
    """
    several = min(len(fakes), len(targets)) > 1
    shares = []
    # Over the pixels of each picture, and over the pictures at each pixel.
    for axes, ddof in (((2, 3), 0), (0, 1))[:1 + several]:
        wanted = np.std(targets, axis=axes, ddof=ddof).mean()
        if wanted > 1e-6:
            found = np.std(fakes, axis=axes, ddof=ddof).mean()
            shares.append(float(found / wanted))
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
    duels: dict[str, tuple[float, float]]  # accuracy and adversarial loss, by the first
    variety: float


class HealthWatch:
    """Notice, from report to report, what a training suffers from.

    A trouble is said once, when it begins. It is over where its figure is twice as far
    from the worst as the threshold is; after that it may be said again. Of a CycleGAN,
    each discriminator is watched with the generator that it judges.

    Parameters
    ----------
    config : ModelConfig
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
        self._said: set[tuple] = set()  # troubles that are not over
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
            As `fit` yields it, with the accuracy of each discriminator and the
            adversarial loss of each generator among its losses.
        variety : float, optional
            What `variety` or `cycle_variety` measured, where it was: at an epoch's end,
            for example.
        """
        if self._rows and report.iteration <= self._rows[-1].iteration:
            self._replay([row for row in self._rows
                          if row.iteration < report.iteration])
        known = len(self.warnings)
        # To as many digits as the log has: read from there, they give the same words.
        losses = {name: float(f"{value:.6g}") for name, value in report.losses.items()}
        self._add(_Row(report.epoch, report.iteration, _duels(losses),
                       math.nan if variety is None else float(f"{variety:.5f}")))
        return self.warnings[known:]

    def _add(self, row):
        self._rows.append(row)
        self._look_at_discriminators(row)
        self._look_at_pictures(row)

    def _look_at_discriminators(self, now):
        config, start = self.config, now.iteration - self.config.warn_window
        if getattr(config, "lambda_gan", 1) == 0:  # it has no opponent
            return
        recent = list(takewhile(lambda row: row.iteration > start,
                                reversed(self._rows)))[::-1]
        if len(recent) < _LEAST:
            recent = self._rows[-_LEAST:]
        if self._rows[0].iteration > start or len(recent) < _LEAST:
            return
        steps = max(config.warn_window, now.iteration - recent[0].iteration)
        for name in now.duels:
            accuracies, losses = zip(*(row.duels[name] for row in recent))
            accuracy = np.mean(accuracies)
            older, newer = map(np.mean, np.array_split(losses, 2))
            self._note(
                "discriminator won", now,
                accuracy > config.warn_accuracy and newer > older,
                1 - accuracy > 2 * (1 - config.warn_accuracy), whose=name, steps=steps,
                accuracy=100 * accuracy, older=older, newer=newer, **_NAMES[name])

    def _look_at_pictures(self, now):
        config = self.config
        # A network's first pictures are grey, and that is no trouble yet.
        if math.isnan(now.variety) or now.iteration < config.warn_window:
            return
        self._note(
            "one picture", now, now.variety < config.warn_variety,
            now.variety > 2 * config.warn_variety, share=100 * now.variety)

    def _note(self, kind, row, begins, over, whose=None, **figures):
        trouble = kind, whose
        if over:
            self._said.discard(trouble)
        elif begins and trouble not in self._said:
            self._said.add(trouble)
            self.warnings.append(HealthWarning(
                kind, int(row.epoch), int(row.iteration),
                seen(kind, self.config, **figures), remedy(kind, self.config)))


def _logged(log):
    columns = _duels(log)
    unknown = [math.nan] * len(log["iteration"])
    duels = [dict(zip(columns, pairs)) for pairs in
             zip(*(zip(*pair) for pair in columns.values()))]
    return map(_Row, log["epoch"], log["iteration"], duels, log.get("variety", unknown))


def _duels(losses):
    """Pick accuracy and adversarial loss of each duel from a report or a log."""
    found = {name: (losses[name], losses[loss]) for name, loss in _OPPONENTS.items()
             if name in losses}
    if not found:
        raise KeyError("accuracy_D")
    return found
