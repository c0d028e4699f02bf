"""Both sides of the comparison of quality see the same, and results are taken up."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

import gluon_pix2pix as g2p

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture
def quality(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import quality

    return quality


@pytest.fixture
def pairs(tmp_path):
    return g2p.draw("toy_facades", tmp_path / "data", size=32, count=3, progress=False)


@pytest.fixture
def settings(quality, pairs):
    return quality.Settings(str(pairs), size=32, width=16, epochs=2)


def result(l1, ssim=0.2):
    return {"scores": {f"{way} {name}": value for way in ("sampled", "plain")
                       for name, value in (("l1", l1), ("ssim", ssim))}}


def test_stored_batches_are_the_loaders(quality, pairs, tmp_path):
    config = quality.configuration(seed=1, size=32, width=16, epochs=3)
    assert (config.epochs, config.epochs_decay) == (2, 1)
    quality.prepare(config, pairs, tmp_path)
    training = quality.Training(1, 32, 16, [1e-3] * 3, str(tmp_path), str(tmp_path))
    loader = g2p.Loader(g2p.PairedImages(pairs, "train", config))
    for epoch in range(3):
        stored = list(training.epoch(epoch))
        for batch, pair in zip(loader, stored, strict=True):
            for image, seen in zip(batch, pair, strict=True):
                np.testing.assert_array_equal(image.asnumpy(), seen)
    held_out = g2p.PairedImages(pairs, "val", config)
    for index, pair in enumerate(training.validation()):
        np.testing.assert_array_equal(held_out[index][0], pair[0][0])
    assert index == len(held_out) - 1


def test_a_training_is_scored_and_kept(quality, settings, tmp_path):
    found = quality.measure(settings, 1, {"ours": sys.executable}, tmp_path)
    result, = found["ours"]
    assert 0 < result["scores"]["sampled l1"] < 2
    assert result["scores"]["sampled l1"] != result["scores"]["plain l1"]
    assert -1 < result["scores"]["plain ssim"] < 1 and len(result["losses_G"]) == 2
    # The next call trains nothing: this Python could not.
    assert quality.measure(settings, 1, {"ours": "no-such-python"}, tmp_path) == found
    assert [path.name for path in tmp_path.iterdir() if path.name != "data"] == [
        "ours_0.json"]


def test_results_of_other_settings_are_not_mixed_in(quality, settings, tmp_path):
    (tmp_path / "ours_0.json").write_text(json.dumps(
        {"settings": {**vars(settings), "epochs": 9}, "result": result(0.3)}))
    with pytest.raises(ValueError, match="ours_0.json is of other settings.*--out"):
        quality.measure(settings, 1, {"ours": sys.executable}, tmp_path)


def test_a_side_that_fails_is_named(quality, settings, tmp_path, monkeypatch, capfd):
    monkeypatch.setitem(quality.SCRIPTS, "ours", "no_such_script.py")
    with pytest.raises(RuntimeError, match="no_such_script.py failed"):
        quality.measure(settings, 1, {"ours": sys.executable}, tmp_path)
    assert not list(tmp_path.glob("*.json"))


@pytest.mark.parametrize("ours, word", [(0.33, "no worse"), (0.345, "no worse"),
                                        (0.36, "WORSE")])
def test_the_verdict_allows_pytorchs_spread(quality, ours, word):
    theirs = [result(0.33), result(0.34), result(0.35)]  # spread 0.01
    told = quality.verdict({"ours": [result(ours)] * 3, "PyTorch": theirs})
    assert told.endswith(f"{word}.") and "spread is 0.0100" in told
    row = quality.rows({"PyTorch": theirs})[0]
    assert row[1:4] == ["0.3400", "0.0100", "0.3300 0.3400 0.3500"]


def test_what_cannot_be_is_refused_before_any_work(quality, tmp_path, capsys):
    for arguments, told in ((["--seeds", "1"], "--seeds must be at least 2"),
                            (["--data", str(tmp_path)], "has no folder 'train'"),
                            (["--size", "40"], "size=40")):
        with pytest.raises(SystemExit) as ended:
            quality.main([*arguments, "--out", str(tmp_path / "out")])
        assert ended.value.code == 2 and told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not "
                    "installed beside MXNet: `python benchmarks/quality.py "
                    "--torch-python PYTHON` trains with that of another Python")
def test_both_sides_are_compared(quality, pairs, tmp_path, capsys):
    arguments = ["--data", str(pairs), "--out", str(tmp_path / "out"), "--seeds", "2",
                 "--epochs", "1", "--size", "32", "--width", "16"]
    status = quality.main(arguments)
    told = capsys.readouterr().out
    assert told.count("PyTorch: ") == told.count("ours: ") == 2
    assert status == ("WORSE" in told)
