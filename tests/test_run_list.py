import json
import os

import pytest

from gluon_pix2pix import save_checkpoint
from gluon_pix2pix.cli import main
from gluon_pix2pix.locking import only_one
from gluon_pix2pix.run_list import find_runs, is_running, look_at, size_on_disk

HEAD = ("epoch,iteration,loss_D,accuracy_D,loss_G,loss_gan,loss_l1,learning_rate,"
        "images_per_second,val_l1\n")
ROWS = ["1,6,0.7,0.5,40,0.7,0.4,0.0002,10.0,0.31\n",
        "2,10,0.6,0.6,38,0.8,0.38,0.0002,11.0,\n",
        "2,12,0.5,0.7,36,0.9,0.36,0.0002,12.0,0.33\n"]


@pytest.fixture
def make_run(tmp_path, tiny, model):
    """Make a run of 1 + 1 epochs with so many rows of the log and checkpoints."""

    def make(name, rows=3, checkpoints=(1, 2), config=tiny):
        folder = tmp_path / name
        (folder / "checkpoints").mkdir(parents=True)
        (folder / "samples").mkdir()
        (folder / "config.json").write_text(config.to_json())
        (folder / "log.csv").write_text(HEAD * bool(rows) + "".join(ROWS[:rows]))
        for epoch in checkpoints:
            save_checkpoint(folder / "checkpoints" / f"epoch_{epoch:04d}", model,
                            epoch=epoch, batches=0, iteration=6 * epoch, score=None,
                            data={"name": "red_to_blue", "pictures": 12})
        return folder

    return make


def test_a_finished_run_is_told_completely(make_run):
    folder = make_run("one")
    (info,) = find_runs(folder.parent)
    assert (info.folder, info.state, info.problems) == (folder, "finished", [])
    assert (info.model, info.data) == ("pix2pix", "red_to_blue")
    assert (info.epoch, info.epochs, info.iteration) == (2, 2, 12)
    assert info.last["loss_l1"] == 0.36 and info.last["val_l1"] == 0.33
    assert info.best == {"val_l1": 0.31, "epoch": 1}
    assert info.bytes == sum(path.stat().st_size for path in folder.rglob("*")
                             if path.is_file())


def test_runs_are_listed_in_natural_order_and_one_run_by_itself(make_run):
    for name in ("run_10", "run_9"):
        make_run(name, checkpoints=())
    folder = make_run("run_1", checkpoints=())
    (folder.parent / "notes.txt").write_text("a file is no run")
    (folder.parent / ".hidden").mkdir()
    assert [info.folder.name for info in find_runs(folder.parent)] == \
        ["run_1", "run_9", "run_10"]
    assert [info.folder for info in find_runs(folder)] == [folder]


def test_a_training_of_an_experiment_is_finished_once_it_is_scored(make_run):
    folder = make_run("seed_0", rows=1, checkpoints=())
    for text, state in (('{"scores": null}', "interrupted"),
                        ('{"scores": {"l1": 0.3}}', "finished")):
        (folder / "result.json").write_text(text)
        info = look_at(folder)
        assert (info.state, info.problems) == (state, [])
    (folder / "result.json").write_text("{")
    assert "result.json is damaged" in look_at(folder).problems[0]


def test_a_folder_of_experiments_is_told_from_a_damaged_run(tmp_path):
    place = tmp_path / "what_matters"
    (place / "losses").mkdir(parents=True)
    (place / "losses/comparison.json").write_text("{}")
    (info,) = find_runs(tmp_path)
    assert info.state == "no run"
    assert info.problems == [f"{place} holds experiments; their tables are results.csv "
                             f"in {place / 'losses'}."]


def test_progress_is_that_of_the_checkpoints_and_the_log(make_run):
    half = look_at(make_run("half", rows=2, checkpoints=(1,)))
    assert (half.state, half.epoch, half.iteration) == ("interrupted", 1, 10)
    # Checkpoints may be rarer than epochs.
    rare = make_run("rare", rows=2, checkpoints=())
    (rare / "command.json").write_text('{"dataset": "data/my_pairs"}')
    rare = look_at(rare)
    assert rare.data == "my_pairs"
    assert (rare.state, rare.epoch, rare.iteration) == ("interrupted", 1, 10)
    new = look_at(make_run("new", rows=0, checkpoints=()))
    assert (new.state, new.epoch, new.last, new.best) == ("not begun", 0, {}, {})


def test_a_run_that_somebody_trains_in_is_running(make_run):
    folder = make_run("now", rows=1, checkpoints=())
    assert not is_running(folder)
    assert not (folder / ".lock").exists()  # looking leaves nothing behind
    with only_one(folder / ".lock"):
        assert look_at(folder).state == "running"
    assert look_at(folder).state == "interrupted"


