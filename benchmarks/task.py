"""What a candidate is asked to do, and the clock around it.

Like `measure.py` it needs nothing beyond Python: PyTorch's process imports it too.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from measure import Remote

FOLDER = Path(__file__).parent
PLAIN = "MXNet's InstanceNorm"  # a variant of our CycleGAN
LABELS = 35  # classes of pixels, for pix2pixHD


@dataclass(frozen=True)
class Task:
    """One kind of work, handed to a script as its only argument.

    Attributes
    ----------
    work : {"training", "inference", "cyclegan", "hd", "hd_inference", "losses"}
        Steps, translations, steps of CycleGAN, steps and translations of pix2pixHD, or
        a few steps whose losses are written out.
    variant : str
        How: what the names mean, the script knows.
    size, batch, width : int
        Side of a picture (pix2pixHD: its width, twice the height), pictures at once,
        channels behind the first layers.
    repeats : int
        Steps or translations a measurement.
    threads : int
        CPUs to use, where they are not counted anyway.
    folder : str
        Where the weights for "losses" lie.
    generator : {"global", "local"}
        Of pix2pixHD: the global generator, or a local enhancer around it.
    """

    work: str
    variant: str = ""
    size: int = 256
    batch: int = 1
    width: int = 64
    repeats: int = 1
    threads: int = 1
    folder: str = ""
    generator: str = "global"

    def __str__(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def asked(cls) -> Task:
        """Read the task this process was started with."""
        return cls(**json.loads(sys.argv[1]))

    @property
    def num_downs(self) -> int:
        """Halvings in the U-Net: as many as the size admits, at most 8."""
        return min(8, (self.size & -self.size).bit_length() - 1)

    @property
    def n_blocks(self) -> int:
        """Residual blocks in a CycleGAN's generators: the paper's 9, or 6 below 256."""
        return 9 if self.size >= 256 else 6

    def speed(self, once: Callable[[], object], finish: Callable[[], object]) -> float:
        """Do it `repeats` times; return images per second."""
        start = time.perf_counter()
        for _ in range(self.repeats):
            once()
        finish()
        return self.repeats * self.batch / (time.perf_counter() - start)


class Candidate(Remote):
    """A script of this folder at a task, in a process whose memory is its own."""

    def __init__(self, script: str, task: Task, python: str = sys.executable):
        super().__init__(FOLDER / script, task, python=python)
        self.peak_mb = math.nan

    def __call__(self) -> float:
        """Have it measure once, then look at the most memory it has ever had in RAM."""
        value = super().__call__()
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
        except OSError:  # a system without /proc: not known
            return value
        peak, = (line for line in status.splitlines() if line.startswith("VmHWM"))
        self.peak_mb = int(peak.split()[1]) * 1024 / 1e6
        return value
