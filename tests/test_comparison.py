import csv
import dataclasses
import json
import math

import numpy as np
import pytest

from gluon_pix2pix import Pix2PixConfig
from gluon_pix2pix.comparison import Comparison, label
from gluon_pix2pix.experiments import Experiment, Result


@pytest.fixture
def asked(tiny):
    return Experiment(
        "tried", "Which is it?", tiny,
        {"A": {"pool_size": 0}, "B": {"pool_size": 1}, "C": {"pool_size": 3}},
        scores=("class_iou", "l1"),
        paper={"A": {"class_iou": .1}, "B": {"class_iou": .2}, "C": {"class_iou": .2}})


def _result(variant, seed, class_iou, l1=0.5, folder="nowhere"):
    return Result(variant, seed, {"class_iou": class_iou, "l1": l1},
                  {"real": {"class_iou": 0.9}, "one_picture": {"l1": 0.6}}, folder)


@pytest.fixture
def compared(asked):
    ious = {"A": (0.30, 0.20, 0.40), "B": (0.40, 0.25, 0.41), "C": (0.1, 0.3, 0.2)}
    return Comparison(asked, [
        _result(variant, seed, iou, l1=0.5 - 0.1 * (variant == "C"))
        for variant, values in ious.items() for seed, iou in enumerate(values)])


def test_orderings_are_computed_seed_by_seed(compared):
    found = {(one.first, one.second): one for one in compared.differences()}
    assert set(found) == {("B", "A"), ("C", "A")}  # B and C are equal in the paper
    holds = found["B", "A"]
    np.testing.assert_allclose(holds.leads, [0.10, 0.05, 0.01])
    assert (holds.wins, holds.verdict) == (3, "holds")
    assert holds.paper == pytest.approx(0.1)
    open_ = found["C", "A"]
    np.testing.assert_allclose(open_.leads, [-0.2, 0.1, -0.2])
    assert (open_.wins, open_.verdict) == (1, "open")
    assert "B before A: +0.0533 ± 0.0451 (paper +0.10), ahead in 3 of 3: holds" in str(
        compared)


def test_where_less_is_better_the_smaller_one_is_ahead(compared):
    found = {(one.first, one.second): one for one in compared.differences("l1")}
    # Without figures of the paper the better one of the two comes first.
    np.testing.assert_allclose(found["C", "A"].leads, 0.1)
    assert found["C", "A"].paper is None and found["C", "B"].verdict == "differ"
    assert (found["A", "B"].wins, found["A", "B"].verdict) == (0, "open")  # all equal


def test_one_seed_tells_nothing(asked):
    compared = Comparison(asked, [_result("A", 0, 0.1), _result("B", 0, 0.9)])
    (difference,) = compared.differences()
    assert difference.verdict == "open" and "±" not in str(difference)
    assert "luck" in str(compared)
    compared.add(_result("A", 1, 0.1))
    compared.add(_result("B", 1, 0.8))
    assert compared.differences()[0].verdict == "open"
    assert "2 seeds each" in str(compared) and "luck" in str(compared)


def test_only_seeds_that_both_have_are_compared(compared):
    del compared.results["B", 1]
    found = {(one.first, one.second): one for one in compared.differences()}
    np.testing.assert_allclose(found["B", "A"].leads, [0.10, 0.01])
    assert "2 to 3 seeds each" in str(compared)


def test_the_table_has_means_spreads_the_paper_and_references(compared):
    rows = {row["variant"]: row for row in compared.rows()}
    assert rows["A"]["class_iou"] == pytest.approx(0.3)
    assert rows["A"]["class_iou_spread"] == pytest.approx(0.1)
    assert rows["A"]["class_iou_paper"] == 0.1 and "l1_paper" not in rows["A"]
    assert rows["real pictures"]["class_iou"] == 0.9
    lines = compared.table().splitlines()
    assert lines[0].split() == ["class", "IoU", "paper", "L1"]
    assert lines[1].split() == ["A", "0.3000", "±", "0.1000", "0.10", "0.5000", "±",
                                "0.0000"]
    assert lines[4].split() == ["real", "pictures", "0.9000"]
    assert lines[5].split() == ["one", "picture", "for", "all", "0.6000"]
    assert len({line.index(" 0.") for line in lines[1:3]}) == 1


