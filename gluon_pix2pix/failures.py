"""The ways in which a training can end early, as exceptions.

Each says in a sentence or two what happened, what is safe, and how to go on.
"""

from __future__ import annotations

from pathlib import Path


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, or Jupyter's stop button: the training ended after a whole step.

    Attributes
    ----------
    checkpoint : Path or None
        Where its state is, if there was a run folder to save it in.
    """

    def __init__(self, message: str, checkpoint: Path | None = None):
        super().__init__(message)
        self.checkpoint = checkpoint


class DivergedError(RuntimeError):
    """A loss or a weight became NaN or infinite in a training."""


class RuinedError(ValueError):
    """A model holds NaN or infinity where its weights should be."""


class OutOfMemoryError(RuntimeError):
    """The memory of the computer, or of its GPU, was too small for a step."""


class CheckpointError(ValueError):
    """A checkpoint's file that is damaged, or of another format."""


class WeightsError(ValueError):
    """Weights of another program that cannot be read, or do not fit a network."""


class ResumeError(ValueError):
    """A training cannot go on from a checkpoint, as something is not as it was."""


class SaveError(OSError):
    """A checkpoint or log could not be written; what was there before is untouched."""


class RunInUseError(RuntimeError):
    """Somebody else is training in a run folder."""


class RunLostError(RuntimeError):
    """A run folder was deleted or replaced while it was written to."""
