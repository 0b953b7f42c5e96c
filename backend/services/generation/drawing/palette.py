"""The colours of one picture, made from a brand's."""

from dataclasses import dataclass
from typing import Final

from backend.services.generation.brand_style import BrandStyle, Intensity
from backend.services.generation.drawing.colors import (
    INK,
    WHITE,
    Rgb,
    contrast,
    from_oklch,
    hue_distance,
    parse,
    readable_on,
    to_oklch,
    tone,
)
from backend.services.generation.images import VisualHints

_DEFAULT: Final = ("#6D4AFF", "#19D3F3", "#FF4F8B")
_BRIGHT_MOODS: Final = frozenset({"playful", "playful-3d", "kawaii", "cozy", "halftone-pop", "aesthetic-pro"})
_BRIGHT_TONES: Final = frozenset({"comedic", "wholesome"})
_TEXT_CONTRAST: Final = 4.5
_PAPER: Final = 0.93
_COLOURLESS: Final = 0.03


@dataclass(frozen=True, slots=True)
class Palette:
    """Name colours by what they are for.

    `ground` and `deep` make the background, `primary`, `accent` and `support` what stands on it; `text` and `muted`
    are readable on the ground, and so is `mark`, the accent as a colour for words and small shapes.
    """

    bright: bool
    ground: Rgb
    deep: Rgb
    primary: Rgb
    accent: Rgb
    support: Rgb
    text: Rgb
    muted: Rgb
    mark: Rgb


def palette_of(style: BrandStyle | None, hints: VisualHints) -> Palette:
    """Make a palette in which the brand's first colour leads; a brand of one colour gets fitting companions."""
    primary, accent, support = _key_colors(style, hints)
    bright = _is_bright(style, hints)
    strength = {Intensity.SUBTLE: 0.55, Intensity.BALANCED: 1.0, Intensity.STRONG: 1.35}[
        style.intensity if style else Intensity.BALANCED
    ]
    source = parse(hints.background) if hints.background.startswith("#") else primary
    if bright:
        ground = tone(source, 0.93, chroma=0.5 * strength, most=0.07)
        deep = tone(source, 0.82, chroma=0.8 * strength, most=0.13)
        text = tone(primary, 0.22, chroma=0.6, most=0.08)
    else:
        ground = tone(source, 0.20, chroma=0.5 * strength, most=0.11)
        deep = tone(source, 0.11, chroma=0.35 * strength, most=0.06)
        text = WHITE
    if contrast(text, ground) < _TEXT_CONTRAST:
        text = readable_on(ground)
    return Palette(
        bright=bright,
        ground=ground,
        deep=deep,
        primary=_visible(primary, ground, 1.6),
        accent=_visible(accent, ground, 1.6),
        support=_visible(support, ground, 1.6),
        text=text,
        muted=tone(primary, 0.38 if bright else 0.86, chroma=0.35, most=0.06),
        mark=_visible(accent, ground, _TEXT_CONTRAST),
    )


def _key_colors(style: BrandStyle | None, hints: VisualHints) -> tuple[Rgb, Rgb, Rgb]:
    if style is None:
        primary, accent, support = (parse(color) for color in _DEFAULT)
        return primary, parse(hints.accent) if hints.accent else accent, support
    primary = parse(style.primary)
    others = [parse(color) for color in style.palette if color != style.primary]
    far = sorted(others, key=lambda color: -_difference(color, primary))
    chosen = style.accent or hints.accent
    accent = parse(chosen) if chosen else far[0] if far else _companion(primary, 150)
    rest = [color for color in far if color != accent]
    support = parse(style.secondary) if style.secondary else rest[0] if rest else _companion(primary, -40)
    return primary, accent, support


def _companion(color: Rgb, turn: float) -> Rgb:
    """Invent a colour that goes with one; black and white stay among greys."""
    if to_oklch(color).chroma < _COLOURLESS:
        return from_oklch(0.72, 0.0, 0.0)
    return tone(color, 0.74, turn=turn, chroma=1.0)


def _difference(one: Rgb, other: Rgb) -> float:
    a, b = to_oklch(one), to_oklch(other)
    return abs(a.lightness - b.lightness) * 100 + hue_distance(one, other) * min(a.chroma, b.chroma) * 5


def _is_bright(style: BrandStyle | None, hints: VisualHints) -> bool:
    if hints.background in {"bright", "studio"}:
        return True
    if hints.background == "dark":
        return False
    if hints.background.startswith("#"):
        return to_oklch(parse(hints.background)).lightness > 0.7
    if hints.mood:
        return hints.mood in _BRIGHT_MOODS
    if style is None:
        return False
    lightness, chroma, _ = to_oklch(parse(style.primary))
    return style.tone in _BRIGHT_TONES or (lightness > _PAPER and chroma < _COLOURLESS)


def _visible(color: Rgb, ground: Rgb, wanted: float) -> Rgb:
    """Move a colour's lightness away from the ground's until it stands out enough."""
    if contrast(color, ground) >= wanted:
        return color
    lighter = luminance_is_low(ground)
    start = to_oklch(color).lightness
    for step in range(1, 21):
        lightness = start + (0.98 - start) * step / 20 if lighter else start * (1 - step / 20)
        moved = tone(color, lightness)
        if contrast(moved, ground) >= wanted:
            return moved
    return WHITE if lighter else INK


def luminance_is_low(ground: Rgb) -> bool:
    """Say whether white is what reads best on a ground."""
    return readable_on(ground) == WHITE
