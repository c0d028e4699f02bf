"""What the drawn towns are made of: areas, roads, water, roofs, trees, cars, sunlight.

Everything is drawn twice at once: on a street map, and on an aerial photo. The photo
has a fourth channel for heights above the ground, from which shadows are cast at the
end.
"""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from .canvas import Colour, choose, mix, noise, tone
from .map_streets import WIDTHS, Line, aside, boxes, inner

MAP_COLOURS = {
    "land": (237, 233, 225),
    "building": (216, 207, 197),
    "building_edge": (194, 184, 173),
    "park": (199, 224, 168),
    "pitch": (167, 205, 138),
    "water": (164, 203, 248),
    "road": (255, 255, 255),
    "road_edge": (211, 204, 195),
    "avenue": (255, 234, 142),
    "avenue_edge": (229, 198, 92),
    "highway": (249, 160, 48),
    "highway_edge": (214, 122, 24),
    "railway": (150, 148, 152),
}
EDGE = 0.004  # width of the lines along roads in the map
METRE = 0.003  # a picture shows about 330 m; heights are kept in half metres
PAVEMENT, WHITE, CONCRETE = (150, 146, 138), (226, 226, 220), (176, 172, 162)
CARS = [(228, 228, 226), (186, 190, 196), (38, 40, 46), (94, 98, 106), (160, 46, 40),
        (54, 78, 128), (206, 202, 188)]


