"""Streets drawn by code, as seen from a car: photo, label map and instance ids.

A stand-in for Cityscapes, with its numbers and colours. A street is planned in metres
and seen through a pinhole camera, so that distant things are small and near ones hide
them. What labels cannot tell (paint, clothes, weather) varies from picture to picture
and from one thing to the next.
"""
from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np

from ..street_labels import colour_labels
from .canvas import choose
from .street_camera import Camera, Weather
from .street_elements import bonnet, fence, hedge, lamp, sign, traffic_light, tree
from .street_ground import END, JUNCTION, LANE, Scene, Side, Street, ground
from .street_houses import COTTAGES, MODERN, TOWN, backdrop, house
from .street_traffic import PAINTS, bicycle, bus, car, person, placed, truck

STREETS = (
    Street(TOWN, (3, 5), (10, 18), (0, 0), 0.95, 0.15, 0.35, 0.2, 2.6),
    Street(TOWN + MODERN, (4, 6), (14, 26), (0, 3), 0.6, 0.5, 0.8, 0.8, 1.8),
    Street(COTTAGES, (2, 2), (9, 14), (3, 10), 0.65, 0.7, 0.6, 0, 0.9, gardens=True),
    Street(MODERN, (4, 9), (18, 34), (0, 8), 0.45, 0.4, 0.6, 0.7, 2),
)
WEATHERS = (
    Weather((84, 138, 206), (200, 218, 234), (1.06, 1.02, 0.95), 0.52, 260, 0.35),
    Weather((104, 152, 206), (206, 220, 232), (1.05, 1.01, 0.95), 0.58, 200, 0.7),
    Weather((168, 180, 194), (214, 218, 222), (0.92, 0.95, 0.97), 0.9, 130, 0.9),
    Weather((146, 154, 166), (190, 194, 198), (0.8, 0.83, 0.88), 0.94, 90, 1, wet=0.36),
    Weather((120, 142, 190), (250, 206, 160), (1.1, 0.93, 0.78), 0.5, 170, 0.5),
    Weather((42, 52, 92), (158, 124, 128), (0.56, 0.56, 0.7), 0.9, 150, 0.4, wet=0.2,
            lamps=True),
)
CHANCES = (0.26, 0.2, 0.18, 0.13, 0.13, 0.1)  # of sun, sun, grey, rain, evening, dusk
LONG = (house, fence, hedge)  # things that are more than a place
FOOTPRINTS = {  # half the width, half the length and the height of what casts a shadow
    car: (0.95, 2.2, 1.3), bus: (1.3, 5.6, 3.0), truck: (1.25, 4.0, 3.0),
    bicycle: (0.2, 0.6, 0.9), person: (0.25, 0.25, 1.6),
}


def plan(camera: Camera, rng: np.random.Generator) -> Scene:
    """Choose a street, and where in it the camera is."""
    kind = choose(rng, STREETS)

    def chance(share: float) -> bool:
        return bool(rng.random() < share)

    def side(sign_: int) -> Side:
        road = 2 * LANE if chance(kind.lanes) else LANE
        parked, park = chance(kind.parked), chance(0.14)
        kerb = road + (2.2 if parked else 0.3)
        verge = kerb + rng.uniform(1.2, 2.6) * chance(kind.verge)
        houses = verge + rng.uniform(2.2, 4.2) + rng.uniform(2.5, 5) * kind.gardens
        green = kind.gardens or park
        return Side(sign_, road, kerb, verge, houses, parked, green, park)

    sides = side(-1), side(1)
    lane = rng.integers(round(sides[1].road / LANE))
    middle = -LANE * (lane + 0.5) + rng.uniform(-0.3, 0.3)
    junction = rng.uniform(14, 45) if chance(0.45) else None
    bend = rng.uniform(-0.0017, 0.0017)
    return Scene(camera, rng, kind, sides, middle, bend, junction)


def build(scene: Scene, side: Side) -> None:
    """A row of houses, and trees in the gaps between them."""
    rng, kind, z = scene.rng, scene.kind, scene.rng.uniform(-6, 4)
    while z < END:
        end = z + rng.uniform(*kind.length)
        if scene.junction is not None and z < scene.junction + JUNCTION + 1 < end + 10:
            if scene.junction - 1 - z > 6:
                end = min(end, scene.junction - 1)
            else:
                z = scene.junction + JUNCTION + 1
                end = z + rng.uniform(*kind.length)
        offset = side.sign * (side.houses + choose(rng, (0, 0, 0.6)))
        if end > 3:
            near, far = ((scene.x(offset, v), v) for v in (z, end))
            floors = int(rng.integers(kind.floors[0], kind.floors[1] + 1))
            depth = side.sign * rng.uniform(8, 12)
            scene.add(far[0] + side.sign * 12, end, house, scene.camera, near, far,
                      depth, floors, choose(rng, kind.houses), scene.own())
        gap = rng.uniform(*kind.gap)
        if gap > 1.5:
            scene.stand(end + gap / 2, side.sign * (side.houses + rng.uniform(1, 5)),
                        tree, scene.own(), rng.uniform(0.9, 1.4))
        z = end + gap


