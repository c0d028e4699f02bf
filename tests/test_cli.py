import dataclasses
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from gluon_pix2pix import CycleGANConfig, Pix2PixConfig, __version__, read_log
from gluon_pix2pix.cli import build_parser, main
from gluon_pix2pix.configs import CONFIGS
from gluon_pix2pix.train_options import with_model

SMALL = ["--size", "32", "--ngf", "4", "--ndf", "4", "--n-layers", "1",
         "--batch-size", "4", "--epochs", "1", "--epochs-decay", "1"]


@pytest.fixture(scope="module")
def run(tmp_path_factory, pairs):
    folder = tmp_path_factory.mktemp("runs") / "one"
    assert main(["train", "pix2pix", "--dataset", str(pairs), "--run", str(folder),
                 *SMALL]) == 0
    return folder


def test_a_training_leaves_all_that_was_promised(run):
    for name in ("config.json", "log.csv", "contact_sheet.png", "losses.png",
                 "samples/epoch_0001.png", "samples/epoch_0002.png",
                 "checkpoints/epoch_0002/generator.npz"):
        assert (run / name).is_file(), name
    columns = read_log(run)
    assert columns["epoch"] == [1, 2] and columns["iteration"] == [3, 6]
    assert all(0 < value < 2 for value in columns["val_l1"])
    config = Pix2PixConfig.from_json(run / "config.json")
    assert (config.size, config.ngf, config.batch_size) == (32, 4, 4)


def test_the_hint_at_the_end_can_be_typed(tmp_path, pairs, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["somewhere/gluon_pix2pix/__main__.py"])
    monkeypatch.setattr("sys.executable", str(tmp_path / ".venv" / "bin" / "python"))
    monkeypatch.chdir(tmp_path)
    assert main(["train", "pix2pix", "--dataset", str(pairs), *SMALL]) == 0
    hint = f"{Path('.venv/bin/python')} -m gluon_pix2pix translate {Path('runs/pairs')}"
    assert hint in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["/usr/bin/gluon-pix2pix"])
    assert main(["train", "pix2pix", "--dataset", str(pairs), *SMALL,
                 "--overwrite"]) == 0
    assert "Next     gluon-pix2pix translate" in capsys.readouterr().out


def test_validation_is_measured_on_val_and_shown(tmp_path, monkeypatch):
    """The MindSpore tutorial shows results on the training set."""
    for split, value in (("train", 0), ("val", 255)):
        (tmp_path / "data" / split).mkdir(parents=True)
        picture = np.full((32, 64, 3), value, np.uint8)
        Image.fromarray(picture).save(tmp_path / "data" / split / "1.png")
    shown = []
    monkeypatch.setattr("gluon_pix2pix.viz.contact_sheet",
                        lambda model, dataset, *_: shown.append(dataset) or Figure())
    assert main(["train", "pix2pix", "--dataset", str(tmp_path / "data"), "--run",
                 str(tmp_path / "run"), *SMALL, "--lr", "0.01", "--epochs", "40"]) == 0
    assert {dataset.split for dataset in shown} == {"val"}
    columns = read_log(tmp_path / "run")
    # It learns black, and is measured on white.
    assert columns["loss_l1"][-1] < 0.5 < columns["val_l1"][-1]


def test_a_command_that_cannot_work_leaves_the_earlier_run(run, pairs, capsys):
    before = sorted(path for path in run.rglob("*"))
    for wrong in (["--n-layers", "5"], ["--seed", "-1"], ["--context", "tpu"]):
        assert main(["train", "pix2pix", "--dataset", str(pairs), "--run", str(run),
                     *SMALL, "--overwrite", *wrong]) == 1
    assert sorted(path for path in run.rglob("*")) == before


def test_the_profile_comes_from_the_environment(tmp_path, pairs, monkeypatch):
    monkeypatch.setenv("PIX2PIX_PROFILE", "smoke")
    assert main(["train", "pix2pix", "--dataset", str(pairs), "--run",
                 str(tmp_path / "run")]) == 0
    assert Pix2PixConfig.from_json(tmp_path / "run" / "config.json").size == 64


