"""Still lifes drawn by code, with apples or with oranges: two domains without pairs.

The domains differ in style alone. Where the fruits lie, what is around them and where
the light comes from does not depend on which fruits they are. One scene is drawn twice,
once with the smooth, streaked, shining skin of apples and once with the dimpled peel of
oranges; outside the fruits both pictures are equal.
"""
from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .canvas import Colour, choose, mix, tone
from .fruit_stage import (
    AIR,
    BARK,
    GLAZES,
    LEAVES,
    WHITE,
    WICKER,
    Stage,
    dot,
    draw_bowl,
    draw_leaf,
    draw_plate,
    draw_room,
    rgb,
    texture,
    unit,
)

APPLES = (  # ground colour, blush, how far the blush reaches, how streaked it is
    ((206, 184, 80), (186, 26, 36), 0.80, 1.0),
    ((196, 172, 80), (180, 20, 32), 0.85, 0.8),
    ((176, 60, 44), (150, 12, 30), 0.95, 0.5),
    ((194, 198, 86), (200, 32, 58), 0.72, 0.6),
    ((176, 158, 70), (166, 18, 32), 0.85, 0.9),
    ((196, 84, 60), (196, 22, 42), 0.90, 0.6),
    ((190, 190, 78), (176, 24, 38), 0.76, 1.0),
    ((132, 176, 50), (164, 192, 74), 0.40, 0.3),  # green
)
ORANGES = ((244, 140, 22), (250, 158, 30), (236, 122, 18), (226, 104, 20),
           (248, 146, 34), (240, 132, 12))
HEAPS = {3: (1, 2), 4: (1, 3), 5: (2, 3), 6: (1, 2, 3), 7: (3, 4), 8: (1, 3, 4),
         9: (2, 3, 4)}  # how many fruits lie in each row, the highest row first


@dataclass(frozen=True)
class Fruit:
    """A fruit, whichever it is in the end."""

    x: float
    y: float
    r: float
    pole: np.ndarray  # the direction of its stalk, a unit vector
    luck: np.ndarray  # seven numbers from 0 to 256, for what differs on its skin
    apple: tuple
    orange: Colour


def draw_ball(stage: Stage, x: float, y: float, r: float) -> Fruit:
    """Put an apple into one photo and an orange of the same outline into the other."""
    rng = stage.rng
    own = choose(rng, APPLES), choose(rng, ORANGES)
    pole = unit(rng.uniform(-0.5, 0.5), -rng.uniform(0.55, 0.95), rng.uniform(0.5, 0.9))
    kinds = own if stage.mixed else stage.kinds
    fruit = Fruit(x, y, r, pole, rng.uniform(0, 256, 7), *kinds)
    if len(stage.photos) == 1:  # both are equal so far
        stage.photos = np.repeat(stage.photos, 2, axis=0)
    stage.shadow(x, y + 0.1 * r, 1.25 * r, 1.22 * r, 0.6, on_fruit=True)
    where, px, py = stage.crop(x - r, y - r, x + r, y + r)
    v = (py - y) / r / rng.uniform(0.9, 0.99)
    u = (px - x) / r * (1 + 0.07 * v)  # broader at the shoulders
    square = u * u + v * v
    normal = np.stack([u, v + 0 * u, np.sqrt(np.maximum(1 - square, 0.002))])
    height = dot(pole, normal)  # over the equator, as on a globe; 1 is at the stalk
    east = unit(-pole[1], pole[0], 0)
    angle = np.arctan2(dot(east, normal), dot(np.cross(pole, east), normal))
    skins = [skin(stage, fruit, normal, height, angle) for skin in (apple, orange)]
    stage.paint(where, stage.edge((1 - np.sqrt(square)) * r), np.stack(skins), fruit=1)
    return fruit


