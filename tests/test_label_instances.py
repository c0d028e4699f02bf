import numpy as np
import pytest
from PIL import Image

from gluon_pix2pix import LabelInstanceImages, Loader, Pix2PixHDConfig
from gluon_pix2pix.transforms import encode_input

ENDINGS = {"img": "_leftImg8bit", "label": "_gtFine_labelIds",
           "inst": "_gtFine_instanceIds", "feat": "_leftImg8bit"}


def configured(size=64, **changes):
    """A configuration whose networks halve twice only."""
    return Pix2PixHDConfig(size=size, n_downsampling=2, n_downsampling_encoder=2,
                           **changes)


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


@pytest.fixture
def colours(tmp_path):
    """Two pictures of 64x32 pixels to be painted blue: A is red, grey to the right."""
    for number in range(2):
        for domain, channel in (("A", 0), ("B", 2)):
            picture = np.zeros((32, 64, 3), np.uint8)
            picture[:, :, channel] = 100 + 50 * number
            picture[:, 48:] = 200
            folder = tmp_path / f"train_{domain}"
            folder.mkdir(exist_ok=True)
            Image.fromarray(picture).save(folder / f"{number}.png")
    return tmp_path


def test_an_item_holds_ids_and_the_photo(streets):
    dataset = LabelInstanceImages(streets, "train", configured(), train=False)
    assert len(dataset) == 3
    labels, instances, photo = dataset[1]
    assert labels.shape == instances.shape == (1, 32, 64)
    assert labels.dtype == photo.dtype == np.float32 and instances.dtype == np.int32
    assert labels[0, 0, 0] == 7 and labels[0, 0, 63] == 26
    assert instances[0, 0, 63] == 26000 and instances[0, 31, 63] == 26001
    assert photo.shape == (3, 32, 64)
    assert photo[0, 0, 0] == pytest.approx(40 / 127.5 - 1)
    assert [path.parent.name for path in dataset.files_of(1)] == [
        "train_label", "train_inst", "train_img"]
    assert len(dataset.files) == 9


def test_a_batch_is_encoded_for_the_network(streets):
    config = configured(features="stored")
    dataset = LabelInstanceImages(streets, "train", config, train=False)
    (labels, instances, photo, features), = Loader(dataset, batch_size=3)
    assert instances.dtype == np.int32
    x = encode_input(labels, instances, config.label_nc)
    assert x.shape == (3, config.label_channels, 32, 64)
    assert (x[:, 7, :, :32] == 1).asnumpy().all() and x[:, 7, :, 32:].sum() == 0
    edges = x[0, 35].asnumpy()
    assert edges[:, 31].all() and edges[:, 32].all() and edges[15, 40] == 1
    assert edges[0, 40] == 0 and edges[20, 10] == 0
    assert (features == photo).asnumpy().all()


@pytest.mark.parametrize(("mode", "shape"), [
    ({"resize_mode": "scale_width", "size": 128}, (64, 128)),
    ({"resize_mode": "scale_width_and_crop", "size": 24, "load_size": 128}, (24, 24)),
    ({"resize_mode": "crop", "size": 24}, (24, 24)),
    ({"resize_mode": "none"}, (32, 64)),
])
@pytest.mark.parametrize("train", [True, False])
def test_resize_modes_keep_photo_and_maps_together(streets, mode, shape, train):
    dataset = LabelInstanceImages(streets, "train", configured(**mode), train=train)
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


@pytest.mark.parametrize(("changes", "shape"), [
    ({"n_downsampling": 5, "size": 96}, (64, 96)),
    ({"n_downsampling": 5, "resize_mode": "none"}, (32, 64)),
    ({"n_downsampling": 2, "generator": "local", "resize_mode": "none"}, (40, 56)),
])
def test_sides_that_are_not_cropped_become_multiples(tmp_path, changes, shape):
    """Of what the networks halve: local enhancers once more than the global one."""
    for part in ("img", "label"):
        (tmp_path / f"train_{part}").mkdir()
        Image.new("L", (57, 39)).save(tmp_path / f"train_{part}" / "1.png")
    config = Pix2PixHDConfig(use_instances=False, **changes)
    labels, _, photo = LabelInstanceImages(tmp_path, "train", config)[0]
    assert labels.shape[1:] == photo.shape[1:] == shape


def test_pictures_may_stand_in_for_label_maps(colours):
    config = configured(label_nc=0, use_instances=False)
    dataset = LabelInstanceImages(colours, "train", config, train=False)
    labels, instances, photo = dataset[1]
    assert labels.shape == photo.shape == (3, 32, 64) and instances.shape == (1, 32, 64)
    assert labels[0, 0, 0] == photo[2, 0, 0] == pytest.approx(150 / 127.5 - 1)
    assert labels[2, 0, 0] == photo[0, 0, 0] == -1 and not instances.any()
    back = LabelInstanceImages(colours, "train", config.replace(direction="BtoA"),
                               train=False)
    assert (back[1][0] == photo).all() and (back[1][2] == labels).all()
    grey = config.replace(in_channels=1)
    assert LabelInstanceImages(colours, "train", grey)[0][0].shape == (1, 32, 64)


def test_such_pictures_are_resized_smoothly_and_cropped_as_one(colours):
    config = configured(label_nc=0, use_instances=False, size=96)
    labels, _, photo = LabelInstanceImages(colours, "train", config, train=False)[0]
    assert labels.shape == photo.shape == (3, 48, 96)
    assert len(np.unique(labels[0])) > 3
    config = configured(label_nc=0, use_instances=False, size=16, resize_mode="crop")
    dataset = LabelInstanceImages(colours, "train", config)
    grey = [[image[1] > 0 for image in dataset.get(0, epoch)[::2]]
            for epoch in range(20)]
    assert all((A == B).all() for A, B in grey)
    assert len({A.tobytes() for A, _ in grey}) > 2


