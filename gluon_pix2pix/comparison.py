"""What an experiment found: a table, and which orderings hold, computed and not told.

Nothing here trains or draws.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from . import durable
from .differences import LEAST_SEEDS, Difference, spread
from .evaluation_table import number
from .experiment_files import finite
from .experiment_runs import SCORES
from .experiments import Experiment, Result

_REFERENCES = {"real": "real pictures", "one_picture": "one picture for all"}


class Comparison:
    """The results of an experiment side by side; add them as they come.

    Parameters
    ----------
    experiment : Experiment
        What was asked.
    results : iterable of Result
        What is there already.

    Attributes
    ----------
    results : dict of (str, int) to Result
        By variant and seed.
    """

    def __init__(self, experiment: Experiment, results: Iterable[Result] = ()):
        self.experiment = experiment
        self.results: dict[tuple[str, int], Result] = {}
        for result in results:
            self.add(result)

    def add(self, result: Result) -> None:
        """Take a result in; it replaces one of the same variant and seed."""
        self.results[result.variant, result.seed] = result

    @property
    def variants(self) -> list[str]:
        """The variants that have a result, in the experiment's order."""
        return [name for name in self.experiment.variants
                if any(variant == name for variant, _ in self.results)]

    def seeds(self, variant: str) -> list[int]:
        """The seeds with which a variant has a result."""
        return sorted(seed for name, seed in self.results if name == variant)

    def values(self, variant: str, score: str) -> np.ndarray:
        """Return a score of a variant for each of its seeds, NaN where unknown."""
        return np.array([self.results[variant, seed].scores.get(score, math.nan)
                         for seed in self.seeds(variant)])

    def reference(self, who: str, score: str) -> float | None:
        """Return what the ``real`` pictures or ``one_picture`` for all score."""
        result = next(iter(self.results.values()), None)
        return result and result.references.get(who, {}).get(score)

    @property
    def scores(self) -> list[str]:
        """Those of the experiment's scores that were measured."""
        return [score for score in self.experiment.scores
                if any(score in result.scores for result in self.results.values())]

    def differences(self, score: str | None = None) -> list[Difference]:
        """Compare each two variants, over the seeds that both have.

        Parameters
        ----------
        score : str, optional
            By default the first of the experiment's that has a better and a worse.
            Those that have not, such as ``checkerboard``, give no differences. Two
            variants that score the same in the paper are left out.
        """
        score = score or self._first
        better = score and SCORES[score].more_is_better
        if better is None:
            return []
        sign = 1 if better else -1
        found = []
        for first, second in itertools.combinations(self.variants, 2):
            both = [seed for seed in self.seeds(first) if seed in self.seeds(second)]
            if not both:
                continue
            leads = sign * np.array([self.results[first, seed].scores[score]
                                     - self.results[second, seed].scores[score]
                                     for seed in both])
            paper = self._paper_lead(first, second, score, sign)
            if paper == 0:
                continue
            if (leads.mean() if paper is None else paper) < 0:
                first, second, leads = second, first, -leads
            found.append(Difference(first, second, score, leads,
                                    None if paper is None else abs(paper)))
        return found

    @property
    def _first(self):
        return next((score for score in self.scores
                     if SCORES[score].more_is_better is not None), None)

    def _paper_lead(self, first, second, score, sign):
        figures = [self.experiment.paper.get(variant, {}).get(score)
                   for variant in (first, second)]
        return None if None in figures else sign * round(figures[0] - figures[1], 6)

    def rows(self) -> list[dict]:
        """Return a row for each variant and reference: means, spreads, the paper's."""
        rows = []
        for variant in self.variants:
            row = {"variant": variant, "seeds": len(self.seeds(variant))}
            for score in self.scores:
                values = self.values(variant, score)
                row[score] = float(values.mean())
                row[f"{score}_spread"] = spread(values)
                if score in self._in_paper:
                    row[f"{score}_paper"] = self.experiment.paper.get(
                        variant, {}).get(score)
            rows.append(row)
        for who, title in _REFERENCES.items():
            known = {score: self.reference(who, score) for score in self.scores}
            if any(value is not None for value in known.values()):
                rows.append({"variant": title, **known})
        return rows

    @property
    def _in_paper(self):
        return {score for found in self.experiment.paper.values() for score in found}

    def table(self) -> str:
        """Write the rows as text, to be printed."""
        header, columns = [""], [("variant",)]
        for score in self.scores:
            header.append(SCORES[score].label)
            columns.append((score, f"{score}_spread"))
            if score in self._in_paper:
                header.append("paper")
                columns.append((f"{score}_paper",))
        lines = [header] + [[_cell(row, names) for names in columns]
                            for row in self.rows()]
        widths = [max(map(len, column)) for column in zip(*lines)]
        return "\n".join(
            "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
            .rstrip() for line in lines)

    def __str__(self) -> str:
        if not self.results:
            return f"{self.experiment.question}\nNothing is trained yet."
        seeds = {len(self.seeds(variant)) for variant in self.variants}
        told = f"{self.experiment.question}\n{_seeds_in_words(seeds)}\n\n{self.table()}"
        lines = [f"  {difference}" for difference in self.differences()]
        if lines:
            told += "\n".join([f"\n\n{SCORES[self._first].label}, seed by seed:",
                               *lines])
        if self._all_blind:
            told += ("\n\nAll variants are below one picture for all: in verdicts on "
                     "them there is little to learn.")
        return told

    @property
    def _all_blind(self):
        """Whether no variant does better than an answer that ignores the input."""
        floor = self._first and self.reference("one_picture", self._first)
        if floor is None:
            return False
        sign = 1 if SCORES[self._first].more_is_better else -1
        return all(sign * self.values(variant, self._first).mean() < sign * floor
                   for variant in self.variants)

    def write(self, folder: str | Path) -> list[Path]:
        """Write ``results.csv``, a row a training, and ``comparison.json``.

        They replace those that are there. So write all there is of an experiment, and
        not only what was asked for last: ``Comparison(asked, asked.finished(...))``.

        Returns
        -------
        list of Path
            Both files.

        Raises
        ------
        SaveError
            If the folder cannot be written to.
        ValueError
            If there is one of more variants, whose results would be lost.
        """
        folder = Path(folder)
        self._check_place(folder)
        names = list(dict.fromkeys(name for result in self.results.values()
                                   for name in result.scores))
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["variant", "seed", *names])
        writer.writerows([result.variant, result.seed,
                          *(result.scores.get(name, "") for name in names)]
                         for result in self.results.values())
        told = {"name": self.experiment.name, "question": self.experiment.question,
                "base": json.loads(self.experiment.base.to_json()),
                "variants": {name: dict(self.experiment.variants[name])
                             for name in self.variants},
                "rows": self.rows(),
                "differences": [{**vars(difference), "leads": difference.leads.tolist(),
                                 "verdict": difference.verdict}
                                for score in self.scores
                                for difference in self.differences(score)]}
        with durable.explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
            durable.replace_text(folder / "results.csv", text.getvalue())
            durable.replace_text(folder / "comparison.json",
                                 json.dumps(finite(told), indent=2,
                                            allow_nan=False) + "\n")
        return [folder / "results.csv", folder / "comparison.json"]

    def _check_place(self, folder):
        """Refuse to replace a comparison of more variants by one of fewer."""
        path = folder / "comparison.json"
        try:
            told = json.loads(path.read_text("utf-8"))
            lost = sorted(set(told["variants"]) - set(self.experiment.variants))
        except (OSError, ValueError, KeyError, TypeError):
            return  # there is none, or none that can be read
        if lost:
            raise ValueError(f"{path} compares {', '.join(lost)} too: write to another "
                             "folder, or remove it.")


def label(score: str) -> str:
    """Return what a score is called, with which way is better."""
    known = SCORES[score]
    return f"{known.label} ({known.better})" if known.better else known.label


def _seeds_in_words(counts):
    few, most = min(counts), max(counts)
    if most == 1:
        return "One seed each: no difference below can be told from luck."
    told = (f"{few if few == most else f'{few} to {most}'} seeds each, mean ± standard "
            "deviation.")
    if most < LEAST_SEEDS:
        told += " They are too few to tell a difference from luck."
    return told


def _cell(row, names):
    """Write one value, with its spread if it has one."""
    value = row.get(names[0])
    if value is None or isinstance(value, str):
        return value or ""
    if names[0].endswith("_paper"):
        return f"{value:.2f}"
    spread = number(row.get(names[1]))
    return f"{number(value)} ± {spread}" if spread else number(value)

