"""The notebooks' kernel: whether it is the Python that the course is installed for."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys

from .finding import Finding, advice, ok, problem

NAME = "python3"  # the kernel that all notebooks ask for


def kernel() -> Finding:
    """Look which Python Jupyter would start for the notebooks."""
    install = "`make venv`, or `pip install -c constraints.txt -e '.[notebooks]'`"
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
    except Exception as error:
        return advice("kernel", f"Jupyter is not usable here ({error})",
                      f"The notebooks need it: {install}.")
    try:
        command = KernelSpecManager().get_kernel_spec(NAME).argv
    except NoSuchKernel:
        return advice("kernel", f"there is none called {NAME}",
                      f"The notebooks need ipykernel: {install}.")
    except Exception as error:
        return _damaged(f"its kernel.json is damaged ({error})")
    if not command:
        return _damaged("its kernel.json names no program")
    # jupyter_client puts the interpreter that runs Jupyter in place of these names.
    own = command[0] in ("python", NAME, f"python3.{sys.version_info[1]}")
    path = sys.executable if own else command[0]
    home = python_home(path)
    if home == sys.prefix:
        if importlib.util.find_spec("ipykernel"):
            return ok("kernel", f"{NAME} is this Python")
        return advice("kernel", f"{NAME} is this Python, which lacks ipykernel",
                      f"The notebooks need it: {install}.")
    where = f"runs in {home}" if home else "does not run"
    return problem(
        "kernel", f"{NAME} starts {path}, which {where}, and this is {sys.prefix}",
        f"Run `{sys.executable} -m ipykernel install --sys-prefix`, and `jupyter "
        f"kernelspec remove {NAME}` should another one still come first.")


def _damaged(seen):
    return problem("kernel", f"{NAME} does not start: {seen}",
                   f"Run `{sys.executable} -m ipykernel install --sys-prefix`.")


def python_home(path: str) -> str | None:
    """Ask an interpreter for the environment it runs in; None if it does not run."""
    if shutil.which(path) is None:
        return None
    try:
        done = subprocess.run([path, "-c", "import sys; print(sys.prefix)"], text=True,
                              capture_output=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
