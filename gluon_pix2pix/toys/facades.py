"""Little houses drawn by code: a photo and the label map that belongs to it.

What labels cannot tell (the paint of the wall, the weather) varies from picture to
picture; what they can tell follows rules that a network is able to learn: ledges throw
shadows downwards, louvred shutters belong to southern houses, and the sun stands over
the wider gap beside the house.
"""
from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .canvas import Box, Canvas, choose, mix, part
from .facade_elements import (
    CLASSES,
    CREAM,
    OAK,
    SAND,
    WHITE,
    Look,
    awning,
    balcony,
    cornice,
    deco,
    door,
    dormer,
    moulding,
    neighbours,
    pillar,
    roof,
    shop,
    shutter,
    sill,
    sky,
    street,
    surround,
    wall,
    window,
)


@dataclass(frozen=True)
class Style:
    """What houses of one kind share: options to choose from, sizes, chances."""

    material: str
    walls: Sequence
    trims: Sequence
    frames: Sequence
    accents: Sequence
    roof: str
    rise: float  # height of the roof above the facade
    floors: Sequence
    window: tuple  # width in bays, height in storeys
    panes: tuple
    crown: float  # height of the moulding under the roof
    bands: float = 0  # chance of a moulding below each floor, likewise:
    heads: float = 0  # cornices
    sills: float = 0
    awnings: float = 0
    balconies: float = 0
    reliefs: float = 0
    shops: float = 0
    arches: float = 0
    shutters: bool = False
    pillars: bool = False


STYLES = (
    Style(  # a row house of brick, with sash windows
        "brick", [(158, 80, 62), (136, 66, 56), (178, 112, 82)], [CREAM, SAND], [WHITE],
        [(40, 78, 62), (46, 56, 92), (124, 38, 38)], "parapet", 0, (3, 4), (0.44, 0.58),
        (2, 4), 0.045, heads=1, sills=1, awnings=0.12, reliefs=0.3, shops=0.5),
    Style(  # a town house of painted plaster, with bands and balconies
        "plaster", [(228, 204, 142), (222, 176, 150), (182, 200, 170), (172, 190, 208)],
        [WHITE, CREAM], [WHITE, OAK], [OAK, (66, 84, 76)], "mansard", 0.1, (4, 5),
        (0.42, 0.60), (2, 3), 0.04, bands=0.8, heads=0.7, sills=0.4, balconies=0.8,
        reliefs=0.6, shops=0.7),
    Style(  # a palace of cut stone, with half columns and gables over the windows
        "stone", [(206, 188, 154), (190, 184, 172), (216, 198, 174)],
        [(224, 212, 186), (214, 208, 196)], [OAK], [OAK], "balustrade", 0.045, (3,),
        (0.40, 0.60), (2, 3), 0.06, bands=1, heads=1, sills=0.3, balconies=0.7,
        reliefs=0.9, arches=0.6, pillars=True),
    Style(  # a southern house, with louvred shutters
        "plaster", [(240, 234, 218), (234, 206, 154), (222, 164, 124)], [CREAM, SAND],
        [WHITE], [(58, 106, 86), (58, 98, 146), (122, 78, 52)], "tiles", 0.13, (2, 3),
        (0.32, 0.50), (2, 3), 0.022, sills=0.8, balconies=0.4, reliefs=0.3, shops=0.35,
        shutters=True),
    Style(  # a northern house of painted boards, with white corner boards
        "boards", [(158, 54, 46), (224, 188, 98), (108, 142, 166), (126, 150, 116)],
        [WHITE], [WHITE], [(52, 66, 84), (70, 92, 72)], "slates", 0.2, (2,),
        (0.36, 0.52), (2, 3), 0.028, heads=0.6, sills=0.6, pillars=True),
)
WEATHERS = (  # colours of the sky, above and at the horizon; the sunlight; the shadows
    ((92, 146, 208), (196, 218, 238), (1.04, 1.01, 0.95), 0.50),  # a clear day
    ((150, 178, 206), (222, 228, 232), (1.00, 1.00, 0.98), 0.60),  # haze
    ((186, 192, 200), (226, 228, 230), (0.95, 0.97, 1.00), 0.72),  # overcast
    ((124, 150, 196), (246, 214, 184), (1.06, 0.98, 0.88), 0.50),  # evening
)


