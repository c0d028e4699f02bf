import pytest

from gluon_pix2pix import ablations
from gluon_pix2pix.cli import main
from gluon_pix2pix.experiment_runs import ExperimentRun


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
    assert main([*arguments, "--seeds", "2"]) == 0
    assert main(arguments) == 0  # with fewer seeds again
    assert capsys.readouterr().out.endswith(told)
    assert (place / "pool" / "results.csv").read_text().count("\n") == 1 + 2 * 2


def test_what_was_done_before_an_interruption_is_written(tmp_path, monkeypatch,
                                                         capsys):
    trained = []

    def stop(run, *_):
        if trained:
            raise KeyboardInterrupt
        trained.append(run)
        return complete(run, *_)

    complete = ExperimentRun.complete
    monkeypatch.setattr(ExperimentRun, "complete", stop)
    assert main(["experiment", "pool", "--profile", "smoke", "--root", str(tmp_path),
                 "--place", str(tmp_path / "runs")]) == 130
    assert "Interrupted" in capsys.readouterr().err
    lines = (tmp_path / "runs" / "pool" / "results.csv").read_text().splitlines()
    assert len(lines) == 2 and lines[1].startswith("no pool,0,")


def test_unknown_ones_are_named(capsys):
    assert main(["experiment", "loses"]) == 1
    assert "'loses'" in capsys.readouterr().err