def test_where_all_are_below_the_floor_it_is_said(asked):
    def told(*ious, floor=0.3):
        return str(Comparison(asked, [
            Result(variant, 0, {"class_iou": iou}, {"one_picture": floor and {
                "class_iou": floor}}, "nowhere") for variant, iou in zip("ABC", ious)]))

    assert told(0.1, 0.2, 0.29).endswith(
        "\n\nAll variants are below one picture for all: in verdicts on them there is "
        "little to learn.")
    assert "little to learn" not in told(0.1, 0.2, 0.31)
    assert "little to learn" not in told(0.1, 0.2, floor={})


def test_below_the_floor_is_more_where_less_is_better(asked):
    asked = dataclasses.replace(asked, scores=("l1",), paper={})
    assert "little to learn" in str(Comparison(asked, [_l1("A", 0.7), _l1("B", 0.8)]))
    assert "little to learn" not in str(
        Comparison(asked, [_l1("A", 0.5), _l1("B", 0.8)]))


def _l1(variant, l1):
    return Result(variant, 0, {"l1": l1}, {"one_picture": {"l1": 0.6}}, "nowhere")


def test_nothing_is_told_of_nothing(asked):
    assert "Nothing is trained yet" in str(Comparison(asked))
    assert Comparison(asked).differences() == []
    other = Result("A", 0, {"psnr": 3.0}, {}, "nowhere")
    assert Comparison(asked, [other]).differences() == []
    assert "variant" not in str(Comparison(asked, [other]))


def test_a_score_without_a_better_and_a_worse_gives_no_verdict(asked):
    asked = dataclasses.replace(asked, scores=("checkerboard", "l1"), paper={})
    compared = Comparison(asked, [
        Result(variant, seed, {"checkerboard": weave, "l1": weave / 10},
               {"real": {"checkerboard": 0.9}}, "nowhere")
        for variant, weave in (("A", 0.1), ("B", 3.0)) for seed in range(3)])
    assert compared.differences("checkerboard") == []
    assert [one.score for one in compared.differences()] == ["l1"]
    told = str(compared)
    assert "\nL1, seed by seed:" in told and "checkerboard, seed" not in told


def test_a_newer_result_replaces_an_older_one(compared):
    compared.add(_result("A", 0, 0.7))
    assert compared.values("A", "class_iou")[0] == 0.7
    assert len(compared.results) == 9


def test_it_is_written_whole_for_people_and_programs(compared, tmp_path):
    compared.add(_result("A", 0, math.nan))
    table, told = compared.write(tmp_path / "there")
    with open(table, newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 9 and rows[1] == {"variant": "A", "seed": "1",
                                          "class_iou": "0.2", "l1": "0.5"}
    told = json.loads(told.read_text(), parse_constant=pytest.fail)
    assert told["name"] == "tried"
    assert told["base"]["model"] == Pix2PixConfig.model
    assert told["variants"]["B"] == {"pool_size": 1}
    assert {row["variant"] for row in told["rows"]} > {"A", "B", "C"}
    verdicts = {(one["first"], one["second"]): one["verdict"]
                for one in told["differences"] if one["score"] == "l1"}
    assert verdicts["C", "A"] == "differ"
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == [
        "comparison.json", "results.csv"]


def test_more_variants_are_not_replaced_by_fewer(asked, compared, tmp_path):
    compared.write(tmp_path)
    before = (tmp_path / "results.csv").read_text()
    fewer = Comparison(asked.only("A", "C"), [_result("A", 0, 0.7)])
    with pytest.raises(ValueError, match=r"comparison\.json compares B too: write to"):
        fewer.write(tmp_path)
    assert (tmp_path / "results.csv").read_text() == before
    Comparison(asked, [_result("A", 0, 0.7)]).write(tmp_path)  # the rest is to come
    (tmp_path / "comparison.json").write_text("{")
    fewer.write(tmp_path)  # nothing can be read there


def test_scores_are_called_by_their_names():
    assert label("class_iou") == "class IoU (more is better)"
    assert label("checkerboard") == "checkerboard"
