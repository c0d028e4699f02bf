"""Houses of a drawn street: walls with windows, shops and balconies, under roofs."""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .canvas import Colour, choose, tone
from .street_camera import Camera
from .street_traffic import DARK

TILES = ((150, 78, 58), (122, 66, 54), (92, 94, 104), (78, 80, 90))
CLOTHS = ((204, 40, 40), (236, 236, 232), (240, 200, 50), (70, 120, 92))
SIGNS = ((150, 46, 44), (44, 78, 120), (50, 96, 76), (60, 60, 66), (206, 160, 60),
         (128, 70, 110))
CURTAIN_LIGHT = (255, 210, 130)


@dataclass(frozen=True)
class Style:
    """What houses of one kind share."""

    walls: Sequence
    trim: Colour
    bay: float  # width that belongs to a window, in metres
    storey: float  # height of a floor, in metres
    window: tuple  # width in bays, height in storeys
    roof: bool
    balconies: float = 0  # chance, likewise:
    shops: float = 0
    bands: float = 0


TOWN = (
    Style(((226, 206, 156), (214, 178, 150), (190, 200, 176), (176, 190, 204),
           (230, 222, 206), (206, 158, 126)), (238, 234, 224), 2.5, 3.2, (0.42, 0.56),
          True, 0.3, 0.6, 0.5),
    Style(((150, 82, 64), (134, 70, 58), (172, 108, 82)), (222, 210, 188), 2.3, 3.1,
          (0.44, 0.58), True, 0.1, 0.5, 0.4),
    Style(((198, 186, 160), (184, 178, 168)), (216, 208, 192), 2.7, 3.6, (0.4, 0.62),
          True, 0.3, 0.5, 0.9),
)
MODERN = (
    Style(((196, 198, 200), (216, 214, 208), (168, 172, 178)), (150, 154, 160), 3.0,
          3.3, (0.9, 0.5), False, 0.2, 0.5, 0.3),
    Style(((104, 122, 138), (88, 108, 122), (120, 132, 140)), (150, 162, 172), 1.8, 3.5,
          (0.86, 0.8), False, 0, 0.6),
    Style(((206, 200, 188), (186, 150, 124)), (226, 222, 214), 3.4, 3.0, (0.56, 0.52),
          False, 0.8, 0.3),
)
COTTAGES = (
    Style(((232, 224, 206), (226, 204, 160), (206, 214, 206), (214, 180, 156)),
          (240, 238, 230), 2.8, 2.9, (0.42, 0.48), True, 0.2),
    Style(((158, 92, 72), (138, 76, 62)), (232, 226, 212), 2.8, 2.9, (0.42, 0.48),
          True),
)


@dataclass(frozen=True)
class Wall:
    """A wall between two points (x, z) of the ground.

    The first is on the left of somebody who looks at the wall from outside.
    """

    camera: Camera
    start: tuple
    stop: tuple
    height: float

    @cached_property
    def length(self) -> float:
        """In metres, not 0."""
        return math.dist(self.start, self.stop) or 1

    @cached_property
    def outwards(self) -> tuple[float, float]:
        """The direction in which the wall looks: x and z."""
        (ax, az), (bx, bz) = self.start, self.stop
        return (bz - az) / self.length, (ax - bx) / self.length

    @cached_property
    def light(self) -> float:
        """Light on the wall."""
        return self.camera.facing((self.outwards[0], 0, self.outwards[1]))

    @cached_property
    def nearest(self) -> float:
        """Distance of its near end."""
        return min(self.start[1], self.stop[1])

    def fill(self, s0: float, s1: float, y0: float, y1: float, colour: Colour,
             share: float | None = 1, out: float = 0) -> None:
        """Paint from and to a share of its length and a height.

        ``share`` is that of the light, None for a lit window; what stands ``out`` by
        some metres or above the wall becomes a part of the house.
        """
        camera, (nx, nz) = self.camera, self.outwards
        (ax, az), (bx, bz) = self.start, self.stop
        scales = [camera.scale(az + s * (bz - az) + out * nz) for s in (s0, s1)]
        left, right = (camera.middle + (ax + s * (bx - ax) + out * nx) * scale
                       for s, scale in zip((s0, s1), scales))
        low, high = ([camera.horizon + (camera.eye - y) * scale for scale in scales]
                     for y in (y0, y1))
        if right > 0 and left < camera.photo.size[0] and max(low) > 0:
            spots = ((left, low[0]), (right, low[1]), (right, high[1]), (left, high[0]))
            light = share and share * self.light
            camera.shape(spots, colour, light, mark=out > 0 or y1 > self.height)


