"""Put title, subtitle and a label into a layout, readable whatever lies behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from backend.services.generation.brand_style import BrandStyle, FontChoice
from backend.services.generation.drawing.canvas import Box, Canvas
from backend.services.generation.drawing.colors import Rgb, contrast, readable_on
from backend.services.generation.drawing.layouts import Layout
from backend.services.generation.drawing.lettering import TextBlock, set_text
from backend.services.generation.drawing.palette import Palette
from backend.services.generation.drawing.typefaces import FontLibrary, Typeface
from backend.services.generation.images import ImageTexts

HEADLINE: Final = FontChoice(family="Montserrat", weight=700)
BODY: Final = FontChoice(family="Inter", weight=400)
_WANTED_CONTRAST: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Column:
    """Hold the blocks of a column, measured in pixels of the finished picture."""

    label: TextBlock
    title: TextBlock
    subtitle: TextBlock
    gap: float
    unit: int

    @property
    def label_height(self) -> float:
        return self.label.height / self.unit * 2.1 if self.label.lines else 0.0

    @property
    def height(self) -> float:
        heights = (self.label_height, self.title.height / self.unit, self.subtitle.height / self.unit)
        return sum(heights) + self.gap * (sum(height > 0 for height in heights) - 1)


def draw_words(
    canvas: Canvas, palette: Palette, layout: Layout, texts: ImageTexts, style: BrandStyle | None, fonts: FontLibrary
) -> None:
    """Set and draw all words; they shrink until they fit their area."""
    left, top, right, bottom = _pixels(layout, canvas)
    column = _set_column(canvas, layout, texts, style, fonts, (right - left, bottom - top))
    if column.height <= 0:
        return
    y = bottom - column.height if layout.anchor == "bottom" else (top + bottom - column.height) / 2
    x = left if layout.align == "left" else (left + right) / 2
    margin = column.gap
    widest = max(column.title.width, column.subtitle.width, column.label.width * 1.4) / canvas.unit
    start = x if layout.align == "left" else x - widest / 2
    _quieten(canvas, palette, (start - margin, y - margin, start + widest + margin, y + column.height + margin))
    _draw_column(canvas, palette, column, x, y, layout.align)


def _set_column(
    canvas: Canvas,
    layout: Layout,
    texts: ImageTexts,
    style: BrandStyle | None,
    fonts: FontLibrary,
    size: tuple[float, float],
) -> _Column:
    headline, body = (style.headline_font, style.body_font) if style else (HEADLINE, BODY)
    title_face = fonts.typeface(headline.family, headline.weight)
    body_face = fonts.typeface(body.family, body.weight)
    strong = fonts.typeface(body.family, 700)
    unit, short = canvas.unit, min(canvas.width, canvas.height)
    width, height = size[0] * unit, size[1] * unit
    title, subtitle = (texts.title, texts.subtitle) if texts.title else (texts.subtitle, "")
    largest = layout.title * short * unit
    gap = max(2.0, short * 0.054)
    label = _block(texts.detail, strong, width * 0.7, height * 0.10, largest * 0.20, 1)
    below = _block(subtitle, body_face, width, height * 0.26, largest * 0.36, 2)
    used = label.height * 2.1 + below.height + gap * unit * (bool(label.lines) + bool(below.lines))
    main = _block(title, title_face, width, height - used, largest, layout.most_lines)
    return _Column(label, main, below, gap, unit)


def _block(text: str, face: Typeface, width: float, height: float, largest: float, most_lines: int) -> TextBlock:
    return set_text(text, face, width, height, largest=largest, most_lines=most_lines)


def _draw_column(canvas: Canvas, palette: Palette, column: _Column, x: float, y: float, align: str) -> None:
    unit = column.unit
    shadow = 0.0 if palette.bright else column.title.size / unit * 0.045
    if column.label.lines:
        _draw_label(canvas, palette, column, x, y, align)
        y += column.label_height + column.gap
    elif column.title.lines and align == "left":
        bar, above = column.gap * 0.18, y - column.gap
        canvas.rounded((x, above, x + column.gap * 1.8, above + bar), bar / 2, palette.mark)
    if column.title.lines:
        canvas.text(column.title, x, y, _fills(palette, column.title), align=align, shadow=shadow)
        y += column.title.height / unit + column.gap
    canvas.text(column.subtitle, x, y, [palette.muted], align=align, shadow=shadow)


def _draw_label(canvas: Canvas, palette: Palette, column: _Column, x: float, y: float, align: str) -> None:
    """Draw the label as a pill in the accent colour."""
    unit, height = column.unit, column.label_height
    inset = height * 0.55
    width = column.label.width / unit + 2 * inset
    left = x if align == "left" else x - width / 2
    canvas.rounded((left, y, left + width, y + height), height / 2, palette.mark)
    top = y + (height - column.label.height / unit) / 2
    canvas.text(column.label, left + inset, top, [readable_on(palette.mark)])


def _fills(palette: Palette, title: TextBlock) -> Sequence[Rgb]:
    """Let the last of several lines stand out."""
    return [palette.text] * (len(title.lines) - 1) + [palette.mark] if len(title.lines) > 1 else [palette.text]


def _quieten(canvas: Canvas, palette: Palette, box: Box) -> None:
    """Lay more and more of the ground under the words until every part of it lets them be read."""
    inside = (max(0, box[0]), max(0, box[1]), min(canvas.width, box[2]), min(canvas.height, box[3]))
    if inside[2] <= inside[0] or inside[3] <= inside[1]:
        return
    corner = (box[3] - box[1]) * 0.12
    for _ in range(8):
        if min(contrast(palette.text, color) for color in canvas.colors_in(inside)) >= _WANTED_CONTRAST:
            return
        canvas.rounded(box, corner, palette.ground, opacity=0.35, blur=corner * 1.8)


def _pixels(layout: Layout, canvas: Canvas) -> Box:
    left, top, right, bottom = layout.area
    return left * canvas.width, top * canvas.height, right * canvas.width, bottom * canvas.height
