"""Tests of gluon_pix2pix.hd_inputs."""

import mxnet as mx
import numpy as np
import pytest
from mxnet import nd

from gluon_pix2pix import Pix2PixHD
from gluon_pix2pix.hd_inputs import encode_batch, with_looks
from gluon_pix2pix.pix2pixhd_config import Pix2PixHDConfig

CONFIG = Pix2PixHDConfig(label_nc=3, n_features=2)
CPU = mx.cpu()


@pytest.fixture
def labels():
    return nd.array([[[[0, 0, 1], [2, 2, 1]]]])


@pytest.fixture
def instances():
    return nd.array([[[[5, 5, 5], [5, 9, 5]]]], dtype="int32")


def test_labels_get_a_channel_each_and_edges_one_more(labels, instances):
    encoded = encode_batch(CONFIG, labels, instances, CPU)
    assert encoded.shape == (1, CONFIG.label_channels, 2, 3)
    expected = [[[1, 1, 0], [0, 0, 0]], [[0, 0, 1], [0, 0, 1]],
                [[0, 0, 0], [1, 1, 0]], [[0, 1, 0], [1, 1, 1]]]
    assert encoded[0].asnumpy().tolist() == expected


def test_without_instances_there_are_no_edges(labels, instances):
    config = CONFIG.replace(use_instances=False)
    for given in (None, instances):
        encoded = encode_batch(config, labels, given, CPU)
        assert encoded.shape == (1, 3, 2, 3) == (1, config.label_channels, 2, 3)


def test_a_picture_in_place_of_labels_passes_as_it_is(instances):
    config = CONFIG.replace(label_nc=0)
    picture = nd.random.uniform(-1, 1, (1, 3, 2, 3))
    encoded = encode_batch(config, picture, instances, CPU)
    assert (encoded[:, :3] == picture).asnumpy().all()
    assert encoded.shape[1] == config.label_channels == 4


def test_looks_are_joined_last(labels, instances):
    encoded = encode_batch(CONFIG, labels, instances, CPU)
    assert with_looks(CONFIG, encoded, None) is encoded
    config = CONFIG.replace(features="stored")
    looks = nd.random.uniform(-1, 1, (1, 2, 2, 3))
    joined = with_looks(config, encoded, looks)
    assert joined.shape == (1, config.generator_channels, 2, 3)
    np.testing.assert_array_equal(joined[:, :4].asnumpy(), encoded.asnumpy())
    np.testing.assert_array_equal(joined[:, 4:].asnumpy(), looks.asnumpy())


def test_wrong_batches_are_named(labels, instances):
    def refused(message, config, *batch):
        with pytest.raises(ValueError, match=message):
            encode_batch(config, *batch, CPU)

    refused(r"pix2pixHD wants .*\(N, 1, H, W\).*\(1, 2, 3\)", CONFIG, labels[0], None)
    refused(r"wants .*\(N, 3, H, W\)", CONFIG.replace(label_nc=0), labels, instances)
    refused("sees the edges of objects, so it needs instances", CONFIG, labels, None)
    refused(r"instances are \(1, 1, 2, 2\) and labels \(1, 1, 2, 3\)", CONFIG, labels,
            instances[:, :, :, :2])


def test_wrong_looks_are_named(labels, instances):
    encoded, looks = encode_batch(CONFIG, labels, instances, CPU), nd.ones((1, 2, 2, 3))
    config = CONFIG.replace(features="encoder")
    for settings, given, message in (
            (CONFIG, looks, "knows no looks of objects"),
            (config, None, "pass features, as an encoder, Styles or stored"),
            (config, looks[:, :1], r"looks are \(1, 1, 2, 3\) instead of \(1, 2, 2")):
        with pytest.raises(ValueError, match=message):
            with_looks(settings, encoded, given)


def test_photos_must_belong_to_their_labels():
    model = Pix2PixHD(Pix2PixHDConfig.for_profile("smoke"), "cpu")
    labels = nd.zeros((1, 1, 32, 64))
    for shape in ((1, 3, 32, 48), (1, 1, 32, 64), (2, 3, 32, 64)):
        with pytest.raises(ValueError, match="labels and photos must show the same"):
            model.step(labels, labels.astype("int32"), nd.zeros(shape))
