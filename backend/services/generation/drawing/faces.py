"""A round face that shows one feeling, for emotes and mascots."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from backend.services.generation.drawing.canvas import Canvas, Point
from backend.services.generation.drawing.colors import INK, WHITE, Rgb, mix, parse, to_oklch, tone
from backend.services.generation.drawing.palette import Palette

_MOUTH: Final = Rgb(94, 16, 34)
_TONGUE: Final = Rgb(255, 107, 129)
_TEAR: Final = parse("#5EC8FF")
_HEART: Final = parse("#FF3358")


@dataclass(frozen=True, slots=True)
class Face:
    """Hold where a face is and its colours; lengths are shares of its radius."""

    canvas: Canvas
    center: Point
    radius: float
    skin: Rgb
    line: Rgb

    def at(self, x: float, y: float) -> Point:
        """Place a point of the face."""
        return self.center[0] + x * self.radius, self.center[1] + y * self.radius

    def oval(self, x: float, y: float, width: float, height: float, fill: Rgb | tuple[Rgb, Rgb]) -> None:
        """Draw an ellipse by its centre and half axes."""
        (left, top), (right, bottom) = self.at(x - width, y - height), self.at(x + width, y + height)
        self.canvas.ellipse((left, top, right, bottom), fill)

    def stroke(self, points: list[Point], width: float = 0.11, fill: Rgb | None = None) -> None:
        """Draw a line through points of the face."""
        self.canvas.line([self.at(*point) for point in points], width * self.radius, fill or self.line)

    def shape(self, points: list[Point], fill: Rgb | tuple[Rgb, Rgb]) -> None:
        """Fill an outline of points of the face."""
        self.canvas.polygon([self.at(*point) for point in points], fill)


def draw_face(canvas: Canvas, palette: Palette, center: Point, radius: float, feeling: str) -> None:
    """Draw the face in the brand's first colour; an unknown feeling shows as joy."""
    skin = _skin(palette)
    if feeling == "rage":
        skin = mix(skin, Rgb(255, 48, 36), 0.55)
    line = tone(palette.primary, 0.20, chroma=0.6, most=0.09)
    face = Face(canvas, center, radius, skin, line)
    x, y = center
    rim = radius * 1.10
    canvas.ellipse((x - rim, y - rim, x + rim, y + rim), line)
    canvas.ellipse(
        (x - radius, y - radius, x + radius, y + radius),
        (mix(skin, WHITE, 0.30), tone(skin, to_oklch(skin).lightness - 0.13, chroma=1.5)),
    )
    canvas.ellipse((x - radius * 0.72, y - radius * 0.93, x + radius * 0.52, y - radius * 0.36), WHITE, opacity=0.16)
    _FEELINGS.get(feeling, _joy)(face, palette)


def _skin(palette: Palette) -> Rgb:
    """Take the brand's first colour if a face can have it, else its second, else a lighter first."""
    for color in (palette.primary, palette.accent):
        lightness, chroma, _ = to_oklch(color)
        if 0.66 <= lightness <= 0.93 and chroma > 0.05:
            return color
    return tone(palette.primary, 0.74, chroma=1.15)


def feelings() -> tuple[str, ...]:
    """List the feelings a face can show."""
    return tuple(_FEELINGS)


def _eyes(
    face: Face, *, height: float = 0.27, look: Point = (0.0, 0.0), spread: float = 0.38, top: float = -0.16
) -> None:
    for side in (-1, 1):
        face.oval(side * spread, top, 0.20, height, WHITE)
        face.oval(side * spread + look[0], top + look[1], 0.115, min(height, 0.155), face.line)
        face.oval(side * spread + look[0] - 0.04, top + look[1] - 0.06, 0.04, 0.045, WHITE)


def _brows(face: Face, inner: float, outer: float, level: float = -0.52) -> None:
    for side in (-1, 1):
        face.stroke([(side * 0.60, level + outer), (side * 0.18, level + inner)], 0.13)


