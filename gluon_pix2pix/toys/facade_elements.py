"""The elements of a drawn house, one function each, and what is around the house.

Each draws into the photo and into the label map, so that they agree by construction.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from .canvas import (
    Box,
    Canvas,
    Colour,
    choose,
    courses,
    grow,
    mix,
    noise,
    part,
    pixels,
    tone,
)

# The palette of the label images in the pix2pix archive of CMP Facades: twelve evenly
# spaced colours of the blue-to-red "jet" map, in the order of the CMP class numbers.
# In CMP's words a cornice is the raised panel above a window and a moulding the band
# that runs along the whole facade; sky, roof, street and neighbours are background.
CLASSES = {
    "background": (0, 0, 223),
    "facade": (0, 48, 255),
    "window": (0, 128, 255),
    "door": (0, 207, 255),
    "cornice": (32, 255, 223),
    "sill": (112, 255, 143),
    "balcony": (191, 255, 64),
    "blind": (255, 239, 0),
    "deco": (255, 159, 0),
    "moulding": (255, 80, 0),
    "pillar": (255, 0, 0),
    "shop": (175, 0, 0),
}

WHITE, CREAM, SAND = (236, 234, 226), (230, 220, 198), (208, 192, 162)
SLATE, TILE, OAK, IRON = (92, 98, 110), (172, 92, 66), (112, 76, 50), (52, 54, 60)
PAVEMENT, ASPHALT, CHIMNEY = (176, 172, 166), (104, 106, 112), (150, 96, 80)


# ------------------------------------- around the house, where all is background


def sky(canvas: Canvas, above: Colour, horizon: Colour) -> None:
    """A sky that brightens towards the horizon, and soft clouds."""
    rng, shape = canvas.grain, (64, 64)
    air = np.linspace(above, horizon, 64)[:, None] * np.ones((1, 64, 1))
    clouds = np.clip(noise(rng, shape, 5) + 0.5 * noise(rng, shape, 12), 0, 0.7)
    air += (250 - air) * clouds[..., None]
    air = Image.fromarray(air.astype(np.uint8))
    canvas.photo.paste(air.resize((canvas.side, canvas.side), Image.BILINEAR))


def neighbours(canvas: Canvas, horizon: Colour) -> None:
    """Houses in the haze behind, and some trees before them."""
    rng, x = canvas.rng, -0.1
    while x < 1:
        width, top = rng.uniform(0.1, 0.22), rng.uniform(0.42, 0.68)
        paint = SAND if rng.random() < 0.5 else (168, 140, 128)
        canvas.fill((x, top, x + width, 1), mix(paint, horizon, 0.45))
        ridge = [(x - 0.01, top), (x + width / 2, top - 0.06), (x + width + 0.01, top)]
        canvas.shape(ridge, mix(TILE, horizon, 0.45))
        for y in np.arange(top + 0.04, 0.9, 0.09):
            for left in (x + 0.2 * width, x + 0.6 * width):
                hole = (left, y, left + 0.2 * width, y + 0.045)
                canvas.fill(hole, mix((80, 90, 104), horizon, 0.35))
        x += width
    for x in rng.uniform(-0.05, 1.05, 5):
        tree(canvas, x, rng.uniform(0.66, 0.84), 0.09)


def tree(canvas: Canvas, x: float, y: float, radius: float) -> None:
    """A trunk and a crown of leaves, lit from above."""
    canvas.fill((x - 0.008, y, x + 0.008, 1), (74, 60, 50))
    for _ in range(24):
        angle, reach = canvas.rng.uniform(0, 6.28), canvas.rng.uniform(0.2, 1)
        px = x + reach * radius * np.cos(angle)
        py = y + reach * radius * np.sin(angle) * 1.1
        light = 0.95 - 0.45 * reach * np.sin(angle) + canvas.rng.uniform(-0.1, 0.1)
        clump = grow((px, py, px, py), radius * canvas.rng.uniform(0.25, 0.45))
        canvas.round(clump, tone((82, 108, 66), light))


def street(canvas: Canvas, top: float) -> None:
    """Pavement, kerb and asphalt, from ``top`` down to the edge of the picture."""
    kerb = top + 0.55 * (1 - top)
    canvas.fill((0, top, 1, 1), PAVEMENT)
    for x in np.linspace(0, 1, 14):  # slabs, their joints drawn in perspective
        slab = [(x, top), (x + 0.004, top), (0.5 + (x - 0.5) * 1.12, kerb)]
        canvas.shape(slab, tone(PAVEMENT, 0.86))
    canvas.strips((0, kerb, 1, kerb + 0.014), PAVEMENT, (1.14, 0.72))
    canvas.fill((0, kerb + 0.014, 1, 1), ASPHALT)


# ------------------------------------------------------------ elements of the house


@dataclass(frozen=True)
class Look:
    """The materials and colours of one house."""

    material: str  # of the wall: brick, plaster, stone or boards
    roof: str  # parapet, balustrade, mansard, tiles or slates
    panes: tuple  # of a window: across and down
    wall: Colour
    trim: Colour  # of all that stands out from the wall
    frame: Colour  # of the windows
    accent: Colour  # of doors, shutters, awnings and shops
    glass: Colour


def wall(canvas: Canvas, look: Look, box: Box, ground_floor: float) -> None:
    """The facade itself, weathered; a plastered one is grooved on the ground floor."""
    canvas.screen = box = canvas.mark("facade", box)
    shape, unit, rng = canvas.shape_of(box), canvas.side, canvas.grain
    if look.material == "brick":
        light = courses(rng, shape, unit / 64, unit / 26, 1.22, 0.09)
    elif look.material == "stone":
        light = courses(rng, shape, unit / 26, unit / 12, 0.84, 0.035)
    elif look.material == "boards":
        light = courses(rng, shape, unit / 48, 9 * unit, 0.72, 0.03)
    else:
        light = 1 + rng.normal(0, 0.012, shape)
        first = int((ground_floor - box[1]) * unit)
        grooved = (shape[0] - first, shape[1])
        light[first:] *= courses(rng, grooved, unit / 24, 9 * unit, 0.82, 0.01) * 0.95
    light = light * (1 + 0.05 * noise(rng, shape, 7) + 0.03 * noise(rng, shape, 24))
    light *= np.linspace(1.03, 0.93, shape[0])[:, None]  # cleaner above than below
    canvas.cover(box, light, look.wall)
    canvas.strips(part(box, 0, 0.972, 1, 1), tone(look.wall, 0.62), (1.15, 1, 0.9))


def roof(canvas: Canvas, look: Look, box: Box) -> None:
    """The slope above the facade and its chimneys: background, as mostly in CMP."""
    left, top, right, bottom = box
    for x in left + (right - left) * canvas.rng.uniform(0.25, 0.75, 2):
        stack = (x - 0.018, top - 0.035, x + 0.018, bottom)
        canvas.strips(stack, CHIMNEY, (1.1, 0.9, 0.75)[:: canvas.sun], upright=True)
        canvas.fill(part(stack, -0.2, 0, 1.2, 0.12), tone(CHIMNEY, 0.75))
    lean = {"mansard": 0.3, "tiles": 0.7, "slates": 0.9}[look.roof] * (bottom - top)
    eaves = (left - 0.012, top, right + 0.012, bottom)
    outline = [(eaves[0], bottom), (left + lean, top), (right - lean, top),
               (eaves[2], bottom)]
    shape, unit = canvas.shape_of(eaves), canvas.side
    light = courses(canvas.grain, shape, unit / 56, unit / 64, 0.8, 0.07)
    light *= np.linspace(1.1, 0.9, shape[0])[:, None]
    canvas.cover(eaves, light, TILE if look.roof == "tiles" else SLATE, outline)


def dormer(canvas: Canvas, look: Look, box: Box) -> None:
    """A window that stands in the roof, under a little roof of its own."""
    x0, y0, x1, _ = grow(box, 0.012)
    peak = ((x0 + x1) / 2, y0 - 0.3 * (x1 - x0))
    canvas.shape([(x0 - 0.014, y0), peak, (x1 + 0.014, y0)], tone(SLATE, 0.75))
    canvas.fill(grow(box, 0.012), tone(look.trim, 0.9))
    window(canvas, look, box)


def moulding(canvas: Canvas, look: Look, box: Box) -> None:
    """A band along the whole facade; one that is high enough carries dentils."""
    box = canvas.mark("moulding", box)
    x0, y0, x1, y1 = box
    canvas.shadow(box, 0.006 + 0.5 * (y1 - y0))
    canvas.strips(box, look.trim, (1.12, 1.04, 0.92, 0.98, 0.9, 0.72))
    if y1 - y0 > 0.03:
        _, y0, _, y1 = part(box, 0, 0.5, 1, 0.82)
        canvas.fill((x0, y0, x1, y1), tone(look.trim, 0.62))
        for x in np.arange(x0, x1, 0.022):
            canvas.fill((x, y0, min(x + 0.011, x1), y1), tone(look.trim, 1.02))


def pillar(canvas: Canvas, look: Look, box: Box) -> None:
    """A half column with base and capital; on a house of boards a corner board."""
    box = canvas.mark("pillar", box)
    canvas.shadow(box, 0.01)
    if look.material == "boards":
        canvas.strips(box, look.trim, (1.06, 1, 0.9)[:: canvas.sun], upright=True)
        return
    rounded = (1.02, 1.1, 1.06, 0.98, 0.88, 0.76)[:: canvas.sun]
    canvas.strips(part(box, 0.12, 0, 0.88, 1), look.trim, rounded, upright=True)
    for end in ((0, 0, 1, 0.06), (0, 0.95, 1, 1)):
        canvas.strips(part(box, *end), look.trim, (1.12, 0.95, 0.7))


def surround(canvas: Canvas, look: Look, box: Box) -> None:
    """The plain frame of trim around an opening; CMP has no label for it."""
    x0, y0, x1, y1 = grow(box, 0.01)
    canvas.fill((x0, y0, x1, y1), tone(look.trim, 0.78))
    canvas.fill((x0, y0, x1 - 0.002, y1 - 0.01), look.trim)


def window(canvas: Canvas, look: Look, box: Box, arched: bool = False) -> None:
    """Glass that mirrors the sky, curtains behind it, bars, and a shaded reveal."""
    box = canvas.mark("window", box)
    x0, y0, x1, y1 = box
    before = canvas.photo.crop(pixels(box, canvas.side))
    canvas.fill(box, tone(look.frame, 0.95))
    pane = grow(box, -0.007)
    canvas.strips(pane, look.glass, np.linspace(1.35, 0.6, 8))
    if canvas.rng.random() < 0.55:
        cloth, drawn = mix(look.glass, CREAM, 0.55), canvas.rng.uniform(0.15, 0.32)
        for side in ((0, 0.05, drawn, 1), (1 - drawn, 0.05, 1, 1)):
            canvas.strips(part(pane, *side), cloth, (1, 0.9, 1.05, 0.88), upright=True)
    else:  # a slanting streak of bright sky
        left, top, right, bottom = part(pane, 0.1, 0, 0.95, 0.9)
        third = (right - left) / 3
        streak = [(right - third, top), (right, top), (left + third, bottom),
                  (left, bottom)]
        canvas.shape(streak, mix(look.glass, WHITE, 0.3))
    across, down = look.panes
    for k in range(1, across):
        x = x0 + (x1 - x0) * k / across
        canvas.fill((x - 0.004, y0, x + 0.004, y1), look.frame)
    for k in range(1, down):
        y = y0 + (y1 - y0) * k / down
        canvas.fill((x0, y - 0.003, x1, y + 0.003), tone(look.frame, 0.92))
    side = (x0, y0, x0 + 0.008, y1) if canvas.sun > 0 else (x1 - 0.008, y0, x1, y1)
    for edge in ((x0, y0, x1, y0 + 0.008), side):
        canvas.fill(edge, tone(look.wall, 0.8 * canvas.dusk))
    if arched:  # put the wall back where the arch leaves it
        w, h = before.size
        corners = Image.new("L", before.size, 255)
        ImageDraw.Draw(corners).ellipse((0, 0, w - 1, w), 0)
        ImageDraw.Draw(corners).rectangle((0, w // 2, w, h), 0)
        canvas.photo.paste(before, pixels(box, canvas.side)[:2], corners)


def cornice(canvas: Canvas, look: Look, box: Box, gabled: bool = False) -> None:
    """The raised panel above a window: a lintel, or a ledge under a little gable."""
    x0, y0, x1, y1 = box = canvas.mark("cornice", box)
    ledge = box
    if gabled:
        ledge, middle = part(box, 0, 0.7, 1, 1), (x0 + x1) / 2
        canvas.shape([(x0, y1), (middle, y0), (x1, y1)], tone(look.trim, 1.1))
        a, b, c, d = part(box, 0.2, 0.34, 0.8, 0.74)
        canvas.shape([(a, d), (middle, b), (c, d)], tone(look.trim, 0.76))
    canvas.shadow(ledge, 0.012)
    canvas.strips(ledge, look.trim, (1.12, 1, 0.88, 0.74))


def sill(canvas: Canvas, look: Look, box: Box) -> None:
    """The ledge under a window."""
    box = canvas.mark("sill", box)
    canvas.shadow(box, 0.01)
    canvas.strips(box, look.trim, (1.12, 1, 0.76))


def shutter(canvas: Canvas, look: Look, box: Box) -> None:
    """A louvred shutter beside a window: a blind, in CMP's words."""
    box = canvas.mark("blind", box)
    canvas.shadow(box, 0.008)
    canvas.fill(box, tone(look.accent, 1.1))
    x0, y0, x1, y1 = part(box, 0.16, 0.05, 0.84, 0.96)
    for y in np.arange(y0, y1, 0.012):
        canvas.fill((x0, y, x1, min(y + 0.006, y1)), tone(look.accent, 0.68))


