import json
import shutil

import pytest
from PIL import Image

from gluon_pix2pix.cli import main

LOG = ("epoch,iteration,loss_D,accuracy_D,loss_G,loss_gan,loss_l1,learning_rate,"
       "images_per_second,val_l1\n"
       "1,6,0.7,0.5,40,0.7,0.4,0.0002,10.0,0.31\n"
       "2,12,0.5,0.7,36,0.9,0.36,0.0002,12.0,0.33\n")


@pytest.fixture
def runs(tmp_path, tiny, monkeypatch):
    """Two runs, one of them damaged, and a folder that is none."""
    for name in ("good", "hurt"):
        folder = tmp_path / "runs" / name
        (folder / "samples").mkdir(parents=True)
        (folder / "config.json").write_text(tiny.to_json())
        (folder / "log.csv").write_text(LOG)
        Image.new("RGB", (30, 40)).save(folder / "samples" / "epoch_0001.png")
    (tmp_path / "runs" / "hurt" / "config.json").write_text("{")
    (tmp_path / "runs" / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


def test_runs_are_listed_as_a_table(runs, capsys):
    assert main(["runs"]) == 0
    head, line, good, hurt, blank, *problems = capsys.readouterr().out.splitlines()
    assert head.split() == ["run", "model", "data", "state", "epoch", "val", "L1",
                            "best", "size"]
    assert set(line) == {"-", " "} and blank == ""
    assert good.split() == ["runs/good", "pix2pix", "-", "interrupted", "1", "of", "2",
                            "0.3300", "0.3100", "in", "1", "0", "MB"]
    assert hurt.split()[:4] == ["runs/hurt", "-", "-", "damaged"]
    assert "runs/hurt" in problems[0] and "config.json" in problems[0]
    assert "runs/photos is no run" in problems[1] and len(problems) == 2


def test_one_run_is_told_with_its_figures(runs, capsys):
    assert main(["runs", "runs/good"]) == 0
    told = capsys.readouterr().out
    assert "loss_l1              0.36" in told and "hurt" not in told
    shutil.rmtree(runs / "hurt")
    assert main(["runs"]) == 0  # a folder with one run in it is still a list
    assert "loss_l1" not in capsys.readouterr().out


def test_json_is_for_programs(runs, capsys):
    assert main(["runs", str(runs), "--json"]) == 0
    good, hurt, photos = json.loads(capsys.readouterr().out)
    assert good["folder"] == str(runs / "good") and good["last"]["loss_D"] == 0.5
    assert good["best"] == {"val_l1": 0.31, "epoch": 1}
    assert (hurt["state"], photos["state"]) == ("damaged", "no run")


def test_no_runs_are_no_error(runs, capsys):
    (runs / "empty").mkdir()
    assert main(["runs", "runs/photos"]) == 0
    assert "No runs in runs/photos" in capsys.readouterr().out
    assert main(["runs", "nowhere"]) == 1
    assert "no folder nowhere" in capsys.readouterr().err


def test_a_run_is_drawn_again(runs, capsys):
    assert main(["runs", "runs/good", "--redraw"]) == 0
    written = capsys.readouterr().out.split()
    assert written == ["runs/good/losses.png", "runs/good/samples.png"]
    assert all(Image.open(path).size[0] > 100 for path in written)
    assert main(["runs", "runs", "--redraw"]) == 1
    assert "no run folder" in capsys.readouterr().err


def test_help_teaches_with_examples(capsys):
    with pytest.raises(SystemExit):
        main(["runs", "--help"])
    assert "gluon-pix2pix runs runs/facades --redraw" in capsys.readouterr().out
