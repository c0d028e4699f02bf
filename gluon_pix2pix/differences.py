"""How two variants of an experiment differ in a score, and whether that is a verdict.

With few seeds luck looks like merit. So there is one rule for all differences, whoever
is ahead, and what is not clear by it is open.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .evaluation_table import number

LEAST_SEEDS = 3  # with fewer there is no verdict


@dataclass(frozen=True)
class Difference:
    """Two variants, compared within each seed.

    Attributes
    ----------
    first, second : str
        Of which the first is the better one: in the paper, if it compared them, else
        here, on average.
    score : str
        The score's name.
    leads : ndarray
        ``(seeds,)``: by how much the first is ahead, positive if it is better; NaN
        where that is not known.
    paper : float or None
        By how much it is in the paper.
    """

    first: str
    second: str
    score: str
    leads: np.ndarray
    paper: float | None = None

    @property
    def wins(self) -> int:
        """In how many seeds the first is ahead."""
        return int((self.leads > 0).sum())

    @property
    def verdict(self) -> str:
        """``holds``, ``reversed``, ``differ`` or ``open``.

        A difference is clear if there are three seeds or more, the same variant is
        ahead in all of them, and its mean lead is larger than the standard deviation
        of the leads. What the paper found ``holds`` then, or is ``reversed``. Where it
        found nothing, no direction was named beforehand, and the two merely
        ``differ``. All else is ``open``: ties and unknown scores are nobody's lead.
        """
        mean = self.leads.mean()
        clear = (len(self.leads) >= LEAST_SEEDS and (self.leads * mean > 0).all()
                 and abs(mean) > spread(self.leads))
        if not clear:
            return "open"
        if self.paper is None:
            return "differ"
        return "holds" if mean > 0 else "reversed"

    def __str__(self) -> str:
        around = f" ± {number(spread(self.leads))}" if len(self.leads) > 1 else ""
        mean = self.leads.mean()
        lead = f"{mean:+.4f}" if abs(mean) < 10 else f"{mean:+.2f}"
        paper = "" if self.paper is None else f" (paper {self.paper:+.2f})"
        return (f"{self.first} before {self.second}: {lead}{around}{paper}, ahead in "
                f"{self.wins} of {len(self.leads)}: {self.verdict}")


def spread(values) -> float:
    """Return the standard deviation of all possible seeds, as far as these tell.

    NaN for fewer than two.
    """
    return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
