"""The mean over objects, against a loop over them."""

import numpy as np
import pytest
from mxnet import autograd, nd

from gluon_pix2pix.instance_pooling import instance_mean
from gluon_pix2pix.pictures import list_pictures, read_ids
from gluon_pix2pix.transforms import resize_ids


def loop(features, instances):
    """Average over the objects one after the other, in double precision."""
    result = np.zeros(features.shape)
    for n, ids in enumerate(instances[:, 0]):
        for number in np.unique(ids):
            mask = ids == number
            for channel, plane in enumerate(features[n]):
                result[n, channel][mask] = plane[mask].mean(dtype=np.float64)
    return result


def scene(seed=0, shape=(2, 3, 10, 14), ids=(0, 7, 26000, 26001, 2**16 - 1)):
    rng = np.random.RandomState(seed)
    features = rng.normal(size=shape).astype(np.float32)
    return features, rng.choice(ids, (shape[0], 1, *shape[2:])).astype(np.int32)


def means(features, instances):
    return instance_mean(nd.array(features), nd.array(instances, dtype="int32"))


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 3, 9, 5), (3, 4, 8, 8)])
def test_means_are_those_of_a_loop(shape):
    features, instances = scene(shape=shape)
    found = means(features, instances)
    assert found.shape == shape and found.dtype == np.float32
    np.testing.assert_allclose(found.asnumpy(), loop(features, instances), rtol=1e-5,
                               atol=1e-6)


def test_an_id_in_two_pictures_names_two_objects():
    features, instances = scene(shape=(2, 1, 4, 4), ids=(5,))
    found = means(features, instances).asnumpy()
    for n in range(2):
        np.testing.assert_allclose(found[n], features[n].mean(), rtol=1e-5)


def test_the_gradient_is_the_mean_of_the_gradient():
    features, instances = scene()
    x = nd.array(features)
    x.attach_grad()
    towards = np.random.RandomState(1).normal(size=features.shape).astype(np.float32)
    with autograd.record():
        y = instance_mean(x, nd.array(instances, dtype="int32"))
    y.backward(nd.array(towards))
    np.testing.assert_allclose(x.grad.asnumpy(), loop(towards, instances), rtol=1e-5,
                               atol=1e-6)


def test_a_large_object_keeps_its_precision():
    """In float32, a sum of so many equal numbers would be too large to grow."""
    features = np.full((1, 1, 1024, 2048), 0.7, np.float32)
    features[..., ::2] = -0.1
    found = means(features, np.zeros(features.shape, np.int32)).asnumpy()
    assert np.abs(found - 0.3).max() < 1e-6


@pytest.mark.parametrize(("change", "message"), [
    (lambda f, i: (f[0], i), r"shape \(N, C, H, W\)"),
    (lambda f, i: (f, i[:1]), r"\(2, 3, 10, 14\) and \(1, 1, 10, 14\)"),
    (lambda f, i: (f, i[:, :, :, 1:]), r"\(2, 1, 10, 13\)"),
    (lambda f, i: (f, i.astype("float32")), "must be int32, not float32"),
    (lambda f, i: (f, i + 1), "go from 1 to 65536: number them from 0"),
    (lambda f, i: (f, i - 1), "go from -1 to")])
def test_what_would_write_elsewhere_is_refused(change, message):
    features, instances = scene()
    instances[0, 0, 0, :2] = 0, 2**16 - 1
    with pytest.raises(ValueError, match=message):
        instance_mean(*change(nd.array(features), nd.array(instances, dtype="int32")))


def test_real_streets(cityscapes_sample):
    for path in list_pictures(cityscapes_sample / "train_inst")[:2]:
        instances = resize_ids(read_ids(path), 512, 256)[None, None]
        features = np.random.RandomState(0).normal(size=(1, 3, 256, 512))
        np.testing.assert_allclose(
            means(features.astype(np.float32), instances).asnumpy(),
            loop(features, instances), rtol=1e-4, atol=1e-5)
