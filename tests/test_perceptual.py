"""The loss over VGG19, with random weights of the real shapes."""

import hashlib

import numpy as np
import pytest
from mxnet import autograd, nd
from mxnet.gluon.model_zoo import model_store, vision

from gluon_pix2pix.catalog import DownloadError
from gluon_pix2pix.perceptual import VGG_VARIABLE, VGGLoss, find_vgg19
from gluon_pix2pix.zoo_weights import place_in_zoo

WEIGHTS = {1: 1 / 32, 6: 1 / 16, 11: 1 / 8, 20: 1 / 4, 29: 1.0}


@pytest.fixture(autouse=True)
def _no_weights_of_this_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("MXNET_HOME", str(tmp_path))
    monkeypatch.setenv("MXNET_GLUON_REPO", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv(VGG_VARIABLE, raising=False)


@pytest.fixture(scope="module")
def layers():
    """The zoo's VGG19 without its dense layers, its activations of order 1."""
    features = vision.vgg19().features[:37]
    features.initialize()
    features(nd.zeros((1, 3, 32, 32)))
    return features


@pytest.fixture(scope="module")
def file(layers, tmp_path_factory):
    """The weights as the zoo's file has them, and a layer more that nobody needs."""
    path = tmp_path_factory.mktemp("weights") / "vgg19.params"
    arrays = {f"features.{name}": parameter.data() for name, parameter
              in layers._collect_params_with_prefix().items()}
    nd.save(str(path), arrays | {"output.weight": nd.zeros((1000, 4096))})
    return path


@pytest.fixture(scope="module")
def vgg(file):
    return VGGLoss(file, "cpu")


def pictures(seed, channels=3, height=32, width=48):
    random = np.random.default_rng(seed)
    return nd.array(random.uniform(-1, 1, (2, channels, height, width)))


def plain_loss(layers, fake, real):
    """The same, layer by layer, over pictures normalised in NumPy."""
    mean = np.array([0.485, 0.456, 0.406]).reshape((3, 1, 1))
    std = np.array([0.229, 0.224, 0.225]).reshape((3, 1, 1))
    f, r = (nd.array(((picture.asnumpy() + 1) / 2 - mean) / std)
            for picture in (fake, real))
    loss = 0.0
    for place, layer in enumerate(layers[:30]):
        f, r = layer(f), layer(r)
        if place in WEIGHTS:
            loss += WEIGHTS[place] * np.abs(f.asnumpy() - r.asnumpy()).mean()
    return loss


@pytest.mark.parametrize("height, width", [(32, 48), (16, 31)])
def test_loss_is_that_of_the_activations_one_by_one(vgg, layers, height, width):
    fake, real = (pictures(seed, 3, height, width) for seed in (1, 2))
    loss = vgg(fake, real)
    assert loss.shape == (1,)
    assert np.isclose(loss.asscalar(), plain_loss(layers, fake, real), rtol=1e-4)
    assert vgg(real, real).asscalar() == 0


def test_layers_of_the_loss_are_the_first_after_each_pooling(vgg):
    names = [type(layer).__name__ for layer in vgg.net.features]
    starts = [0] + [n + 1 for n, name in enumerate(names) if name == "MaxPool2D"]
    assert list(WEIGHTS) == [start + 1 for start in starts]  # convolution, then ReLU
    assert len(names) == 30


def test_gradient_flows_to_the_fake_alone(vgg):
    fake, real = pictures(1), pictures(2)
    fake.attach_grad()
    real.attach_grad()
    with autograd.record():
        vgg(fake, real).backward()
    assert not real.grad.asnumpy().any()
    assert all(p.grad_req == "null" for p in vgg.net.collect_params().values())

    direction = nd.array(np.sign(fake.grad.asnumpy()))
    step = 3e-4
    slope = (vgg(fake + step * direction, real) - vgg(fake - step * direction, real)
             ) / (2 * step)
    assert np.isclose(slope.asscalar(), (fake.grad * direction).sum().asscalar(),
                      rtol=0.02)


def test_a_second_pair_does_not_disturb_the_first(vgg):
    """Both passes are compiled, and share buffers where MXNet thinks they may."""
    fake, real, other = pictures(1), pictures(2), pictures(3)
    fake.attach_grad()
    with autograd.record():
        loss = vgg(fake, real)
    expected = loss.asscalar()
    loss.backward()
    gradient = fake.grad.asnumpy()
    with autograd.record():
        first = vgg(fake, real)
        second = vgg(fake, other)
    first.backward()
    assert first.asscalar() == expected != second.asscalar()
    assert np.allclose(fake.grad.asnumpy(), gradient, rtol=1e-4, atol=1e-9)


def test_grey_pictures_are_compared_as_rgb(vgg):
    fake, real = pictures(1, channels=1), pictures(2, channels=1)
    as_rgb = [nd.concat(x, x, x, dim=1) for x in (fake, real)]
    assert np.isclose(vgg(fake, real).asscalar(), vgg(*as_rgb).asscalar())


@pytest.mark.parametrize("channels, side", [(4, 32), (3, 8)])
def test_other_pictures_are_refused(vgg, channels, side):
    with pytest.raises(ValueError, match=f"{channels} channels of {side}x48"):
        vgg(pictures(1, channels, side), pictures(2, channels, side))


def test_weights_of_torchvision_and_of_old_gluon_are_read(file, vgg, tmp_path):
    fake, real = pictures(1), pictures(2)
    expected, arrays = vgg(fake, real).asscalar(), nd.load(str(file))
    np.savez(tmp_path / "vgg19.npz", **{name: a.asnumpy() for name, a in arrays.items()
                                        if name.startswith("features")})
    assert VGGLoss(tmp_path / "vgg19.npz", "cpu")(fake, real).asscalar() == expected

    convolutions = [name.removesuffix(".weight") for name in arrays
                    if name.startswith("features") and name.endswith(".weight")]
    nd.save(str(tmp_path / "old.params"), {
        f"conv{n}_{part}": arrays[f"{name}.{part}"]
        for n, name in enumerate(convolutions) for part in ("weight", "bias")})
    assert VGGLoss(tmp_path / "old.params", "cpu")(fake, real).asscalar() == expected


def test_files_of_something_else_are_refused(tmp_path):
    (tmp_path / "junk").write_bytes(b"junk")
    (tmp_path / "junk.npz").write_bytes(b"PK junk")
    first = np.zeros((64, 3, 3, 3), "float32")
    nd.save(str(tmp_path / "first"), {"features.0.weight": nd.array(first)})
    np.savez(tmp_path / "first.npz", **{"features.0.weight": first})
    whole = (tmp_path / "first.npz").read_bytes()
    (tmp_path / "header.npz").write_bytes(whole.replace(b"{'descr'", b"{'descr("))
    (tmp_path / "empty.npz").touch()
    for name, reason in (
            ("junk", "Invalid NDArray file"), ("junk.npz", ""),
            ("header.npz", ""), ("empty.npz", ""),
            ("first", "'features.0.bias' is missing in file '[^']+'"),
            ("first.npz", "features.0.bias is not a file in the archive")):
        with pytest.raises(ValueError, match=f"{name} does not hold the weights of "
                           rf"VGG19 \(.*{reason}.*\)\.$"):
            VGGLoss(tmp_path / name)


def test_the_named_file_then_the_variable_then_the_zoos(tmp_path, monkeypatch):
    named, variable = tmp_path / "named", tmp_path / "variable"
    monkeypatch.setitem(model_store._model_sha1, "vgg19",
                        hashlib.sha1(b"weights").hexdigest())
    place = place_in_zoo("vgg19")
    place.parent.mkdir()
    for path in (named, variable, place):
        path.write_bytes(b"weights")
    assert find_vgg19() == place
    monkeypatch.setenv(VGG_VARIABLE, str(variable))
    assert find_vgg19() == variable
    assert find_vgg19(named) == named


def test_weights_that_cannot_be_had_stop_with_a_remedy(tmp_path, monkeypatch):
    with pytest.raises(DownloadError, match=r"vgg19-ad2f660d.zip: the host cannot be "
                       r"reached.*PIX2PIX_VGG19.*lambda_vgg=0") as stopped:
        VGGLoss()
    assert str(stopped.value).count(". ") == 1  # two sentences
    monkeypatch.setenv(VGG_VARIABLE, str(tmp_path / "absent"))
    with pytest.raises(FileNotFoundError, match=r"absent \(PIX2PIX_VGG19\).*--vgg-w"):
        VGGLoss()
    with pytest.raises(FileNotFoundError, match=r"named with the weights.*lambda_vgg"):
        VGGLoss(tmp_path / "named")
