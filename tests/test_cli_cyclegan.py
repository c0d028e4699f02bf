"""The commands with a CycleGAN: two domains, both ways."""

import contextlib
import io
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from gluon_pix2pix import (
    CycleGAN,
    PairedImages,
    Pix2Pix,
    UnpairedImages,
    cycle_l1,
    identity_l1,
    load_generators,
    metrics,
    read_log,
    read_picture,
    save_checkpoint,
)
from gluon_pix2pix.checkpoint_files import verify
from gluon_pix2pix.cli import main
from gluon_pix2pix.configs import read_config
from gluon_pix2pix.runs import best_checkpoint, checkpoint_states
from gluon_pix2pix.translation import Generators, translate

SMALL = ["--size", "32", "--ngf", "4", "--ndf", "4", "--n-layers", "1", "--n-blocks",
         "1", "--batch-size", "3", "--epochs", "1", "--epochs-decay", "1"]


@pytest.fixture(scope="module")
def told(tmp_path_factory, domains):
    """A run, and what was printed while it was trained."""
    folder = tmp_path_factory.mktemp("runs") / "both_ways"
    with contextlib.redirect_stdout(io.StringIO()) as out, \
            contextlib.redirect_stderr(io.StringIO()) as err:
        assert main(["train", "cyclegan", "--dataset", str(domains), "--run",
                     str(folder), *SMALL]) == 0
    return folder, out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def run(told):
    return told[0]


def test_a_training_leaves_all_that_was_promised(run):
    for name in ("config.json", "contact_sheet.png", "losses.png",
                 "samples/epoch_0001.png", "checkpoints/epoch_0002/generators.npz"):
        assert (run / name).is_file(), name
    log = read_log(run)
    assert log["epoch"] == [1, 2] and log["iteration"] == [2, 4]
    measured = {name for name in log if name.startswith("val_")}
    assert measured == {"val_cycle_A", "val_cycle_B"}
    assert all(0 < value < 2 for name in measured for value in log[name])
    assert {"loss_cycle_A", "loss_G_B2A", "loss_identity_B", "accuracy_D_B"} < set(log)
    assert all(0 < value < 20 for value in log["variety"])
    # The best cycle is not the best translation.
    assert best_checkpoint(run) is None
    assert [state.epoch for state in checkpoint_states(run)] == [1, 2]


def test_it_is_told_what_is_measured(told):
    _, out, err = told
    assert "5 pictures of A and 4 of B of 32 pixels" in out
    assert "epoch   2  held-out cycle L1 of A 0." in out
    assert "(A | G(A) | F(G(A)) | B | F(B) | G(F(B)))" in out
    last = err.rstrip().splitlines()[-1]
    for name in ("epoch 2/2", " D ", " G ", " cycle ", " identity ", " images/s"):
        assert name in last
    assert "step/s" not in err


def test_a_broken_off_run_goes_on_as_what_it_is(run, tmp_path, capsys):
    """Without naming the model, and with an option that only this one has."""
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    shutil.rmtree(folder / "checkpoints" / "epoch_0002")
    assert main(["train", "--run", str(folder), "--resume", "--lambda-cycle",
                 "10"]) == 0
    assert "going on after step 2" in capsys.readouterr().out
    expected, found = (checkpoint_states(path)[-1].path for path in (run, folder))
    for name in verify(expected)["files"]:
        if name.endswith(".npz"):
            with np.load(expected / name) as want, np.load(found / name) as have:
                assert want.files == have.files
                assert all((want[key] == have[key]).all() for key in want.files)


def test_runs_of_two_models_are_not_mixed_up(run, pairs, tmp_path, capsys):
    before = (run / "config.json").read_text()
    assert main(["train", "pix2pix", "--run", str(run), "--resume"]) == 1
    assert f"{run} is a run of cyclegan, not of pix2pix" in capsys.readouterr().err
    assert main(["train", "cyclegan", "--run", str(tmp_path / "x"), "--dataset",
                 str(pairs)]) == 1
    assert ("'paired' data, and cyclegan learns from pictures of two domains without "
            "partners: take toy_fruit, train pix2pix on it, or see `gluon-pix2pix "
            "prepare unpaired --help`") in capsys.readouterr().err
    other = tmp_path / "other"
    shutil.copytree(run, other)
    fields = {**json.loads(before), "model": "pix3pix"}
    (other / "config.json").write_text(json.dumps(fields))
    assert main(["train", "--run", str(other), "--resume"]) == 1
    assert "for a model 'pix3pix'" in capsys.readouterr().err
    assert (run / "config.json").read_text() == before


