"""Draw what stands alone on a transparent or plain ground: emotes, badges, portraits, logos."""

import math
import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from PIL import Image

from backend.services.generation.drawing.canvas import Box, Canvas, Point
from backend.services.generation.drawing.colors import WHITE, contrast, mix, readable_on, to_oklch, tone
from backend.services.generation.drawing.faces import draw_face
from backend.services.generation.drawing.lettering import set_text
from backend.services.generation.drawing.motifs import light
from backend.services.generation.drawing.palette import Palette, palette_of
from backend.services.generation.drawing.styles import feeling_of
from backend.services.generation.drawing.typefaces import FontLibrary, Typeface
from backend.services.generation.drawing.words import HEADLINE
from backend.services.generation.images import ImageRequest, VisualHints

_LONGEST_EMOTE_TEXT: Final = 10
_DRAWN_EDGE: Final = 640
_ICONS: Final[Mapping[str, str]] = {
    "wolf": "🐺",
    "dragon": "🐲",
    "phoenix": "🐦",
    "lion": "🦁",
    "eagle": "🦅",
    "skull": "💀",
    "crown": "👑",
    "lightning bolt": "⚡",
    "flame": "🔥",
    "sword": "🗡",
    "shield": "🛡",
    "star": "⭐",
    "moon": "🌙",
    "sun": "☀",
    "crystal": "🔮",
    "diamond": "💎",
    "heart": "❤",
    "controller": "🎮",
    "headset": "🎧",
    "keyboard": "⌨",
    "cat": "🐱",
    "fox": "🦊",
    "bear": "🐻",
    "owl": "🦉",
    "raven": "🐦",
    "snake": "🐍",
    "tiger": "🐯",
    "panther": "🐆",
    "robot": "🤖",
    "alien": "👽",
    "ninja": "🥷",
    "samurai": "🎎",
    "knight": "♞",
    "wizard": "🧙",
    "demon": "😈",
    "angel": "👼",
}


def draw_emote(request: ImageRequest, fonts: FontLibrary, seed: int) -> Image.Image:
    """Draw a face with a feeling and, if the words are few, a band with them below."""
    canvas = _canvas(request)
    palette = palette_of(request.brand, _hints(request))
    edge = float(canvas.width)
    words = request.texts.title if len(request.texts.title) <= _LONGEST_EMOTE_TEXT else ""
    feeling = feeling_of(request.hints, request.texts.title, _other_feeling(seed))
    banner = _typeface(request, fonts).drawable(words) if words else ""
    radius = edge * (0.355 if banner else 0.435)
    draw_face(canvas, palette, (edge / 2, edge * (0.40 if banner else 0.5)), radius, feeling)
    if banner:
        _emote_band(canvas, palette, banner, _typeface(request, fonts))
    return canvas.finish()


def _emote_band(canvas: Canvas, palette: Palette, words: str, typeface: Typeface) -> None:
    edge = float(canvas.width)
    line = tone(palette.primary, 0.20, chroma=0.6, most=0.09)
    block = set_text(
        words, typeface, edge * 0.90 * canvas.unit, edge * 0.24 * canvas.unit, largest=edge * canvas.unit, most_lines=1
    )
    x, y = edge / 2, edge * 0.945 - block.height / canvas.unit
    canvas.text(block, x, y, [WHITE], align="center", outline=line, outline_width=edge * 0.045)
    canvas.text(block, x, y, [WHITE], align="center", outline=palette.accent, outline_width=edge * 0.006)
    canvas.text(block, x, y, [WHITE], align="center")


def draw_badge(request: ImageRequest, fonts: FontLibrary, seed: int) -> Image.Image:
    """Draw a crest with an icon, a number or initials."""
    canvas = _canvas(request)
    palette = palette_of(request.brand, _hints(request))
    edge = float(canvas.width)
    dice = random.Random(seed)  # noqa: S311 - chooses shapes, not secrets
    _crest(canvas, palette, (edge / 2, edge / 2), edge * 0.47, dice)
    _sign(canvas, palette, request, fonts, (edge / 2, edge * 0.49), edge * 0.46)
    return canvas.finish()


def draw_portrait(request: ImageRequest, fonts: FontLibrary, seed: int) -> Image.Image:
    """Draw a mascot, or initials, that survives a circular crop."""
    canvas = _canvas(request, opaque=True)
    palette = palette_of(request.brand, request.hints)
    edge = float(canvas.width)
    dice = random.Random(seed)  # noqa: S311 - chooses shapes, not secrets
    center = (edge / 2, edge / 2)
    light(canvas, palette, dice, center)
    for share, opacity in ((0.47, 0.16), (0.42, 0.20)):
        canvas.ellipse(_around(center, edge * share), palette.primary, opacity=opacity)
    canvas.ring(center, edge * 0.455, edge * 0.014, palette.mark)
    if _initials(request) or request.hints.subject in _ICONS:
        _crest(canvas, palette, center, edge * 0.33, dice)
        _sign(canvas, palette, request, fonts, (edge / 2, edge * 0.495), edge * 0.38)
    else:
        draw_face(canvas, palette, (edge / 2, edge * 0.52), edge * 0.30, feeling_of(request.hints, request.texts.title))
    return canvas.finish(grain=dice)


