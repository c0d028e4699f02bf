"""What is tried with MXNet, in a process that may die of it (see `probing`).

It is a new process, so what is measured in it holds for a training started as it was.
"""

from __future__ import annotations

import ctypes
import json
import os
import time
import warnings

SECONDS = 0.5  # for which the convolution is repeated


def main() -> None:
    """Try all stages; print ``{"stage": name, ...}`` before and after each."""
    for name, stage in STAGES.items():
        print(json.dumps({"stage": name}), flush=True)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", RuntimeWarning)
            try:
                seen = stage()
            except Exception as error:  # whatever it is, it is a finding
                seen = {"error": f"{type(error).__name__}: {error}"}
        told = [str(warning.message) for warning in caught
                if warning.category is RuntimeWarning]
        print(json.dumps({"stage": name, **seen, "warnings": told}), flush=True)


def load() -> dict:
    """Tell of the MXNet and the NumPy that were loaded."""
    import mxnet
    import numpy

    features = mxnet.runtime.Features()
    return {"version": mxnet.__version__, "file": mxnet.__file__,
            "numpy": numpy.__version__,
            "features": [name for name in features if features.is_enabled(name)]}


def context() -> dict:
    """Tell where training would compute, and how many GPUs there are."""
    import mxnet as mx

    from ..runtime import get_context

    try:
        gpus = mx.context.num_gpus()
    except mx.base.MXNetError:  # a CUDA build without a driver; get_context says so
        gpus = 0
    try:
        return {"gpus": gpus, "context": str(get_context())}
    except (ValueError, RuntimeError) as error:
        return {"gpus": gpus, "refused": str(error)}


def threads() -> dict:
    """Measure how many threads share a convolution, and how many CPUs they get.

    Returns
    -------
    dict
        ``threads``, which OpenMP reports in an operation; ``shared``, the time of all
        threads by that of the busiest one, which other programs on the machine do not
        change (None where the system does not tell); ``cpus``, the process's time on
        CPUs by time passed; the CPUs ``left`` to the main thread, which OpenMP may
        have bound to one.
    """
    from mxnet import nd

    picture, weight = nd.ones((4, 64, 128, 128)), nd.ones((64, 64, 3, 3))

    def convolve():
        nd.Convolution(picture, weight, kernel=(3, 3), pad=(1, 1), num_filter=64,
                       no_bias=True).wait_to_read()

    convolve()
    before = _thread_seconds()
    start, busy = time.perf_counter(), time.process_time()
    while time.perf_counter() - start < SECONDS:
        convolve()
    passed, busy = time.perf_counter() - start, time.process_time() - busy
    spent = [seconds - before.get(thread, 0)
             for thread, seconds in _thread_seconds().items()]
    shared = sum(spent) / max(spent) if any(spent) else None
    return {"threads": engine_threads(), "shared": shared, "cpus": busy / passed,
            "left": affinity()}


def engine_threads() -> int:
    """Ask OpenMP, within an operation of MXNet's engine, how many threads it takes.

    That is the number with which convolutions are computed: the engine's threads have
    settings of their own.
    """
    from mxnet import nd
    from mxnet.base import _LIB, check_call

    class Context(ctypes.Structure):
        _fields_ = [("device_type", ctypes.c_int), ("device_id", ctypes.c_int32)]

    seen = []
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
    # The library hands out the OpenMP function that it is itself linked to.
    operation = kind(lambda *_: seen.append(_LIB.omp_get_max_threads()))
    result = nd.zeros(1)
    check_call(_LIB.MXEnginePushSyncND(
        operation, None, None, ctypes.byref(Context(1, 0)), None, 0,
        (ctypes.c_void_p * 1)(result.handle), 1, None, 0, b"engine_threads"))
    result.wait_to_read()
    return seen[0]


def adam() -> dict:
    """Update a few weights by `FusedAdam` and by MXNet's own Adam."""
    import numpy as np
    from mxnet import nd, optimizer

    from .. import fused_adam  # noqa: F401  # it registers the optimiser

    results = []
    for name in ("adam", "fusedadam"):
        weight, grad = nd.arange(1, 65), nd.arange(64, 0, -1)
        updater = optimizer.get_updater(optimizer.create(name, learning_rate=0.5))
        for _ in range(2):
            updater(0, grad, weight)
        results.append(weight.asnumpy())
    return {"equal": bool(np.allclose(*results, rtol=1e-5))}


def precision() -> dict:
    """Tell which precisions a configuration may name, and which the CPU lacks.

    This is the one place where the doctor learns of precisions.
    """
    from ..pix2pix_config import Pix2PixConfig

    obstacles = {}
    choices = Pix2PixConfig.choices["precision"]
    if "bfloat16" in choices:
        from ..convolution import bfloat16_problem

        obstacles["bfloat16"] = bfloat16_problem()
    return {"choices": choices, "obstacles": obstacles}


def drawing() -> dict:
    """Import what draws, which the package does when it first draws."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot  # noqa: F401

    return {"version": matplotlib.__version__}


STAGES = {"import": load, "context": context, "threads": threads, "adam": adam,
          "precision": precision, "drawing": drawing}


def _thread_seconds():
    """Return the seconds on a CPU of each thread; nothing where no /proc tells."""
    seconds = {}
    try:
        for thread in os.listdir("/proc/self/task"):
            with open(f"/proc/self/task/{thread}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
            seconds[thread] = (int(fields[11]) + int(fields[12])) / os.sysconf(
                "SC_CLK_TCK")
    except OSError:  # no Linux, or a thread that ended meanwhile
        return {}
    return seconds


def affinity() -> int:
    """Count the CPUs on which the calling thread may run."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
