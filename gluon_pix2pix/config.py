"""What configurations of models share: frozen dataclasses, readable as JSON.

A configuration holds every number of a training and nothing else, so that a run can
be repeated, compared and reloaded from one small file. This module imports no MXNet.
"""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

from .profiles import current_profile

DIRECTIONS = ("AtoB", "BtoA")


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """The numbers of every model.

    Attributes
    ----------
    size : int
        Side of the square training crop, in pixels.
    load_size : int or None
        Side to which pictures are resized before the crop ("jitter"). Unless given, the
        paper's 286 of 256, scaled to ``size``; equal to ``size`` means no jitter.
    mirror : bool
        Whether pictures are flipped left-right at random; pairs both alike.
    in_channels : int
        Channels of the input image: 1 (grey) or 3 (RGB).
    out_channels : int
        Channels of the output image: 1 (grey) or 3 (RGB).
    direction : {"AtoB", "BtoA"}
        Which of the two sides of the data is translated into the other. A is the left
        half of a pair.
    ngf : int
        Channels of the generator's first layer; multiples of 16 are fastest.
    ndf : int
        Channels of the discriminator's first layer.
    n_layers : int
        Strided layers of the PatchGAN: 1, 3, 5 see 16, 70, 286 pixels; 0 sees 1 pixel.
    norm : {"batch", "batch_plain", "instance", "none"}
        Normalisation of all networks; batch_plain has no affine parameters.
    upsampling : {"deconvolution", "resize"}
        How the generator doubles height and width: by a transposed convolution (the
        paper), or by repeating pixels and a convolution, which leaves no checkerboard.
    use_dropout : bool
        Dropout 0.5 in the generator.
    init : {"normal", "xavier", "xavier_uniform", "constant"}
        Initial weights: normal N(0, gain), Glorot's (normal or uniform) scaled by gain,
        or gain itself.
    init_gain : float
        The gain of the initial weights.
    gan_loss : {"bce", "lsgan"}
        Binary cross-entropy or least squares.
    pool_size : int
        Generated pictures kept for the discriminator, in a history of its own.
    lr : float
        Learning rate of Adam, in all networks.
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
    n_layers: int = 3
    norm: str = "batch"
    upsampling: str = "deconvolution"
    use_dropout: bool = True
    init: str = "normal"
    init_gain: float = 0.02
    gan_loss: str = "bce"
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
    model = None  # its name, in files and on the command line
    both_ways = False  # whether one training teaches both directions
    derived_from = ("size",)  # what fields that are not given follow
    profiles = {"smoke": {}, "lesson": {}, "full": {}}  # what each changes
    choices = {
        "direction": DIRECTIONS,
        "norm": ("batch", "batch_plain", "instance", "none"),
        "upsampling": ("deconvolution", "resize"),
        "init": ("normal", "xavier", "xavier_uniform", "constant"),
        "gan_loss": ("bce", "lsgan"),
        "precision": ("float32", "bfloat16"),
        "in_channels": (1, 3),
        "out_channels": (1, 3),
    }

    def __post_init__(self):
        self._check_types()
        for field, value in self._derived().items():
            if getattr(self, field) is None:
                object.__setattr__(self, field, value)
        for field, allowed in self.choices.items():
            self._require(getattr(self, field) in allowed, field,
                          "choose one of " + ", ".join(map(repr, allowed)))
        self._check()

    @property
    def toy_size(self) -> int:
        """At what size a toy data set is drawn, in pixels."""
        return self.size

    def _derived(self) -> dict:
        """Name the fields that follow others, mostly ``size``, where they are None."""
        return {"load_size": round(self.size * 286 / 256)}

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

    def _require(self, condition, field, remedy):
        if not condition:
            value = getattr(self, field)
            raise ValueError(f"{field}={value!r} is not possible: {remedy}.")

    def _check(self):
        """Refuse what cannot be; a subclass adds what its own fields need."""
        require = self._require
        for field in ("ngf", "ndf", "batch_size", "size", "warn_window"):
            require(getattr(self, field) >= 1, field, "it must be at least 1")
        for field in ("n_layers", "pool_size", "epochs", "epochs_decay"):
            require(getattr(self, field) >= 0, field, "it must not be negative")
        require(self.epochs + self.epochs_decay > 0, "epochs", "train at least 1 epoch")
        require(
            self.load_size >= self.size,
            "load_size",
            f"it must be at least size={self.size}, the crop taken from it",
        )
        for field in ("lr", "init_gain"):
            require(getattr(self, field) > 0, field, "it must be positive")
        for field in (field.name for field in dataclasses.fields(self)
                      if field.name.startswith("lambda_")):
            require(getattr(self, field) >= 0, field, "it must not be negative")
        require(0 <= self.seed < 2**31, "seed", "it must be from 0 to 2**31 - 1")
        for field in ("beta1", "beta2"):
            require(0 <= getattr(self, field) < 1, field, "it must be in [0, 1)")
        for field in ("warn_accuracy", "warn_variety"):
            require(0 <= getattr(self, field) <= 1, field, "it must be from 0 to 1")

    @classmethod
    def for_profile(cls, profile: str | None = None, **changes) -> ModelConfig:
        """Return the configuration of a profile, with single fields changed by name.

        ``full`` is the paper's; ``lesson`` trains within minutes on two CPU cores;
        ``smoke`` shows within seconds that everything runs. A changed ``size`` scales
        jitter and depth along.

        Examples
        --------
        >>> Pix2PixConfig.for_profile("lesson", direction="BtoA").size
        128
        """
        return cls.from_dict({**cls.profiles[current_profile(profile)], **changes})

    @classmethod
    def from_dict(cls, fields: dict) -> ModelConfig:
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

    def replace(self, **changes) -> ModelConfig:
        """Return a copy with the given fields changed; derived fields follow ``size``.

        What follows ``size`` (``load_size``, the depth) is derived anew when it changes
        and they are not given.
        """
        fields = dataclasses.asdict(self)
        if set(self.derived_from) & set(changes):
            fields.update(dict.fromkeys(self._derived()))
        return type(self).from_dict({**fields, **changes})

    def to_json(self) -> str:
        """Return the configuration as indented JSON, model name included."""
        return json.dumps({"model": self.model, **dataclasses.asdict(self)}, indent=2)

    @classmethod
    def from_json(cls, source: str | Path) -> ModelConfig:
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