def draw_logo(request: ImageRequest, fonts: FontLibrary, seed: int) -> Image.Image:
    """Draw a crest with its sign and, below it, the name."""
    canvas = _canvas(request)
    palette = palette_of(request.brand, request.hints)
    edge = float(canvas.width)
    dice = random.Random(seed)  # noqa: S311 - chooses shapes, not secrets
    plain = request.hints.background.startswith("#")
    if plain:
        canvas.rounded((0, 0, edge, edge), 0, palette.ground)
    typeface = _typeface(request, fonts)
    name = typeface.drawable(request.texts.title)
    center = (edge / 2, edge * (0.40 if name else 0.5))
    _crest(canvas, palette, center, edge * (0.34 if name else 0.45), dice)
    _sign(canvas, palette, request, fonts, (center[0], center[1] - edge * 0.005), edge * (0.40 if name else 0.52))
    if name:
        unit = canvas.unit
        block = set_text(
            name, typeface, edge * 0.92 * unit, edge * 0.16 * unit, largest=edge * 0.14 * unit, most_lines=2
        )
        y = edge * 0.79 + (edge * 0.17 - block.height / unit) / 2
        outline = None if plain else tone(palette.primary, 0.16, chroma=0.5, most=0.08)
        fill = palette.text if plain else WHITE
        canvas.text(block, edge / 2, y, [fill], align="center", outline=outline, outline_width=edge * 0.016)
    return canvas.finish()


def _canvas(request: ImageRequest, *, opaque: bool = False) -> Canvas:
    """Draw small things much larger, so that a picture of 28 pixels is as true as one of 512."""
    scale = max(2, min(16, _DRAWN_EDGE // max(request.width, request.height)))
    return Canvas(request.width, request.height, scale=scale, opaque=opaque)


def _crest(canvas: Canvas, palette: Palette, center: Point, radius: float, dice: random.Random) -> None:
    """Draw a shield, a hexagon, a disc or a star with a rim and an inner plane."""
    outline = dice.choice((_shield, _hexagon, _disc, _rosette))
    rim = tone(palette.primary, 0.20, chroma=0.6, most=0.09)
    canvas.polygon(outline(center, radius), rim)
    canvas.polygon(outline(center, radius * 0.91), (mix(palette.accent, WHITE, 0.35), palette.accent))
    canvas.polygon(outline(center, radius * 0.80), rim)
    shade = tone(palette.primary, max(0.40, to_oklch(palette.primary).lightness - 0.22))
    canvas.polygon(outline(center, radius * 0.745), (mix(palette.primary, WHITE, 0.18), shade))


def _sign(
    canvas: Canvas, palette: Palette, request: ImageRequest, fonts: FontLibrary, center: Point, size: float
) -> None:
    """Draw the icon asked for, else initials or a number, else a star."""
    icon = _ICONS.get(request.hints.subject)
    typeface = fonts.typeface("Noto Emoji", 700) if icon else _typeface(request, fonts)
    text = icon or _initials(request) or "★"
    unit = canvas.unit
    block = set_text(text, typeface, size * unit, size * unit * 0.86, largest=size * unit, most_lines=1)
    ground = tone(palette.primary, max(0.45, to_oklch(palette.primary).lightness - 0.12))
    fill = WHITE if contrast(WHITE, ground) >= 2.6 else readable_on(ground)
    canvas.text(
        block,
        center[0],
        center[1] - block.height / unit / 2,
        [fill],
        align="center",
        shadow=size * 0.03,
        outline=fill if icon else None,
        outline_width=size * 0.012,
    )


def _initials(request: ImageRequest) -> str:
    """Take a number, a short word as it is, or the first letters of two words."""
    words = request.texts.title or (request.brand.name if request.brand else "")
    number = "".join(char for char in words if char.isdigit())
    if number and len(number) <= 4 and len(words) <= 14:
        return number
    parts = [part for part in words.split() if part[0].isalnum()]
    if len(parts) == 1 and len(parts[0]) <= 3:
        return parts[0].upper()
    return "".join(part[0] for part in parts[:2]).upper()


def _typeface(request: ImageRequest, fonts: FontLibrary) -> Typeface:
    choice = request.brand.headline_font if request.brand else HEADLINE
    return fonts.typeface(choice.family, max(choice.weight, 700))


def _hints(request: ImageRequest) -> VisualHints:
    """Forget the colour a background remover would have looked for: nothing is drawn there."""
    return replace(request.hints, background="")


def _other_feeling(seed: int) -> str:
    return ("joy", "hype", "smug", "love")[seed % 4]


def _around(center: Point, radius: float) -> Box:
    return center[0] - radius, center[1] - radius, center[0] + radius, center[1] + radius


def _disc(center: Point, radius: float) -> list[Point]:
    return [_at(center, radius, math.radians(5 * n)) for n in range(72)]


def _hexagon(center: Point, radius: float) -> list[Point]:
    return [_at(center, radius, math.radians(60 * n - 90)) for n in range(6)]


def _rosette(center: Point, radius: float) -> list[Point]:
    return [
        _at(center, radius * (0.965 + 0.035 * math.cos(math.radians(n * 3 * 12))), math.radians(n * 3))
        for n in range(120)
    ]


def _shield(center: Point, radius: float) -> list[Point]:
    x, y = center
    right = [(0.0, -0.98), (0.34, -0.86), (0.82, -0.78), (0.84, -0.10), (0.66, 0.42), (0.34, 0.76), (0.0, 1.0)]
    outline = right + [(-px, py) for px, py in reversed(right[1:-1])]
    return [(x + px * radius, y + py * radius) for px, py in outline]


def _at(center: Point, radius: float, angle: float) -> Point:
    return center[0] + radius * math.cos(angle), center[1] + radius * math.sin(angle)
