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


def test_what_is_measured_has_columns_of_its_own(tmp_path):
    log = RunLog(tmp_path, ["val_cycle_A", "val_cycle_B"])
    log.cut_back(0)
    log.append(_report(3))
    log.append(_report(6), val_cycle_A=0.25, val_cycle_B=0.5)
    columns = read_log(tmp_path)
    assert columns["val_cycle_A"][1] == 0.25 and columns["val_cycle_B"][1] == 0.5
    assert math.isnan(columns["val_cycle_A"][0]) and "val_l1" not in columns
    text = log.text
    for wrong in ({"val_l1": 0.5}, {"val_cycle": 0.5}):
        with pytest.raises(ValueError, match="no column for val_.*; it has val_cycle"):
            log.append(_report(9), **wrong)
    assert log.path.read_text() == log.text == text


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


def test_deleted_while_it_is_written_it_is_written_anew(log, tmp_path, caplog):
    whole = log.text
    log.path.unlink()
    log.append(_report(12))
    assert "log.csv was deleted, and is written anew" in caplog.text
    assert log.path.read_text() == log.text and log.text.startswith(whole)
    log.path.unlink()
    log.flush()
    assert read_log(tmp_path)["iteration"] == [3, 6, 9, 12]


DAMAGE = {
    "other bytes": b"\xff\xfe\x00log",
    "no column": b"step,loss\n3,0.5\n",
    "no number": b"epoch,iteration,loss\n1,x,0.5\n",
    "too short": b"epoch,iteration,loss\n1,3\n",
    "too long": b"epoch,iteration,loss\n1,3,0.5,0.5\n",
    "a long field": b"epoch,iteration,loss\n1,3," + 200_000 * b"1" + b"\n",
}


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_log_is_put_aside_and_named(tmp_path, content, caplog):
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="log.csv is damaged"):
        read_log(tmp_path)
    log = RunLog(tmp_path)
    log.cut_back(9)
    (record,) = caplog.records
    told = record.getMessage()
    assert f"{path} is damaged" in told and "now log.csv.damaged" in told
    assert "the rows up to step 9 are missing" in told
    assert (tmp_path / "log.csv.damaged").read_bytes() == content
    log.append(_report(12))
    assert read_log(tmp_path)["iteration"] == [12]


def test_a_log_that_is_gone_is_named(tmp_path, caplog):
    RunLog(tmp_path).cut_back(0)
    assert not caplog.records  # a run that begins has none yet
    (tmp_path / "log.csv").unlink()
    RunLog(tmp_path).cut_back(9)
    assert f"{tmp_path / 'log.csv'} is gone: the rows up to step 9" in caplog.text
    assert read_log(tmp_path) == {}


def test_a_warning_is_one_line_whatever_it_says(log, tmp_path):
    log.append(_report(12), warnings=["It is\ngrey."])
    log.append(_report(15))
    again = RunLog(tmp_path)
    again.cut_back(12)
    assert read_log(tmp_path)["iteration"] == [3, 6, 9, 12]
    assert "It is grey." in again.text


def test_warnings_are_text_beside_the_numbers(tmp_path):
    log = RunLog(tmp_path)
    log.cut_back(0)
    log.append(_report(3), warnings=["It is grey, again.", "Try another seed."])
    log.append(_report(6), 0.5, 0.25)
    assert "It is grey, again. | Try another seed." in log.path.read_text()
    columns = read_log(tmp_path)
    assert "warnings" not in columns and columns["variety"][1] == 0.25
    assert math.isnan(columns["variety"][0])
