"""The drawn towns: an aerial photo and its street map."""

import numpy as np
import pytest

from gluon_pix2pix.toys.maps import MAP_COLOURS, draw_map

SEEDS = range(24)


@pytest.fixture(scope="module")
def towns():
    """Twenty-four towns: photos and maps (24, 96, 96, 3)."""
    photos, maps = zip(*(draw_map(96, (5, seed)) for seed in SEEDS), strict=True)
    return np.stack(photos).astype(float), np.stack(maps).astype(int)


def where(maps, *names):
    """The pixels that have one of some colours of the map."""
    off = [np.abs(maps - MAP_COLOURS[name]).max(axis=-1) for name in names]
    return np.min(off, axis=0) <= 2


@pytest.mark.parametrize("size", [32, 33, 100, 128, 400])
def test_any_size(size):
    for picture in draw_map(size, seed=2):
        assert picture.shape == (size, size, 3)
        assert picture.dtype == np.uint8
        assert picture.std() > 5


def test_a_seed_gives_one_town_and_another_seed_another():
    first, again, other = (draw_map(64, (7, 0, k)) for k in (1, 1, 2))
    for a, b, c in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert (a != c).any(axis=-1).mean() > 0.4


def test_a_seed_gives_one_town_at_every_size():
    for seed in range(6):
        small, large = (draw_map(size, seed) for size in (64, 256))
        for a, b, near in zip(small, large, (12, 3), strict=True):
            shrunk = b.reshape(64, 4, 64, 4, 3).mean(axis=(1, 3))
            assert np.abs(shrunk - a).mean() < near


def test_towns_have_all_that_a_map_can_show(towns):
    _, maps = towns
    # The lines around buildings and along roads are narrower than a pixel here.
    areas = [name for name in MAP_COLOURS if not name.endswith("_edge")]
    in_maps = {name: int(where(maps, name).any(axis=(1, 2)).sum()) for name in areas}
    assert min(in_maps.values()) >= 2
    assert in_maps["land"] == in_maps["road"] == len(SEEDS)
    large = draw_map(400, 3)[1].astype(int)
    for name in ("road_edge", "building_edge"):
        assert (np.abs(large - MAP_COLOURS[name]).max(axis=-1) < 12).any()


def test_most_of_a_map_is_flat_colour(towns):
    _, maps = towns
    assert where(maps, *MAP_COLOURS).mean() > 0.6


def test_photos_show_what_the_maps_say(towns):
    photos, maps = towns
    red, green, blue = np.moveaxis(photos, -1, 0)
    water, park = where(maps, "water"), where(maps, "park")
    road = where(maps, "road", "avenue", "highway")
    assert (blue - red)[water].mean() > 30
    assert (green - blue)[park].mean() > 25
    assert np.abs(red - blue)[road].mean() < 30  # grey
    assert (photos.std(axis=-1)[road]).mean() < 0.5 * photos.std(axis=-1)[water].mean()
    # Roofs end where the map says: there the photo changes, more than elsewhere.
    building, light = where(maps, "building"), photos.mean(axis=-1)
    jump = np.abs(light[:, 2:] - light[:, :-2])
    border = building[:, 2:] != building[:, :-2]
    assert jump[border].mean() > 1.3 * jump[~border].mean()


def test_what_the_map_does_not_say_varies(towns):
    photos, maps = towns
    park, water, roof = (where(maps, name) for name in ("park", "water", "building"))
    greens = [photo[p].mean(axis=0) for photo, p in zip(photos, park, strict=True)
              if p.sum() > 300]
    assert np.ptp(greens, axis=0).max() > 30  # the seasons
    blues = [photo[p].mean(axis=0) for photo, p in zip(photos, water, strict=True)
             if p.sum() > 300]
    assert np.ptp(blues, axis=0).max() > 15
    assert photos[roof].mean(axis=-1).std() > 20


def test_shadows_fall_away_from_the_sun(towns):
    """North of buildings, which is above them, it is darker than south of them."""
    photos, maps = towns
    building, light = where(maps, "building"), photos.mean(axis=-1)
    bare = where(maps, "land")
    above = building[:, 2:] & bare[:, :-2]
    below = building[:, :-2] & bare[:, 2:]
    assert light[:, :-2][above].mean() < light[:, 2:][below].mean() - 10


@pytest.mark.parametrize("bad", [{"size": 31}, {"size": -4}, {"seed": -1}])
def test_draw_map_refuses(bad):
    with pytest.raises(ValueError, match=r"size=|non-negative"):
        draw_map(**bad)
