"""How long the import of the package takes, beside those of MXNet and PyTorch alone.

Each measurement is a new process. The first round, which reads files from the disk, is
thrown away. The table goes to stdout, progress to stderr.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from functools import partial

from measure import alternate, can_import, machine, table

CLOCK = ("import time; start = time.perf_counter(); {}; "
         "print(1e3 * (time.perf_counter() - start))")
# NumPy's lost name, without which MXNet does not load on Python 3.12.
MXNET = "import numpy; vars(numpy).setdefault('bool', bool); import mxnet"


def milliseconds(statement: str, python: str = sys.executable) -> float:
    """Run a statement in a new Python; return its milliseconds.

    Raises
    ------
    RuntimeError
        If it fails; its message has gone to stderr.
    """
    done = subprocess.run([python, "-c", CLOCK.format(statement)],
                          stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(f"`{statement}` fails in {python}; its message is above.")
    return float(done.stdout)


def main(arguments: list[str] | None = None) -> None:
    """Measure all imports."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, help="processes of each (default: 9)")
    parser.add_argument("--torch-python", default=sys.executable, metavar="PYTHON",
                        help="interpreter that has torch")
    parser.add_argument("--quick", action="store_true", help="one process of each")
    options = parser.parse_args(arguments)
    rounds = (1 if options.quick else 9) if options.rounds is None else options.rounds
    if rounds < 1:
        parser.error("--rounds must be at least 1")

    candidates = {"import gluon_pix2pix": partial(milliseconds, "import gluon_pix2pix"),
                  "import mxnet": partial(milliseconds, MXNET)}
    if can_import(options.torch_python, "torch"):
        candidates["import torch"] = partial(milliseconds, "import torch",
                                             options.torch_python)
    times = alternate(candidates, rounds)
    print(machine("mxnet", "numpy"))
    rows = [[name, series, series / times["import mxnet"]]
            for name, series in times.items()]
    print("\n### Import\n\n" + table(["", "ms", "times import mxnet"], rows))


if __name__ == "__main__":
    main()
