import io

import numpy as np
import pytest
from PIL import Image

from gluon_pix2pix.palettes import PALETTES, Palette
from gluon_pix2pix.toys import draw_facade, draw_street

FLAG = Palette("flag", {"red": (200, 0, 0), "blue": (0, 0, 200)}, void=((0, 0, 0),))


def as_jpeg(picture, **options):
    Image.fromarray(picture).save(buffer := io.BytesIO(), "JPEG", **options)
    return np.asarray(Image.open(buffer))


def stripes(*colours):
    """Bands of eight pixels, ``(8, 8 * n, 3)``."""
    return np.repeat(np.array([colours], np.uint8), 8, axis=1).repeat(8, axis=0)


def test_colours_become_classes_and_classes_colours():
    ids = FLAG.ids(stripes((200, 0, 0), (0, 0, 0), (0, 0, 200)))
    assert ids.dtype == np.int32
    assert ids[3, ::8].tolist() == [0, -1, 1]
    assert (FLAG.colour(ids) == stripes((200, 0, 0), (0, 0, 0), (0, 0, 200))).all()
    assert FLAG.names == ("red", "blue") and len(FLAG) == 2


def test_a_colour_that_is_hardly_changed_keeps_its_class():
    ids = FLAG.ids(stripes((210, 8, 6), (6, 0, 188)))
    assert ids[0, ::8].tolist() == [0, 1]


def test_mixtures_are_of_the_class_beside_them_and_never_of_a_third():
    three = Palette("three", {"red": (200, 0, 0), "purple": (100, 0, 100),
                              "blue": (0, 0, 200)})
    picture = stripes((200, 0, 0), (0, 0, 200))
    picture[:, 7], picture[:, 8] = (150, 0, 50), (50, 0, 150)  # as an edge may look
    assert three.ids(picture)[0].tolist() == [0] * 8 + [2] * 8


def test_far_from_all_classes_there_is_none():
    ids = FLAG.ids(stripes((200, 0, 0), (90, 250, 90)))[0]
    assert ids[:10].tolist() == [0] * 10 and (ids[10:] == -1).all()
    assert (FLAG.ids(stripes((90, 250, 90))) == -1).all()
    assert FLAG.known(stripes((200, 0, 0), (90, 250, 90), (0, 0, 0), (1, 2, 3))) == 0.25


def test_what_a_network_painted_is_of_the_nearest_class_anyway():
    assert FLAG.nearest(stripes((250, 120, 90), (0, 0, 0), (30, 90, 120)))[
        0, ::8].tolist() == [0, 0, 1]


@pytest.mark.parametrize(("name", "draw"), [("facades", draw_facade),
                                            ("streets", draw_street)])
@pytest.mark.parametrize("seed", range(3))
def test_the_jpeg_of_a_drawing_is_read_exactly(name, draw, seed):
    palette, picture = PALETTES[name], np.concatenate(draw(96, seed=seed), axis=1)
    true = palette.ids(picture[:, 96:])
    assert (palette.colour(true)[true >= 0] == picture[:, 96:][true >= 0]).all()
    found = palette.ids(as_jpeg(picture, quality=95, subsampling=0)[:, 96:])
    assert np.mean(found != true) < 0.001
    # Colours at half the size, as most JPEGs have them: some are wrong, some unknown.
    coarse = palette.ids(as_jpeg(picture, quality=90)[:, 96:])
    assert np.mean(coarse != true) < 0.2
    assert np.mean(coarse[coarse >= 0] != true[coarse >= 0]) < 0.1


def test_streets_are_judged_by_the_classes_of_the_benchmark():
    streets = PALETTES["streets"]
    assert len(streets) == 19
    assert streets.ids(stripes((0, 0, 142), (0, 0, 90), (250, 170, 160)))[
        0, ::8].tolist() == [streets.names.index("car"), -1, -1]
