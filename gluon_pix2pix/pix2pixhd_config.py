"""What a pix2pixHD is and how it is trained."""

from __future__ import annotations

import dataclasses

from .config import ModelConfig

RESIZE_MODES = ("scale_width", "scale_width_and_crop", "crop", "none")
GENERATORS = ("global", "local")
FEATURES = ("none", "encoder", "stored")


@dataclasses.dataclass(frozen=True)
class Pix2PixHDConfig(ModelConfig):
    """The paper's pix2pixHD at 1024x512 pixels, batch 1 (Wang et al. 2018).

    Beside the fields of `ModelConfig`, of which some have a meaning of their own here:

    Attributes
    ----------
    size : int
        Width of the training pictures, in pixels; where they are cropped, side of the
        square crop. Not used where ``resize_mode`` is none.
    load_size : int or None
        Width to which pictures are resized before a crop, where both is done. Unless
        given, twice the ``size`` there; else it is the ``size``.
    resize_mode : {"scale_width", "scale_width_and_crop", "crop", "none"}
        Resize pictures to a width, with or without a crop afterwards; crop only; or
        take them as they are.
    label_nc : int
        Classes of the label maps, one channel each. 0: the input is a picture with
        ``in_channels``, not a label map.
    use_instances : bool
        Whether the borders of objects are a channel of the input (section 3.3).
    in_channels : int
        Channels of the input picture: 1 (grey) or 3 (RGB). Not used with label maps.
    out_channels : int
        Channels of the photo: 1 (grey) or 3 (RGB).
    direction : {"AtoB", "BtoA"}
        Which picture is translated into the other, where ``label_nc`` is 0. Label maps
        become photos, never the other way.
    generator : {"global", "local"}
        The global generator alone, or with a local enhancer around it, which works at
        twice the size (section 3.2).
    ngf : int
        Channels of the generator's first layer. The global part of a local enhancer
        has twice as many, so that 32 fits a global generator of 64.
    n_downsampling : int
        How often the global generator halves its input.
    n_blocks : int
        Residual blocks of the global generator.
    n_enhancers : int
        Local enhancers around the global generator, each for twice the size.
    n_blocks_local : int
        Residual blocks of each local enhancer.
    epochs_fix_global : int
        Epochs in which a local enhancer learns alone and its global part stays as it
        was.
    features : {"none", "encoder", "stored"}
        What tells the looks of objects apart: nothing; an encoder that sees the photo
        and learns along with the generator (section 3.4); or feature maps that were
        computed before, and lie beside the photos.
    n_features : int
        Numbers for the look of an object: channels of the feature maps.
    nef : int
        Channels of the encoder's first layer.
    n_downsampling_encoder : int
        How often the encoder halves its input.
    num_d : int
        Discriminators, each for half the size of the one before (section 3.2): the
        paper's 2, or 3 at 2048x1024.
    lambda_feat : float
        Weight of the feature matching loss. 0 leaves it out.
    lambda_vgg : float
        Weight of the distance between features of VGG19, whose weights are needed then.
        0 leaves it out.
    """

    size: int = 1024
    resize_mode: str = "scale_width"
    norm: str = "instance"
    use_dropout: bool = False
    gan_loss: str = "lsgan"
    label_nc: int = 35
    use_instances: bool = True
    generator: str = "global"
    n_downsampling: int = 4
    n_blocks: int = 9
    n_enhancers: int = 1
    n_blocks_local: int = 3
    epochs_fix_global: int = 0
    features: str = "none"
    n_features: int = 3
    nef: int = 16
    n_downsampling_encoder: int = 4
    num_d: int = 2
    lambda_feat: float = 10.0
    lambda_vgg: float = 10.0

    model = "pix2pixhd"
    derived_from = ("size", "resize_mode")
    profiles = {
        "smoke": {"size": 64, "ngf": 16, "ndf": 16, "n_downsampling": 2, "n_blocks": 1,
                  "n_blocks_local": 1, "n_downsampling_encoder": 2, "lambda_vgg": 0.0,
                  "epochs": 1, "epochs_decay": 1},
        # In so few steps no generator learns to guess the brightness that instance norm
        # takes out of a picture. Without it the activations of the discriminators are
        # small, and so is what feature matching compares: hence its weight. Windows of
        # 34 pixels leave something for two scales to tell apart in 64 rows.
        "lesson": {"size": 128, "ngf": 16, "ndf": 16, "n_downsampling": 2,
                   "n_blocks": 3, "n_layers": 2, "n_downsampling_encoder": 2,
                   "norm": "none", "init": "xavier", "init_gain": 0.7, "lr": 5e-4,
                   "upsampling": "resize", "lambda_feat": 60.0, "lambda_vgg": 0.0,
                   "epochs": 3, "epochs_decay": 3},
        "full": {},
    }
    choices = {**ModelConfig.choices, "resize_mode": RESIZE_MODES,
               "generator": GENERATORS, "features": FEATURES}

    def _derived(self) -> dict:
        cropped = self.resize_mode == "scale_width_and_crop"
        return {"load_size": (1 + cropped) * self.size}

    def _check(self):
        super()._check()
        for field in ("n_downsampling", "n_enhancers", "n_features", "nef",
                      "n_downsampling_encoder", "num_d", "n_layers"):
            self._require(getattr(self, field) >= 1, field, "it must be at least 1")
        for field in ("n_blocks", "n_blocks_local", "label_nc", "epochs_fix_global"):
            self._require(getattr(self, field) >= 0, field, "it must not be negative")
        self._require(not self.use_dropout, "use_dropout",
                      "these generators have no dropout")
        self._require(self.label_nc == 0 or self.direction == "AtoB", "direction",
                      "label maps become photos; only with label_nc=0 there is a way "
                      "back")
        self._require(
            self.resize_mode == "scale_width_and_crop" or self.load_size == self.size,
            "load_size", "only resize_mode='scale_width_and_crop' resizes pictures "
            "before a crop")
        self._require(self.epochs_fix_global == 0 or self.generator == "local",
                      "epochs_fix_global", "only a local enhancer has a global part "
                      "that can wait (generator='local')")
        self._require(
            self.resize_mode == "none" or self.size % self.multiple_of == 0, "size",
            f"the networks halve {self.halvings} times, so it must be a multiple of "
            f"{self.multiple_of}")

    @property
    def halvings(self) -> int:
        """How often the networks halve a picture, at most."""
        in_generator = self.n_downsampling + self.n_enhancers * (
            self.generator == "local")
        in_encoder = self.n_downsampling_encoder * (self.features == "encoder")
        return max(in_generator, in_encoder)

    @property
    def multiple_of(self) -> int:
        """What both sides of a picture must be multiples of, in pixels."""
        return 2 ** self.halvings

    @property
    def load_width(self) -> int | None:
        """Width to which pictures are resized before any crop; None: not at all."""
        return {"scale_width": self.size, "scale_width_and_crop": self.load_size}.get(
            self.resize_mode)

    @property
    def label_channels(self) -> int:
        """Channels of labels and edges, which the discriminator sees too."""
        return (self.label_nc or self.in_channels) + self.use_instances

    @property
    def generator_channels(self) -> int:
        """Channels of the generator's input: those, and the features of objects."""
        return self.label_channels + self.n_features * (self.features != "none")

    @property
    def toy_size(self) -> int:
        """Height to draw a street at, which is twice as wide."""
        return self.size if self.resize_mode == "crop" else self.load_size // 2
