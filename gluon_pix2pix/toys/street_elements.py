"""What stands beside a drawn street, one function each: trees, lamps, signs.

Each takes a camera, a place (metres) and, where something is left to choose, a
generator of its own.
"""
from __future__ import annotations

import math

import numpy as np

from .canvas import Colour, choose, tone
from .street_camera import Camera
from .street_traffic import AMBER, STEEL

LEAVES = ((86, 118, 58), (72, 104, 60), (112, 132, 62), (66, 92, 66), (168, 134, 58))
RED, WHITE, BLUE = (204, 40, 40), (236, 236, 232), (34, 84, 168)


def tree(camera: Camera, x: float, z: float, rng: np.random.Generator,
         size: float = 1) -> None:
    """A trunk and a crown of clumps of leaves, lit from above."""
    camera.take("vegetation", z)
    crown, radius = rng.uniform(4.0, 5.2) * size, rng.uniform(1.5, 2.2) * size
    green, metre, tall = choose(rng, LEAVES), camera.scale(z), rng.uniform(1, 1.4)
    camera.bar(camera.spot((x, 0, z)), camera.spot((x, crown, z)), 0.28 * size * metre,
               (86, 70, 58), camera.facing((0, 0, -1)))
    clumps(camera, x, crown, z, radius, tall * radius, green,
           int(np.clip(800 / z, 11, 90)), rng)


def clumps(camera: Camera, x: float, y: float, z: float, across: float, up: float,
           green: Colour, count: int, rng: np.random.Generator) -> None:
    """Leaves inside an ellipse, the upper ones in more light."""
    angles, reaches = rng.uniform(0, 6.28, count), np.sqrt(rng.uniform(0, 1, count))
    places = sorted(zip(reaches * np.sin(angles), reaches * np.cos(angles),
                        1.3 * rng.uniform(0.7, 1.5, count) * count**-0.4,
                        rng.uniform(-0.1, 0.1, count)))
    side, metre = camera.sun[0] * (1 - camera.weather.ambient), camera.scale(z)
    px, py, across, up = *camera.spot((x, y, z)), across * metre, up * metre
    for v, u, share, shade in places:
        light = max(0.35, 0.7 + 0.3 * v + 0.4 * side * u + shade)
        camera.round(px + across * u, py - up * v, share * across, 0.75 * share * up,
                     green, round(16 * light) / 16)


def hedge(camera: Camera, p: tuple, q: tuple, rng: np.random.Generator,
          height: float = 1.4) -> None:
    """Bushes in a row between two points (x, z)."""
    green, length = choose(rng, LEAVES[:4]), math.hypot(q[0] - p[0], q[1] - p[1])
    steps = max(2, int(length / 1.6))
    for k in range(steps, -1, -1):
        x = p[0] + k / steps * (q[0] - p[0])
        z = p[1] + k / steps * (q[1] - p[1])
        if z > 2:
            camera.take("vegetation", z)
            high = height * rng.uniform(0.85, 1.15)
            clumps(camera, x, 0.5 * high, z, 1.1, 0.6 * high, green,
                   int(np.clip(320 / z, 6, 90)), rng)


def fence(camera: Camera, p: tuple, q: tuple, rng: np.random.Generator) -> None:
    """A fence of boards or bars, or a low wall, between two points (x, z)."""
    if rng.random() < 0.45:
        camera.take("wall", 0.5 * (p[1] + q[1]))
        colour = choose(rng, ((176, 162, 142), (150, 92, 74), (190, 188, 182)))
        light = camera.facing((math.copysign(1, -p[0]), 0, 0))
        for y0, y1, share in ((0, 1.1, 1), (1.02, 1.14, 1.15)):
            camera.flat([(p[0], y0, p[1]), (q[0], y0, q[1]), (q[0], y1, q[1]),
                         (p[0], y1, p[1])], colour, light * share)
        return
    camera.take("fence", 0.5 * (p[1] + q[1]))
    colour = choose(rng, ((128, 96, 66), (226, 224, 216), (70, 84, 76)))
    steps = max(2, int(abs(q[1] - p[1]) / 0.5))
    s = np.linspace(1, 0, steps)
    rails = [[(p[0] + t * (q[0] - p[0]), y, p[1] + t * (q[1] - p[1])) for t in s]
             for y in (0.12, 1.0)]
    outline = [rails[0][0], rails[0][-1], rails[1][-1], rails[1][0]]
    camera.flat(outline, tone(colour, 0.72), camera.weather.ambient)
    light = camera.facing((math.copysign(1, -p[0]), 0, -0.3))
    for low, high in zip(*rails):
        camera.bar(camera.spot(low), camera.spot(high), 0.22 * camera.scale(low[2]),
                   colour, light, mark=False)


