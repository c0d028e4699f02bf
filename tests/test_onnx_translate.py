"""The script that goes with an ONNX file: alone, it does what `translate` does."""

import subprocess
import sys

import numpy as np
import pytest
from mxnet import nd
from PIL import Image

from gluon_pix2pix import (
    CycleGAN,
    Pix2Pix,
    Pix2PixHD,
    encode_input,
    onnx_translate,
    pictures,
    save_checkpoint,
    to_image,
    transforms,
)
from gluon_pix2pix.cli import main
from gluon_pix2pix.export import to_onnx


def random_picture(*shape, high=256, dtype=np.uint8):
    return np.random.RandomState(0).randint(0, high, shape).astype(dtype)


def painted(folder):
    return {path.name: pictures.read_picture(path).astype(int)
            for path in folder.iterdir()}


def run(*arguments):
    return onnx_translate.main([str(argument) for argument in arguments])


def complaint(capsys, *arguments):
    assert run(*arguments) == 1
    said = capsys.readouterr().err
    assert said.startswith("translate_onnx.py: ") and said.count("\n") == 1
    return said


# --------------------------------------------------------------------- its parts


def test_it_reads_pictures_as_the_package_does(tmp_path):
    grey, rgb = random_picture(6, 5), random_picture(6, 5, 3)
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(rgb).save(tmp_path / "turned.png", exif=turned)
    Image.fromarray(rgb).convert("CMYK").save(tmp_path / "inks.jpg")
    Image.fromarray(random_picture(6, 5, 4)).save(tmp_path / "clear.png")
    Image.fromarray(rgb).quantize(4).save(tmp_path / "palette.png")
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Image.fromarray(random_picture(6, 5, high=2**16, dtype=np.uint16)).save(
        tmp_path / "wide.png")
    for path in tmp_path.iterdir():
        for channels in (1, 3):
            np.testing.assert_array_equal(
                onnx_translate.read_picture(path, channels),
                pictures.read_picture(path, channels), err_msg=path.name)


def test_it_reads_maps_as_the_package_does(tmp_path):
    ids = random_picture(6, 5, high=4)
    Image.fromarray(ids).save(tmp_path / "bytes.png")
    Image.fromarray(ids).save(tmp_path / "few.png", bits=2)
    Image.fromarray((ids * 9000).astype(np.uint16)).save(tmp_path / "wide.png")
    Image.fromarray(random_picture(6, 5, 3)).quantize(4).save(tmp_path / "palette.png")
    for path in tmp_path.iterdir():
        np.testing.assert_array_equal(onnx_translate.read_ids(path),
                                      pictures.read_ids(path), err_msg=path.name)


def test_it_encodes_as_the_package_does():
    labels, objects = random_picture(9, 8, high=5), random_picture(9, 8, high=3)
    ours = encode_input(nd.array(labels[None, None]),
                        nd.array(objects[None, None], dtype="int32"), 5).asnumpy()[0]
    np.testing.assert_array_equal(np.concatenate(
        [onnx_translate.one_hot(labels, 5), onnx_translate.edges(objects)]), ours)
    for size in ((5, 3), (16, 20)):
        np.testing.assert_array_equal(onnx_translate.nearest(labels, *size),
                                      transforms.resize_ids(labels, *size))


def test_its_numbers_are_those_of_the_package():
    picture = random_picture(7, 6, 3)
    np.testing.assert_array_equal(onnx_translate.to_float(picture),
                                  transforms.to_float(picture))
    for channels in (1, 3):
        image = np.random.RandomState(0).uniform(-1.1, 1.1, (channels, 9, 7))
        np.testing.assert_array_equal(
            onnx_translate.to_picture(image.astype(np.float32)),
            to_image(image.astype(np.float32)))


# ------------------------------------------------------------------ all of it


@pytest.mark.parametrize("deterministic", [False, True])
def test_its_pictures_are_those_of_translate(onnx, tiny, tmp_path, deterministic):
    """To one level of 256: a value that is nearly halfway may be rounded otherwise."""
    model = Pix2Pix(tiny.replace(use_dropout=False))
    save_checkpoint(tmp_path / "run", model)
    to_onnx(model, tmp_path / "a.onnx",
            mode="deterministic" if deterministic else "sample")
    (tmp_path / "in").mkdir()
    for name, shape in (("1.png", (32, 32, 3)), ("2.png", (33, 70, 3)),
                        ("10.png", (5, 3, 3))):
        Image.fromarray(random_picture(*shape)).save(tmp_path / "in" / name)
    assert run(tmp_path / "a.onnx", tmp_path / "in", "--output", tmp_path / "out") == 0
    assert main(["translate", str(tmp_path / "run"), str(tmp_path / "in"), "--output",
                 str(tmp_path / "ours"), *["--deterministic"] * deterministic]) == 0
    theirs, ours = painted(tmp_path / "out"), painted(tmp_path / "ours")
    assert set(theirs) == set(ours) == {"1.png", "2.png", "10.png"}
    for name, picture in ours.items():
        difference = np.abs(theirs[name] - picture)
        assert difference.max() <= 1 and (difference > 0).mean() < 0.01


