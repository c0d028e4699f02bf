"""The command translate with a pix2pixHD: scenes of several files."""

import shutil

import numpy as np
import pytest
from mxnet import nd
from PIL import Image

from gluon_pix2pix import Pix2Pix, save_checkpoint
from gluon_pix2pix.cli import main
from gluon_pix2pix.hd_translation import LabelTranslator
from gluon_pix2pix.label_instances import LabelInstanceImages
from gluon_pix2pix.pictures import read_picture
from gluon_pix2pix.pix2pixhd import Pix2PixHD
from gluon_pix2pix.styles import Styles
from gluon_pix2pix.transforms import resize_ids, to_uint8
from gluon_pix2pix.viz import to_image

NO_LOOKS = {"features": "none"}


@pytest.fixture(scope="module")
def run(tiny_hd, tmp_path_factory):
    """A run that has learnt nothing, with an encoder."""
    folder = tmp_path_factory.mktemp("runs") / "streets"
    save_checkpoint(folder / "checkpoints" / "epoch_0001", Pix2PixHD(tiny_hd))
    return folder


@pytest.fixture
def run_with_looks(run, tmp_path):
    """The same, with three looks of roads and two of cars."""
    folder = shutil.copytree(run, tmp_path / "with_looks")
    looks = {7: np.eye(3, dtype=np.float32),
             26: np.array([[1, -1, 1], [-1, 1, 0]], np.float32)}
    Styles(looks, {7: np.array([3, 2, 1]), 26: np.array([5, 4])}).save(
        folder / "styles.npz")
    return folder


def other_run(tiny_hd, folder, **changes):
    save_checkpoint(folder, Pix2PixHD(tiny_hd.replace(**changes)))
    return folder


def told(capsys, *arguments):
    """Run a command that fails; return its complaint."""
    assert main(["translate", *map(str, arguments)]) == 1
    return capsys.readouterr().err


def painted(output, *arguments):
    """Translate; return the pictures by name."""
    assert main(["translate", *map(str, arguments), "--output", str(output)]) == 0
    return {path.name: read_picture(path).astype(int) for path in output.iterdir()}


def batch_of(item):
    """Make a batch of one item of a data set."""
    return [nd.array(array[None], dtype=array.dtype) for array in item]


def of_test(scenes):
    """Name the label and instance maps of the test split."""
    return scenes / "test_label", "--instances", scenes / "test_inst"


def test_the_looks_of_photos(run, scenes, tmp_path):
    found = painted(tmp_path / "out", run, *of_test(scenes), "--photos",
                    scenes / "test_img")
    assert set(found) == {"1.png", "2.png"}
    translator = LabelTranslator.load(run)
    dataset = LabelInstanceImages(scenes, "test", translator.config, train=False)
    for name, item in zip(("1.png", "2.png"), dataset, strict=True):
        labels, instances, photo = batch_of(item)
        looks = translator.features_of(photo, instances)
        fake = translator.translate(labels, instances, looks)
        assert np.abs(found[name] - to_image(fake)).max() <= 1


def test_damaged_looks_matter_only_where_they_are_drawn(run_with_looks, scenes,
                                                        tmp_path, capsys):
    (run_with_looks / "styles.npz").write_bytes(b"junk")
    photos = (*of_test(scenes), "--photos", scenes / "test_img")
    assert painted(tmp_path / "out", run_with_looks, *photos)
    assert "styles.npz cannot be read" in told(capsys, run_with_looks, *of_test(scenes))


def test_a_split_of_a_data_set_names_both_maps(run_with_looks, scenes, tmp_path):
    named = painted(tmp_path / "a", run_with_looks, *of_test(scenes))
    split = painted(tmp_path / "b", run_with_looks, scenes, "--split", "test")
    assert named.keys() == split.keys()
    assert all((named[name] == split[name]).all() for name in named)


def test_looks_are_drawn_by_the_seed_whatever_else_is_painted(run_with_looks, scenes,
                                                              tmp_path):
    both = painted(tmp_path / "0", run_with_looks, *of_test(scenes), "--seed", 1)
    label_map = scenes / "test_label" / "2.png"
    one = painted(tmp_path / "1", run_with_looks, label_map, *of_test(scenes)[1:],
                  "--seed", 1)
    assert list(one) == ["2.png"] and (one["2.png"] == both["2.png"]).all()
    others = [painted(tmp_path / f"s{seed}", run_with_looks, label_map,
                      *of_test(scenes)[1:], "--seed", seed)["2.png"]
              for seed in range(4)]
    assert any((other != one["2.png"]).any() for other in others)
    assert (others[0] == painted(tmp_path / "d", run_with_looks, label_map,
                                 *of_test(scenes)[1:])["2.png"]).all()