@dataclass(frozen=True)
class House:
    """Where the parts of one house are, and which of them it has."""

    style: Style
    outline: Box  # of the facade
    ridge: float  # upper edge of the roof
    xs: np.ndarray  # borders of the bays, from left to right
    ys: np.ndarray  # borders of the floors, from the top down
    entrance: int  # the bay of the door
    balconies: set  # (floor, bay), the top floor being 0
    bands: list  # floors that stand on a moulding
    heads: bool
    gables: bool
    sills: bool
    shops: bool
    arches: bool
    reliefs: bool

    def cell(self, floor: int, bay: int) -> Box:
        """One bay of one floor."""
        x, y = self.xs[bay : bay + 2], self.ys[floor : floor + 2]
        return x[0], y[0], x[1], y[1]

    def opening(self, floor: int, bay: int) -> Box:
        """The window of one bay of one floor."""
        width, height = self.style.window
        cell = self.cell(floor, bay)
        return part(cell, 0.5 - width / 2, 0.24, 0.5 + width / 2, 0.24 + height)


def plan(rng: np.random.Generator, style: Style) -> House:
    """Make all the choices for one house but its colours."""

    def chance(share: float) -> bool:
        return bool(rng.random() < share)

    gaps = rng.uniform(0.02, 0.2, 2) * chance(0.8)  # some fill the picture
    left, right = gaps[0], 1 - gaps[1]
    ridge = rng.uniform(0.03, 0.12)
    top, foot = ridge + style.rise, 1 - rng.uniform(0.05, 0.1)
    floors = int(choose(rng, style.floors))
    storey = (foot - top - style.crown) / (floors + 0.12)  # the lowest is higher
    ys = np.append(top + style.crown + storey * np.arange(floors), foot)
    bays = round((right - left) / (storey * rng.uniform(0.78, 1.02)))
    bays = int(np.clip(bays, 2, 7))
    inset = 0.03 if style.pillars else 0.012
    xs = np.linspace(left + inset, right - inset, bays + 1)

    middle = {(bays - 1) // 2, bays // 2}
    pattern = choose(rng, (middle, range(bays), range(bays % 2, bays, 2)))
    upper, shops = range(floors - 1), chance(style.shops)
    balconies = chance(style.balconies)  # the first floor has them, others may
    railed = [floor for floor in upper if floor == upper[-1] or chance(0.3)]
    return House(
        style, (left, top, right, foot), ridge, xs, ys,
        entrance=bays // 2 if bays % 2 else int(rng.integers(bays)),
        balconies={(f, bay) for f in railed for bay in pattern} if balconies else set(),
        bands=[floor for floor in upper if chance(style.bands)
               or floor == upper[-1] and (shops or style.bands)],
        heads=chance(style.heads), gables=style.material == "stone" and chance(0.6),
        sills=chance(style.sills), shops=shops,
        arches=chance(style.arches), reliefs=chance(style.reliefs),
    )


def shell(canvas: Canvas, look: Look, house: House) -> None:
    """Roof, wall, mouldings and pillars: the house without its openings."""
    left, top, right, foot = house.outline
    above = (left, house.ridge, right, top)
    if look.roof in ("mansard", "tiles", "slates"):
        roof(canvas, look, above)
    wall(canvas, look, house.outline, ground_floor=house.ys[-2])
    if look.roof == "balustrade":
        balcony(canvas, look, above)
    elif look.roof in ("mansard", "slates"):
        height, every = top - house.ridge, 1 if look.roof == "slates" else 2
        for x in (house.xs[1:] + house.xs[:-1])[::every] / 2:
            box = (x - 0.22 * height, house.ridge + 0.32 * height,
                   x + 0.22 * height, top - 0.12 * height)
            dormer(canvas, look, box)
    crown = top + house.style.crown
    if house.style.pillars and look.material == "boards":
        for x in (left + 0.013, right - 0.013):
            pillar(canvas, look, (x - 0.013, crown, x + 0.013, foot))
    elif house.style.pillars:
        for x in house.xs:
            pillar(canvas, look, (x - 0.016, crown, x + 0.016, house.ys[-2]))
    for floor in house.bands:
        y = house.ys[floor + 1]
        moulding(canvas, look, (left, y - 0.01, right, y + 0.01))
    moulding(canvas, look, (left, top, right, crown))


def upper_floors(canvas: Canvas, look: Look, house: House) -> None:
    """The windows above the ground floor, with all that belongs to them."""
    floors, bays = len(house.ys) - 2, len(house.xs) - 1
    for floor in range(floors):
        for bay in range(bays):
            box = house.opening(floor, bay)
            if house.heads:
                gabled = house.gables and (floor + bay) % 2 == 0
                head = part(box, -0.16, -0.3 if gabled else -0.24, 1.16, -0.08)
                cornice(canvas, look, head, gabled)
            glazed(canvas, look, house, box)
            if canvas.rng.random() < house.style.awnings:
                cloth = canvas.mark("blind", part(box, -0.06, -0.02, 1.06, 0.3))
                awning(canvas, look, cloth, stripes=5)
            if (floor, bay) in house.balconies:
                balcony(canvas, look, part(box, -0.3, 0.56, 1.3, 1.14))
            elif house.sills:
                sill(canvas, look, part(box, -0.14, 1.03, 1.14, 1.13))
    if house.reliefs and not house.style.shutters and not house.style.pillars:
        _, y0, _, y1 = house.opening(0, 0)  # between the windows of the top floor
        y, r = (y0 + y1) / 2, 0.15 * (house.xs[1] - house.xs[0])
        for x in house.xs[1:-1]:
            deco(canvas, look, (x - r, y - r, x + r, y + r))


def glazed(canvas: Canvas, look: Look, house: House, box: Box, arched=False) -> None:
    """A window with its surround or its shutters."""
    if house.style.shutters:
        window(canvas, look, box)
        shutter(canvas, look, part(box, -0.46, -0.02, -0.04, 1.02))
        shutter(canvas, look, part(box, 1.04, -0.02, 1.46, 1.02))
    else:
        surround(canvas, look, box)
        window(canvas, look, box, arched)


def ground_floor(canvas: Canvas, look: Look, house: House) -> None:
    """The door, and shops or windows beside it."""
    floor = len(house.ys) - 2
    for bay in range(len(house.xs) - 1):
        cell, box = house.cell(floor, bay), house.opening(floor, bay)
        if bay == house.entrance:
            leaf = part(cell, 0.26, 0.22, 0.74, 1)
            if house.reliefs:
                deco(canvas, look, part(leaf, -0.1, -0.22, 1.1, -0.05))
            door(canvas, look, leaf)
        elif house.shops:
            shop(canvas, look, part(cell, 0.06, 0.14, 0.94, 1))
        else:
            glazed(canvas, look, house, box, house.arches)
            sill(canvas, look, part(box, -0.14, 1.03, 1.14, 1.13))


def draw_facade(
    size: int = 256, seed: int | Sequence[int] = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a house and the label map that describes it.

    Parameters
    ----------
    size : int
        Width and height of both pictures in pixels, at least 32. A seed gives the
        same house at every size.
    seed : int or sequence of int
        0 or more. Everything that varies depends on it alone.

    Returns
    -------
    photo, labels : numpy.ndarray
        Both uint8, RGB, of shape (size, size, 3). The labels hold the pure colours of
        ``CLASSES`` and nothing else.

    Raises
    ------
    ValueError
        If the size is below 32 or a seed is negative.
    """
    size = operator.index(size)
    if size < 32:
        raise ValueError(f"size={size} leaves no room for a house: use 32 or more.")
    rng = np.random.default_rng(seed)
    style = choose(rng, STYLES)
    above, horizon, sunlight, dusk = choose(rng, WEATHERS)
    paints = (style.walls, style.trims, style.frames, style.accents)
    glass = mix((52, 60, 74), above, 0.3)
    look = Look(style.material, style.roof, style.panes,
                *(choose(rng, colours) for colours in paints), glass)
    house = plan(rng, style)

    canvas = Canvas(size, CLASSES, rng)
    left, _, right, foot = house.outline
    canvas.sun, canvas.dusk = 1 if left >= 1 - right else -1, dusk
    sky(canvas, above, horizon)
    neighbours(canvas, horizon)
    street(canvas, foot)
    canvas.shadow((left, foot - 0.01, right, foot), 0.014)
    shell(canvas, look, house)
    upper_floors(canvas, look, house)
    ground_floor(canvas, look, house)
    return canvas.finish(sunlight)
