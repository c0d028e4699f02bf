"""The benchmarks run, on sizes that take seconds; how fast is not tested."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gluon_pix2pix.convolution import bfloat16_problem

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "benchmarks"


@pytest.fixture
def measure(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    import measure

    return measure


def run(script, *arguments, path=()):
    """Run a benchmark as a user does; return what it prints."""
    folders = os.pathsep.join(map(str, [*path, ROOT]))
    done = subprocess.run(
        [sys.executable, FOLDER / script, *arguments], cwd=path[0] if path else ROOT,
        env={**os.environ, "PYTHONPATH": folders, "PIX2PIX_CONTEXT": "cpu"},
        capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def cells(text):
    """Return the tables of a text as a dict: the first cell to the others."""
    rows = [line.strip("|").split("|") for line in text.splitlines() if "|" in line]
    return {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}


def number(cell):
    return float(re.match(r"[\d.]+", cell).group())


# ------------------------------------------------------------------------ loading.py


def test_loading_measures_every_loader_without_torch(tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('not installed')\n")
    text = run("loading.py", "--quick", path=[tmp_path])
    rows = cells(text)
    for name in ("PairedImages, decoded each time, workers=0",
                 "PairedImages, from memory, workers=2",
                 "UnpairedImages, decoded each time, workers=2",
                 "LabelInstanceImages, decoded each time, workers=2"):
        assert len(rows[name]) == 4 and all(number(cell) > 0 for cell in rows[name])
    assert [rows["training step"][i] for i in (1, 3)] == ["1.00", "1.00"]
    assert not any("PyTorch" in name for name in rows)
    assert 'PyTorch\'s loader is left out' in text and "[benchmarks]" in text
    assert rows["32 px, ngf 16: one batch, ready"][1] == "1.00"
    assert number(rows["32 px, ngf 16: from memory, workers=1"][1]) > 0
    assert all(number(cell) > 0 for cell in
               rows["Loader, files in the system's cache"])
    if sys.platform == "linux":
        assert number(rows["40"][0]) > 10  # MB, after the last of 40 images
    assert list(tmp_path.iterdir()) == [tmp_path / "torch.py"]


def test_loading_measures_single_parts():
    text = run("loading.py", "--quick", "--parts", "recordio")
    assert re.findall("^### (.*)", text, re.M) == ["Files or RecordIO"]
    assert "mxnet 1.9.1" in text.splitlines()[0]


# ------------------------------------------------------------------------ measure.py


def test_candidates_take_turns_and_warm_up(measure):
    calls = []

    def candidate(name, value):
        calls.append(name)
        return value + len(calls)

    series = measure.alternate({"a": lambda: candidate("a", 0),
                                "b": lambda: candidate("b", 10)}, rounds=2)
    assert calls == ["a", "b", "b", "a", "a", "b"]
    assert series == {"a": measure.Series((4, 5)), "b": measure.Series((13, 16))}


def test_series_print_median_and_spread(measure):
    assert str(measure.Series((3.0, 1.0, 20.0))) == "3.00 (1.00..20.00)"
    assert str(measure.Series((310.4, 290, 999))) == "310 (290..999)"
    assert str(measure.Series((12.34,))) == "12.3"


def test_series_divide_round_by_round(measure):
    ratio = measure.Series((2.0, 30.0)) / measure.Series((1.0, 10.0))
    assert ratio.values == (2.0, 3.0)


def test_a_remote_measures_when_asked_and_ends(measure, tmp_path):
    script = tmp_path / "remote.py"
    script.write_text("import sys; from itertools import count\n"
                      f"sys.path.insert(0, {str(FOLDER)!r})\n"
                      "from measure import serve\n"
                      "serve(map(float(sys.argv[1]).__mul__, count(1)).__next__)\n")
    with measure.Remote(script, 2.5) as remote:
        assert [remote(), remote()] == [2.5, 5.0]
    assert remote._process.returncode == 0


def test_a_remote_that_dies_is_named(measure, tmp_path):
    script = tmp_path / "broken.py"
    script.write_text("raise SystemExit(3)\n")
    with measure.Remote(script) as remote:
        for _ in range(2):  # while it dies, and when it is dead
            with pytest.raises(RuntimeError, match="broken.py ended early, with exit "
                                                   "status 3"):
                remote()


def test_modules_are_looked_for_in_another_python(measure):
    assert measure.can_import(sys.executable, "json", "numpy")
    assert not measure.can_import(sys.executable, "json", "no_such_module")
    assert not measure.can_import("no-such-python", "json")


def test_tables_are_markdown(measure):
    assert measure.table(["", "speed"], [["a", 1], ["bcd", "22"]]) == (
        "|     | speed |\n"
        "| --- | ----: |\n"
        "| a   |     1 |\n"
        "| bcd |    22 |")


# --------------------------------------------------------------------------- step.py


def without_torch(folder):
    (folder / "torch.py").write_text("raise ImportError('not installed')\n")
    return [folder]


def test_step_measures_without_torch(tmp_path):
    text = run("step.py", "--quick", path=without_torch(tmp_path))
    training, inference, cyclegan, *hd = (
        cells(part) for part in text.split("### ")[1:])
    can = [] if bfloat16_problem() else ["ours, bfloat16"]
    assert {name for name in training if name.strip("-")} == {"ours", "tutorial", *can}
    assert all(f"{name.split()[-1]} takes " in text for name in can)
    assert {name for name in cyclegan if name.strip("-")} == {
        "ours", "ours, MXNet's InstanceNorm", *can}
    assert "of the time with MXNet's InstanceNorm" in text
    assert len(hd) == 3  # a step; translations by both generators
    for rows in (training, inference, cyclegan, *hd):
        speed, seconds, torch, tutorial, blas, onednn, memory = rows["ours"]
        assert number(speed) > 0 and torch == "-"
        assert number(seconds) == pytest.approx(1 / number(speed), rel=0.1, abs=0.01)
        assert number(blas) > 0 and number(onednn) > 0
        if sys.platform == "linux":
            assert 50 < number(memory) < 5000
    assert training["tutorial"][3] == "1.00" and inference["ours"][3] == "-"
    assert number(training["ours"][3]) > 0 and "tutorial" not in inference
    assert "PyTorch is left out" in text and "[benchmarks]" in text
    assert "Both sides" not in text and "sgemm, GFLOP/s: NumPy " in text


def test_step_refuses_impossible_sizes():
    done = subprocess.run([sys.executable, FOLDER / "step.py", "--sizes", "40"],
                          env={**os.environ, "PYTHONPATH": str(ROOT)},
                          capture_output=True, text=True)
    assert done.returncode == 2 and "40" in done.stderr.splitlines()[-1]


def test_pytorch_computes_the_same(measure, monkeypatch):
    pytest.importorskip("torch", exc_type=ImportError)
    import step

    options = step.parse(["--quick"])
    assert "agree to" in step.agreement(options)
    assert "agree to" in step.agreement(options, "cyclegan")
    told = step.agreement(options, "hd_inference")  # steps and pictures of both kinds
    assert told.count("agree to") == told.count("between their pictures") == 2
    monkeypatch.setattr(step, "TOLERANCE", 0)
    with pytest.raises(RuntimeError, match="do not compute the same"):
        step.agreement(options)


def test_starting_measures_imports(tmp_path):
    rows = cells(run("starting.py", "--quick", path=without_torch(tmp_path)))
    ours, mxnet = rows["import gluon_pix2pix"], rows["import mxnet"]
    assert number(ours[0]) > 10 and mxnet[1] == "1.00" and "import torch" not in rows


def test_checkpoints_are_measured():
    size, step, save, share, restoration = cells(
        run("checkpoints.py", "--quick"))["quick: 32 px, ngf 16"]
    assert number(size) > 1
    assert all(number(cell) > 0 for cell in (step, save, share, restoration))
    assert number(share) == pytest.approx(
        100 * number(save) / (10 * number(step)), rel=0.1)


# --------------------------------------------------------------------------- work.py


def test_operations_are_counted_from_the_graph(measure):
    import work
    from mxnet.gluon import nn

    net = nn.HybridSequential()
    net.add(nn.Conv2D(5, 3, strides=2, padding=1, in_channels=4),
            nn.BatchNorm(in_channels=5),
            nn.Conv2D(6, 3, groups=1, padding=1, in_channels=5, use_bias=False),
            nn.Conv2DTranspose(7, 4, strides=2, padding=1, in_channels=6))
    net.initialize()
    counted = work.layers(net, (2, 4, 8, 8))
    # Two pictures, maps of 4x4 pixels; each output is a sum over a window, or each
    # input of the transposed one is spread over it.
    expected = [2 * 2 * 16 * 5 * (4 * 9), 2 * 2 * 16 * 6 * (5 * 9),
                2 * 2 * 16 * 6 * (7 * 16)]
    assert [layer.operations for layer in counted] == expected
    assert [layer.behind_weights for layer in counted] == [False, True, True]
    assert work.forward(counted) == sum(expected)
    assert work.backward(counted) == 2 * sum(expected) - expected[0]
    assert work.backward(counted, False, True) == sum(expected)
    assert work.cycle_step(counted, counted) == 2 * (
        (6 + 11) * sum(expected) - 4 * expected[0])
    assert work.step(counted, counted) == 3 * sum(expected) - expected[0] + 2 * (
        3 * sum(expected) - expected[0]) + 2 * sum(expected)
    assert work.hd_step(counted, counted, counted) == 4 * (
        3 * sum(expected) - expected[0]) + sum(expected)


def test_the_papers_networks_do_their_known_work(measure):
    import work

    import gluon_pix2pix as g2p

    netD = g2p.Discriminator(6)
    maps = [(128, 6, 64), (64, 64, 128), (32, 128, 256), (31, 256, 512), (30, 512, 1)]
    assert [layer.operations for layer in work.layers(netD, (1, 6, 256, 256))] == [
        2 * side ** 2 * 16 * before * after for side, before, after in maps]
    netD.initialize()
    netD.hybridize()  # a compiled network is counted as well
    assert len(work.layers(netD, (1, 6, 64, 64))) == 5


def test_networks_without_convolutions_are_not_counted(measure):
    import work
    from mxnet.gluon import nn

    with pytest.raises(ValueError, match="No convolution found in Flatten"):
        work.layers(nn.Flatten(), (1, 3, 8, 8))


# --------------------------------------------------------------------------- task.py


def test_tasks_travel_as_an_argument(measure, monkeypatch):
    from task import Task

    task = Task("training", "eager, fused Adam", size=96, repeats=3)
    monkeypatch.setattr(sys, "argv", ["script.py", str(task)])
    assert Task.asked() == task
    assert [Task("", size=size).num_downs for size in (96, 256, 512)] == [5, 8, 8]


def test_speed_counts_images_and_waits_for_the_end(measure):
    from task import Task

    calls = []
    speed = Task("training", batch=4, repeats=3).speed(
        lambda: calls.append("step"), lambda: time.sleep(0.05) or calls.append("end"))
    assert calls == ["step"] * 3 + ["end"] and 24 < speed < 4 * 3 / 0.05 + 1


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_candidate_tells_its_own_peak_memory(measure, tmp_path, monkeypatch):
    import task

    (tmp_path / "hungry.py").write_text(
        f"import sys; sys.path.insert(0, {str(FOLDER)!r})\n"
        "from measure import serve\n"
        "bytearray(200_000_000)\n"
        "serve(lambda: 1.0)\n")
    monkeypatch.setattr(task, "FOLDER", tmp_path)
    with task.Candidate("hungry.py", task.Task("training")) as candidate:
        assert candidate() == 1.0 and 200 < candidate.peak_mb < 300