def plant(scene: Scene, side: Side) -> None:
    """Rows of trees; fences, walls and hedges before gardens and parks."""
    rng = scene.rng
    if side.park:
        for z in np.arange(3, 100, 4):
            if scene.clear(z, 3, 3):
                scene.stand(z, side.sign * (side.verge + rng.uniform(4, 14)), tree,
                            scene.own(), rng.uniform(1, 1.7))
    if side.green:
        for z in np.arange(-3, 80, 7):
            draw = choose(rng, (hedge, fence, hedge if side.park else fence))
            near, far = ((scene.x(side.sign * (side.verge + 1.9), v), v)
                         for v in (max(z, 1), z + 6.4))
            if scene.clear(z, 8, 1):
                scene.add(*far, draw, scene.camera, near, far, scene.own())
    if rng.random() < scene.kind.trees:
        for z in np.arange(rng.uniform(5, 14), 100, rng.uniform(8, 14)):
            if scene.clear(z, 4, 4) and rng.random() < 0.85:
                offset = max(side.kerb + 0.9, side.verge - 0.8)
                scene.stand(z, side.sign * offset, tree, scene.own(),
                            rng.uniform(0.8, 1.2))


def furnish(scene: Scene, side: Side) -> None:
    """What stands on a side: lamps, signs, parked cars and bicycles, people."""
    rng, s = scene.rng, side.sign
    for z in np.arange(rng.uniform(8, 25), 100, rng.uniform(18, 28)):
        if scene.clear(z):
            scene.stand(z, s * (side.kerb + 0.5), lamp)
    for z in rng.uniform(7, 60, rng.integers(0, 4)):
        if scene.clear(z):
            scene.stand(z, s * (side.kerb + 0.6), sign, scene.own())
    if side.parked:
        z, ahead = rng.uniform(4, 8), 1 if s > 0 or rng.random() < 0.4 else -1
        while z < 75:  # bumper to bumper, with a free place now and then
            if scene.clear(z, 7, 7) and rng.random() < 0.86:
                offset = s * (side.road + 1.1 + rng.uniform(-0.12, 0.12))
                turn = scene.turn(z, ahead) + rng.normal(0, 0.015)
                scene.stand(z, offset, car, turn, scene.own())
            z += rng.uniform(4.9, 5.7)
    wall = min(side.houses, side.verge + (1.7 if side.green else 3)) - 0.4
    for z in rng.uniform(6, 45, rng.poisson(scene.kind.people)):
        for _ in range(rng.integers(1, 5)):
            scene.stand(max(4, z + rng.normal(0, 0.7)),
                        s * rng.uniform(side.verge + 0.3, wall), person, scene.own())
    if rng.random() < 0.45:
        z = rng.uniform(6, 25)
        for k in range(rng.integers(1, 5)):
            turn = s * rng.uniform(0.5, 1.2)
            scene.stand(z + 0.8 * k, s * (wall - 0.6), bicycle, turn, scene.own())


def traffic(scene: Scene, side: Side) -> None:
    """What drives on a side of the road."""
    rng, s = scene.rng, side.sign
    for lane in range(round(side.road / LANE)):
        z = rng.uniform(9, 34)
        while z < 85:
            kind, place = rng.random(), (z, s * LANE * (lane + 0.5))
            turn, own = scene.turn(z, s), scene.own()
            if scene.clear(z, 8, 3) and kind < 0.86:
                if kind < 0.17 and z > 14:
                    scene.stand(*place, bus if kind < 0.08 else truck, turn, own)
                else:
                    scene.stand(*place, car, turn, own, True)
            z += rng.uniform(8, 12) + rng.exponential(10)
    if rng.random() < 0.45:
        z = rng.uniform(6, 25)
        turn = scene.turn(z, s) + rng.normal(0, 0.15)
        scene.stand(z, s * (side.road - 0.55), bicycle, turn, scene.own(), True)


def cross(scene: Scene) -> None:
    """Traffic lights at a side street; when ours is red, others cross our street."""
    rng, z, (left, right) = scene.rng, scene.junction, scene.sides
    phase = int(rng.integers(3))  # red, amber, green
    if phase == 0:
        for step in rng.uniform(1.2, 3.2, rng.integers(1, 5)):
            offset = rng.uniform(-left.kerb, right.kerb)
            scene.stand(z - step, offset, person, scene.own())
        turn = choose(rng, (-1, 1)) * np.pi / 2
        scene.stand(z + 3, rng.uniform(-12, 12), car, turn, scene.own(), True)
    for at, offset in ((z - 4.6, right.kerb + 0.5), (z - 4.6, -left.kerb - 0.5),
                       (z + JUNCTION + 1, right.kerb + 0.5)):
        scene.stand(at, offset, traffic_light, phase)


