import math

import pytest

from gluon_pix2pix.progress import Report
from gluon_pix2pix.run_log import RunLog, read_log


def _report(iteration):
    return Report(1, iteration, {"loss_D": iteration / 10}, 12.5, 2e-4, False)


@pytest.fixture
def log(tmp_path):
    log = RunLog(tmp_path)
    log.cut_back(0)
    for iteration in (3, 6, 9):
        log.append(_report(iteration), 0.5 if iteration == 6 else None)
    return log


def test_it_is_cut_back_to_a_step_and_goes_on_without_gap_or_duplicate(log, tmp_path):
    whole = log.path.read_text()
    again = RunLog(tmp_path)
    again.cut_back(7)
    assert read_log(tmp_path)["iteration"] == [3, 6]
    assert (again.iteration, again.scores) == (6, {6: 0.5})
    again.append(_report(9))
    assert log.path.read_text() == again.text == whole
    again.cut_back(0)
    assert again.path.read_text() == "" and again.iteration == 0
    assert read_log(tmp_path) == {}


def test_half_a_line_is_no_row(log, tmp_path):
    """A cut ``12`` could be the beginning of ``120``."""
    with open(log.path, "a") as file:
        file.write("1,12")
    columns = read_log(tmp_path)
    assert columns["iteration"] == [3, 6, 9] and math.isnan(columns["val_l1"][0])
    again = RunLog(tmp_path)
    again.cut_back(100)
    assert again.path.read_text() == log.text


def test_warnings_are_text_beside_the_numbers(tmp_path):
    log = RunLog(tmp_path)
    log.cut_back(0)
    log.append(_report(3), warnings=["It is grey, again.", "Try another seed."])
    log.append(_report(6), 0.5, 0.25)
    assert "It is grey, again. | Try another seed." in log.path.read_text()
    columns = read_log(tmp_path)
    assert "warnings" not in columns and columns["variety"][1] == 0.25
    assert math.isnan(columns["variety"][0])
