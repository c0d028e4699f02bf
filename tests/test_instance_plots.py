import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb
from mxnet import nd

from gluon_pix2pix import instance_plots
from gluon_pix2pix.instance_pooling import instance_mean
from gluon_pix2pix.viz import to_image


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture
def scene():
    """Two objects, the left third and the rest, and features of 8 x 12 pixels."""
    instances = nd.ones((1, 1, 8, 12), dtype="int32")
    instances[:, :, :, 4:] = 26001
    return nd.random.uniform(-1, 1, (1, 3, 8, 12)), instances


def _shown(ax):
    return np.asarray(ax.images[0].get_array())


def test_pooling_shows_photo_features_and_their_means(scene):
    features, instances = scene
    photo, after = -nd.ones_like(features), instance_mean(features, instances)
    figure = instance_plots.pooling(photo, features, after, instances)
    first, second, third = map(_shown, figure.axes)
    np.testing.assert_array_equal(second, to_image(features))
    np.testing.assert_array_equal(third, to_image(after))
    assert len(np.unique(third.reshape(-1, 3), axis=0)) == 2
    # White where the neighbour is another object, and the photo elsewhere.
    assert (first[:, 3] == 255).all() and (np.delete(first, 3, axis=1) == 0).all()


def test_a_batch_of_one_or_none_makes_no_difference(scene):
    features, instances = scene
    batch = instance_plots.pooling(features, features, features, instances)
    single = instance_plots.pooling(*[features.asnumpy()[0]] * 3,
                                    instances.asnumpy()[0])
    for one, other in zip(batch.axes, single.axes, strict=True):
        np.testing.assert_array_equal(_shown(one), _shown(other))


def test_cube_shows_each_look_in_its_colour_from_two_sides():
    points = np.array([[-1, 0, 1], [0.5, 0.5, 0.5]])
    colours = np.array([[1, -1, -1], [-1, -1, 3.0]])  # red, and more than blue
    centres = np.zeros((4, 3))
    figure = instance_plots.cube(points, colours, centres)
    figure.canvas.draw()
    assert len(figure.axes) == 2
    for ax in figure.axes:
        dots = ax.collections[0]
        np.testing.assert_allclose(np.transpose(dots._offsets3d), points)
        assert {to_rgb(colour) for colour in dots.get_facecolor()} == {
            to_rgb("red"), to_rgb("blue")}
        assert [text.get_text().strip() for text in ax.texts] == ["0", "1", "2", "3"]
    one, other = (ax.azim for ax in figure.axes)
    assert abs(one - other) == 90


def test_cube_refuses_looks_of_other_than_three_numbers():
    with pytest.raises(ValueError, match=r"\(2, 5\): choose three"):
        instance_plots.cube(np.zeros((2, 5)), np.zeros((2, 3)))


def test_palette_has_a_bar_for_each_look_as_wide_as_it_is_frequent():
    rows = {"car": np.array([[1, -1, -1], [-1, -1, 1.0]]), "sky": np.zeros((1, 3))}
    counts = {"car": np.array([30, 10]), "sky": np.array([7])}
    (ax,) = instance_plots.palette(rows, counts).axes
    bars = [(bar.get_x(), bar.get_width(), to_rgb(bar.get_facecolor()))
            for bar in ax.patches]
    assert bars == [(0, 0.75, to_rgb("red")), (0.75, 0.25, to_rgb("blue")),
                    (0, 1, (0.5, 0.5, 0.5))]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["car", "sky"]
    assert [text.get_text() for text in ax.texts] == ["0", "1", "0"]


def test_changed_is_the_mean_over_the_channels(scene):
    before, _ = scene
    after = before.copy()
    after[0, 1, 2, 5] += 0.6
    amount = instance_plots.changed(before, after)
    assert amount.shape == (8, 12)
    assert amount[2, 5] == pytest.approx(0.2, rel=1e-5)
    assert np.count_nonzero(amount) == 1


def test_change_shows_both_pictures_and_outlines_the_object(scene):
    before, instances = scene
    mask = instances.asnumpy()[0, 0] == 26001
    figure = instance_plots.change(before, -before, mask, most=0.7)
    one, other, amount, _ = figure.axes
    np.testing.assert_array_equal(_shown(one), to_image(before))
    np.testing.assert_array_equal(_shown(other), to_image(-before))
    np.testing.assert_allclose(_shown(amount), instance_plots.changed(before, -before))
    assert amount.images[0].get_clim() == (0, 0.7)
    for ax in (one, other, amount):
        assert len(ax.collections) == 2  # the outline, dark under bright


def test_a_whole_picture_has_no_outline(scene):
    before, _ = scene
    figure = instance_plots.change(before, before, np.ones((8, 12), bool))
    assert not any(ax.collections for ax in figure.axes[:3])
