import io
import sys

import pytest

from gluon_pix2pix.progress_bar import progress_bar


class Stream(io.StringIO):
    def __init__(self, terminal):
        super().__init__()
        self.isatty = lambda: terminal


@pytest.mark.parametrize(("terminal", "seconds"), [(True, 0.1), (False, 30)])
def test_a_file_gets_a_line_now_and_then(terminal, seconds, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Stream(terminal))
    with progress_bar(7, "looking", "picture", done=2) as bar:
        bar.update()
        assert (bar.n, bar.total, bar.mininterval) == (3, 7, seconds)
    assert "looking" in sys.stderr.getvalue() and "3/7" in sys.stderr.getvalue()


def test_a_notebook_is_watched(monkeypatch):
    ipython = type(sys)("IPython")
    ipython.get_ipython = lambda: object()
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setattr(sys, "stderr", Stream(False))
    with progress_bar(3, shown=False) as bar:
        assert bar.disable
    assert sys.stderr.getvalue() == ""
    with progress_bar(3) as bar:
        assert bar.mininterval == 0.1
