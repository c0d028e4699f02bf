"""What the doctor finds, one thing after the other."""

import json
import os
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import setuptools

from gluon_pix2pix import doctor
from gluon_pix2pix.doctor import Finding, as_text, computing, data, notebooks, versions
from gluon_pix2pix.doctor.probing import run_probe
from gluon_pix2pix.runtime import THREAD_VARIABLES, WAIT_VARIABLES, usable_cpus
from gluon_pix2pix.toys import draw


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    """No variable of this machine reaches a finding."""
    for name in (*THREAD_VARIABLES, *WAIT_VARIABLES, *computing._TRAPS,
                 "PIX2PIX_PROFILE", "PIX2PIX_CONTEXT", "PIX2PIX_DATA_MIRROR"):
        monkeypatch.delenv(name, raising=False)


def only(findings, title):
    (finding,) = (found for found in findings if found.title == title)
    return finding


# ---------------------------------------------------------------------------- text


def test_findings_as_text():
    text = as_text([Finding("one", "ok", "fine"),
                    Finding("second", "advice", "word " * 30, "do this " * 15),
                    Finding("three", "problem", "/" + 100 * "x", "do that")])
    lines = text.splitlines()
    assert lines[0] == "ok one     fine"
    assert lines[1].startswith(" * second  word")
    assert lines[2].startswith("           word")
    assert lines[4].startswith("           -> do this")
    assert lines[5].startswith("              do this") or "this" in lines[5]
    assert sum(len(line) > 79 for line in lines) == 1  # the path, to be copied
    assert lines[-1] == "1 problem (!!), 1 to improve (*)."
    assert as_text([Finding("one", "ok", "fine")]).endswith("\n\nNo problems.")


# ------------------------------------------------------------------------ versions


@pytest.mark.parametrize(("version", "python", "state"), [
    ("1.23.5", (3, 11), "ok"), ("1.26.4", (3, 11), "advice"), ("1.26.4", (3, 12), "ok"),
    ("1.22.0", (3, 10), "advice"), ("2.1.0", (3, 11), "problem"),
])
def test_numpy_must_fit_mxnet_and_python(monkeypatch, version, python, state):
    import numpy

    monkeypatch.setattr(numpy, "__version__", version)
    monkeypatch.setattr(sys, "version_info", python)
    finding = versions.numpy()
    assert (finding.state, finding.seen[:6]) == (state, version)
    assert "numpy" in finding.remedy or state == "ok"


def test_the_packages_are_those_of_setup_py(monkeypatch):
    told = {}
    monkeypatch.setattr(setuptools, "setup", told.update)
    monkeypatch.delenv("GLUON_PIX2PIX_MXNET", raising=False)
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    path = os.path.join(folder, "setup.py")
    with open(path, encoding="utf-8") as file:
        exec(compile(file.read(), path, "exec"), {"__file__": path})
    required = {line.split(">")[0].split("=")[0] for line in told["install_requires"]}
    assert {*versions.PACKAGES, "numba"} == required - {"mxnet", "numpy", "setuptools"}
    for extra, names in (("notebooks", versions.NOTEBOOKS), ("onnx", versions.ONNX),
                         ("tests", versions.TESTS)):
        listed = {line.split(">")[0] for line in told["extras_require"][extra]}
        assert set(names) <= listed


def test_a_missing_package_is_named_with_the_command(monkeypatch):
    found = versions.importlib.util.find_spec
    monkeypatch.setattr(versions.importlib.util, "find_spec", lambda name: (
        None if name in ("PIL", "numba", "jupyterlab") else found(name)))
    findings = versions.packages()
    here = only(findings, "packages")
    assert here.state == "problem"
    assert here.seen.endswith("not installed: pillow, numba")
    assert "pip install -c constraints.txt -e ." in here.remedy
    assert only(findings, "notebooks").state == "advice"
    assert "'.[notebooks]'" in only(findings, "notebooks").remedy


def test_numba_alone_is_not_missed_here(monkeypatch):
    found = versions.importlib.util.find_spec
    monkeypatch.setattr(versions.importlib.util, "find_spec",
                        lambda name: None if name == "numba" else found(name))
    finding = only(versions.packages(), "packages")
    assert (finding.state, finding.remedy) == ("ok", "")
    assert finding.seen.endswith("not installed: numba")