class Survey:
    """A town under construction: photo and map, and what ground is taken.

    Both pictures are drawn enlarged and shrunk at the end. Where there is room for a
    house or a tree is looked up in ``taken``, and where roads end in ``wet``: these
    have one size whatever the picture's, so that a seed gives one town at every size.
    """

    def __init__(self, size: int, rng: np.random.Generator, sun: tuple, ground: Colour,
                 foliage: Sequence):
        self.size, self.rng = size, rng
        self.grain = np.random.default_rng(rng.integers(2**32))
        self.side = size * max(2, -(-384 // size))
        self.sun = np.array(sun)  # the shadow of a thing of height 1
        big, small = (self.side, self.side), (256, 256)
        self.images = {
            "photo": Image.new("RGBA", big, (*ground, 0)),  # A: the height
            "map": Image.new("RGB", big, MAP_COLOURS["land"]),
            "taken": Image.new("L", small),
            "wet": Image.new("L", small),
        }
        self.pens = {name: ImageDraw.Draw(im) for name, im in self.images.items()}
        self.foliage = [self.crown(METRE * r, choose(rng, foliage))
                        for r in (2.2, 2.8, 3.2, 3.8, 4.4, 5.2) for _ in range(2)]

    def fill(self, name: str, points: np.ndarray, colour, height: int = 0) -> None:
        """Fill a polygon of one of the images; in the photo it has a height."""
        scaled = points * self.images[name].width
        ink = (*colour, height) if name == "photo" else colour
        self.pens[name].polygon(scaled.ravel().tolist(), ink)

    def paint(self, quads: np.ndarray, colours, heights=0) -> None:
        """Fill polygons (n, k, 2) of the photo, in one colour or each in its own."""
        count, corners, _ = quads.shape
        scaled = (quads * self.side).reshape(count, 2 * corners).tolist()
        colours = [colours] * count if isinstance(colours, tuple) else colours
        heights = [heights] * count if isinstance(heights, int) else heights
        polygon = self.pens["photo"].polygon
        for points, colour, height in zip(scaled, colours, heights, strict=True):
            polygon(points, (*colour, height))

    def area(self, points: np.ndarray, name: str, colour: Colour) -> None:
        """Fill a polygon of the map and of the photo."""
        self.fill("map", points, MAP_COLOURS[name])
        self.fill("photo", points, colour)

    def reserve(self, points: np.ndarray, wet=False) -> None:
        """Keep buildings and trees, or also roads, away from a polygon."""
        self.fill("taken", points, 255)
        if wet:
            self.fill("wet", points, 255)

    def free(self, points: np.ndarray, name: str = "taken") -> np.ndarray:
        """Which of the points (..., 2) lie outside of what is drawn in an image."""
        i = np.minimum(np.maximum(points * 256, 0), 255).astype(int)
        return np.asarray(self.images[name])[i[..., 1], i[..., 0]] == 0

    def weather(self) -> None:
        """Make the ground uneven: patches of all sizes."""
        patches = 127 + 16 * noise(self.grain, (48, 48), 8)
        patches += self.grain.normal(0, 9, patches.shape)
        patches = Image.fromarray(patches.clip(0, 255).astype(np.uint8))
        light = np.asarray(patches.resize((self.side, self.side), Image.BICUBIC))
        fine = np.frombuffer(self.grain.bytes(light.size), np.uint8) >> 3
        light = Image.fromarray(light - 16 + fine.reshape(light.shape))
        photo = self.images["photo"]
        light = Image.merge("RGB", [light] * 3)
        light = ImageChops.overlay(photo.convert("RGB"), light)
        light.putalpha(photo.getchannel("A"))
        photo.paste(light)

    def water(self, outlines: Sequence, colour: Colour) -> None:
        """Cover the ground with water, which is shallow along its shore."""
        if not outlines:
            return
        mask = Image.new("L", (self.side, self.side))
        pen = ImageDraw.Draw(mask)
        for points in outlines:
            pen.polygon((points * self.side).ravel().tolist(), 255)
            self.reserve(points, wet=True)
        deep = mask.filter(ImageFilter.BoxBlur(0.02 * self.side))
        deep = deep.point([max(0, min(255, 2 * v - 255)) for v in range(256)])
        shoal = mix(colour, (112, 140, 124), 0.6)
        self.images["photo"].paste((*shoal, 0), (0, 0), mask)
        self.images["photo"].paste((*colour, 0), (0, 0), deep)
        self.images["map"].paste(MAP_COLOURS["water"], (0, 0), mask)

    def boats(self, points: np.ndarray, ahead: np.ndarray, scale: float) -> None:
        """White hulls with a deck; large ones are under way."""
        quads = boxes(points, ahead, 0.03 * scale, 0.009 * scale)
        bows = (quads[:, 1] + quads[:, 2]) / 2 + 0.012 * scale * ahead
        a, b, c, d = quads.swapaxes(0, 1)
        hulls = np.stack([a, b, bows, c, d], axis=1)
        if scale > 1:
            wake = boxes(points - 0.07 * ahead, ahead, 0.1, 0.016)
            wake[:, 1] = wake[:, 2] = points
            self.paint(wake, (112, 138, 150))
        self.paint(hulls, (236, 236, 232), 4)
        self.paint(inner(quads, 0.1, 0.25, 0.6, 0.75), (140, 116, 92), 4)

    # roads

    def roads(self, lines: Sequence[Line], kind: str, asphalt: Colour) -> None:
        """Draw roads of one kind, joined where they cross."""
        width = WIDTHS[kind]
        for line in lines:
            self.fill("map", line.ribbon(width + EDGE), MAP_COLOURS[kind + "_edge"])
            self.fill("photo", line.ribbon(width), PAVEMENT)
            self.reserve(line.ribbon(0.7 * width))
        for line in lines:
            self.fill("map", line.ribbon(width - EDGE), MAP_COLOURS[kind])
            paved = line.ribbon(width * (0.7 if kind == "road" else 0.82))
            self.fill("photo", paved, asphalt)

    def traffic(self, lines: Sequence[Line], kind: str) -> None:
        """Markings, and cars: parked on both sides of roads, else moving in lanes."""
        stripes, lanes, spacing = {
            "road": ((), (0.0078,), 0.024),
            "avenue": ((0.0105,), (0.0055, 0.0155), 0.034),
            "highway": ((0.0105, 0.0195), (0.006, 0.015, 0.0245), 0.036)}[kind]
        middle = {"avenue": (202, 178, 96), "highway": (132, 132, 108)}.get(kind)
        marks = [(0, 0.02, 0.021, 0.0028 if kind == "avenue" else 0.006, middle)]
        marks += [(side * s, 0.026, 0.012, 0.0022, (196, 196, 190))
                  for s in stripes for side in (1, -1)]
        for shift, every, length, width, paint in marks if middle else ():
            places, ahead = self.places(lines, every, [shift])
            self.paint(boxes(places, ahead, length, width), paint)
        sides = [side * lane for lane in lanes for side in (1, -1)]
        self.cars(*self.places(lines, spacing, sides), 0.22)

    def places(self, lines: Sequence[Line], spacing: float, shifts: Sequence) -> tuple:
        """Places at equal distances along roads, as far as these are on land."""
        if not lines:
            return np.zeros((0, 2)), np.zeros((0, 2))
        found = zip(*(line.along(spacing) for line in lines), strict=True)
        points, ahead = (np.concatenate(part) for part in found)
        points = np.concatenate([points + shift * aside(ahead) for shift in shifts])
        ahead = np.tile(ahead, (len(shifts), 1))
        good = inside(points)
        good[good] = self.free(points[good], "wet")
        return points[good], ahead[good]

    def cars(self, points: np.ndarray, ahead: np.ndarray, share: float) -> None:
        """Cars on some of the places, and a van or a lorry now and then."""
        chosen = self.rng.random(len(points)) < share
        points, ahead = points[chosen], ahead[chosen]
        kinds, paints = self.rng.random(len(points)), self.rng.random(len(points))
        large = kinds < 0.15
        lengths = np.select([kinds < 0.06, large], [0.03, 0.019], 0.0145)
        colours = [WHITE if van else CARS[int(len(CARS) * paint)]
                   for van, paint in zip(large, paints, strict=True)]
        quads, heights = boxes(points, ahead, lengths, 0.0074), np.where(large, 7, 4)
        self.paint(quads, colours, heights.tolist())
        panes = [tone(colour, 0.5) for colour in colours]
        self.paint(inner(quads, 0.6, 0.1, 0.76, 0.9), panes, heights.tolist())

    def railway(self, line: Line) -> None:
        """Two tracks on a bed of gravel."""
        self.reserve(line.ribbon(0.05))
        self.fill("photo", line.ribbon(0.034), (122, 112, 102))
        self.fill("map", line.ribbon(0.006), MAP_COLOURS["railway"])
        sleepers = boxes(*line.along(0.024), 0.006, 0.018)
        for sleeper in sleepers:
            self.fill("map", sleeper, MAP_COLOURS["railway"])
        for shift in (-0.008, 0.008):
            self.fill("photo", line.ribbon(0.0085, shift), (90, 80, 72))
            for rail in (-0.0025, 0.0025):
                self.fill("photo", line.ribbon(0.0015, shift + rail), (172, 168, 162))

    # buildings

    def buildings(self, quads: np.ndarray, heights: np.ndarray, roofs: np.ndarray,
                  colours: Sequence) -> None:
        """Buildings (n, 4, 2), metres high; their first sides face the streets."""
        inks = MAP_COLOURS["building"], MAP_COLOURS["building_edge"]
        for quad in quads:
            self.reserve(quad)
            self.pens["map"].polygon((quad * self.side).ravel().tolist(), *inks)
        levels = (2 * heights).astype(int)
        flat = np.isin(roofs, ("flat", "hall"))
        for draw, which in ((self.slopes, ~flat), (self.decks, flat)):
            if which.any():
                chosen = [c for c, yes in zip(colours, which, strict=True) if yes]
                draw(quads[which], levels[which], roofs[which], chosen)

    def slopes(self, quads, heights, roofs, colours) -> None:
        """Pitched roofs, brighter on the side of the sun."""
        long, deep = (np.hypot(*(quads[:, k] - quads[:, 0]).T) for k in (1, 3))
        turned = np.roll(quads, 1, axis=1)
        quads = np.where((long < deep)[:, None, None], turned, quads)
        hips = np.minimum(long, deep) / np.maximum(long, deep) / 2 * (roofs == "hip")
        ridge = inner(quads, hips, 0.5 + 0 * hips, 1 - hips, 0.5 + 0 * hips)
        left, right, (a, b, c, d) = ridge[:, 0], ridge[:, 1], quads.swapaxes(0, 1)
        sides = np.stack([[a, b, right, left], [d, c, right, left], [a, left, d, d],
                          [b, right, c, c]]).transpose(2, 0, 1, 3)
        out = np.stack([a - d, d - a, a - b, b - a], axis=1)
        facing = -(out @ self.sun) / np.hypot(out[..., 0], out[..., 1])
        light = 0.92 + 0.3 * facing / np.hypot(*self.sun)
        tones = [tone(c, x) for c, row in zip(colours, light, strict=True) for x in row]
        self.paint(sides.reshape(-1, 4, 2), tones, heights.repeat(4).tolist())

    def decks(self, quads, heights, roofs, colours) -> None:
        """Flat roofs: a parapet, and skylights or what stands on a roof."""
        sides = np.stack([np.hypot(*(quads[:, k] - quads[:, 0]).T) for k in (1, 3)], 1)
        rim = np.minimum(0.3, 0.005 / sides)
        roof = inner(quads, *rim.T, *(1 - rim).T)
        size = len(quads), 10
        x, y = self.rng.uniform(0.14, 0.7, (2, *size))
        w, h = self.rng.uniform(0.008, 0.018, (2, *size)) / sides.T[..., None]
        w, h = np.minimum(w, 0.26), np.minimum(h, 0.26)
        things = inner(quads[:, None], x, y, x + w, y + h)
        counts = (1.5 + 500 * sides.prod(axis=1)).astype(int)
        paints = self.rng.integers(3, size=size)
        for k, colour in enumerate(colours):
            height = int(heights[k])
            self.fill("photo", quads[k], tone(colour, 1.16), height)
            self.fill("photo", roof[k], colour, height)
            if roofs[k] == "hall":
                at = np.linspace(0.1, 0.84, max(3, int(sides[k, 0] / 0.024)))
                light = tone(colour, 1.2 if colour[0] < 190 else 0.84)
                self.paint(inner(quads[k], at, 0.12, at + 0.05, 0.88), light, height)
                continue
            shades = WHITE, (122, 124, 126), CONCRETE
            found = [shades[p] for p in paints[k, : counts[k]]]
            self.paint(things[k, : len(found)], found, height + 7)

    # trees and light

    def crown(self, radius: float, colour: Colour) -> tuple:
        """A tree seen from above, lit from one side: its picture and its outline."""
        r = max(1, radius * self.side)
        n = int(2 * r) + 2
        y, x = (np.mgrid[:n, :n] - (n - 1) / 2) / r
        lumps = noise(self.grain, (n, n), 4)
        bulge = 1 - x**2 - y**2 + 0.5 * lumps
        sun = self.sun / np.hypot(*self.sun)
        light = 0.9 - 0.34 * (x * sun[0] + y * sun[1]) + 0.35 * lumps
        light += 0.2 * (self.grain.random((n, n)) - 0.5)
        dome = 3 * radius / METRE * np.sqrt(bulge.clip(0))
        leaves = np.dstack([light[..., None] * colour, dome]).clip(0, 255)
        outline = Image.fromarray((255 * (bulge > 0.12)).astype(np.uint8))
        return Image.fromarray(leaves.astype(np.uint8)), outline

    def trees(self, points: np.ndarray, kinds: np.ndarray, anywhere=False) -> None:
        """Plant trees of some kinds (0 to 11, by size) where there is room."""
        room = inside(points) & (anywhere | self.free(points))
        places = (points[room] * self.side).tolist()
        for (x, y), kind in zip(places, kinds[room], strict=True):
            leaves, outline = self.foliage[kind]
            corner = round(x - leaves.width / 2), round(y - leaves.width / 2)
            self.images["photo"].paste(leaves, corner, outline)

    def shade(self) -> np.ndarray:
        """True where the sun does not come: each height is carried along its rays."""
        height = 8 * np.asarray(self.images["photo"].getchannel("A"), np.int16)
        length = np.hypot(*self.sun)
        drop = 8 * 2 / (METRE * self.side * length)  # of height on the way of a pixel
        reach = height.copy()
        for n in range(int(np.log2(0.12 * self.side)) + 1):
            dx, dy = (2**n * self.sun / length).round().astype(int)
            to = tuple(slice(max(d, 0), self.side + min(d, 0)) for d in (dy, dx))
            of = tuple(slice(max(-d, 0), self.side + min(-d, 0)) for d in (dy, dx))
            further = reach[of] - np.int16(round(2**n * drop))
            reach[to] = np.maximum(reach[to], further)
        return reach > height + 16

    def finish(self, sunlight: Sequence, dusk: float) -> tuple[np.ndarray, np.ndarray]:
        """Cast the shadows, colour the light, shrink; return photo and map."""
        photo = self.images["photo"].convert("RGB")
        bluish = (dusk, 1.04 * dusk, 1.18 * dusk)  # lit by the sky alone
        dark = photo.point([int(v * share) for share in bluish for v in range(256)])
        photo.paste(dark, (0, 0), Image.fromarray(255 * self.shade().view(np.uint8)))
        times = self.side // self.size
        small = np.asarray(photo.reduce(times), np.float32) * np.float32(sunlight)
        small += self.grain.normal(0, 2, small.shape[:2] + (1,)).astype(np.float32)
        street_map = np.array(self.images["map"].reduce(times))
        return small.clip(0, 255).astype(np.uint8), street_map


def inside(points: np.ndarray) -> np.ndarray:
    """Which of the points (n, 2) lie in the picture or near its border."""
    return (np.abs(points - 0.5) < 0.52).all(axis=1)