def lamp(camera: Camera, x: float, z: float) -> None:
    """A street lamp whose arm reaches over the road."""
    camera.take("pole", z)
    metre, reach = camera.scale(z), math.copysign(1.8, -x)
    foot, top, head = ((x, 0, z), (x, 6.6, z), (x + reach, 7.1, z))
    camera.bar(camera.spot(foot), camera.spot(top), 0.16 * metre, STEEL, 0.8)
    camera.bar(camera.spot(top), camera.spot(head), 0.12 * metre, STEEL, 0.8)
    px, py = camera.spot(head)
    camera.shape([(px - 0.35 * metre, py + 0.1 * metre), (px + 0.35 * metre, py),
                  (px + 0.35 * metre, py - 0.12 * metre),
                  (px - 0.35 * metre, py - 0.12 * metre)], (170, 172, 170))
    if camera.weather.lamps:
        camera.glow(px, py + 0.1 * metre, 1.3 * metre, (255, 216, 150))


def sign(camera: Camera, x: float, z: float, rng: np.random.Generator) -> None:
    """A traffic sign on its pole: give way, a warning, no stopping, or parking."""
    metre, kind, height = camera.scale(z), rng.integers(4), rng.uniform(2.3, 2.8)
    camera.take("pole", z)
    camera.bar(camera.spot((x, 0, z)), camera.spot((x, height, z)), 0.08 * metre, STEEL)
    camera.take("traffic sign", z)
    px, py = camera.spot((x, height, z))
    for share, ring in ((1, True), (0.68, False)):
        r = max(1.6 * camera.times * share, 0.46 * share * metre)
        if kind == 0 or kind == 1:
            up = 1 if kind else -1
            colour = RED if ring else WHITE
            camera.shape([(px - r, py + 0.7 * up * r), (px + r, py + 0.7 * up * r),
                          (px, py - up * r)], colour, mark=ring)
        elif kind == 2:
            camera.round(px, py, r, r, RED if ring else BLUE, mark=ring)
        else:
            colour = WHITE if ring else BLUE
            r = r if ring else 1.2 * r
            camera.shape([(px - r, py - r), (px + r, py - r), (px + r, py + r),
                          (px - r, py + r)], colour, mark=ring)


def traffic_light(camera: Camera, x: float, z: float, phase: int) -> None:
    """A traffic light on its pole; phase 0 is red, 1 amber, 2 green."""
    metre = camera.scale(z)
    camera.take("pole", z)
    camera.bar(camera.spot((x, 0, z)), camera.spot((x, 3.2, z)), 0.13 * metre, STEEL)
    camera.take("traffic light", z)
    px, py = camera.spot((x, 3.0, z))
    w, h = max(0.8 * camera.times, 0.2 * metre), max(2 * camera.times, 0.52 * metre)
    camera.shape([(px - w, py - h), (px + w, py - h), (px + w, py + h),
                  (px - w, py + h)], (36, 38, 40))
    for k, colour in enumerate(((240, 50, 40), AMBER, (60, 220, 120))):
        y, r = py + (k - 1) * 0.62 * h, 0.58 * w
        if k == phase:
            camera.glow(px, y, 2.6 * r, colour)
            camera.round(px, y, r, r, colour, 2, mark=False)
        else:
            camera.round(px, y, r, r, tone(colour, 0.3), mark=False)


def bonnet(camera: Camera, paint: Colour) -> None:
    """The bonnet of the car that carries the camera."""
    camera.take("ego vehicle", 0)
    w, h = camera.photo.size
    s = np.linspace(-0.05, 1.05, 25)
    for depth, light in ((0.085, 0.75), (0.07, 1.0), (0.045, 0.8), (0.02, 0.6)):
        rim = [(u * w, h * (1 - depth * max(0.0, 1 - abs(2 * u - 1) ** 2.6)))
               for u in s]
        camera.shape(rim + [(w, h + 2), (0, h + 2)], paint, light)
