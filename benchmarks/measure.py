"""What every benchmark shares: fair timing, candidates elsewhere, tables.

It needs nothing beyond Python, so that a script run by another Python, with PyTorch in
place of MXNet, can import it too.
"""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Series:
    """Measurements of one candidate, one a round; prints as median and spread."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of the values, which a disturbed round does not move."""
        return median(self.values)

    def __truediv__(self, other: Series) -> Series:
        """Divide round by round: what slows a whole round down drops out."""
        return Series(tuple(a / b for a, b in zip(self.values, other.values)))

    def scaled(self, factor: float) -> Series:
        """Return the values in another unit."""
        return Series(tuple(factor * value for value in self.values))

    def percent(self) -> Series:
        """Return the values times 100."""
        return self.scaled(100)

    def __str__(self) -> str:
        digits = 0 if self.median >= 100 else 1 if self.median >= 10 else 2
        middle, low, high = (f"{value:.{digits}f}" for value in
                             (self.median, min(self.values), max(self.values)))
        return middle if len(self.values) == 1 else f"{middle} ({low}..{high})"


def alternate(candidates: Mapping[str, Callable[[], float]], rounds: int,
              ) -> dict[str, Series]:
    """Measure candidates in turns, so that all meet the same conditions.

    Parameters
    ----------
    candidates : mapping of str to callable
        Each call is one measurement and returns it as a number.
    rounds : int
        Measurements of each, after one that is thrown away. Every second round goes
        backwards: nobody always comes after the same neighbour.
    """
    values: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(rounds + 1):
        names = list(candidates)[::-1 if number % 2 else 1]
        for name in names:
            progress(f"round {number} of {rounds}: {name}")
            value = candidates[name]()
            if number:
                values[name].append(value)
    return {name: Series(tuple(series)) for name, series in values.items()}


class Remote:
    """A candidate in a process of its own, perhaps of another Python (see `serve`).

    Parameters
    ----------
    script : Path
        What it runs; it waits there between two measurements.
    *arguments
        The script's arguments.
    python : str
        The interpreter.
    """

    def __init__(self, script: Path, *arguments: object, python: str = sys.executable):
        command = [python, str(script), *map(str, arguments)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True,
                                         stdout=subprocess.PIPE)

    def __call__(self) -> float:
        """Have it measure once."""
        with contextlib.suppress(BrokenPipeError):  # its end is noticed below
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{' '.join(self._process.args)} ended early, with exit "
                               f"status {self._process.wait()}; its message is above.")
        return float(answer)

    def __enter__(self) -> Remote:
        return self

    def __exit__(self, *_) -> None:
        self._process.communicate()  # no more input: that ends it


def serve(candidate: Callable[[], float]) -> None:
    """Measure each time a `Remote` asks for it, until it asks no more."""
    for _ in sys.stdin:
        print(candidate(), flush=True)


def can_import(python: str, *modules: str) -> bool:
    """Tell whether an interpreter can import all of these modules."""
    command = [python, "-c", f"import {', '.join(modules)}"]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay out a Markdown table; numbers stand to the right, names to the left."""
    lines = [list(map(str, row)) for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines.insert(1, rule)
    return "\n".join(
        "| " + " | ".join(cell.rjust(width) if i else cell.ljust(width)
                          for i, (cell, width) in enumerate(zip(line, widths))) + " |"
        for line in lines)


def machine(*packages: str) -> str:
    """Describe where this runs in a sentence, with the versions of some packages."""
    from gluon_pix2pix.runtime import usable_cpus

    versions = [f"{name} {metadata.version(name)}" for name in packages]
    threads = os.environ.get("OMP_NUM_THREADS", "not set")
    load = f"; load average before {os.getloadavg()[0]:.1f}" if hasattr(
        os, "getloadavg") else ""
    return (f"{_cpu()}, {usable_cpus()} usable CPUs, {platform.system()} "
            f"{platform.machine()}; Python {platform.python_version()}, "
            f"{', '.join(versions)}; OMP_NUM_THREADS {threads}{load}.")


def _cpu():
    """Name the processor, as the system does."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor() or "unknown processor"


def resident_mb() -> float | None:
    """Return this process's memory in RAM in MB; None where the system has no /proc."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def progress(message: str) -> None:
    """Tell on stderr what is going on; the results alone go to stdout."""
    print(message, file=sys.stderr, flush=True)
