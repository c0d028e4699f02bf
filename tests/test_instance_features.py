import numpy as np
import pytest
from mxnet import nd

from gluon_pix2pix.feature_maps import precompute_features
from gluon_pix2pix.hd_translation import LabelTranslator
from gluon_pix2pix.instance_features import (
    ObjectFeatures,
    encode_objects,
    find_objects,
)
from gluon_pix2pix.label_instances import LabelInstanceImages
from gluon_pix2pix.pix2pixhd import Pix2PixHD
from gluon_pix2pix.pix2pixhd_config import Pix2PixHDConfig
from gluon_pix2pix.toys import draw

CONFIG = Pix2PixHDConfig.for_profile("smoke", features="encoder", ngf=4, ndf=4, nef=4)


@pytest.fixture(scope="module")
def streets(tmp_path_factory):
    return draw("toy_streets_hd", tmp_path_factory.mktemp("data"), 32, 5)


@pytest.fixture(scope="module")
def dataset(streets):
    return LabelInstanceImages(streets, "train", CONFIG, train=False)


@pytest.fixture(scope="module")
def objects(dataset):
    return encode_objects(Pix2PixHD(CONFIG), dataset, progress=False)


def maps(seed=0):
    rng = np.random.RandomState(seed)
    instances = rng.choice([7, 23, 26000, 26001, 24003], (9, 13))
    return rng.randint(0, 35, (9, 13)), instances


def test_objects_agree_with_a_loop_over_pixels():
    labels, instances = maps()
    objects = find_objects(labels, instances)
    pixels = {}
    for label, instance in zip(labels.ravel(), instances.ravel()):
        pixels.setdefault(instance, []).append(label)
    assert objects.instance.tolist() == sorted(pixels)
    for row, instance in enumerate(objects.instance):
        assert objects.pixels[row] == len(pixels[instance])
        votes = [pixels[instance].count(label) for label in range(35)]
        assert votes[objects.label[row]] == max(votes)
    assert (objects.instance[objects.place] == instances).all()


def test_maps_of_no_picture_or_of_several_are_refused():
    labels, instances = maps()
    for wrong, message in (
            ((labels, instances[:5]), r"\(9, 13\) .*\(5, 13\): both must show one"),
            ((labels - 50, instances), "of -50 and more"),
            ((np.stack([labels] * 2), instances), r"\(2, 9, 13\) shows several")):
        with pytest.raises(ValueError, match=message):
            find_objects(*wrong)


def test_means_agree_with_a_loop_and_are_spread_back():
    labels, instances = maps(1)
    features = np.random.RandomState(2).uniform(-1, 1, (3, 9, 13)).astype(np.float32)
    objects = find_objects(labels, instances)
    means = objects.means(features)
    assert means.dtype == np.float32 and means.shape == (5, 3)
    spread = objects.spread(means)
    for row, instance in enumerate(objects.instance):
        there = features[:, instances == instance]
        assert np.allclose(means[row], there.mean(axis=1), atol=1e-6)
        assert (spread[:, instances == instance] == means[row][:, None]).all()
    assert (objects.means(spread) == means).all()  # to the bit: a mean of equals


def test_maps_of_a_batch_of_one_are_taken_and_of_two_refused():
    labels, instances = maps()
    one = find_objects(nd.array(labels[None, None]), nd.array(instances[None, None]))
    assert (one.label == find_objects(labels, instances).label).all()
    assert one.place.shape == (9, 13)
    with pytest.raises(ValueError):
        find_objects(np.zeros((2, 1, 9, 13)), np.zeros((2, 1, 9, 13)))