def _cheeks(face: Face, palette: Palette) -> None:
    for side in (-1, 1):
        (left, top), (right, bottom) = face.at(side * 0.66 - 0.17, 0.10), face.at(side * 0.66 + 0.17, 0.30)
        face.canvas.ellipse((left, top, right, bottom), _TONGUE, opacity=0.55)


def _open_mouth(face: Face, width: float, depth: float, top: float = 0.18) -> None:
    curve = [(width * math.cos(a), top + depth * math.sin(a)) for a in _angles(0, 180)]
    face.shape(curve, _MOUTH)
    tongue = [(width * 0.62 * math.cos(a), top + depth * 0.62 + depth * 0.34 * math.sin(a)) for a in _angles(0, 360)]
    inside = [(x, min(y, top + math.sqrt(max(0.0, 1 - (x / width) ** 2)) * depth)) for x, y in tongue]
    face.shape(inside, _TONGUE)
    face.shape(
        [(-width * 0.88, top), (width * 0.88, top), (width * 0.78, top + 0.11), (-width * 0.78, top + 0.11)], WHITE
    )
    face.stroke([*curve, curve[0]], 0.075)


def _joy(face: Face, palette: Palette) -> None:
    _eyes(face)
    _cheeks(face, palette)
    _open_mouth(face, 0.44, 0.40)


def _hype(face: Face, palette: Palette) -> None:
    star = parse("#FFD43B")
    for side in (-1, 1):
        points = [
            (side * 0.38 + r * math.sin(n * math.pi / 5), -0.18 - r * math.cos(n * math.pi / 5))
            for n in range(10)
            for r in ((0.34 if n % 2 == 0 else 0.15),)
        ]
        face.stroke([*points, points[0]], 0.13)
        face.shape(points, (mix(star, WHITE, 0.4), star))
    _open_mouth(face, 0.52, 0.52, 0.20)


def _rage(face: Face, palette: Palette) -> None:
    _eyes(face, height=0.20, look=(0.0, 0.03), top=-0.10)
    _brows(face, 0.22, -0.06)
    top, bottom = 0.30, 0.62
    mouth = [(-0.48, top + 0.06), (-0.40, top), (0.40, top), (0.48, top + 0.06), (0.48, bottom), (-0.48, bottom)]
    face.shape(mouth, WHITE)
    for x in (-0.24, 0.0, 0.24):
        face.stroke([(x, top), (x, bottom)], 0.05)
    face.stroke([(-0.48, 0.46), (0.48, 0.46)], 0.05)
    face.stroke([*mouth, mouth[0]], 0.10)
    for start, turn in ((0.40, -0.86), (0.62, -0.70)):
        face.stroke([(start, turn), (start + 0.14, turn + 0.12)], 0.08, Rgb(180, 20, 30))


def _laugh(face: Face, palette: Palette) -> None:
    for side in (-1, 1):
        face.stroke([(side * 0.60, -0.30), (side * 0.22, -0.13), (side * 0.60, 0.04)], 0.12)
        face.shape(_drop(side * 0.82, 0.10, 0.15), (mix(_TEAR, WHITE, 0.5), _TEAR))
    _open_mouth(face, 0.56, 0.54, 0.16)


def _cry(face: Face, palette: Palette) -> None:
    for side in (-1, 1):
        stream = [(side * 0.26, -0.06), (side * 0.52, -0.06), (side * 0.60, 0.90), (side * 0.30, 0.98)]
        face.shape(stream, (mix(_TEAR, WHITE, 0.35), _TEAR))
    _eyes(face, height=0.22, look=(0.0, 0.05))
    _brows(face, -0.10, 0.14, -0.50)
    arc = [(0.30 * math.cos(a), 0.62 - 0.22 * math.sin(a)) for a in _angles(0, 180)]
    face.shape(arc, _MOUTH)
    face.stroke([*arc, arc[0]], 0.09)


