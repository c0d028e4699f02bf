import math

import numpy as np
import pytest

from gluon_pix2pix.differences import Difference, spread


def _difference(*leads, paper=0.1):
    return Difference("A", "B", "l1", np.array(leads), paper)


@pytest.mark.parametrize("leads, verdict", [
    ((0.1, 0.2, 0.3), "holds"),
    ((-0.1, -0.2, -0.3), "reversed"),
    ((0.1, 0.2, -0.01), "open"),  # not all seeds agree
    ((0.1, 0.1, 1.0), "open"),  # they do, but the mean is smaller than the spread
    ((-0.1, -0.1, -1.0), "open"),
    ((0.0, 0.0, 0.0), "open"),  # a tie is nobody's
    ((0.2, 0.2, 0.0), "open"),
    ((-0.2, -0.2, 0.0), "open"),
    ((math.nan,) * 3, "open"),  # unknown is nobody's
    ((0.2, 0.2, math.nan), "open"),
    ((-0.2, -0.2, math.nan), "open"),
    ((0.1, 0.2), "open"),  # too few
    ((0.1,), "open"),
    ((0.1, 0.2, 0.3, 0.2, 0.1), "holds"),
])
def test_a_verdict_is_for_what_is_clear(leads, verdict):
    assert _difference(*leads).verdict == verdict


def test_without_a_direction_named_beforehand_nothing_holds():
    assert _difference(0.1, 0.2, 0.3, paper=None).verdict == "differ"
    assert _difference(0.1, 0.2, -0.3, paper=None).verdict == "open"
    assert _difference(0.1, 0.2, paper=None).verdict == "open"


def test_it_is_told_with_its_spread_and_its_count():
    assert str(_difference(0.1, 0.2, 0.3)) == (
        "A before B: +0.2000 ± 0.1000 (paper +0.10), ahead in 3 of 3: holds")
    assert str(_difference(-20.0, paper=None)) == (
        "A before B: -20.00, ahead in 0 of 1: open")


def test_the_spread_of_one_is_unknown():
    assert math.isnan(spread([0.3]))
    assert spread([1.0, 3.0]) == pytest.approx(math.sqrt(2))