def apple(stage: Stage, fruit: Fruit, normal: np.ndarray, height: np.ndarray,
          angle: np.ndarray) -> np.ndarray:
    """Blush, streaks and dots, a hollow with the stalk, and the window's reflection."""
    ground, blush, reach, streaked = fruit.apple
    luck, turn, pole = fruit.luck, angle * (128 / np.pi), fruit.pole
    streaks = texture((3, 36), 60 * height + luck[0], turn + luck[1])
    patches = texture((3, 3), 40 * height + luck[2], turn + luck[3])
    share = reach + 0.2 * np.cos(angle + luck[4]) + 0.1 * patches
    share += 0.14 * streaked * streaks - 1.8 * np.clip(height - 0.82, 0, 1)
    share = np.clip(1.6 * share - 0.4, 0, 1)[..., None]  # little of what is between
    colour = rgb(ground) + share * (rgb(blush) - rgb(ground))
    dots = texture((40, 40), 90 * normal[1] + luck[5], 90 * normal[0])
    colour += (46 * np.clip(dots - 1.9, 0, 1) + 6 * streaked * streaks)[..., None]

    near = np.exp((height - 1) / 0.07)  # 1 at the stalk, 0 away from it
    bent = normal + 3 * near * (pole[:, None, None] - height * normal)
    colour *= stage.light(bent) * (1 - 0.5 * near**2)[..., None]
    foot, way = 0.93 * pole[:2], 0.2 * pole[:2] + (luck[6] / 850 - 0.15, -0.22)
    u, v = normal[0] - foot[0], normal[1] - foot[1]
    along = np.clip((u * way[0] + v * way[1]) / (way @ way), 0, 1)
    off = np.hypot(u - along * way[0], v - along * way[1])
    stalk = stage.edge((0.035 + 0.02 * along - off) * fruit.r)[..., None]
    colour += (rgb((84, 62, 40)) * (0.7 + 0.7 * along[..., None]) - colour) * stalk

    mirror = 2 * normal[2] * bent  # where what we see reflected comes from
    mirror[2] -= 1
    right = unit(stage.sun[2], 0, -stage.sun[0])
    ahead, across = dot(stage.sun, mirror), np.abs(dot(right, mirror))
    down = np.abs(dot(np.cross(stage.sun, right), mirror))
    shine = np.clip((0.3 - np.hypot(across, down)) * 6, 0, 1)  # the sun, or a window
    if stage.indoors:
        bars = np.clip(np.minimum(across, down) * 20 - 0.4, 0.3, 1)
        shine = np.clip(np.minimum(0.26 - across, 0.34 - down) * 12, 0, 1) * bars
    gloss = 0.72 * shine * (1 - near) * (ahead > 0) + 0.13 * np.clip(ahead, 0, 1) ** 5
    return colour + (rgb((255, 252, 246)) - colour) * gloss[..., None] * (1 - stalk)


def orange(stage: Stage, fruit: Fruit, normal: np.ndarray, height: np.ndarray,
           angle: np.ndarray) -> np.ndarray:
    """Peel with dimples, a dull sheen that they break up, and the little green star."""
    luck = fruit.luck
    spread = 62 * np.sqrt(2 / (1 + normal[2]))  # equal areas, so narrower at the rim
    across, down = spread * normal[0] + luck[0], spread * normal[1] + luck[1]
    pits = texture((34, 34), down, across)
    tan = 0.02 * texture((4, 4), down, across) + 0.04 * pits
    colour = rgb(fruit.orange) * (1 + tan[..., None])
    colour += (luck[2] / 256 - 0.5 + 0.5 * height)[..., None] * rgb((8, 24, 4))
    near = np.exp((height - 1) / 0.03)
    bent = normal + 0.6 * near * (fruit.pole[:, None, None] - height * normal)
    bent[0] += 0.07 * (texture((34, 34), down, across + 2) - pits)
    bent[1] += 0.07 * (texture((34, 34), down + 2, across) - pits)
    colour *= 0.1 + stage.light(bent)  # some light gets into the peel
    facing = np.clip(dot(unit(*(stage.sun + (0, 0, 1))), bent), 0, 1.05)
    sheen = np.clip(0.26 * facing**16 + 0.16 * facing**60, 0, 0.6)
    colour += (rgb((255, 244, 222)) - colour) * sheen[..., None]
    star = 0.009 + 0.005 * np.cos(5 * angle + luck[3]) - (1 - height)
    star = stage.edge(4 * fruit.r * star)[..., None]
    return colour + (rgb((92, 108, 56)) * stage.light(normal) - colour) * star


