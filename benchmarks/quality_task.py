"""What both sides of `quality.py` are told, and how they read and write arrays.

Like `measure.py` it needs neither MXNet nor PyTorch: both processes import it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Training:
    """One training of one side, handed to its script as the only argument.

    Attributes
    ----------
    seed : int
        Of the weights and the dropout; the batches were drawn by it too.
    size, width : int
        Side of the pictures; channels behind the first layers of both networks.
    rates : tuple of float
        The learning rate of each epoch.
    batches : str
        Folder of what is seen: ``epoch_0.npy``, ``epoch_1.npy``, ..., each ``(steps, 2,
        H, W, 3) uint8``, inputs and targets in order; and ``val.npy`` in the same form.
    outputs : str
        Where to store what the trained generator makes of the inputs in ``val.npy``:
        ``sampled.npy`` with dropout and each picture's own statistics, ``plain.npy``
        with neither, ``(pictures, 3, H, W) float32 in [-1, 1]``.
    """

    seed: int
    size: int
    width: int
    rates: tuple[float, ...]
    batches: str
    outputs: str

    def __str__(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def asked(cls) -> Training:
        """Read the training this process was started with."""
        return cls(**json.loads(sys.argv[1]))

    def epoch(self, number: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Give the batches of an epoch, of one pair each."""
        return self._pairs(f"epoch_{number}.npy")

    def validation(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Give the pairs to be scored with."""
        return self._pairs("val.npy")

    def _pairs(self, name):
        for pair in np.load(Path(self.batches, name), mmap_mode="r"):
            pair = pair.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
            yield pair[:1], pair[1:]

    def store(self, name: str, outputs: list[np.ndarray]) -> None:
        """Store the outputs ``(1, 3, H, W)`` of one way to translate."""
        np.save(Path(self.outputs, f"{name}.npy"), np.concatenate(outputs))


def tell(loss_G: float) -> None:
    """Tell the process that waits for it that an epoch is over, and its mean loss."""
    print(loss_G, flush=True)
