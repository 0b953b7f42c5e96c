"""Decode, fit and scale pictures. All of it is CPU work for the image threads."""

import io
from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageChops, ImageOps

from backend.clients.generation_errors import GenerationImageUnreadable
from backend.services.generation.asset_types import AssetType

MAX_PIXELS: Final = 40_000_000
_FORMATS: Final = ("PNG", "JPEG", "WEBP")
_BORDER_SPREAD: Final = 48  # compression and soft light leave a screen this uneven
_KEY_SATURATION: Final = 90  # a background is keyed out only if it is as colourful as green screens are


def decode(data: bytes, failure: GenerationImageUnreadable) -> Image.Image:
    """Decode a PNG, JPEG or WebP upright as RGBA; raise `failure` for anything else, or for far too many pixels."""
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise failure
            return ImageOps.exif_transpose(picture).convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise failure from error


def encode(picture: Image.Image) -> bytes:
    """Write a PNG; one without transparency has no alpha channel."""
    if picture.mode == "RGBA" and _span(picture.getchannel("A")) == (255, 255):
        picture = picture.convert("RGB")
    target = io.BytesIO()
    picture.save(target, "PNG", compress_level=6)
    return target.getvalue()


def fit(data: bytes, width: int, height: int, failure: GenerationImageUnreadable) -> bytes:
    """Scale and crop around the centre to exactly this size, as PNG."""
    picture = decode(data, failure)
    return encode(ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS))


def size_set(data: bytes, sizes: Sequence[AssetType]) -> list[tuple[AssetType, bytes]]:
    """Scale one square picture to each size of a set, cutting a flat screen-coloured background out first."""
    picture = cut_out(decode(data, GenerationImageUnreadable("emote")))
    return [
        (asset_type, encode(ImageOps.fit(picture, asset_type.spec.size, Image.Resampling.LANCZOS)))
        for asset_type in sizes
    ]


def cut_out(picture: Image.Image) -> Image.Image:
    """Make a background transparent that is one strong colour along the whole border, else change nothing."""
    rgb, alpha = picture.convert("RGB"), picture.getchannel("A")
    if _span(alpha)[0] < 250:
        return picture
    key = _border_color(rgb)
    if key is None or max(key) - min(key) < _KEY_SATURATION:
        return picture
    distance = ImageChops.difference(rgb, Image.new("RGB", rgb.size, key))
    red, green, blue = distance.split()
    strongest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    mask = strongest.point(lambda value: max(0, min(255, (value - 40) * 6)))
    result = _without_spill(rgb, key)
    result.putalpha(mask)
    return result


def _without_spill(rgb: Image.Image, key: tuple[int, int, int]) -> Image.Image:
    """Hold the key's channel down to the strongest other one, so that no coloured rim remains where it mixed in."""
    channels = list(rgb.split())
    strong = key.index(max(key))
    if sorted(key)[1] > max(key) * 0.6:
        return rgb
    others = [channel for index, channel in enumerate(channels) if index != strong]
    channels[strong] = ImageChops.darker(channels[strong], ImageChops.lighter(*others))
    return Image.merge("RGB", channels)


def _border_color(rgb: Image.Image) -> tuple[int, int, int] | None:
    """Find the colour of the border if it is one colour all around."""
    width, height = rgb.size
    boxes = ((0, 0, width, 2), (0, height - 2, width, height), (0, 0, 2, height), (width - 2, 0, width, height))
    color: list[int] = []
    for channel in rgb.split():
        spans = [_span(channel.crop(box)) for box in boxes]
        low, high = min(low for low, _ in spans), max(high for _, high in spans)
        if high - low > _BORDER_SPREAD:
            return None
        color.append((low + high) // 2)
    return color[0], color[1], color[2]


def _span(channel: Image.Image) -> tuple[int, int]:
    """Give the darkest and the lightest value of a picture with one channel."""
    levels = [level for level, count in enumerate(channel.histogram()) if count]
    return levels[0], levels[-1]
