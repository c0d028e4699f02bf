"""The drawn apples and oranges: two domains that differ in style alone."""

import numpy as np
import pytest

from gluon_pix2pix.toys import fruit
from gluon_pix2pix.toys.fruit import draw_fruit, draw_fruit_mask


@pytest.fixture(scope="module")
def scenes():
    """Apples, oranges and mask of thirty scenes."""
    return [fruit.draw_scene(64, (0, i)) for i in range(30)]


def grown(mask, by):
    """The mask and all that is this near to it."""
    for axis in (0, 1):
        mask = np.any([np.roll(mask, k, axis) for k in range(-by, by + 1)], axis=0)
    return mask


def hue(colour):
    """In degrees, from -180 to 180: red is 0, orange 30, green 120."""
    r, g, b = np.moveaxis(np.asarray(colour, float), -1, 0)
    return np.degrees(np.arctan2(np.sqrt(3) * (g - b), 2 * r - g - b))


@pytest.mark.parametrize("size", [32, 33, 64, 100, 256])
def test_any_size(size):
    for picture in draw_fruit(size, seed=3):
        assert picture.shape == (size, size, 3)
        assert picture.dtype == np.uint8
    mask = draw_fruit_mask(size, seed=3)
    assert mask.shape == (size, size)
    assert mask.dtype == bool


def test_a_seed_gives_one_scene_and_another_seed_another(scenes):
    for first, again in zip(scenes[1], (*draw_fruit(64, (0, 1)),
                                        draw_fruit_mask(64, (0, 1)))):
        np.testing.assert_array_equal(first, again)
    for one, other in zip(scenes, scenes[1:]):
        assert (one[0] != other[0]).mean() > 0.5
        assert (one[2] != other[2]).mean() > 0.01


def test_a_seed_gives_one_scene_at_every_size():
    for seed in range(8):
        small, large = (fruit.draw_scene(size, seed) for size in (64, 192))
        assert (small[2] == large[2][1::3, 1::3]).mean() > 0.98
        for few, many in zip(small[:2], large[:2]):
            shrunk = many.reshape(64, 3, 64, 3, 3).mean(axis=(1, 3))
            assert np.abs(shrunk - few).mean() < 6


def test_both_are_equal_outside_the_fruit(scenes):
    unequal = []
    for apples, oranges, mask in scenes:
        outside = ~grown(mask, 2)
        assert outside.mean() > 0.2
        gap = np.abs(apples - oranges.astype(int)).max(axis=-1)[outside]
        unequal.append((gap > 2).mean())
    # Some fruit shows between leaves, in less than half of a pixel.
    assert max(unequal) < 0.005
    assert np.mean(unequal) < 0.0005


def test_both_differ_in_the_fruit(scenes):
    """By far in colour; oranges are orange, apples are red or else green."""
    apples, oranges = (np.array([s[k][s[2]].mean(axis=0) for s in scenes])
                       for k in (0, 1))
    distance = np.linalg.norm(apples - oranges, axis=1)
    assert distance.min() > 30
    assert distance.mean() > 70
    assert ((18 < hue(oranges)) & (hue(oranges) < 45)).all()
    red, green = hue(apples) < 18, hue(apples) > 60
    assert red.mean() > 0.6
    assert 0 < green.mean() < 0.3


def test_peel_is_rough_and_apples_shine(scenes):
    """Seen large: apples have whiter reflections, oranges more fine texture."""
    shine, rough = [], []
    for seed in range(8):
        *pictures, mask = fruit.draw_scene(128, (1, seed))
        inner = ~grown(~mask, 3)
        grey = [np.asarray(p, float).mean(axis=-1) for p in pictures]
        shine.append([np.mean(p.min(axis=-1)[mask] > 150) for p in pictures])
        rough.append([np.median(np.abs(4 * p - sum(
            np.roll(p, k, axis) for k in (-1, 1) for axis in (0, 1)))[inner])
            for p in grey])
    apples, oranges = np.mean(shine, axis=0)
    assert apples > 0.003 + 2 * oranges
    apples, oranges = np.mean(rough, axis=0)
    assert oranges > 1.5 * apples


def test_surroundings_are_the_same_in_both_domains_and_not_fruity():
    """Apples of some scenes, oranges of others: what is around them does not tell."""
    domains = []
    for k in (0, 1):
        drawn = [fruit.draw_scene(32, (2, k, i)) for i in range(40)]
        around = [s[k][~grown(s[2], 1)] / 255 for s in drawn]
        for pixels in around:
            spread = pixels.max(axis=1) - pixels.min(axis=1)
            fruity = (spread > 0.4) & (np.abs(hue(pixels) - 15) < 25)
            assert fruity.mean() < 0.01
        domains.append(np.array([np.r_[p.mean(axis=0), p.std(axis=0)] for p in around]))
    error = np.sqrt(sum(d.var(axis=0) / len(d) for d in domains))
    assert (np.abs(domains[0].mean(axis=0) - domains[1].mean(axis=0)) < 4 * error).all()


def test_one_fruit_to_a_heap_of_nine(monkeypatch):
    counts, ball = [], fruit.draw_ball

    def counted(*args):
        counts[-1] += 1
        return ball(*args)

    monkeypatch.setattr(fruit, "draw_ball", counted)
    for seed in range(50):
        counts.append(0)
        mask = draw_fruit_mask(32, seed)
        assert 0.02 < mask.mean() < 0.7
    assert set(counts) == set(range(1, 10))


@pytest.mark.parametrize("draw", [draw_fruit, draw_fruit_mask])
@pytest.mark.parametrize("bad", [{"size": 31}, {"size": -4}, {"seed": -1}])
def test_refuses(draw, bad):
    with pytest.raises(ValueError, match=r"size=|non-negative"):
        draw(**bad)
