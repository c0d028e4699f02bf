"""What is wrong with the files of a data set, as a report to read and to act on."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .layouts import LAYOUTS

_MOST_ALIKE = 20  # problems with one remedy that are told one by one


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a file or folder, and what to do about it."""

    path: Path
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path} {self.reason}: {self.remedy}."


@dataclass
class Report:
    """What `check` found; ``str(report)`` is for reading.

    Attributes
    ----------
    folder, kind : Path, str or None
        The data set and its layout, None where it has none.
    counts : dict of str to int
        Number of pictures in each folder.
    sizes : dict of str to tuple
        Smallest and largest width and height of the readable pictures in each folder,
        ``((width, height), (width, height))`` in pixels.
    modes : dict of str to dict
        How many pictures of each of Pillow's modes each folder holds.
    problems, warnings : list of Problem
        With what training would fail or learn wrong things; what works all the same.
    """

    folder: Path
    kind: str | None = None
    counts: dict[str, int] = field(default_factory=dict)
    sizes: dict[str, tuple] = field(default_factory=dict)
    modes: dict[str, dict[str, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether there is no problem; warnings do not count."""
        return not self.problems

    def __str__(self) -> str:
        what = f": {LAYOUTS[self.kind].title} ({self.kind})" if self.kind else ""
        lines = [f"{self.folder}{what}"]
        for name, count in self.counts.items():
            modes = ", ".join(f"{n} {mode}" for mode, n in self.modes[name].items())
            lines.append(f"  {name + '/':12} {count:6}  "
                         f"{_range(self.sizes.get(name)):24} {modes}".rstrip())
        for word, found, meaning in (
                ("problem", self.problems, "training would fail or learn wrong things"),
                ("warning", self.warnings, "it works, but you should know")):
            if found:
                plural = "s" if len(found) > 1 else ""
                lines += ["", f"{len(found)} {word}{plural} ({meaning}):",
                          describe(found, self.folder, self.counts)]
        if self.ok:
            lines += ["", "No problem found."]
        return "\n".join(lines)


def describe(problems: Iterable[Problem], base: Path | None = None,
             counts: Mapping[str, int] | None = None, most: int = 100) -> str:
    """List problems as lines of text, files with the same one together.

    Parameters
    ----------
    problems : iterable of Problem
        What to list.
    base : Path, optional
        Paths are shown relative to this folder.
    counts : mapping of str to int, optional
        Pictures in each folder: what all of a folder share is said in one line.
    most : int, optional
        Name so many files of each group and count the others.
    """
    groups: dict[tuple[str, str], list[Path]] = {}
    for problem in problems:
        path = problem.path.relative_to(base) if base else problem.path
        groups.setdefault((problem.reason, problem.remedy), []).append(path)

    lines, alike = [], Counter()
    for (reason, remedy), paths in groups.items():
        alike[remedy] += 1
        if alike[remedy] > _MOST_ALIKE:
            continue
        names = []
        for folder, count in Counter(path.parent for path in paths).items():
            if count > 2 and count == (counts or {}).get(folder.as_posix()):
                names.append(f"all {count} in {folder}/")
                paths = [path for path in paths if path.parent != folder]
        shown = paths[:most]
        names += [str(path) if path.parts else "the folder" for path in shown]
        more = f" and {len(paths) - len(shown)} more" if len(paths) > len(shown) else ""
        lines += [_wrap(", ".join(names) + more, "  - "),
                  _wrap(f"{reason}: {remedy}.", "    ")]
    for remedy, count in alike.items():
        if count > _MOST_ALIKE:
            lines += [f"  - and {count - _MOST_ALIKE} more like these:",
                      _wrap(f"{remedy}.", "    ")]
    return "\n".join(lines)


def _wrap(text, start):
    """Break a text into lines of 88 columns, names and words kept whole."""
    return textwrap.fill(text, 88, initial_indent=start, subsequent_indent="    ",
                         break_long_words=False, break_on_hyphens=False)


def _range(sizes):
    """Show the smallest and the largest size, or the only one."""
    texts = [f"{width}x{height}" for width, height in sizes or ()]
    return " to ".join(dict.fromkeys(texts))
