"""The command export: a folder that can be taken elsewhere, or nothing."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from gluon_pix2pix import CycleGAN, Pix2Pix, Pix2PixHD, save_checkpoint
from gluon_pix2pix.cli import main
from gluon_pix2pix.pictures import read_picture


@pytest.fixture(scope="module")
def run(tiny, tmp_path_factory):
    """A run without dropout, so that samples can be compared."""
    folder = tmp_path_factory.mktemp("runs") / "houses"
    save_checkpoint(folder / "checkpoints" / "epoch_0001",
                    Pix2Pix(tiny.replace(use_dropout=False)), epoch=1, iteration=2,
                    data={"name": "toy_facades_32px_8", "split": "train",
                          "pictures": 24})
    return folder


def told(capsys, *arguments):
    """Run a command that fails; return its complaint."""
    assert main(["export", *map(str, arguments)]) == 1
    return capsys.readouterr().err


def test_a_folder_that_works_alone(onnx, run, tmp_path, capsys):
    output = tmp_path / "out"
    assert main(["export", str(run), "--output", str(output)]) == 0
    assert {path.name for path in output.iterdir()} == {
        "generator.onnx", "MODEL_CARD.md", "translate_onnx.py"}
    said = capsys.readouterr().out
    assert "AtoB, sample; differs from the model by" in said
    card = (output / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "toy_facades_32px_8" in card and "| epochs | 1 of 2 |" in card

    picture = np.random.RandomState(0).randint(0, 256, (40, 50, 3), np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.png")
    subprocess.run(
        [sys.executable, "-I", output / "translate_onnx.py", output / "generator.onnx",
         tmp_path / "a.png", "--output", tmp_path / "alone"], check=True)
    assert main(["translate", str(run), str(tmp_path / "a.png"), "--output",
                 str(tmp_path / "ours")]) == 0
    alone, ours = (read_picture(tmp_path / name / "a.png").astype(int)
                   for name in ("alone", "ours"))
    assert ours.shape == (40, 50, 3) and np.abs(alone - ours).max() <= 1


def test_it_lands_in_the_run_and_is_not_replaced(run, capsys):
    arguments = ["export", str(run), "--format", "symbol"]
    assert main(arguments) == 0
    assert {path.name for path in (run / "export").iterdir()} == {
        "generator-symbol.json", "generator-0000.params", "generator.json",
        "MODEL_CARD.md"}
    assert "add --overwrite" in told(capsys, *arguments[1:])
    assert main([*arguments, "--overwrite"]) == 0
    for mine in ("mine.txt", "generator_best-symbol.json"):
        (run / "export" / mine).touch()
        assert f"{mine}, which is no part of an export" in told(
            capsys, *arguments[1:], "--overwrite")
        (run / "export" / mine).unlink()


def test_a_cyclegan_gives_a_file_for_each_way(tiny_cycle, tmp_path, capsys):
    save_checkpoint(tmp_path / "run", CycleGAN(tiny_cycle))
    arguments = ["export", str(tmp_path / "run"), "--format", "symbol", "--output",
                 str(tmp_path / "out")]
    assert main(arguments) == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"generator_AtoB-symbol.json", "generator_BtoA-symbol.json"} < names
    assert main([*arguments, "--direction", "BtoA", "--overwrite"]) == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {name for name in names if name.endswith("-symbol.json")} == {
        "generator_BtoA-symbol.json"}


def test_modes(onnx, run, tmp_path):
    for mode in ("sample", "deterministic"):
        assert main(["export", str(run), "--mode", mode, "--output",
                     str(tmp_path / mode)]) == 0
    operators = [{node.op_type for node in onnx.load(
        tmp_path / mode / "generator.onnx").graph.node}
        for mode in ("sample", "deterministic")]
    assert "InstanceNormalization" in operators[0] - operators[1]
    assert "BatchNormalization" in operators[1] - operators[0]


def test_a_pix2pixhd_is_exported_with_its_looks(onnx, tiny_hd, tmp_path):
    save_checkpoint(tmp_path / "run", Pix2PixHD(tiny_hd))
    assert main(["export", str(tmp_path / "run"), "--output",
                 str(tmp_path / "out")]) == 0
    card = (tmp_path / "out" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "--instances objects/ --features looks/" in card


def test_what_cannot_be_is_told_in_a_sentence(run, tmp_path, capsys, monkeypatch):
    output = ["--output", str(tmp_path / "out")]
    symbol = [run, "--format", "symbol", *output]
    assert "leave --direction out" in told(capsys, *symbol, "--direction", "BtoA")
    assert "leave --mode out" in told(capsys, *symbol, "--mode", "sample")
    assert "There is no folder" in told(capsys, tmp_path / "nowhere", *output)
    (tmp_path / "file").touch()
    assert "is a file" in told(capsys, *symbol[:3], "--output", tmp_path / "file")
    assert "Nothing was written" in told(capsys, *symbol, "--tolerance", "-1")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert '".[onnx]"' in told(capsys, run, *output)
    assert {path.name for path in tmp_path.iterdir()} == {"file"}


def test_help_teaches(capsys):
    with pytest.raises(SystemExit):
        main(["export", "--help"])
    said = capsys.readouterr().out
    assert "translate_onnx.py" in said and "--mode deterministic" in said