def test_the_folders_of_pictures_may_be_called_otherwise(colours):
    config = configured(label_nc=0, use_instances=False)
    before = LabelInstanceImages(colours, "train", config)[0]
    for domain in "AB":
        (colours / f"train_{domain}").rename(colours / f"train{domain}")
    after = LabelInstanceImages(colours, "train", config)[0]
    assert all((a == b).all() for a, b in zip(before, after, strict=True))
    (colours / "trainB" / "1.png").rename(colours / "trainB" / "other.png")
    with pytest.raises(FileNotFoundError, match="1.png has 0 partners in .*trainB"):
        LabelInstanceImages(colours, "train", config)


def test_pictures_may_have_objects_too(colours):
    with pytest.raises(FileNotFoundError, match="train_inst.*--no-use-instances"):
        LabelInstanceImages(colours, "train", configured(label_nc=0))
    (colours / "train_inst").mkdir()
    for number in range(2):
        Image.new("I;16", (64, 32), 300 + number).save(
            colours / "train_inst" / f"{number}.png")
    instances = LabelInstanceImages(colours, "train", configured(label_nc=0))[1][1]
    assert (instances == 301).all()


def test_without_instances(streets):
    dataset = LabelInstanceImages(streets, config=configured(use_instances=False))
    labels, instances, _ = dataset[0]
    assert not instances.any() and instances.dtype == np.int32
    assert instances.shape == labels.shape


def test_without_photos(streets):
    """A label map to translate needs no photo."""
    for path in (streets / "train_img").iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError, match="no picture.*choose use_photos=False"):
        LabelInstanceImages(streets, "train", configured())
    dataset = LabelInstanceImages(streets, "train", configured(), use_photos=False)
    labels, instances = dataset[0]
    assert labels.shape == instances.shape


def test_missing_partners_are_named(streets):
    config = configured()
    (streets / "train_inst" / "street_1_gtFine_instanceIds.png").unlink()
    with pytest.raises(FileNotFoundError, match="street_1.*0 partners in .*train_inst"):
        LabelInstanceImages(streets, "train", config)
    config = configured(use_instances=False)
    assert len(LabelInstanceImages(streets, "train", config)) == 3
    Image.new("L", (64, 32)).save(streets / "train_label" / "street_1.png")
    with pytest.raises(FileNotFoundError, match="2 partners in .*train_label"):
        LabelInstanceImages(streets, "train", config)
    with pytest.raises(FileNotFoundError, match="'test_label', only"):
        LabelInstanceImages(streets, "test", config)


def test_missing_features_are_to_be_computed_first(streets):
    for path in (streets / "train_feat").iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError, match="precompute-features"):
        LabelInstanceImages(streets, "train", configured(features="stored"))
    with pytest.raises(ValueError, match="n_features=4 cannot be read"):
        LabelInstanceImages(streets, "train", configured(features="stored",
                                                         n_features=4))


def test_wrong_maps_are_named(streets):
    with pytest.raises(ValueError, match="street_0.*holds 26, and labels end at 19"):
        LabelInstanceImages(streets, "train", configured(label_nc=20))[0]
    path = streets / "train_label" / "street_0_gtFine_labelIds.png"
    Image.new("L", (32, 32)).save(path)
    with pytest.raises(ValueError, match="street_0.* is 64x32 .*labelIds.png 32x32"):
        LabelInstanceImages(streets, "train", configured())[0]
    with pytest.raises(ValueError, match="64x32 pixels, too small for a crop of 48"):
        LabelInstanceImages(streets, "train", configured(48, resize_mode="crop"))[1]


def test_features_are_not_mixed_at_the_borders_of_objects(streets):
    config = configured(96, features="stored")
    *_, photo, features = LabelInstanceImages(streets, "train", config, train=False)[1]
    assert features.shape == photo.shape == (3, 48, 96)
    assert len(np.unique(features)) == 2 < len(np.unique(photo))


@pytest.mark.parametrize("change", [
    {"size": 32}, {"resize_mode": "none"}, {"label_nc": 30}, {"mirror": False},
    {"use_instances": False}, {"features": "stored"}, {"generator": "local"},
    {"resize_mode": "crop"}, {"out_channels": 1}, {"seed": 5}])
def test_data_seen_otherwise_are_other_data(streets, change):
    before = LabelInstanceImages(streets, "train", configured()).identity()
    assert LabelInstanceImages(streets, "train", configured()).identity() == before
    assert LabelInstanceImages(streets, "train", configured(**{
        "size": 64, **change})).identity() != before


def test_the_schedule_changes_nothing_of_the_data(streets):
    before = LabelInstanceImages(streets, "train", configured()).identity()
    assert LabelInstanceImages(streets, "train", configured(
        epochs=7, lr=0.1, ndf=3)).identity() == before


def test_real_streets_are_read(cityscapes_sample):
    config = Pix2PixHDConfig(size=512)
    dataset = LabelInstanceImages(cityscapes_sample, "train", config)
    labels, instances, photo = dataset[2]
    assert len(dataset) == 4 and labels.shape == (1, 256, 512)
    assert 26 in labels and (instances >= 26000).any() and -1 <= photo.min() < 0
    # An object's number begins with its class: they were resized alike.
    objects = instances >= 1000
    assert objects.any() and (instances[objects] // 1000 == labels[objects]).all()
    test = LabelInstanceImages(cityscapes_sample, "test", config, use_photos=False)
    assert len(test) == 15 and len(test[0]) == 2