def test_every_object_of_every_picture_is_encoded(objects, dataset):
    model = Pix2PixHD(CONFIG)
    row = 0
    for number in range(len(dataset)):
        labels, instances, photo = dataset[number]
        features = model.features_of(nd.array(photo[None]), nd.array(
            instances[None], dtype="int32")).asnumpy()[0]
        for instance in np.unique(instances):
            of_object = instances[0] == instance
            assert objects.picture[row] == number
            assert objects.instance[row] == instance
            assert objects.share[row] == pytest.approx(of_object.mean())
            assert (objects.feature[row] == features[:, of_object][:, 0]).all()
            values, counts = np.unique(labels[0][of_object], return_counts=True)
            assert objects.label[row] == values[counts.argmax()]
            row += 1
    assert row == len(objects) > 20
    assert objects.feature.shape == (row, 3) and abs(objects.feature).max() <= 1
    assert [array.dtype for array in vars(objects).values()] == [
        np.int32] * 3 + [np.float32] * 2


def test_a_translator_encodes_as_the_model_does(objects, dataset):
    model = Pix2PixHD(CONFIG)
    translator = LabelTranslator(model.netG, CONFIG, model.netE)
    same = encode_objects(translator, dataset, progress=False)
    assert np.allclose(same.feature, objects.feature, atol=1e-6)


def test_stored_features_are_taken_as_they_are(objects, streets):
    model = Pix2PixHD(CONFIG)
    precompute_features(model, streets, progress=False)
    stored = CONFIG.replace(features="stored")
    dataset = LabelInstanceImages(streets, "train", stored, train=False)
    same = encode_objects(Pix2PixHD(stored), dataset, progress=False)
    assert (same.instance == objects.instance).all()
    assert abs(same.feature - objects.feature).max() <= 0.5 / 127.5 + 1e-6


def test_an_object_is_found_by_id_and_picture(objects):
    row = int(np.flatnonzero(objects.picture == 2)[1])
    assert (objects.of(objects.instance[row], 2) == objects.feature[row]).all()
    with pytest.raises(ValueError, match=r"Picture 2 has no object 9, only \d+, "):
        objects.of(9, 2)
    with pytest.raises(ValueError, match="Picture 70 has no object 9.$"):
        objects.of(9, 70)


def test_features_are_saved_and_loaded(objects, tmp_path):
    path = tmp_path / "features.npz"
    path.write_bytes(b"an older one")
    objects.save(path)
    loaded = ObjectFeatures.load(path)
    for before, after in zip(vars(objects).values(), vars(loaded).values()):
        assert before.dtype == after.dtype and (before == after).all()
    assert [file.name for file in tmp_path.iterdir()] == ["features.npz"]


def test_damaged_files_are_named(objects, tmp_path):
    path = tmp_path / "features.npz"
    with pytest.raises(FileNotFoundError, match="features.npz: `gluon-pix2pix encode"):
        ObjectFeatures.load(path)
    objects.save(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ValueError, match="features.npz cannot be read .* write it"):
        ObjectFeatures.load(path)
    for change in ({"label": objects.label[:-1]}, {"share": objects.share * np.nan},
                   {"feature": objects.share}, {"label": objects.share}, {"more": 1}):
        np.savez(path, **{**vars(objects), **change})
        with pytest.raises(ValueError, match="features.npz holds no features"):
            ObjectFeatures.load(path)


def test_what_cannot_be_encoded_is_refused(dataset, streets):
    without = Pix2PixHD(CONFIG.replace(features="none"))
    with pytest.raises(ValueError, match="has no encoder.*--features encoder"):
        encode_objects(without, dataset)
    model = Pix2PixHD(CONFIG)
    for options in ({"train": True}, {"train": False, "use_photos": False}):
        jittered = LabelInstanceImages(streets, "train", CONFIG, **options)
        with pytest.raises(ValueError, match="train=False and use_photos=True"):
            encode_objects(model, jittered)
    for change, message in (
            ({"features": "stored"}, "with the model's configuration"),
            ({"label_nc": 0}, "label_nc=0.*have no classes"),
            ({"use_instances": False}, "whole pictures and no objects")):
        model.config = CONFIG.replace(**change)
        with pytest.raises(ValueError, match=message):
            encode_objects(model, dataset)