def test_a_look_by_its_number_is_that_of_every_object(run_with_looks, scenes, tmp_path):
    translator = LabelTranslator.load(run_with_looks)
    dataset = LabelInstanceImages(scenes, "test", translator.config, train=False)
    labels, instances, _ = batch_of(dataset[0])
    for number, of_a_car in ((0, 0), (1, 1), (2, 1)):  # two looks of cars only
        found = painted(tmp_path / str(number), run_with_looks, *of_test(scenes),
                        "--look", number)["1.png"]
        looks = {7: number, 26000: of_a_car, 26001: of_a_car}
        expected = to_image(translator.translate(
            labels, instances, translator.styles.features(labels, instances, looks)))
        assert np.abs(found - expected).max() <= 1


def test_stored_looks(tiny_hd, scenes, tmp_path):
    run = other_run(tiny_hd, tmp_path / "model", features="stored")
    (tmp_path / "feat").mkdir()
    looks = np.random.RandomState(0).randint(0, 255, (16, 32, 3)).astype(np.uint8)
    for name in ("1.png", "2.png"):
        Image.fromarray(looks).save(tmp_path / "feat" / name)
    found = painted(tmp_path / "out", run, *of_test(scenes), "--features",
                    tmp_path / "feat")["1.png"]
    translator = LabelTranslator.load(run)
    config = translator.config.replace(features="none")
    labels, instances, _ = batch_of(LabelInstanceImages(
        scenes, "test", config, train=False)[0])
    features = nd.array(looks.transpose(2, 0, 1)[None] / 127.5 - 1)
    expected = to_image(translator.translate(labels, instances, features))
    assert np.abs(found - expected).max() <= 1


def test_neither_looks_nor_instances(tiny_hd, scenes, tmp_path, capsys):
    run = other_run(tiny_hd, tmp_path / "model", use_instances=False, **NO_LOOKS)
    found = painted(tmp_path / "out", run, scenes / "test_label")
    assert len(found) == 2
    assert "trained without instance maps: leave out --instances" in told(
        capsys, run, *of_test(scenes))


def test_pictures_in_place_of_label_maps(tiny_hd, scenes, tmp_path):
    run = other_run(tiny_hd, tmp_path / "model", label_nc=0, use_instances=False,
                    **NO_LOOKS)
    found = painted(tmp_path / "out", run, scenes / "test_img")
    translator = LabelTranslator.load(run)
    photo = read_picture(scenes / "test_img" / "2.png")
    x = nd.array(photo.transpose(2, 0, 1)[None] / 127.5 - 1)
    assert np.abs(found["2.png"] - to_image(translator.translate(x))).max() <= 1
    data = tmp_path / "data"
    shutil.copytree(scenes / "test_img", data / "test_A")
    split = painted(tmp_path / "split", run, data, "--split", "test")
    assert all((split[name] == found[name]).all() for name in found)


@pytest.mark.parametrize(("changes", "options", "size"), [
    ({}, [], (32, 20)), ({}, ["--full-size"], (48, 30)),
    ({}, ["--width", 24], (24, 15)),
    ({"resize_mode": "none"}, [], (48, 30)), ({"resize_mode": "crop"}, [], (48, 30)),
    ({"resize_mode": "scale_width_and_crop", "size": 16, "load_size": 40}, [],
     (40, 25))])
def test_maps_are_painted_at_the_width_of_training_or_another(tiny_hd, tmp_path,
                                                              changes, options, size):
    run = other_run(tiny_hd, tmp_path / "model", **NO_LOOKS, **changes)
    labels = np.random.RandomState(0).randint(0, 35, (30, 48)).astype(np.uint8)
    for name in ("labels", "objects"):
        (tmp_path / name).mkdir()
    Image.fromarray(labels).save(tmp_path / "labels" / "a_gtFine_labelIds.png")
    Image.fromarray(labels).save(tmp_path / "objects" / "a_gtFine_instanceIds.png")
    found = painted(tmp_path / "out", run, tmp_path / "labels", "--instances",
                    tmp_path / "objects", *options)
    width, height = size
    assert found["a.png"].shape == (height, width, 3)
    ids = nd.array(resize_ids(labels, width, height)[None, None])
    fake = LabelTranslator.load(run).translate(ids, ids).asnumpy()[0]
    assert np.abs(found["a.png"] - to_uint8(fake)).max() <= 1


