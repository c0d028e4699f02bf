import colorsys
from itertools import combinations

import numpy as np
import pytest

from gluon_pix2pix.instance_colours import colour_instances
from gluon_pix2pix.toys import draw_street_hd


def colours(ids):
    return colour_instances(np.array([ids]))[0].astype(int)


@pytest.mark.parametrize("first", [24000, 26000, 33017])
def test_forty_objects_of_a_class_are_told_apart(first):
    distances = [np.abs(a - b).max()
                 for a, b in combinations(colours(range(first, first + 40)), 2)]
    assert min(distances) >= 15
    neighbours = np.abs(np.diff(colours(range(first, first + 40)), axis=0)).max(axis=1)
    assert neighbours.min() >= 60


def test_objects_are_bright_and_what_is_around_them_is_calm():
    around = colours(range(35))
    assert around.max() < 0.5 * 255 and (around[0] == around[0, 0]).all()
    assert colours(range(26000, 26040)).max(axis=1).min() > 0.65 * 255
    assert len({tuple(colour) for colour in around}) == 35


def test_a_colour_depends_on_the_id_alone():
    _, _, instances = draw_street_hd(64, 1)
    picture = colour_instances(instances)
    assert picture.shape == (64, 128, 3) and picture.dtype == np.uint8
    for number in np.unique(instances):
        assert (picture[instances == number] == colours([number])[0]).all()


def test_hues_go_round_the_whole_circle():
    hues = [colorsys.rgb_to_hsv(*colour)[0] for colour in colours(range(26000, 26100))]
    assert np.histogram(hues, 12, (0, 1))[0].min() >= 5