@pytest.mark.parametrize(("features", "state"), [
    (["MKLDNN", "OPENMP"], "ok"), (["MKLDNN", "OPENMP", "CUDA"], "ok"),
    (["OPENMP"], "advice"), ([], "advice")])
def test_mxnet_should_have_onednn_and_openmp(features, state):
    finding = versions.mxnet({"version": "1.9.1", "features": features})
    assert finding.state == state
    assert ("CPU alone" in finding.seen) == (state == "ok" and "CUDA" not in features)


# ------------------------------------------------------------ environment variables


def test_a_clean_environment_has_the_profile_lesson():
    (finding,) = computing.settings()
    assert finding.state == "ok"
    assert finding.seen.startswith("lesson (PIX2PIX_PROFILE is not set): 128 pixels")


@pytest.mark.parametrize(("name", "value", "state"), [
    ("PIX2PIX_PROFILE", "leson", "problem"), ("PIX2PIX_PROFILE", "full", "ok"),
    ("OMP_PROC_BIND", "true", "advice"), ("OMP_PROC_BIND", "close", "advice"),
    ("OMP_PROC_BIND", "FALSE", None), ("OMP_DYNAMIC", "true", "advice"),
    ("OMP_DYNAMIC", "false", None), ("OMP_WAIT_POLICY", "active", "advice"),
    ("MXNET_MKLDNN_ENABLED", "0", "advice"),
    ("OMP_NUM_THREADS", "2,1", "problem"), ("OMP_NUM_THREADS", "2", None),
    ("MXNET_OMP_MAX_THREADS", "all", "problem")])
def test_variables_that_do_harm_are_found(monkeypatch, name, value, state):
    monkeypatch.setenv(name, value)
    told = [found for found in computing.settings() if f"{name}=" in found.seen
            or name == "PIX2PIX_PROFILE" and found.title == "profile"]
    assert [found.state for found in told] == ([state] if state else [])
    assert state in ("ok", None) or told[0].remedy


# --------------------------------------------------------------- what the probe saw


SEEN = {"threads": 4, "shared": 3.9, "cpus": 3.8, "left": 4, "warnings": []}


@pytest.mark.parametrize(("changes", "environment", "remedy"), [
    ({}, {}, ""),
    ({"shared": None}, {}, ""),  # where the system does not tell
    ({"threads": 1, "shared": 1, "cpus": 1}, {"OMP_NUM_THREADS": "1"},
     "OMP_NUM_THREADS=1 leaves CPUs idle: unset it, or set OMP_NUM_THREADS=4"),
    ({"threads": 9, "shared": 8.5}, {"OMP_NUM_THREADS": "9"}, "take turns"),
    ({"threads": 2, "shared": 2, "cpus": 2}, {}, "Set OMP_NUM_THREADS=4"),
    ({"shared": 1.0, "cpus": 1.0}, {}, "keeps OpenMP from using its threads"),
    ({"cpus": 1.5}, {}, "Other programs"),
    ({"left": 1}, {}, "OMP_PROC_BIND"),
])
def test_threads_are_judged(monkeypatch, changes, environment, remedy):
    monkeypatch.setattr(computing, "usable_cpus", lambda: 4)
    monkeypatch.setattr(computing, "affinity", lambda: 4)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    finding = computing._threads({**SEEN, **changes})
    assert finding.state == ("advice" if remedy else "ok")
    assert remedy in finding.remedy


def test_a_stage_that_failed_or_never_came_is_a_problem():
    findings = computing.look({"context": {"gpus": 0, "context": "cpu(0)",
                                           "warnings": []},
                               "threads": {"error": "it was ended by SIGILL"}})
    assert [found.state for found in findings] == ["ok", *4 * ["problem"]]
    assert findings[1].seen == "it was ended by SIGILL"


@pytest.mark.parametrize(("seen", "state", "word"), [
    ({"equal": True, "warnings": []}, "ok", "numba"),
    ({"equal": True, "warnings": ["FusedAdam leaves it to ..."]}, "advice", "leaves"),
    ({"equal": False, "warnings": []}, "problem", "other numbers"),
])
def test_adam_is_judged(seen, state, word):
    finding = computing._adam(seen)
    assert finding.state == state and word in finding.seen


def test_precisions_are_told_with_their_obstacles():
    text = computing._precision({"choices": ["float32", "bfloat16"],
                                 "obstacles": {"bfloat16": "no AVX-512"}}).seen
    assert text == "float32; not bfloat16: no AVX-512"
    assert computing._precision({"choices": ["float32", "bfloat16"],
                                 "obstacles": {"bfloat16": None}}).seen == (
                                     "float32, bfloat16")


