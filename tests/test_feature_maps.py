import shutil

import numpy as np
import pytest
from mxnet import nd

from gluon_pix2pix.checks import check
from gluon_pix2pix.failures import RunInUseError, SaveError
from gluon_pix2pix.feature_maps import enlarged, precompute_features, whole_pictures
from gluon_pix2pix.hd_translation import LabelTranslator
from gluon_pix2pix.label_instances import LabelInstanceImages
from gluon_pix2pix.locking import only_one
from gluon_pix2pix.pictures import read_ids, read_picture
from gluon_pix2pix.pix2pixhd import Pix2PixHD
from gluon_pix2pix.pix2pixhd_config import Pix2PixHDConfig
from gluon_pix2pix.toys import draw

CONFIG = Pix2PixHDConfig.for_profile("smoke", features="encoder", ngf=4, ndf=4, nef=4)


class Counted(LabelTranslator):
    """A translator that counts what it encodes, and is interrupted when told to be."""

    encoded, stop_at = 0, None

    def features_of(self, photo, instances):
        if self.encoded == self.stop_at:
            raise KeyboardInterrupt
        self.encoded += 1
        return super().features_of(photo, instances)


@pytest.fixture
def translator():
    return translator_of(CONFIG)


def translator_of(config):
    model = Pix2PixHD(config)
    return Counted(model.netG, config, model.netE)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return draw("toy_streets_hd", tmp_path_factory.mktemp("data"), 64, 4)


@pytest.fixture
def streets(drawn, tmp_path):
    """Photos twice as large as the encoder has seen."""
    return shutil.copytree(drawn, tmp_path / "streets")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def precompute(translator, folder, **options):
    return precompute_features(translator, folder, progress=False, **options)


def test_features_are_painted_over_the_objects_of_the_larger_map():
    rng = np.random.RandomState(0)
    small = rng.choice([3, 5, 26000], (4, 6))
    values = {3: -0.5, 5: 0.25, 26000: 0.75}
    features = np.vectorize(values.get)(small)[None].astype(np.float32)
    large = small.repeat(2, axis=0).repeat(2, axis=1)
    large[1, 1] = 5  # edges are elsewhere at another size
    large[6, 9:11] = 27000  # and little things only there
    painted = enlarged(features, small, large)
    assert painted.shape == (1, 8, 12)
    for instance, value in values.items():
        assert (painted[0][large == instance] == np.float32(value)).all()
    below = [values[small[3, 4]], values[small[3, 5]]]
    assert np.allclose(painted[0, 6, 9:11], np.mean(below))


def test_maps_have_the_size_of_the_photos_and_the_features_of_the_encoder(
        streets, translator):
    folder = precompute(translator, streets)
    assert folder == streets / "train_feat"
    assert names(folder) == [".features.json", "1.png", "2.png", "3.png", "4.png"]
    dataset = LabelInstanceImages(streets, "train", CONFIG, train=False)
    _, instances, photo = dataset[1]
    features = translator.features_of(
        nd.array(photo[None]), nd.array(instances[None], dtype="int32")).asnumpy()[0]
    stored = read_picture(folder / "2.png") / 127.5 - 1
    large = read_ids(streets / "train_inst" / "2.png")
    assert stored.shape == (64, 128, 3) and photo.shape == (3, 32, 64)
    for instance in np.unique(instances):
        value = features[:, instances[0] == instance][:, 0]
        assert np.abs(stored[large == instance] - value).max() <= 0.5 / 127.5 + 1e-6


def test_a_training_reads_them(streets, translator):
    precompute(translator, streets)
    stored = CONFIG.replace(features="stored", size=128)
    labels, _, photo, features = LabelInstanceImages(streets, "train", stored)[0]
    assert features.shape == photo.shape == (3, 64, 128)
    assert len(np.unique(features)) > 5


def test_check_finds_nothing_to_complain_about(streets, translator):
    precompute(translator, streets)
    report = check(streets, progress=False)
    assert report.counts["train_feat"] == 4
    assert not report.problems and not report.warnings


