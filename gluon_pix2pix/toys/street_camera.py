"""A camera in a street: draws solid things into a photo and into a map of ids."""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from ..street_labels import HAS_INSTANCES, label_id
from .canvas import Colour, mix, noise

Point = tuple  # x to the right, y upwards from the road, z ahead: metres
NEAR = 0.6  # nothing closer to the lens is drawn, in metres
GROUND = {  # size of a slab in metres; how much slabs, and grains of them, differ
    "road": (2.0, 0.012, 0.035), "sidewalk": (0.6, 0.05, 0.02),
    "parking": (0.25, 0.06, 0.02), "terrain": (0.1, 0.07, 0.05),
}


@dataclass(frozen=True)
class Weather:
    """Light and air: what a label map does not tell."""

    above: Colour  # the sky overhead
    horizon: Colour  # the sky far away, and the haze before distant things
    light: tuple  # colour of the light
    ambient: float  # share of the light that comes from the whole sky
    sight: float  # metres after which two thirds of a colour are haze
    clouds: float
    wet: float = 0  # how much a wet road mirrors
    lamps: bool = False  # whether lamps are on


class Camera:
    """A pinhole camera that looks along a street, and what it has seen so far.

    Things must be drawn from far to near. The photo is drawn enlarged and reduced at
    the end, which smooths its edges; of the ids, drawn by the same strokes, every
    pixel keeps the one at its centre.

    Parameters
    ----------
    height, width : int
        Of the finished pictures, in pixels.
    rng : numpy.random.Generator
        Chooses where the camera stands and looks, and where the sun is. Clouds and
        textures, which take more numbers the larger the picture is, have a generator
        of their own, so that a seed gives one street at every size.
    weather : Weather
        The light.
    """

    def __init__(self, height: int, width: int, rng: np.random.Generator,
                 weather: Weather):
        self.height, self.width, self.weather = height, width, weather
        self.times = int(np.clip(-(-320 // height), 2, 4))
        unit, aspect = height * self.times, width / height
        self.focal = unit * (0.52 + 0.26 * aspect)
        self.eye = rng.uniform(1.45, 1.9)
        self.middle = unit * aspect * rng.uniform(0.38, 0.62)  # vanishing point
        self.horizon = unit * rng.uniform(0.4, 0.49)
        angle, self.elevation = rng.uniform(-1.9, 1.9), rng.uniform(0.5, 0.9)
        self.sun = np.array((math.sin(angle), self.elevation, -math.cos(angle)))
        self.sun /= np.linalg.norm(self.sun)
        self.pane = mix((46, 52, 62), weather.above, 0.25)  # glass mirrors the sky
        self.grain = np.random.default_rng(rng.integers(2**32))
        size = (width * self.times, unit)
        self.photo = Image.new("RGB", size)
        self.ids = Image.new("I", size, label_id("sky"))
        self.pen = ImageDraw.Draw(self.photo)
        self.veil = ImageDraw.Draw(self.photo, "RGBA")
        self.marker = ImageDraw.Draw(self.ids)
        self.counts, self.ident, self.air = {}, 0, 0.0
        self.colours = {}  # seen before at the same distance

    # ------------------------------------------------------ what is drawn, and how far

    def take(self, name: str, z: float) -> None:
        """Begin a thing of a class, ``z`` metres away; it may be a new instance."""
        self.ident = label = label_id(name)
        self.air = 1 - math.exp(-max(z, 0) / self.weather.sight)
        self.colours.clear()
        if label in HAS_INSTANCES:
            number = self.counts.get(label, 0)
            self.counts[label] = number + 1
            self.ident = 1000 * label + number

    def seen(self, colour: Colour, light: float | None = 1) -> Colour:
        """A colour in the light (None: it shines itself) and through the haze."""
        key = colour, light
        if key not in self.colours:
            day = (1, 1, 1) if light is None else self.weather.light
            lit = [min(255, v * s * (light or 1)) for v, s in zip(colour, day)]
            self.colours[key] = mix(lit, self.weather.horizon, self.air)
        return self.colours[key]

    def sees(self, point: Point, reach: float = 0) -> bool:
        """Whether a point lies in the picture or ``reach`` metres beside it."""
        x, margin = self.spot(point)[0], reach * self.scale(point[2])
        return -margin < x < self.photo.size[0] + margin

    def facing(self, normal: Sequence) -> float:
        """Light on a surface whose normal has these x, y, z."""
        sun = max(0.0, sum(n * s for n, s in zip(normal, self.sun)))
        ambient = self.weather.ambient
        return ambient * (0.92 + 0.12 * normal[1]) + 1.3 * (1 - ambient) * sun

    # -------------------------------------------------------------------- projection

    def spot(self, point: Point) -> tuple[float, float]:
        """Where a point appears on the enlarged photo."""
        x, y, z = point
        scale = self.focal / max(z, NEAR)
        return self.middle + x * scale, self.horizon + (self.eye - y) * scale

    def scale(self, z: float) -> float:
        """Pixels of the enlarged photo that a metre takes at a distance."""
        return self.focal / max(z, NEAR)

    # ----------------------------------------------------------------------- drawing

    def face(self, points: Sequence[Point], colour: Colour, mark: bool = True) -> bool:
        """One side of a solid, its corners counter-clockwise as seen from outside.

        Nothing is drawn where the side looks away from the camera. Returns whether it
        is seen.
        """
        count = len(points)
        a, b, c, d = (points[k * count // 4] for k in range(4))
        ux, uy, uz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
        vx, vy, vz = d[0] - b[0], d[1] - b[1], d[2] - b[2]
        nx, ny, nz = uz * vy - uy * vz, ux * vz - uz * vx, uy * vx - ux * vy
        if nx * a[0] + ny * (a[1] - self.eye) + nz * a[2] >= 0:
            return False
        length = math.sqrt(nx * nx + ny * ny + nz * nz) or 1.0
        light = self.facing((nx / length, ny / length, nz / length))
        self.flat(points, colour, light, mark)
        return True

    def flat(self, points: Sequence[Point], colour: Colour, light: float | None = 1,
             mark: bool = True) -> None:
        """A polygon in space, seen from either side."""
        self.shape([self.spot(p) for p in points], colour, light, mark)

    def shape(self, spots: Sequence, colour: Colour, light: float | None = 1,
              mark: bool = True) -> None:
        """A polygon given in pixels of the enlarged photo."""
        self.pen.polygon(spots, self.seen(colour, light))
        if mark:
            self.marker.polygon(spots, self.ident)

    def round(self, x: float, y: float, rx: float, ry: float, colour: Colour,
              light: float = 1, mark: bool = True) -> None:
        """An ellipse in pixels of the enlarged photo."""
        if x + rx < 0 or x - rx > self.photo.size[0] or y + ry < 0:
            return
        box = (x - rx, y - ry, x + rx, y + ry)
        self.pen.ellipse(box, self.seen(colour, light))
        if mark:
            self.marker.ellipse(box, self.ident)

    def bar(self, start: tuple, end: tuple, width: float, colour: Colour,
            light: float = 1, mark: bool = True) -> None:
        """A straight bar between two pixels, at least one finished pixel thick."""
        width = max(self.times if mark else 1, round(width))
        self.pen.line((start, end), self.seen(colour, light), width)
        if mark:
            self.marker.line((start, end), self.ident, width)

    def shadows(self, casts: Sequence, touches: Sequence) -> None:
        """Darken the ground.

        ``casts`` are pairs of an outline (points x, z) and a height: what keeps the sun
        away. ``touches`` are outlines under which no light of the sky comes.
        """
        dark = Image.new("L", self.photo.size, 0)
        pen, (sx, sy, sz) = ImageDraw.Draw(dark), self.sun
        depth = int(285 * (1 - self.weather.ambient))
        for outline, height in casts if depth > 50 else ():
            dx, dz = (-v / sy * height for v in (sx, sz))
            foot = [self.spot((x, 0, z)) for x, z in outline]
            head = [self.spot((x + dx, 0, z + dz)) for x, z in outline]
            if len(foot) > 2:
                pen.polygon(head, depth)
            for k in range(len(foot)):
                pen.polygon((foot[k - 1], foot[k], head[k], head[k - 1]), depth)
        for outline in touches:
            pen.polygon([self.spot((x, 0, z)) for x, z in outline], 175)
        dark.paste(0, (0, 0, dark.size[0], int(self.horizon) + 1))
        self.photo.paste((14, 18, 32), mask=dark)

    def glow(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """A lamp that is on, and the light around it."""
        for size, share in ((1, 10), (0.8, 14), (0.62, 20), (0.46, 34), (0.32, 90),
                            (0.18, 255)):
            r = max(0.5, size * radius)
            light = colour if share < 255 else mix(colour, (255, 255, 255), 0.6)
            self.veil.ellipse((x - r, y - r, x + r, y + r), (*light, share))

    def sky(self) -> None:
        """A sky that brightens towards the horizon, with clouds."""
        weather, shape = self.weather, (48, 96)
        rise = np.linspace(1, 0, shape[0])[:, None, None]
        air = np.array(weather.horizon) * (1 - rise) + np.array(weather.above) * rise
        clouds = noise(self.grain, shape, 6) + 0.6 * noise(self.grain, shape, 14)
        cover = np.clip(clouds - 0.5 + weather.clouds, 0, 0.8)[..., None]
        white = 250 * np.array(weather.light) * (1 - 0.3 * cover)
        air = air + (np.minimum(white, 252) - air) * cover
        air = Image.fromarray(np.clip(air, 0, 255).astype(np.uint8))
        size = (self.photo.size[0], int(self.horizon) + 2)
        self.photo.paste(air.resize(size, Image.BICUBIC))

    # --------------------------------------------------------------------- finishing

    def finish(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Reduce the photo, give it textures and a camera's grain.

        Returns
        -------
        photo, labels, instances : numpy.ndarray
            uint8 of shape (H, W, 3), uint8 of (H, W), int32 of (H, W).
        """
        start = self.times // 2
        instances = np.array(self.ids, np.int32)[start::self.times, start::self.times]
        labels = np.where(instances >= 1000, instances // 1000, instances)
        photo = np.asarray(self.photo.reduce(self.times), np.float32)
        photo = photo * self._texture(labels)[..., None]
        if self.weather.wet:
            self._mirror(photo, labels)
        photo += self.grain.normal(0, 2.5, photo.shape[:2] + (1,))
        photo = np.clip(photo, 0, 255).astype(np.uint8)
        return photo, labels.astype(np.uint8), np.ascontiguousarray(instances)

    def _texture(self, labels: np.ndarray) -> np.ndarray:
        """Brightness of asphalt, slabs, grass and leaves, around 1."""
        light, rng = np.ones(labels.shape, np.float32), self.grain
        table = rng.normal(0, 1, (64, 64)).astype(np.float32)
        leaves = labels == label_id("vegetation")
        light[leaves] += rng.normal(0, 0.1, int(leaves.sum()))
        first = int(self.horizon / self.times) + 1
        rows, columns = np.mgrid[first : self.height, : self.width] + 0.5
        z = self.focal * self.eye / (rows * self.times - self.horizon)
        x = (columns * self.times - self.middle) * z / self.focal
        for name, (step, slabs, grains) in GROUND.items():
            here = labels[first:] == label_id(name)
            i, j = (x[here] // step).astype(int), (z[here] // step).astype(int)
            fade = np.minimum(1, 5 / z[here])  # too fine to be seen far away
            light[first:][here] += fade * (slabs * table[i % 64, j % 64]
                                           + rng.normal(0, grains, i.shape))
        return light

    def _mirror(self, photo: np.ndarray, labels: np.ndarray) -> None:
        """Let the wet road mirror, upside down and blurred, what stands above it."""
        horizon = int(self.horizon / self.times)
        rows = np.arange(horizon + 1, self.height)
        above = photo[np.maximum(2 * horizon - rows, 0)]
        blur = max(1, self.height // 64)
        above = sum(np.roll(above, k * blur, axis=0) for k in range(-5, 6)) / 11
        above = sum(np.roll(above, k * blur, axis=1) for k in (-2, -1, 0, 1, 2)) / 5
        road = np.isin(labels[rows], [label_id("road"), label_id("parking")])
        share = self.weather.wet * road[..., None]
        photo[rows] += share * (above - photo[rows])

