"""An evaluation as a page for the browser: one file that needs nothing else."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable
from html import escape

from .evaluation import Evaluation
from .evaluation_table import NOTHING_SCORED, SCORES, cell, columns_of, number, sentence

_STYLE = """
:root { color-scheme: light dark; --side: 160px; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5em; }
table { border-collapse: collapse; margin: 1em 0; }
th, td { padding: .3em .7em; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
td.picture { padding: .15em; }
th.picture { text-align: center; }
thead th { background: Canvas; border-bottom: 2px solid #888; }
#pictures thead th { position: sticky; top: 0; }
tbody tr:nth-child(even) td { background: #8881; }
img { display: block; width: var(--side); height: var(--side); object-fit: contain; }
button { all: unset; cursor: pointer; color: LinkText; }
button:focus-visible { outline: 2px solid; }
th[aria-sort=ascending] button::after { content: " \\25B2"; }
th[aria-sort=descending] button::after { content: " \\25BC"; }
small { color: GrayText; }
.caution { border-left: 4px solid #b34700; padding-left: .7em; max-width: 60em; }
"""

_SCRIPT = """
"use strict";
const body = document.querySelector("#pictures tbody");
const heads = document.querySelectorAll("#pictures th[data-column]");
function sortBy(head) {
  const column = head.dataset.column;
  // First the other way round than it stands; the worst first at the first click.
  const before = head.getAttribute("aria-sort") || "none";
  const after = before === "none" ? head.dataset.first
    : before === "ascending" ? "descending" : "ascending";
  const sign = after === "ascending" ? 1 : -1;
  const key = row => row.cells[column].dataset.value;
  const rows = [...body.rows];
  rows.sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === "" || y === "") return (x === "") - (y === "");  // unknown: last
    return sign * (x - y);
  });
  for (const other of heads) other.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", after);
  body.append(...rows);
}
for (const head of heads) {
  head.querySelector("button").addEventListener("click", () => sortBy(head));
}
document.querySelector("#side").addEventListener("input", event => {
  document.documentElement.style.setProperty("--side", event.target.value + "px");
});
"""


def page(evaluation: Evaluation, pictures: Iterable[list]) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    evaluation : Evaluation
        Scores and what they are of.
    pictures : iterable of lists
        For each row input, outputs and target: each ``(ending, bytes)`` of a picture
        that becomes part of the page, or the address of a file.
    """
    about, rows = evaluation.about, evaluation.rows
    shown = len(evaluation.outputs[0])
    titles = ["input", *(["output"] if shown == 1 else
                         [f"output {place}" for place in range(1, shown + 1)])]
    if about["targets"]:
        titles.append("target")
    titles = about.get("titles", titles)
    columns = [name for name in rows[0] if name in SCORES]
    heads = [_sortable("picture", 0, "ascending", "as in the data set"),
             *(f'<th class="picture">{title}</th>' for title in titles)]
    for place, name in enumerate(columns, start=1 + len(titles)):
        label, more_is_better, meaning = SCORES[name]
        heads.append(_sortable(label, place, "ascending" if more_is_better else
                               "descending", meaning))
    lines = []
    for place, (row, images) in enumerate(zip(rows, pictures)):
        cells = [f'<td data-value="{place}">{escape(row["picture"])}</td>']
        cells += [f'<td class="picture">{_image(image, title)}</td>'
                  for image, title in zip(images, titles)]
        cells += [f'<td data-value="{_value(row[name])}">{number(row[name])}'
                  f'{_plus_minus(row.get(f"{name}_spread"))}</td>' for name in columns]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    name = escape(str(about.get("run", "evaluation")))
    return "\n".join([
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{name}: evaluation</title>\n<style>{_STYLE}</style>\n</head>\n<body>",
        f"<h1>{name}</h1>", f"<p>{escape(sentence(about))}</p>", _summary(evaluation),
        *(f'<p class="caution">{escape(told)}</p>' for told in evaluation.cautions),
        '<p>Click on the name of a score to sort by it, the worst first. <label>Size '
        '<input id="side" type="range" min="64" max="512" value="160"></label></p>',
        f'<table id="pictures">\n<thead><tr>{"".join(heads)}</tr></thead>\n<tbody>',
        *lines, "</tbody>\n</table>",
        f"<script>{_SCRIPT}</script>\n</body>\n</html>\n"])


def _summary(evaluation):
    """The scores of the split as a table."""
    if not evaluation.summary:
        return f"<p>{NOTHING_SCORED}</p>"
    columns = columns_of(evaluation.summary)
    lines = ['<table id="summary">\n<thead><tr><th>score</th>'
             + "".join(f"<th>{title}</th>" for title in columns.values())
             + "</tr></thead>\n<tbody>"]
    for name, entry in evaluation.summary.items():
        score = SCORES[name]
        cells = "".join(f"<td>{cell(entry, column)}</td>" for column in columns)
        lines.append(f"<tr><th title=\"{escape(score.meaning)}\">"
                     f"{escape(score.label)} <small>{score.better}</small></th>"
                     f"{cells}</tr>")
    return "\n".join([*lines, "</tbody>\n</table>"])


def _sortable(label, place, first, meaning):
    return (f'<th data-column="{place}" data-first="{first}" aria-sort="none" '
            f'title="{escape(meaning)}"><button>{escape(label)}</button></th>')


def _image(image, title):
    if isinstance(image, str):
        source = escape(image)
    else:
        ending, content = image
        source = f"data:image/{ending};base64,{base64.b64encode(content).decode()}"
    return f'<img loading="lazy" alt="{title}" src="{source}">'


def _value(score):
    """A score as the script sorts it: empty where it is unknown."""
    return "" if math.isnan(score) else str(score).replace("inf", "Infinity")


def _plus_minus(spread):
    """The standard deviation between the samples of a picture, if it has several."""
    return "" if spread is None else f" <small>± {number(spread)}</small>"
