"""What pix2pix is and how it is trained."""

from __future__ import annotations

import dataclasses

from .config import ModelConfig


def halvings(size: int, most: int = 8) -> int:
    """Count how often ``size`` can be halved without remainder, at most ``most`` times.

    This is the depth the U-Net gets by default: 8 for 256 pixels, down to 1x1.
    """
    count = 0
    while count < most and size % 2 ** (count + 1) == 0:
        count += 1
    return count


@dataclasses.dataclass(frozen=True)
class Pix2PixConfig(ModelConfig):
    """The paper's pix2pix at 256 pixels, batch 1 (Isola et al. 2017, sections 6.1-2).

    Beside the fields of `ModelConfig`:

    Attributes
    ----------
    num_downs : int or None
        Halvings in the U-Net, at least 5. Unless given, as many as ``size`` admits, at
        most 8.
    skip : bool
        The U-Net's skip connections. False is a plain encoder-decoder (section 4.3).
    conditional : bool
        Whether the discriminator sees the input beside the output (section 3.1). False
        is a GAN that judges outputs alone.
    lambda_gan : float
        Weight of the adversarial term of the generator's loss.
    lambda_l1 : float
        Weight of the L1 distance in the generator's loss.
    """

    num_downs: int | None = None
    skip: bool = True
    conditional: bool = True
    lambda_gan: float = 1.0
    lambda_l1: float = 100.0

    model = "pix2pix"
    profiles = {
        "smoke": {"size": 64, "ngf": 16, "ndf": 16, "epochs": 1, "epochs_decay": 1},
        "lesson": {"size": 128, "ngf": 32, "ndf": 32, "epochs": 5, "epochs_decay": 5},
        "full": {},
    }

    def _derived(self) -> dict:
        return {**super()._derived(), "num_downs": halvings(self.size)}

    def _check(self):
        super()._check()
        self._require(
            self.size % 32 == 0,
            "size",
            "the U-Net halves at least 5 times, so it must be a multiple of 32 "
            f"(nearest: {max(32, round(self.size / 32) * 32)})",
        )
        self._require(
            self.num_downs >= 5 and self.size % 2**self.num_downs == 0,
            "num_downs",
            f"pictures of {self.size} pixels admit 5 to {halvings(self.size, 99)}",
        )
