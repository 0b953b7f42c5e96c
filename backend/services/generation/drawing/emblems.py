"""The object a scene turns around."""

import math
import random
from collections.abc import Callable, Mapping
from typing import Final

from backend.services.generation.drawing.canvas import Canvas, Point
from backend.services.generation.drawing.colors import INK, WHITE, Rgb, hue_distance, mix, to_oklch, tone
from backend.services.generation.drawing.palette import Palette

Emblem = Callable[[Canvas, Palette, random.Random, Point, float], None]
"""Draws within a radius around a centre, both in pixels."""


def shadow(canvas: Canvas, center: Point, radius: float, color: Rgb = INK, opacity: float = 0.45) -> None:
    """Darken the ground under an object."""
    x, y = center
    box = (x - radius * 0.95, y - radius * 0.72, x + radius * 0.95, y + radius * 1.18)
    canvas.ellipse(box, color, opacity=opacity, blur=radius * 0.16)


def halo(canvas: Canvas, center: Point, radius: float, color: Rgb, opacity: float = 0.5) -> None:
    """Let light shine from behind an object."""
    x, y = center
    canvas.ellipse((x - radius, y - radius, x + radius, y + radius), color, opacity=opacity, blur=radius * 0.3)


def crystal(canvas: Canvas, palette: Palette, dice: random.Random, center: Point, radius: float) -> None:
    """Draw a cut stone whose facets catch the light from the upper left."""
    halo(canvas, center, radius * 1.05, palette.primary, 0.7)
    shadow(canvas, center, radius * 0.9, opacity=0.3)
    x, y = center
    turn = dice.uniform(-0.12, 0.12)
    outer = [_at(center, radius * (1.0 if n % 2 else 0.94), -math.pi / 2 + turn + n * math.pi / 4) for n in range(8)]
    outer = [(x + (px - x) * 0.88, py) for px, py in outer]
    level = min(0.66, max(0.46, to_oklch(palette.primary).lightness))
    table = [(x + (px - x) * 0.52, y + (py - y) * 0.52 - radius * 0.06) for px, py in outer]
    for n in range(8):
        m = (n + 1) % 8
        facing = math.cos(-math.pi / 2 + turn + (n + 0.5) * math.pi / 4 + math.pi * 0.75)
        base = palette.primary
        lit = tone(base, level + 0.22 * facing, turn=-14 * facing)
        middle = _between(outer[n], outer[m])
        canvas.polygon([outer[n], middle, table[n]], (mix(lit, WHITE, 0.16), lit))
        canvas.polygon([middle, outer[m], table[m], table[n]], (lit, tone(base, 0.40 + 0.18 * facing)))
    canvas.polygon(table, (mix(palette.primary, WHITE, 0.62), palette.accent))
    canvas.polygon([table[7], table[0], table[1], (x, y - radius * 0.10)], WHITE, opacity=0.35)
    for edge in (*zip(outer, table, strict=True), *zip(table, [*table[1:], table[0]], strict=True)):
        canvas.line(edge, radius * 0.010, WHITE, opacity=0.5)
    _glint(canvas, (x - radius * 0.36, y - radius * 0.52), radius * 0.20)


def planet(canvas: Canvas, palette: Palette, dice: random.Random, center: Point, radius: float) -> None:
    """Draw a sphere with a ring that passes behind and before it."""
    ball = radius * 0.72
    x, y = center
    halo(canvas, center, ball * 1.35, palette.primary, 0.55)
    tilt = dice.choice((-1, 1)) * 0.38
    _orbit(canvas, palette, center, radius, tilt, behind=True)
    canvas.ellipse((x - ball, y - ball, x + ball, y + ball), tone(palette.primary, 0.40))
    canvas.ring(center, ball * 1.04, ball * 0.045, palette.primary)
    for step in range(14):
        share = step / 13
        size = ball * (1 - share * 0.80)
        shift = ball * share * 0.30
        color = mix(tone(palette.primary, 0.36, turn=-20), mix(palette.primary, WHITE, 0.55), share)
        canvas.ellipse(
            (x - shift - size, y - shift - size, x - shift + size, y - shift + size),
            color,
            opacity=0.28,
            blur=ball * 0.05,
        )
    canvas.arc(center, ball * 0.985, ball * 0.03, 20, 120, palette.accent, opacity=0.85)
    _orbit(canvas, palette, center, radius, tilt, behind=False)
    _glint(canvas, (x - ball * 0.45, y - ball * 0.5), ball * 0.2)
    moon, spot = ball * 0.13, _at(center, radius * 1.08, dice.uniform(-0.9, -0.5))
    canvas.ellipse((spot[0] - moon, spot[1] - moon, spot[0] + moon, spot[1] + moon), (WHITE, palette.support))


