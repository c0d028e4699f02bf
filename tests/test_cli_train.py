import json
import shutil
import sys
from pathlib import Path

import pytest
from PIL import Image

from gluon_pix2pix import Pix2PixConfig, read_log
from gluon_pix2pix.cli import main
from gluon_pix2pix.runs import RunFolder, checkpoint_states

SMALL = ["--size", "32", "--ngf", "4", "--ndf", "4", "--n-layers", "1",
         "--batch-size", "4", "--epochs", "1", "--epochs-decay", "0"]


@pytest.fixture
def command(pairs, tmp_path):
    return ["train", "--dataset", str(pairs), "--run", str(tmp_path / "run")]


def test_a_run_that_is_there_offers_to_go_on_or_begin_anew(command, capsys):
    assert main([*command, *SMALL]) == 0
    assert main([*command, *SMALL]) == 1
    error = capsys.readouterr().err
    assert "--resume" in error and "--overwrite" in error


def test_going_on_takes_everything_from_the_run(command, tmp_path, capsys, pairs):
    assert main([*command, *SMALL, "--profile", "smoke"]) == 0
    capsys.readouterr()
    resume = ["train", "--run", str(tmp_path / "run"), "--resume"]
    assert main([*resume, "--epochs", "2"]) == 0
    text = capsys.readouterr().out
    assert str(pairs) in text and "going on after step 3" in text
    assert read_log(tmp_path / "run")["iteration"] == [3, 6]
    config = Pix2PixConfig.from_json(tmp_path / "run" / "config.json")
    assert (config.size, config.epochs) == (32, 2)
    assert json.loads((tmp_path / "run" / "command.json").read_text()) == {
        "dataset": str(pairs), "root": str(Path("data").absolute()),
        "profile": "smoke", "unreadable": "stop", "save_every": 1}
    before = (tmp_path / "run" / "log.csv").read_text()
    assert main(resume) == 0  # it is finished already
    assert (tmp_path / "run" / "log.csv").read_text() == before


def test_going_on_works_from_another_folder_with_the_same_options(
        tmp_path, capsys, monkeypatch, pairs):
    """Data by a relative path or by its name in --root, and how it was trained."""
    shutil.copytree(pairs, tmp_path / "mine" / "pairs")
    (tmp_path / "elsewhere").mkdir()
    for dataset in ("mine/pairs", "pairs"):
        monkeypatch.chdir(tmp_path)
        run = str(tmp_path / f"run_{dataset[:4]}")
        assert main(["train", "--dataset", dataset, "--root", "mine", "--run", run,
                     *SMALL, "--epochs", "2", "--save-every", "2", "--unreadable",
                     "skip"]) == 0
        (tmp_path / "mine" / "pairs" / "train" / "3.png").write_bytes(b"no picture")
        monkeypatch.chdir(tmp_path / "elsewhere")
        command = ["train", "--run", run, "--resume"]
        assert main([*command, "--epochs", "6", "--unreadable", "stop"]) == 1
        assert "3.png cannot be read" in capsys.readouterr().err
        assert main([*command, "--epochs", "6"]) == 0
        shutil.copy(pairs / "train" / "3.png", tmp_path / "mine" / "pairs" / "train")
        epochs = [state.epoch for state in checkpoint_states(run)]
        assert epochs[-2:] == [4, 6]
        assert main([*command, "--epochs", "7", "--save-every", "1"]) == 0
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_damaged_command_is_named(command, tmp_path, capsys):
    assert main([*command, *SMALL]) == 0
    path = tmp_path / "run" / "command.json"
    path.write_text('{"save_every": 0}')
    assert main(["train", "--run", str(tmp_path / "run"), "--resume"]) == 1
    assert f"{path} is damaged (impossible are save_every)" in capsys.readouterr().err


def test_an_error_is_saved_before_anybody_sees_it(command, tmp_path, monkeypatch):
    """With PIX2PIX_DEBUG the traceback keeps all frames, and the generator in them."""
    log, calls = RunFolder.log, []

    def fails(*args, **measured):
        calls.append(1)
        if len(calls) == 2:
            raise ValueError("no figures")
        log(*args, **measured)

    monkeypatch.setattr(RunFolder, "log", fails)
    monkeypatch.setenv("PIX2PIX_DEBUG", "1")
    with pytest.raises(ValueError, match="no figures") as seen:
        main([*command, *SMALL, "--epochs", "3"])
    assert checkpoint_states(tmp_path / "run")[-1].iteration == 6
    monkeypatch.undo()
    assert main([*command, "--resume"]) == 0  # and nobody holds the lock
    assert read_log(tmp_path / "run")["iteration"] == [3, 6, 9]
    del seen


def test_a_finished_run_without_its_log_is_no_error(command, tmp_path, capsys, caplog):
    assert main([*command, *SMALL]) == 0
    (tmp_path / "run" / "log.csv").unlink()
    (tmp_path / "run" / "losses.png").unlink()
    assert main([*command, "--resume"]) == 0
    assert "log.csv is gone" in caplog.text
    assert not (tmp_path / "run" / "losses.png").exists()
    assert "contact_sheet.png" in capsys.readouterr().out


def test_the_command_survives_a_folder_that_is_deleted(command, tmp_path, monkeypatch,
                                                       capsys):
    log, run = RunFolder.log, tmp_path / "run"

    def delete(*args, **measured):
        log(*args, **measured)
        if not list(tmp_path.glob("gone")):
            run.rename(tmp_path / "gone")

    monkeypatch.setattr(RunFolder, "log", delete)
    assert main([*command, *SMALL, "--epochs", "2"]) == 1
    assert "was deleted or replaced" in capsys.readouterr().err
    assert (run / "command.json").read_text() == (
        tmp_path / "gone" / "command.json").read_text()
    assert main(["train", "--run", str(run), "--resume"]) == 0
    assert read_log(run)["iteration"] == [3, 6]


