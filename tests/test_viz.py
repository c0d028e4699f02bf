import numpy as np
import pytest
from matplotlib import pyplot as plt
from mxnet import nd

from gluon_pix2pix import (
    CycleGAN,
    ImagePool,
    PairedImages,
    UnpairedImages,
    contact_sheet,
    cycle_sheet,
    image_grid,
    show_source,
    to_image,
)
from gluon_pix2pix.label_instances import LabelInstanceImages
from gluon_pix2pix.pix2pixhd import Pix2PixHD
from gluon_pix2pix.viz import (
    label_sheet,
    label_sheet_titles,
    save_figure,
    save_picture,
    show_palette,
)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_to_image_accepts_ndarrays_batches_of_one_and_grey():
    assert (to_image(nd.zeros((1, 3, 4, 5))) == 128).all()
    grey = to_image(np.full((1, 4, 5), 1.0))
    assert grey.shape == (4, 5, 3) and (grey == 255).all()
    with pytest.raises(ValueError, match=r"\(2, 3, 4, 5\)"):
        to_image(nd.zeros((2, 3, 4, 5)))


def test_grid_places_images_titles_and_gaps():
    image = np.zeros((3, 8, 8))
    figure = image_grid([[image, image], [image, None]], ("a", "b"), ("r", "s"))
    axes = np.array(figure.axes).reshape(2, 2)
    assert [len(ax.images) for ax in axes.flat] == [1, 1, 1, 0]
    assert axes[0, 1].get_title() == "b" and axes[1, 0].get_ylabel() == "s"


def test_wide_images_take_no_more_height_than_they_have():
    wide, square = np.zeros((3, 8, 16)), np.zeros((3, 8, 8))
    assert image_grid([[wide, wide]] * 4, side=2).get_size_inches().tolist() == [4, 4]
    assert image_grid([[wide, square]] * 4, side=2).get_size_inches().tolist() == [4, 8]
    assert image_grid([[None, None]], side=2).get_size_inches().tolist() == [4, 2]


def test_contact_sheet_shows_input_output_target(model, pairs):
    dataset = PairedImages(pairs, "val", model.config)
    figure = contact_sheet(model, dataset, range(5))
    assert [ax.get_title() for ax in figure.axes[:3]] == ["input", "output", "target"]
    assert len(figure.axes) == 6  # two pairs are there
    shown = figure.axes[0].images[0].get_array()
    assert (shown == to_image(dataset[0][0])).all()


def test_label_sheet_shows_labels_objects_output_and_photo(tiny_hd, scenes):
    model = Pix2PixHD(tiny_hd)
    dataset = LabelInstanceImages(scenes, "test", tiny_hd, train=False)
    figure = label_sheet(model, dataset, range(9))
    axes = np.array(figure.axes).reshape(2, 4)
    assert [ax.get_title() for ax in axes[0]] == label_sheet_titles(tiny_hd, dataset)
    for index, row in enumerate(axes):
        labels, objects, output, photo = (ax.images[0].get_array() for ax in row)
        car, upper, lower = labels[0, -1], objects[0, -1], objects[-1, -1]
        assert car.tolist() == [0, 0, 142] and labels[0, 0].tolist() == [128, 64, 128]
        assert upper.tolist() == objects[7, -1].tolist() != lower.tolist()
        assert (photo == to_image(dataset[index][2])).all()
        batch = [nd.array(array[None], dtype=array.dtype) for array in dataset[index]]
        looks = model.features_of(batch[2], batch[1])
        assert (output == to_image(model.translate(*batch[:2], looks))).all()


def test_labels_of_other_classes_have_colours_too(tiny_hd, scenes):
    config = tiny_hd.replace(label_nc=60, features="none")
    dataset = LabelInstanceImages(scenes, "test", config, train=False)
    labels = label_sheet(Pix2PixHD(config), dataset, [0]).axes[0].images[0].get_array()
    assert len(np.unique(labels.reshape(-1, 3), axis=0)) == 2


def test_cycle_sheet_shows_both_ways_there_and_back(tiny_cycle, domains):
    model = CycleGAN(tiny_cycle)
    dataset = UnpairedImages(domains, "test", tiny_cycle)
    axes = np.array(cycle_sheet(model, dataset, range(9)).axes).reshape(3, 6)
    assert [ax.get_title() for ax in axes[0]] == ["A", "G(A)", "F(G(A))", "B", "F(B)",
                                                  "G(F(B))"]
    real_A, real_B = (nd.array(real[None]) for real in dataset[1])
    fake_B, fake_A = model.netG(real_A), model.netF(real_B)
    expected = [real_A, fake_B, model.netF(fake_B), real_B, fake_A, model.netG(fake_A)]
    for ax, image in zip(axes[1], expected):
        difference = ax.images[0].get_array().astype(int) - to_image(image)
        assert abs(difference).max() <= 1
    with pytest.raises(ValueError, match="only 3 items"):
        cycle_sheet(model, dataset, [7])


def test_palette_names_every_colour():
    colours = {"wall": (1, 2, 3), "window": (4, 5, 6), "door": (7, 8, 9)}
    axes = show_palette(colours, columns=2).axes
    assert [ax.get_title() for ax in axes] == ["wall", "window", "door", ""]
    assert axes[2].images[0].get_array()[0, 0].tolist() == [7, 8, 9]


def test_show_source_is_highlighted_html():
    html = show_source(ImagePool)._repr_html_()
    assert "ImagePool" in html and "<span" in html


def test_pictures_are_written_whole_or_not_at_all(tmp_path):
    (tmp_path / "a.part").write_text("mine")
    save_picture(np.zeros((4, 4, 3), np.uint8), tmp_path / "a.png")
    save_figure(image_grid([[np.zeros((3, 8, 8))]]), tmp_path / "b.png")
    with pytest.raises(TypeError):
        save_picture(np.zeros((4, 4), object), tmp_path / "c.png")
    found = sorted(path.name for path in tmp_path.iterdir())
    assert found == ["a.part", "a.png", "b.png"]
    assert (tmp_path / "a.part").read_text() == "mine"
