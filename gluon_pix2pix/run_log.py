"""``log.csv``: what a training reported, a row at a time."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

from . import durable

NAME = "log.csv"
_TEXT = "warnings"  # the column that holds no numbers


class RunLog:
    """Write ``log.csv`` so that it never holds half a row, a gap or a duplicate.

    Parameters
    ----------
    folder : Path
        The run folder.

    Attributes
    ----------
    text : str
        All that is in it.
    iteration : int
        The last row's, 0 without rows.
    scores : dict of int to float
        The ``val_l1`` of each row that has one, by its iteration.
    """

    def __init__(self, folder: Path):
        self.path = folder / NAME
        self.text, self.iteration, self.scores = "", 0, {}

    def append(self, report, val_l1: float | None = None,
               variety: float | None = None, warnings=()) -> None:
        """Write down a `Report`; the row is on disk when this returns."""
        row = {"epoch": report.epoch, "iteration": report.iteration,
               **{name: f"{value:.6g}" for name, value in report.losses.items()},
               "learning_rate": f"{report.learning_rate:.6g}",
               "images_per_second": f"{report.images_per_second:.3f}",
               "val_l1": "" if val_l1 is None else f"{val_l1:.5f}",
               "variety": "" if variety is None else f"{variety:.5f}",
               _TEXT: " | ".join(map(str, warnings))}
        lines = io.StringIO(newline="")
        writer = csv.DictWriter(lines, row, lineterminator="\n")
        if not self.text:
            writer.writeheader()
        writer.writerow(row)
        with durable.explained(self.path):
            before = self.path.stat().st_size
            try:
                with open(self.path, "a", newline="", encoding="utf-8") as file:
                    file.write(lines.getvalue())
            except OSError:
                os.truncate(self.path, before)
                raise
        self.text += lines.getvalue()
        self.iteration = report.iteration
        if val_l1 is not None:
            self.scores[report.iteration] = float(val_l1)

    def cut_back(self, iteration: int) -> None:
        """Read what there is, and remove all rows after a step from the file."""
        found = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        rows = _whole_rows(found)
        kept = [row for row in rows if int(row["iteration"]) <= iteration]
        lines = found.splitlines(keepends=True)
        self.text = "".join(lines[:1 + len(kept)]) if kept else ""
        self.iteration = int(kept[-1]["iteration"]) if kept else 0
        self.scores = {int(row["iteration"]): float(row["val_l1"])
                       for row in kept if row["val_l1"]}
        if self.text != found or not self.path.exists():
            with durable.explained(self.path):
                durable.replace_text(self.path, self.text)

    def flush(self) -> None:
        """Send it through to the disk."""
        with open(self.path, "rb+") as file:
            os.fsync(file.fileno())


def _whole_rows(text):
    """Read rows; the last one is no row before its line has ended."""
    text = text[:text.rfind("\n") + 1]
    return list(csv.DictReader(io.StringIO(text, newline="")))


def read_log(folder: str | Path) -> dict[str, list[float]]:
    """Read a run's ``log.csv`` as columns of numbers; an empty cell is NaN.

    The warnings, which are text, come again from ``HealthWatch(config, log)``. A last
    line that is being written just now is left out.

    Raises
    ------
    FileNotFoundError
        If the folder holds no log.
    """
    path = Path(folder) / NAME
    if not path.is_file():
        raise FileNotFoundError(f"{folder} is no run folder: it has no {NAME}.")
    with open(path, newline="", encoding="utf-8") as file:
        rows = _whole_rows(file.read())
    return {name: [float(row[name] or "nan") for row in rows] for name in rows[0]
            if name != _TEXT} if rows else {}
