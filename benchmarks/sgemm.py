"""How fast this machine multiplies matrices in single precision.

That is what convolutions are made of, and so the rate they are held against. Libraries
know processors differently well (one whose newest kernels are older than the processor
does with half of its registers), so there are three: NumPy's BLAS; MXNet's; and oneDNN,
which computes MXNet's convolutions too. See `task.py`; the variant names one.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import gluon_pix2pix  # noqa: F401  # isort: skip  # first: it sets MXNet's threads
import mxnet as mx
import numpy as np
from measure import serve
from task import Task


def multiplication(way: str, size: int) -> Callable[[], object]:
    """Return a call that multiplies two square matrices and waits for the product."""
    a, b = np.random.RandomState(0).rand(2, size, size).astype(np.float32)
    mx_a, mx_b = mx.nd.array(a), mx.nd.array(b)
    return {
        "NumPy": lambda: a @ b,
        "MXNet": lambda: mx.nd.dot(mx_a, mx_b).wait_to_read(),
        "oneDNN": lambda: mx.nd.FullyConnected(
            mx_a, mx_b, num_hidden=size, no_bias=True).wait_to_read(),
    }[way]


def main() -> None:
    """Measure operations per second, in 1e9; the task's size is the matrices' side."""
    task = Task.asked()
    multiply = multiplication(task.variant, task.size)

    def speed():
        start = time.perf_counter()
        for _ in range(task.repeats):
            multiply()
        seconds = time.perf_counter() - start
        return task.repeats * 2 * task.size ** 3 / seconds / 1e9

    serve(speed)


if __name__ == "__main__":
    main()
