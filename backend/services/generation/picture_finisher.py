"""From what a generator drew to the pictures a user gets."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from backend.clients.generation_errors import GenerationImageUnreadable
from backend.services.branding.image_threads import ImageThreads
from backend.services.generation.asset_types import AssetType

_WHAT: Final = "generated image"
_OPAQUE: Final = (255, 255)
_TOLERANCE: Final = 40
_MAP_EDGE: Final = 128
_REACHED: Final = 128


@dataclass(frozen=True, slots=True)
class Picture:
    """Hold one finished PNG and what it is."""

    asset_type: AssetType
    data: bytes = field(repr=False)
    width: int
    height: int


class PictureFinisher:
    """Cut out what shall have no background, and scale what is delivered in several sizes."""

    def __init__(self, threads: ImageThreads) -> None:
        self._threads = threads

    async def finish(self, data: bytes, asset_type: AssetType) -> list[Picture]:
        """Make the pictures of an asset type from one PNG, largest first."""
        return await self._threads.run(_finish, data, asset_type)


def _finish(data: bytes, asset_type: AssetType) -> list[Picture]:
    spec = asset_type.spec
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as opened:
            if not spec.transparent and not spec.size_set and opened.size == spec.size:
                return [Picture(asset_type, data, *opened.size)]
            drawn = opened.convert("RGBA")
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise GenerationImageUnreadable(_WHAT) from error
    if spec.transparent:
        drawn = cut_out(drawn)
    return [_scaled(drawn, made) for made in spec.size_set or (asset_type,)]


def _scaled(drawn: Image.Image, asset_type: AssetType) -> Picture:
    size = asset_type.spec.size
    scaled = drawn if drawn.size == size else drawn.resize(size, Image.Resampling.LANCZOS)
    target = io.BytesIO()
    scaled.save(target, "PNG", optimize=True)
    return Picture(asset_type, target.getvalue(), *size)


def cut_out(drawn: Image.Image) -> Image.Image:
    """Make the background transparent: what has the colour of the corners and can be reached from the edge.

    A picture that has transparent parts, or corners of different colours, stays as it is. The way from the edge is
    looked for on a map of 128 x 128, so that the cost does not depend on the picture's size; the same colour
    inside the subject stays.
    """
    if drawn.getchannel("A").getextrema() != _OPAQUE:
        return drawn
    colors = drawn.convert("RGB")
    corners = _corners(colors)
    backdrop = corners.crop((0, 0, 1, 1)).resize(colors.size)
    if _unlike(corners, backdrop.resize(corners.size)).getbbox() is not None:
        return drawn
    alike = ImageChops.invert(_unlike(colors, backdrop))
    background = ImageChops.darker(alike, _reachable(alike))
    result = drawn.copy()
    result.putalpha(ImageChops.invert(background.filter(ImageFilter.GaussianBlur(0.6))))
    return result


def _corners(colors: Image.Image) -> Image.Image:
    right, bottom = colors.width - 1, colors.height - 1
    corners = Image.new("RGB", (2, 2))
    for x, y in ((0, 0), (1, 0), (0, 1), (1, 1)):
        left, top = x * right, y * bottom
        corners.paste(colors.crop((left, top, left + 1, top + 1)), (x, y))
    return corners


def _unlike(one: Image.Image, other: Image.Image) -> Image.Image:
    """Mark where two pictures differ visibly in any channel."""
    red, green, blue = ImageChops.difference(one, other).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return most.point(lambda distance: 255 if distance > _TOLERANCE else 0)


def _reachable(alike: Image.Image) -> Image.Image:
    """Mark what hangs together with the edge, a little more generously than it is."""
    framed = Image.new("L", (_MAP_EDGE + 2, _MAP_EDGE + 2), 255)
    framed.paste(
        alike.resize((_MAP_EDGE, _MAP_EDGE), Image.Resampling.BOX).point(lambda v: 255 if v > 127 else 0), (1, 1)
    )
    ImageDraw.floodfill(framed, (0, 0), _REACHED)
    reached = framed.point(lambda value: 255 if value == _REACHED else 0).filter(ImageFilter.MaxFilter(3))
    return reached.crop((1, 1, _MAP_EDGE + 1, _MAP_EDGE + 1)).resize(alike.size, Image.Resampling.NEAREST)
