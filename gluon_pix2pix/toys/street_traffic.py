"""What drives and walks in a drawn street, one function each.

Each takes a camera, a place (metres) and a generator of its own that chooses what the
labels do not tell: body, paint, clothes.
"""
from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .canvas import Colour, choose, tone
from .street_camera import Camera

# Bodies seen from the side: share of the length from the rear, share of the height,
# and what lies between this corner and the next.
HATCHBACK = ((0, 0.17, "end"), (0, 0.62, "body"), (0.02, 0.66, "glass"),
             (0.13, 0.95, "body"), (0.24, 1, "body"), (0.46, 1, "glass"),
             (0.7, 0.66, "body"), (0.95, 0.54, "end"), (1, 0.42, "end"),
             (1, 0.17, "end"))
SALOON = ((0, 0.17, "end"), (0, 0.6, "body"), (0.15, 0.66, "glass"),
          (0.29, 0.96, "body"), (0.36, 1, "body"), (0.52, 1, "glass"),
          (0.72, 0.66, "body"), (0.96, 0.53, "end"), (1, 0.42, "end"),
          (1, 0.17, "end"))
ESTATE = ((0, 0.17, "end"), (0, 0.61, "body"), (0.01, 0.66, "glass"),
          (0.07, 0.95, "body"), (0.14, 1, "body"), (0.5, 1, "glass"),
          (0.71, 0.66, "body"), (0.96, 0.53, "end"), (1, 0.42, "end"),
          (1, 0.17, "end"))
VAN = ((0, 0.15, "end"), (0, 0.55, "body"), (0.01, 0.6, "glass"), (0.03, 0.93, "body"),
       (0.07, 1, "body"), (0.68, 1, "glass"), (0.84, 0.6, "body"),
       (0.98, 0.46, "end"), (1, 0.36, "end"), (1, 0.15, "end"))
CARS = (  # body, width, height, length
    (HATCHBACK, 1.72, 1.48, 3.9), (HATCHBACK, 1.78, 1.5, 4.2),
    (SALOON, 1.82, 1.44, 4.7),
    (ESTATE, 1.82, 1.5, 4.6),
    (HATCHBACK, 1.86, 1.68, 4.4), (VAN, 1.9, 1.92, 4.9),
)
PAINTS = ((222, 224, 226), (190, 194, 200), (132, 138, 146), (58, 62, 70), (34, 36, 42),
          (176, 36, 38), (40, 72, 140), (46, 104, 160), (214, 178, 60), (60, 96, 76),
          (126, 34, 44), (206, 196, 172), (72, 148, 168), (206, 104, 44))
CARGOES = ((224, 224, 220), (196, 176, 120), (70, 96, 140), (168, 60, 52))
CLOTHES = ((186, 54, 52), (52, 76, 130), (40, 44, 54), (214, 206, 190), (92, 118, 84),
           (218, 168, 70), (112, 84, 120), (128, 134, 142), (78, 140, 160))
SKINS = ((228, 184, 154), (206, 152, 118), (150, 102, 74), (104, 70, 52))
HAIRS = ((44, 34, 30), (96, 66, 44), (182, 144, 88), (140, 140, 140))
CIRCLE = tuple((math.cos(a), math.sin(a)) for a in np.linspace(0, 5.76, 12))
RUBBER, STEEL, DARK = (30, 30, 33), (118, 122, 126), (44, 46, 50)
RED_LAMP, WHITE_LAMP, AMBER = (232, 40, 30), (255, 244, 214), (250, 176, 40)


def placed(x: float, z: float, turn: float) -> Callable:
    """Coordinates of a thing: right, up and ahead as it looks -> those of the street.

    ``turn`` is the angle to the right, in radians: 0 looks as the camera does.
    """
    cos, sin = math.cos(turn), math.sin(turn)

    def at(u: float, y: float, v: float) -> tuple:
        return x + u * cos + v * sin, y, z - u * sin + v * cos

    return at


def wheel(camera: Camera, at: Callable, u: float, v: float, radius: float) -> None:
    """A wheel of a car, seen from the side."""
    for r, colour in ((1.15, (20, 20, 22)), (1, RUBBER), (0.62, (150, 154, 158)),
                      (0.2, STEEL)):
        rim = [at(u, radius * (1 + r * y), v + r * radius * x) for x, y in CIRCLE]
        camera.flat(rim, colour, 0.85)


