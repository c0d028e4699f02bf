"""A canvas for drawing a photo and the label map that belongs to it, together."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw

Box = tuple  # left, top, right, bottom: fractions of the picture, y points down
Colour = tuple  # red, green, blue: 0 to 255


class Canvas:
    """A photo and its label map under construction.

    The photo is drawn enlarged and shrunk at the end, which smooths its edges; the
    labels are drawn at their final size, which keeps their colours pure.

    Parameters
    ----------
    size : int
        Width and height of the finished pictures in pixels.
    palette : mapping of str to Colour
        The classes and their colours, ``background`` among them.
    rng : numpy.random.Generator
        Makes the choices. Textures, which take more numbers the larger the picture is,
        have a generator of their own, so that a seed gives one house at every size.
    """

    def __init__(self, size: int, palette: Mapping, rng: np.random.Generator):
        self.size, self.palette = size, palette
        self.side = size * max(2, -(-256 // size))  # of the enlarged photo
        self.rng, self.grain = rng, np.random.default_rng(rng.integers(2**32))
        self.photo = Image.new("RGB", (self.side, self.side))
        self.labels = Image.new("RGB", (size, size), palette["background"])
        self.pen = ImageDraw.Draw(self.photo)
        self.sun = 1  # on the left, so shadows fall to the right; -1: the other way
        self.dusk = 0.5  # share of the light that is left in a shadow
        self.screen = (0, 0, 1, 1)  # where shadows can fall

    def mark(self, name: str, box: Box) -> Box:
        """Draw a label; return its box as it lies on the label map's pixels."""
        x0, y0, x1, y1 = pixels(box, self.size)
        corners = (x0, y0, x1 - 1, y1 - 1)
        ImageDraw.Draw(self.labels).rectangle(corners, self.palette[name])
        return tuple(v / self.size for v in (x0, y0, x1, y1))

    def fill(self, box: Box, colour: Colour) -> None:
        """Fill a box of the photo, at least one pixel of it."""
        x0, y0, x1, y1 = pixels(box, self.side)
        self.pen.rectangle((x0, y0, x1 - 1, y1 - 1), colour)

    def shape(self, points: Sequence, colour: Colour) -> None:
        """Fill a polygon of the photo."""
        self.pen.polygon([(x * self.side, y * self.side) for x, y in points], colour)

    def round(self, box: Box, colour: Colour) -> None:
        """Fill the ellipse inside a box of the photo."""
        self.pen.ellipse([v * self.side for v in box], colour)

    def strips(self, box: Box, colour: Colour, tones: Sequence, upright=False) -> None:
        """Fill a box of the photo with strips, lighter (> 1) or darker (< 1)."""
        for k, factor in enumerate(tones):
            start = k / len(tones)
            rest = (start, 0, 1, 1) if upright else (0, start, 1, 1)
            self.fill(part(box, *rest), tone(colour, factor))

    def cover(self, box: Box, light: np.ndarray, colour: Colour, outline=()) -> None:
        """Cover a box of the photo, or an outline in it, with a textured surface."""
        texture = np.clip(light[..., None] * np.array(colour), 0, 255)
        self.paste(box, Image.fromarray(texture.astype(np.uint8)), outline)

    def paste(self, box: Box, image: Image.Image, outline: Sequence = ()) -> None:
        """Put an image into a box of the photo, or into an outline in it."""
        x0, y0, x1, y1 = pixels(box, self.side)
        mask = Image.new("L", (x1 - x0, y1 - y0), 0 if outline else 255)
        if outline:
            points = [(x * self.side - x0, y * self.side - y0) for x, y in outline]
            ImageDraw.Draw(mask).polygon(points, 255)
        self.photo.paste(image, (x0, y0), mask)

    def shadow(self, box: Box, depth: float) -> None:
        """Darken what a thing that stands out by ``depth`` hides from the sun."""
        x0, y0, x1, y1 = box
        dx, dy = 0.6 * self.sun * depth, depth
        near, far = (x0, x1) if dx > 0 else (x1, x0)
        hull = ((near, y0), (far, y0), (far + dx, y0 + dy), (far + dx, y1 + dy),
                (near + dx, y1 + dy), (near, y1))
        left, top, right, bottom = self.screen
        reach = (max(min(x0, x0 + dx), left), max(y0, top),
                 min(max(x1, x1 + dx), right), min(y1 + dy, bottom))
        lit = self.photo.crop(pixels(reach, self.side))
        bluish = (self.dusk, 1.03 * self.dusk, 1.12 * self.dusk)  # lit by the sky
        dark = lit.point([int(min(255, v * f)) for f in bluish for v in range(256)])
        self.paste(reach, dark, hull)

    def shape_of(self, box: Box) -> tuple[int, int]:
        """Height and width of a box in pixels of the enlarged photo."""
        x0, y0, x1, y1 = pixels(box, self.side)
        return y1 - y0, x1 - x0

    def finish(self, sunlight: Sequence) -> tuple[np.ndarray, np.ndarray]:
        """Shrink the photo, colour it with the light, add a camera's grain."""
        photo = np.asarray(self.photo.reduce(self.side // self.size), np.float32)
        photo = photo * sunlight + self.grain.normal(0, 2.5, photo.shape[:2] + (1,))
        return np.clip(photo, 0, 255).astype(np.uint8), np.array(self.labels)


def pixels(box: Box, side: int) -> tuple[int, int, int, int]:
    """The box in whole pixels, at least one of them wide and high."""
    x0, y0, x1, y1 = (round(v * side) for v in box)
    return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)


def part(box: Box, x0: float, y0: float, x1: float, y1: float) -> Box:
    """A box inside or around a box, in fractions of its width and height."""
    left, top, right, bottom = box
    w, h = right - left, bottom - top
    return left + x0 * w, top + y0 * h, left + x1 * w, top + y1 * h


def grow(box: Box, by: float) -> Box:
    """The box, larger by the same amount on all sides."""
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def tone(colour: Colour, factor: float) -> Colour:
    """The colour in more (> 1) or less (< 1) light."""
    return tuple(min(255, int(v * factor)) for v in colour)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """Colour ``a`` with a share of ``b`` in it."""
    return tuple(int(u + (v - u) * share) for u, v in zip(a, b, strict=True))


def noise(rng: np.random.Generator, shape: tuple, cells: int) -> np.ndarray:
    """Smooth noise around 0, mostly within -1 and 1: a coarse grid, enlarged."""
    coarse = Image.fromarray(rng.normal(0, 0.5, (cells, cells)).astype(np.float32))
    return np.asarray(coarse.resize(shape[::-1], Image.BICUBIC))


def courses(rng: np.random.Generator, shape: tuple, row: float, column: float,
            joint: float, spread: float) -> np.ndarray:
    """Brightness of what is laid in courses: bricks, blocks, tiles or boards.

    ``row`` and ``column`` are the size of one brick in pixels, ``joint`` is the
    brightness of the gaps, ``spread`` how much one brick differs from the next.
    """
    y, x = np.arange(shape[0])[:, None], np.arange(shape[1])[None]
    i = (y / row).astype(int)
    x = x + i % 2 * column / 2  # every other course is shifted by half a brick
    j = (x / column).astype(int)
    light = rng.normal(1, spread, (i.max() + 1, j.max() + 1))[i, j]
    gap = max(1, 0.18 * row)
    return np.where((y % row < gap) | (x % column < gap), joint, light)


def choose(rng: np.random.Generator, options: Sequence):
    """One of the options, each as likely as the others."""
    return options[rng.integers(len(options))]
