import numpy as np
import pytest
from mxnet import nd

from gluon_pix2pix import Pix2Pix, save_checkpoint
from gluon_pix2pix.failures import CheckpointError
from gluon_pix2pix.hd_translation import LabelTranslator
from gluon_pix2pix.instance_features import find_objects
from gluon_pix2pix.network_states import parameter_arrays
from gluon_pix2pix.pix2pixhd import Pix2PixHD
from gluon_pix2pix.styles import Styles
from gluon_pix2pix.transforms import encode_input


def scene(height=16, width=32, count=1):
    """Random labels, instances and photos; objects are of 3 x 5 pixels."""
    rng = np.random.RandomState(0)
    labels = rng.randint(0, 35, (count, 1, -(-height // 3), -(-width // 5)))
    instances = 1000 * labels + np.arange(labels[0].size).reshape(labels[0].shape)
    labels, instances = (ids.repeat(3, 2).repeat(5, 3)[:, :, :height, :width]
                         for ids in (labels, instances))
    return (nd.array(labels), nd.array(instances, dtype=np.int32),
            nd.random.uniform(-1, 1, (count, 3, height, width)))


def same(a, b, tolerance=1e-5):
    return np.abs(a.asnumpy() - b.asnumpy()).max() < tolerance


@pytest.fixture(scope="module")
def model(tiny_hd):
    return Pix2PixHD(tiny_hd)


@pytest.fixture
def translator(model):
    return LabelTranslator(model.netG, model.config, model.netE)


def test_the_generator_sees_labels_edges_and_looks(translator):
    labels, instances, photo = scene()
    looks = translator.features_of(photo, instances)
    fake = translator.translate(labels, instances, looks)
    x = nd.concat(encode_input(labels, instances), looks, dim=1)
    assert x.shape == (1, 39, 16, 32) and fake.shape == (1, 3, 16, 32)
    assert same(fake, translator.netG(x))
    assert not same(fake, translator.translate(labels, instances, -looks), 1e-3)


def test_looks_are_those_of_the_encoder_all_over_an_object(translator):
    _, instances, photo = scene()
    looks = translator.features_of(photo, instances)
    assert same(looks, translator.netE(photo, instances))
    objects, looks = find_objects(instances, instances), looks.asnumpy()[0]
    assert np.abs(looks - objects.spread(objects.means(looks))).max() < 1e-5
    assert len(np.unique(looks[0])) > 20


@pytest.mark.parametrize("size", [(15, 32), (16, 37), (13, 9)])
def test_any_size_is_painted_as_a_part_of_its_mirrored_continuation(translator, size):
    labels, instances, photo = scene(*size)
    looks = translator.features_of(photo, instances)
    fake = translator.translate(labels, instances, looks)
    assert looks.shape == fake.shape == (1, 3, *size)

    def larger(array):
        padding = [(0, 0), (0, 0), *((0, -side % 16) for side in size)]
        return nd.array(np.pad(array.asnumpy(), padding, mode="symmetric"),
                        dtype=array.dtype)

    cropped = np.s_[:, :, :size[0], :size[1]]
    halved = translator.netG.num_downs
    wider = [side + -side % 2**halved for side in size]
    x = larger(nd.concat(encode_input(labels, instances), looks, dim=1))
    x = x[:, :, :wider[0], :wider[1]]
    assert same(fake, translator.netG(x)[cropped])


def test_each_picture_of_a_batch_is_painted_by_itself(translator):
    labels, instances, photo = scene(count=3)
    looks = translator.features_of(photo, instances)
    fakes = translator.translate(labels, instances, looks)
    for i in range(3):
        one = slice(i, i + 1)
        assert same(looks[one], translator.features_of(photo[one], instances[one]))
        assert same(fakes[one], translator.translate(labels[one], instances[one],
                                                     looks[one]))


@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_the_networks_stay_as_they_are(tiny_hd, norm):
    model = Pix2PixHD(tiny_hd.replace(norm=norm, generator="local"))
    model.begin_epoch(0)
    before = {**parameter_arrays(model.netG), **parameter_arrays(model.netE)}
    labels, instances, photo = scene(count=2)
    first = model.translate(labels, instances, model.features_of(photo, instances))
    again = model.translate(labels, instances, model.features_of(photo, instances))
    after = {**parameter_arrays(model.netG), **parameter_arrays(model.netE)}
    assert all((before[name] == after[name]).all() for name in before)
    assert same(first, again, 1e-7)


def test_pictures_in_place_of_label_maps(tiny_hd):
    config = tiny_hd.replace(label_nc=0, use_instances=False, features="none")
    model = Pix2PixHD(config)
    picture = nd.random.uniform(-1, 1, (2, 3, 17, 32))
    assert model.translate(picture).shape == (2, 3, 17, 32)
    with pytest.raises(ValueError, match=r"\(N, 3, H, W\)"):
        model.translate(nd.zeros((1, 1, 16, 32)))


def test_what_is_missing_or_does_not_fit_is_named(translator, tiny_hd):
    labels, instances, photo = scene()
    looks = translator.features_of(photo, instances)
    with pytest.raises(ValueError, match="pass features, as an encoder"):
        translator.translate(labels, instances)
    with pytest.raises(ValueError, match="needs instances"):
        translator.translate(labels, None, looks)
    with pytest.raises(ValueError, match=r"instances are \(1, 1, 14, 32\)"):
        translator.translate(labels, instances[:, :, :14], looks)
    with pytest.raises(ValueError, match=r"looks are \(1, 3, 16, 30\)"):
        translator.translate(labels, instances, looks[:, :, :, :30])
    with pytest.raises(ValueError, match=r"instances are \(1, 1, 14, 32\) and photos"):
        translator.features_of(photo, instances[:, :, :14])
    with pytest.raises(ValueError, match="averages over objects: pass instances"):
        translator.features_of(photo, None)
    with pytest.raises(ValueError, match=r"encoder wants images of shape \(N, 3"):
        translator.features_of(photo[:, :2], instances)
    plain = Pix2PixHD(tiny_hd.replace(features="none"))
    with pytest.raises(ValueError, match="no encoder.*features='encoder'"):
        plain.features_of(photo, instances)
    with pytest.raises(ValueError, match="knows no looks"):
        plain.translate(labels, instances, looks)


@pytest.mark.parametrize("changes", [{}, {"features": "none"}, {"features": "stored"},
                                     {"generator": "local"}])
def test_a_run_is_loaded_without_its_discriminators(tiny_hd, tmp_path, changes):
    model = Pix2PixHD(tiny_hd.replace(**changes))
    checkpoint = save_checkpoint(tmp_path / "run/checkpoints/epoch_0001", model)
    (checkpoint / "discriminator.npz").unlink()
    (checkpoint / "optimizer_generator.npz").unlink()
    labels, instances, photo = scene()
    for folder in (tmp_path / "run", checkpoint):
        loaded = LabelTranslator.load(folder)
        assert loaded.config == model.config and loaded.styles is None
        assert (loaded.netE is None) == (model.config.features != "encoder")
        looks = None if model.config.features == "none" else photo
        if loaded.netE:
            looks = loaded.features_of(photo, instances)
            assert same(looks, model.features_of(photo, instances))
        assert same(loaded.translate(labels, instances, looks),
                    model.translate(labels, instances, looks))


def test_the_looks_of_a_run_come_with_it(model, tmp_path):
    checkpoint = save_checkpoint(tmp_path / "run/checkpoints/epoch_0001", model)
    looks = {26: np.array([[0, 0.5, -1], [1, 0, 0]], np.float32)}
    Styles(looks, {26: np.array([3, 1])}).save(tmp_path / "run/styles.npz")
    for folder in (tmp_path / "run", checkpoint):
        assert (LabelTranslator.load(folder).styles.looks[26] == looks[26]).all()
    (tmp_path / "run/styles.npz").write_bytes(b"junk")
    with pytest.raises(ValueError, match="styles.npz cannot be read"):
        LabelTranslator.load(tmp_path / "run")
    assert LabelTranslator.load(tmp_path / "run", with_styles=False).styles is None


def test_looks_from_before_a_training_went_on_are_told(tiny_hd, tmp_path, recwarn):
    model, checkpoint = Pix2PixHD(tiny_hd), tmp_path / "run/checkpoints/epoch_0001"
    save_checkpoint(checkpoint, model)
    looks = {26: np.zeros((1, 3), np.float32)}
    Styles(looks, {26: np.array([3])}).save(tmp_path / "run/styles.npz", model.netE)
    LabelTranslator.load(tmp_path / "run")
    assert not recwarn.list
    labels, instances, photo = scene()
    model.step(labels, instances, photo)
    save_checkpoint(checkpoint, model)
    with pytest.warns(UserWarning, match="before it was trained further"):
        LabelTranslator.load(tmp_path / "run")


def test_other_models_and_damaged_files_are_named(model, tiny, tmp_path):
    save_checkpoint(tmp_path / "pairs", Pix2Pix(tiny))
    with pytest.raises(ValueError, match="holds a pix2pix, which paints no label maps"):
        LabelTranslator.load(tmp_path / "pairs")
    save_checkpoint(tmp_path / "model", model)
    (tmp_path / "model" / "encoder.npz").write_bytes(b"junk")
    with pytest.raises(CheckpointError, match="encoder.npz is damaged"):
        LabelTranslator.load(tmp_path / "model")
    with pytest.raises(FileNotFoundError, match="no folder"):
        LabelTranslator.load(tmp_path / "none")
