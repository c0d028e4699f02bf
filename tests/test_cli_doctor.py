"""``gluon-pix2pix doctor``, above all where nothing else works."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gluon_pix2pix.cli import main

ROOT = Path(__file__).resolve().parents[1]
NUMPY_2 = {"numpy": "__version__ = '2.1.0'"}


def run(tmp_path, command, modules):
    """Run a command while modules of our own stand before the installed ones."""
    for name, text in modules.items():
        (tmp_path / f"{name}.py").write_text(text)
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    (tmp_path / "empty").mkdir()
    return subprocess.run([sys.executable, *command], cwd=tmp_path / "empty", text=True,
                          capture_output=True, env={**os.environ, "PYTHONPATH": path})


def examine(tmp_path, modules):
    done = run(tmp_path, ["-m", "gluon_pix2pix", "doctor", "--json"], modules)
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert done.returncode == (0 if told["ok"] else 1)
    return {finding["title"]: finding for finding in told["findings"]}


def test_a_sound_installation(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status = main(["doctor", "--json"])
    told = json.loads(capsys.readouterr().out)
    states = {found["title"]: found["state"] for found in told["findings"]}
    assert status == (1 if "problem" in states.values() else 0)
    assert told["ok"] == (status == 0)
    assert {states[title] for title in ("Python", "MXNet", "context", "precision")} == {
        "ok"}
    assert states["NumPy"] != "problem" and states["threads"] != "problem"
    assert list(tmp_path.iterdir()) == []


def test_numpy_2(tmp_path):
    found = examine(tmp_path, NUMPY_2)
    assert found["NumPy"]["state"] == "problem"
    assert found["NumPy"]["seen"] == "2.1.0"
    assert "pip install 'numpy<2'" in found["NumPy"]["remedy"]
    assert "was not tried" in found["MXNet"]["seen"]
    assert "data" in found and "kernel" in found


def test_a_numpy_that_cannot_be_imported(tmp_path):
    found = examine(tmp_path, {"numpy": "raise ImportError('libblas is gone')"})
    assert found["NumPy"]["seen"] == "cannot be imported: libblas is gone"
    assert "pip install" in found["NumPy"]["remedy"]


@pytest.mark.parametrize(("text", "seen"), [
    ("raise OSError('libgomp.so.1: cannot open shared object file')",
     "apt install libgomp1"),
    ("__version__ = '2.0.0b1'", "needs MXNet 1.9.1, and this is 2.0.0b1"),
    ("raise AttributeError('numpy has no bool')", "AttributeError: numpy has no"),
    ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "ended by SIGILL"),
    ("import os; os._exit(3)", "ended with exit status 3"),
    ("import sys; sys.exit('stop')", "ended with exit status 1: stop"),
])
def test_an_mxnet_that_does_not_load(tmp_path, text, seen):
    found = examine(tmp_path, {"mxnet": text})
    assert found["MXNet"]["state"] == "problem"
    assert seen in found["MXNet"]["seen"]
    assert found["MXNet"]["remedy"]
    assert found["NumPy"]["state"] != "problem"
    assert "data" in found and "kernel" in found and "threads" not in found


def test_a_broken_package_beside_mxnet(tmp_path):
    found = examine(tmp_path, {"matplotlib": "raise ImportError('no font cache')"})
    assert "no font cache" in found["drawing"]["seen"]
    assert found["drawing"]["state"] == "problem" and found["drawing"]["remedy"]
    assert found["MXNet"]["state"] == "ok"


def test_threads_that_mxnet_cannot_read(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2,1")
    found = examine(tmp_path, {})
    assert found["setting"]["state"] == found["MXNet"]["state"] == "problem"
    assert "`unset OMP_NUM_THREADS`" in found["setting"]["remedy"]


def test_a_python_that_is_too_new(tmp_path):
    version = "import sys; sys.version_info = (3, 13, 0, 'final', 0)"
    found = examine(tmp_path, {"sitecustomize": version})
    assert found["Python"]["state"] == "problem"
    assert "make venv PYTHON=python3.11" in found["Python"]["remedy"]
    assert "NumPy" not in found and "MXNet" not in found


@pytest.mark.skipif(os.name != "posix", reason="needs to delete a folder in use")
def test_a_deleted_working_folder_and_no_home(tmp_path):
    (tmp_path / "gone").mkdir()
    text = f"""
import os, pwd, sys
os.chdir({str(tmp_path / 'gone')!r})
os.rmdir({str(tmp_path / 'gone')!r})
os.environ.pop("HOME", None)
pwd.getpwuid = lambda number: {{}}[number]  # as in a container with any user's number
sys.argv = ["gluon-pix2pix", "doctor", "--json"]
from gluon_pix2pix.cli import main
sys.exit(main())
"""
    done = subprocess.run([sys.executable, "-c", text], text=True, capture_output=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})
    found = {finding["title"]: finding
             for finding in json.loads(done.stdout)["findings"]}
    assert found["data"]["state"] == "problem"
    assert found["data"]["seen"] == "the working folder was deleted"
    assert found["Python"]["state"] == "ok" and {"MXNet", "hosts"} <= set(found)


def test_the_console_script_reaches_it_too(tmp_path):
    script = tmp_path / "gluon-pix2pix"
    script.write_text(
        "import sys\nfrom gluon_pix2pix.cli import main\nsys.exit(main())")
    done = run(tmp_path, [str(script), "doctor"], NUMPY_2)
    assert done.returncode == 1 and done.stderr == ""
    assert "\n!! NumPy " in done.stdout and "-> MXNet 1.9.1 cannot" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()
               if str(tmp_path) not in line and sys.executable not in line) <= 79


def test_help_needs_nothing_either(tmp_path):
    done = run(tmp_path, ["-m", "gluon_pix2pix", "doctor", "--help"], NUMPY_2)
    assert done.returncode == 0 and "--online" in done.stdout


def test_other_commands_still_say_what_is_wrong(tmp_path):
    done = run(tmp_path, ["-m", "gluon_pix2pix", "download", "doctor"], NUMPY_2)
    assert done.returncode == 1
    assert "cannot load beside NumPy 2.1.0" in done.stderr


def test_a_doctor_of_another_program_is_left_alone(tmp_path):
    (tmp_path / "clinic").mkdir()
    (tmp_path / "clinic" / "__init__.py").write_text("import gluon_pix2pix")
    (tmp_path / "clinic" / "__main__.py").write_text("print('The clinic is open.')")
    done = run(tmp_path, ["-m", "clinic", "doctor"], {})
    assert done.stdout == "The clinic is open.\n"
