"""The command ``train pix2pixhd``: one stage, two stages, and what they need."""

import contextlib
import io
import json
import shutil

import numpy as np
import pytest
from mxnet import nd

from gluon_pix2pix import pix2pixhd, read_log
from gluon_pix2pix.checkpoint_files import read_arrays, verify
from gluon_pix2pix.cli import main
from gluon_pix2pix.configs import read_config
from gluon_pix2pix.runs import best_checkpoint, checkpoint_states

SMALL = ["--profile", "full", "--ngf", "4", "--ndf", "4", "--nef", "4", "--n-layers",
         "1", "--n-downsampling", "1", "--n-blocks", "1", "--n-blocks-local", "1",
         "--n-downsampling-encoder", "1", "--lambda-vgg", "0", "--batch-size", "3",
         "--epochs", "1", "--epochs-decay", "1"]
HALF = [*SMALL, "--size", "32", "--features", "encoder"]
WHOLE = [*SMALL, "--size", "64", "--generator", "local", "--ngf", "2", "--num-d", "3",
         "--features", "encoder", "--epochs-fix-global", "1"]


def train(*options):
    """Run the command; return what it printed."""
    with contextlib.redirect_stdout(io.StringIO()) as out, \
            contextlib.redirect_stderr(io.StringIO()) as err:
        assert main(["train", "pix2pixhd", *map(str, options)]) == 0, err.getvalue()
    return out.getvalue()


@pytest.fixture(scope="module")
def first(tmp_path_factory, scenes):
    """A run at half the size, and what was printed while it was trained."""
    folder = tmp_path_factory.mktemp("runs") / "half"
    return folder, train("--dataset", scenes, "--run", folder, *HALF)


@pytest.fixture(scope="module")
def half(first):
    return first[0]


@pytest.fixture(scope="module")
def second(half, scenes):
    """A run at the full size that began with it, and what was printed."""
    folder = half.parent / "whole"
    return folder, train("--dataset", scenes, "--run", folder, "--start", half, *WHOLE)


@pytest.fixture(scope="module")
def whole(second):
    return second[0]


@pytest.fixture
def copied(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "whole")


def contents(run):
    """All arrays of a run's last checkpoint."""
    folder = checkpoint_states(run)[-1].path
    return {f"{name}/{place}": array for name in verify(folder)["files"]
            if name.endswith(".npz") for place, array in read_arrays(folder / name
                                                                     ).items()}


def assert_same(run, other):
    found, expected = contents(run), contents(other)
    assert found.keys() == expected.keys()
    assert not [name for name in found if (found[name] != expected[name]).any()]


def test_a_training_leaves_all_that_was_promised(half):
    for name in ("config.json", "contact_sheet.png", "losses.png",
                 "samples/epoch_0001.png", "checkpoints/epoch_0002/encoder.npz",
                 "checkpoints/epoch_0002/optimizer_encoder.npz"):
        assert (half / name).is_file(), name
    log = read_log(half)
    assert log["epoch"] == [1, 2] and log["iteration"] == [2, 4]
    assert {"loss_D", "loss_gan", "loss_feat", "accuracy_D"} < set(log)
    assert all(0 < value < 2 for value in log["val_l1"])
    assert all(0 < value < 20 for value in log["variety"])
    best = best_checkpoint(half)
    assert best.score == pytest.approx(min(log["val_l1"]), abs=1e-5)


def test_it_is_told_what_is_trained_and_measured(first, scenes):
    folder, out = first
    assert f"5 photos of 32x16 pixels from {scenes}, 2 epochs" in out
    assert "epoch   2  held-out L1 0." in out
    assert "(labels | objects | output, looks of the photo | photo)" in out
    assert (f"translate {folder} {scenes}/test_label --instances {scenes}/test_inst "
            "--photos YOUR_PHOTOS") in out


def test_a_broken_off_run_goes_on_as_what_it_is(half, tmp_path, capsys):
    folder = shutil.copytree(half, tmp_path / "run")
    shutil.rmtree(folder / "checkpoints" / "epoch_0002")
    assert main(["train", "--run", str(folder), "--resume", "--lambda-feat", "10"]) == 0
    assert "going on after step 2" in capsys.readouterr().out
    assert_same(folder, half)


