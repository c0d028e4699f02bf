import math
import shutil

import pytest

from gluon_pix2pix import CycleGAN, RunFolder, read_log
from gluon_pix2pix.failures import ResumeError
from gluon_pix2pix.runs import best_checkpoint, checkpoint_states
from gluon_pix2pix.training import Report


def _report(epoch, iteration):
    losses = {"loss_D": 0.5, "loss_l1": 0.25}
    return Report(epoch, iteration, losses, 12.5, 2e-4, epoch_ends=True)


def test_the_log_can_be_read_back(tiny, tmp_path):
    run = RunFolder(tmp_path / "run", tiny)
    run.log(_report(1, 10))
    run.log(_report(2, 20), val_l1=0.3)
    columns = read_log(tmp_path / "run")
    assert columns["iteration"] == [10, 20] and columns["loss_l1"] == [0.25, 0.25]
    assert math.isnan(columns["val_l1"][0]) and columns["val_l1"][1] == 0.3


def test_only_the_newest_checkpoints_stay(tiny, model, tmp_path):
    run = RunFolder(tmp_path / "run", tiny, keep=2)
    for epoch in (1, 2, 3):
        run.save(model, _report(epoch, epoch))
    kept = sorted(path.name for path in (tmp_path / "run" / "checkpoints").iterdir())
    assert kept == ["epoch_0002", "epoch_0003"]


def test_nothing_is_overwritten_unasked(tiny, tmp_path):
    folder = tmp_path / "run"
    RunFolder(folder, tiny).log(_report(1, 1))
    (folder / "notes.txt").write_text("mine")
    (folder / "samples" / "best.png").write_text("mine too")
    (folder / "samples" / "epoch_0001.png").write_text("of the run")
    with pytest.raises(FileExistsError, match="--overwrite"):
        RunFolder(folder, tiny)
    assert read_log(folder)["epoch"] == [1]
    RunFolder(folder, tiny, overwrite=True)
    assert read_log(folder) == {}
    assert (folder / "notes.txt").read_text() == "mine"
    assert [path.name for path in (folder / "samples").iterdir()] == ["best.png"]


def test_a_run_killed_while_it_began_can_be_overwritten(tiny, tmp_path):
    folder = tmp_path / "run"
    RunFolder(folder, tiny)
    (folder / "log.csv").unlink()
    RunFolder(folder, tiny, overwrite=True)
    assert read_log(folder) == {}


def test_foreign_folders_and_files_are_refused(tiny, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "log.csv").touch()
    with pytest.raises(FileExistsError, match="holds no run"):
        RunFolder(tmp_path / "photos", tiny, overwrite=True)
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError, match="is a file"):
        RunFolder(tmp_path / "file", tiny)
    with pytest.raises(FileNotFoundError, match="no run folder"):
        read_log(tmp_path / "nothing")


def test_the_best_by_validation_stays_beside_the_newest(tiny, model, tmp_path):
    run = RunFolder(tmp_path / "run", tiny, keep=1)
    for epoch, score in enumerate((0.5, 0.2, 0.4, 0.3), 1):
        run.log(_report(epoch, epoch), score)
        run.save(model, _report(epoch, epoch))
    states = checkpoint_states(tmp_path / "run")
    assert [(state.epoch, state.score) for state in states] == [(2, 0.2), (4, 0.3)]
    assert best_checkpoint(tmp_path / "run") == states[0]


def test_a_save_by_hand_is_one_of_an_epochs_end(tiny, model, tmp_path):
    report = Report(1, 3, {"loss_D": 0.5}, 1.0, 2e-4, epoch_ends=False)
    with pytest.raises(ValueError, match="pass the run to fit"):
        RunFolder(tmp_path / "run", tiny).save(model, report)


def test_resuming_begins_where_there_is_nothing_and_keeps_what_there_is(
        tiny, model, tmp_path):
    folder = tmp_path / "run"
    run = RunFolder(folder, tiny, resume=True)
    run.log(_report(1, 1), 0.5)
    run.save(model, _report(1, 1))
    run.log(_report(2, 2))  # beyond the checkpoint: it will come again
    run = RunFolder(folder, tiny, resume=True)
    assert read_log(folder)["iteration"] == [1]
    assert run.score(1) == 0.5 and run.begun
    assert len(checkpoint_states(folder)) == 1


def test_a_run_of_one_model_is_not_taken_up_by_another(tiny, tiny_cycle, model,
                                                       tmp_path, caplog):
    folder = tmp_path / "run"
    RunFolder(folder, tiny).save(model, _report(1, 1))
    with pytest.raises(ResumeError, match=r"saved -> given.: model: pix2pix -> "
                       r"cyclegan\. Train as saved"):
        RunFolder(folder, tiny_cycle, resume=True)
    assert not RunFolder(folder, tiny_cycle, **BOTH).begun
    assert "model: pix2pix -> cyclegan" in caplog.text
    assert checkpoint_states(tmp_path / "run_1")[0].epoch == 1


