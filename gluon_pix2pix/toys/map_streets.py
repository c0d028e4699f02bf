"""Plans of the drawn towns: lines, street networks, and what stands on a block.

Places are fractions of the picture, (x, y) in the last axis, y pointing down.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .canvas import choose

WIDTHS = {"road": 0.034, "avenue": 0.05, "highway": 0.076}


class Line:
    """A smooth line through points (n, 2), and what can be laid out along it."""

    def __init__(self, points: np.ndarray):
        self.points = points
        self.steps = np.diff(points, axis=0)
        self.lengths = np.hypot(self.steps[:, 0], self.steps[:, 1])
        ahead = np.concatenate([self.steps[:1], self.steps[1:] + self.steps[:-1],
                                self.steps[-1:]])
        ahead = ahead / np.hypot(ahead[:, 0], ahead[:, 1])[:, None]
        self.normals = aside(ahead)

    def beside(self, shift: float | np.ndarray) -> np.ndarray:
        """The points, moved to one side by ``shift``."""
        return self.points + self.normals * np.reshape(shift, (-1, 1))

    def ribbon(self, width: float | np.ndarray, shift: float = 0) -> np.ndarray:
        """The outline of the line, or of one beside it, drawn ``width`` wide."""
        half = np.asarray(width) / 2
        sides = self.beside(shift + half), self.beside(shift - half)[::-1]
        return np.concatenate(sides)

    def along(self, spacing: float, shift: float = 0) -> tuple[np.ndarray, np.ndarray]:
        """Points at equal distances on the line or beside it, and its directions."""
        travelled = np.append(0, np.cumsum(self.lengths))
        at = np.arange(spacing / 2, travelled[-1], spacing)
        piece = np.searchsorted(travelled[1:-1], at)
        ahead = self.steps[piece] / self.lengths[piece, None]
        points = self.points[piece] + ahead * (at - travelled[piece])[:, None]
        return points + shift * aside(ahead), ahead


def across(rng: np.random.Generator, angle: float, offset: float, sway: float) -> Line:
    """A line through the whole picture that passes its centre at a distance."""
    t = np.linspace(-1, 1, 41)
    a, b = rng.uniform(0, 2 * np.pi, 2)
    away = offset + sway * (np.sin(2.2 * t + a) + 0.4 * np.sin(6 * t + b))
    ahead = np.array([np.cos(angle), np.sin(angle)])
    return Line(0.5 + t[:, None] * ahead + away[:, None] * aside(ahead))


def aside(ahead: np.ndarray) -> np.ndarray:
    """The directions a quarter turn to the right of some directions."""
    return np.stack([-ahead[..., 1], ahead[..., 0]], axis=-1)


def boxes(points: np.ndarray, ahead: np.ndarray, length, width) -> np.ndarray:
    """Rectangles (n, 4, 2) around points, turned in their directions."""
    a = ahead * np.reshape(length, (-1, 1)) / 2
    b = aside(ahead) * np.reshape(width, (-1, 1)) / 2
    return points[:, None] + np.stack([-a - b, a - b, a + b, b - a], axis=1)


def inner(quads: np.ndarray, x0, y0, x1, y1) -> np.ndarray:
    """Parts of quadrilaterals (..., 4, 2), in fractions of their sides."""
    x0, y0, x1, y1 = np.broadcast_arrays(x0, y0, x1, y1)
    x, y = np.stack([x0, x1, x1, x0], -1), np.stack([y0, y0, y1, y1], -1)
    corners = [(1 - x) * (1 - y), x * (1 - y), x * y, (1 - x) * y]
    return np.stack(corners, axis=-1) @ quads


def visible(points: np.ndarray) -> np.ndarray:
    """Which lines or areas (..., n, 2) may show in the picture."""
    low, high = points.min(axis=-2), points.max(axis=-2)
    return (low < 1.02).all(axis=-1) & (high > -0.02).all(axis=-1)


@dataclass(frozen=True)
class District:
    """How the blocks of one kind are built on."""

    build: Callable  # yields (u0, v0, u1, v1, height in metres, kind of roof)
    depth: tuple  # of a block: least and most
    length: tuple
    roofs: Sequence
    paved: float  # share of the ground between the buildings
    trees: float  # on each hundredth of the picture
    fields: float  # chance of a block without buildings


def houses(rng, u0, v0, u1, v1) -> Iterator:
    """Detached houses in gardens, in one row along each street."""
    lots = max(1, round((u1 - u0) / rng.uniform(0.056, 0.07)))
    lot = (u1 - u0) / lots
    for street, inwards in ((v0, 1), (v1, -1))[: 2 if v1 - v0 > 0.11 else 1]:
        for u in u0 + lot * np.arange(lots):
            if rng.random() < 0.06:
                continue
            wide, deep = lot * rng.uniform(0.56, 0.76), rng.uniform(0.034, 0.046)
            left = u + rng.uniform(0.1, 0.9) * (lot - wide)
            front = street + inwards * rng.uniform(0.012, 0.018)
            back = front + inwards * deep
            roof = choose(rng, ("gable", "gable", "hip"))
            yield left, front, left + wide, back, 6, roof
            if rng.random() < 0.3:  # an annexe
                yield left, back, left + wide / 2, back + inwards * 0.015, 3, "flat"


def terraces(rng, u0, v0, u1, v1) -> Iterator:
    """Rows of town houses wall to wall, with yards behind them."""
    for street, inwards in ((v0, 1), (v1, -1))[: 2 if v1 - v0 > 0.12 else 1]:
        u, front = u0 + 0.006, street + inwards * 0.008
        while u < u1 - 0.03:
            wide = min(rng.uniform(0.032, 0.055), u1 - 0.006 - u)
            back = front + inwards * rng.uniform(0.044, 0.054)
            if rng.random() > 0.07:
                yield u, front, u + wide, back, rng.uniform(9, 13), "flat"
            u += wide


def offices(rng, u0, v0, u1, v1) -> Iterator:
    """Large buildings, some of them towers, some around a courtyard."""
    gap = 0.006
    edges = np.linspace(u0, u1, 1 + max(1, round((u1 - u0) / rng.uniform(0.11, 0.16))))
    for a, b in zip(edges[:-1] + gap, edges[1:] - gap, strict=True):
        top, foot, height = v0 + gap, v1 - gap, rng.uniform(12, 40)
        kind = rng.random()
        if kind < 0.3:
            wing = 0.33 * min(b - a, foot - top)
            yield a, top, b, top + wing, height, "flat"
            yield a, foot - wing, b, foot, height, "flat"
            yield a, top + wing, a + wing, foot - wing, height, "flat"
            yield b - wing, top + wing, b, foot - wing, height, "flat"
        elif kind < 0.65:
            middle = top + rng.uniform(0.4, 0.6) * (foot - top)
            yield a, top, b, middle - gap / 2, height, "flat"
            yield a, middle + gap / 2, b, foot, rng.uniform(12, 40), "flat"
        else:
            yield a, top, b, foot, height / 2, "flat"
            if height > 22:  # a tower on a broad foot
                yield a + 0.02, top + 0.02, b - 0.02, foot - 0.02, height, "flat"


def halls(rng, u0, v0, u1, v1) -> Iterator:
    """Factories and stores, with space for cars."""
    split = u0 + (u1 - u0) * rng.uniform(0.35, 0.65)
    for a, b in ((u0, split), (split, u1)):
        foot = v0 + (v1 - v0) * rng.uniform(0.5, 0.8)
        if b - a > 0.06:
            yield a + 0.014, v0 + 0.014, b - 0.014, foot, rng.uniform(7, 12), "hall"


SUBURB = District(houses, (0.15, 0.19), (0.28, 0.5), [
    (126, 116, 108), (104, 98, 96), (146, 110, 90), (162, 92, 72), (138, 134, 130),
    (112, 84, 72), (156, 148, 138)], 0.05, 11, 0.05)
TERRACES = District(terraces, (0.16, 0.2), (0.3, 0.55), [
    (172, 170, 166), (146, 144, 142), (200, 198, 194), (112, 110, 110), (156, 126, 106),
    (92, 90, 90)], 0.4, 6, 0)
CENTRE = District(offices, (0.18, 0.26), (0.26, 0.42), [
    (168, 164, 156), (136, 134, 132), (190, 184, 170), (110, 112, 116), (154, 138, 120),
    (206, 204, 200)], 0.9, 2, 0)
INDUSTRY = District(halls, (0.24, 0.34), (0.34, 0.55), [
    (196, 198, 198), (166, 172, 178), (150, 116, 98), (138, 152, 164), (208, 204, 192)],
    0.8, 1.5, 0.06)
DISTRICTS = (SUBURB, TERRACES, CENTRE, INDUSTRY)


class Streets:
    """A network of streets: a grid that is turned, and sometimes bent.

    Blocks and buildings are laid out in straight coordinates, u along the streets and
    v across them; calling the network turns these into places in the picture.
    """

    def __init__(self, rng: np.random.Generator, district: District):
        angle = rng.uniform(-np.pi, np.pi)
        ahead = np.array([np.cos(angle), np.sin(angle)])
        self.axes = np.stack([ahead, aside(ahead)])
        self.bend = choose(rng, (0, 0, rng.uniform(-0.5, 0.5)))
        self.waves = choose(rng, (0, 0, 0.035)) * rng.uniform(-1, 1, 2)
        self.phases = rng.uniform(0, 2 * np.pi, 2)
        depth = rng.uniform(*district.depth) + WIDTHS["road"]
        self.rows = np.arange(-0.95, 1.05, depth) + rng.uniform(-0.1, 0.1)
        self.rows += rng.uniform(-0.02, 0.02, len(self.rows))
        length = rng.uniform(*district.length)
        columns = np.arange(-0.9, 1, length) + rng.uniform(-0.15, 0.15)
        columns += rng.uniform(-0.15, 0.15, len(columns)) * length
        self.staggered = rng.random() < 0.4  # cross streets that end at the next street
        shift = np.arange(len(self.rows) - 1) % 2 * length / 2 * self.staggered
        self.columns = columns + shift[:, None]
        chances = rng.random(len(self.rows)), rng.random(len(columns))
        self.main_rows = chances[0] < 0.2
        self.main_columns = (chances[1] < 0.25) & (not self.staggered)

    def __call__(self, uv) -> np.ndarray:
        u, v = np.moveaxis(np.asarray(uv, float), -1, 0)
        v = v + self.bend * u**2 + self.waves[0] * np.sin(5 * u + self.phases[0])
        u = u + self.waves[1] * np.sin(5 * v + self.phases[1])
        return 0.5 + np.stack([u, v], axis=-1) @ self.axes

    def rectangles(self, sides: np.ndarray) -> np.ndarray:
        """The outlines (n, 4 k, 2) of blocks (n, 4), bent like the streets."""
        t = np.linspace(0, 1, 7)[:-1]
        x = np.concatenate([t, 1 + 0 * t, 1 - t, 0 * t])
        y = np.concatenate([0 * t, t, 1 + 0 * t, 1 - t])
        u0, v0, u1, v1 = np.asarray(sides).T[..., None]
        return self(np.stack([u0 + x * (u1 - u0), v0 + y * (v1 - v0)], axis=-1))

    def lines(self) -> tuple[list, list]:
        """The streets, and the avenues."""
        u, v = np.linspace(-0.9, 0.9, 37), np.linspace(self.rows[0], self.rows[-1], 37)
        if self.staggered:
            v = np.linspace(self.rows[:-1], self.rows[1:], 6, axis=1)[:, None]
            columns, main = self.columns[..., None], False
        else:
            columns, main = self.columns[0][:, None], self.main_columns
        lines = [], []
        rows = self.rows[:, None]
        for x, y, wide in ((u, rows, self.main_rows), (columns, v, main)):
            places = self(np.stack(np.broadcast_arrays(x, y), axis=-1))
            places = places.reshape(-1, *places.shape[-2:])
            shown = visible(places)
            wide = np.broadcast_to(wide, len(places))
            for points, k in zip(places[shown], wide[shown], strict=True):
                lines[int(k)].append(Line(points))
        return lines

    def blocks(self) -> np.ndarray:
        """The land between the streets: (n, 4), each u0, v0, u1, v1."""
        widths = np.array([WIDTHS["road"], WIDTHS["avenue"]]) / 2
        ends, sides = widths[self.main_columns * 1], widths[self.main_rows * 1]
        rows = zip(self.rows[:-1] + sides[:-1], self.rows[1:] - sides[1:], self.columns,
                   strict=True)
        found = np.array([(u0, v0, u1, v1) for v0, v1, columns in rows
                          for u0, u1 in zip(columns[:-1] + ends[:-1],
                                            columns[1:] - ends[1:], strict=True)])
        return found[visible(self.rectangles(found))]