def _orbit(canvas: Canvas, palette: Palette, center: Point, radius: float, tilt: float, *, behind: bool) -> None:
    start = math.pi if behind else 0.0
    for share, width, color in ((1.16, 0.055, palette.accent), (1.30, 0.022, palette.support)):
        points = []
        for step in range(65):
            angle = start + math.pi * step / 64
            ox, oy = radius * share * math.cos(angle), radius * share * 0.30 * math.sin(angle)
            points.append(
                (
                    center[0] + ox * math.cos(tilt) - oy * math.sin(tilt),
                    center[1] + ox * math.sin(tilt) + oy * math.cos(tilt),
                )
            )
        canvas.line(points, radius * width, color, opacity=0.55 if behind else 0.95)


def sun(canvas: Canvas, palette: Palette, dice: random.Random, center: Point, radius: float) -> None:
    """Draw a setting sun cut by stripes of sky."""
    x, y = center
    halo(canvas, center, radius * 1.15, palette.support, 0.6)
    far = hue_distance(palette.accent, palette.support) > 100
    top, bottom = (
        mix(palette.accent, WHITE, 0.25),
        tone(palette.accent, 0.58, turn=50 if 90 < to_oklch(palette.accent).hue < 230 else -50)
        if far
        else palette.support,
    )
    box = (x - radius, y - radius, x + radius, y + radius)
    canvas.ellipse(box, (top, bottom))
    for number in range(7):
        level = y + radius * (-0.08 + 0.158 * number)
        height = radius * (0.016 + 0.0125 * number)
        upper, lower = (math.sqrt(max(0.0, radius**2 - (edge - y) ** 2)) + 2 for edge in (level, level + height))
        stripe = [(x - upper, level), (x + upper, level), (x + lower, level + height), (x - lower, level + height)]
        canvas.polygon(stripe, tone(palette.primary, 0.30, most=0.14), opacity=0.92)


def gamepad(canvas: Canvas, palette: Palette, dice: random.Random, center: Point, radius: float) -> None:
    """Draw a controller, tilted, with glowing buttons."""
    radius *= 0.90
    halo(canvas, center, radius * 1.05, palette.primary, 0.65)
    shadow(canvas, (center[0], center[1] + radius * 0.16), radius * 0.85, opacity=0.5)
    turn = dice.choice((-0.20, 0.16))

    def place(dx: float, dy: float) -> Point:
        dx, dy = dx * radius, dy * radius
        return (
            center[0] + dx * math.cos(turn) - dy * math.sin(turn),
            center[1] + dx * math.sin(turn) + dy * math.cos(turn),
        )

    light_side, dark_side = mix(palette.primary, WHITE, 0.30), tone(palette.primary, 0.38)
    body = [place(dx, dy) for dx, dy in _pad_outline()]
    canvas.polygon([(px, py + radius * 0.06) for px, py in body], tone(palette.primary, 0.25))
    canvas.polygon(body, (light_side, dark_side))
    canvas.line([*body, body[0]], radius * 0.016, WHITE, opacity=0.5)
    for arm in ([(-0.66, -0.14), (-0.34, -0.14)], [(-0.50, -0.30), (-0.50, 0.02)]):
        canvas.line([place(*arm[0]), place(*arm[1])], radius * 0.125, tone(palette.primary, 0.20))
    for (dx, dy), color in (
        ((0.50, -0.29), palette.accent),
        ((0.66, -0.14), palette.support),
        ((0.34, -0.14), WHITE),
        ((0.50, 0.01), mix(palette.accent, palette.support, 0.5)),
    ):
        _button(canvas, place(dx, dy), radius * 0.085, color)
    for dx in (-0.24, 0.24):
        stick = place(dx, 0.16)
        _button(canvas, stick, radius * 0.155, tone(palette.primary, 0.22))
        canvas.ring(stick, radius * 0.10, radius * 0.016, palette.mark, opacity=0.9)
    canvas.line([place(-0.10, -0.20), place(0.10, -0.20)], radius * 0.05, palette.mark)