def draw_table(stage: Stage) -> None:
    """Fruits on a table: loose, or heaped on a plate, in a bowl or in a basket."""
    rng = stage.rng
    draw_room(stage)
    vessel = choose(rng, ("none", "none", "plate", "bowl", "basket"))
    if vessel == "none":
        lie(stage, int(rng.integers(1, 6)))
        return
    x, y, a = rng.uniform(0.42, 0.58), rng.uniform(0.52, 0.6), rng.uniform(0.32, 0.4)
    rows = HEAPS[int(rng.integers(3, 10))]
    r = min(1.8 * a / (1.75 * rows[-1] + 0.3), 0.15)
    glaze = WICKER if vessel == "basket" else choose(rng, (WHITE, *GLAZES))
    bowl = functools.partial(draw_bowl, stage, x, y, a, woven=vessel == "basket",
                             glaze=glaze)
    foot = y - 0.2 * r + 0.3 * a * stage.flat
    if vessel == "plate":
        draw_plate(stage, x, y + 0.16, a)
        foot = y + 0.16 - 0.8 * r + 0.3 * a * stage.flat
    else:
        bowl(front=False)
    for high, row in zip(range(len(rows))[::-1], rows):
        for i in rng.permutation(row):
            px = x + (1.75 * (i - row / 2 + 0.5) + rng.uniform(-0.15, 0.15)) * r
            py = foot - (1.05 * high + rng.uniform(-0.15, 0.15)) * r
            if high == 0:
                stage.shadow(px, py + 0.7 * r, 1.4 * r, 0.8 * r, 0.6)
            draw_ball(stage, px, py, r * rng.uniform(0.94, 1.05))
    if vessel != "plate":
        bowl(front=True)


def lie(stage: Stage, count: int) -> None:
    """Fruits that lie on the table, some with a leaf."""
    rng, places = stage.rng, []
    size = (0.26, 0.19, 0.16, 0.14, 0.13)[count - 1] * rng.uniform(0.85, 1.12)
    for _ in range(60):  # (x, y) is where a fruit touches the table
        x, y = rng.uniform(1.1 * size, 1 - 1.1 * size), rng.uniform(0.7, 0.95)
        r = size * (1 + 0.7 * (y - 0.82))  # nearer ones are larger
        if len(places) < count and all(
                np.hypot(x - px, (y - py) / stage.flat) > 0.95 * (r + pr)
                for py, px, pr in places):
            places.append((y, x, r))
    for y, x, r in sorted(places):
        stage.cast(x, y - 0.2 * stage.flat * r, r, r)
        fruit = draw_ball(stage, x, y - 0.84 * r, r)
        if rng.random() < 0.3:
            angle = choose(rng, (0.25, 2.9)) + rng.uniform(-0.6, 0.3)
            x, y, _ = (fruit.x, fruit.y, 0) + 0.95 * r * fruit.pole
            draw_leaf(stage, x, y, angle, 0.95 * r)


