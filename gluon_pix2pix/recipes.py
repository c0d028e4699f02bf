"""Named ways to train pix2pix: what others change of the paper's numbers.

A recipe is a handful of fields; the rest of its configuration is the paper's.
"""

from __future__ import annotations

import dataclasses

from .pix2pix_config import Pix2PixConfig
from .profiles import current_profile


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A training that somebody has published.

    Attributes
    ----------
    about : str
        What it is, in a sentence.
    changes : dict
        The fields of a `Pix2PixConfig` that differ from the paper's, at 256 pixels.
    otherwise : str
        What its authors do and this package does not: their mistakes, mostly.
    published : dict of str to list
        Losses printed with it, as columns like those of `read_log`: ``epoch``,
        ``iteration``, ``loss_D``, ``loss_G``. Empty where there are none.
    """

    about: str
    changes: dict
    otherwise: str = ""
    published: dict = dataclasses.field(default_factory=dict)


_NO_JITTER = "no fresh jitter or mirroring"
_MINDSPORE = {"batch_size": 16, "lambda_gan": 0.5, "load_size": 256, "mirror": False}

# As its page prints them, of a step each, with 25 steps an epoch. They are defined as
# ours: half the sum of D's two cross-entropies; 0.5 times G's adversarial one + 100 L1.
_MINDSPORE_LOSSES = {
    "epoch": [1, 1, 1, 1, 1, 100, 100, 100, 100, 100],
    "iteration": [1, 3, 5, 7, 9, 2492, 2494, 2496, 2498, 2500],
    "loss_D": [0.6940, 0.6489, 0.5506, 1.6741, 0.4604,
               0.6009, 0.4617, 0.4402, 0.3814, 0.4199],
    "loss_G": [38.1245, 39.4826, 36.7634, 47.7600, 39.7121,
               9.1915, 9.8740, 8.2490, 9.3652, 9.2418],
}

RECIPES = {
    "paper": Recipe(
        "Isola et al. 2017: batches of 1, jitter and mirroring, 100 epochs and 100 "
        "more in which the learning rate falls to 0.",
        {},
    ),
    "gluon": Recipe(
        f"The older Gluon tutorial: batches of 10, a pool of 50, {_NO_JITTER}, 100 "
        "epochs at one learning rate.",
        {"batch_size": 10, "pool_size": 50, "load_size": 256, "mirror": False,
         "epochs_decay": 0},
        "It starts the running variance at 0 and moves it by nine tenths a step; pads "
        "the PatchGAN by 2; never replaces the last picture of its pool; never "
        "shuffles; and shows its discriminator fakes made in predict mode.",
    ),
    "mindspore": Recipe(
        "The MindSpore tutorial, as its code runs: batches of 16, half the adversarial "
        f"term, {_NO_JITTER}, no dropout, batch norms that normalise nothing, 100 "
        "epochs at one learning rate.",
        {**_MINDSPORE, "norm": "none", "use_dropout": False, "epochs_decay": 0},
        "What is left of its batch norms is a learned scale and shift, of which ours "
        "has the shift. It computes the gradients of both networks before either "
        "moves; here D moves first. Its batches are always made of the same sixteen "
        "pairs.",
        _MINDSPORE_LOSSES,
    ),
    "mindspore_meant": Recipe(
        "The MindSpore tutorial, as its code seems to mean it: with batch norm and "
        "dropout at work, and 100 more epochs in which the learning rate falls to 0.",
        _MINDSPORE,
    ),
}


def recipe(name: str, profile: str | None = None, **changes) -> Pix2PixConfig:
    """Return the configuration of a recipe, in the size of a profile.

    In ``full`` it is the published one. The smaller profiles keep their own pictures,
    networks and number of epochs, and take from the recipe what is left: above all
    batches, jitter, losses, and whether the learning rate falls.

    Parameters
    ----------
    name : str
        One of `RECIPES`.
    profile : {"smoke", "lesson", "full"}, optional
        As for `Pix2PixConfig.for_profile`.
    **changes
        Fields to set after all that, whatever recipe and profile say.

    Raises
    ------
    ValueError
        If there is no such recipe or profile, or a change is impossible.

    Examples
    --------
    >>> config = recipe("gluon", "lesson", direction="BtoA")
    >>> config.pool_size, config.batch_size, config.epochs, config.epochs_decay
    (50, 10, 10, 0)
    """
    if name not in RECIPES:
        raise ValueError(f"There is no recipe {name!r}: choose one of "
                         f"{', '.join(RECIPES)}.")
    fields = dict(RECIPES[name].changes)
    usual = Pix2PixConfig.for_profile(profile)
    if "load_size" in fields:
        size = changes.get("size", usual.size)
        fields["load_size"] = round(fields["load_size"] * size / 256)
    if "epochs_decay" in fields and current_profile(profile) != "full":
        epochs = usual.epochs + usual.epochs_decay
        fields["epochs"] = epochs - fields["epochs_decay"]
    return Pix2PixConfig.for_profile(profile, **{**fields, **changes})