def test_results_are_not_replaced_unasked(run_with_looks, scenes, tmp_path, capsys):
    command = [run_with_looks, *of_test(scenes)]
    painted(tmp_path / "out", *command)
    assert "1.png exists already" in told(capsys, *command, "--output",
                                          tmp_path / "out")
    painted(tmp_path / "out", *command, "--overwrite")
    mine = shutil.copytree(scenes, tmp_path / "mine")
    assert "would replace the picture itself" in told(
        capsys, run_with_looks, *of_test(mine), "--output", mine / "test_inst",
        "--overwrite")
    assert "Several pictures would become" in told(
        capsys, run_with_looks, mine / "test_label", mine / "train_label",
        "--instances", mine / "test_inst", "--output", tmp_path / "both")


def without(scenes, tmp_path, name):
    folder = shutil.copytree(scenes, tmp_path / "data")
    (folder / name).unlink()
    return folder


@pytest.mark.parametrize(("options", "message"), [
    ([], "name the folder of the instance maps with --instances"),
    (["--instances", "nowhere"], "There is no folder nowhere"),
    (["--split", "test", "--instances", "x"], "--split names them already"),
    (["--split", "val"], "has no folder 'val_label'"),
    (["--photos", "x", "--seed", "1"], "--photos and --seed both say how objects look"),
    (["--half", "left"], "is a pix2pixhd, which has no use for --half"),
    (["--deterministic"], "which has no use for --deterministic"),
    (["--width", "0"], "--width 0 is not possible"),
    (["--look", "-1"], "--look -1 is not possible"),
    (["--seed", "-1"], "--seed -1 is not possible")])
def test_what_cannot_work_is_said_before_networks_are_loaded(
        run_with_looks, scenes, tmp_path, capsys, monkeypatch, options, message):
    monkeypatch.setattr(LabelTranslator, "load", lambda *_: pytest.fail("loaded"))
    given = scenes if "--split" in options else scenes / "test_label"
    assert message in told(capsys, run_with_looks, given, *options, "--output",
                           tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_files_that_do_not_fit_are_named_before_networks_are_loaded(
        run_with_looks, scenes, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(LabelTranslator, "load", lambda *_: pytest.fail("loaded"))
    data = without(scenes, tmp_path, "test_inst/2.png")
    command = [run_with_looks, *of_test(data), "--output", tmp_path / "out"]
    message = told(capsys, *command)
    assert "2.png has 0 partners in" in message and "test_inst" in message
    Image.new("I;16", (20, 16)).save(data / "test_inst" / "2.png")
    assert "2.png is 20x16 pixels and 2.png 32x16" in told(capsys, *command)


def test_a_value_that_is_no_label_is_named(run_with_looks, scenes, tmp_path, capsys):
    data = shutil.copytree(scenes, tmp_path / "data")
    Image.new("L", (32, 16), 77).save(data / "test_label" / "2.png")
    message = told(capsys, run_with_looks, *of_test(data), "--output", tmp_path / "out")
    assert "2.png holds 77, and labels end at 34" in message


def test_a_lack_of_looks_is_told_with_all_ways_out(run, tiny_hd, scenes, tmp_path,
                                                   capsys):
    message = told(capsys, run, *of_test(scenes))
    for part in (f"there is no {run / 'styles.npz'}", "--photos", "--features",
                 "encode-features"):
        assert part in message
    assert "styles.npz" in told(capsys, run, *of_test(scenes), "--look", 1)
    stored = other_run(tiny_hd, tmp_path / "stored", features="stored")
    assert "--photos" not in told(capsys, stored, *of_test(scenes))
    assert "has no encoder" in told(capsys, stored, *of_test(scenes), "--photos", "x")
    whole = other_run(tiny_hd, tmp_path / "whole", use_instances=False)
    message = told(capsys, whole, scenes / "test_label")
    assert "--photos" in message and "encode-features" not in message
    odd = other_run(tiny_hd, tmp_path / "odd", n_features=2)
    assert "has n_features=2, and stored feature maps are pictures" in told(
        capsys, odd, *of_test(scenes), "--features", scenes / "test_img")
    plain = other_run(tiny_hd, tmp_path / "plain", **NO_LOOKS)
    assert "knows no looks of objects (features='none'): leave out --look" in told(
        capsys, plain, *of_test(scenes), "--look", 0)


def test_other_models_have_no_use_for_label_maps(tiny, scenes, tmp_path, capsys):
    save_checkpoint(tmp_path / "pairs", Pix2Pix(tiny))
    for option in (["--instances", "x"], ["--look", 0], ["--full-size"]):
        message = told(capsys, tmp_path / "pairs", scenes / "test_img", *option)
        assert f"is a pix2pix, which has no use for {option[0]}" in message


def test_the_help_teaches_both_kinds(capsys):
    with pytest.raises(SystemExit):
        main(["translate", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for part in ("labels/ --instances objects/", "--split test", "number N of each "
                 "class", "pix2pix and CycleGAN:", "pix2pixHD:"):
        assert part in text
