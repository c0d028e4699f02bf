import itertools

import pytest
from matplotlib import pyplot as plt
from matplotlib.text import Annotation

from gluon_pix2pix import diagrams
from gluon_pix2pix.viz import COLOURS


@pytest.fixture(params=["gan_and_cgan", "training_step"])
def figure(request):
    figure = getattr(diagrams, request.param)()
    figure.canvas.draw()
    yield figure
    plt.close(figure)


def _texts(ax):
    return [text for text in ax.texts if not isinstance(text, Annotation)]


def test_nothing_overlaps_and_nothing_is_cut_off(figure):
    for ax in figure.axes:
        boxes = [patch.get_window_extent() for patch in ax.patches]
        outside = [text.get_window_extent() for text in _texts(ax)
                   if not any(box.contains(*text.get_window_extent().p0)
                              for box in boxes)]
        for a, b in itertools.combinations(boxes + outside, 2):
            assert not a.overlaps(b)
        for shape in boxes + outside:
            assert figure.bbox.contains(*shape.p0)
            assert figure.bbox.contains(*shape.p1)


def test_every_text_in_a_box_fits_into_it(figure):
    for ax in figure.axes:
        # A box and its text are drawn one after the other; the title came first.
        for patch, text in zip(ax.patches, _texts(ax)[1:], strict=False):
            box, inside = patch.get_window_extent(), text.get_window_extent()
            assert box.contains(*inside.p0)
            assert box.contains(*inside.p1)


def test_only_the_conditional_discriminator_sees_x():
    plain, conditional = diagrams.gan_and_cgan().axes
    assert not any("x" in text.get_text() for text in _texts(plain)[1:]
                   if "$" in text.get_text())
    assert sum("x" in text.get_text() for text in _texts(conditional)
               if "$" in text.get_text()) == 3  # x and both pairs


def test_each_turn_trains_one_network_and_cuts_the_gradient_to_g_once():
    first, second = diagrams.training_step().axes
    for ax, trained, gradients in ((first, "D", 1), (second, "G", 4)):
        colours = {patch.get_facecolor() for patch in ax.patches}
        for name, colour in COLOURS.items():
            filled = plt.matplotlib.colors.to_rgba(colour) in colours
            assert filled is (name == trained)
        dashed = [line for line in ax.lines
                  if line.get_color() == diagrams.GRADIENT]
        assert len(dashed) == gradients
    assert [text.get_text() for text in first.texts].count("detach") == 1
    assert "detach" not in [text.get_text() for text in second.texts]
