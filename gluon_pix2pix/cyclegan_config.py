"""What a CycleGAN is and how it is trained."""

from __future__ import annotations

import dataclasses

from .config import ModelConfig

PADDINGS = ("reflect", "zero")


@dataclasses.dataclass(frozen=True)
class CycleGANConfig(ModelConfig):
    """The paper's CycleGAN at 256 pixels, batch 1 (Zhu et al. 2017, sections 4 and 7).

    Beside the fields of `ModelConfig`, of which five have a meaning of their own here:

    Attributes
    ----------
    size : int
        Side of the square training crop, in pixels: a multiple of 4, at least 16.
    mirror : bool
        Whether pictures are flipped left-right at random, each on its own.
    in_channels : int
        Channels of the pictures of A: 1 (grey) or 3 (RGB).
    out_channels : int
        Channels of the pictures of B: 1 (grey) or 3 (RGB).
    direction : {"AtoB", "BtoA"}
        Which way pictures are translated unless told otherwise; both are trained.
    n_blocks : int or None
        Residual blocks of each generator. Unless given, the paper's 9 from 256 pixels
        on, and 6 below.
    padding : {"reflect", "zero"}
        What continues a picture at its border, in all convolutions of a generator that
        keep its size. Those that halve it have zeros.
    lambda_cycle : float
        Weight of the cycle consistency loss, in both directions.
    lambda_identity : float
        Weight of the identity loss, times ``lambda_cycle``. 0 leaves it out.
    """

    load_size: int | None = None
    norm: str = "instance"
    use_dropout: bool = False
    gan_loss: str = "lsgan"
    pool_size: int = 50
    n_blocks: int | None = None
    padding: str = "reflect"
    lambda_cycle: float = 10.0
    lambda_identity: float = 0.5

    model = "cyclegan"
    both_ways = True
    profiles = {
        "smoke": {"size": 64, "ngf": 16, "ndf": 16, "n_blocks": 2, "epochs": 1,
                  "epochs_decay": 1},
        # In so few steps no generator learns to guess the brightness that instance norm
        # takes out of a picture: without, the round trips close in half of the time.
        "lesson": {"size": 64, "ngf": 16, "ndf": 16, "n_blocks": 3, "norm": "none",
                   "init": "xavier", "init_gain": 1.4, "lr": 1e-3, "epochs": 7,
                   "epochs_decay": 7},
        "full": {},
    }
    choices = {**ModelConfig.choices, "padding": PADDINGS}

    def _derived(self) -> dict:
        return {**super()._derived(), "n_blocks": 9 if self.size >= 256 else 6}

    def _check(self):
        super()._check()
        self._require(self.size % 4 == 0 and self.size >= 16, "size",
                      "the generators halve twice, so it must be a multiple of 4, and "
                      "at least 16")
        self._require(self.n_blocks >= 0, "n_blocks", "it must not be negative")
        self._require(
            self.lambda_identity == 0 or self.in_channels == self.out_channels,
            "lambda_identity",
            "the identity loss compares a picture with its translation, so both "
            "domains must have as many channels; take 0")