def test_pictures_are_translated_both_ways(run, domains, tmp_path, capsys):
    picture = domains / "testA" / "1.png"
    results = {}
    for direction in ("AtoB", "BtoA", None):
        output = tmp_path / str(direction)
        options = ["--direction", direction] if direction else []
        assert main(["translate", str(run), str(picture), "--output", str(output),
                     *options]) == 0
        results[direction] = read_picture(output / "1.png").astype(int)
    assert (results[None] == results["AtoB"]).all()  # as it was trained
    assert np.abs(results["AtoB"] - results["BtoA"]).max() > 3
    assert set(load_generators(run)) == {"AtoB", "BtoA"}


def test_each_direction_reads_the_channels_of_its_domain(tiny_cycle, domains, tmp_path):
    config = tiny_cycle.replace(in_channels=1, lambda_identity=0.0)
    save_checkpoint(tmp_path / "model", CycleGAN(config))
    for direction in ("AtoB", "BtoA"):
        assert main(["translate", str(tmp_path / "model"), str(domains / "testB"),
                     "--direction", direction, "--output", str(tmp_path / direction)]
                    ) == 0
    grey, colour = (read_picture(tmp_path / direction / "1.png").astype(int)
                    for direction in ("BtoA", "AtoB"))
    assert (grey[:, :, 0] == grey[:, :, 2]).all()
    assert (colour[:, :, 0] != colour[:, :, 2]).any()


def test_a_pix2pix_has_one_direction(tiny, pairs, tmp_path, capsys):
    save_checkpoint(tmp_path / "model", Pix2Pix(tiny))
    command = ["translate", str(tmp_path / "model"), str(pairs / "val" / "1.png"),
               "--half", "left", "--output", str(tmp_path / "out"), "--direction"]
    assert main([*command, "AtoB"]) == 0
    assert main([*command, "BtoA", "--overwrite"]) == 1
    assert "translates AtoB, and not BtoA" in capsys.readouterr().err


def test_a_run_is_listed_and_drawn_again(run, capsys):
    assert main(["runs", str(run.parent)]) == 0
    row = capsys.readouterr().out.splitlines()[2].split()
    assert row[1:7] == ["cyclegan", "domains", "finished", "2", "of", "2"]
    assert row[8:10] == ["cycle", "-"]
    (run / "losses.png").unlink()
    assert main(["runs", str(run), "--redraw"]) == 0
    assert (run / "losses.png").is_file() and (run / "samples.png").is_file()


def test_a_run_is_evaluated_on_its_own_domains(run, domains, tmp_path, capsys):
    assert main(["evaluate", str(run), "--output", str(tmp_path / "e")]) == 0
    told = json.loads((tmp_path / "e" / "scores.json").read_text())
    nets = Generators(load_generators(run))
    dataset = UnpairedImages(domains, "test", read_config(run / "config.json"))
    for name, score in (("cycle_l1", cycle_l1), ("identity_l1", identity_l1)):
        for domain, value in score(nets, dataset).items():
            assert told["summary"][f"{name}_{domain}"]["mean"] == pytest.approx(value)
    assert [row["picture"] for row in told["pictures"]] == [
        "testA/1.png", "testA/2.png", "testB/1.png", "testB/2.png", "testB/3.png"]
    assert (told["about"]["data"], told["about"]["pictures"]) == ("domains/test", 5)
    page = (tmp_path / "e" / "index.html").read_text("utf-8")
    assert page.count("<img") == 15 and ">and back</th>" in page
    assert (tmp_path / "e" / "summary.csv").read_text().count("cycle_l1") == 2
    shown = capsys.readouterr().out
    assert "cycle L1 of A" in shown and "networks that change nothing" in shown


def test_known_pairs_score_a_cyclegan_as_a_pix2pix(run, pairs, tmp_path):
    scores = {}
    for direction in ("AtoB", "BtoA"):
        output = tmp_path / direction
        assert main(["evaluate", str(run), "--dataset", str(pairs), "--direction",
                     direction, "--output", str(output)]) == 0
        scores[direction] = json.loads((output / "scores.json").read_text())
        assert scores[direction]["about"]["direction"] == direction
    config = read_config(run / "config.json").replace(direction="BtoA")
    netF = load_generators(run)["BtoA"]
    model = SimpleNamespace(translate=lambda x, sample: translate(netF, x, sample))
    expected = metrics.mean_l1(model, PairedImages(pairs, "val", config))
    assert scores["BtoA"]["summary"]["l1"]["mean"] == pytest.approx(expected, rel=1e-5)
    assert scores["AtoB"]["summary"]["l1"] != scores["BtoA"]["summary"]["l1"]


