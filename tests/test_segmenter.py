import numpy as np
import pytest
from mxnet import nd

from gluon_pix2pix import Pix2PixConfig, count_parameters, segmenter_training
from gluon_pix2pix.labelled_photos import LabelledPhotos, find_labels
from gluon_pix2pix.palettes import PALETTES
from gluon_pix2pix.segmenter import FullyConvolutional, Segmenter
from gluon_pix2pix.segmenter_training import (
    get_segmenter,
    pixel_loss,
    train_segmenter,
)
from gluon_pix2pix.toys import draw

CONFIG = Pix2PixConfig(size=32, direction="BtoA")


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    return draw("toy_facades", tmp_path_factory.mktemp("data"), 32, 40)


@pytest.fixture(scope="module")
def photos(houses):
    labels = find_labels(houses, "train")
    return [LabelledPhotos(houses, split, labels, CONFIG) for split in ("train", "val")]


@pytest.fixture(scope="module")
def trained(photos):
    return train_segmenter(*photos, epochs=30, progress=False)


def test_the_network_has_less_than_a_million_parameters():
    net = FullyConvolutional(19)
    net.initialize()
    assert net(nd.zeros((2, 3, 48, 32))).shape == (2, 19, 48, 32)
    convolutions = 9 * (3 * 16 + 16 * 16 + 16 * 32 + 32 * 32 + 32 * 64 + 64 * 64
                        + 64 * 128 + 3 * 128 * 128)
    norms, scores = 2 * 2 * 368, (368 + 5) * 19  # 368 channels in five levels
    assert count_parameters(net) == convolutions + norms + scores == 596_511


def test_a_pixel_far_away_is_seen():
    """The coarse levels know what, so they must see far."""
    net = FullyConvolutional(3)
    net.initialize()
    x = nd.random.normal(shape=(1, 3, 128, 128))
    before = net(x).asnumpy()
    x[0, :, 30, 64] = 9
    assert abs(net(x).asnumpy() - before)[0, :, 64, 64].max() > 0


def test_the_loss_is_the_cross_entropy_of_what_is_judged():
    scores = nd.random.normal(shape=(2, 4, 3, 3))
    ids = nd.array(np.random.RandomState(0).randint(-1, 4, (2, 3, 3)), dtype="int32")
    x, y = scores.asnumpy(), ids.asnumpy()
    terms = [-np.log(np.exp(x[n, y[n, i, j], i, j]) / np.exp(x[n, :, i, j]).sum())
             for n, i, j in np.argwhere(y >= 0)]
    assert abs(pixel_loss(scores, ids).asscalar() - np.mean(terms)) < 1e-5
    assert abs(pixel_loss(nd.zeros((1, 4, 2, 2)), nd.zeros((1, 2, 2))).asscalar()
               - np.log(4)) < 1e-6
    assert pixel_loss(scores, nd.ones((2, 3, 3)) * -1).asscalar() == 0


def test_it_learns_what_is_where(trained, photos):
    largest = max(np.mean([ids == k for _, ids in photos[1]]) for k in range(12))
    assert trained.scores.pixel_accuracy > largest + 0.2
    assert trained.scores.class_iou > 0.2
    assert trained.score(photos[1]).as_dict() == trained.scores.as_dict()


def test_classes_and_features_of_any_size(trained):
    pictures = nd.random.uniform(-1, 1, (2, 3, 40, 23))
    classes = trained.classes(pictures)
    assert classes.shape == (2, 40, 23) and classes.dtype == np.int32
    assert 0 <= classes.min() and classes.max() < 12
    features = trained.features(pictures)
    assert features.shape == (2, 128) and (features[0] != features[1]).any()
    alone = trained.features(pictures[1:])
    assert np.allclose(features[1], alone[0], atol=1e-5)  # whatever its neighbours are


def test_grey_counts_as_colour_without_colour(trained):
    grey = nd.random.uniform(-1, 1, (1, 1, 32, 32))
    rgb = nd.concat(grey, grey, grey, dim=1)
    assert (trained.classes(grey) == trained.classes(rgb)).all()
    with pytest.raises(ValueError, match="Segmenter wants"):
        trained.classes(nd.zeros((1, 2, 32, 32)))


def test_saved_and_loaded_it_is_the_same(trained, photos, tmp_path):
    trained.save(tmp_path / "segmenter")
    assert sorted(p.name for p in (tmp_path / "segmenter").iterdir()) == [
        "network.npz", "segmenter.json"]
    loaded = Segmenter.load(tmp_path / "segmenter")
    photo = nd.array(photos[1][0][0][None])
    assert (loaded.classes(photo) == trained.classes(photo)).all()
    assert (loaded.features(photo) == trained.features(photo)).all()
    assert loaded.identity == trained.identity
    assert loaded.scores.as_dict() == trained.scores.as_dict()


def test_damage_is_said(trained, tmp_path):
    with pytest.raises(FileNotFoundError, match="no segmenter"):
        Segmenter.load(tmp_path)
    trained.save(tmp_path / "a")
    (tmp_path / "a" / "network.npz").write_bytes(b"PK junk")
    with pytest.raises(ValueError, match="network.npz is damaged"):
        Segmenter.load(tmp_path / "a")
    (tmp_path / "a" / "segmenter.json").write_text("{}")
    with pytest.raises(ValueError, match="remove its folder"):
        Segmenter.load(tmp_path / "a")


def test_training_is_repeatable(photos):
    first, second = (train_segmenter(photos[0], epochs=2, progress=False)
                     for _ in range(2))
    photo = nd.array(photos[1][0][0][None])
    assert (first.features(photo) == second.features(photo)).all()
    assert first.scores is None


def test_it_is_trained_once_for_each_data_set(houses, tmp_path, monkeypatch, caplog):
    calls, train = [], train_segmenter
    monkeypatch.setattr(segmenter_training, "train_segmenter",
                        lambda *args, **options: calls.append(args) or train(
                            *args, **options))

    def get(config=CONFIG):
        return get_segmenter(houses, config, place=tmp_path / "kept", epochs=1,
                             progress=False)

    first = get()
    assert first.scores.pixel_accuracy > 0
    assert get().identity == first.identity and len(calls) == 1
    assert get(CONFIG.replace(direction="AtoB")) and len(calls) == 1
    get(CONFIG.replace(mirror=False))
    assert len(calls) == 2 and "trained anew" in caplog.text


def test_without_labels_there_is_none(pairs):
    with pytest.raises(ValueError, match="nothing to train a segmenter with"):
        get_segmenter(pairs, CONFIG)


def test_another_palette_cannot_be_scored(trained, houses):
    labels = find_labels(houses, "val")._replace(palette=PALETTES["streets"])
    with pytest.raises(ValueError, match="facades cannot be scored on streets"):
        trained.score(LabelledPhotos(houses, "val", labels, CONFIG))
