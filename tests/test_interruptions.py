"""Every way in which a training can be broken off, and that nothing is lost by it."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from mxnet import nd
from PIL import Image
from training_processes import MODELS, Nursery

import gluon_pix2pix as g2p
from gluon_pix2pix import durable
from gluon_pix2pix.checkpoint_files import verify
from gluon_pix2pix.configs import read_config
from gluon_pix2pix.failures import (
    DivergedError,
    Interrupted,
    ResumeError,
    RunInUseError,
    RunLostError,
    SaveError,
)
from gluon_pix2pix.models import MODELS as TRAINED
from gluon_pix2pix.run_checkpoints import newest_intact
from gluon_pix2pix.runs import checkpoint_states


@pytest.fixture(scope="module")
def nursery():
    nursery = Nursery()
    yield nursery
    nursery.close()


def contents(run):
    """All that a finished run came to: the arrays of its last checkpoint, its log."""
    last = checkpoint_states(run)[-1]
    arrays = {}
    for path in last.path.glob("*.npz"):
        with np.load(path) as file:
            arrays.update({f"{path.name}/{name}": file[name] for name in file.files})
    rows = [line.split(",") for line in (run / "log.csv").read_text().splitlines()]
    speed = rows[0].index("images_per_second")
    return arrays, [row[:speed] + row[speed + 1:] for row in rows], last


def assert_same(run, other):
    (arrays, log, last), (expected, wanted, end) = contents(run), contents(other)
    assert (last.epoch, last.iteration) == (end.epoch, end.iteration)
    assert log == wanted
    assert arrays.keys() == expected.keys()
    different = [name for name in arrays if (arrays[name] != expected[name]).any()]
    assert not different
    # Networks, optimisers and pools have all been compared.
    config = read_config(run / "config.json")
    assert {name.split("/")[0] for name in arrays} == {"pools.npz", *(
        f"{of}{name}.npz" for name in TRAINED[config.model].networks(config)
        for of in ("", "optimizer_"))}


@pytest.fixture(scope="module", params=MODELS)
def unbroken(request, nursery, pairs, domains, scenes, tmp_path_factory):
    """A run that nobody disturbed, what began it, and how long it took."""
    folder = tmp_path_factory.mktemp("unbroken") / request.param
    data = {"pix2pix": pairs, "cyclegan": domains, "pix2pixhd": scenes}
    arguments = {"data": str(data[request.param]), "model": request.param}
    born = nursery.run("train", folder=str(folder), **arguments)
    assert born["status"] == 0, born["text"]
    return folder, arguments, born["seconds"]


def test_killed_at_20_random_moments_it_ends_as_if_nothing_had_been(
        nursery, unbroken, tmp_path):
    """SIGKILL after random times: while it begins, trains, saves, or takes up again."""
    expected, arguments, seconds = unbroken
    rng, kills, runs = random.Random(5), 0, 0
    while kills < 20:
        runs += 1
        folder = tmp_path / f"run{runs}"
        while True:
            moment = rng.uniform(0, seconds) if kills < 20 else None
            end = nursery.run("train", folder=str(folder), kill_after=moment,
                              **arguments)
            if end["status"] == 0:
                break
            assert end["status"] == -signal.SIGKILL, end["text"]
            kills += 1
        assert_same(folder, expected)


@pytest.mark.parametrize("unbroken", ["pix2pix"], indirect=True)
def test_killed_at_every_moment_of_saving_it_ends_as_if_nothing_had_been(
        nursery, unbroken, tmp_path):
    """SIGKILL just before a call that makes something last: flush, rename, remove.

    In each run the first process is killed at one of its first such calls, the next one
    three calls later in its own life, and so on until one lives to the end. So all
    stages of opening, saving, replacing and removing are met.
    """
    expected, arguments, _ = unbroken
    for first in (1, 2, 3):
        folder, call = tmp_path / f"run{first}", first
        while True:
            end = nursery.run("train", folder=str(folder), kill_at_call=call,
                              **arguments)
            if end["status"] == 0:
                break
            assert end["status"] == -signal.SIGKILL, end["text"]
            call += 3
        assert call > 12
        assert_same(folder, expected)


# Ctrl-C, break, errors ------------------------------------------------------------


@pytest.fixture
def config(tiny):
    return tiny.replace(epochs=2, epochs_decay=1, batch_size=3, pool_size=3)


class Trial:
    """A training of 3 epochs of 4 steps that can be repeated in one folder."""

    def __init__(self, folder, pairs, config):
        self.folder, self.pairs, self.config = folder, pairs, config
        self.model = g2p.Pix2Pix(config)

    def train(self, on_report=None, **options):
        run = g2p.RunFolder(self.folder, self.config, resume=True)
        loader = g2p.Loader(g2p.PairedImages(self.pairs, "train", self.config))
        for report in g2p.fit(self.model, loader, report_every=3, run=run,
                              resume="auto", **options):
            if on_report:
                on_report(report)
            run.log(report)
        return self

    def states(self):
        return [(s.epoch, s.batches, s.iteration) for s in
                checkpoint_states(self.folder)]


@pytest.fixture
def trial(tmp_path, pairs, config):
    return Trial(tmp_path / "run", pairs, config)


@pytest.fixture
def whole(tmp_path, pairs, config):
    return Trial(tmp_path / "whole", pairs, config).train().folder


def at_step(model, number, act):
    """Let something happen in the middle of a step, once."""
    step, steps = model.step, []

    def disturbed(*batch):
        losses = step(*batch)
        steps.append(1)
        if len(steps) == number:
            act()
        return losses

    model.step = disturbed


def at_iteration(number, act):
    done = []

    def on_report(report):
        if report.iteration == number and not done:
            done.append(1)
            act()
    return on_report


def raises(error):
    def act():
        raise error
    return act


@pytest.mark.parametrize("step", [1, 3, 4, 12])
def test_ctrl_c_ends_after_the_step_with_everything_saved(trial, whole, step):
    """In a window of reports, at its end, at an epoch's end, in the last step."""
    at_step(trial.model, step, lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(Interrupted, match=f"after step {step}.*resume='auto'") as stop:
        trial.train()
    assert trial.states()[-1][2] == step
    assert stop.value.checkpoint == checkpoint_states(trial.folder)[-1].path
    assert isinstance(stop.value, KeyboardInterrupt)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    trial.train()  # with the model that is in memory
    assert_same(trial.folder, whole)


@pytest.mark.parametrize("step", [2, 6, 8, 12])
def test_after_ctrl_c_a_new_process_goes_on_as_well(trial, whole, pairs, config, step):
    at_step(trial.model, step, lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(Interrupted):
        trial.train()
    Trial(trial.folder, pairs, config).train()
    assert_same(trial.folder, whole)


def test_a_second_ctrl_c_acts_at_once_and_loses_only_the_steps(trial, whole):
    def twice():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    at_step(trial.model, 7, twice)
    with pytest.raises(KeyboardInterrupt) as stop:
        trial.train()
    assert not isinstance(stop.value, Interrupted)
    assert trial.states()[-1] == (1, 0, 4)
    trial.train()
    assert_same(trial.folder, whole)


def test_ctrl_c_while_it_saves_lets_the_save_finish(trial, whole, monkeypatch):
    rename = os.rename

    def interrupted(source, target):
        if str(target).endswith("epoch_0001"):
            signal.raise_signal(signal.SIGINT)
        rename(source, target)

    monkeypatch.setattr(os, "rename", interrupted)
    with pytest.raises(Interrupted, match="after step 4"):
        trial.train()
    monkeypatch.undo()
    assert trial.states()[-1] == (1, 0, 4)
    assert_same(trial.train().folder, whole)


@pytest.mark.parametrize("iteration", [3, 4, 12])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_what_breaks_the_loops_body_loses_nothing(trial, whole, iteration, error,
                                                  caplog):
    with pytest.raises(error):
        trial.train(at_iteration(iteration, raises(error)))
    assert f"Left after step {iteration}" in caplog.text
    assert trial.states()[-1][2] == iteration
    assert_same(trial.train().folder, whole)


def test_break_saves_and_the_report_does_not_come_again(trial, whole, pairs):
    run = g2p.RunFolder(trial.folder, trial.config)
    loader = g2p.Loader(g2p.PairedImages(pairs, "train", trial.config))
    for report in g2p.fit(trial.model, loader, report_every=3, run=run):
        run.log(report)
        if report.iteration == 4:
            break
    assert trial.states()[-1] == (1, 0, 4)  # logged, so the epoch is done
    seen = []
    trial.train(lambda report: seen.append(report.iteration))
    assert seen == [7, 8, 11, 12]
    assert_same(trial.folder, whole)


def test_a_report_that_was_not_logged_comes_again(trial):
    with pytest.raises(ZeroDivisionError):
        trial.train(at_iteration(4, raises(ZeroDivisionError)))
    assert trial.states()[-1] == (0, 4, 4)
    seen = []
    trial.train(lambda report: seen.append(report.iteration))
    assert seen == [4, 7, 8, 11, 12]
    assert trial.states()[-1] == (3, 0, 12)


def test_without_a_run_folder_ctrl_c_says_that_nothing_is_saved(tiny, pairs):
    model = g2p.Pix2Pix(tiny)
    at_step(model, 2, lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(Interrupted, match="step 2. Nothing was saved"):
        list(g2p.fit(model, g2p.Loader(g2p.PairedImages(pairs, "train", tiny))))


CELL = """
run = g2p.RunFolder({folder!r}, config, resume=True, overwrite=True)
for report in g2p.fit(model, loader, report_every=2, run=run, resume="auto"):
    run.log(report)
"""


def test_jupyters_stop_button_and_the_same_cell_once_more(pairs, tmp_path):
    from jupyter_client import KernelManager
    from jupyter_client.kernelspec import KernelSpec

    def execute(code, interrupt=False):
        told = []

        def output(message):
            told.append(message["content"].get("text", ""))
            if interrupt and "running" in told[-1]:
                manager.interrupt_kernel()

        reply = client.execute_interactive(code, timeout=60, output_hook=output)
        return reply["content"], "".join(told)

    manager = KernelManager()
    manager._kernel_spec = KernelSpec(argv=[
        sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"])
    manager.start_kernel(cwd=str(Path(__file__).parents[1]))
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=60)
        execute(f"""
import itertools, time
import gluon_pix2pix as g2p
config = g2p.Pix2PixConfig(size=32, ngf=16, ndf=16, n_layers=1, epochs=2,
                           epochs_decay=0)
loader = g2p.Loader(g2p.PairedImages({str(pairs)!r}, "train", config))
model = g2p.Pix2Pix(config)
step, steps = model.step, itertools.count(1)

def slow(*batch):
    if next(steps) == 3:
        print("running", flush=True)
        time.sleep(2)  # the button is pressed meanwhile
    return step(*batch)

model.step = slow
""")
        cell = CELL.format(folder=str(tmp_path / "run"))
        reply, _ = execute(cell, interrupt=True)
        assert reply["ename"] == "Interrupted", reply
        assert "The training is saved as" in reply["evalue"]
        reached = checkpoint_states(tmp_path / "run")[-1].iteration
        assert reached == 3
        reply, told = execute("model.step = step\n" + cell)
        assert reply["status"] == "ok" and "running" not in told, reply
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert g2p.read_log(tmp_path / "run")["iteration"] == list(range(2, 25, 2))


SMALL = ["--size", "32", "--ngf", "16", "--ndf", "16", "--n-layers", "1",
         "--batch-size", "4", "--epochs", "1", "--epochs-decay", "1"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_command_says_how_to_go_on_and_does(nursery, pairs, tmp_path, number):
    command = ["train", "--dataset", str(pairs), "--run", str(tmp_path / "run")]
    end = nursery.run("command_line", arguments=[*command, *SMALL], signal_at_step=2,
                      number=number)
    assert end["status"] == 130
    told, last = end["text"].strip().splitlines()[-2:]
    assert told.startswith("Interrupted after step 2. The training is saved as")
    assert last.endswith(f"train --run {tmp_path / 'run'} --resume")
    assert "Traceback" not in end["text"]
    again = nursery.run("command_line", arguments=[*command, "--resume"])
    assert again["status"] == 0, again["text"]
    assert "going on after step 2" in again["text"]
    assert g2p.read_log(tmp_path / "run")["iteration"] == [3, 6]


# The disk -------------------------------------------------------------------------


def test_a_full_disk_is_told_and_costs_nothing(trial, monkeypatch):
    """ENOSPC at each of the writes of a save, one after the other."""
    trial.train()
    finished = sorted(trial.folder.rglob("*"))
    for write in range(12):
        left = [write]

        def full(function, left=left):
            def call(*args, **options):
                left[0] -= 1
                if left[0] < 0:
                    raise OSError(errno.ENOSPC, "No space left on device")
                return function(*args, **options)
            return call

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full(os.fsync))
            try:
                g2p.save_checkpoint(trial.folder / "checkpoints" / "epoch_0003",
                                    trial.model, iteration=-1)
            except SaveError as error:
                message = str(error)
                assert "epoch_0003 cannot be written (No space left on device)" \
                    in message and "MB are free; make room" in message
            else:
                break
        # The old one is there, whole, and nothing else; only when nothing but the
        # folder's own flush has failed, it is the new one.
        found = verify(trial.folder / "checkpoints" / "epoch_0003")["iteration"]
        assert found == 12 if write < 8 else found in (12, -1)
        assert sorted(trial.folder.rglob("*")) == finished
    assert write > 8  # each file, the folder, and then it could be written


def test_a_training_on_a_full_disk_goes_on_when_there_is_room(trial, whole,
                                                              monkeypatch):
    savez, calls = np.savez, []

    def full(*args, **arrays):
        calls.append(1)
        if len(calls) > 7:  # the first checkpoint is five files
            raise OSError(errno.ENOSPC, "No space left on device")
        savez(*args, **arrays)

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(SaveError, match="epoch_0001 cannot be written .No space left"):
        trial.train()
    assert trial.states() == [(0, 0, 0)]
    monkeypatch.undo()
    assert_same(trial.train().folder, whole)


def test_a_full_disk_leaves_no_half_row_in_the_log(trial, whole, monkeypatch):
    run = g2p.RunFolder(trial.folder, trial.config)
    before = "a,b\n"
    run.run_log.path.write_text(before)

    class Full:
        """A file that takes half of what it should."""

        def __init__(self, *args, **options):
            self.file = open(*args, **options)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.file.close()

        def write(self, text):
            self.file.write(text[:7])
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("gluon_pix2pix.run_log.open", Full, raising=False)
    report = g2p.training.Report(1, 3, {"loss": 0.5}, 1.0, 2e-4, False)
    with pytest.raises(SaveError, match=r"log\.csv cannot be written"):
        run.log(report)
    assert run.run_log.path.read_text() == before


@pytest.fixture
def closed_folder():
    """A folder that one may look into only; root becomes somebody else for a while."""
    with tempfile.TemporaryDirectory() as parent:
        closed = Path(parent) / "closed"
        closed.mkdir()
        os.chmod(parent, 0o755)
        closed.chmod(0o555)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        yield closed
        if root:
            os.seteuid(0)
        closed.chmod(0o755)


def test_a_folder_that_may_not_be_written_to_is_named_at_once(closed_folder, tiny):
    with pytest.raises(SaveError, match="mine cannot be written .Permission denied.: "
                       "make the folder writable, or name another"):
        g2p.RunFolder(closed_folder / "mine", tiny)


def test_a_folder_that_turns_read_only_is_told_and_costs_nothing(
        trial, whole, monkeypatch):
    flush_folder = durable.flush_folder

    def closed(folder):
        if folder.name.startswith(".epoch_0001."):
            raise OSError(errno.EROFS, "Read-only file system")
        flush_folder(folder)

    monkeypatch.setattr(durable, "flush_folder", closed)
    with pytest.raises(SaveError, match="epoch_0001 cannot be written .Read-only"):
        trial.train()
    assert trial.states() == [(0, 0, 0)]
    monkeypatch.undo()
    assert_same(trial.train().folder, whole)


def test_a_log_that_is_deleted_meanwhile_is_written_anew(trial, whole, caplog):
    at_step(trial.model, 7, lambda: (trial.folder / "log.csv").unlink())
    assert_same(trial.train().folder, whole)
    assert "log.csv was deleted, and is written anew" in caplog.text


@pytest.mark.parametrize("damage", [
    Path.unlink, lambda path: path.write_bytes(b"\xff\xfe"),
    lambda path: path.write_text("epoch,iteration\n1,x\n")])
def test_a_training_goes_on_without_its_log(broken_off, damage, caplog):
    damage(broken_off.folder / "log.csv")
    broken_off.train()
    assert str(broken_off.folder / "log.csv") in caplog.text
    assert "are missing in the new one" in caplog.text
    assert g2p.read_log(broken_off.folder)["iteration"] == [7, 8, 11, 12]


def test_what_changed_between_opening_and_training_is_noticed(trial, config, pairs):
    """Two notebooks open one folder, one after the other: the second one has it."""
    first = g2p.RunFolder(trial.folder, config)
    g2p.RunFolder(trial.folder, config.replace(seed=3), overwrite=True)
    loader = g2p.Loader(g2p.PairedImages(pairs, "train", config))
    with pytest.raises(RunLostError, match="another configuration .*make it anew"):
        next(g2p.fit(trial.model, loader, run=first))
    durable.shutil.rmtree(trial.folder)
    with pytest.raises(RunLostError, match="deleted, replaced"):
        next(g2p.fit(trial.model, loader, run=first))


def test_a_lost_folder_is_told_as_such_when_the_loop_is_left(trial, caplog):
    def delete():
        durable.shutil.rmtree(trial.folder)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        trial.train(at_iteration(7, delete))
    assert "was deleted or replaced" in caplog.text
    assert "could not be saved" not in caplog.text
    assert trial.states()[-1] == (1, 3, 7)


def test_a_run_folder_that_is_deleted_is_written_anew(trial, whole):
    def delete():
        durable.shutil.rmtree(trial.folder)

    at_step(trial.model, 7, delete)
    with pytest.raises(RunLostError, match="deleted or replaced"):
        trial.train()
    assert trial.states() == [(1, 3, 7)]
    log = g2p.read_log(trial.folder)["iteration"]
    assert log == [3, 4]
    assert_same(trial.train().folder, whole)


def test_the_state_at_an_epochs_end_survives_a_deleted_folder_too(trial, whole):
    def delete():
        durable.shutil.rmtree(trial.folder)

    at_step(trial.model, 8, delete)
    with pytest.raises(RunLostError, match="deleted or replaced"):
        trial.train()
    assert trial.states() == [(1, 4, 8)] or trial.states() == [(1, 3, 7)]
    assert_same(trial.train().folder, whole)


def test_another_run_in_the_place_of_a_deleted_one_is_left_alone(trial, config, whole):
    def replace():
        durable.shutil.rmtree(trial.folder)
        g2p.RunFolder(trial.folder, config.replace(seed=3))

    at_step(trial.model, 7, replace)
    with pytest.raises(RunLostError, match="deleted or replaced"):
        trial.train()
    assert json.loads((trial.folder / "config.json").read_text())["seed"] == 3
    assert checkpoint_states(trial.folder) == []
    trial.folder = trial.folder.with_name("run_rescued_1")
    assert_same(trial.train().folder, whole)


@pytest.mark.parametrize("name", ["generator.npz", "optimizer_discriminator.npz",
                                  "pools.npz", "config.json", "state.json"])
@pytest.mark.parametrize("truncated", [True, False])
def test_a_damaged_checkpoint_is_told_and_the_one_before_is_taken(
        trial, whole, name, truncated, caplog):
    with pytest.raises(ZeroDivisionError):
        trial.train(at_iteration(11, raises(ZeroDivisionError)))
    damaged = checkpoint_states(trial.folder)[-1].path
    content = bytearray((damaged / name).read_bytes())
    if truncated:
        del content[len(content) // 2:]
    else:
        content[len(content) // 2] ^= 4
    (damaged / name).write_bytes(content)
    caplog.clear()
    trial.train()
    assert f"{damaged / name} is damaged" in caplog.text
    assert "The checkpoint before it is taken" in caplog.text
    assert (damaged.parent / f"set_aside_{damaged.name}" / name).exists()
    assert_same(trial.folder, whole)


def test_a_run_without_an_intact_checkpoint_is_not_begun_anew_unasked(trial):
    trial.train()
    for state in checkpoint_states(trial.folder):
        (state.path / "generator.npz").write_bytes(b"")
    before = (trial.folder / "log.csv").read_text()
    with pytest.raises(ValueError, match="No checkpoint in .* is intact"):
        trial.train()
    assert (trial.folder / "log.csv").read_text() == before
    assert len(trial.states()) == 2


def test_the_remains_of_an_unfinished_save_are_removed(trial, whole):
    with pytest.raises(ZeroDivisionError):
        trial.train(at_iteration(7, raises(ZeroDivisionError)))
    checkpoints = trial.folder / "checkpoints"
    (checkpoints / ".epoch_0002.abc").mkdir()
    (checkpoints / ".epoch_0002.abc" / "generator.npz").write_bytes(b"half")
    (checkpoints / ".epoch_0000.removed").mkdir()
    (trial.folder / ".log.csv.abc").write_text("half")
    trial.train()
    assert not list(checkpoints.glob(".*"))
    assert not list(trial.folder.glob(".log*"))
    assert_same(trial.folder, whole)


def test_two_processes_in_one_run_are_one_too_many(trial):
    g2p.RunFolder(trial.folder, trial.config)
    other = subprocess.Popen(
        [sys.executable, "-c", "import sys; from filelock import FileLock; "
         "lock = FileLock(sys.argv[1]); lock.acquire(); print('held', flush=True); "
         "sys.stdin.read()", str(trial.folder / ".lock")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == "held\n"
        before = sorted(trial.folder.rglob("*"))
        for options in ({"resume": True}, {"overwrite": True}):
            with pytest.raises(RunInUseError, match="is in use"):
                g2p.RunFolder(trial.folder, trial.config, **options)
        assert sorted(trial.folder.rglob("*")) == before
        other.kill()  # a lock dies with its process
        other.wait()
        trial.train()
    finally:
        other.kill()
        other.communicate()


def test_a_run_that_is_training_cannot_be_opened_a_second_time(trial, pairs):
    run = g2p.RunFolder(trial.folder, trial.config)
    loader = g2p.Loader(g2p.PairedImages(pairs, "train", trial.config))
    reports = g2p.fit(trial.model, loader, run=run)
    next(reports)
    with pytest.raises(RunInUseError, match="another training writes to it.*or this "
                       "one, in a generator that was kept"):
        g2p.RunFolder(trial.folder, trial.config, overwrite=True)
    reports.close()
    g2p.RunFolder(trial.folder, trial.config, overwrite=True)


# Data and memory ------------------------------------------------------------------


@pytest.fixture
def own_pairs(pairs, tmp_path):
    folder = tmp_path / "own_pairs"
    durable.shutil.copytree(pairs, folder)
    return folder


@pytest.mark.parametrize("workers", [0, 2])
def test_a_picture_that_turns_unreadable_is_named_and_nothing_is_lost(
        trial, own_pairs, pairs, whole, workers):
    """The picture is put back, and the training ends as if it had never been away."""
    trial.pairs = own_pairs
    run = g2p.RunFolder(trial.folder, trial.config)
    dataset = g2p.PairedImages(own_pairs, "train", trial.config)
    loader = g2p.Loader(dataset, workers=workers)
    order = np.arange(12)
    np.random.RandomState([0, 0]).shuffle(order)
    victim = dataset.paths[order[10]]  # of the first epoch's last batch
    content = victim.read_bytes()
    victim.write_bytes(content[:60])
    with pytest.raises(ValueError, match=f"{victim.name} cannot be read as a picture"):
        for report in g2p.fit(trial.model, loader, report_every=3, run=run):
            run.log(report)
    assert trial.states()[-1] == (0, 3, 3)
    victim.write_bytes(content)
    assert_same(trial.train().folder, whole)


def test_a_training_can_go_on_without_a_picture_that_turned_unreadable(
        broken_off, own_pairs, caplog):
    (own_pairs / "train" / "5.png").write_bytes(b"damaged")
    run = g2p.RunFolder(broken_off.folder, broken_off.config, resume=True)
    loader = g2p.Loader(g2p.PairedImages(own_pairs, "train", broken_off.config),
                        unreadable="skip")
    for report in g2p.fit(broken_off.model, loader, report_every=3, run=run,
                          resume="auto"):
        run.log(report)
    assert "some pictures have other sizes" in caplog.text
    assert "5.png cannot be read" in caplog.text
    assert broken_off.states()[-1] == (3, 0, 12)


def test_memory_that_is_too_small_is_told_with_what_to_lower(nursery, tmp_path):
    end = nursery.run("starve", folder=str(tmp_path / "run"), images=2000)
    assert end["status"] == 1
    assert "OutOfMemoryError: The memory is too small: it ran out at step 3" \
        in end["text"]
    assert "GB). Lower batch_size, size, or ngf" in end["text"]
    assert newest_intact(tmp_path / "run").name == "epoch_0000"


# NaN ------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [1, 6, 7, 9])
def test_nan_is_told_with_its_step_and_nothing_ruined_is_saved(trial, step):
    healthy, steps = trial.model.step, []

    def ruined(*batch):
        steps.append(1)
        losses = healthy(*batch)
        return losses if len(steps) < step else {**losses, "loss_D": nd.array([np.nan])}

    trial.model.step = ruined
    good = {1: "epoch_0000", 6: "epoch_0001", 7: "epoch_0001", 9: "epoch_0002"}[step]
    with pytest.raises(DivergedError, match=f"loss_D became NaN or infinite at step "
                       f"{step} .*checkpoint is .*{good}\\. Try a lower"):
        trial.train()
    assert len(steps) <= step + 1  # it was noticed one step later
    assert newest_intact(trial.folder).name == good


def test_weights_that_are_ruined_are_not_saved_though_the_losses_were_fine(trial):
    def ruin():
        weight = next(iter(trial.model.netD.collect_params().values()))
        weight.set_data(nd.full(weight.shape, np.nan))

    at_step(trial.model, 4, ruin)
    with pytest.raises(DivergedError, match="A weight became NaN or infinite at step 4 "
                       ".*epoch_0000"):
        trial.train()
    assert trial.states() == [(0, 0, 0)]
    assert not list((trial.folder / "checkpoints").glob(".*"))


def test_ctrl_c_on_ruined_weights_saves_nothing(trial):
    healthy = trial.model.step

    def ruined(*batch):
        signal.raise_signal(signal.SIGINT)
        return {**healthy(*batch), "loss_G": nd.array([np.inf])}

    trial.model.step = ruined
    with pytest.raises(DivergedError, match="loss_G .* step 1 "):
        trial.train()
    assert trial.states() == [(0, 0, 0)]


# Going on with something else -----------------------------------------------------


@pytest.fixture
def broken_off(trial):
    with pytest.raises(ZeroDivisionError):
        trial.train(at_iteration(7, raises(ZeroDivisionError)))
    return trial


def test_another_configuration_is_refused_with_the_differences(broken_off, config):
    broken_off.config = config.replace(ngf=8, lr=1e-3)
    with pytest.raises(ResumeError, match=r"ngf: 4 -> 8, lr: 0.0002 -> 0.001"):
        broken_off.train()


def test_a_checkpoint_of_another_model_is_refused(broken_off, tiny_cycle, domains):
    model = g2p.CycleGAN(tiny_cycle)
    loader = g2p.Loader(g2p.UnpairedImages(domains, "train", tiny_cycle))
    with pytest.raises(ResumeError, match="model: pix2pix -> cyclegan"):
        next(g2p.fit(model, loader, resume=broken_off.folder))


@pytest.fixture
def cycle_run(tmp_path, domains, tiny_cycle):
    """Train a CycleGAN in a folder, up to a step or to the end."""
    def train(name, last=None):
        config = tiny_cycle.replace(epochs=2)
        run = g2p.RunFolder(tmp_path / name, config, resume=True)
        loader = g2p.Loader(g2p.UnpairedImages(domains, "train", config))
        for report in g2p.fit(g2p.CycleGAN(config), loader, report_every=2, run=run,
                              resume="auto"):
            run.log(report)
            if report.iteration == last:
                break
        return run.folder
    return train


def test_a_cyclegan_goes_on_in_the_middle_of_an_epoch(cycle_run):
    """With other pictures of each domain in the pools, and partners of that epoch."""
    broken = cycle_run("run", last=5)
    assert checkpoint_states(broken)[-1].batches == 2
    with np.load(checkpoint_states(broken)[-1].path / "pools.npz") as pools:
        assert {name.split(".")[0] for name in pools.files} == {"pool_A", "pool_B"}
        assert (pools["pool_A.image_0"] != pools["pool_B.image_0"]).any()
    assert_same(cycle_run("run"), cycle_run("whole"))


def test_other_pictures_of_a_domain_are_refused(cycle_run, domains, tmp_path,
                                                tiny_cycle):
    broken = cycle_run("run", last=5)
    other = tmp_path / "other"
    durable.shutil.copytree(domains, other)
    (other / "trainB" / "1.png").rename(other / "trainB" / "9.png")
    config = tiny_cycle.replace(epochs=2)
    loader = g2p.Loader(g2p.UnpairedImages(other, "train", config))
    with pytest.raises(ResumeError, match="the pictures' names"):
        next(g2p.fit(g2p.CycleGAN(config), loader, report_every=2, resume=broken))


def test_other_data_are_refused_with_the_differences(broken_off, own_pairs):
    (own_pairs / "train" / "1.png").unlink()
    broken_off.pairs = own_pairs
    before = broken_off.states()
    with pytest.raises(ResumeError, match=r"pictures: 12 -> 11, the pictures' names\."):
        broken_off.train()
    assert broken_off.states() == before


def test_other_pictures_of_the_same_names_are_refused(broken_off, own_pairs):
    for path in (own_pairs / "train").iterdir():
        Image.new("RGB", (96, 48), (int(path.stem), 0, 0)).save(path)
    broken_off.pairs = own_pairs
    with pytest.raises(ResumeError, match="the sizes of most pictures"):
        broken_off.train()


def test_other_reports_are_said(broken_off, pairs, config, caplog):
    run = g2p.RunFolder(broken_off.folder, config, resume=True)
    loader = g2p.Loader(g2p.PairedImages(pairs, "train", config))
    for report in g2p.fit(broken_off.model, loader, report_every=2, run=run,
                          resume="auto"):
        run.log(report)
    assert "report_every: 3 -> 2" in caplog.text
    assert verify(checkpoint_states(broken_off.folder)[-1].path)["report_every"] == 2


def test_the_newest_checkpoint_is_not_read_again_and_again(broken_off, monkeypatch):
    """Once as the folder is opened, and once under the lock of the training."""
    sha256, read = durable.sha256, []
    newest = checkpoint_states(broken_off.folder)[-1].path
    monkeypatch.setattr(durable, "sha256",
                        lambda path: read.append(path) or sha256(path))
    run = g2p.RunFolder(broken_off.folder, broken_off.config, resume=True)
    loader = g2p.Loader(g2p.PairedImages(broken_off.pairs, "train", broken_off.config))
    reports = g2p.fit(broken_off.model, loader, report_every=3, run=run, resume="auto")
    next(reports)
    assert read.count(newest / "generator.npz") == 2
    reports.close()


def test_the_same_data_elsewhere_are_the_same(broken_off, own_pairs, whole):
    broken_off.pairs = own_pairs
    assert_same(broken_off.train().folder, whole)


def test_another_architecture_is_refused_and_the_model_stays_as_it_was(
        broken_off, pairs, config):
    model = g2p.Pix2Pix(config.replace(ngf=8))
    model.config = config  # it lies
    before = model.netD.collect_params()
    before = {name: param.data().asnumpy() for name, param in before.items()}
    broken_off.model = model
    with pytest.raises(ValueError, match=r"generator.npz does not fit .*misshapen"):
        broken_off.train()
    after = model.netD.collect_params()
    assert all((after[name].data().asnumpy() == before[name]).all() for name in before)


def test_a_training_can_be_lengthened_while_the_rate_is_as_it_would_have_been(
        broken_off, config):
    longer = Trial(broken_off.folder, broken_off.pairs, config.replace(epochs=3))
    longer.train()
    assert broken_off.states()[-1] == (4, 0, 16)
    longer.config = config.replace(epochs=9)  # but the rate has begun to fall
    with pytest.raises(ResumeError, match="epochs: 3 -> 9"):
        longer.train()


def test_fit_begins_nothing_new_in_a_run_that_has_begun(broken_off, pairs, config):
    run = g2p.RunFolder(broken_off.folder, config, resume=True)
    loader = g2p.Loader(g2p.PairedImages(pairs, "train", config))
    with pytest.raises(RuntimeError, match="holds a training already.*resume='auto'"):
        next(g2p.fit(broken_off.model, loader, run=run))
    with pytest.raises(ValueError, match="pass run=RunFolder"):
        next(g2p.fit(broken_off.model, loader, resume="auto"))


def test_a_checkpoint_can_begin_another_run(broken_off, pairs, config, tmp_path, whole):
    start = checkpoint_states(broken_off.folder)[-1].path
    run = g2p.RunFolder(tmp_path / "branch", config)
    loader = g2p.Loader(g2p.PairedImages(pairs, "train", config))
    for report in g2p.fit(g2p.Pix2Pix(config), loader, report_every=3, run=run,
                          resume=start):
        run.log(report)
    arrays, log, _ = contents(tmp_path / "branch")
    expected, wanted, _ = contents(whole)
    assert all((arrays[name] == expected[name]).all() for name in expected)
    assert log[1:] == wanted[3:]  # from step 7 on


def test_other_threads_are_said(broken_off, monkeypatch, caplog):
    monkeypatch.setenv("OMP_NUM_THREADS", "77")
    monkeypatch.delenv("MXNET_OMP_MAX_THREADS", raising=False)
    broken_off.train()
    assert "not to the bit" in caplog.text and "-> 77" in caplog.text
