"""How well a CycleGAN comes back to where it began, and leaves alone what is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from mxnet import nd

from .config import DIRECTIONS
from .evaluation import Evaluation
from .metrics import l1
from .progress_bar import progress_bar
from .runtime import seed_everything
from .schedule import step_seed
from .transforms import to_uint8
from .translation import Generators, opposite

_THERE = dict(zip("AB", DIRECTIONS))  # out of a domain


def domain_pictures(dataset, domain: str, count: int | None = None,
                    ) -> Iterator[np.ndarray]:
    """Yield the first pictures of a domain, each once, however many the other has.

    Parameters
    ----------
    dataset : UnpairedImages
        Without jitter.
    domain : {"A", "B"}
        Which of its domains.
    count : int, optional
        At most so many; all by default.
    """
    for index in _indices(dataset, domain, count):
        yield dataset[index]["AB".index(domain)]


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
        self.places = [(domain, index) for domain in "AB"
                       for index in _indices(dataset, domain, count)]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> tuple[np.ndarray, None]:
        domain, place = self.places[index]
        return self.dataset[place]["AB".index(domain)], None

    def name(self, index: int) -> str:
        """Return the picture's folder and name: ``testA/1.jpg``."""
        domain, place = self.places[index]
        path = _paths(self.dataset, domain)[place]
        return path.relative_to(self.folder).as_posix()


def _paths(dataset, domain):
    return {"A": dataset.paths_A, "B": dataset.paths_B}[domain]


def _indices(dataset, domain, count):
    """Number the pictures of a domain, each once; at most ``count``."""
    total = len(_paths(dataset, domain))
    return range(min(total, count or total))


def evaluate_cycles(model: Generators, pictures: BothDomains, *, seed: int = 0,
                    progress: bool = True) -> Evaluation:
    """Score a CycleGAN on both domains, picture by picture, without any pairs.

    Parameters
    ----------
    model : Generators
        Both of them.
    pictures : BothDomains
        Held-out pictures.
    seed : int
        Each picture has random numbers of its own, made from it, as in `evaluate`.
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
            real = pictures[index][0]
            seed_everything(step_seed(seed, index, 0))
            outputs = _there_and_back(model, real, domain)
            row = {"picture": pictures.name(index), "cycle_l1": l1(outputs[1], real)}
            if comparable:
                row["identity_l1"] = l1(_stayed(model, real, domain), real)
            rows.append(row)
            shown.append([to_uint8(output) for output in outputs])
            bar.update()
    about = {"pictures": len(rows), "samples": 1, "dropout": model.sample, "seed": seed,
             "targets": False, "classes_by": None,
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


def _there_and_back(model, real, domain):
    """Return a picture's translation, and what that is turned back into."""
    outputs = model.reconstruct(nd.array(real[None]), _THERE[domain])
    return [output.asnumpy()[0] for output in outputs]


def _stayed(model, real, domain):
    """Return what the generator of a picture's own domain makes of it."""
    return model.translate(nd.array(real[None]), opposite(_THERE[domain])).asnumpy()[0]


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
    return _means(lambda real, domain: _there_and_back(model, real, domain)[1],
                  dataset, count)


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
    return _means(lambda real, domain: _stayed(model, real, domain), dataset, count)


def _means(output: Callable, dataset, count):
    return {domain: float(np.mean([l1(output(real, domain), real) for real in
                                   domain_pictures(dataset, domain, count)]))
            for domain in "AB"}
