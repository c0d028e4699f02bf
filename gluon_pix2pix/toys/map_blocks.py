"""The blocks of the drawn towns: parks, fields, buildings with their yards, trees."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .canvas import Colour, choose, mix, tone
from .map_elements import WHITE, Survey
from .map_streets import (
    DISTRICTS,
    INDUSTRY,
    District,
    Line,
    Streets,
    boxes,
    inner,
    visible,
)


@dataclass(frozen=True)
class Season:
    """What the map cannot tell about the day the photo was taken."""

    grass: Colour
    foliage: Sequence
    water: Colour
    sunlight: tuple
    dusk: float  # share of the light that is left in a shadow


SEASONS = (
    Season((118, 138, 80),
           [(92, 122, 60), (74, 106, 54), (112, 138, 72), (178, 152, 152)],
           (62, 98, 118), (1.12, 1.11, 1.06), 0.50),  # spring, some trees in bloom
    Season((106, 126, 72), [(62, 92, 48), (50, 80, 44), (76, 104, 54), (84, 108, 66)],
           (46, 84, 110), (1.12, 1.09, 1.04), 0.45),  # summer
    Season((152, 142, 94), [(70, 92, 52), (84, 100, 58), (58, 84, 52), (104, 108, 64)],
           (62, 106, 118), (1.12, 1.07, 0.99), 0.45),  # a dry summer
    Season((128, 130, 82), [(154, 96, 54), (170, 138, 66), (92, 102, 58), (76, 94, 56)],
           (52, 82, 104), (1.12, 1.06, 0.98), 0.50),  # autumn
)
PATH = (196, 184, 158)
SQUARE = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
X, Y = (v.ravel() for v in np.meshgrid(np.linspace(0, 1, 5), np.linspace(0, 1, 5)))
MESH = np.stack([(1 - X) * (1 - Y), X * (1 - Y), X * Y, (1 - X) * Y], axis=1)


def yard(season: Season, district: District) -> Colour:
    """The ground between the buildings."""
    return mix(season.grass, (158, 152, 142), district.paved)


class Blocks:
    """What is to become of each block between the streets."""

    def __init__(self, rng: np.random.Generator, survey: Survey, streets: Streets,
                 season: Season, district: District):
        self.rng, self.survey, self.streets = rng, survey, streets
        self.season, self.district = season, district
        other = choose(rng, DISTRICTS)  # on a few blocks
        self.blocks = streets.blocks()
        self.outlines = streets.rectangles(self.blocks)
        kinds, fields = rng.random((2, len(self.blocks)))
        self.uses = [None if a < 0.12 else other if a < 0.24 else district
                     for a in kinds]  # None: a park
        self.fields = [use is not None and b < use.fields
                       for use, b in zip(self.uses, fields, strict=True)]
        self.ponds = []

    def ground(self) -> None:
        """What lies in the blocks: yards, parks, fields."""
        for block, outline, use, field in zip(self.blocks, self.outlines, self.uses,
                                              self.fields, strict=True):
            if use is None:
                self.park(block, outline)
            elif field:
                self.field(block, outline)
            elif use is not self.district:
                self.survey.fill("photo", outline, yard(self.season, use))

    def park(self, block: np.ndarray, outline: np.ndarray) -> None:
        """Grass with paths, a pond, or a sports ground."""
        rng, survey, streets = self.rng, self.survey, self.streets
        grass = self.season.grass
        survey.area(outline, "park", tone(grass, 1.04))
        u0, v0, u1, v1 = block
        kind, x = rng.uniform(0, 1), rng.uniform(0.3, 0.7)
        x = u0 + x * (u1 - u0)
        middle = np.array([x, (v0 + v1) / 2])
        size = min(u1 - u0, v1 - v0)
        angle = np.linspace(0, 2 * np.pi, 41)[:, None]
        ring = size * np.hstack([np.cos(angle), np.sin(angle)])
        if kind < 0.35:  # a winding path, and one across
            t = np.linspace(0, 1, 25)
            wind = v0 + (v1 - v0) * (0.5 + 0.3 * np.sin(6 * t + 9 * x))
            for u, v in ((u0 + t * (u1 - u0), wind), (0 * t + x, v0 + t * (v1 - v0))):
                path = Line(streets(np.stack([u, v], 1))).ribbon(0.009)
                survey.area(path, "road", PATH)
        elif kind < 0.6:
            lake = ring * (0.42, 0.3) * (1 + 0.16 * np.sin(3 * angle + 9 * x))
            self.ponds.append(streets(middle + lake))
            path = Line(streets(middle + 1.3 * lake)).ribbon(0.008)
            survey.area(path, "road", PATH)
        elif kind < 0.8 and size > 0.1:  # a running track around a pitch
            oval = np.sign(ring) * (np.abs(ring) / size) ** 0.7 * size
            survey.area(streets(middle + oval * (0.66, 0.42)), "pitch", (172, 92, 70))
            survey.fill("photo", streets(middle + oval * (0.56, 0.32)), grass)
            survey.reserve(streets(middle + oval * (0.7, 0.46)))
            self.pitch(streets(middle + SQUARE * size * (0.74, 0.42)))
        else:
            wide, deep = min(0.8 * (u1 - u0), 1.3 * size), 0.78 * size
            corners = streets(middle + SQUARE * (wide, deep))
            survey.area(corners, "pitch", grass)
            survey.reserve(corners)
            self.pitch(inner(corners, 0.05, 0.07, 0.95, 0.93))

    def pitch(self, quad: np.ndarray) -> None:
        """A mown football pitch with its lines."""
        fresh = mix(self.season.grass, (96, 150, 76), 0.6)
        x = np.arange(6) / 6
        stripes = [tone(fresh, 1.06 if k % 2 else 0.94) for k in range(6)]
        self.survey.paint(inner(quad, x, 0, x + 1 / 6, 1), stripes)
        for field in inner(quad, [0, 0, 0, 0.84], [0, 0, 0.25, 0.25], [1, 0.5, 0.16, 1],
                           [1, 1, 0.75, 0.75]):
            ends = np.stack([field, np.roll(field, -1, axis=0)])
            lengths = np.hypot(*(ends[1] - ends[0]).T)
            ahead = (ends[1] - ends[0]) / lengths[:, None]
            lines = boxes(ends.mean(axis=0), ahead, lengths, 0.0022)
            self.survey.paint(lines, WHITE)

    def field(self, block: np.ndarray, outline: np.ndarray) -> None:
        """Land without buildings: crops in rows."""
        colour = choose(self.rng, ((176, 160, 108), (126, 106, 80), (120, 134, 76)))
        self.survey.fill("photo", outline, colour)
        u0, v0, u1, v1 = block
        v = np.arange(v0 + 0.004, v1 - 0.008, 0.012)
        rows = np.stack([0 * v + u0, v, 0 * v + u1, v + 0.005], 1)
        rows = self.streets.rectangles(rows)
        self.survey.paint(rows, tone(colour, 0.84))
        self.survey.reserve(outline)

    def build(self) -> None:
        """The buildings of all blocks, where nothing else is; cars beside halls."""
        rng, survey = self.rng, self.survey
        built = [(block, use) for block, use, field in zip(
            self.blocks, self.uses, self.fields, strict=True) if use and not field]
        plans = [(*plan, choose(rng, use.roofs))
                 for block, use in built for plan in use.build(rng, *block)]
        if plans:
            x0, y0, x1, y1 = np.array([plan[:4] for plan in plans]).T
            corners = np.stack([x0, y0, x1, y0, x1, y1, x0, y1], 1).reshape(-1, 4, 2)
            quads, which = self.streets(corners), np.arange(len(plans))
            large = np.minimum(x1 - x0, abs(y1 - y0)) > 0.06
            room = self.room(quads)
            smaller = np.concatenate([  # a part of a large one may have room
                inner(quads[large & ~room], x, y, x + 0.46, y + 0.46)
                for x in (0, 0.54) for y in (0, 0.54)])
            fits = self.room(smaller)
            quads = np.concatenate([quads[room], smaller[fits]])
            which = np.append(which[room], np.tile(which[large & ~room], 4)[fits])
            light = rng.uniform(0.88, 1.12, len(plans))
            colours = [tone(plans[k][6], light[k]) for k in which]
            survey.buildings(quads, np.array([plans[k][4] for k in which]),
                             np.array([plans[k][5] for k in which]), colours)
        for block, use in built:
            if use is INDUSTRY:
                self.car_park(block)

    def room(self, quads: np.ndarray) -> np.ndarray:
        """Which buildings show in the picture and stand in nobody's way."""
        return self.survey.free(MESH @ quads).all(axis=1) & visible(quads)

    def car_park(self, block: np.ndarray) -> None:
        """Rows of cars on the free ground of a block."""
        u0, v0, u1, v1 = block
        u, v = np.meshgrid(np.arange(u0 + 0.02, u1 - 0.02, 0.0105),
                           np.arange(v1 - 0.02, v0 + 0.01, -0.034))
        stalls = self.streets(np.stack([u.ravel(), v.ravel()], 1))
        ahead = np.repeat(self.streets.axes[1:], len(stalls), axis=0)
        room = self.survey.free(boxes(stalls, ahead, 0.04, 0.03)).all(axis=1)
        stalls, ahead = stalls[room], ahead[room]
        lines = boxes(stalls + 0.005 * self.streets.axes[0], ahead, 0.018, 0.0015)
        self.survey.paint(lines, WHITE)
        self.survey.cars(stalls, ahead, 0.35)

    def plant(self) -> None:
        """Trees in gardens, in groves, and along the streets."""
        rng, found, sizes = self.rng, [], []
        for (u0, v0, u1, v1), outline, use in zip(self.blocks, self.outlines, self.uses,
                                                  strict=True):
            area = 100 * (u1 - u0) * (v1 - v0)
            count = int(area * (use.trees if use else 14))
            places = rng.uniform((u0, v0), (u1, v1), (count, 2))
            if not use:  # groves and clearings
                wave = np.sin(places @ (27, 9) + 60 * u0) + np.sin(places @ (-11, 31))
                places = places[wave > -0.2]
            kerb = outline[rng.random(len(outline)) < 0.6]
            found += [self.streets(places), kerb]
            sizes += [rng.integers(0 if use else 4, 9 if use else 12, len(places)),
                      rng.integers(0, 6, len(kerb))]
        self.survey.trees(np.concatenate(found), np.concatenate(sizes))
