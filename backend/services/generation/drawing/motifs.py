"""Patterns that give a background its temper."""

import math
import random
from collections.abc import Callable, Mapping
from typing import Final

from backend.services.generation.drawing.canvas import Canvas, Point
from backend.services.generation.drawing.colors import WHITE, Rgb, mix, tone
from backend.services.generation.drawing.palette import Palette

Motif = Callable[[Canvas, Palette, random.Random, Point], None]
"""Draws around a focus, given in pixels."""


def light(canvas: Canvas, palette: Palette, dice: random.Random, focus: Point) -> None:
    """Lay the ground: soft light around the focus, a second colour, darkness opposite."""
    x, y = focus[0] / canvas.width, focus[1] / canvas.height
    glow = 0.85 if palette.bright else 0.62
    primary = tone(palette.primary, 0.80, chroma=0.9) if palette.bright else palette.primary
    support = tone(palette.support, 0.86, chroma=0.8) if palette.bright else palette.support
    accent = tone(palette.accent, 0.88, chroma=0.8) if palette.bright else palette.accent
    canvas.mesh(
        palette.ground,
        [
            ((0.0, 1.0), 0.55, palette.deep, 0.9),
            ((x, y), 0.46, primary, glow),
            ((x + dice.uniform(0.10, 0.22), y + dice.choice((-0.55, 0.55))), 0.30, support, glow * 0.75),
            ((x - dice.uniform(0.30, 0.5), y - dice.choice((-0.6, 0.6))), 0.24, accent, glow * 0.32),
            ((0.0, 0.0), 0.30, palette.deep, 0.55),
        ],
    )


def rings(canvas: Canvas, palette: Palette, dice: random.Random, focus: Point) -> None:
    """Draw thin circles around the focus, a few of them dotted with a bright bead."""
    reach = max(canvas.width, canvas.height)
    line = reach / 900
    for number in range(6):
        radius = reach * (0.16 + 0.085 * number)
        canvas.ring(focus, radius, line * 1.4, palette.text, opacity=0.20 - 0.025 * number)
        angle = dice.uniform(0, 2 * math.pi)
        bead = reach * dice.uniform(0.003, 0.006)
        spot = focus[0] + radius * math.cos(angle), focus[1] + radius * math.sin(angle)
        canvas.ellipse((spot[0] - bead, spot[1] - bead, spot[0] + bead, spot[1] + bead), palette.mark, opacity=0.9)


def slices(canvas: Canvas, palette: Palette, dice: random.Random, focus: Point) -> None:
    """Draw slanted bands behind the focus, sharp on one side and thin on the other."""
    lean = canvas.height * 0.42
    short = min(canvas.width, canvas.height)
    start = focus[0] - short * 0.62
    for share, fill, opacity in (
        (0.36, (palette.primary, tone(palette.primary, 0.35)), 0.95),
        (0.10, (palette.accent, palette.primary), 0.85),
        (0.46, (tone(palette.support, 0.45), palette.primary), 0.45),
        (0.035, (palette.mark, palette.mark), 0.9),
    ):
        width = short * share
        _band(canvas, start, width, lean, fill, opacity)
        start += width + short * dice.uniform(0.05, 0.10)
    for _ in range(7):
        _band(canvas, dice.uniform(0, canvas.width), short * 0.004, lean, (palette.text, palette.text), 0.16)


def _band(canvas: Canvas, left: float, width: float, lean: float, fill: tuple[Rgb, Rgb], opacity: float) -> None:
    height = canvas.height
    points = [
        (left + lean / 2, 0),
        (left + width + lean / 2, 0),
        (left + width - lean / 2, height),
        (left - lean / 2, height),
    ]
    canvas.polygon(points, fill, opacity=opacity)


def speed(canvas: Canvas, palette: Palette, dice: random.Random, focus: Point) -> None:
    """Draw rays that burst from the focus, as comics do, over a raster of dots."""
    reach = math.hypot(canvas.width, canvas.height)
    hole = min(canvas.width, canvas.height) * 0.36
    for number in range(54):
        angle = (number + dice.uniform(-0.35, 0.35)) / 54 * 2 * math.pi
        spread = dice.uniform(0.006, 0.026)
        inner = hole * dice.uniform(1.0, 1.55)
        tip = focus[0] + inner * math.cos(angle), focus[1] + inner * math.sin(angle)
        ends = [
            (focus[0] + reach * math.cos(a), focus[1] + reach * math.sin(a)) for a in (angle - spread, angle + spread)
        ]
        color = palette.mark if number % 6 == 0 else palette.text
        canvas.polygon([tip, *ends], color, opacity=0.34 if number % 6 == 0 else 0.15)
    dots(canvas, palette, dice, focus)


