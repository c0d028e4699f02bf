"""Two photos of one scene, drawn together, and what is around the fruits in them."""
from __future__ import annotations

import functools

import numpy as np

from .canvas import Colour, choose

# Nothing around the fruits is as orange or as red as they are.
WALLS = ((228, 228, 222), (176, 198, 212), (172, 190, 170), (196, 192, 204),
         (112, 138, 156), (92, 112, 104), (150, 176, 178), (74, 82, 100))
WOODS = ((150, 126, 100), (112, 90, 72), (176, 160, 138), (88, 74, 64))
CLOTHS = ((56, 92, 158), (84, 132, 176), (66, 124, 110), (110, 142, 88),
          (118, 104, 158), (60, 72, 100), (72, 148, 160), (132, 140, 150))
GLAZES = ((54, 88, 150), (70, 132, 134), (150, 178, 158), (88, 96, 110))
LEAVES = ((70, 116, 48), (92, 138, 58), (56, 98, 52), (112, 150, 66))
WHITE, AIR = (236, 236, 230), (150, 186, 222)
WICKER, BARK = (146, 122, 92), (98, 82, 68)


@functools.cache
def tile(rows: int, columns: int) -> np.ndarray:
    """Noise of so many waves down and across that repeats: mean 0, deviation 1."""
    k = np.fft.fftfreq(256, 1 / 256)
    low = np.exp(-((k[:, None] / rows) ** 2) - (k / columns) ** 2)
    white = np.random.default_rng((rows, columns)).normal(size=(256, 256))
    waves = np.fft.ifft2(np.fft.fft2(white) * low * (1 - low**3)).real
    return (waves / waves.std()).astype(np.float32)


