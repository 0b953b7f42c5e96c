"""A canvas with soft edges: everything is drawn larger and scaled down at the end."""

import math
import random
from collections.abc import Callable, Sequence
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from backend.services.generation.drawing.colors import INK, Rgb, mix
from backend.services.generation.drawing.lettering import TextBlock

Point = tuple[float, float]
Box = tuple[float, float, float, float]
Fill = Rgb | tuple[Rgb, Rgb]
_MESH_EDGE: Final = 120
_CLEAR: Final = (0, 0, 0, 0)


class Canvas:
    """Draw in pixels of the finished picture; a fill of two colours runs from top to bottom of the shape.

    An opaque canvas is filled by `mesh` first and has no alpha channel, which makes it twice as fast.
    """

    def __init__(self, width: int, height: int, *, scale: int, opaque: bool = False) -> None:
        self.width = width
        self.height = height
        self._scale = scale
        self._opaque = opaque
        size = width * scale, height * scale
        self._image = Image.new("RGB", size) if opaque else Image.new("RGBA", size, _CLEAR)

    def finish(self, *, grain: random.Random | None = None) -> Image.Image:
        """Scale down; fine grain hides the steps of gradients on an opaque canvas."""
        image = self._image.reduce(self._scale) if self._opaque else self._image.resize((self.width, self.height))
        if grain is None:
            return image
        noise = Image.frombytes("L", image.size, grain.randbytes(image.width * image.height))
        noise = noise.point([value // 52 for value in range(256)])
        return ImageChops.subtract(image.convert("RGB"), Image.merge("RGB", (noise, noise, noise)), 1.0, -2)

    def mesh(self, base: Rgb, lights: Sequence[tuple[Point, float, Rgb, float]]) -> None:
        """Fill with a colour and soft lights: centre and radius as shares of the size, colour, strength."""
        ratio = self.height / self.width
        columns, rows = _MESH_EDGE, max(2, round(_MESH_EDGE * ratio))
        pixels = bytearray()
        for row in range(rows):
            for column in range(columns):
                pixels.extend(_lit(base, lights, (column + 0.5) / columns, (row + 0.5) / rows, ratio))
        small = Image.frombytes("RGB", (columns, rows), bytes(pixels))
        self._image.paste(small.resize(self._image.size, Image.Resampling.BICUBIC))

    def picture(self, image: Image.Image, box: Box, *, rotation: float = 0.0, opacity: float = 1.0) -> None:
        """Place a picture, stretched to the box."""
        left, top, right, bottom = (round(value * self._scale) for value in box)
        scaled = image.convert("RGBA").resize((max(1, right - left), max(1, bottom - top)), Image.Resampling.LANCZOS)
        if rotation % 360:
            scaled = scaled.rotate(-rotation, Image.Resampling.BICUBIC, expand=True)
        scaled.putalpha(scaled.getchannel("A").point(_faded(opacity)))
        center = (left + right) // 2, (top + bottom) // 2
        self._composite(scaled, center[0] - scaled.width // 2, center[1] - scaled.height // 2)

    def polygon(self, points: Sequence[Point], fill: Fill, *, opacity: float = 1.0, blur: float = 0.0) -> None:
        """Draw a filled polygon."""
        box = _bounds(points)
        self._shape(box, lambda pen, place: pen.polygon([place(p) for p in points], 255), fill, opacity, blur)

    def ellipse(self, box: Box, fill: Fill, *, opacity: float = 1.0, blur: float = 0.0) -> None:
        """Draw a filled ellipse."""
        self._shape(box, lambda pen, place: pen.ellipse((*place(box[:2]), *place(box[2:])), 255), fill, opacity, blur)

    def ring(self, center: Point, radius: float, width: float, fill: Fill, *, opacity: float = 1.0) -> None:
        """Draw a circle's outline."""
        self.arc(center, radius, width, 0, 360, fill, opacity=opacity)

    def arc(
        self, center: Point, radius: float, width: float, start: float, end: float, fill: Fill, *, opacity: float = 1.0
    ) -> None:
        """Draw a part of a circle's outline, clockwise from three o'clock."""
        box = _around(center, radius)
        line = max(1, round(width * self._scale))
        self._shape(
            box,
            lambda pen, place: pen.arc((*place(box[:2]), *place(box[2:])), start, end, 255, line),
            fill,
            opacity,
            0.0,
        )

    def rounded(self, box: Box, radius: float, fill: Fill, *, opacity: float = 1.0, blur: float = 0.0) -> None:
        """Draw a filled box with round corners."""
        corner = round(radius * self._scale)
        self._shape(
            box,
            lambda pen, place: pen.rounded_rectangle((*place(box[:2]), *place(box[2:])), corner, 255),
            fill,
            opacity,
            blur,
        )

    def line(self, points: Sequence[Point], width: float, fill: Fill, *, opacity: float = 1.0) -> None:
        """Draw a line with round joints and ends."""
        thick = max(1, round(width * self._scale))

        def draw(pen: ImageDraw.ImageDraw, place: Callable[[Point], Point]) -> None:
            placed = [place(point) for point in points]
            pen.line(placed, 255, thick, joint="curve")
            for x, y in (placed[0], placed[-1]):
                pen.ellipse((x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2), 255)

        left, top, right, bottom = _bounds(points)
        self._shape((left - width, top - width, right + width, bottom + width), draw, fill, opacity, 0.0)

    def text(
        self,
        block: TextBlock,
        x: float,
        y: float,
        fills: Sequence[Rgb],
        *,
        align: str = "left",
        shadow: float = 0.0,
        outline: Rgb | None = None,
        outline_width: float = 0.0,
    ) -> None:
        """Draw words set for this canvas's `unit`; line n has the n-th fill, the last fill serves the others."""
        place = (x * self._scale, y * self._scale, align)
        masks = block.masks(*place)
        if shadow:
            reach = round(shadow * self._scale)
            for mask, left, top in masks:
                wide = ImageOps.expand(mask, 2 * reach).filter(ImageFilter.BoxBlur(reach))
                self._fill(wide.point(_faded(0.55)), INK, left - 2 * reach, top - 2 * reach)
        if outline is not None:
            for mask, left, top in block.masks(*place, stroke=outline_width * self._scale):
                self._fill(mask, outline, left, top)
        for number, (mask, left, top) in enumerate(masks):
            self._fill(mask, fills[min(number, len(fills) - 1)], left, top)

    @property
    def unit(self) -> int:
        """Give the number of drawn pixels per finished one; text is set in drawn pixels."""
        return self._scale

    def veil(self, color: Rgb, opacities: Sequence[float], *, vertical: bool = False) -> None:
        """Lay a colour over everything whose opacity follows the given steps from left to right or top to bottom."""
        strip = Image.new("L", (len(opacities), 1))
        strip.putdata([round(255 * value) for value in opacities])
        mask = (strip.transpose(Image.Transpose.ROTATE_270) if vertical else strip).resize(
            self._image.size, Image.Resampling.BICUBIC
        )
        self._fill(mask, color, 0, 0)

    def colors_in(self, box: Box, cells: int = 12) -> list[Rgb]:
        """Give the mean colours of small cells of a region, to judge whether text can be read there."""
        bounds = [round(value * self._scale) for value in box]
        region = self._image.convert("RGB").crop((bounds[0], bounds[1], bounds[2], bounds[3]))
        small = region.resize((cells, cells), Image.Resampling.BOX)
        data = small.tobytes()
        return [Rgb(*data[index : index + 3]) for index in range(0, len(data), 3)]

    def _shape(
        self,
        box: Box,
        draw: Callable[[ImageDraw.ImageDraw, Callable[[Point], Point]], None],
        fill: Fill,
        opacity: float,
        blur: float,
    ) -> None:
        reach = blur * 2.5 + 1
        left, top = math.floor((box[0] - reach) * self._scale), math.floor((box[1] - reach) * self._scale)
        right, bottom = math.ceil((box[2] + reach) * self._scale), math.ceil((box[3] + reach) * self._scale)
        margin = math.ceil(reach * self._scale)
        left, top = max(left, -margin), max(top, -margin)
        right, bottom = min(right, self._image.width + margin), min(bottom, self._image.height + margin)
        if right <= left or bottom <= top:
            return
        mask = Image.new("L", (right - left, bottom - top), 0)
        draw(ImageDraw.Draw(mask), lambda point: (point[0] * self._scale - left, point[1] * self._scale - top))
        if blur:
            mask = _blurred(mask, blur * self._scale)
        if opacity < 1:
            mask = mask.point(_faded(opacity))
        self._fill(mask, fill, left, top)

    def _fill(self, mask: Image.Image, fill: Fill, left: int, top: int) -> None:
        if self._opaque:
            self._image.paste(fill if isinstance(fill, Rgb) else _ramp(mask.size, fill), (left, top), mask)
            return
        layer = Image.new("RGBA", mask.size, fill) if isinstance(fill, Rgb) else _ramp(mask.size, fill)
        layer.putalpha(mask)
        self._composite(layer, left, top)

    def _composite(self, layer: Image.Image, left: int, top: int) -> None:
        if self._opaque:
            self._image.paste(layer, (left, top), layer)
            return
        source = (max(0, -left), max(0, -top))
        if source[0] >= layer.width or source[1] >= layer.height:
            return
        if left >= self._image.width or top >= self._image.height:
            return
        self._image.alpha_composite(layer, (max(0, left), max(0, top)), source)


def _lit(
    base: Rgb, lights: Sequence[tuple[Point, float, Rgb, float]], x: float, y: float, ratio: float
) -> tuple[int, int, int]:
    diagonal = math.hypot(1, ratio)
    red, green, blue = (float(value) for value in base)
    for (light_x, light_y), radius, color, strength in lights:
        distance = math.hypot(x - light_x, (y - light_y) * ratio) / diagonal
        share = strength * math.exp(-((distance / radius) ** 2))
        red += (color.red - red) * share
        green += (color.green - green) * share
        blue += (color.blue - blue) * share
    return int(red), int(green), int(blue)


def _ramp(size: tuple[int, int], fill: tuple[Rgb, Rgb]) -> Image.Image:
    strip = Image.new("RGBA", (1, 64))
    strip.putdata([(*mix(fill[0], fill[1], step / 63), 255) for step in range(64)])
    return strip.resize((1, size[1]), Image.Resampling.BICUBIC).resize(size, Image.Resampling.NEAREST)


def _blurred(mask: Image.Image, radius: float) -> Image.Image:
    """Blur at a quarter of the size where the radius is large; nobody sees the difference, and it is fast."""
    if radius < 16:
        return mask.filter(ImageFilter.GaussianBlur(radius))
    small = mask.resize((max(1, mask.width // 8), max(1, mask.height // 8)), Image.Resampling.BOX)
    return small.filter(ImageFilter.GaussianBlur(radius / 8)).resize(mask.size, Image.Resampling.BICUBIC)


def _faded(opacity: float) -> list[int]:
    return [round(value * opacity) for value in range(256)]


def _bounds(points: Sequence[Point]) -> Box:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def _around(center: Point, radius: float) -> Box:
    return center[0] - radius, center[1] - radius, center[0] + radius, center[1] + radius
