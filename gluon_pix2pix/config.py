"""What a model is and how it is trained: frozen dataclasses, readable as JSON.

A configuration holds every number of a training and nothing else, so that a run can
be repeated, compared and reloaded from one small file. This module imports no MXNet.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
from pathlib import Path

PROFILES = ("smoke", "lesson", "full")

# What a profile changes of the paper's configuration, and the toys it draws.
_SMOKE = {"size": 64, "ngf": 16, "ndf": 16, "epochs": 1, "epochs_decay": 1}
_LESSON = {"size": 128, "ngf": 32, "ndf": 32, "epochs": 5, "epochs_decay": 5}
_PIX2PIX_PROFILES = {"smoke": _SMOKE, "lesson": _LESSON, "full": {}}
TOY_COUNTS = {"smoke": 8, "lesson": 200, "full": 400}
TOY_OF = {"facades": "toy_facades", "maps": "toy_maps", "cityscapes": "toy_streets",
          "cityscapes_hd": "toy_streets_hd", "apple2orange": "toy_fruit"}


def current_profile(profile: str | None = None) -> str:
    """Return the profile's name: the argument, else ``PIX2PIX_PROFILE``, else lesson.

    Raises
    ------
    ValueError
        If the name is none of ``smoke``, ``lesson``, ``full``.
    """
    profile = profile or os.environ.get("PIX2PIX_PROFILE") or "lesson"
    if profile not in PROFILES:
        raise ValueError(
            f"There is no profile {profile!r}: choose one of {', '.join(PROFILES)} "
            "(argument, or environment variable PIX2PIX_PROFILE)."
        )
    return profile


def profile_dataset(name: str, profile: str | None = None) -> str:
    """Name the data set of a lesson: the drawn one, or in ``full`` the real one.

    Raises
    ------
    ValueError
        If nothing is drawn in the place of that data set.

    Examples
    --------
    >>> profile_dataset("cityscapes", "lesson")
    'toy_streets'
    >>> profile_dataset("cityscapes", "full")
    'cityscapes'
    """
    if name not in TOY_OF:
        raise ValueError(f"No lesson uses {name!r}: choose one of {', '.join(TOY_OF)}, "
                         "or write the name of a data set instead of this call.")
    return name if current_profile(profile) == "full" else TOY_OF[name]


def halvings(size: int, most: int = 8) -> int:
    """Count how often ``size`` can be halved without remainder, at most ``most`` times.

    This is the depth the U-Net gets by default: 8 for 256 pixels, down to 1x1.
    """
    count = 0
    while count < most and size % 2 ** (count + 1) == 0:
        count += 1
    return count


@dataclasses.dataclass(frozen=True)
class Pix2PixConfig:
    """The paper's pix2pix at 256 pixels, batch 1 (Isola et al. 2017, sections 6.1-2).

    Attributes
    ----------
    size : int
        Side of the square training crop, in pixels.
    load_size : int or None
        Side to which pictures are resized before the crop ("jitter"). None scales the
        paper's 286 of 256 to ``size``; equal to ``size`` means no jitter.
    mirror : bool
        Whether pairs are flipped left-right at random.
    in_channels : int
        Channels of the input image: 1 (grey) or 3 (RGB).
    out_channels : int
        Channels of the output image: 1 (grey) or 3 (RGB).
    direction : {"AtoB", "BtoA"}
        Which half of a paired picture is the input; A is the left half.
    ngf : int
        Channels of the generator's first layer; multiples of 16 are fastest.
    ndf : int
        Channels of the discriminator's first layer.
    num_downs : int or None
        Halvings in the U-Net, at least 5. None: as many as ``size`` admits, at most 8.
    n_layers : int
        Strided layers of the PatchGAN: 1, 3, 5 see 16, 70, 286 pixels; 0 sees 1 pixel.
    norm : {"batch", "instance", "none"}
        Normalisation of both networks.
    use_dropout : bool
        Dropout 0.5 in the U-Net, the paper's only noise z.
    init : {"normal", "xavier", "constant"}
        Initial weights: normal N(0, gain), Glorot's scaled by gain, or gain itself.
    init_gain : float
        The gain of the initial weights.
    gan_loss : {"bce", "lsgan"}
        Binary cross-entropy (the paper) or least squares.
    lambda_gan : float
        Weight of the adversarial term of the generator's loss.
    lambda_l1 : float
        Weight of the L1 distance in the generator's loss.
    pool_size : int
        Generated pictures kept for the discriminator. 0 is the paper's choice.
    lr : float
        Learning rate of Adam, in both networks.
    beta1 : float
        Decay of Adam's mean of the gradients.
    beta2 : float
        Decay of Adam's mean of their squares.
    batch_size : int
        Pictures a step.
    epochs : int
        Epochs at the full learning rate.
    epochs_decay : int
        Epochs after those, in which the rate falls to 0.
    seed : int
        Seed of weights, order, jitter, dropout and pool.
    hybridize : bool
        Compile the networks into static graphs. Off, they run line by line, which is
        slower and easier to debug.
    precision : {"float32", "bfloat16"}
        What convolutions multiply in. bfloat16 is faster, coarser, and only for CPUs
        with instructions for it; weights stay float32.
    warn_window : int
        Steps over which the discriminator is watched; before that many nothing is
        warned of. The three warn_ fields change nothing of the training.
    warn_accuracy : float
        Warn of a discriminator that tells more than this share of the patches apart
        while the generator's adversarial loss climbs. 1 never warns.
    warn_variety : float
        Warn of generated pictures that vary by less than this share of what their
        targets do: nearly one picture in answer to everything. 0 never warns.
    """

    size: int = 256
    load_size: int | None = None
    mirror: bool = True
    in_channels: int = 3
    out_channels: int = 3
    direction: str = "AtoB"
    ngf: int = 64
    ndf: int = 64
    num_downs: int | None = None
    n_layers: int = 3
    norm: str = "batch"
    use_dropout: bool = True
    init: str = "normal"
    init_gain: float = 0.02
    gan_loss: str = "bce"
    lambda_gan: float = 1.0
    lambda_l1: float = 100.0
    pool_size: int = 0
    lr: float = 2e-4
    beta1: float = 0.5
    beta2: float = 0.999
    batch_size: int = 1
    epochs: int = 100
    epochs_decay: int = 100
    seed: int = 0
    hybridize: bool = True
    precision: str = "float32"
    warn_window: int = 200
    warn_accuracy: float = 0.98
    warn_variety: float = 0.1

    # No annotations: constants of the class, not fields.
    model = "pix2pix"
    choices = {
        "direction": ("AtoB", "BtoA"),
        "norm": ("batch", "instance", "none"),
        "init": ("normal", "xavier", "constant"),
        "gan_loss": ("bce", "lsgan"),
        "precision": ("float32", "bfloat16"),
        "in_channels": (1, 3),
        "out_channels": (1, 3),
    }

    def __post_init__(self):
        self._check_types()
        if self.load_size is None:
            object.__setattr__(self, "load_size", round(self.size * 286 / 256))
        if self.num_downs is None:
            object.__setattr__(self, "num_downs", halvings(self.size))
        self._check()

    def _check_types(self):
        for field in dataclasses.fields(self):
            value, wanted = getattr(self, field.name), field.type
            if value is None and wanted.endswith("| None"):
                continue
            kind = wanted.split(" |")[0]
            fits = {"int": isinstance(value, int) and not isinstance(value, bool),
                    "float": isinstance(value, (int, float))
                    and not isinstance(value, bool) and math.isfinite(value),
                    "bool": isinstance(value, bool),
                    "str": isinstance(value, str)}[kind]
            if not fits:
                raise ValueError(
                    f"{field.name}={value!r} is not possible: it must be of type "
                    f"{kind}."
                )

    def _check(self):
        def require(condition, field, remedy):
            if not condition:
                value = getattr(self, field)
                raise ValueError(f"{field}={value!r} is not possible: {remedy}.")

        for field, allowed in self.choices.items():
            require(getattr(self, field) in allowed, field,
                    "choose one of " + ", ".join(map(repr, allowed)))
        for field in ("ngf", "ndf", "batch_size", "size", "warn_window"):
            require(getattr(self, field) >= 1, field, "it must be at least 1")
        for field in ("n_layers", "pool_size", "epochs", "epochs_decay"):
            require(getattr(self, field) >= 0, field, "it must not be negative")
        require(self.epochs + self.epochs_decay > 0, "epochs", "train at least 1 epoch")
        require(
            self.size % 32 == 0,
            "size",
            "the U-Net halves at least 5 times, so it must be a multiple of 32 "
            f"(nearest: {max(32, round(self.size / 32) * 32)})",
        )
        require(
            self.num_downs >= 5 and self.size % 2**self.num_downs == 0,
            "num_downs",
            f"pictures of {self.size} pixels admit 5 to {halvings(self.size, 99)}",
        )
        require(
            self.load_size >= self.size,
            "load_size",
            f"it must be at least size={self.size}, the crop taken from it",
        )
        for field in ("lr", "init_gain"):
            require(getattr(self, field) > 0, field, "it must be positive")
        for field in ("lambda_gan", "lambda_l1"):
            require(getattr(self, field) >= 0, field, "it must not be negative")
        require(0 <= self.seed < 2**31, "seed", "it must be from 0 to 2**31 - 1")
        for field in ("beta1", "beta2"):
            require(0 <= getattr(self, field) < 1, field, "it must be in [0, 1)")
        for field in ("warn_accuracy", "warn_variety"):
            require(0 <= getattr(self, field) <= 1, field, "it must be from 0 to 1")

    @classmethod
    def for_profile(cls, profile: str | None = None, **changes) -> Pix2PixConfig:
        """Return the configuration of a profile, with single fields changed by name.

        ``full`` is the paper's; ``lesson`` trains within minutes on two CPU cores;
        ``smoke`` shows within seconds that everything runs. A changed ``size`` scales
        jitter and depth along.

        Examples
        --------
        >>> Pix2PixConfig.for_profile("lesson", direction="BtoA").size
        128
        """
        return cls.from_dict({**_PIX2PIX_PROFILES[current_profile(profile)], **changes})

    @classmethod
    def from_dict(cls, fields: dict) -> Pix2PixConfig:
        """Build a configuration from a mapping; unknown fields are named in the error.

        Raises
        ------
        ValueError
            If a field does not exist or its value is impossible.
        """
        fields = dict(fields)
        model = fields.pop("model", cls.model)
        if model != cls.model:
            raise ValueError(f"This configures a {model!r}, not a {cls.model!r}.")
        known = [field.name for field in dataclasses.fields(cls)]
        unknown = sorted(set(fields) - set(known))
        if unknown:
            raise ValueError(
                f"Unknown field(s) {', '.join(unknown)}: a {cls.__name__} has "
                f"{', '.join(known)}."
            )
        return cls(**fields)

    def replace(self, **changes) -> Pix2PixConfig:
        """Return a copy with the given fields changed; derived fields follow ``size``.

        ``load_size`` and ``num_downs`` are derived anew when ``size`` changes and they
        are not given.
        """
        fields = dataclasses.asdict(self)
        if "size" in changes:
            fields.update(load_size=None, num_downs=None)
        return type(self).from_dict({**fields, **changes})

    def to_json(self) -> str:
        """Return the configuration as indented JSON, model name included."""
        return json.dumps({"model": self.model, **dataclasses.asdict(self)}, indent=2)

    @classmethod
    def from_json(cls, source: str | Path) -> Pix2PixConfig:
        """Read a configuration from a JSON file or a JSON string.

        Raises
        ------
        FileNotFoundError
            If a path is given and no such file exists.
        ValueError
            If the text is no JSON object or describes no possible configuration.
        """
        if str(source).lstrip().startswith("{"):
            return cls._from_text(str(source))
        try:
            return cls._from_text(Path(source).read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{source} is no configuration. {error}") from None

    @classmethod
    def _from_text(cls, text):
        try:
            fields = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"It is not valid JSON: {error}.") from None
        if not isinstance(fields, dict):
            raise ValueError(f"It is a JSON {type(fields).__name__}, no object.")
        return cls.from_dict(fields)