@pytest.mark.parametrize(("options", "message"), [
    (["--samples", "2"], "so both cycles are scored: leave out --samples"),
    (["--segmenter", "s", "--classes"], "leave out --classes, --segmenter, or name"),
    (["--direction", "BtoA"], "or name pairs with --dataset"),
    (["--split", "val"], "has no folder 'valA'")])
def test_what_needs_pairs_is_refused_without_them(run, tmp_path, capsys, options,
                                                  message):
    assert main(["evaluate", str(run), "--output", str(tmp_path / "e"), *options]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "e").exists()


def test_without_held_out_domains_those_trained_on_may_be_scored(run, domains, tmp_path,
                                                                 capsys):
    folder = tmp_path / "data"
    shutil.copytree(domains, folder, ignore=lambda *_: ["testB"])
    command = ["evaluate", str(run), "--dataset", str(folder), "--output",
               str(tmp_path / "e")]
    assert main(command) == 1
    assert "no testB/, so there are no held-out pictures; --split train scores" in \
        capsys.readouterr().err
    assert main([*command, "--split", "train", "--count", "1"]) == 0
    about = json.loads((tmp_path / "e" / "scores.json").read_text())["about"]
    assert (about["split"], about["pictures"]) == ("train", 2)


def test_dropout_is_drawn_from_the_seed_or_left_out(tiny_cycle, domains, tmp_path):
    save_checkpoint(tmp_path / "model", CycleGAN(tiny_cycle.replace(use_dropout=True)))

    def told(*options):
        output = tmp_path / str(len(list(tmp_path.iterdir())))
        assert main(["evaluate", str(tmp_path / "model"), "--dataset", str(domains),
                     "--output", str(output), *options]) == 0
        told = json.loads((output / "scores.json").read_text())
        return told["summary"], told["about"]

    summary, about = told("--seed", "1")
    assert (about["seed"], about["dropout"]) == (1, True)
    assert told("--seed", "1")[0] == summary
    assert told("--seed", "2")[0] != summary
    fixed, about = told("--deterministic")
    assert about["dropout"] is False and fixed != summary
    assert told("--deterministic", "--seed", "5")[0] == fixed
    # Each picture by itself: others before it change nothing.
    first = told("--seed", "1", "--count", "1")[0]["cycle_l1_A"]["mean"]
    rows = json.loads((tmp_path / "1" / "scores.json").read_text())["pictures"]
    assert rows[0]["cycle_l1"] == pytest.approx(first)


def test_inputs_alone_are_translated_in_the_direction_that_is_told(run, domains,
                                                                   tmp_path):
    output = tmp_path / "e"
    assert main(["evaluate", str(run), "--pictures", str(domains / "testB"),
                 "--direction", "BtoA", "--output", str(output)]) == 0
    about = json.loads((output / "scores.json").read_text())["about"]
    assert about["direction"] == "BtoA"


def test_the_direction_is_free_as_both_are_trained(run, tmp_path, monkeypatch, capsys,
                                                   domains):
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    assert main(["train", "--run", str(folder), "--resume", "--direction", "BtoA"]) == 0
    assert f"translate {folder} YOUR_PICTURE\n         with --direction AtoB, the " \
        "other way round" in capsys.readouterr().out
    assert read_config(folder / "config.json").direction == "BtoA"
    monkeypatch.chdir(tmp_path)
    assert main(["train", "cyclegan", "--dataset", str(domains), "--direction", "BtoA",
                 *SMALL]) == 0
    assert (tmp_path / "runs" / "domains").is_dir()


def test_other_data_are_refused_before_anything_is_promised(run, domains, tmp_path,
                                                            capsys):
    folder, data = tmp_path / "run", tmp_path / "data"
    shutil.copytree(run, folder)
    for split in ("train", "test"):
        for domain in "AB":
            (data / f"{split}{domain}").mkdir(parents=True)
            shutil.copy(domains / f"test{domain}" / "2.png", data / f"{split}{domain}")
    shutil.rmtree(folder / "checkpoints" / "epoch_0002")
    command = ["train", "--run", str(folder), "--resume"]
    assert main([*command, "--dataset", str(data)]) == 1
    told = capsys.readouterr()
    assert "pictures: 9 -> 2, the pictures' names" in told.err
    assert "going on" not in told.out
