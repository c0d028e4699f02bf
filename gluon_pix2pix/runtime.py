"""What must be settled before MXNet loads; then where it computes, and its seeds.

The package imports this module first. Importing it looks whether MXNet 1.9.1 can work
here at all, and says so in a sentence where it cannot; gives NumPy back a name MXNet
expects; and lets MXNet use every CPU (see `prepare`). It imports no MXNet itself.
"""

from __future__ import annotations

import contextlib
import importlib.util
import math
import operator
import os
import random
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    import mxnet as mx

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MXNET_OMP_MAX_THREADS")
WAIT_VARIABLES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")


def python_problem(version: tuple[int, ...]) -> str | None:
    """Say what is wrong with a version of Python, such as ``(3, 13)``, if anything."""
    if (3, 10) <= tuple(version[:2]) <= (3, 12):
        return None
    return (
        "gluon_pix2pix runs on Python 3.10, 3.11 and 3.12 (MXNet 1.9.1 needs NumPy 1, "
        f"which newer ones lack), but this is Python {version[0]}.{version[1]}. Make "
        "an environment with one of the three, for example with "
        "`make venv PYTHON=python3.11` or `conda env create -f environment.yml`."
    )


def numpy_problem(version: str) -> str | None:
    """Say what is wrong with a version of NumPy, such as ``"2.1.0"``, if anything."""
    if int(version.split(".")[0]) < 2:
        return None
    return (
        f"MXNet 1.9.1 cannot load beside NumPy {version}, which dropped names that it "
        "uses: run `pip install 'numpy<2'` in this environment, then start Python (or "
        "the notebook's kernel) anew."
    )


def usable_cpus() -> int:
    """Count the CPUs this process may use, at least 1.

    That is the process's affinity where the system has one (Linux), else all CPUs, and
    no more than a container's CPU quota, rounded up.
    """
    if hasattr(os, "sched_getaffinity"):
        cpus = len(os.sched_getaffinity(0))
    else:
        cpus = os.cpu_count() or 1
    return max(1, math.ceil(min(cpus, _cpu_quota(Path("/sys/fs/cgroup")))))


def _cpu_quota(root: Path) -> float:
    """Read how many CPUs' worth of time the control group at `root` grants."""
    try:
        if (root / "cpu.max").exists():  # version 2: "200000 100000" or "max 100000"
            quota, period = (root / "cpu.max").read_text().split()
        else:  # version 1; -1 is no limit
            quota = (root / "cpu" / "cpu.cfs_quota_us").read_text()
            period = (root / "cpu" / "cpu.cfs_period_us").read_text()
        granted = float(quota) / float(period)
    except (OSError, ValueError, ZeroDivisionError):
        return math.inf
    return granted if granted > 0 else math.inf


def prepare() -> None:
    """Make this process ready for MXNet; importing the package has called it already.

    1. Python, NumPy and MXNet are looked at, and a combination that cannot work is
       refused.
    2. ``numpy.bool``, which NumPy dropped in 1.24 and MXNet reads as it loads, is set
       to ``bool``.
    3. ``OMP_NUM_THREADS`` is set to `usable_cpus` where the user has set neither it nor
       ``MXNET_OMP_MAX_THREADS``. MXNet by itself takes half of the CPUs, as if every
       two were one core's hyperthreads. It reads the variable only once, as it loads.
    4. ``GOMP_SPINCOUNT`` is set to 1000 where the user has set neither it nor
       ``OMP_WAIT_POLICY``: threads that wait for each other spin for some microseconds
       and then sleep. GNU's OpenMP spins for milliseconds, which makes steps many times
       slower beside other busy programs; a second notebook is enough. Sleeping at once
       (``OMP_WAIT_POLICY=passive``) would cost as much on an idle machine.

    Raises
    ------
    ImportError
        If Python, NumPy or MXNet is missing something or of a version that cannot work.

    Warns
    -----
    RuntimeWarning
        If MXNet was imported before and so keeps half of the CPUs.
    """
    problem = python_problem(sys.version_info) or _missing_package()
    if problem is None:
        import numpy

        problem = numpy_problem(numpy.__version__)
    if problem is not None:
        raise ImportError(problem)
    if "bool" not in vars(numpy):
        numpy.bool = bool

    if not any(os.environ.get(variable) for variable in WAIT_VARIABLES):
        os.environ["GOMP_SPINCOUNT"] = "1000"
    if any(os.environ.get(variable) for variable in THREAD_VARIABLES):
        return
    cpus = usable_cpus()
    if "mxnet" not in sys.modules:
        os.environ["OMP_NUM_THREADS"] = str(cpus)
    elif cpus > 1:
        warnings.warn(
            "MXNet was imported before gluon_pix2pix and computes on half of the "
            f"{cpus} CPUs. Start anew and import gluon_pix2pix first, or set "
            f"OMP_NUM_THREADS={cpus} before Python starts.",
            RuntimeWarning,
            stacklevel=4,  # the line that imports the package
        )


def _missing_package() -> str | None:
    """Name the first package that MXNet cannot do without and that is not here."""
    for name, remedy in {
        "numpy": "pip install 'numpy<2'",
        "mxnet": "make venv` or `pip install -c constraints.txt -e .",
        "distutils": "pip install setuptools",  # part of Python itself up to 3.11
    }.items():
        if name not in sys.modules and importlib.util.find_spec(name) is None:
            return (
                f"gluon_pix2pix needs {name}, which is not installed for "
                f"{sys.executable}: run `{remedy}` in the checkout's folder."
            )
    return None


