import math

import pytest

from gluon_pix2pix.evaluation_table import as_text, cautions, number, sentence

ABOUT = {"pictures": 20, "samples": 3, "dropout": True, "seed": 0, "targets": True,
         "classes_by": "a segmentation network", "features_by": "that network",
         "feature_count": 128}


def summary(real_iou=0.7, blind_iou=0.1, **frechet):
    return {"l1": {"mean": 0.25, "one_picture": 0.3},
            "class_iou": {"mean": 0.4, "one_picture": blind_iou, "real": real_iou},
            **({"frechet": {"mean": 12.3456, **frechet}} if frechet else {})}


def test_the_text_tells_how_many_and_which_way_is_better():
    first, table = as_text({**ABOUT, "data": "houses/test"}, summary()).split("\n\n")
    assert first.startswith("20 pictures; of houses/test; 3 samples each; dropout")
    assert max(map(len, first.splitlines())) <= 88
    lines = ["", "", *table.splitlines()]
    assert lines[2].split("  ")[-1].strip() == "real pictures"
    assert lines[3].split() == "L1 less is better 0.2500 0.3000".split()
    assert lines[4].split() == "class IoU more is better 0.4000 0.1000 0.7000".split()
    assert len(lines) == 5  # nothing to be cautious about


def test_what_was_evaluated_is_a_sentence():
    about = {**ABOUT, "pictures": 1, "samples": 1, "dropout": False, "classes_by": None,
             "features_by": None}
    assert sentence(about) == \
        "1 picture; 1 sample each; no dropout, running statistics."
    assert "nothing is scored" in as_text(about, {})


def test_numbers_have_as_many_digits_as_they_deserve():
    assert [number(value) for value in (0.12345, 12.345, -0.5, math.inf, None,
                                        math.nan)] == \
        ["0.1235", "12.35", "-0.5000", "inf", "", ""]


@pytest.mark.parametrize(("real", "blind", "said"), [
    (0.09, 0.05, True), (0.05, 0.05, True), (0.27, 0.046, False), (0.76, 0.09, False),
    (0.9, 0.95, True), (0.1, 0.1, True)])
def test_a_network_that_hardly_knows_the_classes_is_told_of(real, blind, said):
    told = cautions({**ABOUT, "pictures": 500}, summary(real, blind, real=1.0))
    assert bool(told) == said
    if said:
        assert number(real) in told[0] and number(blind) in told[0]
        assert "Fréchet distance, which rests on the same network" in told[0]


def test_another_networks_features_do_not_suffer_from_it():
    told, = cautions({**ABOUT, "features_by": "vgg16", "pictures": 500},
                     summary(0.09, 0.05, real=1.0))
    assert "Fréchet" not in told


def test_without_a_blind_answer_the_real_pictures_alone_tell():
    scores = {"class_iou": {"mean": 0.1, "real": 0.05}}
    told, = cautions(ABOUT, scores)
    assert "0.0500" in told and "one picture" not in told
    assert not cautions(ABOUT, {"class_iou": {"mean": 0.1, "real": 0.5}})


@pytest.mark.parametrize(("pictures", "said"), [(2, True), (128, True), (129, False)])
def test_too_few_pictures_for_a_frechet_distance(pictures, said):
    told = cautions({**ABOUT, "pictures": pictures}, summary(real=0.7572))
    assert bool(told) == said
    if said:
        assert f"{pictures} pictures" in told[0] and "0.7572" in told[0]
        assert "0.7572" not in cautions({**ABOUT, "pictures": 2}, summary(mean=1.0))[0]


def test_the_real_pictures_have_a_spread_where_several_sets_were_drawn():
    told = summary(real=0.7572, between_real_sets=0.25)
    first, table, caution = as_text(ABOUT, told).split("\n\n")
    assert table.splitlines()[-1].split()[-4:] == "12.35 0.7572 ± 0.2500".split()
    assert table.splitlines()[2].endswith("    0.7000")
    assert "0.7572 ± 0.2500 for as many training pictures" in " ".join(caution.split())


def test_no_caution_where_nothing_is_known():
    assert cautions(ABOUT, {}) == []
    assert cautions(ABOUT, {"class_iou": {"mean": math.nan, "real": math.nan}}) == []
