"""The page beside an exported model says what is known, and what is not."""

import json

import pytest

from gluon_pix2pix import CycleGAN, Pix2Pix, Pix2PixHD, save_checkpoint
from gluon_pix2pix.export import to_symbol
from gluon_pix2pix.model_card import dataset_of, model_card


@pytest.fixture
def exported(model, tmp_path):
    return to_symbol(model, tmp_path / "generator", dataset="facades")


@pytest.fixture
def checkpoint(model, tmp_path):
    """A checkpoint of a run of facades, in the middle of its training."""
    run = tmp_path / "run"
    folder = save_checkpoint(
        run / "checkpoints" / "epoch_0001", model, epoch=1, iteration=6,
        data={"name": "facades", "split": "train", "pictures": 400})
    (run / "log.csv").write_text(
        "epoch,iteration,loss_D,loss_G,learning_rate,images_per_second,val_l1,variety,"
        "warnings\n1,3,0.6,1.1,0.0002,9,0.5,,\n1,6,0.6,1.0,0.0002,9,0.375,,\n",
        encoding="utf-8")
    return folder


def test_a_model_without_a_run_says_what_is_unknown(model, exported):
    card = model_card([exported], model.config)
    assert card.startswith("# pix2pix, AtoB\n")
    assert "| epochs | unknown, of 2 planned |" in card
    assert "None are known" in card
    for name in ("generator-symbol.json", "generator-0000.params", "Isola et al. 2017",
                 "CMP Facade Database: research, with attribution", "Tylecek and Sara",
                 f"{exported.difference:.1e}", '"ngf": 4'):
        assert name in card, name
    assert "| |" not in card and "None |" not in card
    assert "| 0.0002, falling in the last 1 epochs |" in card
    assert "| 0.0002 |" in model_card([exported], model.config.replace(epochs_decay=0))


def test_the_training_is_told_by_the_run(model, exported, checkpoint):
    card = model_card([exported], model.config, checkpoint)
    for row in ("| epochs | 1 of 2 |", "| steps | 6 |",
                "| picture files | 400 (train) |", "| val_l1 | 0.3750 |"):
        assert row in card, row
    assert "mxnet 1.9.1" in card


def test_an_evaluation_of_this_checkpoint_is_shown(model, exported, checkpoint):
    place = checkpoint.parents[1] / "evaluation" / "scores.json"
    place.parent.mkdir()
    told = {"about": {"checkpoint": checkpoint.name, "pictures": 106, "samples": 1,
                      "dropout": True, "seed": 0, "classes_by": None,
                      "data": "facades/test"},
            "summary": {"l1": {"mean": 0.4321, "one_picture": 0.6}}}
    place.write_text(json.dumps(told), encoding="utf-8")
    card = model_card([exported], model.config, checkpoint)
    assert "106 pictures; of facades/test" in card
    assert "| score |  | model | one picture for all |" in card
    assert "| L1 | less is better | 0.4321 | 0.6000 |" in card
    told["about"]["checkpoint"] = "epoch_0002"
    place.write_text(json.dumps(told), encoding="utf-8")
    assert "val_l1" in model_card([exported], model.config, checkpoint)
    place.write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match="scores.json is damaged"):
        model_card([exported], model.config, checkpoint)


def test_the_data_set_is_named_by_the_command_or_the_checkpoint(checkpoint, tmp_path,
                                                               model):
    assert dataset_of(checkpoint) == "facades"
    command = checkpoint.parents[1] / "command.json"
    command.write_text('{"dataset": "maps"}', encoding="utf-8")
    assert dataset_of(checkpoint) == "maps"
    command.write_text('{"dataset": "toy_facades"}', encoding="utf-8")
    assert dataset_of(checkpoint) == "facades"
    alone = save_checkpoint(tmp_path / "alone", model)
    assert dataset_of(alone) is None


def test_a_cyclegan_has_both_ways_on_one_card(tiny_cycle, tmp_path):
    model = CycleGAN(tiny_cycle)
    both = [to_symbol(model, tmp_path / way, way) for way in ("AtoB", "BtoA")]
    card = model_card(both, model.config)
    assert card.startswith("# cyclegan, AtoB and BtoA\n")
    assert "`BtoA-symbol.json`" in card and "unknown: ask the owner" in card


def test_a_pix2pixhd_says_what_its_channels_are(tiny_hd, tmp_path):
    model = Pix2PixHD(tiny_hd)
    card = model_card([to_symbol(model, tmp_path / "g")], model.config)
    assert ("(N, 39, H, W) float32: 35 classes, one-hot; 1 of the borders of objects; "
            "3 of the looks of objects") in card


def test_a_checkpoint_that_is_only_weights_will_do(model, exported, tmp_path):
    folder = save_checkpoint(tmp_path / "weights", model)
    (folder / "state.json").unlink()
    assert "unknown, of 2 planned" in model_card([exported], model.config, folder)


def test_bars_do_not_break_a_table(tiny, tmp_path):
    model = Pix2Pix(tiny)
    exported = to_symbol(model, tmp_path / "g", dataset="mine | yours")
    assert "mine \\| yours" in model_card([exported], model.config)