def car(camera: Camera, x: float, z: float, turn: float, rng: np.random.Generator,
        driving: bool = False) -> None:
    """A car; its middle stands at x, z."""
    body, width, height, length = choose(rng, CARS)
    paint, half, at = choose(rng, PAINTS), width / 2, placed(x, z, turn)
    camera.take("car", z)

    def corner(side: int, share: float, up: float, inset: float = 0) -> tuple:
        belt = 0.66 if body is not VAN else 0.6
        lean = 0.2 * max(0, up - belt) / (1 - belt) + 0.05 * (share in (0, 1)) + inset
        return at(side * half * (1 - lean), up * height, (share - 0.5) * length)

    ahead, close = math.cos(turn) > 0, z < 45
    for v in (-0.47, 0.47):  # under the car, and the wheels as seen from its end
        floor = [at(u * half, y, v * length) for u, y in
                 ((-0.9, 0.18), (0.9, 0.18), (0.9, 0.4), (-0.9, 0.4))]
        camera.flat(floor, DARK, 0.5)
        for side in (-1, 1) if close else ():
            tyre = [at(side * u * half, y, v * 0.8 * length) for u, y in
                    ((0.97, 0), (0.97, 0.5), (0.7, 0.5), (0.7, 0))]
            camera.flat(tyre, RUBBER, 0.8)
    left, right = ([corner(s, x, y) for x, y, _ in body] for s in (-1, 1))
    order = range(len(body) - 1)
    for k in order[::-1] if ahead else order:
        strip = [left[k], right[k], right[k + 1], left[k + 1]]
        if camera.face(strip, paint) and body[k][2] == "glass":
            inset = [(s, body[i][0], body[i][1], 0.06)
                     for s, i in ((-1, k), (1, k), (1, k + 1), (-1, k + 1))]
            pane = [corner(*place) for place in inset] if close else strip
            camera.face(pane, camera.pane, mark=False)
    belt = body[2][1]
    upper = [k for k, (_, y, _) in enumerate(body) if y >= belt]
    centre = sum(body[k][0] for k in upper) / len(upper)
    for side, corners in ((-1, left), (1, right)):
        lower = [c for c, (_, y, _) in zip(corners, body) if y <= belt]
        if camera.face(lower[::-side], paint) and z < 60:
            if close:
                flank(camera, corner, side, paint)
            for v in (-0.31, 0.31):
                wheel(camera, at, side * half, v * length, 0.32)
        if camera.face([corners[k] for k in upper][::-side], paint):
            pane = [corner(side, centre + 0.86 * (body[k][0] - centre),
                           0.03 + 0.94 * body[k][1]) for k in upper]
            camera.face(pane[::-side], camera.pane, mark=False)
            post = [corner(side, centre + s, y) for s, y in
                    ((0, belt), (0.02, belt), (0.02, 0.96), (0, 0.96))]
            camera.flat(post, paint, 0.7, mark=False)
    ends(camera, at, half, height, length, ahead, driving)


def flank(camera: Camera, corner: Callable, side: int, paint: Colour) -> None:
    """The joints between the doors, and the sill under them."""
    for s0, s1, y0, y1, light in (
            (0.02, 0.98, 0.17, 0.24, 0.4), (0.46, 0.468, 0.2, 0.66, 0.5),
            (0.66, 0.668, 0.24, 0.64, 0.5), (0.39, 0.44, 0.54, 0.57, 0.5)):
        area = [corner(side, s, y) for s, y in ((s0, y0), (s1, y0), (s1, y1), (s0, y1))]
        camera.flat(area, paint, light * camera.weather.ambient, mark=False)


def ends(camera: Camera, at: Callable, half: float, height: float, length: float,
         ahead: bool, driving: bool) -> None:
    """Lamps, number plate and bumper of the end that shows."""
    v = (-0.5 if ahead else 0.5) * length
    lamp, low, high = (RED_LAMP, 0.47, 0.58) if ahead else (WHITE_LAMP, 0.4, 0.5)
    on = driving and (camera.weather.lamps or not ahead)

    def plate(u0: float, u1: float, y0: float, y1: float, colour, light=0.9) -> None:
        box = ((u0, y0), (u1, y0), (u1, y1), (u0, y1))
        spots = [at(u * half, y * height, v) for u, y in box]
        camera.flat(spots, colour, light, mark=False)

    if at(0, 0, v)[2] < 60:
        plate(-0.9, 0.9, 0.17, 0.25, DARK, 0.8)
        plate(-0.27, 0.27, 0.3, 0.37, (226, 226, 216))
        plate(-0.93, 0.93, 0.25, 0.265, DARK, 1.3)
        if not ahead:
            plate(-0.5, 0.5, 0.38, 0.47, DARK, 0.7)
    for side in (-1, 1):
        plate(side * 0.62, side * 0.93, low, high, lamp, 0.8 if ahead else 1)
        if ahead:
            plate(side * 0.62, side * 0.74, low, high, AMBER, 0.8)
        if on or driving and ahead:
            px, py = camera.spot(at(side * 0.75 * half, 0.5 * (low + high) * height, v))
            reach = 0.5 if camera.weather.lamps else 0.24
            camera.glow(px, py, reach * camera.scale(at(0, 0, v)[2]), lamp)


