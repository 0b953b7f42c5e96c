"""Set words into a box: break them into balanced lines, as large as fits, never clipped."""

import math
import unicodedata
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from backend.services.generation.drawing.typefaces import Face, Typeface

_REFERENCE: Final = 128.0
_SEPARATORS: Final = frozenset("·|/&+-")
_WORTH_A_LINE: Final = 1.12
_WORTH_A_TORN_LIST: Final = 2.0
_CLOSING: Final = frozenset({"Pe", "Pf", "Po", "Mn", "Mc", "Me", "Lm", "Cf"})
_SMALL_KANA: Final = frozenset("ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮー")


@dataclass(frozen=True, slots=True)
class Line:
    """Hold one line in pieces of one face each, in visual order from left to right."""

    pieces: tuple[tuple[Face, str], ...]
    width: float


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Hold words that fit their box; all measures are in pixels of the canvas it was set for."""

    lines: tuple[Line, ...]
    size: float
    ascent: float
    descent: float
    leading: float

    @property
    def width(self) -> float:
        """Give the width of the widest line."""
        return max((line.width for line in self.lines), default=0.0)

    @property
    def height(self) -> float:
        """Give the height from the top of the first line's letters to the lowest descender."""
        return self.ascent + self.descent + self.leading * (len(self.lines) - 1) if self.lines else 0.0

    def masks(self, x: float, y: float, align: str, stroke: float = 0) -> list[tuple[Image.Image, int, int]]:
        """Draw each line as a mask, and say where its upper left corner goes.

        The block's left edge, centre or right edge is at x, the top of its letters at y.
        """
        fonts: dict[int, ImageFont.FreeTypeFont] = {}
        margin = math.ceil(self.size * 0.35 + stroke)
        masks = []
        for number, line in enumerate(self.lines):
            left = x - {"left": 0.0, "center": 0.5, "right": 1.0}[align] * line.width
            baseline = y + self.ascent + number * self.leading
            corner = math.floor(left) - margin, math.floor(baseline - self.size * 1.2) - margin
            mask = Image.new("L", (math.ceil(line.width) + 2 * margin, math.ceil(self.size * 1.7) + 2 * margin), 0)
            pen = ImageDraw.Draw(mask)
            for face, text in line.pieces:
                font = fonts.setdefault(id(face), face.at(self.size))
                pen.text((left - corner[0], baseline - corner[1]), text, 255, font, anchor="ls", stroke_width=stroke)
                left += font.getlength(text)
            masks.append((mask, *corner))
        return masks


def set_text(
    text: str,
    typeface: Typeface,
    width: float,
    height: float,
    *,
    largest: float,
    most_lines: int = 3,
    leading: float = 1.08,
) -> TextBlock:
    """Choose the breaks and the size that let the text be as large as possible, at most `largest`.

    A word as wide as the box is broken if that makes the text more than half as large again.
    """
    drawable = typeface.drawable(text)
    measure = _Measure(typeface)
    if not drawable or width <= 0 or height <= 0:
        return TextBlock((), 0, 0, 0, 0)
    words = _tokens(drawable, broken=False)
    size, lines = _best(words, measure, width, height, largest, most_lines, leading)
    if max(measure.width(word) for word in words) * size / _REFERENCE > width * 0.9:
        broken = _best(_tokens(drawable, broken=True), measure, width, height, largest, most_lines, leading)
        size, lines = broken if broken[0] > size * 1.5 else (size, lines)
    scale = size / _REFERENCE
    set_lines = tuple(Line(measure.visual(line), measure.width(line) * scale) for line in lines)
    ascent, descent = measure.extent(lines)
    return TextBlock(set_lines, size, ascent * scale, descent * scale, size * leading)