def distance(scene: Scene) -> None:
    """Houses and trees at the end of the street, in the haze."""
    rng, camera, kind = scene.rng, scene.camera, scene.kind
    shift, x = scene.x(0, END), -130.0
    while x < 130:
        width = rng.uniform(12, 24)
        floors = int(rng.integers(kind.floors[0], kind.floors[1] + 1))
        backdrop(camera, shift + x, shift + x + width, END + 10, floors,
                 choose(rng, kind.houses), scene.own())
        x += width
    for x in rng.uniform(-40, 40, 9):
        tree(camera, shift + x, END + 4, scene.own(), rng.uniform(0.8, 1.5))


def shade(scene: Scene) -> None:
    """The shadows of all things on the ground."""
    casts, touches = [], []
    for x, z, draw, args in scene.things:
        if draw is house:
            near, far, _, floors, style = args[1:6]
            casts.append(((near, far), floors * style.storey))
        elif draw is tree:  # its crown keeps the sun away some metres beside its foot
            sx, sy, sz = scene.camera.sun
            x, z, radius = x - 3.5 * sx / sy, z - 3.5 * sz / sy, 1.7 * args[4]
            crown = [(x + radius * np.cos(a), z + radius * np.sin(a))
                     for a in np.linspace(0, 5.5, 8)]
            casts.append((crown, 2))
        elif draw in FOOTPRINTS:
            half, reach, height = FOOTPRINTS[draw]
            at = placed(x, z, 0 if draw is person else args[3])
            outline = [at(u, 0, v)[::2] for u, v in ((-half, -reach), (half, -reach),
                                                     (half, reach), (-half, reach))]
            casts.append((outline, height))
            touches.append(outline)
    scene.camera.shadows(casts, touches)


def far_away(thing: tuple) -> float:
    """What to sort things by, so that the near ones are drawn over the far ones.

    Along any one line of sight this grows with the distance. Of two things side by
    side, both long like cars, it is larger for that which is farther from the middle.
    """
    x, z = thing[:2]
    return z + 3 * abs(x)


def draw_scene(
    height: int, width: int, seed: int | Sequence[int] = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw a street, what is where in it, and which thing is which.

    Parameters
    ----------
    height, width : int
        Of all three pictures in pixels, at least 32. A seed gives the same street at
        every size of the same shape.
    seed : int or sequence of int
        0 or more. Everything that varies depends on it alone.

    Returns
    -------
    photo : numpy.ndarray
        uint8, RGB, of shape (height, width, 3).
    labels : numpy.ndarray
        uint8, shape (height, width): numbers of Cityscapes, see ``STREET_LABELS``.
    instances : numpy.ndarray
        int32, shape (height, width): 1000 * label + n for the n-th thing of a class
        whose things are told apart (``HAS_INSTANCES``), the label itself elsewhere.

    Raises
    ------
    ValueError
        If a side is below 32 or a seed is negative.
    """
    height, width = operator.index(height), operator.index(width)
    for name, value in (("height", height), ("width", width)):
        if value < 32:
            raise ValueError(f"{name}={value} leaves no room for a street: "
                             "use 32 or more.")
    if np.min(seed, initial=0) < 0:
        raise ValueError(f"seed={seed} is negative: use 0 or more.")
    rng = np.random.default_rng(seed)
    camera = Camera(height, width, rng, WEATHERS[rng.choice(len(WEATHERS), p=CHANCES)])
    scene = plan(camera, rng)
    for side in scene.sides:
        if not side.park:
            build(scene, side)
        for populate in (plant, furnish, traffic):
            populate(scene, side)
    if scene.junction is not None:
        cross(scene)
    camera.sky()
    ground(scene)
    shade(scene)
    distance(scene)
    for x, z, draw, args in sorted(scene.things, key=far_away, reverse=True):
        if draw in LONG or any(camera.sees((x, 0, z + ahead), 4) for ahead in (0, 6)):
            draw(*args)
    if rng.random() < 0.45:
        bonnet(camera, choose(rng, PAINTS))
    return camera.finish()


def draw_street(
    size: int = 256, seed: int | Sequence[int] = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a square pair: a photo and its labels in the colours of Cityscapes.

    Both are uint8, RGB, of shape (size, size, 3); see `draw_scene`.
    """
    photo, labels, _ = draw_scene(size, size, seed)
    return photo, colour_labels(labels)


def draw_street_hd(
    size: int = 256, seed: int | Sequence[int] = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw photo, label ids and instance ids, ``size`` high and twice as wide.

    Twice as wide as high, like the pictures of Cityscapes; see `draw_scene`.
    """
    return draw_scene(size, 2 * operator.index(size), seed)