def facade(camera: Camera, start: tuple, stop: tuple, floors: int, style: Style,
           paint: Colour, seed: int, shop: bool = False, plain: bool = False) -> None:
    """A wall with its windows and doors; a plain one has few."""
    rng, height = np.random.default_rng(seed), floors * style.storey
    (ax, az), (bx, bz) = start, stop
    corners = [(ax, 0, az), (bx, 0, bz), (bx, height, bz), (ax, height, az)]
    if not camera.face(corners, paint):
        return
    wall = Wall(camera, start, stop, height)
    bays, width = wall.length / style.bay, style.window[0]
    if plain:
        bays, width = bays / 3, 0.5 * width
    elif wall.nearest > 45:  # fewer and larger windows: nobody can count them
        bays /= 1.5 if wall.nearest < 100 else 2
    bays = max(1, round(bays))
    door = -1 if plain or shop else rng.integers(bays)
    luck = rng.random((floors, bays, 3)).tolist()
    for floor in range(floors):
        y = floor * style.storey
        if floor == 0 and shop:
            shop_floor(wall, bays, style.storey, rng)
            continue
        if floor and rng.random() < style.bands:
            wall.fill(0, 1, y - 0.1, y + 0.12, style.trim)
        balconies = floor > 0 and not plain and rng.random() < style.balconies
        for bay in range(bays):
            middle, half = (bay + 0.5) / bays, 0.5 * width / bays
            if floor == 0 and bay == door:
                half = 0.22 / bays
                wall.fill(middle - half, middle + half, 0, 0.78 * style.storey,
                          tone(paint, 0.45))
            else:
                window(wall, style, middle, half, y, luck[floor][bay], balconies)
    wall.fill(0, 1, height - 0.3, height + 0.1, style.trim, 1.02)
    wall.fill(0, 1, 0, 0.4, tone(paint, 0.7))


def window(wall: Wall, style: Style, middle: float, half: float, floor: float,
           luck: Sequence, balcony: bool) -> None:
    """A window, with a blind or a balcony; near ones in more detail."""
    lit, blind = luck[0] < 0.4 and wall.camera.weather.lamps, luck[1] < 0.3
    glass = tone(CURTAIN_LIGHT, 0.6 + 0.35 * luck[2]) if lit else wall.camera.pane
    s0, s1, edge = middle - half, middle + half, 0.24 * half
    y0 = floor + 0.28 * style.storey
    y1 = y0 + style.window[1] * style.storey
    close = wall.nearest < 45
    if close:
        wall.fill(s0 - edge, s1 + edge, y0 - 0.12, y1 + 0.12, style.trim)
    wall.fill(s0, s1, y0, y1, glass, None if lit else 0.95)
    if close and blind and not lit:
        wall.fill(s0, s1, y1 - 0.45 * (y1 - y0), y1, tone(style.trim, 0.88))
    if wall.nearest < 28 and style.window[0] < 0.8:
        wall.fill(middle - edge / 3, middle + edge / 3, y0, y1, style.trim)
    if balcony and close:
        s0, s1 = s0 - 2 * edge, s1 + 2 * edge
        wall.fill(s0, s1, floor - 0.06, floor + 0.9, tone(style.trim, 0.8), out=0.5)
        wall.fill(s0, s1, floor + 0.84, floor + 0.92, DARK, out=0.5)


