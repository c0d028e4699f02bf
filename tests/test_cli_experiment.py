import pytest

from gluon_pix2pix import ablations
from gluon_pix2pix.cli import main


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    monkeypatch.setitem(ablations._SIZES, "smoke", {
        "size": 32, "ngf": 4, "ndf": 4, "n_layers": 1, "epochs": 1, "epochs_decay": 0})


def test_experiments_are_listed(capsys):
    assert main(["experiment"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed and question in listed
               for name, question in ablations.EXPERIMENTS.items())


def test_one_is_done_and_told(tmp_path, capsys):
    place = tmp_path / "runs"
    arguments = ["experiment", "pool", "--profile", "smoke", "--root", str(tmp_path),
                 "--place", str(place)]
    assert main(arguments) == 0
    told = capsys.readouterr().out
    assert "no pool" in told and "class IoU" in told and str(place / "pool") in told
    assert sorted(path.name for path in (place / "pool").iterdir()) == [
        "comparison.json", "no_pool", "pictures.png", "pool_of_50", "results.csv",
        "scores.png"]
    assert main(arguments) == 0  # nothing is left to do
    assert capsys.readouterr().out == told


def test_unknown_ones_are_named(capsys):
    assert main(["experiment", "loses"]) == 1
    assert "'loses'" in capsys.readouterr().err
