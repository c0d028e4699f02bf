"""A drawn street in the making: its plan, its ground and what is painted on it."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from .canvas import Colour, choose, tone
from .street_camera import NEAR, Camera

END = 120.0  # where the street ends; all lengths are in metres
LANE = 3.3  # width of a lane
JUNCTION = 8.0  # width of a side street
DISTANCES = np.concatenate(([NEAR, 2.0], np.geomspace(4, END, 13)))


@dataclass(frozen=True)
class Street:
    """What streets of one kind share: options, sizes in metres, chances."""

    houses: Sequence  # styles
    floors: tuple  # fewest, most
    length: tuple  # of a house along the street
    gap: tuple  # between two houses
    parked: float  # chance of a row of parked cars on a side, likewise:
    verge: float  # a strip of grass along the pavement
    trees: float  # a row of them
    lanes: float  # two lanes on a side
    people: float  # groups of people on a side, on average
    gardens: bool = False  # between the pavement and the houses


@dataclass(frozen=True)
class Side:
    """One side of the street: where its strips begin, in metres from its middle."""

    sign: int  # 1: right, -1: left
    road: float  # edge of the lanes, likewise:
    kerb: float  # beyond the parked cars
    verge: float  # beyond the grass, where people walk
    houses: float
    parked: bool  # whether cars are
    green: bool  # whether gardens or a park lie behind the pavement
    park: bool  # trees instead of houses

    def strip(self, start: float, stop: float) -> tuple[float, float]:
        """The offsets of two distances from the middle, from left to right."""
        return tuple(sorted((self.sign * start, self.sign * stop)))


@dataclass
class Scene:
    """A street and the things that are to be drawn in it, each with its distance."""

    camera: Camera
    rng: np.random.Generator
    kind: Street
    sides: Sequence[Side]  # left, right
    middle: float  # x of the middle of the road, seen from the camera
    bend: float  # the middle is shifted by bend * z ** 2
    junction: float | None  # where a side street crosses
    things: list = field(default_factory=list)

    def x(self, offset: float, z: float) -> float:
        """The x of a place that lies ``offset`` metres right of the road's middle."""
        return float(self.middle + offset + self.bend * max(z, 0) ** 2)

    def turn(self, z: float, sign: int = 1) -> float:
        """Direction of those who drive on a side of the road, in radians."""
        along = float(np.arctan(2 * self.bend * max(z, 0)))
        return along if sign > 0 else along + np.pi

    def clear(self, z: float, before: float = 2, behind: float = 2) -> bool:
        """Whether a place is off the side street, with some metres to spare."""
        if self.junction is None:
            return True
        return not -before < z - self.junction < JUNCTION + behind

    def own(self) -> np.random.Generator:
        """A generator for one thing, whatever the others make of theirs."""
        return np.random.default_rng(self.rng.integers(2**32))

    def add(self, x: float, z: float, draw: Callable, *args) -> None:
        """Draw a thing later, after all that is farther away than this place."""
        self.things.append((x, z, draw, args))

    def stand(self, z: float, offset: float, draw: Callable, *args) -> None:
        """Put a thing onto a place of the street."""
        x, z = self.x(offset, z), float(z)
        self.add(x, z, draw, self.camera, x, z, *args)

    def ribbon(self, offsets: Sequence, name: str, colour: Colour, start: float = 0,
               stop: float = END) -> None:
        """A strip of the ground between two offsets and two distances."""
        zs = np.clip(DISTANCES, start, stop).tolist()
        for z0, z1 in zip(zs[-2::-1], zs[:0:-1]):
            if z1 > z0:
                self.patch(offsets, (z0, z1), name, colour)

    def patch(self, offsets: Sequence, zs: Sequence, name: str, colour: Colour) -> None:
        """A piece of the ground, short enough to have straight sides."""
        (x0, x1), (z0, z1) = offsets, zs
        if z1 > NEAR:
            z0 = max(z0, NEAR)
            self.camera.take(name, 0.5 * (z0 + z1))
            corners = ((x0, z0), (x1, z0), (x1, z1), (x0, z1))
            self.camera.flat([(self.x(x, z), 0, z) for x, z in corners], colour,
                             self.camera.facing((0, 1, 0)))


def ground(scene: Scene) -> None:
    """Road, pavements and grass, with what is painted on them."""
    rng, camera, (left, right) = scene.rng, scene.camera, scene.sides
    asphalt = tone(choose(rng, ((104, 106, 110), (92, 94, 98), (116, 114, 112))),
                   rng.uniform(0.92, 1.08))
    slabs = choose(rng, ((168, 162, 154), (150, 148, 146), (176, 160, 144)))
    grass = choose(rng, ((112, 138, 74), (98, 126, 76), (136, 138, 82)))
    paved = rng.random() < 0.5  # the bays of the parked cars are
    camera.take("terrain", END)
    w, h = camera.photo.size
    camera.shape([(0, camera.horizon), (w, camera.horizon), (w, h), (0, h)], grass,
                 camera.facing((0, 1, 0)))
    scene.ribbon((-90, 90), "terrain", grass)
    for side in scene.sides:
        pavement = side.verge + (1.8 if side.green else 9)
        scene.ribbon(side.strip(side.kerb, pavement), "sidewalk", slabs)
        if side.verge > side.kerb:
            scene.ribbon(side.strip(side.kerb + 0.2, side.verge), "terrain", grass)
    scene.ribbon((-left.kerb, right.kerb), "road", asphalt)
    stretches, side_street = [(0, END)], scene.junction
    if side_street is not None:
        stretches = [(0, side_street), (side_street + JUNCTION, END)]
        scene.ribbon((-80, 80), "road", asphalt, side_street, side_street + JUNCTION)
    for side in scene.sides:
        for stretch in stretches:
            edge = side.strip(side.kerb - 0.02, side.kerb + 0.18)
            scene.ribbon(edge, "sidewalk", (186, 184, 180), *stretch)
            if side.parked and paved:
                bays = side.strip(side.road, side.kerb)
                scene.ribbon(bays, "parking", (138, 128, 120), *stretch)
            if side.parked or scene.kind.lanes:
                line = side.strip(side.road - 0.06, side.road + 0.06)
                scene.ribbon(line, "road", (212, 212, 206), *stretch)
    markings(scene, (224, 224, 218))


def markings(scene: Scene, white: Colour) -> None:
    """Lines between the lanes, and a zebra crossing before a side street."""
    left, right = scene.sides
    middle = (2, 2) if scene.rng.random() < 0.25 else (3, 6)  # length, step of dashes
    lanes = [-LANE] * (left.road > LANE) + [LANE] * (right.road > LANE)
    phase = scene.rng.uniform(-6, 0)
    for x, (length, step) in [(0, middle)] + [(x, (3, 6)) for x in lanes]:
        for z in np.arange(phase, 90, step)[::-1].tolist():
            if scene.clear(z, before=5 + length, behind=0):
                scene.patch((x - 0.08, x + 0.08), (z, z + length), "road", white)
    if scene.junction is not None:
        z = scene.junction
        for x in np.arange(0.3 - left.road, right.road - 0.3, 1.0):
            scene.patch((x, x + 0.5), (z - 3.6, z - 0.8), "road", white)
        scene.patch((0.2, right.road - 0.2), (z - 4.9, z - 4.5), "road", white)
