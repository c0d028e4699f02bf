"""Networks, losses and training steps compute what PyTorch computes.

``parity.npz`` holds a sample of PyTorch's results, for networks of four channels. It
was made once, with PyTorch 2.13 on the CPU, by ::

    python benchmarks/parity.py --width 4 --store tests/parity.npz

Weights and pictures need no storing: they are made from their names (see
``benchmarks/parity_cases.py``).
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 4
NETWORKS = ("UnetGenerator", "Discriminator", "PixelDiscriminator", "ResnetGenerator",
            "GlobalGenerator", "LocalEnhancer", "Encoder", "MultiscaleDiscriminator")
MODELS = ("pix2pix", "CycleGAN", "pix2pixHD", "pix2pixHD with encoder",
          "pix2pixHD, local enhancer")


@pytest.fixture(scope="module")
def benchmarks():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        import parity
        import parity_ours
        import parity_rows

        yield parity, parity_ours, parity_rows


@pytest.fixture(scope="module")
def stored(benchmarks):
    return benchmarks[2].read(ROOT / "tests" / "parity.npz")


@pytest.fixture(scope="module")
def computed(benchmarks):
    _, parity_ours, parity_rows = benchmarks
    return parity_rows.sample(parity_ours.results(WIDTH))


@pytest.fixture(scope="module")
def rows(benchmarks, computed, stored):
    return {row.what: row for row in benchmarks[2].compare(computed, stored)}


@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_paints_or_judges_as_in_pytorch(rows, network):
    assert rows[network].passed, rows[network]


@pytest.mark.parametrize("what", ["losses", "gradients", "updated weights",
                                  "weights left out"])
@pytest.mark.parametrize("model", MODELS)
def test_a_step_does_what_pytorchs_does(rows, model, what):
    row = rows[f"step of {model}: {what}"]
    assert row.passed, row


def test_losses_schedules_pools_and_statistics_are_pytorchs(rows):
    others = [row for what, row in rows.items() if what not in NETWORKS
              and not any(what.startswith(f"step of {model}: ") for model in MODELS)]
    assert len(others) == 14
    statistics = [row for what, row in rows.items() if "running" in what]
    assert len(statistics) == 2
    assert [row for row in others + statistics if not row.passed] == []


def test_steps_move_weights_by_more_than_is_allowed(rows, computed, benchmarks):
    """Else a step that does nothing would pass."""
    _, parity_ours, _ = benchmarks
    cases = parity_ours.cases
    name = "model.0.weight"
    after = computed[f"weights/pix2pix/D.{name}"]
    before = cases.weights("pix2pix D", {name: (WIDTH, 6, 4, 4)})[name]
    before = benchmarks[2].sample({name: before})[name]
    moved = abs(after - before)
    assert np.median(moved) > 1.5 * rows["step of pix2pix: updated weights"].allowed


@pytest.mark.parametrize("name, what, error", [
    ("forward/UnetGenerator/own statistics", "UnetGenerator", 3e-4),
    ("loss/feature matching/value", "loss, its gradient: feature matching", 1e-3),
    ("weights/CycleGAN/F.model.1.weight", "step of CycleGAN: updated weights", 2e-4),
    ("gradients/CycleGAN/F.model.1.weight", "step of CycleGAN: gradients", np.nan),
    ("pool/ImagePool/pictures", "ImagePool: which pictures it gives", 1),
])
def test_what_differs_does_not_pass(benchmarks, computed, stored, name, what, error):
    wrong = {**computed, name: computed[name] + np.float32(error)}
    failed = [row.what for row in benchmarks[2].compare(wrong, stored)
              if not row.passed]
    assert what in failed


def test_what_only_one_side_has_is_named(benchmarks, computed, stored):
    name = "loss/L1/value"
    missing = {key: array for key, array in stored.items() if key != name}
    with pytest.raises(ValueError, match=name):
        benchmarks[2].compare(computed, missing)
    with pytest.raises(ValueError, match=f"{name} has 1 numbers here and 2 there"):
        benchmarks[2].compare(computed, {**stored, name: np.zeros(2)})


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not "
                    "installed beside MXNet: `python benchmarks/parity.py "
                    "--torch-python PYTHON` compares with that of another Python")
def test_nothing_differs_from_pytorch_as_it_is_installed(benchmarks, capsys):
    status = benchmarks[0].main(["--width", "8", "--torch-python", sys.executable])
    told = capsys.readouterr().out
    assert status == 0, told
    assert "44 of 44 comparisons passed." in told
