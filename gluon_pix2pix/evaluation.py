"""Scores of a model on pictures it has not seen, one by one and all together.

Beside the model stand two others that tell what its figures mean: one picture in answer
to everything, which is what can be had without looking at the input, and the real
pictures themselves, which a perfect model would equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from mxnet import nd

from .class_reader import ClassReader, Features
from .evaluation_table import SAME_NETWORK, as_text, cautions
from .frechet import frechet_distance
from .metrics import OnePicture, diversity, l1, psnr, ssim
from .pictures import list_pictures, read_picture
from .progress_bar import progress_bar
from .runtime import seed_everything
from .schedule import step_seed
from .segmentation_scores import SegmentationScores
from .transforms import resize, to_float, to_uint8

SHOWN = 4  # samples of a picture that are kept to be looked at
_REAL_SETS = 10


class InputPictures:
    """Pictures to translate without partners: items ``(real_in, None)``.

    Each is squeezed into the square of training, as the halves of pairs are.
    """

    def __init__(self, folder: str | Path, config):
        self.folder, self.config = Path(folder), config
        self.paths = list_pictures(folder)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[np.ndarray, None]:
        picture = read_picture(self.paths[index], self.config.in_channels)
        return to_float(resize(picture, self.config.size, self.config.size)), None


@dataclass
class Scorer:
    """Scores one output for each picture of a split, and then all of them together.

    Attributes
    ----------
    reader : ClassReader or None
        For segmentation scores.
    features : callable or None
        For the Fréchet distance.
    rows : list of dict of str to float
        The scores of each picture.
    """

    reader: ClassReader | None = None
    features: Features | None = None
    rows: list[dict[str, float]] = field(default_factory=list)
    _confusions: list[np.ndarray] = field(default_factory=list)
    _vectors: list[np.ndarray] = field(default_factory=list)

    def add(self, index: int, output: nd.NDArray, target: np.ndarray | None) -> None:
        """Score an output ``(1, C, H, W)`` against its target ``(C, H, W)``."""
        row = {}
        if target is not None:
            image = output.asnumpy()[0]
            row = {"l1": l1(image, target), "psnr": psnr(image, target),
                   "ssim": ssim(image, target)}
        if self.reader:
            confusion = self.reader.confusion(index, output)
            scores = SegmentationScores.of(confusion)
            row.update(pixel_accuracy=scores.pixel_accuracy, class_iou=scores.class_iou)
            self._confusions.append(confusion)
        if self.features:
            self._vectors.append(self.features(output)[0])
        self.rows.append(row)

    def together(self, real: np.ndarray | None = None) -> dict[str, float]:
        """Return the scores of the split: means, and what is no mean over pictures.

        ``real`` are the features of the real pictures, ``(N, D)``.
        """
        scores = {name: float(np.mean([row[name] for row in self.rows]))
                  for name in ("l1", "psnr", "ssim") if name in self.rows[0]}
        if self._confusions:
            scores.update(SegmentationScores.of(sum(self._confusions)).as_dict())
        if real is not None and len(real) > 1 and len(self._vectors) > 1:
            scores["frechet"] = frechet_distance(self.vectors, real)
        return scores

    @property
    def vectors(self) -> np.ndarray:
        """The features of all outputs, ``(N, D)``."""
        return np.array(self._vectors)


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found.

    Attributes
    ----------
    about : dict
        What was evaluated, and how.
    rows : list of dict
        For each picture its name, its scores (means over the samples) and, of several
        samples, their standard deviations (``l1_spread``) and ``diversity``.
    summary : dict of str to dict
        For each score of the split: ``mean`` over the samples; ``between_pictures`` and
        ``between_samples``, standard deviations, where there are several; and the same
        score of ``one_picture`` for all and of the ``real`` pictures, where known. For
        the Fréchet distance these are sets of as many training pictures: ``real`` is
        the mean over ten, ``between_real_sets`` their standard deviation. They show
        other things than the split, while outputs were made from its inputs: so even
        real pictures are no lower bound.
    outputs : list of list of ndarray
        For each picture at most 4 of its samples, ``(H, W, C) uint8``.
    """

    about: dict
    rows: list[dict]
    summary: dict[str, dict[str, float]]
    outputs: list[list[np.ndarray]]

    @property
    def cautions(self) -> list[str]:
        """Which of the scores mean little, and why; mostly nothing."""
        return cautions(self.about, self.summary)

    def __str__(self) -> str:
        return as_text(self.about, self.summary)