def test_a_context_that_cannot_be_had_is_a_problem(monkeypatch):
    monkeypatch.setenv("PIX2PIX_CONTEXT", "gpu(7)")
    finding = computing._context({"gpus": 0, "refused": "Cannot compute on it"})
    assert (finding.state, finding.seen) == ("problem", "PIX2PIX_CONTEXT=gpu(7)")


def test_a_gpu_beside_a_build_for_the_cpu_is_told(monkeypatch):
    seen = {"gpus": 0, "context": "cpu(0)", "warnings": []}
    monkeypatch.setattr(computing.shutil, "which", lambda name: "/bin/nvidia-smi")
    assert "MXNET=mxnet-cu117==1.9.1" in computing._context(seen).remedy
    monkeypatch.setattr(computing.shutil, "which", lambda name: None)
    assert computing._context(seen).state == "ok"


def test_a_probe_that_hangs_is_ended(monkeypatch, tmp_path):
    (tmp_path / "mxnet").mkdir()
    (tmp_path / "mxnet" / "__init__.py").write_text("import time; time.sleep(60)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    probed = run_probe(timeout=2)
    assert probed == {"import": {"error": "it took more than 2 seconds"}}


# ---------------------------------------------------------------------------- data


def test_an_empty_root_is_fine_and_stays_away(tmp_path):
    root = tmp_path / "data"
    findings = data.look(root, tmp_path / "runs", online=False)
    assert {found.state for found in findings} <= {"ok", "advice"}  # a full disk
    assert "facades" in only(findings, "downloaded").seen.partition("not here")[2]
    assert only(findings, "hosts").seen == "not asked; --online does"
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_counted(tmp_path):
    draw("toy_maps", tmp_path, size=32, count=3)
    for split, count in (("train", 2), ("val", 1)):
        (tmp_path / "facades" / split).mkdir(parents=True)
        for number in range(count):
            (tmp_path / "facades" / split / f"{number}.jpg").touch()
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "readme.txt").touch()
    findings = data.look(tmp_path, tmp_path / "runs", online=False)
    count = data._count(tmp_path / "toy_maps_32px_3")
    assert count > 3
    assert only(findings, "drawn").seen == f"toy_maps_32px_3 ({count} pictures)"
    here, *more = [found for found in findings if found.title == "downloaded"]
    assert here.seen.startswith("facades (3 pictures); not here: maps, ")
    assert {(found.state, found.seen) for found in more} == {
        ("problem", "maps is not whole"), ("advice", "facades has 3 of 606 pictures")}


def test_the_profile_full_wants_real_data(tmp_path, monkeypatch):
    monkeypatch.setenv("PIX2PIX_PROFILE", "full")
    finding = only(data.look(tmp_path, tmp_path, online=False), "downloaded")
    assert finding.state == "advice"
    assert "trains on facades, maps, cityscapes" in finding.remedy


def test_a_file_in_the_place_of_a_folder_is_a_problem(tmp_path):
    (tmp_path / "data").touch()
    finding = data._folder("data", tmp_path / "data" / "deeper")
    assert finding.state == "problem"
    assert "cannot be written: Not a directory" in finding.seen


@pytest.mark.parametrize(("free", "state"), [(1e8, "problem"), (1e9, "advice"),
                                             (1e10, "ok")])
def test_free_space_is_judged(tmp_path, monkeypatch, free, state):
    usage = data.shutil.disk_usage(tmp_path)._replace(free=int(free))
    monkeypatch.setattr(data.shutil, "disk_usage", lambda place: usage)
    assert data._folder("runs", tmp_path / "runs").state == state


