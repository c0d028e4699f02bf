"""Installation: requirements, pins, environments, and what the Makefile builds."""

import importlib
import importlib.metadata
import os
import runpy
import shutil
import subprocess
import sys
import sysconfig
import types
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import gluon_pix2pix
from gluon_pix2pix import cli

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.10", "3.11", "3.12")

pytestmark = pytest.mark.skipif(
    not (ROOT / "setup.py").exists(), reason="runs in a checkout only"
)
needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is missing")


@pytest.fixture
def read_setup(monkeypatch):
    """Return what setup.py tells setuptools, for a value of GLUON_PIX2PIX_MXNET."""

    def read(mxnet=None):
        told = {}
        fake = types.ModuleType("setuptools")
        fake.setup = lambda **arguments: told.update(arguments)
        monkeypatch.setitem(sys.modules, "setuptools", fake)
        monkeypatch.delenv("GLUON_PIX2PIX_MXNET", raising=False)
        if mxnet is not None:
            monkeypatch.setenv("GLUON_PIX2PIX_MXNET", mxnet)
        runpy.run_path(str(ROOT / "setup.py"))
        return told

    return read


def requirements(told, python):
    """List every requirement, extras included, that holds on that Python."""
    lines = [*told["install_requires"], *sum(told["extras_require"].values(), [])]
    found = [Requirement(line) for line in lines]
    return [r for r in found if r.marker is None or r.marker.evaluate(marked(python))]


def marked(python):
    return {"python_version": python, "python_full_version": f"{python}.1"}


def pins(python):
    """Map each package to its version in constraints.txt on that Python."""
    found = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        pin = Requirement(line)
        if pin.marker is None or pin.marker.evaluate(marked(python)):
            name = canonicalize_name(pin.name)
            assert name not in found, f"{name} is pinned twice on Python {python}"
            (specifier,) = pin.specifier
            assert specifier.operator == "==", line
            found[name] = specifier.version
    return found


# ---------------------------------------------------------------------- setup.py


def test_version_and_commands(read_setup):
    told = read_setup()
    assert told["version"] == gluon_pix2pix.__version__
    (script,) = told["entry_points"]["console_scripts"]
    name, _, target = script.partition(" = ")
    module, _, function = target.partition(":")
    assert name == "gluon-pix2pix"
    assert getattr(importlib.import_module(module), function) is cli.main


def test_python_m_gluon_pix2pix_is_the_same_command_line(monkeypatch):
    monkeypatch.setattr(cli, "main", lambda: 3)
    with pytest.raises(SystemExit) as stopped:
        runpy.run_module("gluon_pix2pix", run_name="__main__")
    assert stopped.value.code == 3


def test_pythons_are_those_of_the_runtime(read_setup):
    allowed = SpecifierSet(read_setup()["python_requires"])
    for minor in range(8, 16):
        problem = gluon_pix2pix.runtime.python_problem((3, minor))
        assert (f"3.{minor}.4" in allowed) == (problem is None), minor


@pytest.mark.parametrize("python", PYTHONS)
def test_numpy_stays_below_2(read_setup, python):
    (numpy,) = (r for r in requirements(read_setup(), python) if r.name == "numpy")
    assert numpy.specifier.contains("1.26.4" if python == "3.12" else "1.23.5")
    assert not numpy.specifier.contains("2.0.0")


@pytest.mark.parametrize(
    ("wanted", "required"),
    [
        (None, ["mxnet==1.9.1"]),
        ("", ["mxnet==1.9.1"]),
        ("mxnet-cu117==1.9.1", ["mxnet-cu117==1.9.1"]),
        ("mxnet_cu112", ["mxnet_cu112"]),
        ("none", []),
    ],
)
def test_a_cuda_build_replaces_the_cpu_build(read_setup, wanted, required):
    found = read_setup(wanted)["install_requires"]
    assert [line for line in found if line.startswith("mxnet")] == required
    assert any(line.startswith("numpy") for line in found)


@pytest.mark.parametrize("wanted", ["torch", "mxnetx", "1.9.1"])
def test_only_a_build_of_mxnet_may_replace_it(read_setup, wanted):
    with pytest.raises(SystemExit, match="names no distribution of MXNet"):
        read_setup(wanted)