def awning(canvas: Canvas, look: Look, box: Box, stripes: int) -> None:
    """Striped cloth that keeps the sun off; its label is drawn by the caller."""
    canvas.shadow(box, 0.03)
    for k in range(stripes):
        cloth = WHITE if k % 2 else tone(look.accent, 1.15)
        stripe = part(box, k / stripes, 0, (k + 1) / stripes, 1)
        canvas.strips(stripe, cloth, (1.08, 1, 0.9, 0.78))


def balcony(canvas: Canvas, look: Look, box: Box) -> None:
    """A slab with a balustrade of stone or an iron railing one can look through."""
    box = canvas.mark("balcony", box)
    slab, rail = part(box, 0, 0.8, 1, 1), part(box, 0.02, 0, 0.98, 0.8)
    canvas.shadow(slab, 0.04)
    stone = look.material == "stone"
    metal, step, bar = (look.trim, 0.018, 0.01) if stone else (IRON, 0.012, 0.003)
    if stone:
        canvas.fill(rail, tone(look.trim, 0.5))
    for x in np.arange(rail[0], rail[2] - bar, step):
        canvas.strips((x, rail[1], x + bar, rail[3]), metal, (1.02, 0.8), upright=True)
    canvas.strips(part(rail, 0, 0, 1, 0.14), metal, (1.15, 0.95))
    canvas.fill(part(rail, 0, 0.9, 1, 1), metal)
    canvas.strips(slab, look.trim, (1.1, 0.92, 0.7))


