"""Whether networks, losses and steps compute what PyTorch computes.

Both sides fill the same small networks with the same weights, which go over under the
names of the reference implementations, and are given the same pictures. One table says
how far they are apart. Networks have few channels and pictures few pixels: for a right
result they need no more. How the two sides are made is in `parity_ours` and
`parity_torch`, how they are compared in `parity_rows`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import parity_ours
from measure import can_import, machine, progress, table
from parity_rows import Row, compare, store

SCRIPT = Path(__file__).with_name("parity_torch.py")


def torch_results(python: str, width: int) -> dict[str, np.ndarray]:
    """Have an interpreter that has PyTorch compute its side."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "results.npz")
        if subprocess.run([python, str(SCRIPT), str(width), str(file)]).returncode:
            raise RuntimeError(f"{SCRIPT.name} failed; its message is above.")
        with np.load(file) as stored:
            return dict(stored)


def as_table(rows: list[Row]) -> str:
    """Lay out what was compared."""
    return table(["what", "largest difference", "allowed", "measured", "passed"],
                 [[row.what, f"{row.difference:.1e}", f"{row.allowed:g}", row.how,
                   "yes" if row.passed else "NO"] for row in rows])


def main(arguments: list[str] | None = None) -> int:
    """Compare; return 1 if anything differs by more than is allowed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--width", type=int, default=16, help="channels behind the "
                        "first layer of each network (default: %(default)s)")
    parser.add_argument("--torch-python", default=sys.executable, metavar="PYTHON",
                        help="interpreter that has torch and numpy")
    parser.add_argument("--store", type=Path, metavar="FILE", help="keep a sample of "
                        "PyTorch's results, as tests/parity.npz is one")
    options = parser.parse_args(arguments)
    if options.width < 1:
        parser.error("--width must be at least 1")
    if not can_import(options.torch_python, "torch", "numpy"):
        parser.error("torch and numpy cannot be imported by the chosen Python: name "
                     "one by --torch-python")
    progress("PyTorch's side")
    theirs = torch_results(options.torch_python, options.width)
    if options.store:
        store(theirs, options.store)
    progress("our side")
    rows = compare(parity_ours.results(options.width), theirs)
    print(f"{machine('mxnet', 'numpy')}\n\n### Parity, {options.width} channels\n")
    print(as_table(rows))
    failed = sum(not row.passed for row in rows)
    print(f"\n{len(rows) - failed} of {len(rows)} comparisons passed.")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
