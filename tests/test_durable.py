import errno
import os

import numpy as np
import pytest

from gluon_pix2pix import durable
from gluon_pix2pix.failures import SaveError


def _fill(folder, text):
    with durable.whole_folder(folder) as temporary:
        durable.write_text(temporary / "a.txt", text)


def test_a_folder_is_whole_or_not_there(tmp_path):
    with pytest.raises(ZeroDivisionError), durable.whole_folder(tmp_path / "x") as path:
        durable.write_text(path / "a.txt", "half")
        assert not (tmp_path / "x").exists()
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    _fill(tmp_path / "deep" / "x", "one")
    _fill(tmp_path / "deep" / "x", "two")
    assert (tmp_path / "deep" / "x" / "a.txt").read_text() == "two"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["x"]


def test_remains_of_the_killed_are_finished_or_undone(tmp_path):
    for name in ("x_1", ".x_1.abc", ".x_2.abc.old", ".x_2.abc", ".x_3.removed",
                 ".mine"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(name)
    durable.remove_remains(tmp_path, "x_")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".mine", "x_1", "x_2"]
    assert (tmp_path / "x_2" / "a.txt").read_text() == ".x_2.abc.old"


def test_a_removed_folder_is_never_seen_in_part(tmp_path, monkeypatch):
    _fill(tmp_path / "x", "one")
    rmdir = os.rmdir

    def killed(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "rmdir", killed)
    with pytest.raises(KeyboardInterrupt):
        durable.remove_folder(tmp_path / "x")
    monkeypatch.setattr(os, "rmdir", rmdir)
    assert not (tmp_path / "x").exists()
    durable.remove_remains(tmp_path, "x")
    assert list(tmp_path.iterdir()) == []


def test_a_text_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    durable.replace_text(path, "one\n")

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            durable.replace_text(path, "two\n")
    assert path.read_text() == "one\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="rights are told in another way")
def test_rights_are_those_of_everything_else_that_is_made_here(tmp_path):
    """Not those of the folder around it, which may be a private or a shared one."""
    tmp_path.chmod(0o2777)
    before = os.umask(0o027)
    try:
        _fill(tmp_path / "x", "one")
        durable.replace_text(tmp_path / "b.txt", "two")
    finally:
        os.umask(before)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "x" / "a.txt").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "b.txt").stat().st_mode & 0o777 == 0o640


def test_a_folder_that_was_being_replaced_is_found_where_it_is(tmp_path):
    _fill(tmp_path / ".x.abcd.old", "one")
    assert durable.in_place(tmp_path / "x") == tmp_path / ".x.abcd.old"
    assert not (tmp_path / "x").exists()  # who merely looks moves nothing
    durable.bring_back(tmp_path / "x")
    assert durable.in_place(tmp_path / "x") == tmp_path / "x"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_checksums_are_those_of_everybody_else(tmp_path):
    durable.write_text(tmp_path / "a", "abc")
    assert durable.sha256(tmp_path / "a").startswith("ba7816bf8f01cfea")
    durable.write_arrays(tmp_path / "b.npz", {"x": np.arange(3)})
    with np.load(tmp_path / "b.npz") as file:
        assert file["x"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(("number", "message"), [
    (errno.ENOSPC, r"x cannot be written .*: it takes 5 MB and \d+ MB are free; make"),
    (errno.EROFS, "x cannot be written .*: make the folder writable, or name another"),
    (errno.EACCES, "make the folder writable"),
])
def test_the_systems_complaints_become_sentences(tmp_path, number, message):
    with pytest.raises(SaveError, match=message) as told, \
            durable.explained(tmp_path / "no" / "x", size=5 * 10**6):
        raise OSError(number, os.strerror(number))
    assert told.value.errno == number


def test_other_errors_stay_as_they_are(tmp_path):
    with pytest.raises(FileNotFoundError), durable.explained(tmp_path):
        open(tmp_path / "nothing")