def panel(at: Callable, start: tuple, stop: tuple, low: float, high: float,
          s: float = 0, t: float = 1) -> list:
    """Corners of an upright wall over a share s to t of the way between two (u, v)."""
    (p, q), (r, w) = ([(1 - k) * a + k * b for a, b in zip(start, stop)]
                      for k in (s, t))
    return [at(p, low, q), at(r, low, w), at(r, high, w), at(p, high, q)]


def box(camera: Camera, at: Callable, bounds: tuple, colour: Colour,
        stripes: tuple = ()) -> None:
    """A box: u, y and v from and to.

    Stripes are shares of the height from and to, a colour, and into how many pieces
    they are cut on the long sides.
    """
    u0, u1, y0, y1, v0, v1 = bounds
    posts = [(u0, v0), (u1, v0), (u1, v1), (u0, v1)]
    for start, stop in zip(posts, posts[1:] + posts[:1]):
        if camera.face(panel(at, start, stop, y0, y1), colour):
            for low, high, paint, pieces in stripes:
                low, high = (y0 + share * (y1 - y0) for share in (low, high))
                pieces = pieces if start[0] == stop[0] else 1
                for k in range(pieces):
                    share = (k + 0.06) / pieces, (k + 0.94) / pieces
                    pane = panel(at, start, stop, low, high, *share)
                    camera.face(pane, paint, mark=False)
    top = [at(u0, y1, v0), at(u1, y1, v0), at(u1, y1, v1), at(u0, y1, v1)]
    camera.face(top, colour)


def bus(camera: Camera, x: float, z: float, turn: float,
        rng: np.random.Generator) -> None:
    """A city bus with a band of windows."""
    paint = choose(rng, ((206, 58, 48), (226, 186, 52), (60, 106, 170), (222, 222, 216),
                         (70, 140, 96)))
    at = placed(x, z, turn)
    camera.take("bus", z)
    box(camera, at, (-1.2, 1.2, 0.05, 0.5, -5.2, 5.2), DARK)
    stripes = ((0.42, 0.82, camera.pane, 6), (0.86, 0.97, (40, 40, 44), 1),
               (0.2, 0.26, tone(paint, 0.7), 1))
    box(camera, at, (-1.26, 1.26, 0.35, 3.1, -5.6, 5.6), paint, stripes)
    for side in (-1, 1):
        if (at(side, 0, 0)[0] - x) * x < 0:  # the side towards the camera
            for v in (-3.2, 3.4):
                wheel(camera, at, side * 1.27, v, 0.48)
    ends(camera, at, 1.26, 2.0, 11.22, math.cos(turn) > 0, driving=True)
    sign = -5.62 if math.cos(turn) > 0 else 5.62
    camera.flat([at(u, y, sign) for u, y in
                 ((-0.5, 2.76), (0.5, 2.76), (0.5, 2.98), (-0.5, 2.98))],
                AMBER, 1, mark=False)


def truck(camera: Camera, x: float, z: float, turn: float,
          rng: np.random.Generator) -> None:
    """A lorry: a cab and a box behind it."""
    cab, cargo = choose(rng, PAINTS), choose(rng, CARGOES)
    at, away = placed(x, z, turn), math.cos(turn) > 0
    camera.take("truck", z)
    box(camera, at, (-1.1, 1.1, 0.1, 0.7, -3.8, 3.6), DARK)
    boxes = [((-1.15, 1.15, 0.45, 2.6, 2.0, 3.8), cab, ((0.5, 0.86, camera.pane, 1),)),
             ((-1.2, 1.2, 0.7, 3.3, -4.0, 1.8), cargo,
              ((0.46, 0.52, tone(cargo, 0.7), 1), (0.04, 0.08, tone(cargo, 0.6), 1)))]
    for piece in boxes if away else boxes[::-1]:
        box(camera, at, *piece)
    for side in (-1, 1):
        if (at(side, 0, 0)[0] - x) * x < 0:
            for v in (-2.6, 2.8):
                wheel(camera, at, side * 1.21, v, 0.48)
    for u in (-0.95, 0.95):
        tyre = [at(u + d, y, -3.2 if away else 3.4) for d, y in
                ((-0.2, 0), (0.2, 0), (0.2, 0.7), (-0.2, 0.7))]
        camera.flat(tyre, RUBBER, 0.8)
    ends(camera, at, 1.15, 1.7, 7.62 if not away else 8.02, away, driving=True)