def test_what_is_there_is_not_encoded_again(streets, translator):
    precompute(translator, streets)
    precompute(translator_of(CONFIG), streets)  # of the same weights
    assert translator.encoded == 4
    again = translator_of(CONFIG)
    precompute(again, streets)
    assert again.encoded == 0


def test_an_interruption_leaves_nothing_half_and_loses_nothing(streets, translator):
    before, translator.stop_at = names(streets), 2
    with pytest.raises(KeyboardInterrupt):
        precompute(translator, streets)
    assert not (streets / "train_feat").exists()
    assert [name for name in names(streets) if name[0] != "."] == before
    second = translator_of(CONFIG)
    precompute(second, streets)
    assert second.encoded == 2
    whole = {path.name: path.read_bytes() for path in
             (streets / "train_feat").glob("*.png")}
    shutil.rmtree(streets / "train_feat")
    precompute(translator_of(CONFIG), streets)
    assert whole == {path.name: path.read_bytes() for path in
                     (streets / "train_feat").glob("*.png")}
    assert [name for name in names(streets) if name.endswith(".part")] == []


def test_remains_of_another_encoder_are_not_gone_on_with(streets, translator):
    translator.stop_at = 3
    with pytest.raises(KeyboardInterrupt):
        precompute(translator, streets)
    other = translator_of(CONFIG.replace(seed=1))
    precompute(other, streets)
    assert other.encoded == 4


def test_features_of_another_encoder_are_replaced_only_when_told(streets, translator):
    folder = precompute(translator, streets)
    before = (folder / "1.png").read_bytes()
    other = translator_of(CONFIG.replace(seed=1))
    with pytest.raises(FileExistsError, match="train_feat holds features of another "):
        precompute(other, streets)
    assert other.encoded == 0 and (folder / "1.png").read_bytes() == before
    precompute(other, streets, overwrite=True)
    assert (folder / "1.png").read_bytes() != before


def test_a_folder_of_somebody_else_is_kept(streets, translator):
    (streets / "train_feat").mkdir()
    (streets / "train_feat" / "1.png").write_bytes(b"precious")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        precompute(translator, streets)
    assert (streets / "train_feat" / "1.png").read_bytes() == b"precious"


def test_two_processes_do_not_write_at_once(streets, translator):
    with only_one(streets / ".train_feat.lock"), \
            pytest.raises(RunInUseError, match="Another process is writing"):
        precompute(translator, streets)


def test_what_cannot_be_is_said_before_anything_is_written(streets, translator):
    before = names(streets)
    with pytest.raises(FileNotFoundError, match="has no folder 'val_label'"):
        precompute(translator, streets, split="val")
    with pytest.raises(ValueError, match="n_features=2"):
        precompute(translator_of(CONFIG.replace(n_features=2)), streets)
    model = Pix2PixHD(CONFIG.replace(features="none"))
    with pytest.raises(ValueError, match="has no encoder"):
        precompute(LabelTranslator(model.netG, model.config), streets)
    assert names(streets) == before


def test_a_data_set_that_is_read_only(streets, translator, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("gluon_pix2pix.feature_maps.only_one", refuse)
    with pytest.raises(SaveError, match="train_feat cannot be written .* writable"):
        precompute(translator, streets)


@pytest.mark.parametrize(("mode", "given", "wanted"), [
    ("scale_width", {}, ("scale_width", 64)),
    ("none", {}, ("none", 64)),
    ("crop", {}, ("none", 64)),
    ("scale_width_and_crop", {}, ("scale_width", 128)),
    ("scale_width_and_crop", {"load_size": 101}, ("scale_width", 100)),
])
def test_whole_pictures_are_read_at_the_scale_of_the_training(mode, given, wanted):
    config = whole_pictures(CONFIG.replace(resize_mode=mode, **given))
    assert (config.resize_mode, config.size) == wanted
    assert config.load_width == (None if wanted[0] == "none" else wanted[1])
