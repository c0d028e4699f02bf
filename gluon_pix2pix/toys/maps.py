"""Little towns drawn by code: an aerial photo and the street map that belongs to it.

The map tells where things are: streets, footprints of buildings, parks, water. It does
not tell the season, where the sun stands, the colours of roofs, the trees, the cars.
"""
from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np

from .canvas import choose, tone
from .map_blocks import SEASONS, Blocks, yard
from .map_elements import CONCRETE, MAP_COLOURS, Survey
from .map_streets import (
    DISTRICTS,
    SUBURB,
    TERRACES,
    WIDTHS,
    Line,
    Streets,
    across,
    aside,
    boxes,
)

__all__ = ["MAP_COLOURS", "draw_map"]


class Town:
    """All that is drawn, in the order in which one thing covers another."""

    def __init__(self, size: int, rng: np.random.Generator):
        self.rng, self.season = rng, choose(rng, SEASONS)
        district = choose(rng, (SUBURB, TERRACES, *DISTRICTS))
        self.asphalt = choose(rng, ((100, 100, 100), (114, 112, 108), (86, 88, 92)))
        slant = rng.uniform(-1, 1)  # the sun is in the south: shadows fall upwards
        length = rng.uniform(0.9, 1.5)
        sun = length * np.sin(slant), -length * np.cos(slant)
        ground = yard(self.season, district)
        self.survey = Survey(size, rng, sun, ground, self.season.foliage)
        self.streets = Streets(rng, district)
        self.blocks = Blocks(rng, self.survey, self.streets, self.season, district)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        """The photo and the map."""
        rng, survey = self.rng, self.survey
        shore = choose(rng, ("none", "none", "none", "river", "coast"))
        bank = across(rng, rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.3),
                      rng.uniform(0.01, 0.06))
        self.blocks.ground()
        minor, major = self.streets.lines()
        self.roads(minor, "road")
        if shore == "coast":  # the avenues end there too
            self.roads(major, "avenue")
        quays, promenade = self.water(shore, bank)
        survey.weather()
        survey.traffic(minor + quays, "road")
        if shore == "coast":
            survey.traffic(major, "avenue")
            self.harbour(bank)
        elif shore == "river":
            points, ahead = bank.along(0.14, rng.uniform(-0.02, 0.02))
            chosen = rng.random(len(points)) < 0.25
            survey.boats(points[chosen], ahead[chosen], 1.3)
        if shore != "coast":
            self.crossing(major, "avenue", margin=0)
        if rng.random() < 0.22:
            self.crossing([self.anywhere(0)], "avenue")
        if rng.random() < 0.2:
            survey.railway(self.anywhere(0.05))
        if rng.random() < 0.3:
            self.crossing([self.anywhere(0.07)], "highway")
        self.blocks.build()
        self.blocks.plant()
        for row in promenade:
            row = row[~survey.free(row, "wet")]  # not where a bridge begins
            survey.trees(row, rng.integers(3, 8, len(row)), anywhere=True)
        return survey.finish(self.season.sunlight, self.season.dusk)

    def anywhere(self, sway: float) -> Line:
        """A line through the picture that minds no blocks."""
        angle, offset = self.rng.uniform(0, np.pi), self.rng.uniform(-0.3, 0.3)
        return across(self.rng, angle, offset, sway * self.rng.random())

    # roads and water

    def roads(self, lines: Sequence[Line], kind: str) -> None:
        """Roads in the asphalt of this town."""
        shade = {"road": 1, "avenue": 0.94, "highway": 1.12}[kind]
        self.survey.roads(lines, kind, tone(self.asphalt, shade))

    def crossing(self, lines: Sequence[Line], kind: str, margin=0.014) -> None:
        """Roads that have bridges, and that houses keep away from."""
        for line in lines:
            self.survey.reserve(line.ribbon(WIDTHS[kind] + margin))
            self.survey.fill("wet", line.ribbon(WIDTHS[kind]), 0)
        self.roads(lines, kind)
        self.survey.traffic(lines, kind)

    def water(self, shore: str, bank: Line) -> tuple[list, list]:
        """A river or a coast, and ponds; return the roads and the trees along it."""
        rng, survey = self.rng, self.survey
        quays, trees, seas = [], [], []
        if shore == "coast":
            out = aside(bank.points[-1] - bank.points[0])
            seas = [np.concatenate([bank.points, bank.points[::-1] + out])]
            side, sides, edges = 0.07, [-1], [bank]
        elif shore == "river":
            swell = 1 + 0.2 * np.sin(np.linspace(0, 9, len(bank.points)))
            width = rng.uniform(0.1, 0.2) * swell
            seas = [bank.ribbon(width)]
            side, sides = 0.07 + width.max() / 2, [-1, 1]
            edges = [Line(bank.beside(width / 2)), Line(bank.beside(-width / 2))]
        if seas:
            grass = self.season.grass
            name, colour = choose(rng, (("park", grass), ("land", CONCRETE)))
            beach = choose(rng, (CONCRETE, (206, 190, 150), tone(grass, 0.8)))
            for points in (*seas, bank.ribbon(2 * side)):
                survey.area(points, name, colour)
                survey.reserve(points, wet=True)
            for k in sides:
                row, _ = bank.along(0.024, k * (side - 0.028))
                trees.append(row[rng.random(len(row)) < 0.7])
            for edge in edges:
                survey.fill("photo", edge.ribbon(0.024), beach)
            quays = [Line(bank.beside(k * side)) for k in sides]
            self.roads(quays, "road")
            for quay in quays:
                survey.fill("wet", quay.ribbon(0.03), 0)
        ponds = [pond for pond in self.blocks.ponds if survey.free(pond, "wet").all()]
        survey.water([*ponds, *seas], self.season.water)
        return quays, trees

    def harbour(self, bank: Line) -> None:
        """Piers with boats along the coast, and boats under way."""
        rng, survey = self.rng, self.survey
        points, ahead = bank.along(0.1, 0.05)
        out = aside(ahead)
        for k in np.flatnonzero(rng.random(len(points)) < 0.35):
            pier = boxes(points[k : k + 1], out[k : k + 1], 0.12, 0.014)[0]
            planks = choose(rng, (CONCRETE, (142, 116, 90)))
            survey.area(pier, "land", planks)
            survey.fill("photo", pier, planks, 4)
            berths = points[k] + out[k] * np.linspace(-0.02, 0.045, 5)[:, None]
            for beside in (0.025, -0.025):
                berth = (berths + beside * ahead[k])[rng.random(5) < 0.6]
                survey.boats(berth, np.repeat(ahead[k : k + 1], len(berth), 0), 0.8)
        at = rng.integers(len(points), size=4)
        sailing = points[at] + out[at] * rng.uniform(0.12, 0.5, (4, 1))
        turn = rng.uniform(0, 2 * np.pi, 4)
        survey.boats(sailing, np.stack([np.cos(turn), np.sin(turn)], 1), 1.3)

def draw_map(
    size: int = 256, seed: int | Sequence[int] = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a town from above and its street map.

    Parameters
    ----------
    size : int
        Width and height of both pictures in pixels, at least 32. A seed gives the
        same town at every size.
    seed : int or sequence of int
        0 or more. Everything that varies depends on it alone.

    Returns
    -------
    aerial, street_map : numpy.ndarray
        Both uint8, RGB, of shape (size, size, 3). The map has the colours of
        ``MAP_COLOURS``, mixed where two of them meet.

    Raises
    ------
    ValueError
        If the size is below 32 or a seed is negative.
    """
    size = operator.index(size)
    if size < 32:
        raise ValueError(f"size={size} leaves no room for a town: use 32 or more.")
    return Town(size, np.random.default_rng(seed)).draw()
