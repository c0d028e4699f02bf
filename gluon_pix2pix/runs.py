"""The folder of a training run: configuration, log, samples, checkpoints."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

from .checkpoint import newest_last, save_checkpoint
from .config import Pix2PixConfig


class RunFolder:
    """Write down a training as it goes.

    ::

        config.json   log.csv   samples/epoch_0001.png   checkpoints/epoch_0001/

    Parameters
    ----------
    folder : str or Path
        Where to write. It must not exist, be empty, or be an earlier run.
    config : Pix2PixConfig
        Saved as ``config.json``.
    overwrite : bool
        Replace an earlier run in this folder. Only what a run has written is removed.
    keep : int
        How many of the newest checkpoints to keep.

    Raises
    ------
    FileExistsError
        If the folder holds a run and ``overwrite`` is off, or holds something else.
    """

    def __init__(self, folder: str | Path, config, overwrite: bool = False,
                 keep: int = 2):
        self.folder, self.keep = Path(folder), keep
        if keep < 1:
            raise ValueError(f"keep={keep} must be at least 1.")
        if self.folder.exists() and not self.folder.is_dir():
            raise FileExistsError(f"{folder} is a file: name another run folder.")
        if self.folder.exists() and any(self.folder.iterdir()):
            if not self._is_run():
                raise FileExistsError(
                    f"{folder} is not empty and holds no run: name another folder."
                )
            if not overwrite:
                raise FileExistsError(
                    f"{folder} holds an earlier run: name another folder, or overwrite "
                    "it (overwrite=True, or --overwrite on the command line)."
                )
            self._clear()
        # config.json tells a run's folder: it comes first and is never away.
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "config.json").write_text(config.to_json() + "\n",
                                                 encoding="utf-8")
        for name in ("samples", "checkpoints"):
            (self.folder / name).mkdir(exist_ok=True)
        self.log_path = self.folder / "log.csv"
        self.log_path.write_text("")

    def _is_run(self):
        try:
            Pix2PixConfig.from_json(self.folder / "config.json")
        except (OSError, ValueError):
            return False
        return True

    def _clear(self):
        for checkpoint in self.folder.glob("checkpoints/epoch_*"):
            shutil.rmtree(checkpoint)
        for pattern in ("samples/epoch_*.png", "contact_sheet.png", "losses.png"):
            for path in self.folder.glob(pattern):
                path.unlink()

    def log(self, report, val_l1: float | None = None) -> None:
        """Append a `Report` to ``log.csv``; ``val_l1`` is known at an epoch's end."""
        row = {"epoch": report.epoch, "iteration": report.iteration,
               **{name: f"{value:.6g}" for name, value in report.losses.items()},
               "learning_rate": f"{report.learning_rate:.6g}",
               "images_per_second": f"{report.images_per_second:.3f}",
               "val_l1": "" if val_l1 is None else f"{val_l1:.5f}"}
        with open(self.log_path, "a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, row)
            if file.tell() == 0:
                writer.writeheader()
            writer.writerow(row)

    def sample_path(self, epoch: int) -> Path:
        """Return where the sample pictures of an epoch go."""
        return self.folder / "samples" / f"epoch_{epoch:04d}.png"

    def save(self, model, report) -> Path:
        """Save a checkpoint of this epoch and remove all but the newest ``keep``."""
        checkpoints = self.folder / "checkpoints"
        path = save_checkpoint(checkpoints / f"epoch_{report.epoch:04d}", model,
                               epoch=report.epoch, iteration=report.iteration)
        for old in newest_last(checkpoints.glob("epoch_*"))[:-self.keep]:
            shutil.rmtree(old)
        return path


def read_log(folder: str | Path) -> dict[str, list[float]]:
    """Read a run's ``log.csv`` as columns of numbers; an empty cell is NaN.

    Raises
    ------
    FileNotFoundError
        If the folder holds no log.
    """
    path = Path(folder) / "log.csv"
    if not path.is_file():
        raise FileNotFoundError(f"{folder} is no run folder: it has no log.csv.")
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name] or "nan") for row in rows] for name in rows[0]} \
        if rows else {}
