"""How well a CycleGAN comes back to where it began, and leaves alone what is right."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from mxnet import gluon, nd

from .evaluation import Evaluation
from .metrics import l1
from .progress_bar import progress_bar
from .transforms import to_uint8
from .translation import translate

_WAYS = {"A": ("AtoB", "BtoA"), "B": ("BtoA", "AtoB")}  # there, and back


class Generators:
    """Both generators of a CycleGAN: all that it translates with.

    Parameters
    ----------
    nets : mapping of str to HybridBlock
        ``"AtoB"`` and ``"BtoA"``, as `load_generators` returns them.
    """

    def __init__(self, nets: Mapping[str, gluon.HybridBlock]):
        self.nets = nets

    def translate(self, real: nd.NDArray, direction: str) -> nd.NDArray:
        """As `CycleGAN.translate`."""
        return translate(self.nets[direction], real)

    def reconstruct(self, real: nd.NDArray, direction: str,
                    ) -> tuple[nd.NDArray, nd.NDArray]:
        """As `CycleGAN.reconstruct`."""
        fake = self.translate(real, direction)
        return fake, self.translate(fake, {"AtoB": "BtoA", "BtoA": "AtoB"}[direction])


class BothDomains:
    """The pictures of A, and after them those of B: items ``(real, None)``.

    Parameters
    ----------
    dataset : UnpairedImages
        Without jitter.
    count : int, optional
        Only so many of each domain, the first ones.

    Attributes
    ----------
    places : list of (str, int)
        Domain and number of each picture.
    """

    def __init__(self, dataset, count: int | None = None):
        self.dataset, self.folder = dataset, dataset.folder
        self.places = [(domain, index) for domain, paths in
                       (("A", dataset.paths_A), ("B", dataset.paths_B))
                       for index in range(min(len(paths), count or len(paths)))]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> tuple[np.ndarray, None]:
        domain, place = self.places[index]
        return self.dataset[place]["AB".index(domain)], None

    def name(self, index: int) -> str:
        """Return the picture's folder and name: ``testA/1.jpg``."""
        domain, place = self.places[index]
        paths = {"A": self.dataset.paths_A, "B": self.dataset.paths_B}[domain]
        return paths[place].relative_to(self.folder).as_posix()


def evaluate_cycles(model, pictures: BothDomains, *, progress: bool = True,
                    ) -> Evaluation:
    """Score a CycleGAN on both domains, picture by picture, without any pairs.

    Parameters
    ----------
    model : CycleGAN or Generators
        Has ``reconstruct(real, direction)`` and ``translate(real, direction)``.
    pictures : BothDomains
        Held-out pictures.
    progress : bool
        Show a bar.

    Returns
    -------
    Evaluation
        ``cycle_l1`` and, where both domains have as many channels, ``identity_l1`` of
        each picture, as `cycle_l1` and `identity_l1` define them; their means over each
        domain, ``cycle_l1_A`` and so on; and as outputs the translations there and
        back.
    """
    config = pictures.dataset.config
    comparable = config.in_channels == config.out_channels
    rows, shown = [], []
    with progress_bar(len(pictures), "evaluating", "picture", shown=progress) as bar:
        for index, (domain, _) in enumerate(pictures.places):
            real, (there, back) = pictures[index][0], _WAYS[domain]
            outputs = [output.asnumpy()[0] for output in
                       model.reconstruct(nd.array(real[None]), there)]
            row = {"picture": pictures.name(index), "cycle_l1": l1(outputs[1], real)}
            if comparable:
                same = model.translate(nd.array(real[None]), back).asnumpy()[0]
                row["identity_l1"] = l1(same, real)
            rows.append(row)
            shown.append([to_uint8(output) for output in outputs])
            bar.update()
    about = {"pictures": len(rows), "samples": 1, "targets": False, "classes_by": None,
             "how": "each translated there and back",
             "titles": ["picture", "translated", "and back"]}
    return Evaluation(about, rows, _summary(rows, pictures.places), shown)


def _summary(rows, places):
    summary = {}
    for name in rows[0]:
        for domain in "AB" if name != "picture" else ():
            values = [row[name] for row, place in zip(rows, places)
                      if place[0] == domain]
            entry = summary[f"{name}_{domain}"] = {"mean": float(np.mean(values))}
            if len(values) > 1:
                entry["between_pictures"] = float(np.std(values, ddof=1))
    return summary


def cycle_l1(model, dataset, count: int | None = None) -> dict[str, float]:
    """Return how far pictures are from themselves after both translations.

    The mean L1 between x and F(G(x)) over the pictures of A, and between y and G(F(y))
    over those of B (Zhu et al. 2017, equation 2). It tells whether anything is lost on
    the way, and nothing of the translation: networks that change nothing have 0.

    Parameters
    ----------
    model : CycleGAN
        Has ``reconstruct(real, direction)``.
    dataset : UnpairedImages
        Two domains without jitter. Each picture counts once.
    count : int, optional
        Take only so many of each domain, the first ones.

    Returns
    -------
    dict of str to float
        ``"A"`` and ``"B"``: each from 0 (equal) to 2.
    """
    def distance(real, direction):
        _, back = model.reconstruct(nd.array(real[None]), direction)
        return l1(back.asnumpy()[0], real)

    return {"A": _mean(distance, dataset, "A", "AtoB", count),
            "B": _mean(distance, dataset, "B", "BtoA", count)}


def identity_l1(model, dataset, count: int | None = None) -> dict[str, float]:
    """Return how much the generators change what is in their target domain already.

    The mean L1 between F(x) and x over the pictures of A, and between G(y) and y over
    those of B: the identity loss (Zhu et al. 2017, section 5.2), on other pictures.

    Parameters and result as of `cycle_l1`.

    Raises
    ------
    ValueError
        If the domains have not as many channels.
    """
    config = dataset.config
    if config.in_channels != config.out_channels:
        raise ValueError(f"Pictures of {config.in_channels} and of "
                         f"{config.out_channels} channels cannot be compared.")

    def distance(real, direction):
        return l1(model.translate(nd.array(real[None]), direction).asnumpy()[0], real)

    return {"A": _mean(distance, dataset, "A", "BtoA", count),
            "B": _mean(distance, dataset, "B", "AtoB", count)}


def _mean(distance, dataset, domain, direction, count):
    paths = {"A": dataset.paths_A, "B": dataset.paths_B}[domain]
    place = "AB".index(domain)
    return float(np.mean([distance(dataset[index][place], direction)
                          for index in range(min(len(paths), count or len(paths)))]))