def _pad_outline() -> list[Point]:
    """Trace the right half of a controller by a smooth curve through few points, and mirror it."""
    right = [
        (0.0, -0.42),
        (0.34, -0.43),
        (0.62, -0.42),
        (0.86, -0.24),
        (0.98, 0.12),
        (1.0, 0.44),
        (0.86, 0.60),
        (0.66, 0.50),
        (0.46, 0.30),
        (0.22, 0.30),
        (0.0, 0.30),
    ]
    outline = right + [(-x, y) for x, y in reversed(right[1:-1])]
    for _ in range(3):
        outline = [
            point
            for one, other in zip(outline, [*outline[1:], outline[0]], strict=True)
            for point in (_share(one, other, 0.25), _share(one, other, 0.75))
        ]
    return outline


def _button(canvas: Canvas, center: Point, radius: float, color: Rgb) -> None:
    x, y = center
    canvas.ellipse((x - radius, y - radius * 0.85, x + radius, y + radius * 1.15), INK, opacity=0.4)
    canvas.ellipse((x - radius, y - radius, x + radius, y + radius), (mix(color, WHITE, 0.35), color))


def chevrons(canvas: Canvas, palette: Palette, dice: random.Random, center: Point, radius: float) -> None:
    """Stack three arrowheads that grow towards the viewer."""
    radius *= 0.86
    halo(canvas, center, radius, palette.primary, 0.6)
    x, y = center
    fills = (
        (tone(palette.primary, 0.42), palette.primary),
        (palette.primary, palette.support),
        (mix(palette.accent, WHITE, 0.35), palette.accent),
    )
    for number, fill in enumerate(fills):
        size = radius * (1.0 - 0.11 * number)
        top = y + radius * (0.42 - 0.52 * number)
        thick = size * 0.36
        points = [
            (x, top - size * 0.45),
            (x + size, top + size * 0.25),
            (x + size, top + size * 0.25 + thick),
            (x, top - size * 0.45 + thick),
            (x - size, top + size * 0.25 + thick),
            (x - size, top + size * 0.25),
        ]
        canvas.polygon([(px, py + radius * 0.07) for px, py in points], INK, opacity=0.4, blur=radius * 0.03)
        canvas.polygon(points, fill)
        canvas.line([points[5], points[0], points[1]], radius * 0.012, WHITE, opacity=0.65)


def play(canvas: Canvas, palette: Palette, dice: random.Random, center: Point, radius: float) -> None:
    """Draw a large play button on a disc with a progress ring."""
    x, y = center
    halo(canvas, center, radius * 1.1, palette.primary, 0.6)
    shadow(canvas, center, radius * 0.9, opacity=0.4)
    canvas.ellipse(
        (x - radius * 0.84, y - radius * 0.84, x + radius * 0.84, y + radius * 0.84),
        (mix(palette.primary, WHITE, 0.22), tone(palette.primary, 0.36)),
    )
    canvas.ring(center, radius, radius * 0.035, palette.text, opacity=0.25)
    canvas.arc(center, radius, radius * 0.055, -90, dice.uniform(60, 190), palette.mark)
    side = radius * 0.42
    points = [(x - side * 0.72, y - side), (x + side * 1.12, y), (x - side * 0.72, y + side)]
    canvas.polygon([(px, py + radius * 0.05) for px, py in points], INK, opacity=0.35, blur=radius * 0.03)
    canvas.polygon(points, (WHITE, mix(palette.primary, WHITE, 0.82)))
    canvas.line([*points, points[0]], radius * 0.06, WHITE)


def _glint(canvas: Canvas, center: Point, size: float) -> None:
    """Draw a star of light with four points."""
    points = [_at(center, size if n % 2 == 0 else size * 0.16, n * math.pi / 4) for n in range(8)]
    canvas.polygon(points, WHITE, opacity=0.95)
    halo(canvas, center, size * 0.5, WHITE, 0.5)


def _at(center: Point, radius: float, angle: float) -> Point:
    return center[0] + radius * math.cos(angle), center[1] + radius * math.sin(angle)


def _share(one: Point, other: Point, share: float) -> Point:
    return one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share


def _between(one: Point, other: Point) -> Point:
    return _share(one, other, 0.5)


EMBLEMS: Final[Mapping[str, Emblem]] = {
    "crystal": crystal,
    "planet": planet,
    "sun": sun,
    "gamepad": gamepad,
    "chevrons": chevrons,
    "play": play,
}
