import sys

import numpy as np
import pytest
from PIL import Image

from gluon_pix2pix.board import Board
from gluon_pix2pix.health import HealthWarning
from gluon_pix2pix.training import Report


def _report(step, value=0.5):
    return Report(step // 20, step, {"loss_D": value, "loss_l1": 0.3}, 10.0, 2e-4,
                  epoch_ends=step % 20 == 0)


def _read(run):
    """Read all that TensorBoard would show."""
    events = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator")
    found = events.EventAccumulator(str(run / "tensorboard"))
    return found.Reload()


def test_without_the_extra_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(ImportError, match=r'pip install .*"\.\[tensorboard\]"'):
        Board(tmp_path)
    assert not list(tmp_path.iterdir())


def test_scalars_samples_and_warnings_can_be_read_back(tmp_path):
    pytest.importorskip("tensorboard")
    sheet = np.full((8, 12, 3), (250, 0, 100), np.uint8)
    Image.fromarray(sheet).save(tmp_path / "epoch_0001.png")
    warning = HealthWarning("one picture", 1, 20, "It is seen.", "Try this.")
    with Board(tmp_path) as board:
        board.update(_report(10, 0.7))
        board.update(_report(20, 0.6), val_l1=0.25, variety=0.5, val_cycle_A=0.75,
                     samples=tmp_path / "epoch_0001.png", warnings=[warning])
    events = _read(tmp_path)
    told = {tag: [(event.step, round(event.value, 5)) for event in events.Scalars(tag)]
            for tag in events.Tags()["scalars"]}
    assert told == {"training/loss_D": [(10, 0.7), (20, 0.6)],
                    "training/loss_l1": [(10, 0.3), (20, 0.3)],
                    "training/learning_rate": [(10, 2e-4), (20, 2e-4)],
                    "training/images_per_second": [(10, 10), (20, 10)],
                    "validation/l1": [(20, 0.25)], "validation/variety": [(20, 0.5)],
                    "validation/cycle_A": [(20, 0.75)]}
    (picture,) = events.Images("samples")
    assert (picture.step, picture.width, picture.height) == (20, 12, 8)
    (text,) = events.Tensors("warnings")
    assert text.tensor_proto.string_val == [b"It is seen. Try this."]


def test_steps_that_come_again_are_not_shown_twice(tmp_path):
    """As after a resume: two files, begun within one second."""
    pytest.importorskip("tensorboard")
    with Board(tmp_path) as board:
        for step in (10, 20, 30, 40):
            board.update(_report(step, 1.0))
    with Board(tmp_path) as board:
        for step in (30, 40, 50):
            board.update(_report(step, 2.0))
    assert len(list((tmp_path / "tensorboard").iterdir())) == 2
    told = [(event.step, event.value) for event in
            _read(tmp_path).Scalars("training/loss_D")]
    assert told == [(10, 1.0), (20, 1.0), (30, 2.0), (40, 2.0), (50, 2.0)]


def test_a_training_that_never_reported_writes_nothing(tmp_path):
    pytest.importorskip("tensorboard")
    Board(tmp_path).close()
    assert not list(tmp_path.iterdir())


def test_what_is_written_can_be_looked_at_while_it_trains(tmp_path):
    pytest.importorskip("tensorboard")
    board = Board(tmp_path)
    board.update(_report(20))
    assert [event.step for event in _read(tmp_path).Scalars("training/loss_D")] == [20]
    board.close()