def door(canvas: Canvas, look: Look, box: Box) -> None:
    """Two panelled leaves under a fanlight, and a step in front."""
    surround(canvas, look, box)
    box = canvas.mark("door", box)
    canvas.fill(box, tone(look.accent, 0.55))
    fanlight = part(box, 0.1, 0.04, 0.9, 0.2)
    canvas.strips(fanlight, look.glass, (1.5, 1.1, 0.8))
    canvas.fill(part(fanlight, 0.48, 0, 0.52, 1), look.frame)
    for left in (0.06, 0.515):
        leaf = part(box, left, 0.24, left + 0.425, 0.97)
        canvas.fill(leaf, look.accent)
        for top, bottom in ((0.08, 0.42), (0.52, 0.92)):
            canvas.fill(part(leaf, 0.18, top, 0.82, bottom), tone(look.accent, 0.7))
            raised = part(leaf, 0.28, top + 0.06, 0.82, bottom)
            canvas.fill(raised, tone(look.accent, 1.15))
    canvas.fill(part(box, 0.53, 0.6, 0.6, 0.63), (214, 180, 96))  # the handle
    canvas.strips(part(box, -0.12, 0.965, 1.12, 1), PAVEMENT, (1.1, 0.78))


def shop(canvas: Canvas, look: Look, box: Box) -> None:
    """A sign, an awning, and goods in a large lit window."""
    box = canvas.mark("shop", box)
    canvas.fill(box, tone(look.accent, 0.8))
    display = part(box, 0.05, 0.2, 0.95, 0.86)
    canvas.strips(display, (112, 104, 92), (0.6, 0.8, 0.95, 1.1, 1.15, 0.9))
    for x in np.linspace(0.04, 0.84, 6):
        goods = part(display, x, canvas.rng.uniform(0.55, 0.72), x + 0.11, 0.97)
        canvas.fill(goods, choose(canvas.rng, (TILE, (222, 190, 110), (112, 150, 168))))
    canvas.fill(part(display, 0.49, 0, 0.51, 1), tone(look.accent, 0.6))
    sign = part(box, 0, 0, 1, 0.17)
    canvas.strips(sign, look.accent, (1.25, 1.05, 0.95))
    for x in np.arange(0.2, 0.78, 0.07):  # its letters
        canvas.fill(part(sign, x, 0.3, x + 0.04, 0.72), (238, 226, 180))
    awning(canvas, look, part(box, 0, 0.2, 1, 0.4), stripes=9)
    canvas.strips(part(box, 0, 0.95, 1, 1), tone(PAVEMENT, 0.7), (1, 0.8))


def deco(canvas: Canvas, look: Look, box: Box) -> None:
    """A relief: a sunk panel, a medallion that catches the light, leaves beside it."""
    x0, y0, x1, y1 = box = canvas.mark("deco", box)
    canvas.shadow(box, 0.006)
    canvas.fill(box, tone(look.trim, 0.95))
    canvas.fill(part(box, 0.08, 0.1, 0.94, 0.92), tone(look.trim, 0.74))
    x, y, r = (x0 + x1) / 2, (y0 + y1) / 2, 0.4 * min(x1 - x0, y1 - y0)
    canvas.round((x - r, y - r, x + r, y + r), tone(look.trim, 1.12))
    hollow = (x - 0.5 * r, y - 0.4 * r, x + 0.8 * r, y + 0.8 * r)
    canvas.round(hollow, tone(look.trim, 0.82))
    for k in (-2.2, -1.5, 1.5, 2.2):
        if abs(k) * r + 0.4 * r < (x1 - x0) / 2:
            leaf = (x + (k - 0.35) * r, y - 0.5 * r, x + (k + 0.35) * r, y + 0.4 * r)
            canvas.round(leaf, tone(look.trim, 1.05))
