import dataclasses
import json
import os
import shutil
import signal
import sys

import numpy as np
import pytest
from mxnet import nd

from gluon_pix2pix import (
    Experiment,
    Interrupted,
    Pix2Pix,
    draw,
    load_generator,
    seed_everything,
    translate,
)
from gluon_pix2pix import experiment_runs as runs
from gluon_pix2pix.cli import main
from gluon_pix2pix.failures import RunInUseError, SaveError
from gluon_pix2pix.run_command import read_command
from gluon_pix2pix.schedule import step_seed
from gluon_pix2pix.transforms import to_uint8

STEPS = 4  # of each training: four pictures, two a step, two epochs


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    return draw("toy_facades", tmp_path_factory.mktemp("houses"), 32, 4)


@pytest.fixture(scope="module")
def asked(tiny):
    return Experiment("tried", "Does D need the input?", tiny.replace(direction="BtoA"),
                      {"L1": {"lambda_gan": 0.0}, "L1 + GAN": {"conditional": False}},
                      seeds=(3, 4))


@pytest.fixture(scope="module")
def done(asked, houses, tmp_path_factory):
    """The place and the results of the whole experiment, done once for all tests."""
    place = tmp_path_factory.mktemp("done")
    return place, _all(asked, houses, place, ctx="cpu")


@pytest.fixture
def place(done, tmp_path):
    """A copy of it."""
    return shutil.copytree(done[0], tmp_path / "place")


class Counted(list):
    def __init__(self):
        self.before = []


@pytest.fixture
def steps(monkeypatch):
    """Count the steps that are trained; a function in ``before`` sees each coming."""
    step = Pix2Pix.step

    def watched(model, *batch):
        counted.append(model.config)
        for look in counted.before:
            look(len(counted))
        return step(model, *batch)

    counted = Counted()
    monkeypatch.setattr(Pix2Pix, "step", watched)
    return counted


def _all(asked, houses, place, **options):
    return list(asked.run(houses, place, progress=False, **options))


def _same(first, second):
    return [json.dumps((one.variant, one.seed, one.scores, one.references))
            for one in first] == [
        json.dumps((one.variant, one.seed, one.scores, one.references))
        for one in second]


def test_every_variant_is_trained_with_every_seed_and_scored(asked, done):
    place, found = done
    assert [(one.variant, one.seed) for one in found] == [
        ("L1", 3), ("L1 + GAN", 3), ("L1", 4), ("L1 + GAN", 4)]
    one = found[1]
    assert one.folder == place / "tried" / "L1_+_GAN" / "seed_3"
    assert load_generator(one.folder).config == asked.base.replace(
        conditional=False, seed=3)
    assert {"l1", "class_iou", "frechet", "checkerboard"} <= set(one.scores)
    assert all(np.isfinite(value) for value in one.scores.values())
    assert {"class_iou", "checkerboard"} <= set(one.references["real"])
    assert one.references["one_picture"]["l1"] > 0
    assert len({one.scores["l1"] for one in found}) == 4


def test_what_is_kept_is_the_generator_and_what_it_makes(asked, houses, done):
    one = done[1][0]
    assert not list(one.folder.glob("checkpoints/*"))
    assert (one.folder / "log.csv").read_text().count("\n") == 1 + STEPS
    netG = load_generator(one.folder, "cpu")
    held_out = asked.held_out(houses)
    assert held_out.split == "test"
    for number in range(len(held_out)):
        seed_everything(step_seed(0, number, 0))
        made = translate(netG, nd.array(held_out[number][0][None])).asnumpy()[0]
        assert (to_uint8(made) == to_uint8(one.output(number))).all()


def test_what_is_done_is_not_done_again(asked, houses, done, steps):
    assert _same(_all(asked, houses, done[0]), done[1])
    more = _all(asked.only("L1"), houses, done[0])
    assert [one.seed for one in more] == [3, 4] and not steps


