import csv
import errno
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from gluon_pix2pix import Pix2Pix, Pix2PixConfig, Pix2PixHD, metrics, save_checkpoint
from gluon_pix2pix.cli import main
from gluon_pix2pix.datasets import PairedImages
from gluon_pix2pix.failures import SaveError
from gluon_pix2pix.segmenter_training import get_segmenter
from gluon_pix2pix.toys import draw

CONFIG = Pix2PixConfig(size=32, ngf=16, ndf=4, n_layers=1, direction="BtoA")


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    return draw("toy_facades", tmp_path_factory.mktemp("data"), 32, 8)


@pytest.fixture(scope="module")
def runs(tmp_path_factory, houses):
    """A run in each direction, as ``train`` leaves it."""
    folder = tmp_path_factory.mktemp("runs")
    for direction in ("AtoB", "BtoA"):
        config = CONFIG.replace(direction=direction)
        save_checkpoint(folder / direction / "checkpoints" / "epoch_0001",
                        Pix2Pix(config))
        (folder / direction / "config.json").write_text(config.to_json())
        (folder / direction / "command.json").write_text(
            json.dumps({"dataset": str(houses), "profile": "smoke"}))
    return folder


def scores(folder):
    return json.loads((folder / "scores.json").read_text("utf-8"))


def test_a_run_is_evaluated_on_the_data_it_was_trained_for(runs, houses, capsys):
    assert main(["evaluate", str(runs / "BtoA"), "--samples", "2"]) == 0
    folder = runs / "BtoA" / "evaluation"
    assert sorted(p.name for p in folder.iterdir()) == [
        "index.html", "scores.csv", "scores.json", "summary.csv"]
    told = scores(folder)
    assert told["about"]["split"] == "test" and told["about"]["pictures"] == 4
    assert told["about"]["checkpoint"] == "epoch_0001"
    assert set(told["summary"]) == {"l1", "psnr", "ssim", "pixel_accuracy",
                                    "class_accuracy", "class_iou", "frechet",
                                    "diversity"}
    iou = told["summary"]["class_iou"]
    # The ceiling and the floor stand beside it, and the model is an untrained one.
    assert 0 <= iou["mean"] < iou["real"] and 0 <= iou["one_picture"] <= 1
    with open(folder / "scores.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["picture"] for row in rows] == ["1.jpg", "2.jpg", "3.jpg", "4.jpg"]
    shown = capsys.readouterr().out
    assert f"Look at  {folder / 'index.html'}" in shown and "± between samples" in shown
    assert shown.startswith(f"4 pictures; of {houses.name}/test; 2 samples each")
    assert "SSIM              more is better  " in shown
    # Twelve steps on eight drawings of 32 pixels teach no classes.
    hardly, few = told["cautions"]
    assert "hardly found" in hardly and "128 features wants far more than 4" in few
    shown = " ".join(shown.split())
    assert hardly in shown and few in shown
    assert (houses / ".segmenter_32px" / "network.npz").is_file()


def test_a_toy_is_that_of_the_profile_it_was_trained_in(runs, tmp_path, monkeypatch):
    run, data = tmp_path / "run", tmp_path / "data"
    shutil.copytree(runs / "BtoA", run)
    (run / "command.json").write_text('{"dataset": "toy_facades", "profile": "smoke"}')
    monkeypatch.setenv("PIX2PIX_PROFILE", "full")
    assert main(["evaluate", str(run), "--root", str(data), "--no-classes"]) == 0
    assert [path.name for path in data.iterdir()] == ["toy_facades_32px_8"]
    assert scores(run / "evaluation")["about"]["data"] == "toy_facades_32px_8/test"


def test_the_data_are_where_the_run_found_them(runs, houses, tmp_path, monkeypatch):
    run = tmp_path / "run"
    shutil.copytree(runs / "BtoA", run)
    (run / "command.json").write_text(json.dumps(
        {"dataset": "toy_facades", "profile": "smoke", "root": str(houses.parent)}))
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", str(run), "--no-classes", "--count", "1"]) == 0
    assert scores(run / "evaluation")["about"]["data"] == f"{houses.name}/test"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]
    elsewhere = tmp_path / "elsewhere"
    assert main(["evaluate", str(run), "--no-classes", "--count", "1", "--root",
                 str(elsewhere)]) == 0
    assert [path.name for path in elsewhere.iterdir()] == [houses.name]