def draw_tree(stage: Stage) -> None:
    """Fruits that hang from a branch before the sky or other trees."""
    rng, side = stage.rng, stage.side
    stage.indoors, shady = False, rng.random() < 0.5
    back = Image.new("RGB", (64, 64), (58, 88, 54) if shady else AIR)
    for k in range(70):
        x, y, r = *rng.uniform(0, 64, 2), rng.uniform(2, 7)
        colour = tone(choose(rng, LEAVES), rng.uniform(0.5, 1.3))
        if k % (7 if shady else 3) == 0:
            colour = mix(AIR, WHITE, rng.uniform(0, 0.8))
        ImageDraw.Draw(back).ellipse((x - r, y - r, x + r, y + r), colour)
    back = back.filter(ImageFilter.GaussianBlur(rng.uniform(1.5, 3)))
    stage.photos[0] = np.asarray(back.resize((side, side), Image.BICUBIC))

    start, rise, swing = rng.uniform((0.09, -0.16, 0.01), (0.22, 0.16, 0.04))
    phase, count = rng.uniform(0, 6), int(rng.integers(1, 7))

    def branch(x):
        return start + rise * (x - 0.5) + swing * np.sin(7 * x + phase)

    def foliage(leaves, lights):
        for x in rng.uniform(-0.05, 1.05, leaves):
            draw_leaf(stage, x, branch(x), rng.uniform(0, 6.28), rng.uniform(0.1, 0.2),
                      rng.uniform(*lights))

    foliage(22, (0.55, 0.85))
    where, x, y = stage.crop(0, start - 0.16, 1, start + 0.16)
    thick = 0.026 - 0.012 * x * np.sign(rise)
    off = (y - branch(x)) / thick
    bark = 0.9 - 0.45 * off + 0.12 * texture((44, 3), off * 30, x * 160)
    inside = (1 - np.abs(off)) * thick
    stage.paint(where, stage.edge(inside), bark[..., None] * rgb(BARK))
    size = (0.24, 0.19, 0.16, 0.14, 0.125, 0.12)[count - 1] * rng.uniform(0.9, 1.1)
    for k in range(count):
        x = 0.05 + 0.9 * (k + 0.5) / count + rng.uniform(-0.04, 0.04)
        r = size * rng.uniform(0.92, 1.08)
        top = branch(x) + rng.uniform(0.05, 0.2) + 0.14 * (k % 2) * (count > 2)
        where, px, py = stage.crop(x - 0.02, branch(x), x + 0.02, top + r)
        stage.paint(where, stage.edge(0.007 - np.abs(px - x) + 0 * py), rgb(BARK, 0.8))
        draw_ball(stage, x, top + r, r)
        for _ in range(int(rng.integers(1, 4))):
            angle = choose(rng, (0.3, 2.8)) + rng.uniform(-0.7, 0.7)
            draw_leaf(stage, x, top + r * rng.uniform(-0.1, 0.2), angle,
                      rng.uniform(0.1, 0.17))
    foliage(10, (0.85, 1.15))


def draw_scene(size: int, seed: int | Sequence[int]) -> tuple:
    """The apples, the oranges and the mask of one scene."""
    size = operator.index(size)
    if size < 32:
        raise ValueError(f"size={size} leaves no room for a fruit: use 32 or more.")
    stage = Stage(size, np.random.default_rng(seed))
    stage.kinds = choose(stage.rng, APPLES), choose(stage.rng, ORANGES)
    choose(stage.rng, (draw_table, draw_table, draw_table, draw_tree))(stage)
    return stage.finish()


def draw_fruit(
    size: int = 256, seed: int | Sequence[int] = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one scene with apples and with oranges.

    For training, take the apples of some scenes and the oranges of others: then no
    apple has its orange. Both of one scene tell what a translation ought to be.

    Parameters
    ----------
    size : int
        Width and height of both pictures in pixels, at least 32. A seed gives the
        same scene at every size.
    seed : int or sequence of int
        0 or more. Everything that varies depends on it alone.

    Returns
    -------
    apples, oranges : numpy.ndarray
        Both uint8, RGB, of shape (size, size, 3). They differ where there is fruit.

    Raises
    ------
    ValueError
        If the size is below 32 or a seed is negative.
    """
    return draw_scene(size, seed)[:2]


def draw_fruit_mask(size: int = 256, seed: int | Sequence[int] = 0) -> np.ndarray:
    """Where ``draw_fruit`` draws fruit: bool, of shape (size, size).

    True where more than half of the pixel is fruit. Takes and refuses the same as
    ``draw_fruit``.
    """
    return draw_scene(size, seed)[2]
