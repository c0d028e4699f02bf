import pytest

from gluon_pix2pix import save_checkpoint
from gluon_pix2pix.run_checkpoints import (
    best_checkpoint,
    checkpoint_states,
    find_checkpoint,
    newest_intact,
)


@pytest.fixture
def run(model, tmp_path):
    for name, state in {"epoch_0002": {"epoch": 2, "batches": 0, "iteration": 12,
                                       "score": 0.3},
                        "epoch_0002_plus_0004": {"epoch": 2, "batches": 4,
                                                 "iteration": 16, "score": None},
                        "epoch_0010": {"epoch": 10, "batches": 0, "iteration": 60,
                                       "score": 0.4}}.items():
        save_checkpoint(tmp_path / "checkpoints" / name, model, **state)
    return tmp_path


def test_checkpoints_tell_oldest_first_where_they_stand(run):
    states = checkpoint_states(run)
    assert [(s.epoch, s.batches, s.iteration) for s in states] == [
        (2, 0, 12), (2, 4, 16), (10, 0, 60)]
    assert all(s.damaged is None and s.saved_at.endswith("Z") for s in states)
    assert states[0].bytes == sum(path.stat().st_size
                                  for path in states[0].path.iterdir())
    assert best_checkpoint(run) == states[0]


def test_remains_and_what_was_set_aside_are_not_listed(run):
    for name in (".epoch_0003.abc", "set_aside_epoch_0004"):
        (run / "checkpoints" / name).mkdir()
    assert len(checkpoint_states(run)) == 3
    assert checkpoint_states(run / "nothing") == []
    assert best_checkpoint(run / "nothing") is None


def test_damage_that_sizes_tell_is_told_and_raises_nothing(run):
    first, second, third = (state.path for state in checkpoint_states(run))
    (first / "generator.npz").write_bytes(b"short")
    (second / "state.json").unlink()
    (third / "state.json").write_text('{"format": 2, "epoch": 11}')
    damaged = [state.damaged for state in checkpoint_states(run)]
    assert "generator.npz" in damaged[0]
    assert "no file" in damaged[1] and "is damaged" in damaged[2]


def test_a_damaged_one_is_not_the_best(run, caplog):
    """Not even if only its contents are damaged, which no size tells."""
    best, _, other = checkpoint_states(run)
    path = best.path / "generator.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert best_checkpoint(run) == other
    assert f"{path} is damaged" in caplog.text
    (other.path / "pools.npz").unlink()
    assert best_checkpoint(run) is None


def test_the_one_before_is_taken_only_if_there_is_one(run, caplog):
    states = checkpoint_states(run)
    (states[-1].path / "pools.npz").write_bytes(b"short")
    assert newest_intact(run) == states[1].path
    assert "The checkpoint before it is taken" in caplog.text
    caplog.clear()
    for state in states:
        (state.path / "pools.npz").write_bytes(b"short")
    assert newest_intact(run) is None
    assert caplog.text.count("pools.npz is damaged") == 3
    assert "is taken" not in caplog.text


def test_a_run_that_holds_arrays_of_its_own_is_no_checkpoint(run, model):
    (run / "config.json").write_text(model.config.to_json())
    (run / "styles.npz").write_bytes(b"looks")
    for whole in (True, False):
        assert find_checkpoint(run, whole).name == "epoch_0010"
