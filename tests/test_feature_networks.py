import numpy as np
import pytest
from mxnet import autograd, nd
from mxnet.gluon.model_zoo import vision

from gluon_pix2pix.feature_networks import ZooFeatures, as_trained


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    net = vision.get_model("mobilenet0.25")
    net.initialize()
    net(nd.zeros((1, 3, 224, 224)))
    path = tmp_path_factory.mktemp("weights") / "mobilenet.params"
    net.save_parameters(str(path))
    return net, path


def test_features_are_those_of_the_network_on_normalised_pictures(weights):
    net, path = weights
    pictures = nd.random.uniform(-1, 1, (2, 3, 224, 224))
    features = ZooFeatures("mobilenet0.25", path)(pictures)
    mean = np.array([0.485, 0.456, 0.406]).reshape((3, 1, 1))
    std = np.array([0.229, 0.224, 0.225]).reshape((3, 1, 1))
    normalised = ((pictures.asnumpy() + 1) / 2 - mean) / std
    expected = net.features(nd.array(normalised)).asnumpy()
    assert features.shape == (2, 256)
    assert np.allclose(features, expected, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_gradient_flows_through_the_normalisation(channels):
    picture = nd.random.uniform(-1, 1, (2, channels, 4, 5))
    picture.attach_grad()
    weights = nd.random.normal(shape=(2, 3, 4, 5))
    with autograd.record():
        (as_trained(picture) * weights).sum().backward()
    expected = weights.asnumpy() / np.array([0.458, 0.448, 0.45]).reshape((3, 1, 1))
    if channels == 1:
        expected = expected.sum(axis=1, keepdims=True)
    assert np.allclose(picture.grad.asnumpy(), expected, rtol=1e-5, atol=1e-6)


def test_pictures_of_any_size_and_grey_ones_are_taken(weights):
    features = ZooFeatures("mobilenet0.25", weights[1])
    grey = nd.random.uniform(-1, 1, (1, 1, 32, 48))
    assert np.allclose(features(grey), features(nd.concat(grey, grey, grey, dim=1)))


def test_weights_that_are_not_there_are_not_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("MXNET_HOME", str(tmp_path))
    monkeypatch.setattr("mxnet.gluon.utils.download", None)
    with pytest.raises(FileNotFoundError, match=r"models.inceptionv3-.*--weights"):
        ZooFeatures("inceptionv3")


def test_weights_in_the_place_of_the_zoo_are_found(weights, tmp_path, monkeypatch):
    monkeypatch.setenv("MXNET_HOME", str(tmp_path))
    with pytest.raises(FileNotFoundError) as missing:
        ZooFeatures("mobilenet0.25")
    place = tmp_path / "models" / "mobilenet0.25-9f83e440.params"
    assert str(place) in str(missing.value)
    place.parent.mkdir()
    place.write_bytes(weights[1].read_bytes())
    assert ZooFeatures("mobilenet0.25")(nd.zeros((1, 3, 8, 8))).shape == (1, 256)


def test_wrong_names_and_files_are_named(weights, tmp_path):
    with pytest.raises(ValueError, match="no network 'inception4'"):
        ZooFeatures("inception4")
    with pytest.raises(ValueError, match="does not hold the weights of vgg11"):
        ZooFeatures("vgg11", weights[1])
    (tmp_path / "junk").write_bytes(b"junk")
    with pytest.raises(ValueError, match="junk does not hold"):
        ZooFeatures("mobilenet0.25", tmp_path / "junk")
