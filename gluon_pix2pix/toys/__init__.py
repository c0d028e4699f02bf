"""Data sets drawn by code: `draw` writes them, one function each draws a scene."""

from .drawing import SPLITS, TOYS, Toy, draw
from .facades import CLASSES, draw_facade
from .fruit import draw_fruit, draw_fruit_mask
from .maps import draw_map
from .streets import draw_street, draw_street_hd

__all__ = [
    "CLASSES",
    "draw",
    "draw_facade",
    "draw_fruit",
    "draw_fruit_mask",
    "draw_map",
    "draw_street",
    "draw_street_hd",
    "SPLITS",
    "Toy",
    "TOYS",
]