def _love(face: Face, palette: Palette) -> None:
    for side in (-1, 1):
        heart = _heart(side * 0.40, -0.20, 0.32)
        face.stroke([*heart, heart[0]], 0.11)
        face.shape(heart, (mix(_HEART, WHITE, 0.3), _HEART))
    _cheeks(face, palette)
    _open_mouth(face, 0.42, 0.38, 0.26)


def _shock(face: Face, palette: Palette) -> None:
    for side in (-1, 1):
        face.oval(side * 0.40, -0.18, 0.29, 0.33, face.line)
        face.oval(side * 0.40, -0.18, 0.23, 0.27, WHITE)
        face.oval(side * 0.40, -0.16, 0.075, 0.085, face.line)
    _brows(face, -0.12, -0.02, -0.60)
    face.oval(0, 0.50, 0.23, 0.30, face.line)
    face.oval(0, 0.51, 0.16, 0.23, _MOUTH)
    face.oval(0, 0.64, 0.11, 0.09, _TONGUE)


def _smug(face: Face, palette: Palette) -> None:
    _eyes(face, height=0.16, look=(0.07, 0.0), top=-0.12)
    for side in (-1, 1):
        face.stroke([(side * 0.38 - 0.23, -0.25), (side * 0.38 + 0.23, -0.25)], 0.11)
    face.stroke([(-0.60, -0.42), (-0.16, -0.44)], 0.12)
    face.stroke([(0.16, -0.56), (0.60, -0.66)], 0.12)
    face.stroke([(-0.34, 0.40), (-0.05, 0.46), (0.24, 0.38), (0.48, 0.16)], 0.11)
    _cheeks(face, palette)


def _sleepy(face: Face, palette: Palette) -> None:
    for side in (-1, 1):
        face.stroke([(side * 0.38 + 0.22 * math.cos(a), -0.16 + 0.12 * math.sin(a)) for a in _angles(0, 180)], 0.11)
    face.oval(0.02, 0.42, 0.15, 0.18, face.line)
    face.oval(0.02, 0.43, 0.09, 0.12, _MOUTH)
    bubble = face.at(0.46, 0.34)
    size = face.radius * 0.27
    box = (bubble[0] - size, bubble[1] - size, bubble[0] + size, bubble[1] + size)
    face.canvas.ellipse(box, _TEAR, opacity=0.75)
    face.oval(0.38, 0.25, 0.06, 0.06, WHITE)
    for x, y, size in ((0.42, -0.66, 0.20), (0.72, -0.94, 0.28)):
        letter = [(x, y), (x + size, y), (x, y + size), (x + size, y + size)]
        face.stroke(letter, 0.16, INK)
        face.stroke(letter, 0.08, WHITE)


def _heart(x: float, y: float, size: float) -> list[Point]:
    """Trace a heart by its well-known parametric curve."""
    return [
        (
            x + size * math.sin(a) ** 3,
            y - size * (13 * math.cos(a) - 5 * math.cos(2 * a) - 2 * math.cos(3 * a) - math.cos(4 * a)) / 16,
        )
        for a in _angles(0, 360)
    ]


def _drop(x: float, y: float, size: float) -> list[Point]:
    return [(x + size * math.sin(a) * math.sin(a / 2) ** 1.5, y - size * 1.3 * math.cos(a)) for a in _angles(0, 360)]


def _angles(start: float, end: float) -> list[float]:
    return [math.radians(start + (end - start) * step / 36) for step in range(37)]


_FEELINGS: Final[Mapping[str, Callable[[Face, Palette], None]]] = {
    "hype": _hype,
    "rage": _rage,
    "laugh": _laugh,
    "cry": _cry,
    "love": _love,
    "shock": _shock,
    "smug": _smug,
    "sleepy": _sleepy,
    "joy": _joy,
}
