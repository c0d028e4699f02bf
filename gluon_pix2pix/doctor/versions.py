"""Python, NumPy, MXNet and the other packages: which ones, and whether they fit."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
from importlib import metadata
from pathlib import Path

from ..runtime import numpy_problem, python_problem
from .finding import Finding, advice, ok, problem

_INSTALL = "run `make venv`, or `pip install -c constraints.txt -e {}` in the checkout"
# Distributions by what needs them, with the module to import. Numba is not among the
# first, as FusedAdam does without it, and says so.
PACKAGES = {"filelock": "filelock", "matplotlib": "matplotlib", "pillow": "PIL",
            "pygments": "pygments", "requests": "requests", "scikit-image": "skimage",
            "scikit-learn": "sklearn", "scipy": "scipy",
            "threadpoolctl": "threadpoolctl", "tqdm": "tqdm", "urllib3": "urllib3"}
NOTEBOOKS = {"jupyterlab": "jupyterlab", "ipykernel": "ipykernel",
             "ipywidgets": "ipywidgets", "ipyevents": "ipyevents"}
ONNX = {"onnx": "onnx", "onnxruntime": "onnxruntime"}
TESTS = {"pytest": "pytest", "nbval": "nbval"}


def python() -> Finding:
    """Look at Python itself."""
    seen = f"{'.'.join(map(str, sys.version_info[:3]))}, {_short(sys.executable)}"
    sentence = python_problem(sys.version_info)
    return problem("Python", seen, sentence) if sentence else ok("Python", seen)


def numpy() -> Finding:
    """Look whether NumPy can be imported, and fits this Python and MXNet."""
    wanted = "1.23.5" if sys.version_info < (3, 12) else "1.26.4"
    install = f"pip install --force-reinstall numpy=={wanted}"
    try:
        version = importlib.import_module("numpy").__version__
    except ModuleNotFoundError:
        return problem("NumPy", "not installed", f"Run `{install}`.")
    except Exception as error:
        return problem("NumPy", f"cannot be imported: {_last_line(error)}",
                       f"Run `{install}`.")
    sentence = numpy_problem(version)
    if sentence:
        return problem("NumPy", version, sentence)
    if version.split(".")[:2] == wanted.split(".")[:2]:
        return ok("NumPy", version)
    return advice("NumPy", f"{version}; the course is tested with {wanted} here",
                  f"`{install}` gives that one; with "
                  "yours, import gluon_pix2pix before mxnet.")


def mxnet_untried() -> Finding:
    """Say which MXNet is installed where the above forbids to load it."""
    for name in ("mxnet", "mxnet-cu117", "mxnet-cu112"):
        version = _version(name)
        if version:
            return advice("MXNet", f"{name} {version} is installed, and was not tried",
                          "Mend the above first, then ask the doctor again.")
    return problem("MXNet", "not installed", f"To get it, {_INSTALL.format('.')}.")


def mxnet(loaded: dict) -> Finding:
    """Judge how MXNet, and the package with it, were loaded in the probe."""
    if "error" in loaded:
        return problem("MXNet", f"cannot be loaded: {loaded['error']}",
                       "If nothing above or in these words helps, `make clean venv` "
                       "installs everything anew.")
    names = {"MKLDNN": "oneDNN", "OPENMP": "OpenMP", "CUDA": "CUDA", "CUDNN": "cuDNN"}
    have = [text for name, text in names.items() if name in loaded["features"]]
    lack = [names[name] for name in ("MKLDNN", "OPENMP") if names[name] not in have]
    seen = f"{loaded['version']} with {', '.join(have) or 'neither'}"
    if lack:
        return advice("MXNet", f"{seen}, without {' and '.join(lack)}",
                      "Computing on the CPU is many times slower so: `make venv "
                      "MXNET=mxnet==1.9.1` installs a build that has them.")
    return ok("MXNet", seen if "CUDA" in have else f"{seen}; for the CPU alone")


def packages() -> list[Finding]:
    """Look which of the other packages are there."""
    return [
        _look("packages", {**PACKAGES, "numba": "numba"}, ".", problem,
              exempt=("numba",)),
        _look("notebooks", NOTEBOOKS, "'.[notebooks]'", advice),
        _look("ONNX", ONNX, "'.[onnx]'", ok),
        _look("tests", TESTS, "'.[tests]'", ok),
    ]


def _look(title, wanted, extra, severity, exempt=()):
    missing = [name for name, module in wanted.items()
               if importlib.util.find_spec(module) is None]
    here = [f"{name} {_version(name) or ''}".strip() for name in wanted
            if name not in missing]
    seen = ", ".join(here)
    if missing:
        seen = f"{seen}; not installed: {', '.join(missing)}".lstrip("; ")
    missing = [name for name in missing if name not in exempt]
    if not missing:
        return ok(title, seen)
    return severity(title, seen, f"To have {'it' if len(missing) == 1 else 'them'}, "
                    f"{_INSTALL.format(extra)}.")


def _version(distribution):
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _last_line(error):
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1]


def _short(path):
    """Write a path from the current folder or from home, where it lies there."""
    for folder, name in ((Path.cwd, ""), (Path.home, f"~{os.sep}")):
        # Neither needs to exist: OSError, RuntimeError.
        with contextlib.suppress(ValueError, OSError, RuntimeError):
            return name + str(Path(path).relative_to(folder()))
    return str(path)
