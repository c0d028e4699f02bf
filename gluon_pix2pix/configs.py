"""The configurations of all models, and which of them a file holds."""

from __future__ import annotations

import json
from pathlib import Path

from .config import ModelConfig
from .cyclegan_config import CycleGANConfig
from .pix2pix_config import Pix2PixConfig
from .pix2pixhd_config import Pix2PixHDConfig

CONFIGS = {config.model: config
           for config in (Pix2PixConfig, CycleGANConfig, Pix2PixHDConfig)}
# What is measured on held-out pictures when an epoch ends: columns of a run's log.
MEASURES = {"pix2pix": ("val_l1",), "cyclegan": ("val_cycle_A", "val_cycle_B"),
            "pix2pixhd": ("val_l1",)}


def read_config(path: str | Path) -> ModelConfig:
    """Read the configuration of whatever model a JSON file describes.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no JSON object, or describes no possible configuration.
    """
    path = Path(path)
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        model = fields.get("model", Pix2PixConfig.model)
        kind = CONFIGS.get(model) if isinstance(model, str) else None
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no file {path}.") from None
    except (ValueError, AttributeError, RecursionError):
        kind = Pix2PixConfig  # it says what is wrong with the text
    if kind is None:
        raise ValueError(f"{path} is no configuration. It is for a model {model!r}, "
                         f"and this version knows {', '.join(CONFIGS)}.")
    return kind.from_json(path)