def shop_floor(wall: Wall, bays: int, storey: float, rng: np.random.Generator) -> None:
    """Shop windows, a sign over them, and awnings."""
    colour, lamps = choose(rng, SIGNS), wall.camera.weather.lamps
    wall.fill(0.02, 0.98, 0, storey * 0.96, tone(colour, 0.75))
    glass = tone(CURTAIN_LIGHT, 0.92) if lamps else tone(wall.camera.pane, 1.2)
    count = max(1, bays // 2)
    for k in range(count):
        s0, s1, post = ((k + share) / count for share in (0.08, 0.92, 0.48))
        wall.fill(s0, s1, 0.4, 0.74 * storey, glass, None if lamps else 0.9)
        wall.fill(post, post + 0.04 / count, 0.1, 0.74 * storey, colour)
        if rng.random() < 0.6:
            cloth = choose(rng, CLOTHS)
            wall.fill(s0, s1, 0.62 * storey, 0.78 * storey, cloth, 1.1, out=0.7)
            wall.fill(s0, s1, 0.57 * storey, 0.62 * storey, cloth, 0.7, out=0.7)
    wall.fill(0.02, 0.98, 0.8 * storey, 0.95 * storey, colour, 1.15)
    wall.fill(0.2, 0.8, 0.84 * storey, 0.91 * storey, (236, 226, 190))


def house(camera: Camera, near: tuple, far: tuple, depth: float, floors: int,
          style: Style, rng: np.random.Generator) -> None:
    """A house along the street; a positive ``depth`` puts it on the right side."""
    paint, tiles = choose(rng, style.walls), choose(rng, TILES)
    shop, dormered = rng.random() < style.shops, rng.random() < 0.35
    seed, height = int(rng.integers(2**32)), floors * style.storey
    if not camera.sees((far[0], 0, far[1]), reach=3):
        return
    camera.take("building", 0.5 * (max(near[1], 0) + far[1]))
    rise = min(0.55 * abs(depth), 4.0) if style.roof else 0
    back = (near[0] + depth, near[1])
    if rise:  # the end wall reaches up to the ridge
        gable = [(x, y, near[1]) for x, y in
                 ((near[0], height), (near[0] + 0.5 * depth, height + rise),
                  (back[0], height))]
        camera.flat(gable, paint, camera.facing((0, 0, -1)))
    end, front = (near, back), (far, near)
    if depth < 0:
        end, front = end[::-1], front[::-1]
    facade(camera, *end, floors, style, paint, seed + 1, plain=True)
    if rise:
        roof(camera, near, far, depth, height, rise, tiles)
    facade(camera, *front, floors, style, paint, seed, shop)
    if rise and dormered:
        for middle in (0.2, 0.5, 0.8):
            for half, low, high, colour in ((0.06, 0.3, 1.7, style.trim),
                                            (0.04, 0.5, 1.4, camera.pane)):
                pane = [(near[0] + s * (far[0] - near[0]) + 0.08 * depth, height + y,
                         near[1] + s * (far[1] - near[1])) for s, y in
                        ((middle - half, low), (middle + half, low),
                         (middle + half, high), (middle - half, high))]
                side = math.copysign(1, -depth)
                camera.flat(pane, colour, camera.facing((side, 0, 0)))


def roof(camera: Camera, near: tuple, far: tuple, depth: float, height: float,
         rise: float, tiles: Colour) -> None:
    """The slope above the street, and chimneys on the ridge."""
    (x0, z0), (x1, z1), side = near, far, math.copysign(1, depth)
    ridge = height + rise
    eaves = height - 0.3 * rise / abs(0.5 * depth)  # they stand out by 0.3 metres
    slope = [(x0 - 0.3 * side, eaves, z0), (x1 - 0.3 * side, eaves, z1),
             (x1 + 0.5 * depth, ridge, z1), (x0 + 0.5 * depth, ridge, z0)]
    camera.flat(slope, tiles, camera.facing((-0.6 * side, 0.8, 0)))
    for share in (0.25, 0.7):
        z, x = z0 + share * (z1 - z0), x0 + 0.45 * depth + share * (x1 - x0)
        stack = [(x + u, ridge + y, z) for u, y in ((0, -0.4), (0.7, -0.4), (0.7, 0.9),
                                                   (0, 0.9))]
        camera.flat(stack, (140, 88, 72), camera.facing((0, 0, -1)))


def backdrop(camera: Camera, x0: float, x1: float, z: float, floors: int, style: Style,
             rng: np.random.Generator) -> None:
    """A house at the end of the street that faces the camera."""
    paint, height = choose(rng, style.walls), floors * style.storey
    if not (camera.sees((x0, 0, z), x1 - x0) and camera.sees((x1, 0, z), x1 - x0)):
        return
    camera.take("building", z)
    if style.roof:
        roof = [(x0 - 0.4, height - 0.2, z), (x0 + 1.5, height + 3.5, z + 4),
                (x1 - 1.5, height + 3.5, z + 4), (x1 + 0.4, height - 0.2, z)]
        camera.flat(roof, choose(rng, TILES), camera.facing((0, 0.8, -0.6)))
    facade(camera, (x0, z), (x1, z), floors, style, paint, int(rng.integers(2**32)))
