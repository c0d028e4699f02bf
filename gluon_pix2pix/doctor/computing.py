"""Where and how fast training would compute, and whether its pictures are drawn."""

from __future__ import annotations

import os
import re
import shutil

from ..pix2pix_config import Pix2PixConfig
from ..profiles import current_profile
from ..runtime import THREAD_VARIABLES, WAIT_VARIABLES, usable_cpus
from .finding import Finding, advice, attempt, ok, problem
from .probe import affinity

# Settings of OpenMP that a cluster or a shell's profile may have left, and what each
# does to MXNet. Which values do so, a function tells.
_TRAPS = {
    "OMP_PROC_BIND": (lambda value: value != "false", "binds the main thread, and the "
                      "loader's threads with it, to one CPU"),
    "OMP_PLACES": (bool, "binds the main thread, and the loader's threads with it, to "
                   "one place"),
    "GOMP_CPU_AFFINITY": (bool, "binds all threads to the CPUs it names"),
    "OMP_WAIT_POLICY": (bool, "replaces what the course chooses: waiting threads spin "
                        "for microseconds, then sleep, which suits an idle machine and "
                        "a busy one"),
    "OMP_DYNAMIC": (lambda value: value == "true", "takes fewer threads while other "
                    "programs are busy"),
    "OMP_THREAD_LIMIT": (bool, "limits the threads"),
    "MXNET_MKLDNN_ENABLED": (lambda value: value == "0", "turns oneDNN off: "
                             "convolutions take twice as long"),
}
_MEANING = {"smoke": "shows that everything runs", "lesson": "drawn pictures, minutes",
            "full": "the paper's data and schedule"}


def settings() -> list[Finding]:
    """Look at the environment variables, without a look at MXNet."""
    return [_profile(), *_traps(), *_thread_variables()]


def look(probed: dict[str, dict]) -> list[Finding]:
    """Judge what the probe saw after the import."""
    judges = {"context": _context, "threads": _threads, "adam": _adam,
              "precision": _precision, "drawing": _drawing}
    findings = []
    for stage, judge in judges.items():
        seen = probed.get(stage, {"error": "not tried, as the process ended before"})
        if "error" in seen:
            findings.append(problem(
                stage, seen["error"], "Run the doctor again; if it stays, `make clean "
                "venv` installs everything anew."))
        else:
            findings += attempt(stage, judge, seen)
    return findings


def _profile():
    try:
        name = current_profile()
    except ValueError as error:
        return problem("profile", f"PIX2PIX_PROFILE={os.environ['PIX2PIX_PROFILE']}",
                       str(error))
    config = Pix2PixConfig.for_profile(name)
    given = "" if os.environ.get("PIX2PIX_PROFILE") else " (PIX2PIX_PROFILE is not set)"
    return ok("profile", f"{name}{given}: {config.size} pixels, "
              f"{config.epochs + config.epochs_decay} epochs, {_MEANING[name]}")


def _traps():
    return [advice("setting", f"{name}={os.environ[name]} {harm}", f"`unset {name}`")
            for name, (is_trap, harm) in _TRAPS.items()
            if os.environ.get(name) and is_trap(os.environ[name].strip().lower())]


def _thread_variables():
    """Find values at which MXNet ends the process as it loads, or which are ignored."""
    findings = []
    for name in THREAD_VARIABLES:
        value = os.environ.get(name, "")
        if value and not re.fullmatch(r"\s*-?\d+\s*", value):
            findings.append(problem(
                "setting", f"{name}={value}: MXNet reads one whole number and ends the "
                "process at anything else", f"`unset {name}`, or set it to "
                f"{usable_cpus()}."))
    return findings


def _context(seen):
    wanted = os.environ.get("PIX2PIX_CONTEXT")
    given = f"PIX2PIX_CONTEXT={wanted}" if wanted else "auto"
    if "refused" in seen:
        return problem("context", given, seen["refused"])
    text = f"{given} computes on {seen['context']}; MXNet sees {seen['gpus']} GPUs"
    if seen["warnings"]:
        return advice("context", text, seen["warnings"][0])
    if not seen["gpus"] and shutil.which("nvidia-smi"):
        return advice("context", f"{text}, but nvidia-smi is here", "If there is a "
                      "GPU, `make venv MXNET=mxnet-cu117==1.9.1` installs a build for "
                      "it.")
    return ok("context", text)


def _threads(seen):
    """Compare the threads that OpenMP reports, those that work, and the CPUs."""
    usable, threads, cpus = usable_cpus(), seen["threads"], seen["cpus"]
    shared = threads if seen["shared"] is None else seen["shared"]
    text = (f"{threads} on {usable} usable CPU{'s' * (usable > 1)} (of "
            f"{os.cpu_count()}); measured: {shared:.1f} threads share a convolution, "
            f"on {cpus:.1f} CPUs")
    set_here = [f"{name}={os.environ[name]}" for name in THREAD_VARIABLES
                if os.environ.get(name)]
    if threads != usable and set_here:
        why = "leaves CPUs idle" if threads < usable else "makes threads take turns"
        return advice("threads", text, f"{' '.join(set_here)} {why}: unset it, or set "
                      f"OMP_NUM_THREADS={usable}, unless other programs compute at the "
                      "same time.")
    if threads != usable:
        return advice("threads", text, f"Set OMP_NUM_THREADS={usable}.")
    if seen["left"] < affinity():
        return advice("threads", f"{text}; the main one is bound to {seen['left']}",
                      "A setting such as OMP_PROC_BIND binds it, and the loader's "
                      "threads with it: unset it.")
    if shared < 0.7 * threads:
        return advice("threads", text, "Something keeps OpenMP from using its threads: "
                      "see the settings above, then `env | grep -E 'OMP|KMP'`.")
    if cpus < 0.7 * usable:
        return advice("threads", text, "Other programs are using the CPUs (`top` names "
                      "them), or a container limits them: training gets what is left.")
    return ok("threads", f"{text}; waiting ones {_waiting()}")


def _waiting():
    """Say what threads do while they wait for each other."""
    policy, spins = map(os.environ.get, WAIT_VARIABLES)
    if policy:
        return f"follow OMP_WAIT_POLICY={policy}"
    if spins and spins != "1000":
        return f"follow GOMP_SPINCOUNT={spins}"
    return "sleep after microseconds"


def _adam(seen):
    if not seen["equal"]:
        return problem("Adam", "FusedAdam computes other numbers than MXNet's Adam",
                       "Please report this with the output of the doctor; `pip "
                       "uninstall numba` makes training use MXNet's own.")
    if seen["warnings"]:
        return advice("Adam", seen["warnings"][0], "Training works; its updates take "
                      "about three times as long.")
    return ok("Adam", "compiled by numba; a small update agrees with MXNet's own")


def _precision(seen):
    obstacles = {name: why for name, why in seen["obstacles"].items() if why}
    can = [name for name in seen["choices"] if name not in obstacles]
    lacking = "".join(f"; not {name}: {why}" for name, why in obstacles.items())
    return ok("precision", ", ".join(can) + lacking)


def _drawing(seen):
    return ok("drawing", f"matplotlib {seen['version']} can be imported")
