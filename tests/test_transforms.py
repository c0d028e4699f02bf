import numpy as np

from gluon_pix2pix.transforms import jitter, resize, to_float, to_uint8


def test_float_and_back_is_exact():
    picture = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, 2)
    image = to_float(picture)
    assert image.shape == (3, 16, 16) and image.dtype == np.float32
    assert image.min() == -1 and image.max() == 1
    assert (to_uint8(image) == picture).all()


def test_to_uint8_clips():
    assert to_uint8(np.array([[[-3.0, 3.0]]])).ravel().tolist() == [0, 255]


def test_resize_keeps_grey_and_colour():
    for channels in (1, 3):
        picture = np.full((10, 20, channels), 7, np.uint8)
        assert resize(picture, 8, 6).shape == (6, 8, channels)
        assert (resize(picture, 8, 6) == 7).all()
        assert resize(picture, 20, 10) is picture


def test_jitter_treats_both_pictures_alike():
    picture = np.random.RandomState(0).randint(0, 255, (40, 40, 3)).astype(np.uint8)
    seen = set()
    for seed in range(30):
        rng = np.random.RandomState(seed)
        a, b = jitter((picture, 255 - picture), 32, True, rng)
        assert a.shape == (32, 32, 3)
        assert (a == 255 - b).all()
        seen.add(a.tobytes())
    assert len(seen) > 25


def test_jitter_reaches_every_offset_and_mirrors_half():
    columns = np.arange(10, dtype=np.uint8)[None, :, None].repeat(10, 0)
    rng = np.random.RandomState(0)
    rows = [jitter((columns,), 8, True, rng)[0][0, :, 0] for _ in range(300)]
    assert {row.min() for row in rows} == {0, 1, 2}
    mirrored = np.mean([row[0] > row[-1] for row in rows])
    assert 0.4 < mirrored < 0.6
    assert all(jitter((columns,), 8, False, rng)[0][0, 0, 0] < 3 for _ in range(50))
