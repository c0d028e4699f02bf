"""The data set that a run was trained on, found again."""

from __future__ import annotations

from pathlib import Path

from .config import ModelConfig
from .run_command import read_command
from .sources import get_dataset


def data_of_run(run: Path, config: ModelConfig, dataset: str | None = None,
                root: str | None = None, *, otherwise: str = "") -> Path:
    """Return the folder of a run's data set, which is drawn or fetched if need be.

    Parameters
    ----------
    run : Path
        The run folder.
    config : ModelConfig
        Its configuration, for the size of what is drawn.
    dataset, root : str, optional
        Another data set, and the folder that holds it; by default what the command
        that began the run named.
    otherwise : str
        What else would help where that is not known.

    Raises
    ------
    FileNotFoundError, DownloadError, ValueError
        If nothing is known of a data set, or it cannot be had.
    """
    asked = read_command(run)
    name = dataset or asked.get("dataset")
    if name is None:
        raise ValueError(f"{run} does not tell what it was trained on: name it with "
                         f"--dataset{otherwise}.")
    # A profile says how many pictures of a toy there are: those of the training.
    profile = asked.get("profile") if name == asked.get("dataset") else None
    return get_dataset(name, root or asked.get("root", "data"), profile,
                       size=config.toy_size)