def test_it_goes_on_where_it_was_after_any_end(asked, houses, done, tmp_path, steps):
    once = dataclasses.replace(asked, seeds=(3,))

    def fail(number):
        if number == STEPS + 3:  # in the second epoch of the second training
            raise OSError("the disk is on fire")

    steps.before.append(fail)
    with pytest.raises(OSError, match="on fire"):
        _all(once, houses, tmp_path, ctx="cpu")
    steps.clear()
    steps.before.clear()
    again = _all(once, houses, tmp_path, ctx="cpu")
    assert len(steps) == STEPS // 2  # an epoch of it was saved
    assert _same(again, done[1][:2])


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_says_how_to_go_on_and_loses_no_step(asked, houses, tmp_path, steps):
    steps.before.append(
        lambda number: number == 3 and os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(Interrupted, match="L1, seed 3.*run the experiment again"):
        _all(asked, houses, tmp_path)
    assert len(steps) == 3
    steps.before.clear()
    next(asked.run(houses, tmp_path, progress=False))
    assert len(steps) == STEPS


def test_a_training_that_was_not_scored_any_more_is_scored(asked, houses, tmp_path,
                                                           steps, monkeypatch):
    def die(*_):
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr(runs.files, "finish", die)
        with pytest.raises(MemoryError):
            _all(asked, houses, tmp_path)
    assert len(steps) == STEPS
    assert next(asked.run(houses, tmp_path, progress=False)).scores["l1"] > 0
    assert len(steps) == STEPS


def test_another_configuration_is_refused_before_any_work(asked, houses, place, steps):
    other = dataclasses.replace(asked, seeds=(3, 5), variants={
        **asked.variants, "L1 + GAN": {"conditional": False, "lr": 1e-3}})
    with pytest.raises(ValueError, match=r"GAN.seed_3 holds another.*lr: 0.0002 -> "):
        _all(other, houses, place)
    assert not steps
    other = dataclasses.replace(other, seeds=(3,))
    found = _all(other, houses, place, overwrite=True)
    assert [config.lr for config in steps] == [1e-3] * STEPS and len(found) == 2
    assert not list(found[1].folder.parent.glob("seed_3_*"))
    steps.clear()
    assert _same(_all(other, houses, place, overwrite=True), found)
    assert not steps  # that was done just now


def test_other_pictures_are_refused(asked, houses, done, tmp_path):
    more = draw("toy_facades", tmp_path, 32, 5)
    with pytest.raises(ValueError, match=r"other pictures \(train\)"):
        _all(asked, more, done[0])
    with pytest.raises(ValueError, match=r"other pictures \(held_out\)"):
        _all(asked, houses, done[0], split="val")


def test_a_damaged_result_is_named_and_can_be_replaced(asked, houses, place, done,
                                                       steps):
    path = asked.folder(place, "L1", 3) / "result.json"
    path.write_text(path.read_text()[:100])
    with pytest.raises(ValueError, match=r"result\.json is damaged.*remove.*overwrite"):
        _all(asked, houses, place)
    assert _same(_all(asked, houses, place, overwrite=True, ctx="cpu"), done[1])
    assert len(steps) == STEPS


def test_what_another_experiment_has_trained_is_copied(asked, houses, place, done,
                                                       steps):
    other = dataclasses.replace(asked, name="again", seeds=(3, 4), variants={
        "the same": {"lambda_gan": 0.0}})
    found = _all(other, houses, place)
    assert not steps
    assert [one.scores for one in found] == [done[1][0].scores, done[1][2].scores]
    for one, twin in zip(found, done[1][::2]):
        assert (one.output(1) == twin.output(1)).all()
        assert (one.folder / "log.csv").read_text() == (
            twin.folder / "log.csv").read_text()
        assert load_generator(one.folder, "cpu").config == load_generator(
            twin.folder, "cpu").config
    shutil.rmtree(place / "tried")
    assert _same(_all(other, houses, place), found)


def test_what_a_kill_left_is_cleared(asked, houses, place, done, steps):
    folder = asked.folder(place, "L1", 3)
    shutil.copytree(folder / "outputs", folder / "checkpoints" / "epoch_0002")
    assert _same(_all(asked, houses, place), done[1]) and not steps
    assert not list(folder.glob("checkpoints/*"))


def test_two_at_once_do_not_meet(asked, houses, tmp_path, steps, monkeypatch):
    score = runs.Judge.__call__

    def meanwhile(judge, model):
        with pytest.raises(RunInUseError, match="seed_3 is in use: the same exper"):
            _all(asked, houses, tmp_path)
        return score(judge, model)

    monkeypatch.setattr(runs.Judge, "__call__", meanwhile)
    next(asked.run(houses, tmp_path, progress=False))
    assert len(steps) == STEPS


def test_what_was_done_meanwhile_is_not_done_again(asked, houses, tmp_path, done,
                                                   steps):
    late = asked.run(houses, tmp_path, progress=False)
    first = next(late)  # the second one is looked at before the third is there
    shutil.copytree(done[0] / "tried", tmp_path / "tried", dirs_exist_ok=True)
    steps.clear()
    assert _same([first, *late], done[1]) and not steps


def test_all_that_is_there_can_be_looked_at(asked, houses, place, done, steps):
    fewer = dataclasses.replace(asked, seeds=(4, 9))
    assert _same(fewer.finished(houses, place), done[1])
    other = dataclasses.replace(fewer, variants={
        **asked.variants, "L1": {"lambda_gan": 0.5}})
    assert _same(other.finished(houses, place), done[1][1::2])
    assert not steps and not asked.finished(houses, place / "nowhere")


def test_a_place_that_cannot_be_is_refused_before_any_work(asked, houses, tmp_path,
                                                           steps):
    (tmp_path / "file").write_text("")
    for place in ("file", "file/below"):
        with pytest.raises(SaveError, match="file.*cannot hold run folders.*another"):
            _all(asked, houses, tmp_path / place)
    assert not steps


def test_without_labels_there_is_nothing_to_judge_by(asked, tmp_path, steps):
    maps = draw("toy_maps", tmp_path / "maps", 32, 4)
    with pytest.raises(ValueError, match="class_iou, which.*'tried'.*only l1, psnr"):
        _all(asked, maps, tmp_path)
    assert not steps
    by_l1 = dataclasses.replace(asked, scores=("l1", "class_iou"), seeds=(3,))
    assert "class_iou" not in _all(by_l1.only("L1"), maps, tmp_path)[0].scores


def test_a_lost_output_is_named(asked, place, houses):
    one = _all(asked.only("L1"), houses, place)[0]
    (one.folder / "outputs" / "1.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"1\.png.*remove .*seed_3, and run"):
        one.output(1)


def test_a_run_tells_evaluate_what_it_was_trained_on(asked, houses, place, capsys):
    folder = asked.folder(place, "L1", 3)
    assert read_command(folder)["dataset"] == str(houses)
    assert main(["evaluate", str(folder), "--context", "cpu", "--count", "1"]) == 0
    assert "class IoU" in capsys.readouterr().out


def test_impossible_experiments_are_refused_at_once(asked, tiny):
    def tried(variants, seeds=(0,)):
        return Experiment("tried", "?", tiny, variants, seeds)

    for variants, seeds, message in (
            ({"far": {"n_layers": 5}}, (0,), "'far'.*n_layers=5.*32 pixels"),
            ({"wrong": {"norm": "layer"}}, (0,), "'wrong'.*norm='layer'"),
            ({"large": {"size": 64}}, (0,), "'large' changes size"),
            ({"lucky": {"seed": 4}}, (0,), "'lucky' changes seed"),
            ({}, (0,), "variants="), ({"A": {}}, (), "seeds="),
            ({"A": {}}, (1, 1), "each once"),
            ({"nothing": {"lambda_gan": 0.0, "lambda_l1": 0.0}}, (0,),
             "'nothing'.*lambda_gan and lambda_l1"),
            ({"A B": {}, "A, B": {}}, (0,), "share folders"),
            ({"A": {}, "..": {}}, (0,), "share folders, or have none"),
            ({"": {}}, (0,), "or have none")):
        with pytest.raises(ValueError, match=message):
            tried(variants, seeds)
    for name in ("../up", "", "..", "a/b", "two words"):
        with pytest.raises(ValueError, match="name=.*name of a folder"):
            dataclasses.replace(asked, name=name)
    with pytest.raises(ValueError, match="no score 'iou': choose among l1, "):
        dataclasses.replace(asked, scores=("iou",))
    with pytest.raises(ValueError, match="scores="):
        dataclasses.replace(asked, scores=())
    with pytest.raises(ValueError, match="no variant 'L2', only L1, L1"):
        asked.only("L2")
