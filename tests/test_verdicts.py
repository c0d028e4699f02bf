import numpy as np
import pytest
from matplotlib import pyplot as plt
from mxnet import autograd, nd
from mxnet.gluon import nn

from gluon_pix2pix import Discriminator, Pix2Pix, PixelDiscriminator, init_weights
from gluon_pix2pix.patches import seen_pixels
from gluon_pix2pix.verdicts import draw_verdicts, patch_centres, patch_verdicts


@pytest.fixture
def images():
    return [nd.random.uniform(-1, 1, (3, 32, 32)) for _ in range(3)]


def test_verdicts_are_those_of_a_training_step(model, images):
    x, y, _ = images
    pair = nd.concat(x, y, dim=0).expand_dims(0)
    with autograd.record():
        logits = model.netD(pair)
    expected = 1 / (1 + np.exp(-logits.asnumpy()[0, 0]))
    assert np.allclose(patch_verdicts(model, x, y), expected, atol=1e-6)
    batches = patch_verdicts(model, x.expand_dims(0), y.asnumpy()[None])
    assert np.allclose(batches, expected, atol=1e-6)


def test_a_network_that_likes_red_says_where_it_is(tiny, images):
    model = Pix2Pix(tiny.replace(n_layers=0))
    first, *others = [layer for layer in model.netD.model
                      if isinstance(layer, nn.Conv2D)]
    weights = nd.zeros(first.weight.shape)
    weights[:, 3] = 1  # the red of the picture to judge
    first.weight.set_data(weights)
    for layer in others:
        layer.weight.set_data(nd.ones(layer.weight.shape))
    image = nd.zeros((3, 32, 32)) - 1
    image[0, :16] = 1
    verdicts = patch_verdicts(model, images[0], image)
    assert verdicts.shape == (32, 32)
    assert (verdicts[:16] > 0.5).all() and (verdicts[16:] < 0.5).all()


def test_the_network_stays_as_it_is(model, images):
    before = [param.data().asnumpy() for param in model.netD.collect_params().values()]
    first = patch_verdicts(model, *images[:2])
    assert (patch_verdicts(model, *images[:2]) == first).all()
    after = [param.data().asnumpy() for param in model.netD.collect_params().values()]
    assert all((a == b).all() for a, b in zip(before, after, strict=True))


def test_least_squares_are_cut_to_what_can_be_drawn(tiny, images):
    model = Pix2Pix(tiny.replace(gan_loss="lsgan"))
    model.netD.model[-1].bias.set_data(nd.array([7.0]))
    assert (patch_verdicts(model, *images[:2]) == 1).all()


@pytest.mark.parametrize("n_layers", [0, 1, 3])
def test_a_patch_lies_around_its_centre(n_layers):
    net = Discriminator(3, 4, n_layers) if n_layers else PixelDiscriminator(3, 4)
    init_weights(net)
    size = 96
    seen = seen_pixels(net, size)
    place = {0: 48, 1: 23, 3: 5}[n_layers]  # of the middle output
    rows, columns = (np.flatnonzero(seen.any(axis)) for axis in (1, 0))
    centre = patch_centres(net, place + 1)[place]
    assert (rows[0] + rows[-1]) / 2 == (columns[0] + columns[-1]) / 2 == centre


def test_the_map_of_the_paper_is_centred():
    net = Discriminator(6)
    init_weights(net)
    centres = patch_centres(net, 30)
    assert centres[0] == 11.5 and centres[-1] == 255 - 11.5


def test_the_drawing_tells_how_many_pass(model, images):
    figure = draw_verdicts(model, [images])
    x, fake, real = images
    for ax, image in zip((figure.axes[1], figure.axes[3]), (real, fake)):
        share = 100 * (patch_verdicts(model, x, image) > 0.5).mean()
        assert ax.get_title().startswith(f"{share:.0f} %")
        assert ax.get_xlim() == (-0.5, 31.5)  # the overlay does not change the frame
    plt.close(figure)