def test_what_cannot_be_written_is_said_before_the_work(runs, houses, tmp_path, capsys,
                                                        monkeypatch):
    def refuse(**_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    monkeypatch.setattr("gluon_pix2pix.generators.load_generator", None)
    assert main(["evaluate", str(runs / "BtoA"), "--output", str(tmp_path / "e")]) == 1
    assert "make the folder writable" in capsys.readouterr().err
    monkeypatch.setattr("gluon_pix2pix.segmenter_training.train_segmenter", None)
    with pytest.raises(SaveError, match="make the folder writable"):
        get_segmenter(houses, CONFIG, place=tmp_path / "s")


def test_the_l1_is_that_of_the_package(runs, houses):
    assert main(["evaluate", str(runs / "BtoA"), "--deterministic", "--split", "val",
                 "--no-classes"]) == 0
    told = scores(runs / "BtoA" / "evaluation")
    model = Pix2Pix(CONFIG)  # the seed makes the same weights
    expected = metrics.mean_l1(model, PairedImages(houses, "val", CONFIG), sample=False)
    assert told["summary"]["l1"]["mean"] == pytest.approx(expected, abs=1e-6)
    assert set(told["summary"]) == {"l1", "psnr", "ssim"}
    assert told["about"]["dropout"] is False


def test_in_the_other_direction_colours_tell_the_classes(runs, houses, tmp_path):
    assert main(["evaluate", str(runs / "AtoB" / "checkpoints" / "epoch_0001"),
                 "--dataset", str(houses), "--output", str(tmp_path / "e")]) == 0
    told = scores(tmp_path / "e")
    assert told["about"]["classes_by"] == "the colours of the outputs"
    assert told["summary"]["class_iou"]["real"] > 0.95
    assert "frechet" not in told["summary"]


def test_pictures_without_targets(runs, tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(3):
        Image.fromarray(np.full((20, 50, 3), 80 * number, np.uint8)).save(
            tmp_path / "in" / f"{number}.png")
    assert main(["evaluate", str(runs / "BtoA"), "--pictures", str(tmp_path / "in"),
                 "--output", str(tmp_path / "e"), "--count", "2"]) == 0
    told = scores(tmp_path / "e")
    assert told["summary"] == {} and told["about"]["targets"] is False
    assert told["about"]["direction"] == "BtoA"
    assert [row["picture"] for row in told["pictures"]] == ["0.png", "1.png"]


def test_data_without_labels_have_no_classes(runs, pairs, tmp_path):
    assert main(["evaluate", str(runs / "BtoA"), "--dataset", str(pairs),
                 "--output", str(tmp_path / "e")]) == 0
    assert set(scores(tmp_path / "e")["summary"]) == {"l1", "psnr", "ssim"}
    assert scores(tmp_path / "e")["about"]["split"] == "val"


def test_the_segmenter_may_be_kept_elsewhere(runs, houses, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(houses, data, ignore=lambda *_: [".segmenter_32px"])
    assert main(["evaluate", str(runs / "BtoA"), "--dataset", str(data), "--segmenter",
                 str(tmp_path / "s"), "--output", str(tmp_path / "e")]) == 0
    assert (tmp_path / "s" / "segmenter.json").is_file()
    assert not (data / ".segmenter_32px").exists()


@pytest.mark.parametrize(("arguments", "message"), [
    (["nowhere"], "There is no folder nowhere"),
    (["RUN", "--samples", "0"], "samples=0"),
    (["RUN", "--samples", "2", "--deterministic"], "would all be equal"),
    (["RUN", "--count", "0"], "count=0"),
    (["RUN", "--split", "vat"], "has no folder 'vat'"),
    (["RUN", "--dataset", "missing"], "missing"),
    (["RUN", "--pictures", "missing"], "no folder missing"),
    (["RUN", "--pictures", "DATA", "--classes"], "--pictures have none"),
    (["RUN", "--pictures", "DATA", "--split", "val"], "--split would need a data set"),
    (["RUN", "--pictures", "DATA", "--segmenter", "s"], "--segmenter would need a"),
    (["RUN", "--no-classes", "--segmenter", "s"], "leave it out, or --no"),
    (["RUN", "--dataset", "PAIRS", "--segmenter", "s"], "leave out --segmenter"),
    (["RUN", "--dataset", "PAIRS", "--classes"], "leave out --classes"),
    (["RUN", "--weights", "x"], "name it with --features"),
    (["RUN", "--features", "vgg16", "--weights", "x"], "weights of vgg16 are not in x"),
    (["RUN", "--features", "vgg1"], "no network 'vgg1'"),
    (["RUN", "--output", "DATA"], "name another folder"),
    (["RUN", "--context", "tpu"], "tpu"),
])
def test_errors_are_sentences_and_come_early(arguments, message, runs, houses, pairs,
                                             capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gluon_pix2pix.translation.translate", None)  # nothing begun
    monkeypatch.setattr("gluon_pix2pix.segmenter_training.train_segmenter", None)
    places = {"RUN": runs / "BtoA", "DATA": houses, "PAIRS": pairs}
    arguments = [str(places.get(word, word)) for word in arguments]
    elsewhere = [] if "--pictures" in arguments else ["--segmenter", "not_made_yet"]
    assert main(["evaluate", *arguments, *elsewhere]) == 1
    error = capsys.readouterr().err
    assert error.startswith("gluon-pix2pix: ") and message in error
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_alone_does_not_tell_its_data(runs, tmp_path, capsys):
    for name in ("config.json", "generator.npz"):
        shutil.copy(runs / "BtoA" / "checkpoints" / "epoch_0001" / name, tmp_path)
    assert main(["evaluate", str(tmp_path)]) == 1
    assert "name it with --dataset" in capsys.readouterr().err


def test_a_pix2pixhd_is_told_where_its_figures_are(tiny_hd, tmp_path, capsys):
    save_checkpoint(tmp_path / "run", Pix2PixHD(tiny_hd))
    for arguments in ([], ["--pictures", str(tmp_path)]):
        assert main(["evaluate", str(tmp_path / "run"), *arguments]) == 1
        assert "is a pix2pixhd, which evaluate does not score: its log.csv has" in \
            capsys.readouterr().err
    assert not (tmp_path / "run" / "evaluation").exists()
