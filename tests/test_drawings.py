import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.patches import Rectangle
from mxnet import nd

import gluon_pix2pix as g2p
from gluon_pix2pix import drawings, patches
from gluon_pix2pix.discriminators import output_size


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def _unet(num_downs=6, **options):
    net = g2p.UnetGenerator(3, num_downs, 4, **options)
    g2p.init_weights(net)
    return net


def _critic(n_layers, ndf=4, **options):
    net = (g2p.Discriminator(6, ndf, n_layers, **options) if n_layers
           else g2p.PixelDiscriminator(6, ndf, **options))
    g2p.init_weights(net)
    return net


def _words(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def _weights_and_statistics(net):
    return {name: parameter.data().asnumpy().copy()
            for name, parameter in net.collect_params().items()}


@pytest.mark.parametrize("skip", [True, False])
@pytest.mark.parametrize("hybridize", [True, False])
def test_levels_are_what_the_network_does(skip, hybridize):
    net = _unet(skip=skip)
    if hybridize:
        net.hybridize(static_alloc=True, static_shape=True)
    levels = drawings.unet_levels(net, 64)
    assert [level.takes for level in levels] == [
        (3, 64, 64), (4, 32, 32), (8, 16, 16), (16, 8, 8), (32, 4, 4), (32, 2, 2)]
    assert levels[-1].holds == (32, 1, 1)
    assert all(level.decodes == level.takes for level in levels)
    assert [level.skips for level in levels] == [False] + 5 * [skip]
    assert [level.dropout for level in levels] == [0, 0, 0, 0, 0.5, 0]
    assert sum(level.parameters for level in levels) == g2p.count_parameters(net)


def test_unet_drawing_says_what_was_measured():
    words = _words(drawings.draw_unet(_unet(), 64))
    assert {"64×64×3", "32×32×4", "32×32×(4+4)", "1×1×32"} <= set(words)
    without = drawings.draw_unet(_unet(skip=False), 64)
    assert not any("+" in word for word in _words(without))
    labels = [text.get_text() for text in without.legends[0].get_texts()]
    assert labels == ["encoder (halve)", "decoder (double)", "dropout 0.5"]


@pytest.mark.parametrize(("num_downs", "size"), [(5, 32), (8, 256)])
def test_labels_of_the_unet_do_not_overlap(num_downs, size):
    figure = drawings.draw_unet(_unet(num_downs), size)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    boxes.append(figure.legends[0].get_window_extent())
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.width


@pytest.mark.parametrize(("n_layers", "fields"), [
    (0, ["1×1"] * 3), (1, ["4×4", "10×10", "16×16"]),
    (3, ["4×4", "10×10", "22×22", "46×46", "70×70"])])
def test_patchgan_drawing_says_what_was_measured(n_layers, fields):
    net = _critic(n_layers)
    figure = drawings.draw_patchgan(net, 64)
    words = "\n".join(_words(figure)).split("\n")
    assert [w[5:] for w in words if w.startswith("sees ")] == fields
    side = output_size(net, 64)
    assert {f"{side}×{side}×1", "64×64×6"} <= set(words)
    figure.canvas.draw()
    boxes = [t.get_window_extent() for t in figure.axes[0].texts if t.get_text()]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


@pytest.mark.parametrize("n_layers", [0, 1, 3])
def test_gradient_reaches_the_receptive_field_and_no_further(n_layers):
    net = _critic(n_layers)
    side = g2p.receptive_field(net)
    seen = patches.seen_pixels(net, 128)
    assert seen.shape == (128, 128)
    assert (seen > 0).sum() == side**2
    assert patches._box(seen)[2:] == (side, side)
    corner = patches.seen_pixels(net, 128, 0, 0)
    assert corner[0, 0] > 0
    assert not corner[:, side:].any()


@pytest.mark.parametrize("hybridize", [True, False])
def test_drawing_changes_neither_weights_nor_statistics(hybridize):
    netG, netD = _unet(), _critic(1)
    if hybridize:
        netG.hybridize(static_alloc=True, static_shape=True)
        netD.hybridize(static_alloc=True, static_shape=True)
    image = np.zeros((3, 64, 64), np.float32)
    before = [_weights_and_statistics(net) for net in (netG, netD)]
    pair = nd.random.uniform(-1, 1, (1, 6, 64, 64))
    logits = netD(pair).asnumpy()
    drawings.draw_unet(netG, 64)
    drawings.draw_patchgan(netD, 64)
    patches.draw_patches({"D": netD}, image)
    patches.draw_receptive_field(netD, image)
    for net, kept in zip((netG, netD), before, strict=True):
        for name, value in _weights_and_statistics(net).items():
            assert (value == kept[name]).all()
    assert (netD(pair).asnumpy() == logits).all()


def test_patches_are_framed_and_the_rest_is_dark():
    image = np.full((3, 64, 64), 0.5, np.float32)
    figure = patches.draw_patches({"small": _critic(1), "all": _critic(3)}, image)
    small, large = figure.axes
    frame, = (patch for patch in small.patches if isinstance(patch, Rectangle))
    assert (frame.get_width(), frame.get_height()) == (16, 16)
    shown = np.asarray(small.images[0].get_array())
    assert (shown == shown.max()).all(axis=2).sum() == 16**2
    assert small.get_title() == "small\n16×16 pixels"
    assert large.get_title() == "all\n70×70 pixels"
    assert large.patches[0].get_width() == 63  # cut off by the border


def test_patches_of_the_layers_lie_within_each_other():
    figure = patches.draw_receptive_field(_critic(3), np.zeros((3, 128, 128)))
    frames = [patch.get_bbox() for patch in figure.axes[0].patches]
    assert [frame.width for frame in frames] == [70, 46, 22, 10, 4]
    for outer, inner in zip(frames, frames[1:], strict=False):
        assert (outer.min <= inner.min).all()
        assert (inner.max <= outer.max).all()


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="init_weights"):
        drawings.draw_unet(g2p.UnetGenerator(3, 5, 4), 32)
    with pytest.raises(ValueError, match="multiples of 64"):
        drawings.draw_unet(_unet(), 96)
    with pytest.raises(ValueError, match="at least"):
        drawings.draw_patchgan(_critic(3), 16)