def test_a_run_is_listed_and_drawn_again(half, capsys):
    assert main(["runs", str(half)]) == 0
    row = capsys.readouterr().out.splitlines()[2].split()
    assert row[1:7] == ["pix2pixhd", "scenes", "finished", "2", "of", "2"]
    (half / "losses.png").unlink()
    assert main(["runs", str(half), "--redraw"]) == 0
    assert (half / "losses.png").is_file() and (half / "samples.png").is_file()


# Two stages -------------------------------------------------------------------------


def test_the_second_stage_begins_with_what_the_first_has_learnt(second, half, scenes,
                                                                tmp_path):
    _, out = second
    for told in ("generator", "discriminator", "encoder"):
        assert f"{told} begins with {half}: " in out
    assert f"discriminator begins with {half}: 2 of 3 scales" in out
    assert "5 photos of 64x32 pixels" in out
    # Where the global part waits to the end, it stays what it was.
    train("--dataset", scenes, "--run", tmp_path / "run", "--start", half, *WHOLE,
          "--epochs-fix-global", "9")
    began, ended = contents(half), contents(tmp_path / "run")
    trunk = [name for name in ended if name.startswith("generator.npz/trunk.")]
    assert sum(name.endswith("weight") for name in trunk) == 1 + 1 + 2 + 1
    for name in trunk:
        assert (ended[name] == began[name.replace("trunk.", "model.")]).all()
    assert not any("optimizer_generator.npz/trunk." in name for name in ended)


def test_going_on_needs_the_first_run_no_more(half, copied, whole, tmp_path):
    command = json.loads((copied / "command.json").read_text())
    assert command["start"] == str(half)
    (copied / "command.json").write_text(json.dumps(
        {**command, "start": str(tmp_path / "gone")}))
    shutil.rmtree(copied / "checkpoints" / "epoch_0002")
    assert "begins with" not in train("--run", copied, "--resume")
    assert_same(copied, whole)


def test_a_run_without_a_checkpoint_begins_with_the_first_run_again(copied, whole,
                                                                    half, capsys):
    """It was killed when it had hardly begun."""
    for folder in (copied / "checkpoints").iterdir():
        shutil.rmtree(folder)
    (copied / "log.csv").unlink()
    path = copied / "command.json"
    command = json.loads(path.read_text())
    path.write_text(json.dumps({**command, "start": str(half / "gone")}))
    assert main(["train", "--run", str(copied), "--resume"]) == 1
    assert f"no folder {half / 'gone'}" in capsys.readouterr().err
    path.write_text(json.dumps(command))
    assert f"encoder begins with {half}" in train("--run", copied, "--resume")
    assert_same(copied, whole)


def test_another_beginning_is_refused(half, copied, capsys, tmp_path):
    def refused(message, *options):
        assert main(["train", "pix2pixhd", *map(str, options)]) == 1
        assert message in capsys.readouterr().err

    refused("was begun with --start", "--run", copied, "--resume", "--start", tmp_path)
    refused("was begun without --start", "--run", half, "--resume", "--start", copied)
    refused("would be replaced by the training", "--run", copied, "--overwrite",
            "--start", copied / "checkpoints" / "epoch_0002", "--dataset",
            json.loads((copied / "command.json").read_text())["dataset"], *WHOLE)
    assert len(checkpoint_states(copied)) == 2


def test_weights_that_do_not_fit_are_refused_before_anything_is_touched(
        half, copied, scenes, capsys):
    for options, message in (
            (["--ngf", "4"], "ngf 4 -> 4, of which the global part makes 8 instead"),
            (["--start", scenes], f"{scenes} holds no checkpoint"),
            (["--n-blocks", "2"], "n_blocks 1 -> 2")):
        assert main(["train", "pix2pixhd", "--dataset", str(scenes), "--run",
                     str(copied), "--overwrite", "--start", str(half), *WHOLE,
                     *map(str, options)]) == 1
        assert message in capsys.readouterr().err
    assert len(checkpoint_states(copied)) == 2