@pytest.mark.parametrize(("options", "message"), [
    (["--ngf", "8", "--lr", "0.1"], "ngf: 4 -> 8, lr: 0.0002 -> 0.1"),
    (["--profile", "full"], "begun with --profile smoke, not full"),
    (["--direction", "BtoA"], "direction: AtoB -> BtoA"),
])
def test_contradictions_are_refused_with_the_differences(command, capsys, options,
                                                         message, tmp_path):
    assert main([*command, *SMALL, "--profile", "smoke"]) == 0
    before = (tmp_path / "run" / "config.json").read_text()
    assert main([*command, "--resume", *options]) == 1
    assert message in capsys.readouterr().err
    assert (tmp_path / "run" / "config.json").read_text() == before


def test_a_recipe_is_taken_up_again_with_the_run(pairs, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ["train", "pix2pix", "--dataset", str(pairs), "--recipe", "gluon"]
    assert main([*command, *SMALL]) == 0
    run = tmp_path / "runs" / "pairs_gluon"
    config = Pix2PixConfig.from_json(run / "config.json")
    assert (config.pool_size, config.mirror, config.batch_size) == (50, False, 4)
    assert main([*command, "--resume"]) == 0
    assert main(["train", "--run", str(run), "--resume"]) == 0
    capsys.readouterr()
    assert main(["train", "--run", str(run), "--resume", "--recipe", "paper"]) == 1
    assert "begun with --recipe gluon, not paper" in capsys.readouterr().err
    assert main(["train", "--resume", "--run", str(tmp_path / "x"), "--recipe",
                 "gluon"]) == 1
    assert "holds no run to resume" in capsys.readouterr().err


def test_warnings_stand_above_the_bar(command, tmp_path, capfd, monkeypatch):
    """Not behind it, in its line."""
    assert main([*command, *SMALL]) == 0
    capfd.readouterr()
    monkeypatch.setenv("OMP_NUM_THREADS", "77")
    monkeypatch.delenv("MXNET_OMP_MAX_THREADS", raising=False)
    assert main([*command, "--resume", "--epochs", "2"]) == 0
    err = capfd.readouterr().err
    (line,) = [line for line in err.replace("\r", "\n").splitlines()
               if "not to the bit" in line]
    assert line.strip().startswith("The training goes on, but not to the bit")
    assert line.rstrip().endswith("77.")


def test_there_must_be_something_to_go_on_with(command, capsys, tmp_path):
    assert main([*command, "--resume"]) == 1
    assert "holds no run to resume" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    with pytest.raises(SystemExit):
        main([*command, "--resume", "--overwrite"])


def test_a_picture_that_cannot_be_read_stops_or_is_skipped(tmp_path, capsys, caplog):
    for split in ("train", "val"):
        (tmp_path / "data" / split).mkdir(parents=True)
        for number in range(1, 5):
            Image.new("RGB", (64, 32)).save(tmp_path / "data" / split / f"{number}.png")
    (tmp_path / "data" / "train" / "3.png").write_bytes(b"no picture")
    command = ["train", "--dataset", str(tmp_path / "data"), "--run",
               str(tmp_path / "run"), *SMALL]
    assert main([*command, "--batch-size", "1"]) == 1
    assert "3.png cannot be read" in capsys.readouterr().err
    assert main([*command, "--batch-size", "1", "--resume", "--unreadable",
                 "skip"]) == 0
    assert "3.png cannot be read" in caplog.text
    assert "1 of 4 items could not be read in epoch 1" in caplog.text
    assert read_log(tmp_path / "run")["iteration"] == [4]


def test_checkpoints_come_every_so_many_epochs_and_at_the_end(command, tmp_path):
    assert main([*command, *SMALL, "--epochs", "5", "--save-every", "3"]) == 0
    epochs = [state.epoch for state in checkpoint_states(tmp_path / "run")]
    assert epochs[-2:] == [3, 5]


# A generator that is judged by D alone, with a rate that ruins it, paints one picture.
COLLAPSE = ["--lambda-l1", "0", "--lr", "0.05", "--epochs", "2", "--warn-window", "4",
            "--warn-variety", "1"]


def test_what_a_training_suffers_from_is_said_and_written_down(command, capsys,
                                                               tmp_path):
    assert main([*command, *SMALL, *COLLAPSE]) == 0
    said = capsys.readouterr().out
    assert "step 6: The generator returns nearly one picture" in said
    log = (tmp_path / "run" / "log.csv").read_text()
    assert log.count("nearly one picture") == 1
    assert len(read_log(tmp_path / "run")["variety"]) == 2
    assert main([*command, "--resume", "--epochs", "3"]) == 0
    assert "nearly one picture" not in capsys.readouterr().out  # it was said before


def test_tensorboard_shows_what_the_log_holds(command, tmp_path):
    loading = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator")
    assert main([*command, *SMALL, "--tensorboard"]) == 0
    board = loading.EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    (event,) = board.Scalars("training/loss_G")
    log = read_log(tmp_path / "run")
    assert (event.step, event.value) == (3, pytest.approx(log["loss_G"][0], rel=1e-4))
    assert len(board.Images("samples")) == 1


def test_without_the_extra_tensorboard_is_refused_early(command, capsys, tmp_path,
                                                        monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto", None)
    assert main([*command, *SMALL, "--tensorboard"]) == 1
    assert ".[tensorboard]" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
