"""The benchmarks run, on sizes that take seconds; how fast is not tested."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

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