def test_grey_to_colour_and_back(onnx, tiny_cycle, tmp_path):
    model = CycleGAN(tiny_cycle.replace(in_channels=1, lambda_identity=0.0))
    Image.fromarray(random_picture(6, 21, 3)).save(tmp_path / "a.png")
    for direction, channels in (("AtoB", 1), ("BtoA", 3)):
        path = to_onnx(model, tmp_path / f"{direction}.onnx", direction).files[0]
        assert run(path, tmp_path / "a.png", "--output", tmp_path / direction) == 0
        x = transforms.to_float(pictures.read_picture(tmp_path / "a.png", channels))
        ours = to_image(model.translate(nd.array(x[None]), direction)).astype(int)
        assert np.abs(painted(tmp_path / direction)["a.png"] - ours).max() <= 1


@pytest.mark.parametrize(("changes", "sizes"), [
    ({"features": "none"}, []),
    ({"features": "stored"}, ["--width", "24"]),
    ({"features": "none", "use_instances": False, "resize_mode": "none"}, []),
    ({"features": "none", "generator": "local"}, ["--full-size"]),
], ids=str)
def test_label_maps_are_painted_as_translate_does(onnx, tiny_hd, tmp_path, scenes,
                                                  changes, sizes):
    model = Pix2PixHD(tiny_hd.replace(**changes))
    save_checkpoint(tmp_path / "run", model)
    to_onnx(model, tmp_path / "a.onnx")
    given = [scenes / "test_label"]
    if model.config.use_instances:
        given += ["--instances", scenes / "test_inst"]
    if model.config.features == "stored":
        given += ["--features", scenes / "test_img"]  # any pictures will do
    given = [str(each) for each in (*given, *sizes)]
    assert run(tmp_path / "a.onnx", *given, "--output", tmp_path / "out") == 0
    assert main(["translate", str(tmp_path / "run"), *given, "--output",
                 str(tmp_path / "ours")]) == 0
    theirs, ours = painted(tmp_path / "out"), painted(tmp_path / "ours")
    assert set(theirs) == set(ours) == {"1.png", "2.png"}
    for name, picture in ours.items():
        assert theirs[name].shape == picture.shape
        assert np.abs(theirs[name] - picture).max() <= 1


def test_pictures_instead_of_label_maps(onnx, tiny_hd, tmp_path, scenes):
    model = Pix2PixHD(tiny_hd.replace(label_nc=0, use_instances=False,
                                      features="none"))
    save_checkpoint(tmp_path / "run", model)
    to_onnx(model, tmp_path / "a.onnx")
    given = [str(scenes / "test_img"), "--width", "20"]
    assert run(tmp_path / "a.onnx", *given, "--output", tmp_path / "out") == 0
    assert main(["translate", str(tmp_path / "run"), *given, "--output",
                 str(tmp_path / "ours")]) == 0
    for name, picture in painted(tmp_path / "ours").items():
        assert np.abs(painted(tmp_path / "out")[name] - picture).max() <= 1


