"""Strip notebooks to what is committed: code, prose, and the outputs nbval compares.

Usage: python tools/clean_notebooks.py notebooks/*.ipynb

Only cells tagged ``nbval-check-output`` keep their outputs; all code cells are numbered
in order, because nbval compares nothing in a cell that was never counted.
"""

import sys
from pathlib import Path

import nbformat

CHECKED = "nbval-check-output"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def clean(text: str) -> str:
    """Return the cleaned notebook as text; cleaning twice changes nothing."""
    notebook = nbformat.reads(text, as_version=4)
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat_minor = 5
    count = 0
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if cell.cell_type != "code":
            cell.pop("attachments", None)
            continue
        count += 1
        cell.execution_count = count
        kept = cell.outputs if CHECKED in tags else []
        cell.outputs = [output for output in kept
                        if output.get("name") != "stderr"]
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
                output.metadata = {}
    nbformat.validate(notebook)
    return nbformat.writes(notebook, indent=1) + "\n"


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        path.write_text(clean(path.read_text(encoding="utf-8")), encoding="utf-8")
