"""One finding of the doctor, and many of them as text."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass

WIDTH = 79  # columns of the text
_MARKS = {"ok": "ok", "advice": " *", "problem": "!!"}


@dataclass(frozen=True)
class Finding:
    """What was looked at, what was seen, and what to do about it.

    Attributes
    ----------
    title : str
        What was looked at, in a word or two.
    state : {"ok", "advice", "problem"}
        All is well; it works, and could be better; something does not work.
    seen : str
        What was seen.
    remedy : str
        What to do about it; empty where there is nothing to do.
    """

    title: str
    state: str
    seen: str
    remedy: str = ""


def ok(title: str, seen: str, remedy: str = "") -> Finding:
    return Finding(title, "ok", seen, remedy)


def advice(title: str, seen: str, remedy: str) -> Finding:
    return Finding(title, "advice", seen, remedy)


def problem(title: str, seen: str, remedy: str) -> Finding:
    return Finding(title, "problem", seen, remedy)


def attempt(title: str, look: Callable, *args) -> list[Finding]:
    """Return the findings of a look; if it fails, that is the finding."""
    try:
        found = look(*args)
    except Exception as error:  # a doctor that dies of an illness helps nobody
        return [problem(title, f"cannot be looked at ({type(error).__name__}: {error})",
                        "Mend what these words name, then ask the doctor again.")]
    return [found] if isinstance(found, Finding) else found


def as_text(findings: Iterable[Finding]) -> str:
    """Lay out findings for a terminal, remedies below what they are for, and count.

    Lines are at most 79 columns long, but for paths and addresses, which are to be
    copied and therefore never broken.
    """
    findings = list(findings)
    column = max(len(finding.title) for finding in findings) + 5
    lines = []
    for finding in findings:
        head = f"{_MARKS[finding.state]} {finding.title}".ljust(column)
        lines.append(_wrap(finding.seen, head, column))
        if finding.remedy:
            lines.append(_wrap(finding.remedy, " " * column + "-> ", column + 3))
    counts = {state: sum(finding.state == state for finding in findings)
              for state in _MARKS}
    problems, hints = counts["problem"], counts["advice"]
    summary = f"{problems or 'No'} problem{'' if problems == 1 else 's'}"
    summary += f" (!!), {hints} to improve (*)." if problems else ""
    if not problems:
        summary += f"; {hints} to improve (*)." if hints else "."
    return "\n".join([*lines, "", summary])


def _wrap(text, head, indent):
    """Break a text at blanks alone, behind its head or indented."""
    return textwrap.fill(text, WIDTH, initial_indent=head,
                         subsequent_indent=" " * indent, break_long_words=False,
                         break_on_hyphens=False)