def test_mirrors_on_disk_are_looked_at(tmp_path, monkeypatch):
    monkeypatch.setenv("PIX2PIX_DATA_MIRROR",
                       f"{tmp_path}; {tmp_path}/no;public;ftp://a")
    findings = data._mirrors()
    assert [found.state for found in findings] == ["ok", "advice", "problem"]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def web(tmp_path, monkeypatch):
    """Serve the folder; return its address."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=tmp_path))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_hosts_are_asked_for_a_head(tmp_path, web):
    (tmp_path / "facades.tar.gz").write_bytes(b"content")
    assert data.host_problem(f"{web}/facades.tar.gz") is None
    assert data.host_problem(f"{web}/maps.tar.gz").startswith("answers 404")
    assert "cannot be reached" in data.host_problem("http://127.0.0.1:9/x", timeout=2)
    assert "cannot be reached" in data.host_problem("no address")


def test_all_hosts_are_asked_at_once_and_only_when_wanted(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(data, "host_problem", lambda url: asked.append(url) or (
        "answers 503" if url.startswith("http:") else None))
    monkeypatch.setenv("PIX2PIX_DATA_MIRROR", "https://me:secret@mirror.example/pix")
    data.look(tmp_path, tmp_path, online=False)
    assert asked == []
    findings = data.look(tmp_path, tmp_path, online=True)
    hosts = [found for found in findings if found.title == "host"]
    assert {found.state for found in hosts} == {"ok", "advice"}
    assert len(asked) == len(hosts) == len({found.seen for found in hosts})
    assert "secret" not in str(findings)


# ------------------------------------------------------------------------- notebooks


@pytest.fixture
def kernel_named(tmp_path, monkeypatch):
    """Have Jupyter find a kernel python3 before all others."""

    def name(python):
        folder = tmp_path / "kernels" / "python3"
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(json.dumps({
            "argv": [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": "x", "language": "python"}))
        monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
        return notebooks.kernel()

    return name


@pytest.mark.parametrize("python", [sys.executable, "python"])
def test_the_kernel_of_this_python_is_fine(kernel_named, python):
    assert kernel_named(python) == Finding("kernel", "ok", "python3 is this Python")


def test_a_kernel_that_is_gone_is_a_problem(kernel_named, tmp_path):
    finding = kernel_named(str(tmp_path / "gone" / "python"))
    assert finding.state == "problem" and "does not run" in finding.seen
    assert "-m ipykernel install --sys-prefix" in finding.remedy


def test_a_kernel_of_another_environment_is_a_problem(kernel_named, tmp_path):
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\necho /opt/other\n")
    other.chmod(0o755)
    finding = kernel_named(str(other))
    assert finding.state == "problem" and "runs in /opt/other" in finding.seen


@pytest.mark.parametrize(("text", "seen"), [
    ("{", "kernel.json is damaged"), ("[]", "kernel.json is damaged"),
    ('{"argv": [], "display_name": "x", "language": "python"}', "names no program")])
def test_a_damaged_kernel_is_a_problem(tmp_path, monkeypatch, text, seen):
    (tmp_path / "kernels" / "python3").mkdir(parents=True)
    (tmp_path / "kernels" / "python3" / "kernel.json").write_text(text)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    finding = notebooks.kernel()
    assert finding.state == "problem" and seen in finding.seen
    assert "-m ipykernel install --sys-prefix" in finding.remedy


def test_a_look_that_fails_is_a_finding_and_the_others_go_on(monkeypatch, tmp_path):
    def dies(*args):
        raise ZeroDivisionError("of a look")

    for module, name in ((versions, "packages"), (computing, "settings"),
                         (data, "_drawn"), (data, "_mirrors"), (notebooks, "kernel")):
        monkeypatch.setattr(module, name, dies)
    monkeypatch.setattr(doctor, "run_probe", dies)
    found = {finding.title: finding for finding in doctor.examine(tmp_path, tmp_path)}
    for title in ("packages", "setting", "drawn", "mirror", "kernel", "MXNet"):
        assert found[title].state == "problem"
        assert found[title].seen == ("cannot be looked at (ZeroDivisionError: of a "
                                     "look)")
    assert found["Python"].state == "ok" and "downloaded" in found


@pytest.mark.parametrize("missing", ["cwd", "home"])
def test_paths_are_shortened_where_that_is_possible(monkeypatch, missing):
    def gone():
        raise {"cwd": FileNotFoundError, "home": RuntimeError}[missing]

    monkeypatch.setattr(versions.Path, missing, gone)
    assert versions._short("/opt/python").endswith("/opt/python")


def test_the_measurement_of_this_very_machine():
    """Not how fast: only that the numbers are what their names say."""
    from gluon_pix2pix.doctor import probe

    seen = probe.threads()
    assert seen["threads"] >= 1
    assert seen["shared"] is None or 1 <= seen["shared"] <= seen["threads"] + 1
    assert 0 < seen["cpus"] <= usable_cpus() + 1
    assert seen["left"] == probe.affinity()
