"""The experiments of the paper, and three that users of such code ask for.

Isola et al. 2017, sections 4.2 to 4.4 and tables 1 to 3. What the paper found was found
on Cityscapes, labels to photos, with networks of its own size: orderings may be
compared with it, figures may not.
"""

from __future__ import annotations

import dataclasses

from .experiments import Experiment
from .pix2pix_config import Pix2PixConfig
from .profiles import current_profile

_ALL_CLASS_SCORES = ("class_iou", "pixel_accuracy", "class_accuracy")


@dataclasses.dataclass(frozen=True)
class _Plan:
    """An experiment without its sizes.

    ``common`` are changes of the base in all profiles, ``profiles`` in some.
    """

    question: str
    variants: dict
    scores: tuple = ("class_iou", "pixel_accuracy", "l1")
    paper: dict = dataclasses.field(default_factory=dict)
    common: dict = dataclasses.field(default_factory=dict)
    profiles: dict = dataclasses.field(default_factory=dict)


def _figures(names, **found):
    """Turn rows of figures by variant into a dictionary for each variant."""
    return {variant: dict(zip(names, figures, strict=True))
            for variant, figures in found.items()}


_L1_ALONE, _GAN_ALONE = {"lambda_gan": 0.0}, {"lambda_l1": 0.0}
_PER_PIXEL = ("pixel_accuracy", "class_iou")
_PLANS = {
    "losses": _Plan(
        "Which of the two terms of the loss does what, and does D need the input?",
        {"L1": _L1_ALONE,
         "GAN": {**_GAN_ALONE, "conditional": False},
         "cGAN": _GAN_ALONE,
         "L1+GAN": {"conditional": False},
         "L1+cGAN": {}},
        paper=_figures(("pixel_accuracy", "class_accuracy", "class_iou"), **{
            "L1": (.42, .15, .11), "GAN": (.22, .05, .01), "cGAN": (.57, .22, .16),
            "L1+GAN": (.64, .20, .15), "L1+cGAN": (.66, .23, .17)})),
    "patches": _Plan(
        "How much of a picture should one decision of D rest on?",
        {"1 px": {"n_layers": 0}, "16 px": {"n_layers": 1}, "70 px": {"n_layers": 3},
         "286 px": {"n_layers": 5}},
        scores=("class_iou", "pixel_accuracy", "frechet"),
        profiles={"smoke": {"size": 128}, "lesson": {"size": 128, "epochs_decay": 1}},
        paper=_figures(_PER_PIXEL, **{
            "1 px": (.39, .10), "16 px": (.65, .17), "70 px": (.66, .17),
            "286 px": (.42, .11)})),
    "skips": _Plan(
        "What are the skip connections of the U-Net worth?",
        {"encoder-decoder, L1": {**_L1_ALONE, "skip": False},
         "U-Net, L1": _L1_ALONE,
         "encoder-decoder, L1+cGAN": {"skip": False},
         "U-Net, L1+cGAN": {}},
        paper=_figures(_PER_PIXEL, **{
            "encoder-decoder, L1": (.35, .08), "U-Net, L1": (.48, .13),
            "encoder-decoder, L1+cGAN": (.29, .05), "U-Net, L1+cGAN": (.55, .14)}),
        profiles={"full": {"batch_size": 10}}),
    "pool": _Plan(
        "Does it help to show D old fakes as well?",
        {"no pool": {"pool_size": 0}, "pool of 50": {"pool_size": 50}}),
    "norms": _Plan(
        "Statistics of the batch or of the single picture, with four pictures a step?",
        {"batch norm": {"norm": "batch"}, "instance norm": {"norm": "instance"}},
        common={"batch_size": 4},
        profiles={"lesson": {"epochs": 4, "epochs_decay": 4}}),
    "upsampling": _Plan(
        "Do checkerboards go away with another way to double the size?",
        {"deconvolution": {"upsampling": "deconvolution"},
         "resize": {"upsampling": "resize"}},
        scores=("checkerboard", "class_iou", "l1")),
}
# What all experiments have in common; `full` is the paper's training.
_SIZES = {
    "smoke": {"size": 64, "ngf": 16, "ndf": 16, "epochs": 1, "epochs_decay": 0},
    "lesson": {"size": 64, "ngf": 16, "ndf": 16, "epochs": 2, "epochs_decay": 2},
    "full": {},
}
_SEEDS = {"smoke": (0,), "lesson": (0, 1, 2), "full": (0, 1, 2)}

EXPERIMENTS = {name: plan.question for name, plan in _PLANS.items()}


def experiment(name: str, profile: str | None = None, seeds=None,
               **changes) -> Experiment:
    """Return one of the experiments of notebook 08.

    Parameters
    ----------
    name : str
        A key of ``EXPERIMENTS``, which holds the questions.
    profile : str, optional
        ``full`` is the paper's training; ``lesson`` trains all variants with three
        seeds within six minutes on two CPU cores; ``smoke`` takes seconds.
    seeds : sequence of int or int, optional
        Or how many of them, from 0.
    **changes :
        Fields of the base configuration.

    Raises
    ------
    ValueError
        If there is no such experiment, or it is not possible with these changes.

    Examples
    --------
    >>> list(experiment("losses").variants)
    ['L1', 'GAN', 'cGAN', 'L1+GAN', 'L1+cGAN']
    """
    if name not in _PLANS:
        raise ValueError(f"There is no experiment {name!r}: choose one of "
                         f"{', '.join(_PLANS)}.")
    plan, profile = _PLANS[name], current_profile(profile)
    if isinstance(seeds, int):
        seeds = range(seeds)
    base = Pix2PixConfig.from_dict({"direction": "BtoA", **_SIZES[profile],
                                    **plan.common, **plan.profiles.get(profile, {}),
                                    **changes})
    return Experiment(name, plan.question, base, plan.variants,
                      tuple(_SEEDS[profile] if seeds is None else seeds), plan.scores,
                      plan.paper)