def person(camera: Camera, x: float, z: float, rng: np.random.Generator,
           seated: float = 0, away: bool | None = None) -> None:
    """Somebody who walks, or sits on a bicycle ``seated`` metres above the road.

    Whoever looks ``away`` shows the back of the head; None leaves it to chance.
    """
    camera.take("rider" if seated else "person", z)
    metre = camera.scale(z) * rng.uniform(0.88, 1.06)
    px, py = camera.spot((x, 0.5 * seated, z))
    coat, trousers = choose(rng, CLOTHES), tone(choose(rng, CLOTHES), 0.6)
    skin, hair = choose(rng, SKINS), choose(rng, HAIRS)
    stride, back = rng.uniform(-0.26, 0.26), rng.random() < 0.5
    back = back if away is None else away
    skirt, bag = rng.random() < 0.25, rng.random() < 0.35
    light = camera.facing((0, 0, -1))

    def limb(x0, y0, x1, y1, thick, colour, share=1.0) -> None:
        start, end = ((px + x * metre, py - y * metre) for x, y in ((x0, y0), (x1, y1)))
        camera.bar(start, end, thick * metre, colour, light * share)

    if bag and back and not seated:
        limb(0.2, 1.15, 0.24, 0.72, 0.2, tone(coat, 0.5))
    for side, share in ((-1, 0.75), (1, 1)):
        foot = 0.35 if seated and side < 0 else 0.02
        limb(0.07 * side, 0.9, 0.07 * side + side * stride, foot, 0.15, trousers, share)
        limb(0.07 * side + side * stride - 0.05, foot + 0.02,
             0.07 * side + side * stride + 0.08, foot + 0.02, 0.08, DARK, share)
        limb(0.19 * side, 1.38, 0.26 * side - side * stride * 0.4, 0.82, 0.11, coat,
             0.8 * share)
    hips = 0.55 if skirt else 0.8
    torso = ((-0.23, 1.44), (0.23, 1.44), (0.19, 0.95), (0.2, hips), (-0.2, hips),
             (-0.19, 0.95))
    camera.shape([(px + u * metre, py - y * metre) for u, y in torso], coat, light)
    camera.shape([(px + u * metre, py - y * metre) for u, y in
                  ((0.04, 1.44), (0.23, 1.44), (0.2, hips), (0.06, hips))], coat,
                 0.85 * light, mark=False)
    y = py - 1.6 * metre
    camera.round(px, y, 0.11 * metre, 0.14 * metre, hair if back else skin, light)
    camera.round(px, y - 0.05 * metre, 0.12 * metre, 0.11 * metre,
                 choose(rng, PAINTS) if seated else hair, light)
    if not back:
        camera.round(px, y + 0.02 * metre, 0.085 * metre, 0.1 * metre, skin, light,
                     mark=False)


def bicycle(camera: Camera, x: float, z: float, turn: float, rng: np.random.Generator,
            ridden: bool = False) -> None:
    """A bicycle, parked or with its rider."""
    paint, at = choose(rng, PAINTS), placed(x, z, turn)
    camera.take("bicycle", z)
    metre, around = camera.scale(z), np.linspace(0, 2 * math.pi, 15)
    for v in (-0.52, 0.52):
        rim = [camera.spot(at(0, 0.34 + 0.34 * math.sin(a), v + 0.34 * math.cos(a)))
               for a in around]
        camera.marker.polygon(rim, camera.ident)
        for p, q in zip(rim, rim[1:]):
            camera.bar(p, q, 0.06 * metre, DARK)
        for k in (0, 2, 5):
            camera.bar(rim[k], rim[k + 7], 0.02 * metre, STEEL, 0.8, mark=False)
    frame = {"rear": (-0.52, 0.34), "pedal": (-0.08, 0.3), "seat": (-0.2, 0.86),
             "head": (0.34, 0.84), "front": (0.52, 0.34), "bar": (0.3, 1.02)}
    spots = {k: camera.spot(at(0, y, v)) for k, (v, y) in frame.items()}
    for a, b in (("rear", "pedal"), ("rear", "seat"), ("pedal", "seat"),
                 ("pedal", "head"), ("seat", "head"), ("head", "front"),
                 ("head", "bar")):
        camera.bar(spots[a], spots[b], 0.06 * metre, paint)
    camera.bar(camera.spot(at(-0.28, 1.04, 0.3)), camera.spot(at(0.28, 1.04, 0.3)),
               0.05 * metre, DARK)
    camera.bar(camera.spot(at(0, 0.92, -0.32)), camera.spot(at(0, 0.92, -0.1)),
               0.09 * metre, DARK)
    if ridden:
        person(camera, *at(0, 0, -0.1)[::2], rng, 0.6, math.cos(turn) > 0)