def evaluate(model, dataset, *, samples: int = 1, sample: bool = True, seed: int = 0,
             train=None, reader: ClassReader | None = None,
             features: Features | None = None, count: int | None = None,
             progress: bool = True) -> Evaluation:
    """Score a model on a split, picture by picture.

    Parameters
    ----------
    model : Pix2Pix or alike
        Has ``translate(real_in, sample)``.
    dataset : PairedImages or InputPictures
        What to translate, without jitter. Without targets there are only outputs, and
        their diversity.
    samples : int
        Draw so many outputs for each picture, which differ by the dropout.
    sample : bool
        As in `Pix2Pix.translate`.
    seed : int
        Each sample of each picture has random numbers of its own, made from it: the
        same whatever else is evaluated.
    train : PairedImages, optional
        Training pairs without jitter: for the answer of one picture for all, and for
        Fréchet distances among real pictures.
    reader : ClassReader, optional
        For segmentation scores; its truth must be of the same split.
    features : callable, optional
        For the Fréchet distance: ``(N, C, H, W)`` in [-1, 1] to ``(N, D)``; those of
        the reader by default.
    count : int, optional
        Evaluate only so many pictures, the first ones.
    progress : bool
        Show a bar.

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        If samples are asked for that would all be equal, or none at all.
    """
    check_sampling(samples, sample, count)
    total = min(len(dataset), count or len(dataset))
    own = features is None and reader is not None
    features = reader.features if own else features
    scorers = [Scorer(reader, features) for _ in range(samples)]
    real, blind = Scorer(reader, features), Scorer(reader, features)
    one_picture = OnePicture(train) if train is not None else None
    rows, shown = [], []
    with progress_bar(total, "evaluating", "picture", shown=progress) as bar:
        for index in range(total):
            real_in, target = dataset[index]
            outputs = []
            for number, scorer in enumerate(scorers):
                seed_everything(step_seed(seed, index, number))
                output = model.translate(nd.array(real_in[None]), sample)
                scorer.add(index, output, target)
                outputs.append(output.asnumpy()[0])
            if target is not None:
                real.add(index, nd.array(target[None]), target)
                if one_picture:
                    blind.add(index, one_picture.translate(real_in[None]), target)
            rows.append({"picture": dataset.paths[index].name,
                         **_row([scorer.rows[-1] for scorer in scorers], outputs)})
            shown.append([to_uint8(output) for output in outputs[:SHOWN]])
            bar.update()
    vectors = real.vectors if features and len(real.rows) == total else None
    summary = _summary([scorer.together(vectors) for scorer in scorers],
                       [scorer.rows for scorer in scorers])
    if samples > 1:
        values = [row["diversity"] for row in rows]
        summary["diversity"] = {"mean": float(np.mean(values))}
        if total > 1:
            summary["diversity"]["between_pictures"] = _spread(values)
    _compare(summary, "one_picture", blind.together(vectors) if blind.rows else {})
    perfect = real.together() if real.rows else {}
    if "frechet" in summary and train is not None and len(train) > 1:
        summary["frechet"].update(_among_real(train, features, vectors))
    for name in ("l1", "psnr", "ssim"):
        perfect.pop(name, None)  # 0, infinite and 1: nobody learns from it
    _compare(summary, "real", perfect)
    about = {"pictures": total, "samples": samples, "dropout": sample, "seed": seed,
             "targets": bool(real.rows), "classes_by": reader.means if reader else None}
    if features and vectors is not None:
        about["features_by"] = SAME_NETWORK if own else getattr(
            features, "name", "another network")
        about["feature_count"] = vectors.shape[1]
    return Evaluation(about, rows, summary, shown)


def check_sampling(samples: int, sample: bool, count: int | None = None) -> None:
    """Refuse what `evaluate` refuses, for those who prepare much before it.

    Raises
    ------
    ValueError
        See `evaluate`.
    """
    for name, number in (("samples", samples), ("count", count)):
        if number is not None and number < 1:
            raise ValueError(f"{name}={number} must be at least 1.")
    if samples > 1 and not sample:
        raise ValueError(f"{samples} samples without dropout would all be equal: take "
                         "one, or leave the dropout on.")


def _row(scores: Sequence[dict], outputs) -> dict[str, float]:
    """Join the scores of all samples of a picture."""
    row = {name: float(np.mean([one[name] for one in scores])) for name in scores[0]}
    if len(scores) > 1:
        row.update((f"{name}_spread", _spread([one[name] for one in scores]))
                   for name in scores[0])
        row["diversity"] = diversity(outputs)
    return row


def _summary(splits: Sequence[dict], rows: Sequence[Sequence[dict]]):
    """Join the scores that each sample gives a whole split."""
    summary = {}
    for name in splits[0]:
        values = [split[name] for split in splits]
        entry = summary[name] = {"mean": float(np.mean(values))}
        if len(values) > 1:
            entry["between_samples"] = _spread(values)
        if name in rows[0][0] and len(rows[0]) > 1:
            entry["between_pictures"] = _spread(np.mean(
                [[row[name] for row in sample] for sample in rows], axis=0))
    return summary


def _compare(summary, who, scores):
    for name, value in scores.items():
        if name in summary:
            summary[name][who] = value


def _spread(values) -> float:
    """Return the standard deviation of a population that these are a sample of."""
    return float(np.std(values, ddof=1))


def _among_real(train, features, vectors) -> dict[str, float]:
    """Return how far sets of as many training pictures lie from the real ones."""
    count = min(len(train), len(vectors))
    rng = np.random.RandomState(0)  # the same sets, whatever model stands beside them
    sets = [rng.permutation(len(train))[:count]
            for _ in range(_REAL_SETS if len(train) > count else 1)]
    found = {index: features(nd.array(train[int(index)][1][None]))[0]
             for index in np.unique(sets)}
    far = [frechet_distance(np.array([found[index] for index in chosen]), vectors)
           for chosen in sets]
    spread = {"between_real_sets": _spread(far)} if len(far) > 1 else {}
    return {"real": float(np.mean(far)), **spread}
