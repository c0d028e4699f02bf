"""Where a training stands, to the step, and what it reports."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass
class Progress:
    """Where a training stands: all that it is besides the model and the data.

    Attributes
    ----------
    epoch : int
        Epochs done.
    batches : int
        Batches done of the next epoch.
    iteration : int
        Steps done.
    losses : list of dict of str to float
        Of the steps since the last report.
    images : int
        Pictures seen in these steps.
    seconds : float
        Time spent on them.
    """

    epoch: int = 0
    batches: int = 0
    iteration: int = 0
    losses: list[dict[str, float]] = dataclasses.field(default_factory=list)
    images: int = 0
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """A name that sorts by time: ``epoch_0002``, ``epoch_0002_plus_0150``."""
        rest = f"_plus_{self.batches:04d}" if self.batches else ""
        return f"epoch_{self.epoch:04d}{rest}"

    @property
    def reported(self) -> int:
        """The step of the last report."""
        return self.iteration - len(self.losses)

    @classmethod
    def from_state(cls, state: dict) -> Progress:
        """Take it from what a checkpoint's ``state.json`` says.

        Raises
        ------
        KeyError
            If it says nothing of a training.
        """
        return cls(**{field.name: state[field.name]
                      for field in dataclasses.fields(cls)})


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
