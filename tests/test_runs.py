import math

import pytest

from gluon_pix2pix import RunFolder, read_log
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
