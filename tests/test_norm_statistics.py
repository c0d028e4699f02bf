import numpy as np
import pytest
from matplotlib import pyplot as plt
from mxnet import nd

from gluon_pix2pix import Pix2Pix, UnetGenerator, init_weights
from gluon_pix2pix.norm_statistics import draw_statistics, own_statistics


@pytest.fixture
def picture():
    return nd.random.uniform(-1, 1, (1, 3, 32, 32))


def running(seen):
    return [array.data().asnumpy().copy() for layer in seen
            for array in (layer.norm.running_mean, layer.norm.running_var)]


def take_over(seen):
    """Make a picture's own statistics the running ones."""
    for layer in seen:
        layer.norm.running_mean.set_data(nd.array(layer.mean))
        layer.norm.running_var.set_data(nd.array(layer.var))


@pytest.mark.parametrize("skip", [True, False])
def test_with_its_own_statistics_both_modes_agree(picture, tiny, skip):
    """So they are those by which each layer normalises when it samples."""
    net = UnetGenerator(3, 6, 4, use_dropout=False, skip=skip)
    init_weights(net, gain=0.2)
    model = Pix2Pix(tiny)
    model.netG = net
    picture = nd.concat(picture, picture, dim=2)
    picture = nd.concat(picture, picture * 0.3, dim=3)  # 64 x 64
    sampled = model.translate(picture).asnumpy()
    assert abs(sampled - model.translate(picture, sample=False).asnumpy()).max() > 0.01
    take_over(own_statistics(net, picture))
    fixed = model.translate(picture, sample=False).asnumpy()
    assert abs(sampled - fixed).max() < 1e-4


def test_layers_come_in_the_order_of_the_picture(model, picture):
    seen = own_statistics(model.netG, picture)
    # Down: not the outermost and the innermost; up: all but the outermost.
    assert [layer.values for layer in seen] == [64, 16, 4, 4, 16, 64, 256]
    assert [len(layer.mean) for layer in seen] == [8, 16, 32, 32, 16, 8, 4]
    assert all(layer.var.shape == layer.mean.shape for layer in seen)


def test_the_network_stays_as_it_is(model, picture):
    before = running(own_statistics(model.netG, picture))
    after = running(own_statistics(model.netG, 0.1 * picture))
    assert all((a == b).all() for a, b in zip(before, after, strict=True))


def test_what_has_no_running_statistics_is_refused(tiny, picture):
    model = Pix2Pix(tiny.replace(norm="instance"))
    with pytest.raises(ValueError, match="no batch norm"):
        own_statistics(model.netG, picture)
    with pytest.raises(ValueError, match="not of 2"):
        own_statistics(model.netG, nd.concat(picture, picture, dim=0))


def test_a_point_a_channel_is_drawn(model, picture):
    seen = own_statistics(model.netG, picture)
    ax, = draw_statistics({"first": seen, "second": seen}).axes
    assert [label.get_text() for label in ax.get_xticklabels()] == [
        "64", "16", "4", "4", "16", "64", "256"]
    points = ax.lines[0]
    assert np.allclose(points.get_ydata()[:8], np.sqrt(seen[0].var))  # by 1: untrained
    places = [np.round(line.get_xdata()[:8]) for line in ax.lines[:2]]
    assert (np.concatenate(places) == 0).all()
    low, high = ax.get_ylim()
    ratios = np.concatenate([line.get_ydata() for line in ax.lines[:2]])
    assert low < ax.get_yticks()[0] <= ratios.min()
    assert ratios.max() <= ax.get_yticks()[-1] < high
    plt.close(ax.figure)
