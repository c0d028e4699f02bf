import itertools

import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgba
from matplotlib.text import Annotation

from gluon_pix2pix import cycle_diagram


@pytest.fixture(params=["mirrored_gans", "cycles"])
def figure(request):
    figure = getattr(cycle_diagram, request.param)()
    figure.canvas.draw()
    yield figure
    plt.close(figure)


def _texts(ax):
    return [text for text in ax.texts if not isinstance(text, Annotation)]


def _colour_of(ax, text):
    """Return the colour of the box that a text stands in."""
    (patch,) = (patch for patch in ax.patches if patch.get_window_extent().contains(
        *text.get_window_extent().get_points().mean(axis=0)))
    return patch.get_facecolor()


def test_nothing_overlaps_and_nothing_is_cut_off(figure):
    (ax,) = figure.axes
    boxes = [patch.get_window_extent() for patch in ax.patches]
    outside = [text.get_window_extent() for text in _texts(ax)
               if not any(box.contains(*text.get_window_extent().p0) for box in boxes)]
    for a, b in itertools.combinations(boxes + outside, 2):
        assert not a.overlaps(b)
    for shape in boxes + outside:
        assert figure.bbox.contains(*shape.p0)
        assert figure.bbox.contains(*shape.p1)


def test_every_box_holds_its_text(figure):
    (ax,) = figure.axes
    for patch in ax.patches:
        box = patch.get_window_extent()
        (inside,) = (text.get_window_extent() for text in _texts(ax)
                     if box.contains(*text.get_window_extent().p0))
        assert box.contains(*inside.p1)


def test_pictures_have_the_colour_of_the_domain_they_ought_to_belong_to(figure):
    (ax,) = figure.axes
    domain = {r"x \in A": "A", r"y \in B": "B", "x": "A", "y": "B", "G(x)": "B",
              "F(y)": "A", "F(G(x))": "A", "G(F(y))": "B"}
    pictures = [text for text in _texts(ax) if text.get_text().strip("$") in domain]
    assert len(pictures) == (4 if len(ax.patches) == 8 else 6)
    for text in pictures:
        name = domain[text.get_text().strip("$")]
        assert _colour_of(ax, text) == to_rgba(cycle_diagram.DOMAINS[name])


def test_turned_by_half_a_circle_one_gan_is_the_other():
    (ax,) = cycle_diagram.mirrored_gans().axes
    places = {text.get_text().strip("$"): text.get_position() for text in _texts(ax)}
    centre = cycle_diagram.WIDTH, cycle_diagram.TOP + cycle_diagram.BOTTOM
    for one, other in (("G", "F"), ("D_A", "D_B"), ("G(x)", "F(y)"),
                       (r"x \in A", r"y \in B")):
        for first, second, total in zip(places[one], places[other], centre):
            assert first + second == pytest.approx(total)
    plt.close("all")


def test_each_trip_goes_through_both_networks_and_back_to_where_it_began():
    (ax,) = cycle_diagram.cycles().axes
    texts = sorted(_texts(ax), key=lambda text: (-text.get_position()[1],
                                                 text.get_position()[0]))
    words = [text.get_text().strip("$") for text in texts]
    assert words[:5] == ["x", "G", "G(x)", "F", "F(G(x))"]
    assert words[6:11] == ["y", "F", "F(y)", "G", "G(F(y))"]
    assert "forward" in words[5] and "F(G(x)) - x" in words[5]
    assert "backward" in words[11] and "G(F(y)) - y" in words[11]
    plt.close("all")