def test_runs_of_later_models_are_listed_too(make_run, tiny):
    folder = make_run("cycle", checkpoints=())
    fields = {**json.loads(tiny.to_json()), "model": "cyclegan", "lambda_cycle": 10}
    (folder / "config.json").write_text(json.dumps(fields))
    info = look_at(folder)
    assert (info.model, info.epochs, info.problems) == ("cyclegan", 2, [])


def test_damage_is_named_and_the_rest_is_told(make_run):
    folder = make_run("hurt")
    newest = folder / "checkpoints" / "epoch_0002"
    (newest / "generator.npz").write_bytes(b"short")
    info = look_at(folder)
    (problem,) = info.problems
    assert str(newest) in problem and "generator.npz" in problem
    assert (info.state, info.epoch, info.data) == ("interrupted", 1, "red_to_blue")

    (newest / "state.json").write_text("{")
    assert str(newest) in look_at(folder).problems[0]
    (folder / "log.csv").write_text(HEAD + "1,6,zero,0.5,40,0.7,0.4,0.0002,10.0,\n")
    info = look_at(folder)
    assert str(folder / "log.csv") in info.problems[0] and "zero" in info.problems[0]
    assert (info.last, info.epoch) == ({}, 1)


@pytest.mark.parametrize("text", [
    "", "{", "[]", '{"epochs": 3}', '{"model": "pix2pix"}',
    '{"model": "x", "epochs": "a", "epochs_decay": 1}'])
def test_an_unreadable_configuration_is_damage_in_a_run(make_run, text):
    folder = make_run("hurt", checkpoints=())
    (folder / "config.json").write_text(text)
    info = look_at(folder)
    assert info.state == "damaged" and "config.json" in info.problems[0]


def nested():
    return 100_000 * "[" + 100_000 * "]"


WEIRD = {
    "infinite": ("config.json",
                 '{"model": "x", "epochs": Infinity, "epochs_decay": 1}'),
    "negative": ("config.json", '{"model": "x", "epochs": -9, "epochs_decay": 1}'),
    "text": ("config.json", '{"model": "x", "epochs": "a", "epochs_decay": "b"}'),
    "model": ("config.json", '{"model": [], "epochs": 1, "epochs_decay": 1}'),
    "deep": ("config.json", nested()),
    "deep in it": ("config.json", f'{{"model": {nested()}}}'),
    "long": ("log.csv", "epoch,iteration,loss\n1,3," + 200_000 * "1" + "\n"),
    "endless": ("log.csv", "epoch,iteration,loss\n1," + 4000 * "9" + ",1\n"),
    "bytes": ("log.csv", "epoch,iteration\0\n1,\0,3\n"),
    "columns": ("log.csv", "a,b\n1,2\n"),
    "command": ("command.json", "[]"),
    "deep command": ("command.json", nested()),
    "state": ("checkpoints/epoch_0001/state.json", nested()),
    "no state": ("checkpoints/epoch_0001/state.json", '{"format": 2}'),
}


@pytest.mark.parametrize(("name", "text"), WEIRD.values(), ids=WEIRD)
def test_whatever_a_folder_holds_the_others_are_listed(make_run, name, text, capsys):
    folder = make_run("hurt", checkpoints=(1,))
    make_run("well")
    (folder / name).write_text(text)
    hurt, well = find_runs(folder.parent)
    assert well.state == "finished" and well.problems == []
    assert str(folder) in hurt.problems[0]
    assert main(["runs", str(folder.parent)]) == 0
    assert str(folder) in capsys.readouterr().out
    assert main(["runs", str(folder.parent), "--json"]) == 0
    json.loads(capsys.readouterr().out)


def test_a_checkpoint_that_was_set_aside_is_told(make_run):
    folder = make_run("one")
    (folder / "checkpoints" / "set_aside_epoch_0009").mkdir()
    (problem,) = look_at(folder).problems
    assert "set_aside_epoch_0009 was damaged or left behind" in problem


def test_a_run_without_configuration_is_damaged(make_run):
    folder = make_run("hurt", checkpoints=())
    (folder / "config.json").unlink()
    info = look_at(folder)
    assert info.state == "damaged" and "no config.json" in info.problems[0]


def test_foreign_folders_are_no_runs(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "config.json").write_text('{"port": 80}')
    (tmp_path / "binary").mkdir()
    (tmp_path / "binary" / "config.json").write_bytes(b"\xff\xfe\x00")
    for info in find_runs(tmp_path):
        assert info.state == "no run" and str(info.folder) in info.problems[0]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads all")
def test_a_folder_that_may_not_be_read_is_named(make_run):
    folder = make_run("secret", checkpoints=())
    (folder / "config.json").chmod(0)
    assert "cannot be read" in look_at(folder).problems[0]


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        find_runs(tmp_path / "nowhere")


def test_a_file_under_two_names_counts_once(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    os.link(tmp_path / "a", tmp_path / "b")
    assert size_on_disk(tmp_path) == 5