def test_a_run_of_a_cyclegan_logs_its_own_figures_and_has_no_best(tiny_cycle, tmp_path):
    model, folder = CycleGAN(tiny_cycle), tmp_path / "run"
    run = RunFolder(folder, tiny_cycle, keep=1)
    with pytest.raises(ValueError, match="log.csv has no column for val_l1; it has "
                       "val_cycle_A, val_cycle_B"):
        run.log(_report(1, 1), val_l1=0.5)
    run.log(_report(1, 1), val_cycle_A=0.1, val_cycle_B=0.2)
    for epoch in (1, 2):
        run.save(model, _report(epoch, epoch))
    run.log(_report(2, 2), variety=0.9)
    log = read_log(folder)
    assert log["val_cycle_B"][0] == 0.2 and math.isnan(log["val_cycle_A"][1])
    assert "val_l1" not in log and log["variety"][1] == 0.9
    assert [state.epoch for state in checkpoint_states(folder)] == [2]
    assert best_checkpoint(folder) is None


BOTH = {"resume": True, "overwrite": True}


def _damage(folder):
    """Flip a bit in each checkpoint, which no size tells."""
    for state in checkpoint_states(folder):
        content = bytearray((state.path / "generator.npz").read_bytes())
        content[len(content) // 2] ^= 1
        (state.path / "generator.npz").write_bytes(content)


def test_resume_and_overwrite_goes_on_with_the_unfinished_run(tiny, model, tmp_path):
    """So a notebook's cell can be run again after an interrupt, and on another day."""
    folder = tmp_path / "run"
    RunFolder(folder, tiny, **BOTH).save(model, _report(1, 1))
    assert RunFolder(folder, tiny, **BOTH).begun
    with pytest.raises(ResumeError, match="seed: 0 -> 1"):
        RunFolder(folder, tiny.replace(seed=1), resume=True)
    assert len(checkpoint_states(folder)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize(("reason", "told"), [
    ("finished", "is finished"), ("other", "seed: 0 -> 1"), ("damaged", "is intact")])
def test_resume_and_overwrite_keeps_what_cannot_go_on_under_another_name(
        tiny, model, tmp_path, caplog, reason, told):
    """Days of work must not go because a notebook is run again from the top."""
    folder, config = tmp_path / "run", tiny
    (tmp_path / "run_1").mkdir()  # somebody else's
    run = RunFolder(folder, tiny)
    run.log(_report(1, 1), 0.5)
    run.save(model, _report(1, 1))
    if reason == "finished":  # 1 + 1 epochs
        run.save(model, _report(2, 2))
    elif reason == "other":
        config = tiny.replace(seed=1)
    else:
        _damage(folder)
    (folder / "notes.txt").write_text("mine")
    before = {path.relative_to(folder): path.read_bytes()
              for path in folder.rglob("*") if path.is_file()}
    new = RunFolder(folder, config, **BOTH)
    assert not new.begun and not (folder / "notes.txt").exists()
    kept = tmp_path / "run_2"
    assert before == {path.relative_to(kept): path.read_bytes()
                      for path in kept.rglob("*") if path.is_file()}
    (record,) = [record.getMessage() for record in caplog.records
                 if "It is now" in record.getMessage()]
    assert told in record and f"It is now {kept}, and a new run begins" in record
    new.save(model, _report(1, 1))  # it is locked, counted and written as any other
    assert RunFolder(folder, config, **BOTH).begun
    assert list((tmp_path / "run_1").iterdir()) == []


def test_resume_and_overwrite_keeps_no_run_in_which_nothing_was_trained(
        tiny, model, tmp_path):
    folder = tmp_path / "run"
    start = Report(0, 0, {}, 1.0, 2e-4, epoch_ends=True)
    RunFolder(folder, tiny).save(model, start)
    assert not RunFolder(folder, tiny.replace(seed=1), **BOTH).begun
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_overwrite_alone_replaces_all_that_the_run_has_written(tiny, model, tmp_path):
    folder = tmp_path / "run"
    run = RunFolder(folder, tiny)
    run.save(model, _report(1, 1))
    run.keep_command({"dataset": "x"})
    for name in ("log.csv.damaged", "losses.png", ".command.json.ab12", "features.npz",
                 "styles.npz"):  # which encode-features has written
        (folder / name).touch()
    shutil.copytree(folder / "checkpoints" / "epoch_0001",
                    folder / "checkpoints" / "set_aside_epoch_0002")
    assert not RunFolder(folder, tiny, overwrite=True).begun
    assert sorted(path.name for path in folder.iterdir()) == [
        ".lock", "checkpoints", "config.json", "log.csv", "samples"]
    assert list((folder / "checkpoints").iterdir()) == []


def test_only_the_newest_of_what_is_damaged_is_set_aside(tiny, model, tmp_path, caplog):
    folder = tmp_path / "run"
    run = RunFolder(folder, tiny.replace(epochs=9), keep=5)
    for epoch in (1, 2, 3):
        run.save(model, _report(epoch, epoch))
    for epoch in (2, 3):
        (folder / "checkpoints" / f"epoch_000{epoch}" / "pools.npz").write_bytes(b"")
    (folder / "checkpoints" / "set_aside_epoch_0007").mkdir()
    (folder / "checkpoints" / ".set_aside_epoch_0006.removed").mkdir()
    RunFolder(folder, tiny.replace(epochs=9), resume=True)
    assert sorted(path.name for path in (folder / "checkpoints").iterdir()) == [
        "epoch_0001", "set_aside_epoch_0003"]
    assert "epoch_0002 is removed" in caplog.text
    assert "is set aside as set_aside_epoch_0003" in caplog.text


def test_a_run_killed_at_its_very_first_write_can_begin_again(tiny, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".config.json.x1y2").write_text("{")
    RunFolder(tmp_path / "run", tiny)
    assert not list((tmp_path / "run").glob(".config*"))
