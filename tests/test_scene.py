import numpy as np
import pytest
from mxnet import nd
from painter import CAR, LOOKS, SKY, Painter, two_cars

from gluon_pix2pix.scene import Scene


@pytest.fixture
def scene():
    return Scene(*two_cars(), label_nc=35, styles=Painter().styles)


def test_a_pixel_tells_its_object(scene):
    assert scene.size == (16, 12)
    assert scene.object_at(0, 0) == SKY
    assert scene.object_at(1, 6) == 26000 and scene.object_at(14, 9) == 26001
    assert scene.mask(26000).sum() == 16 and scene.mask(26000)[6, 1]
    for place in ((16, 0), (0, 12), (-1, 0)):
        with pytest.raises(ValueError, match="outside of the picture, which is 16x12"):
            scene.object_at(*place)


def test_objects_are_listed_by_size_and_named(scene):
    assert [(row.name, row.instance, row.pixels) for row in scene.objects] == [
        ("sky", SKY, 192 - 44), ("car 26001", 26001, 28), ("car 26000", 26000, 16)]
    assert all(row.look in range(len(LOOKS[row.label])) for row in scene.objects)


def test_each_object_has_a_look_of_its_class(scene):
    assert scene.knows_looks
    assert scene.looks_of(26000).tolist() == LOOKS[CAR]
    assert scene.look_of(26001).tolist() == LOOKS[CAR][scene.object(26001).look]


def test_looks_may_be_those_of_a_photo_or_none_at_all():
    labels, instances = two_cars()
    features = nd.array(np.random.RandomState(0).uniform(-1, 1, (1, 3, 12, 16)))
    scene = Scene(labels, instances, 35, features=features)
    car = features.asnumpy()[0, :, 6:10, 1:5].mean(axis=(1, 2))
    np.testing.assert_allclose(scene.look_of(26000), car, rtol=1e-5)
    assert scene.object(26000).look is None
    scene = Scene(labels, instances, 35)
    assert not scene.knows_looks
    with pytest.raises(ValueError, match="knows no looks"):
        scene.look_of(26000)


def test_classes_of_other_data_have_numbers_for_names():
    labels, instances = two_cars()
    assert Scene(labels, instances, 35).classes["car"] == CAR
    scene = Scene(labels, instances, 30)
    assert list(scene.classes) == [f"class {label}" for label in range(30)]
    assert scene.object(26000).name == "class 26 26000"