def load_mxnet() -> ModuleType:
    """Import MXNet, and say in a sentence what it lacks where it cannot load.

    MXNet does not get to see SciPy, unless somebody has imported it before. It would
    take SciPy's sparse matrices by a name that is deprecated there, which is a warning
    at every array that is made, a quarter of a second at the start, and memory.

    Returns
    -------
    module
        ``mxnet``.

    Raises
    ------
    ImportError
        If a shared library is missing, or if this is not MXNet 1.9.
    """
    try:
        with _hidden("scipy"):
            import mxnet
    except OSError as error:
        raise ImportError(_library_problem(str(error))) from None
    if not mxnet.__version__.startswith("1.9."):
        raise ImportError(
            f"gluon_pix2pix needs MXNet 1.9.1, and this is {mxnet.__version__}: run "
            "`make venv` or `pip install mxnet==1.9.1`."
        )
    return mxnet


@contextlib.contextmanager
def _hidden(package: str) -> Iterator[None]:
    """Let imports of a package fail, if it is not there already."""
    hide = package not in sys.modules
    if hide:
        sys.modules[package] = None
    try:
        yield
    finally:
        if hide:
            del sys.modules[package]


def _library_problem(message: str) -> str:
    """Turn the dynamic loader's complaint into a sentence with a remedy."""
    library = re.match(r"(lib[\w+-]+)\.so", message)
    name = library.group(1) if library else ""
    if name in ("libgomp", "libquadmath", "libgfortran"):
        remedy = "Install it (Debian, Ubuntu: apt install libgomp1 libquadmath0)."
    elif re.match(r"lib(cu|nv|nccl)", name):
        remedy = (
            "This is a CUDA build of MXNet: put the libraries of CUDA 11 (with cuDNN 8 "
            "and NCCL 2) on LD_LIBRARY_PATH, or go back to the CPU build with "
            "`make venv MXNET=mxnet==1.9.1`."
        )
    else:
        remedy = "Reinstall MXNet (`make clean venv`)."
    return f"MXNet cannot load: {message.rstrip('.')}. {remedy}"


def get_context(name: str | mx.Context | None = None) -> mx.Context:
    """Choose where to compute.

    Parameters
    ----------
    name : str or mx.Context, optional
        ``"cpu"``; ``"gpu"`` or ``"gpu(1)"`` for one GPU of several; ``"auto"`` for the
        first GPU where there is one, else the CPU. By default the environment variable
        ``PIX2PIX_CONTEXT``, else ``"auto"``. A context is handed back as it is.

    Returns
    -------
    mx.Context

    Raises
    ------
    ValueError
        If the name is none of these.
    RuntimeError
        If it names a GPU that MXNet cannot use.
    """
    mx = load_mxnet()
    if isinstance(name, mx.Context):
        return name
    name = name or os.environ.get("PIX2PIX_CONTEXT") or "auto"
    match = re.fullmatch(r"(auto)|(cpu)(?:\(0\))?|gpu(?:\((\d+)\))?", str(name).lower())
    if match is None:
        raise ValueError(
            f"Unknown context {name!r} (PIX2PIX_CONTEXT or an argument): use 'auto', "
            "'cpu', 'gpu' or, for one of several GPUs, 'gpu(1)'."
        )
    auto, cpu, index = match.groups()
    if cpu:
        return mx.cpu()
    try:
        count = mx.context.num_gpus()
    except mx.base.MXNetError as error:  # a CUDA build without a working driver
        reason = f"CUDA fails ({str(error).strip().splitlines()[-1].strip()})"
        if auto:
            message = f"Computing on the CPU, as {reason}."
            warnings.warn(message, RuntimeWarning, stacklevel=2)
        count = 0
    else:
        reason = _why_not(mx, count)
    if auto:
        return mx.gpu() if count else mx.cpu()
    if int(index or 0) >= count:
        raise RuntimeError(
            f"Cannot compute on {name}: {reason}. Use 'auto' or 'cpu' to do without."
        )
    return mx.gpu(int(index or 0))


def _why_not(mx: ModuleType, count: int) -> str:
    """Say why a GPU beyond the `count` that MXNet sees cannot be had."""
    if count:
        return f"MXNet sees gpu(0) to gpu({count - 1}) only"
    if mx.runtime.Features().is_enabled("CUDA"):
        return "MXNet sees no GPU here (does `nvidia-smi` list one?)"
    return (
        "this MXNet is built for the CPU alone; `make venv MXNET=mxnet-cu117==1.9.1` "
        "installs a build for CUDA 11"
    )


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and MXNet, so that two runs on one machine come out equal.

    Equal to the bit on the CPU, for the same number of threads. On a GPU that takes
    ``MXNET_ENFORCE_DETERMINISM=1`` in the environment besides.

    Parameters
    ----------
    seed : int
        From 0 to 2**31 - 1, which all three accept.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    try:
        number = operator.index(seed)
    except TypeError:
        number = -1
    if not 0 <= number < 2**31:
        raise ValueError(f"A seed is an integer from 0 to 2**31 - 1, not {seed!r}.")
    import numpy

    random.seed(number)
    numpy.random.seed(number)  # noqa: NPY002  # what MXNet's initialisers draw from
    load_mxnet().random.seed(number)


def started_as_doctor() -> bool:
    """Tell whether this process is ``gluon-pix2pix doctor``, by either way to say so.

    The doctor is asked when MXNet or NumPy cannot be loaded. So it must run without
    them, and before the package fails on them.
    """
    if sys.argv[1:2] != ["doctor"]:
        return False
    if sys.argv[0] == "-m":  # some package is being imported on the way to its __main__
        words = getattr(sys, "orig_argv", sys.argv)  # new in Python 3.10
        return words[-len(sys.argv)] in ("gluon_pix2pix", "-mgluon_pix2pix")
    return Path(sys.argv[0]).stem == "gluon-pix2pix"


if not started_as_doctor():  # which looks at the process as it was started
    prepare()