# --------------------------------------------------------------- constraints.txt


@pytest.mark.parametrize("python", PYTHONS)
def test_each_requirement_is_pinned_within_its_range(read_setup, python):
    pinned = pins(python)
    for requirement in requirements(read_setup(), python):
        version = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), (requirement, version)


def test_cuda_builds_are_pinned_to_the_same_mxnet():
    pinned = pins("3.11")
    assert pinned["mxnet-cu112"] == pinned["mxnet-cu117"] == pinned["mxnet"]


def installed():
    """Map each package of this environment to what is known of it.

    The folder is named because setuptools, once imported, adds its private copies of
    other packages to the path.
    """
    found = importlib.metadata.distributions(path=[sysconfig.get_path("purelib")])
    return {canonicalize_name(one.metadata["Name"]): one for one in found}


def test_all_that_comes_along_is_pinned(read_setup):
    python = "{}.{}".format(*sys.version_info)
    pinned, here = pins(python), installed()
    if any(here[name].version != pinned[name] for name in pinned if name in here):
        pytest.skip("this environment was not installed with constraints.txt")
    waiting = [(r.name, r.extras) for r in requirements(read_setup(), python)]
    seen = set()
    while waiting:
        name, extras = canonicalize_name(waiting[-1][0]), frozenset(waiting.pop()[1])
        if (name, extras) in seen or name not in here:
            continue  # not here: the extra for ONNX
        seen.add((name, extras))
        if name == "setuptools":  # every environment has its own; 3.12's is pinned
            continue
        assert name in pinned
        for requirement in map(Requirement, here[name].requires or []):
            if requirement.marker is None or any(
                requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras)
            ):
                waiting.append((requirement.name, requirement.extras))
    assert len(seen) > 80  # JupyterLab alone brings that many


def test_conda_installs_the_same(read_setup):
    told = read_setup()
    described = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *conda, with_pip = described["dependencies"]
    (python,) = (item for item in conda if item.startswith("python="))
    version = python.removeprefix("python=") + ".1"
    assert version in SpecifierSet(told["python_requires"])
    assert "pip" in conda
    constraints, package = with_pip["pip"]
    assert (ROOT / constraints.removeprefix("-c ")).name == "constraints.txt"
    extras = Requirement("x" + package.removeprefix("-e .")).extras
    assert extras == {"notebooks", "onnx", "tests"} <= set(told["extras_require"])


# ----------------------------------------------------------------- tools/venv.sh

# Stands for a Python: answers questions as the one of this test would after `pretend`,
# and records what it is told to install instead of installing it.
FAKE_PYTHON = """#!/bin/sh
case "$1" in
-c) exec "{real}" -c "import sys; sys._base_executable = '{itself}'; {pretend}
$2" ;;
-m) case "$2" in
    venv) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    pip) shift 2; echo "${{GLUON_PIX2PIX_MXNET-default}} $*" >>pip.log
         exit "$(cat pip.fails 2>/dev/null || echo 0)" ;;
    esac ;;
esac
"""
TOO_NEW = "sys.version_info = (3, 13, 1)"
NO_VENV = "sys.modules['ensurepip'] = None"
NAMES = ("python3.11", "python3.12", "python3.10", "python3", "python")


