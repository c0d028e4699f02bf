import itertools

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb
from matplotlib.patches import Polygon, Rectangle, StepPatch
from matplotlib.text import Annotation

from gluon_pix2pix import hd_diagrams
from gluon_pix2pix.pix2pixhd_config import Pix2PixHDConfig
from gluon_pix2pix.schedule import learning_rate

COARSE = Pix2PixHDConfig(size=64, n_downsampling=2, epochs=3, epochs_decay=2)
FINE = COARSE.replace(size=128, generator="local", epochs=2, epochs_decay=1,
                      epochs_fix_global=1)


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def _slabs(ax, colour):
    return [patch.get_xy() for patch in ax.patches if isinstance(patch, Polygon)
            and np.allclose(patch.get_facecolor()[:3], to_rgb(colour))]


def test_the_enhancer_stands_around_a_generator_of_half_its_height():
    (ax,) = hd_diagrams.generators().axes
    heights = {}
    for colour in (hd_diagrams.LOCAL, hd_diagrams.GLOBAL):
        slabs = _slabs(ax, colour)
        heights[colour] = max(np.ptp(corners[:, 1]) for corners in slabs)
        # 4 and 1 halvings, 9 and 3 blocks, and the layers at the ends
        assert len(slabs) == (7 if colour == hd_diagrams.LOCAL else 18)
    assert heights[hd_diagrams.LOCAL] == 2 * heights[hd_diagrams.GLOBAL]


def test_texts_of_the_generators_do_not_overlap_and_are_not_cut_off():
    figure = hd_diagrams.generators()
    figure.canvas.draw()
    (ax,) = figure.axes
    boxes = [text.get_window_extent() for text in ax.texts
             if not isinstance(text, Annotation)]
    slabs = [patch.get_window_extent() for patch in ax.patches]
    for a, b in itertools.combinations(boxes, 2):
        assert not a.overlaps(b)
    for box in boxes:
        assert figure.bbox.contains(*box.p0) and figure.bbox.contains(*box.p1)
        inside = [slab for slab in slabs if slab.overlaps(box)]
        assert len(inside) <= 1  # the plus stands in its circle


def test_windows_are_alike_at_each_scale_and_grow_in_the_whole_picture():
    photo = np.zeros((3, 128, 256), np.float32)
    left, right = hd_diagrams.judged_patches(photo, [34, 69, 139]).axes
    sides = [[(patch.get_width(), patch.get_height()) for patch in ax.patches
              if isinstance(patch, Rectangle)] for ax in (left, right)]
    assert sides[0] == [(34, 34), (34, 34), (34, 32)]  # the last as high as its picture
    assert sides[1] == [(34, 34), (69, 69), (139, 128)]
    widths = [image.get_extent()[1] - image.get_extent()[0] for image in left.images]
    assert widths == [256, 128, 64]


def test_the_schedule_draws_what_each_part_learns():
    top, bottom = hd_diagrams.two_stages(COARSE, FINE).axes
    values = []
    for ax in (top, bottom):
        (stairs,) = (patch for patch in ax.patches if isinstance(patch, StepPatch))
        values.append(stairs.get_data().values)
    rates = [learning_rate(config, epoch) for config, last in ((COARSE, 5), (FINE, 3))
             for epoch in range(1, last + 1)]
    assert np.allclose(values[0], [*rates[:5], 0, *rates[6:]])  # frozen for an epoch
    assert np.allclose(values[1], [0] * 5 + rates[5:])
    assert any(text.get_text() == "frozen" for text in top.texts)


def test_without_frozen_epochs_none_are_drawn():
    free = FINE.replace(epochs_fix_global=0)
    top, _ = hd_diagrams.two_stages(COARSE, free).axes
    (stairs,) = (patch for patch in top.patches if isinstance(patch, StepPatch))
    assert (stairs.get_data().values > 0).all()
    assert not any(text.get_text() == "frozen" for text in top.texts)