def _best(
    tokens: list[str], measure: "_Measure", width: float, height: float, largest: float, most_lines: int, leading: float
) -> tuple[float, list[str]]:
    best: tuple[float, list[str]] = (0.0, [])
    for count in range(1, min(most_lines, len(tokens)) + 1):
        lines = _balanced(tokens, count, measure)
        ascent, descent = measure.extent(lines)
        tall = (ascent + descent) / _REFERENCE + leading * (len(lines) - 1)
        widest = max(measure.width(line) for line in lines) / _REFERENCE
        size = min(largest, width / max(widest, 1e-6), height / max(tall, 1e-6))
        torn = any(line[-1:] in _SEPARATORS for line in lines[:-1])
        if size > best[0] * (_WORTH_A_TORN_LIST if torn else _WORTH_A_LINE):
            best = (size, lines)
    return best


def _balanced(tokens: list[str], count: int, measure: "_Measure") -> list[str]:
    """Break tokens into at most `count` lines whose widest is as narrow as possible."""
    low, high = max(measure.width(token) for token in tokens), measure.width("".join(tokens))
    for _ in range(18):
        middle = (low + high) / 2
        low, high = (low, middle) if len(_greedy(tokens, middle, measure)) <= count else (middle, high)
    return _greedy(tokens, high + 0.01, measure)


def _greedy(tokens: list[str], width: float, measure: "_Measure") -> list[str]:
    lines = [tokens[0]]
    for token in tokens[1:]:
        if measure.width((lines[-1] + token).strip()) <= width:
            lines[-1] += token
        else:
            lines.append(token)
    return [line.strip() for line in lines]


def _tokens(text: str, *, broken: bool) -> list[str]:
    """Split into the smallest pieces a line may end after: words, ideographs, or every character."""
    tokens: list[str] = []
    for char in text:
        starts = not tokens or tokens[-1].endswith(" ") or broken or _ideographic(char) or _ideographic(tokens[-1][-1])
        if starts and char != " " and not _stays_with_former(char):
            tokens.append(char)
        elif tokens:
            tokens[-1] += char
        else:
            tokens.append(char)
    return tokens


def _ideographic(char: str) -> bool:
    """Say whether lines may break beside a character of a script without spaces."""
    return "\u2e80" <= char <= "\u9fff" or "\uf900" <= char <= "\ufaff" or "\U00020000" <= char <= "\U0003ffff"


def _stays_with_former(char: str) -> bool:
    """Say whether a line must not begin with a character: closing signs, marks, small kana."""
    return unicodedata.category(char) in _CLOSING or char in _SMALL_KANA


class _Measure:
    """Measure text at one size; lengths scale with it."""

    def __init__(self, typeface: Typeface) -> None:
        self._typeface = typeface
        self._fonts: dict[int, ImageFont.FreeTypeFont] = {}
        self._widths: dict[str, float] = {}

    def width(self, text: str) -> float:
        if text not in self._widths:
            self._widths[text] = sum(self._font(face).getlength(run) for face, run in self._typeface.runs(text.strip()))
        return self._widths[text]

    def extent(self, lines: list[str]) -> tuple[float, float]:
        """Give how far the first line rises above, and the last line falls below its baseline."""
        boxes = [
            [self._font(face).getbbox(run, anchor="ls") for face, run in self._typeface.runs(line)]
            for line in (lines[0], lines[-1])
        ]
        return max(-box[1] for box in boxes[0]), max(0.0, *(float(box[3]) for box in boxes[1]))

    def visual(self, line: str) -> tuple[tuple[Face, str], ...]:
        """Order the pieces of a line from left to right."""
        runs = self._typeface.runs(line)
        return tuple(reversed(runs)) if _is_right_to_left(line) else tuple(runs)

    def _font(self, face: Face) -> ImageFont.FreeTypeFont:
        if id(face) not in self._fonts:
            self._fonts[id(face)] = face.at(_REFERENCE)
        return self._fonts[id(face)]


def _is_right_to_left(text: str) -> bool:
    directions = (unicodedata.bidirectional(char) for char in text)
    return next((direction in {"R", "AL"} for direction in directions if direction in {"L", "R", "AL"}), False)
