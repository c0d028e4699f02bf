"""``log.csv``: what a training reported, a row at a time."""

from __future__ import annotations

import csv
import io
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from . import durable

NAME = "log.csv"
_TEXT = "warnings"  # the column that holds no numbers
_log = logging.getLogger(__name__)


class RunLog:
    """Write ``log.csv`` so that it never holds half a row, a gap or a duplicate.

    Parameters
    ----------
    folder : Path
        The run folder.
    measures : sequence of str
        Columns for what is measured on held-out pictures, now and then.

    Attributes
    ----------
    text : str
        All that is in it.
    iteration : int
        The last row's, 0 without rows.
    scores : dict of int to float
        The ``val_l1`` of each row that has one, by its iteration.
    """

    def __init__(self, folder: Path, measures: Sequence[str] = ("val_l1",)):
        self.path, self.measures = folder / NAME, measures
        self.text, self.iteration, self.scores = "", 0, {}

    def append(self, report, val_l1: float | None = None,
               variety: float | None = None, warnings=(), **measured: float) -> None:
        """Write down a `Report`; the row is on disk when this returns.

        Raises
        ------
        ValueError
            If something else was measured than the log has columns for.
        """
        if val_l1 is not None:
            measured["val_l1"] = val_l1
        if unknown := sorted(set(measured) - set(self.measures)):
            raise ValueError(f"{self.path} has no column for {', '.join(unknown)}; it "
                             f"has {', '.join(self.measures)}.")
        row = {"epoch": report.epoch, "iteration": report.iteration,
               **{name: f"{value:.6g}" for name, value in report.losses.items()},
               "learning_rate": f"{report.learning_rate:.6g}",
               "images_per_second": f"{report.images_per_second:.3f}",
               **{name: f"{measured[name]:.5f}" if name in measured else ""
                  for name in self.measures},
               "variety": "" if variety is None else f"{variety:.5f}",
               _TEXT: " | ".join(" ".join(str(text).split()) for text in warnings)}
        lines = io.StringIO(newline="")
        writer = csv.DictWriter(lines, row, lineterminator="\n")
        if not self.text:
            writer.writeheader()
        writer.writerow(row)
        with durable.explained(self.path):
            self._be_there()
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
        """Read what there is, and remove all rows after a step from the file.

        A damaged file is put aside and warned of, as is one that is missing.
        """
        rows, found = [], ""
        try:
            found, rows = _read(self.path)
        except FileNotFoundError:
            if iteration:
                _log.warning("%s is gone: the rows up to step %d are missing in the "
                             "new one.", self.path, iteration)
        except ValueError as error:
            aside = self.path.with_name(f"{NAME}.damaged")
            with durable.explained(self.path):
                os.replace(self.path, aside)
            _log.warning("%s It is now %s, and the rows up to step %d are missing in "
                         "the new one.", error, aside.name, iteration)
        kept = [row for row in rows if int(row["iteration"]) <= iteration]
        lines = found.splitlines(keepends=True)
        self.text = "".join(lines[:1 + len(kept)]) if kept else ""
        self.iteration = int(kept[-1]["iteration"]) if kept else 0
        self.scores = {int(row["iteration"]): float(row["val_l1"])
                       for row in kept if row.get("val_l1")}
        if self.text != found or not self.path.exists():
            with durable.explained(self.path):
                durable.replace_text(self.path, self.text)

    def flush(self) -> None:
        """Send it through to the disk."""
        self._be_there()
        with open(self.path, "rb+") as file:
            os.fsync(file.fileno())

    def _be_there(self):
        if not self.path.exists():
            durable.replace_text(self.path, self.text)
            _log.warning("%s was deleted, and is written anew.", self.path)


def _read(path):
    """Return a log's text and its rows; the last is none before its line has ended.

    Raises ValueError, with the file's name, if it is damaged.
    """
    try:
        text = path.read_text(encoding="utf-8")
        whole = io.StringIO(text[:text.rfind("\n") + 1], newline="")
        rows = list(csv.DictReader(whole))
        for row in rows:
            int(row["epoch"]), int(row["iteration"])
            _numbers(row)
    except KeyError as error:
        raise ValueError(f"{path} is damaged (it has no column {error}).") from None
    except (ValueError, TypeError, csv.Error) as error:
        raise ValueError(f"{path} is damaged ({error}).") from None
    return text, rows


def _numbers(row):
    return {name: float("nan" if value == "" else value)
            for name, value in row.items() if name != _TEXT}


def read_log(folder: str | Path) -> dict[str, list[float]]:
    """Read a run's ``log.csv`` as columns of numbers; an empty cell is NaN.

    The warnings, which are text, come again from ``HealthWatch(config, log)``. A last
    line that is being written just now is left out.

    Raises
    ------
    FileNotFoundError
        If the folder holds no log.
    ValueError
        If it is damaged; it is named.
    """
    path = Path(folder) / NAME
    if not path.is_file():
        raise FileNotFoundError(f"{folder} is no run folder: it has no {NAME}.")
    rows = [_numbers(row) for row in _read(path)[1]]
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}