def test_sources_are_never_replaced(run, tmp_path, capsys):
    Image.new("RGB", (32, 32), "red").save(tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()
    assert main(["translate", str(run), str(tmp_path), "--output", str(tmp_path),
                 "--overwrite"]) == 1
    assert "replace the picture itself" in capsys.readouterr().err
    assert (tmp_path / "a.png").read_bytes() == before


def test_a_run_is_not_overwritten_unasked(run, pairs, capsys):
    arguments = ["train", "pix2pix", "--dataset", str(pairs), "--run", str(run), *SMALL]
    assert main(arguments) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert main([*arguments, "--overwrite"]) == 0


def test_one_picture_of_any_size_is_translated(run, tmp_path, capsys):
    Image.new("RGB", (50, 37), "red").save(tmp_path / "a.jpg")
    output = tmp_path / "out"
    assert main(["translate", str(run), str(tmp_path / "a.jpg"),
                 "--output", str(output)]) == 0
    assert Image.open(output / "a.png").size == (50, 37)
    assert capsys.readouterr().out.strip() == str(output / "a.png")


def test_a_large_picture_is_fitted_to_the_size_of_training(run, tmp_path):
    ramp = np.linspace(0, 255, 96).astype(np.uint8)
    large = Image.fromarray(np.repeat(ramp[None, :, None], 64, 0).repeat(3, 2))
    large.save(tmp_path / "a.png")
    large.resize((32, 32), Image.BICUBIC).save(tmp_path / "b.png")
    results = {}
    for name, options in (("a", ["--fit"]), ("b", [])):
        assert main(["translate", str(run), str(tmp_path / f"{name}.png"), "--output",
                     str(tmp_path / "out"), *options]) == 0
        results[name] = Image.open(tmp_path / "out" / f"{name}.png")
    assert results["a"].size == (96, 64)
    stretched = np.asarray(results["b"].resize((96, 64), Image.BICUBIC)).astype(int)
    assert np.abs(np.asarray(results["a"]) - stretched).max() <= 1


def test_a_missing_picture_is_named(run, tmp_path, capsys):
    assert main(["translate", str(run), str(tmp_path / "x.png")]) == 1
    assert "no picture or folder" in capsys.readouterr().err


def test_a_whole_pair_is_noticed(run, pairs, tmp_path, capsys):
    assert main(["translate", str(run), str(pairs / "val" / "1.png"),
                 "--output", str(tmp_path)]) == 0
    assert "--half left or --half right" in capsys.readouterr().out


def test_a_folder_is_translated_repeatably(run, pairs, tmp_path):
    def translate(output, *options):
        assert main(["translate", str(run), str(pairs / "val"), "--half", "left",
                     "--output", str(output), *options]) == 0
        return [np.asarray(Image.open(output / f"{n}.png")) for n in (1, 2)]

    first, again = translate(tmp_path / "a"), translate(tmp_path / "b")
    assert first[0].shape == (32, 32, 3)
    assert all((x == y).all() for x, y in zip(first, again))
    fixed = translate(tmp_path / "c", "--deterministic")
    assert any((x != y).any() for x, y in zip(first, fixed))


def test_results_are_not_overwritten_unasked(run, tmp_path, capsys):
    Image.new("RGB", (32, 32)).save(tmp_path / "a.png")
    (tmp_path / "out").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "out" / "a.png")
    arguments = ["translate", str(run), str(tmp_path / "a.png"), "--output",
                 str(tmp_path / "out")]
    assert main(arguments) == 1
    assert "a.png exists" in capsys.readouterr().err
    assert Image.open(tmp_path / "out" / "a.png").size == (8, 8)
    assert main([*arguments, "--overwrite"]) == 0
    assert Image.open(tmp_path / "out" / "a.png").size == (32, 32)


