"""How `parity.py` compares results with PyTorch's, and keeps a sample of them.

Like `measure.py` this needs neither MXNet nor PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Results = Mapping[str, np.ndarray]

CLEAR = 1e-4  # of the largest gradient in its network: beneath, Adam may go either way
_SAMPLE = 24  # numbers of each array that are stored


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes
    ----------
    what : str
        What is compared.
    how : str
        What the difference is measured in.
    difference, allowed : float
        The largest found, and the largest that passes.
    """

    what: str
    how: str
    difference: float
    allowed: float

    @property
    def passed(self) -> bool:
        """Whether it is small enough; NaN is not."""
        return self.difference <= self.allowed


# By the kind of a result: its title; what divides the difference, and its description;
# how much is allowed.
_UNIT = "of 1, or of the largest value", lambda values: max(1.0, _most(values))
_RELATIVE = "of the largest value", lambda values: _most(values)
_KINDS = {
    "forward": ("{}", *_UNIT, 1e-4),
    "loss": ("loss, its gradient: {}", *_RELATIVE, 1e-4),
    "step losses": ("step of {}: losses", *_RELATIVE, 1e-4),
    "statistics": ("step of pix2pix: {} of G", *_UNIT, 1e-5),
    "adam": ("Adam, {}: weights", "absolute", lambda values: 1.0, 1e-6),
    "schedule": ("learning rates of {}", *_RELATIVE, 1e-6),
    "pool": ("{}: which pictures it gives", "absolute", lambda values: 1.0, 0),
    "pooling": ("{}, its gradient", *_UNIT, 1e-5),
}
# What is known to differ, and by how much at most.
_OTHERS = {"schedule/pix2pixHD": 0.01}


def compare(ours: Results, theirs: Results) -> list[Row]:
    """Compare all results, in the order in which ours come.

    Raises
    ------
    ValueError
        If the two sides have not computed the same things.
    """
    if set(ours) != set(theirs):
        different = ", ".join(sorted(set(ours) ^ set(theirs))[:3])
        raise ValueError(f"Only one side has computed {different}.")
    rows, groups = [], {}
    for name in ours:
        kind, what, which = name.split("/")
        pair = [np.asarray(side[name], float).reshape(-1) for side in (ours, theirs)]
        if len(pair[0]) != len(pair[1]):  # NumPy might make one fit the other
            raise ValueError(f"{name} has {len(pair[0])} numbers here and "
                             f"{len(pair[1])} there.")
        groups.setdefault((kind, what), {})[which] = pair
    for (kind, what), pairs in groups.items():
        if kind in _KINDS:
            title, how, unit, allowed = _KINDS[kind]
            difference = float(np.max([_most(a - b) / unit(b)
                                       for a, b in pairs.values()]))
            rows.append(Row(title.format(what), how, difference,
                            _OTHERS.get(f"{kind}/{what}", allowed)))
        elif kind == "weights":
            rows += _step_rows(what, groups["gradients", what], pairs)
    return rows


def _most(values):
    return float(abs(values).max())


def _step_rows(model, gradients, weights):
    """Compare what a step did to all weights of a model.

    Adam's first step goes by the learning rate into the direction of the gradient,
    however small that is: where it is a rounding error, the two sides may differ by two
    steps, and nothing follows from it. Biases in front of an instance norm, which takes
    them out again, have no other gradients.
    """
    most_of = {}  # the largest gradient in each network
    for name, (_, theirs) in gradients.items():
        net = name.split(".")[0]
        most_of[net] = max(most_of.get(net, 0.0), _most(theirs))
    apart, moved, doubtful, total = [], [], 0, 0
    for name, (ours, theirs) in gradients.items():
        most = most_of[name.split(".")[0]]
        if max(_most(ours), _most(theirs)) <= CLEAR * most:
            continue
        apart.append(_most(ours - theirs) / _most(theirs))
        clear = (abs(theirs) > CLEAR * most) | ((ours == 0) & (theirs == 0))
        our_weights, their_weights = weights[name]
        moved.append(abs(our_weights - their_weights)[clear].max(initial=0))
        doubtful, total = doubtful + (~clear).sum(), total + clear.size
    return [Row(f"step of {model}: gradients", "of the largest in each array",
                float(np.max(apart)), 1e-3),
            Row(f"step of {model}: updated weights", "absolute",
                float(np.max(moved)), 1e-4),
            Row(f"step of {model}: weights left out", "share, their gradients near 0",
                doubtful / total, 0.04)]


def sample(results: Results) -> dict[str, np.ndarray]:
    """Take some numbers of each array, evenly spread: what is stored for the tests."""
    return {name: _some(np.asarray(array)) for name, array in results.items()}


def _some(array):
    flat = array.reshape(-1)
    if len(flat) <= _SAMPLE:
        return flat
    return flat[np.arange(_SAMPLE) * len(flat) // _SAMPLE]


def store(results: Results, path: Path) -> None:
    """Write a sample of results, all in one array: thousands take much room."""
    sampled = sample(results)
    np.savez_compressed(path, names="\n".join(sampled),
                        counts=[len(array) for array in sampled.values()],
                        values=np.concatenate(list(sampled.values())).astype("f4"))


def read(path: Path) -> dict[str, np.ndarray]:
    """Read what `store` wrote."""
    with np.load(path) as stored:
        names = str(stored["names"]).split("\n")
        ends = np.cumsum(stored["counts"])[:-1]
        return dict(zip(names, np.split(stored["values"], ends), strict=True))
