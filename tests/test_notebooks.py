"""Hygiene of the notebooks; that they run is tested by nbval, on the notebooks."""

import ast
import re
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CHECKED = "nbval-check-output"

sys.path.insert(0, str(ROOT / "tools"))
from clean_notebooks import clean  # noqa: E402


def _text(path):
    return path.read_text(encoding="utf-8")


def _cells(path, kind):
    notebook = nbformat.reads(_text(path), as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def _tagged(path, tag):
    return [cell for cell in _cells(path, "code")
            if tag in cell.metadata.get("tags", [])]


def test_the_course_is_there_and_numbered():
    numbers = [int(path.name[:2]) for path in NOTEBOOKS]
    assert numbers == list(range(len(NOTEBOOKS)))
    assert len(NOTEBOOKS) >= 6


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return request.param


def test_it_is_clean(notebook):
    assert clean(_text(notebook)) == _text(notebook), (
        f"run: python tools/clean_notebooks.py notebooks/{notebook.name}"
    )


def test_it_has_one_title_and_ends_with_exercises_and_references(notebook):
    prose = "\n".join(cell.source for cell in _cells(notebook, "markdown"))
    assert len(re.findall(r"^# \S", prose, flags=re.MULTILINE)) == 1
    assert "<details>" in prose
    assert prose.count("<details>") == prose.count("</details>")
    assert re.search(r"^## Exercises", prose, flags=re.MULTILINE)


def test_parameters_come_from_the_environment_in_one_visible_cell(notebook):
    (cell,) = _tagged(notebook, "parameters")
    assert 'os.environ.get("PIX2PIX_PROFILE", "lesson")' in cell.source
    assert 'os.environ.get("PIX2PIX_CONTEXT", "auto")' in cell.source
    assert "dataset = g2p.profile_dataset(" in cell.source


@pytest.mark.parametrize("path", [*NOTEBOOKS, ROOT / "README.md"],
                         ids=lambda path: path.name)
def test_no_duration_is_left_to_be_filled_in(path):
    assert not re.findall(r"\?\d\d min", _text(path))


def test_two_to_five_cells_are_checked_and_hold_their_text(notebook):
    cells = _tagged(notebook, CHECKED)
    assert 2 <= len(cells) <= 5
    for cell in cells:
        assert cell.outputs, "run it, then clean it"
        assert not any("image/png" in output.get("data", {}) for output in cell.outputs)


def test_code_is_short_and_parses(notebook):
    for cell in _cells(notebook, "code"):
        lines = cell.source.splitlines()
        assert len(lines) <= 25, f"{len(lines)} lines: {lines[0]}"
        assert max(map(len, lines)) <= 79, max(lines, key=len)
        assert not cell.source.rstrip().endswith(";")
        ast.parse(cell.source)


def test_mxnet_is_loaded_after_the_package(notebook):
    code = "\n".join(cell.source for cell in _cells(notebook, "code"))
    first = code.index("import gluon_pix2pix")
    assert first < (code.find("mxnet") if "mxnet" in code else len(code))
    assert "extractall" not in code
    assert "pickle" not in code


def test_the_package_is_the_single_source(notebook):
    """A class of the package is shown or imported, never written out again."""
    import gluon_pix2pix as g2p

    for cell in _cells(notebook, "code"):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                assert node.name not in g2p.__all__, f"{node.name} is in the package"
