import numpy as np
import pytest
from mxnet import nd
from PIL import Image

from gluon_pix2pix import LabelInstanceImages, Loader

ENDINGS = {"img": "_leftImg8bit", "label": "_gtFine_labelIds",
           "inst": "_gtFine_instanceIds", "feat": "_leftImg8bit"}


@pytest.fixture
def streets(tmp_path):
    """Three streets of 64x32 pixels: a left half of label 7, a right half of 26."""
    for number in range(3):
        labels = np.full((32, 64), 7, np.uint8)
        labels[:, 32:] = 26
        instances = labels.astype(np.uint16)
        instances[:16, 32:], instances[16:, 32:] = 26000, 26001
        photo = np.full((32, 64, 3), 40 * number, np.uint8)
        photo[:, 32:] += 100
        for part, picture in (("img", photo), ("label", labels), ("inst", instances),
                              ("feat", photo)):
            folder = tmp_path / f"train_{part}"
            folder.mkdir(exist_ok=True)
            name = f"street_{number}{ENDINGS[part]}.png"
            Image.fromarray(picture).save(folder / name)
    return tmp_path


def test_an_item_holds_ids_and_the_photo(streets):
    dataset = LabelInstanceImages(streets, train=False, load_size=64)
    assert len(dataset) == 3 and dataset.in_channels == 36
    labels, instances, photo = dataset[1]
    assert labels.shape == instances.shape == (1, 32, 64)
    assert labels.dtype == photo.dtype == np.float32 and instances.dtype == np.int32
    assert labels[0, 0, 0] == 7 and labels[0, 0, 63] == 26
    assert instances[0, 0, 63] == 26000 and instances[0, 31, 63] == 26001
    assert photo.shape == (3, 32, 64)
    assert photo[0, 0, 0] == pytest.approx(40 / 127.5 - 1)


def test_a_batch_is_encoded_for_the_network(streets):
    dataset = LabelInstanceImages(streets, train=False, load_size=64,
                                  use_features=True)
    (labels, instances, photo, features), = Loader(dataset, batch_size=3)
    assert instances.dtype == np.int32
    x = dataset.encode(labels, instances)
    assert x.shape == (3, 36, 32, 64)
    assert (x[:, 7, :, :32] == 1).asnumpy().all() and x[:, 7, :, 32:].sum() == 0
    edges = x[0, 35].asnumpy()
    assert edges[:, 31].all() and edges[:, 32].all() and edges[15, 40] == 1
    assert edges[0, 40] == 0 and edges[20, 10] == 0
    assert dataset.encode(labels, instances, features).shape == (3, 39, 32, 64)
    assert (features == photo).asnumpy().all()


@pytest.mark.parametrize(("mode", "shape"), [
    ("scale_width", (64, 128)), ("scale_width_and_crop", (24, 24)),
    ("crop", (24, 24)), ("none", (32, 64)),
])
@pytest.mark.parametrize("train", [True, False])
def test_resize_modes_keep_photo_and_maps_together(streets, mode, shape, train):
    dataset = LabelInstanceImages(streets, mode=mode, load_size=128, crop_size=24,
                                  train=train)
    seen = set()
    for epoch in range(8):
        labels, instances, photo = dataset.get(0, epoch)
        assert labels.shape == instances.shape == (1, *shape)
        assert set(np.unique(labels)) <= {7, 26}  # none was invented
        assert set(np.unique(instances)) <= {7, 26000, 26001}
        right = labels[0] == 26
        inner = right & np.roll(right, 4, 1) & np.roll(right, -4, 1)
        assert np.allclose(photo[0][inner], 100 / 127.5 - 1, atol=0.02)
        seen.add(labels.tobytes())
    assert (len(seen) > 1) == train
    assert (dataset.get(0, 3)[0] == dataset.get(0, 3)[0]).all()


def test_without_instances(streets):
    dataset = LabelInstanceImages(streets, use_instances=False, load_size=64)
    labels, instances, _ = dataset[0]
    assert instances.any() == 0 and dataset.in_channels == 35
    x = dataset.encode(nd.array(labels[None]), nd.array(instances[None]))
    assert x.shape == (1, 35, 32, 64)


def test_without_photos(streets):
    """A label map to translate needs no photo."""
    for path in (streets / "train_img").iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError, match="no picture"):
        LabelInstanceImages(streets)
    labels, instances = LabelInstanceImages(streets, use_photos=False)[0]
    assert labels.shape == instances.shape


def test_missing_partners_are_named(streets):
    (streets / "train_inst" / "street_1_gtFine_instanceIds.png").unlink()
    with pytest.raises(FileNotFoundError, match="street_1.*0 partners in .*train_inst"):
        LabelInstanceImages(streets)
    assert len(LabelInstanceImages(streets, use_instances=False)) == 3
    Image.new("L", (64, 32)).save(streets / "train_label" / "street_1.png")
    with pytest.raises(FileNotFoundError, match="2 partners in .*train_label"):
        LabelInstanceImages(streets, use_instances=False)
    with pytest.raises(FileNotFoundError, match="'test_label', only"):
        LabelInstanceImages(streets, "test")


def test_wrong_maps_are_named(streets):
    with pytest.raises(ValueError, match="street_0.*holds 26, and labels end at 19"):
        LabelInstanceImages(streets, label_nc=20)[0]
    path = streets / "train_label" / "street_0_gtFine_labelIds.png"
    Image.new("L", (32, 32)).save(path)
    with pytest.raises(ValueError, match="street_0.* is 64x32 pixels.*map 32x32"):
        LabelInstanceImages(streets)[0]
    with pytest.raises(ValueError, match="64x32 pixels, too small for a crop of 48"):
        LabelInstanceImages(streets, mode="crop", crop_size=48)[1]


def test_features_are_not_mixed_at_the_borders_of_objects(streets):
    dataset = LabelInstanceImages(streets, load_size=96, train=False,
                                  use_features=True, multiple_of=1)
    *_, photo, features = dataset[1]
    assert features.shape == photo.shape == (3, 48, 96)
    assert len(np.unique(features)) == 2 < len(np.unique(photo))


def test_what_can_be_left_out_is_said(streets):
    for path in (streets / "train_img").iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError, match="pass use_photos=False"):
        LabelInstanceImages(streets)


def test_impossible_parameters_are_refused(streets):
    for bad in ({"multiple_of": 0}, {"crop_size": -5}, {"label_nc": 0}, {"seed": -1}):
        (name, value), = bad.items()
        with pytest.raises(ValueError, match=f"{name}={value} must be at least"):
            LabelInstanceImages(streets, **bad)
    with pytest.raises(ValueError, match="mode='squash'.*scale_width, "):
        LabelInstanceImages(streets, mode="squash")
    with pytest.raises(ValueError, match="crop_size=512.*load_size=256"):
        LabelInstanceImages(streets, mode="scale_width_and_crop", load_size=256)