def texture(waves: tuple, down: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Noise at the places given, in which the pattern repeats after 256 steps."""
    rows, columns = ((v + 4096).astype(np.int32) & 255 for v in (down, across))
    return tile(*waves)[rows, columns]


def stripes(x: np.ndarray) -> np.ndarray:
    """A square wave of period 1 between 0 and 1, its edges softened."""
    return np.clip(0.5 + 4 * np.sin(2 * np.pi * x), 0, 1)


def rgb(colour: Colour, light: float = 1) -> np.ndarray:
    """The colour in more (> 1) or less (< 1) light, as an array."""
    return np.array(colour, np.float32) * np.float32(light)


def unit(*vector: float) -> np.ndarray:
    """The vector at length 1."""
    return (np.array(vector) / np.linalg.norm(vector)).astype(np.float32)


def dot(vector: np.ndarray, field: np.ndarray) -> np.ndarray:
    """Products of a vector with those of a (3, H, W) field: (H, W)."""
    return np.tensordot(vector, field, 1)


class Stage:
    """One scene, as a photo with apples and one with oranges, enlarged.

    Lengths are fractions of the picture; y points down and z towards us. Textures are
    functions of the place, not of the pixel: a scene looks the same at every size.
    """

    def __init__(self, size: int, rng: np.random.Generator):
        self.rng, self.times = rng, max(2, -(-192 // size))
        self.side = size * self.times
        self.photos = np.zeros((1, self.side, self.side, 3), np.float32)
        self.fruit = np.zeros((self.side, self.side), np.float32)  # share of each pixel
        side = choose(rng, (-1, 1, rng.uniform(-0.3, 0.3)))  # where the window is
        self.sun = unit(0.8 * side, -rng.uniform(0.6, 0.8), rng.uniform(0.5, 0.75))
        warmth = rng.uniform(-0.03, 0.05)
        self.tint = rgb((1 + warmth, 1, 1 - warmth))
        self.bounce = rgb((0.26, 0.3, 0.18))  # light from below
        self.kinds = None  # of the fruits
        self.mixed = rng.random() < 0.25  # several kinds together
        self.indoors, self.far = True, 0.0  # y of the table's far edge
        self.flat = 0.4  # height over width of a circle on the table

    def crop(self, x0: float, y0: float, x1: float, y1: float) -> tuple:
        """Slices of the photos for a box, and the x and y of their pixels."""
        ends = (np.array((x0, y0, x1, y1)) * self.side).astype(int) + (0, 0, 1, 1)
        x0, y0, x1, y1 = np.clip(ends, 0, self.side)
        axis = (np.arange(self.side, dtype=np.float32) + 0.5) / self.side
        return (..., slice(y0, y1), slice(x0, x1)), axis[None, x0:x1], axis[y0:y1, None]

    def edge(self, inside: np.ndarray) -> np.ndarray:
        """How much of a pixel is covered by what reaches this far beyond it."""
        return np.clip(inside * self.side + 0.5, 0, 1)

    def paint(self, where: tuple, cover: np.ndarray, colour: np.ndarray,
              fruit: float = 0) -> None:
        """Lay a colour, or one for each photo, over what is covered."""
        photos, share = self.photos[(*where, slice(None))], self.fruit[where]
        photos += (colour - photos) * cover[..., None]
        share += (fruit - share) * cover

    def shadow(self, x: float, y: float, a: float, b: float, depth: float,
               on_fruit: bool = False) -> None:
        """Darken the table, or the fruits, in an ellipse, softly towards its edge."""
        top = y - b if on_fruit else max(y - b, self.far)
        where, px, py = self.crop(x - a, top, x + a, y + b)
        soft = np.clip(1 - ((px - x) / a) ** 2 - ((py - y) / b) ** 2, 0, 1)
        soft *= (2 - soft) * depth * (self.fruit[where] if on_fruit else 1)
        self.photos[(*where, slice(None))] *= 1 - soft[..., None] * rgb((1, 0.96, 0.88))

    def cast(self, x: float, y: float, r: float, high: float) -> None:
        """The shadow on the table of something round that stands at (x, y)."""
        away = self.sun[0] / self.sun[1] * high
        for reach, grown, depth in ((1, 1.4, 0.34), (0.4, 1.15, 0.3), (0, 0.8, 0.45)):
            self.shadow(x + reach * away, y - 0.4 * reach * self.flat * high,
                        grown * r, grown * r * (0.2 + 0.8 * self.flat), depth)

    def light(self, normal: np.ndarray) -> np.ndarray:
        """Light on surfaces that face the (3, H, W) directions: (H, W, 3)."""
        direct = np.clip(0.9 * dot(self.sun, normal) + 0.1, 0, None)
        up = 0.5 - 0.5 * normal[1]
        colours = np.stack([0.78 * self.tint, 0.36 / self.tint, self.bounce])
        return np.stack([direct, up, 1 - up], -1) @ colours

    def finish(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Both photos and the mask of the fruits, at their final size."""
        n, k = self.times, range(self.times)
        photos = sum(self.photos[:, i::n, j::n] for i in k for j in k) / n**2
        share = sum(self.fruit[i::n, j::n] for i in k for j in k) / n**2
        return (*np.clip(photos + 0.5, 0, 255).astype(np.uint8), share > 0.5)


# ---------------------------------------------------------------- what is around them


def draw_leaf(stage: Stage, x: float, y: float, angle: float, length: float,
              light: float = 1) -> None:
    """A leaf that grows from (x, y), its halves turned to the light differently."""
    colour = rgb(choose(stage.rng, LEAVES), light)
    c, s = length * np.cos(angle), length * np.sin(angle)
    a, b, reach = x + c / 2, y + s / 2, 0.6 * length
    where, px, py = stage.crop(a - reach, b - reach, a + reach, b + reach)
    along = ((px - x) * c + (py - y) * s) / length**2
    room = np.clip(along * (1 - along), 0, 1)
    off = ((py - y) * c - (px - x) * s) / length**2 - 0.25 * room  # from the midrib
    width = 1.15 * room * (1.3 - 0.6 * along)
    shade = 0.83 + 0.25 * along + 0.22 * np.sign(c) * np.clip(-40 * off, -1, 1)
    shade += 0.07 * stripes(9 * along - 16 * np.abs(off)) + 0.3 * (np.abs(off) < 0.012)
    stage.paint(where, stage.edge((width - np.abs(off)) * length),
                shade[..., None] * colour)


def draw_room(stage: Stage) -> None:
    """A table of wood or with a cloth, and a wall with the window's light on it."""
    rng, sun = stage.rng, np.sign(stage.sun[0])
    stage.far = far = choose(rng, (0, rng.uniform(0.3, 0.5), rng.uniform(0.3, 0.5)))
    horizon = far - rng.uniform(0.2, 0.4)
    stage.flat = float(np.clip((0.75 - horizon) / 1.6, 0.25, 0.6))
    where, x, y = stage.crop(0, far, 1, 1)
    depth, turn, wide = 1 / (y - horizon), rng.uniform(-0.6, 0.6), rng.uniform(3, 6)
    a, b = (x - 0.5) * depth, 1.2 * depth + 0 * x  # across the table, and away
    if rng.random() < 0.4:
        base = choose(rng, WOODS)
        a, b = choose(rng, ((a, b), (b, a)))
        plank = np.floor(0.7 * wide * b)
        grain = texture((44, 3), b * 90, a * 60 + plank * 77)
        rings = texture((14, 2), b * 60, a * 40 + plank * 51)
        shade = 1 + 0.07 * grain + 0.05 * rings + 0.08 * np.sin(2.4 * plank)
        shade *= 1 - 0.4 * (np.abs(0.7 * wide * b - plank - 0.5) > 0.485)
        top = shade[..., None] * rgb(base)
    else:
        colours = choose(rng, CLOTHS), WHITE
        base, other = colours[:: choose(rng, (1, -1))]
        a, b = (wide * (a * np.cos(turn) + b * np.sin(turn)),
                wide * (b * np.cos(turn) - a * np.sin(turn)))
        pattern = choose(rng, (
            lambda: (stripes(a) + stripes(b)) / 2,  # gingham
            lambda: stripes(a),
            lambda: stripes(4 * a) * stripes(0.8 * a),
            lambda: np.clip(5 * np.sin(6.28 * a) * np.sin(6.28 * b) - 2.5, 0, 1)))
        top = rgb(base) + (0.1 + 0.9 * pattern())[..., None] * (rgb(other) - rgb(base))
        top *= (1 + 0.05 * texture((3, 3), 150 * y, 150 * x + 40 * wide))[..., None]
    edge = np.clip(1 - (y - far) * 120, 0, 1)
    fall = 1.14 - 0.2 * np.abs(x - 0.5 - 0.5 * sun)  # darker away from the window
    light = (fall - 0.1 * y + 0.18 * edge)[..., None] * stage.tint
    stage.photos[(*where, slice(None))] = top * light
    stage.bounce = 0.1 + rgb(base, 0.25 / 255)
    if not far:  # there is nothing but table
        return

    paint, kind, shift = choose(rng, WALLS), rng.integers(4), rng.uniform(0.1, 0.7)
    wide, sunny = rng.uniform(5, 11), rng.random() < 0.6
    where, x, y = stage.crop(0, 0, 1, far - 0.5 / stage.side)
    lines = -0.12 * (np.minimum(x * 7 % 1, (far - y) * 7 % 1) < 0.06)  # tiles
    if kind:
        lines = (kind == 1) * 0.07 * stripes(wide * x)
    slant = x + 0.5 * sun * y - shift
    beam = np.clip(8 * np.minimum(slant, 0.42 - slant), 0, 1) * sunny
    beam *= np.clip(np.abs(slant - 0.21) * 20 - 0.2, 0.2, 1)
    shade = (0.9 + lines + 0.2 * beam) * (fall - 0.1 * y)
    shade *= 1 - 0.35 * np.clip(1 - (far - y) / 0.05, 0, 1) ** 2
    stage.photos[(*where, slice(None))] = shade[..., None] * (rgb(paint) * stage.tint)


def draw_plate(stage: Stage, x: float, y: float, a: float) -> None:
    """A plate with a coloured ring."""
    ring, b = choose(stage.rng, GLAZES), a * stage.flat
    stage.cast(x, y + 0.05 * a, a, 0.12 * a)
    where, px, py = stage.crop(x - a, y - b, x + a, y + b + 0.03)
    u, v = (px - x) / a, (py - y) / b
    under, d = np.hypot(u, v - 0.02 / b), np.hypot(u, v)
    stage.paint(where, stage.edge((1 - under) * b), rgb(WHITE, 0.62))
    slope = np.clip((d - 0.6) * 20, 0, 1) - np.clip((d - 0.66) * 20, 0, 1)
    shade = 0.93 - (u * stage.sun[0] - v * 0.4) * (0.06 + 0.25 * slope)
    colour = np.where((np.abs(d - 0.86) < 0.05)[..., None], rgb(ring), rgb(WHITE))
    stage.paint(where, stage.edge((1 - d) * b), shade[..., None] * colour)


def draw_bowl(stage: Stage, x: float, y: float, a: float, front: bool, woven: bool,
              glaze: Colour) -> None:
    """The inside of a bowl or basket; later its front, which hides the fruits' feet."""
    b = a * stage.flat
    h = b + (0.3 if woven else 0.42) * a
    where, px, py = stage.crop(x - 1.1 * a, y - 1.1 * b, x + 1.1 * a, y + h)
    u, v, rim = (px - x) / a, (py - y) / h, (py - y) / b
    d = np.hypot(u, rim)
    inside = (1 - d) * d / np.hypot(u / a, rim / b)  # how far from the rim
    lip = stage.edge(0.025 * a - np.abs(inside))
    if not front:
        stage.cast(x, y + h - 0.2 * a, 0.8 * a, h)
        shade = 0.5 - 0.18 * u * stage.sun[0] + 0.1 * rim
        stage.paint(where, stage.edge(inside), shade[..., None] * rgb(glaze))
        stage.paint(where, lip * (rim < 0.02), rgb(glaze, 0.95))
        return
    fall = np.clip(v, 0, 1) ** (6 if woven else 2.6)
    body = stage.edge((1 - np.sqrt(u * u + fall)) * 0.7 * a) * (v > 0)
    normal = np.stack([u * (1 + fall), 0.6 * v + 0 * u,
                       np.sqrt(np.clip(1 - u * u, 0.05, 1)) + 0 * v])
    light = stage.light(normal / np.linalg.norm(normal, axis=0)) * 0.95
    below = v - b / h * np.sqrt(np.clip(1 - u * u, 0, 1))  # below the rim
    if woven:
        turn, row = 6 * np.arcsin(np.clip(u, -1, 1)), 14 * below
        strand = np.sin(np.pi * (turn + 0.5 * np.floor(row))) * np.sin(np.pi * row)
        light *= (0.5 + 0.6 * np.sqrt(np.abs(strand)))[..., None]
    else:
        light *= (1 - 0.22 * (np.abs(below - 0.14) < 0.03))[..., None]
        shine = ((u - 0.55 * stage.sun[0]) / 0.1) ** 2 + ((below - 0.24) / 0.12) ** 2
        light += 0.35 * np.exp(-shine)[..., None]
    stage.paint(where, body * stage.edge(-inside), light * rgb(glaze))
    stage.paint(where, lip * (rim > -0.02), rgb(glaze, 1.1))