class Checkout:
    """A checkout, and a PATH on which every Python is a fake one."""

    def __init__(self, folder):
        self.path = folder / "a checkout"
        self.bin = folder / "bin"
        self.bin.mkdir()
        (self.path / "tools").mkdir(parents=True)
        (self.path / "gluon_pix2pix").mkdir()
        runtime = self.path / "gluon_pix2pix" / "runtime.py"
        runtime.write_text("def load_mxnet(): pass\n")
        for name in ("setup.py", "pyproject.toml", "constraints.txt", "Makefile"):
            shutil.copy(ROOT / name, self.path)
        shutil.copy(ROOT / "tools" / "venv.sh", self.path / "tools")
        for name in NAMES:
            self.shim(name)

    def shim(self, name):
        """A command that exists and cannot run, as pyenv makes them."""
        (self.bin / name).write_text("#!/bin/sh\nexit 127\n")
        (self.bin / name).chmod(0o755)

    def python(self, name, pretend="pass"):
        path = self.bin / name
        path.write_text(
            FAKE_PYTHON.format(real=sys.executable, itself=path, pretend=pretend)
        )
        path.chmod(0o755)
        return path

    def build(self, **variables):
        env = {k: v for k, v in os.environ.items() if k not in ("PYTHON", "MXNET")}
        env.pop("GLUON_PIX2PIX_MXNET", None)
        env.update(variables, PATH=f"{self.bin}{os.pathsep}{os.environ['PATH']}")
        return subprocess.run(
            ["sh", "tools/venv.sh"],
            cwd=self.path,
            env=env,
            capture_output=True,
            text=True,
        )

    @property
    def installations(self):
        log = self.path / "pip.log"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


def test_the_first_python_that_runs_is_taken(checkout):
    checkout.python("python3.12", TOO_NEW)
    checkout.python("python3.10", NO_VENV)
    checkout.python("python3")
    done = checkout.build()
    assert done.returncode == 0, done.stderr
    version = "{}.{}.{}".format(*sys.version_info)
    assert f"Building .venv with Python {version}" in done.stdout
    (installed,) = checkout.installations
    assert installed.startswith("default install")
    assert installed.endswith("-c constraints.txt -e .[notebooks,onnx,tests]")


def test_where_no_python_will_do_the_reasons_are_told(checkout):
    checkout.python("python3.12", NO_VENV)
    checkout.python("python3", TOO_NEW)
    done = checkout.build()
    assert done.returncode == 1
    assert "python3.11 does not run" in done.stderr
    assert "without the venv module" in done.stderr
    assert "python3 is Python 3.13.1" in done.stderr
    assert "apt install python3-venv" in done.stderr
    assert not (checkout.path / ".venv").exists()


def test_a_named_python_is_taken_or_refused(checkout):
    checkout.python("python3.11")
    new, mine = checkout.python("new", TOO_NEW), checkout.python("mine")
    done = checkout.build(PYTHON=str(mine))
    assert done.returncode == 0, done.stderr
    done = checkout.build(PYTHON=str(new))
    assert done.returncode == 1
    assert f"PYTHON={new} is Python 3.13.1; it must be" in done.stderr
    assert (checkout.path / ".venv" / ".built").exists()
    assert len(checkout.installations) == 1


@pytest.mark.parametrize(
    ("system", "machine", "advice"),
    [("Darwin", "arm64", "Apple silicon"), ("Windows", "AMD64", "WSL 2")],
)
def test_platforms_without_a_build_of_mxnet(checkout, system, machine, advice):
    checkout.python(
        "python3",
        f"import platform; platform.system = lambda: '{system}'; "
        f"platform.machine = lambda: '{machine}'",
    )
    done = checkout.build()
    assert done.returncode == 1
    assert advice in done.stderr
    assert checkout.build(MXNET="none").returncode == 0


def test_a_finished_environment_is_left_alone_until_pins_change(checkout):
    checkout.python("python3")
    checkout.build()
    kept = checkout.path / ".venv" / "kept"
    kept.touch()
    assert checkout.build().stdout == ""
    assert len(checkout.installations) == 1
    built = (checkout.path / ".venv" / ".built").stat().st_mtime
    os.utime(checkout.path / "constraints.txt", (built + 10, built + 10))
    assert "up to date" in checkout.build().stdout
    assert len(checkout.installations) == 2
    assert kept.exists()


def test_a_failed_installation_is_started_over(checkout):
    checkout.python("python3")
    (checkout.path / "pip.fails").write_text("1")
    done = checkout.build()
    assert done.returncode == 1
    assert "installation into .venv failed" in done.stderr
    left = checkout.path / ".venv" / "left"
    left.touch()
    (checkout.path / "pip.fails").unlink()
    assert checkout.build().returncode == 0
    assert not left.exists()