def dots(canvas: Canvas, palette: Palette, dice: random.Random, focus: Point) -> None:
    """Draw a raster in the corner nearest to the focus, fading out with distance."""
    step = min(canvas.width, canvas.height) / 26
    corner = (float(canvas.width if focus[0] > canvas.width / 2 else 0), float(canvas.height))
    reach = min(canvas.width, canvas.height) * 0.75
    for row in range(int(reach / step) + 1):
        for column in range(int(reach / step) + 1):
            x = corner[0] + (-1 if corner[0] else 1) * (column + (row % 2) / 2) * step
            y = corner[1] - row * step
            size = step * 0.42 * (1 - math.hypot(x - corner[0], y - corner[1]) / reach)
            if size > 0.3:
                canvas.ellipse((x - size, y - size, x + size, y + size), palette.mark, opacity=0.55)


def confetti(canvas: Canvas, palette: Palette, dice: random.Random, focus: Point) -> None:
    """Scatter soft pillows and small paper shapes."""
    short = min(canvas.width, canvas.height)
    for _ in range(5):
        x, y = dice.uniform(-0.05, 1.05) * canvas.width, dice.choice((-0.05, 1.05)) * canvas.height
        radius = short * dice.uniform(0.16, 0.34)
        color = dice.choice((palette.accent, palette.support, palette.primary))
        pale = mix(color, WHITE, 0.25)
        canvas.ellipse((x - radius, y - radius, x + radius, y + radius), (pale, color), opacity=0.75)
    for _ in range(34):
        x, y = dice.uniform(0, canvas.width), dice.uniform(0, canvas.height)
        size = short * dice.uniform(0.008, 0.017)
        _paper(
            canvas,
            (x, y),
            size,
            dice.uniform(0, math.pi),
            dice.choice((palette.accent, palette.support, palette.primary)),
        )


def _paper(canvas: Canvas, center: Point, size: float, turn: float, color: Rgb) -> None:
    corners = [(-1.8, -0.7), (1.8, -0.7), (1.8, 0.7), (-1.8, 0.7)]
    canvas.polygon([_turned(center, (x * size, y * size), turn) for x, y in corners], color, opacity=0.9)


def horizon(canvas: Canvas, palette: Palette, dice: random.Random, focus: Point) -> None:
    """Draw a floor of glowing lines that runs to the horizon."""
    level = min(canvas.height * 0.80, focus[1] + min(canvas.width, canvas.height) * 0.20)
    canvas.polygon(
        [(0, level), (canvas.width, level), (canvas.width, canvas.height), (0, canvas.height)],
        (palette.deep, palette.ground),
        opacity=0.85,
    )
    line = max(canvas.width, canvas.height) / 700
    for number in range(-16, 17):
        far = focus[0] + number * canvas.width * 0.045
        near = focus[0] + number * canvas.width * 0.22
        canvas.line([(far, level), (near, canvas.height)], line, palette.mark, opacity=0.5)
    for number in range(1, 9):
        y = level + (canvas.height - level) * (number / 8) ** 2.2
        canvas.line([(0, y), (canvas.width, y)], line, palette.mark, opacity=0.5)
    canvas.line([(0, level), (canvas.width, level)], line * 2, palette.text, opacity=0.7)


def blocks(canvas: Canvas, palette: Palette, dice: random.Random, focus: Point) -> None:
    """Let the edge dissolve into square pixels."""
    step = min(canvas.width, canvas.height) / 18
    for row in range(int(canvas.height / step) + 1):
        for column in range(int(canvas.width / step) + 1):
            nearness = 1 - abs(column * step - focus[0]) / (canvas.width * 0.62)
            if dice.random() < max(0.0, nearness) ** 2 * 0.42:
                x, y = column * step, row * step
                color = dice.choice((palette.primary, palette.accent, palette.support, palette.deep))
                canvas.polygon(
                    [(x, y), (x + step, y), (x + step, y + step), (x, y + step)], color, opacity=dice.uniform(0.15, 0.6)
                )


def grid(canvas: Canvas, palette: Palette, dice: random.Random, focus: Point) -> None:
    """Draw squared paper with a few marked crossings."""
    step = min(canvas.width, canvas.height) / 12
    line = max(canvas.width, canvas.height) / 1400
    for column in range(int(canvas.width / step) + 2):
        canvas.line([(column * step, 0), (column * step, canvas.height)], line, palette.text, opacity=0.10)
    for row in range(int(canvas.height / step) + 2):
        canvas.line([(0, row * step), (canvas.width, row * step)], line, palette.text, opacity=0.10)
    for _ in range(9):
        x = dice.randrange(1, int(canvas.width / step) + 1) * step
        y = dice.randrange(1, int(canvas.height / step) + 1) * step
        arm = step * 0.14
        canvas.line([(x - arm, y), (x + arm, y)], line * 2.4, palette.mark, opacity=0.9)
        canvas.line([(x, y - arm), (x, y + arm)], line * 2.4, palette.mark, opacity=0.9)


def _turned(center: Point, offset: Point, turn: float) -> Point:
    cosine, sine = math.cos(turn), math.sin(turn)
    return center[0] + offset[0] * cosine - offset[1] * sine, center[1] + offset[0] * sine + offset[1] * cosine


MOTIFS: Final[Mapping[str, Motif]] = {
    "rings": rings,
    "slices": slices,
    "speed": speed,
    "confetti": confetti,
    "horizon": horizon,
    "blocks": blocks,
    "grid": grid,
    "dots": dots,
}
