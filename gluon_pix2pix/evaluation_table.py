"""An evaluation in words and figures: what scores mean, and when they mean little."""

from __future__ import annotations

import math
import textwrap
from typing import NamedTuple

SAME_NETWORK = "that network"  # the one that finds classes also makes the features
# A network that has learnt less than this share of what there is between a blind answer
# and a right one. Measured: 0.05 after twelve steps, 0.24 on real facades, 0.7 on drawn
# ones.
_LEARNT = 0.1


class Score(NamedTuple):
    """What a score is called, whether more of it is better, and what it measures."""

    label: str
    more_is_better: bool | None
    meaning: str

    @property
    def better(self) -> str:
        """Which way is better, in words; nothing where neither is."""
        return {True: "more is better", False: "less is better",
                None: ""}[self.more_is_better]


SCORES = {
    "l1": Score("L1", False, "mean absolute difference on [-1, 1]; blur scores well"),
    "psnr": Score("PSNR", True, "decibels; the squared difference on another scale"),
    "ssim": Score("SSIM", True, "structural similarity, at most 1"),
    "pixel_accuracy": Score("pixel accuracy", True,
                            "share of pixels of the right class"),
    "class_accuracy": Score("class accuracy", True, "share of right pixels of each "
                            "class, mean over classes"),
    "class_iou": Score("class IoU", True, "intersection over union of each class, mean "
                       "over classes"),
    "frechet": Score("Fréchet distance", False, "between the features of outputs and "
                     "of targets; it shrinks with the number of pictures"),
    "diversity": Score("diversity", None, "mean L1 between samples of one input"),
    "cycle_l1": Score("cycle L1", False, "between a picture and its translation there "
                      "and back"),
    "identity_l1": Score("identity L1", False, "between a picture and what the "
                         "generator of its own domain makes of it"),
}
SCORES.update({f"{name}_{domain}": SCORES[name]._replace(
    label=f"{SCORES[name].label} of {domain}")
    for name in ("cycle_l1", "identity_l1") for domain in "AB"})
COLUMNS = {"mean": "model", "between_samples": "± between samples",
           "between_pictures": "± between pictures",
           "one_picture": "one picture for all", "real": "real pictures"}
NOTHING_SCORED = "There are no targets, so nothing is scored."


def columns_of(summary: dict) -> dict[str, str]:
    """Return those of the columns that a summary has figures for."""
    return {name: title for name, title in COLUMNS.items()
            if any(name in entry for entry in summary.values())}


def number(value: float | None) -> str:
    """Write a score with four or five digits; nothing for one that is not known."""
    if value is None or math.isnan(value):
        return ""
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.2f}"


def cell(entry: dict, column: str) -> str:
    """Write one of `COLUMNS` of a score; for real pictures with its spread, if any."""
    spread = entry.get("between_real_sets") if column == "real" else None
    return number(entry.get(column)) + (f" ± {number(spread)}" if spread else "")


def sentence(about: dict) -> str:
    """Say what was evaluated, and how."""
    count, samples = about["pictures"], about["samples"]
    said = [f"{count} picture{'s' * (count > 1)}"]
    if "data" in about:
        said.append(f"of {about['data']}")
    if "how" in about:
        said.append(about["how"])
    else:
        said.append(f"{samples} sample{'s' * (samples > 1)} each")
    said.append("dropout and statistics of the single picture, seed "
                f"{about['seed']}" if about["dropout"] else
                "no dropout, running statistics")
    if about["classes_by"]:
        said.append(f"classes found by {about['classes_by']}")
    if about.get("features_by"):
        said.append(f"Fréchet distance over the features of {about['features_by']}")
    return "; ".join(said) + "."


def cautions(about: dict, summary: dict) -> list[str]:
    """Say which of the scores mean little, and why: a sentence each, mostly none."""
    said = []
    if "cycle_l1_A" in summary:
        said.append("Cycle and identity tell what gets lost, not whether the "
                    "translation is any good: networks that change nothing have 0 in "
                    "both. Look at the pictures.")
    iou = summary.get("class_iou", {})
    blind, real = iou.get("one_picture", 0), iou.get("real", 1)
    if real - blind < _LEARNT * (1 - blind):
        beside = (f"; one picture in answer to everything has {number(blind)}"
                  if "one_picture" in iou else "")
        too = (", and so does the Fréchet distance, which rests on the same network"
               if about.get("features_by") == SAME_NETWORK else "")
        said.append(
            "Even in the real pictures the classes are hardly found: their class IoU "
            f"is {number(real)}, and 1 would be right everywhere{beside}. So the class "
            f"scores mean little{too}.")
    pictures, features = about["pictures"], about.get("feature_count", 0)
    if "frechet" in summary and pictures <= features:
        apart = cell(summary["frechet"], "real")
        real_ones = apart and (
            f" ({apart} for as many training pictures). Those show other things than "
            "the targets; outputs were made for the same inputs, and may come closer")
        said.append(
            f"A Fréchet distance over {features} features wants far more than "
            f"{pictures} pictures: with so few, the covariances are singular and even "
            f"real pictures lie apart{real_ones}. Compare it with distances of as many "
            "pictures only.")
    return said


def as_text(about: dict, summary: dict) -> str:
    """Write all of it for a terminal: what was evaluated, the table, the cautions."""
    first = textwrap.fill(sentence(about), 88)
    if not summary:
        return f"{first}\n\n{NOTHING_SCORED}"
    columns = columns_of(summary)
    rows = [("", "", *columns.values())]
    for name, entry in summary.items():
        score = SCORES[name]
        rows.append((score.label, score.better,
                     *(cell(entry, column) for column in columns)))
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join([row[0].ljust(widths[0]), row[1].ljust(widths[1]),
                        *map(str.rjust, row[2:], widths[2:])]).rstrip() for row in rows]
    told = (textwrap.fill(caution, 88) for caution in cautions(about, summary))
    return "\n".join([first, "", *lines, *(f"\n{caution}" for caution in told)])