def test_two_pictures_of_one_name_are_refused(run, tmp_path, capsys):
    for name in ("a.png", "a.jpg"):
        Image.new("RGB", (32, 32)).save(tmp_path / name)
    assert main(["translate", str(run), str(tmp_path), "--output",
                 str(tmp_path / "out")]) == 1
    assert "Several pictures" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "message"), [
    (["translate", "nowhere", "x.png"], "There is no folder nowhere"),
    (["train", "pix2pix", "--size", "100"], "multiple of 32"),
    (["train", "pix2pix", "--dataset", "facade"], "facades"),
    (["train", "pix2pix", "--context", "tpu"], "tpu"),
    (["train", "pix2pix", "--save-every", "0"], "--save-every 0"),
    (["draw", "toy_castles"], "toy_castles"),
    (["runs", "nowhere"], "no folder nowhere"),
    (["train", "pix2pix", "--dataset", "toy_fruit", "--profile", "smoke"],
     "'unpaired' data, and pix2pix learns from pairs: take toy_facades"),
    (["train", "cyclegan", "--size", "30"], "multiple of 4"),
    (["train", "pix2pix", "--dataset", "my_pear"], "folder, of which there is none"),
    (["download", "toy_maps"], "gluon-pix2pix draw toy_maps"),
    (["download", "facade"], "'facades'"),
    (["download", "facade", "--info"], "'facades'"),
    (["download", "cityscapes"], "gluon-pix2pix prepare cityscapes"),
])
def test_errors_are_sentences(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("gluon-pix2pix: ")
    assert message in error
    assert "Traceback" not in error
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(("model", "told"), [
    ("pix2pix", ["the L1 distance in the generator's loss. (default: 100.0)",
                 "(default: smoke 64, lesson 128, full 256)", "{bce,lsgan}",
                 "else toy_facades"]),
    ("cyclegan", ["times lambda_cycle. 0 leaves it out. (default: 0.5)",
                  "unless told otherwise; both are trained.", "{reflect,zero}",
                  "else toy_fruit"]),
    ("pix2pixhd", ["its global part stays as it was", "{global,local}",
                   "else toy_streets_hd", "--start RUN", "--vgg-weights FILE",
                   "(default: smoke 0.0, lesson 0.0, full 10.0)"])])
def test_every_field_of_the_configuration_has_an_option_that_explains_it(model, told,
                                                                         capsys):
    with pytest.raises(SystemExit):
        build_parser().parse_args(["train", model, "--help"])
    text = capsys.readouterr().out
    options = {line.split()[0].rstrip(",") for line in text.splitlines()
               if line.lstrip().startswith("--")}
    for name, config in CONFIGS.items():
        for field in dataclasses.fields(config):
            own = field.name in vars(CONFIGS[model]())
            assert (f"--{field.name.replace('_', '-')}" in options) == own, name
    words = " ".join(text.split())
    for part in told:
        assert part in words


def test_train_lists_the_models_and_knows_the_one_that_is_left_out(capsys, tmp_path):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    text = capsys.readouterr().out
    assert "pix2pix" in text and "two domains without pairs" in text
    with pytest.raises(SystemExit):
        main(["train", "pix3pix"])
    assert "choose from" in capsys.readouterr().err
    assert with_model(["train"]) == ["train", "pix2pix"]
    assert with_model(["train", "--epochs", "3"]) == ["train", "pix2pix", "--epochs",
                                                      "3"]
    (tmp_path / "config.json").write_text(CycleGANConfig().to_json())
    resume = ["train", f"--run={tmp_path}", "--resume"]
    assert with_model(resume)[:2] == ["train", "cyclegan"]
    assert with_model(["train", "--resume", "--run"])[:2] == ["train", "pix2pix"]
    for argv in ([], ["draw", "train"], ["train", "cyclegan"], ["train", "-h"]):
        assert with_model(argv) == argv


def test_help_and_version(capsys):
    assert main([]) == 0
    assert "translate" in capsys.readouterr().out
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])
    assert exit_.value.code == 0
    assert __version__ in capsys.readouterr().out