def test_a_local_enhancer_has_a_folder_of_its_own(half, scenes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train("--dataset", scenes, "--start", half, *WHOLE, "--epochs-decay", "0")
    run = tmp_path / "runs" / "scenes_local"
    assert json.loads((run / "command.json").read_text())["start"] == str(half)
    train("--dataset", scenes, "--generator", "local", "--resume", "--epochs-decay",
          "1")
    assert checkpoint_states(run)[-1].epoch == 2


# What a training needs --------------------------------------------------------------


class Distance:
    """Stands in for VGG's: how far pictures are apart, pixel by pixel."""

    files = []

    def __init__(self, weights, ctx):
        if not weights.endswith(".npz"):
            raise FileNotFoundError(f"There is no file {weights}.")
        self.files.append(weights)

    def __call__(self, fake, real):
        return nd.abs(fake - real).mean()


def test_weights_of_vgg_are_remembered(scenes, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pix2pixhd, "VGGLoss", Distance)
    monkeypatch.setattr(Distance, "files", [])
    monkeypatch.chdir(tmp_path)
    train("--dataset", scenes, "--run", "run", *HALF, "--lambda-vgg", "10",
          "--vgg-weights", "vgg.npz")
    assert "loss_vgg" in read_log(tmp_path / "run")
    train("--run", "run", "--resume")
    assert Distance.files == [str(tmp_path / "vgg.npz")] * 2
    train("--run", "run", "--resume", "--vgg-weights", "other.npz")
    assert Distance.files[2] == str(tmp_path / "other.npz")
    assert "loss_vgg" not in capsys.readouterr().err


def test_missing_weights_of_vgg_are_told_before_anything_is_touched(
        half, scenes, tmp_path, capsys):
    folder = shutil.copytree(half, tmp_path / "run")
    command = ["train", "pix2pixhd", "--dataset", str(scenes), "--run", str(folder),
               "--overwrite", *HALF, "--vgg-weights", str(tmp_path / "vgg19.npz")]
    assert main([*command, "--lambda-vgg", "10"]) == 1
    error = capsys.readouterr().err
    assert f"no file {tmp_path / 'vgg19.npz'}" in error and "--lambda-vgg 0" in error
    assert main(command) == 1
    assert "is of no use at lambda_vgg=0" in capsys.readouterr().err
    assert_same(folder, half)


@pytest.mark.parametrize(("option", "message"), [
    ("--num-d", "cannot judge 16x32 pixels: it takes at least"),
    ("--n-downsampling", "Pictures of 32x16 pixels are too small to train on: this")])
def test_pictures_too_small_for_the_networks_are_told_before_anything_is_touched(
        half, scenes, tmp_path, capsys, option, message):
    folder = shutil.copytree(half, tmp_path / "run")
    assert main(["train", "pix2pixhd", "--dataset", str(scenes), "--run", str(folder),
                 "--overwrite", *HALF, option, "4"]) == 1
    assert message in capsys.readouterr().err
    assert_same(folder, half)


def test_data_of_another_layout_are_refused(pairs, tmp_path, capsys):
    assert main(["train", "pix2pixhd", "--dataset", str(pairs), "--run",
                 str(tmp_path / "run")]) == 1
    assert ("'paired' data, and pix2pixhd learns from photos with label maps: take "
            "toy_streets_hd, train pix2pix on it, or see `gluon-pix2pix prepare labels "
            "--help`") in capsys.readouterr().err


def test_labels_without_photos_are_painted_and_not_measured(scenes, tmp_path):
    data = shutil.copytree(scenes, tmp_path / "data",
                           ignore=lambda *_: ["test_img"])
    out = train("--dataset", data, "--run", tmp_path / "run", *HALF)
    assert f"{data} has no test photos: nothing is measured on held-out" in out
    assert "(labels | objects | output, all looks 0)" in out
    assert np.isnan(read_log(tmp_path / "run")["val_l1"]).all()


def test_pictures_may_take_the_place_of_labels(scenes, tmp_path, capsys):
    data = shutil.copytree(scenes, tmp_path / "data")
    for split in ("train", "test"):
        (data / f"{split}_label").rename(data / f"{split}_A")
        (data / f"{split}_img").rename(data / f"{split}_B")
    options = [*HALF, "--label-nc", "0", "--features", "none", "--no-use-instances",
               "--direction", "BtoA", "--epochs-decay", "0"]
    out = train("--dataset", data, "--run", tmp_path / "run", *options)
    assert "(input | output | photo)" in out
    assert read_config(tmp_path / "run" / "config.json").direction == "BtoA"
    assert main(["train", "pix2pixhd", *options, "--run", str(tmp_path / "other")]) == 1
    assert "label_nc=0 learns from pictures instead" in capsys.readouterr().err
