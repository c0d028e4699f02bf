import json
import shutil

import numpy as np
import pytest

from gluon_pix2pix import save_checkpoint
from gluon_pix2pix.cli import main
from gluon_pix2pix.hd_translation import LabelTranslator
from gluon_pix2pix.instance_features import ObjectFeatures
from gluon_pix2pix.label_instances import LabelInstanceImages
from gluon_pix2pix.pix2pixhd import Pix2PixHD
from gluon_pix2pix.pix2pixhd_config import Pix2PixHDConfig
from gluon_pix2pix.styles import Styles
from gluon_pix2pix.toys import draw

CONFIG = Pix2PixHDConfig.for_profile("smoke", features="encoder", ngf=4, ndf=4, nef=4)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run on drawn streets, and those, as ``train`` leaves them."""
    folder = tmp_path_factory.mktemp("trained")
    streets = draw("toy_streets_hd", folder / "data", 32, 4)
    save_checkpoint(folder / "run" / "checkpoints" / "epoch_0001", Pix2PixHD(CONFIG))
    (folder / "run" / "config.json").write_text(CONFIG.to_json())
    (folder / "run" / "command.json").write_text(json.dumps({"dataset": streets.name}))
    return folder


@pytest.fixture
def run(trained, tmp_path):
    shutil.copytree(trained / "run", tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def data(trained, tmp_path):
    shutil.copytree(trained / "data", tmp_path / "data")
    return tmp_path / "data"


def told(capsys, *arguments):
    """Run a command; return its status and what it wrote."""
    status = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return status, out, err.strip().splitlines()[-1] if err.strip() else ""


def test_objects_of_the_training_set_become_looks(run, data, capsys, recwarn):
    status, out, _ = told(capsys, "encode-features", run, "--root", data,
                          "--clusters", 3)
    objects = ObjectFeatures.load(run / "features.npz")
    styles = Styles.load(run / "styles.npz")
    dataset = LabelInstanceImages(data / "toy_streets_hd_32px_4", "train", CONFIG,
                                  train=False)
    expected = sum(len(np.unique(dataset[index][1])) for index in range(4))
    assert status == 0 and len(objects) == expected
    assert sorted(styles.looks) == sorted(set(objects.label))
    assert max(map(len, styles.looks.values())) == 3
    styles = LabelTranslator.load(run).styles  # without a warning: they are its own
    assert recwarn.list == [] and len(styles.looks)
    assert out == (
        f"{expected} objects of {len(styles.looks)} classes in 4 pictures: "
        f"{run / 'features.npz'}\n{sum(map(len, styles.looks.values()))} looks: "
        f"{run / 'styles.npz'}\n")


def test_doing_it_again_replaces_both(run, data, capsys):
    for clusters in (3, 2):
        assert told(capsys, "encode-features", run / "checkpoints" / "epoch_0001",
                    "--root", data, "--clusters", clusters)[0] == 0
        styles = Styles.load(run / "styles.npz")
        assert max(map(len, styles.looks.values())) == clusters
    assert sorted(path.name for path in run.iterdir()) == [
        "checkpoints", "command.json", "config.json", "features.npz", "styles.npz"]


def test_damaged_looks_are_written_again(run, data, capsys):
    (run / "styles.npz").write_bytes(b"junk")
    assert told(capsys, "encode-features", run, "--root", data)[0] == 0
    assert Styles.load(run / "styles.npz").looks


def test_another_split_and_another_data_set(run, data, capsys):
    other = (data / "toy_streets_hd_32px_4").rename(data / "mine")
    assert told(capsys, "encode-features", run, "--dataset", other, "--split", "test",
                "--seed", 4)[0] == 0
    assert set(ObjectFeatures.load(run / "features.npz").picture) == {0, 1, 2, 3}


def test_feature_maps_of_all_splits_with_photos(run, data, capsys):
    streets = data / "toy_streets_hd_32px_4"
    command = ("precompute-features", run, "--root", data)
    status, out, _ = told(capsys, *command)
    assert status == 0
    assert out == f"{streets / 'train_feat'}\n{streets / 'test_feat'}\n"
    assert LabelInstanceImages(streets, "test", CONFIG.replace(features="stored"))
    shutil.rmtree(streets / "test_feat")
    for missing in ("img", "label", "inst"):
        (streets / f"test_{missing}").rename(streets / "away")
        assert told(capsys, *command)[1] == f"{streets / 'train_feat'}\n"
        (streets / "away").rename(streets / f"test_{missing}")


def test_maps_of_another_run_are_kept_unless_told(run, data, capsys):
    streets = data / "toy_streets_hd_32px_4"
    command = ("precompute-features", run, "--root", data, "--split", "train")
    assert told(capsys, *command)[0] == 0
    save_checkpoint(run / "checkpoints" / "epoch_0001",
                    Pix2PixHD(CONFIG.replace(seed=1)))
    before = (streets / "train_feat" / "1.png").read_bytes()
    status, _, err = told(capsys, *command)
    assert status == 1 and "features of another encoder" in err and "--overwrite" in err
    assert (streets / "train_feat" / "1.png").read_bytes() == before
    assert told(capsys, *command, "--overwrite")[0] == 0
    assert (streets / "train_feat" / "1.png").read_bytes() != before


@pytest.mark.parametrize("command", ["encode-features", "precompute-features"])
def test_what_is_missing_is_said_first(command, run, data, tmp_path, capsys):
    status, _, err = told(capsys, command, tmp_path / "nowhere")
    assert status == 1 and "There is no folder" in err
    status, _, err = told(capsys, command, run, "--dataset", tmp_path / "gone")
    assert status == 1 and err.endswith(f"There is no folder {tmp_path / 'gone'}.")
    status, _, err = told(capsys, command, run, "--root", data, "--split", "val")
    assert status == 1 and "has no folder 'val_label'" in err
    (run / "command.json").unlink()
    status, _, err = told(capsys, command, run)
    assert status == 1 and "does not tell what it was trained on: name it with " in err
    assert sorted(path.name for path in run.iterdir()) == ["checkpoints", "config.json"]


@pytest.mark.parametrize("command", ["encode-features", "precompute-features"])
def test_a_run_without_encoder_is_told_how_to_get_one(command, tmp_path, capsys):
    config = CONFIG.replace(features="none")
    save_checkpoint(tmp_path / "run", Pix2PixHD(config))
    status, _, err = told(capsys, command, tmp_path / "run", "--dataset", "toy_fruit")
    assert status == 1 and f"{tmp_path / 'run'}: This model has no encoder" in err
    assert "--features encoder" in err


@pytest.mark.parametrize(("option", "message"), [
    (("--clusters", 0), "--clusters 0 must be"), (("--seed", -1), "--seed -1 is not"),
    (("--seed", 2**31), "name one from 0 to")])
def test_impossible_numbers_are_named_before_any_work(run, capsys, option, message):
    assert message in told(capsys, "encode-features", run, *option)[2]
    assert not (run / "features.npz").exists()