def test_it_works_where_mxnet_is_not(onnx, model, tmp_path):
    to_onnx(model, tmp_path / "a.onnx", mode="deterministic")
    script = tmp_path / "translate_onnx.py"
    script.write_bytes(open(onnx_translate.__file__, "rb").read())
    Image.fromarray(random_picture(32, 32, 3)).save(tmp_path / "a.png")
    blocked = ("import runpy, sys; sys.modules.update(mxnet=None, gluon_pix2pix=None, "
               "matplotlib=None, scipy=None); sys.argv = sys.argv[1:]; "
               "runpy.run_path(sys.argv[0], run_name='__main__')")
    done = subprocess.run(
        [sys.executable, "-I", "-c", blocked, script, tmp_path / "a.onnx",
         tmp_path / "a.png", "--output", tmp_path / "out"], capture_output=True,
        text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert painted(tmp_path / "out")["a.png"].std() > 0


def test_a_seed_repeats_the_dropout(onnx, tiny, tmp_path):
    path = to_onnx(Pix2Pix(tiny.replace(size=64, num_downs=6)),
                   tmp_path / "a.onnx").files[0]
    x = np.random.RandomState(0).randn(1, 3, 64, 64).astype(np.float32)
    first, again, other = (onnx_translate.Translator(path, seed)(x)
                           for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_it_says_what_the_file_is(onnx, model, tmp_path, capsys):
    to_onnx(model, tmp_path / "a.onnx", dataset="facades")
    assert run(tmp_path / "a.onnx", "--about") == 0
    said = capsys.readouterr().out
    assert "CMP Facade Database" in said and "channel_order   RGB" in said


def test_what_cannot_be_is_told_in_a_sentence(onnx, model, tiny_hd, tmp_path, scenes,
                                              capsys):
    path, hd = tmp_path / "a.onnx", tmp_path / "hd.onnx"
    to_onnx(model, path)
    to_onnx(Pix2PixHD(tiny_hd), hd)
    Image.fromarray(random_picture(32, 32, 3)).save(tmp_path / "a.png")
    out = ["--output", tmp_path / "out"]
    assert "There is no file" in complaint(capsys, tmp_path / "b.onnx", "a.png")
    assert "cannot be read as an ONNX model" in complaint(
        capsys, tmp_path / "a.png", tmp_path / "a.png", *out)
    assert "Name pictures" in complaint(capsys, path, *out)
    assert "no picture or folder" in complaint(capsys, path, tmp_path / "b.png", *out)
    assert "would replace the picture" in complaint(
        capsys, path, tmp_path / "a.png", "--output", tmp_path, "--overwrite")
    assert "no use for --instances" in complaint(
        capsys, path, tmp_path / "a.png", "--instances", tmp_path, *out)
    assert "no use for --width" in complaint(
        capsys, path, tmp_path / "a.png", "--width", "64", *out)
    assert "with --instances" in complaint(capsys, hd, tmp_path / "a.png", *out)
    looks = ["--instances", scenes / "test_inst", "--features", scenes / "test_img"]
    assert "is in colour" in complaint(capsys, hd, scenes / "test_img", *looks, *out)
    assert "0 partners" in complaint(capsys, hd, tmp_path / "a.png", *looks, *out)
    Image.fromarray(np.full((16, 32), 99, np.uint8)).save(tmp_path / "1.png")
    assert "holds 99, and labels end at 34" in complaint(
        capsys, hd, tmp_path / "1.png", *looks, *out)
    Image.fromarray(np.full((8, 32), 1, np.uint8)).save(tmp_path / "1.png")
    assert "both must show the same picture" in complaint(
        capsys, hd, tmp_path / "1.png", *looks, *out)
    (tmp_path / "broken.png").write_bytes(b"no picture")
    assert "cannot be read as a picture" in complaint(
        capsys, path, tmp_path / "broken.png", *out)
    assert run(path, tmp_path / "a.png", *out) == 0
    assert "add --overwrite" in complaint(capsys, path, tmp_path / "a.png", *out)
    assert run(path, tmp_path / "a.png", *out, "--overwrite") == 0


def tanh_of(onnx, *shape):
    """Make a file that knows one operator, and pictures of one shape."""
    node = onnx.helper.make_node("Tanh", ["input"], ["output"])
    value = [onnx.helper.make_tensor_value_info(name, 1, shape)
             for name in ("input", "output")]
    return onnx.helper.make_model(
        onnx.helper.make_graph([node], "a", value[:1], value[1:]), ir_version=8,
        opset_imports=[onnx.helper.make_opsetid("", 13)])


def test_a_file_of_another_maker_is_refused(onnx, tmp_path, capsys):
    onnx.save(tanh_of(onnx, "N", 3, "H", "W"), tmp_path / "a.onnx")
    assert "does not say how to use it" in complaint(capsys, tmp_path / "a.onnx", "x")


def test_what_onnxruntime_cannot_do_is_told(onnx, tmp_path, capsys):
    file = tanh_of(onnx, 1, 3, 8, 8)
    onnx.helper.set_model_props(file, {"model": "pix2pix", "size_multiple": "1",
                                       "in_channels": "3"})
    onnx.save(file, tmp_path / "a.onnx")
    Image.fromarray(random_picture(8, 9, 3)).save(tmp_path / "a.png")
    said = complaint(capsys, tmp_path / "a.onnx", tmp_path / "a.png", "--output",
                     tmp_path / "out")
    assert "cannot translate 9x8 pixels" in said


def test_a_picture_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    def fail(*names):
        raise OSError("no space")

    monkeypatch.setattr(onnx_translate.os, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        onnx_translate._save(Image.new("RGB", (4, 4)), tmp_path / "a.png")
    assert not list(tmp_path.iterdir())