def test_a_moved_checkout_is_built_anew(checkout):
    checkout.python("python3")
    checkout.build()
    checkout.path = checkout.path.rename(checkout.path.parent / "moved")
    assert "Building" in checkout.build().stdout


def test_the_build_of_mxnet_is_remembered(checkout):
    checkout.python("python3")
    checkout.build(MXNET="mxnet-cu117==1.9.1")
    assert checkout.build().stdout == ""
    assert "Building" in checkout.build(MXNET="default").stdout
    assert "Building" in checkout.build(MXNET="mxnet-cu112").stdout
    builds = [line.split()[0] for line in checkout.installations]
    assert builds == ["mxnet-cu117==1.9.1", "default", "mxnet-cu112"]


def test_what_mxnet_lacks_is_told_after_the_installation(checkout):
    checkout.python("python3")
    runtime = checkout.path / "gluon_pix2pix" / "runtime.py"
    runtime.write_text("def load_mxnet(): raise ImportError('libgomp is missing')\n")
    done = checkout.build()
    assert done.returncode == 1
    assert done.stderr.strip() == "libgomp is missing"


# ------------------------------------------------------- Makefile, .ci/run, git


def make(*arguments, cwd=ROOT, **variables):
    ours = ("PIX2PIX_", "MAKE", "MFLAGS", "ARGS", "CELL_TIMEOUT")
    env = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    env.update(variables)
    done = subprocess.run(
        ["make", *arguments], cwd=cwd, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_make
def test_make_alone_lists_the_targets():
    listed = [line.split()[1] for line in make().splitlines()]
    assert listed == ["help", "venv", "demo", "test", "lab", "bench", "clean"]


@needs_make
def test_profile_and_context_of_the_tests_come_from_the_environment():
    assert "PIX2PIX_PROFILE=smoke PIX2PIX_CONTEXT=auto" in make("-n", "test")
    told = make("-n", "test", PIX2PIX_PROFILE="full", PIX2PIX_CONTEXT="gpu")
    assert "PIX2PIX_PROFILE=full PIX2PIX_CONTEXT=gpu" in told
    assert "--nbval-cell-timeout=604800" in told


@needs_make
def test_clean_keeps_downloads_and_trainings(checkout):
    kept = [checkout.path / "data" / "facades", checkout.path / "runs" / "demo"]
    caches = [".venv", "gluon_pix2pix/__pycache__", "notebooks/.ipynb_checkpoints"]
    for folder in [*kept, *(checkout.path / name for name in caches)]:
        folder.mkdir(parents=True)
    make("clean", cwd=checkout.path)
    assert all(folder.exists() for folder in kept)
    assert not any((checkout.path / name).exists() for name in caches)


def test_ci_runs_make_test_and_hands_its_status_on(tmp_path):
    fake = tmp_path / "make"
    fake.write_text('#!/bin/sh\necho "$PWD: make $* [$VIRTUAL_ENV]"\nexit 7\n')
    fake.chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", str(ROOT / ".ci" / "run")],
        env={**env, "VIRTUAL_ENV": "active"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 7, done.stderr
    assert done.stdout.strip() == f"{ROOT}: make test []"


@pytest.mark.skipif(shutil.which("git") is None, reason="git is missing")
def test_git_ignores_what_is_downloaded_and_trained(tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    shutil.copy(ROOT / ".gitignore", tmp_path)
    ignored = ["data/facades/train/1.jpg", "runs/demo/log.csv", ".venv/bin/python"]
    ignored += ["notebooks/runs/a/config.json", "notebooks/.ipynb_checkpoints/00.ipynb"]
    kept = ["data/README.md", "notebooks/00_start_here.ipynb", "tests/test_runs.py"]
    kept += ["gluon_pix2pix/runs.py", "constraints.txt", ".ci/run"]
    told = subprocess.run(
        ["git", "check-ignore", *ignored, *kept],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert told.stdout.split() == ignored


@pytest.mark.skipif(
    importlib.util.find_spec("ruff") is None, reason="ruff is not installed"
)
def test_ruff_finds_nothing():
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_the_licence_is_apache_2(read_setup):
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert read_setup()["license"] == "Apache-2.0"
