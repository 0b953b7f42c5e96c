"""Decode, fit and encode pictures. All of it is CPU work for the image threads."""

import io
from typing import Final

from PIL import Image, ImageOps

from backend.clients.generation_errors import GenerationImageUnreadable

MAX_PIXELS: Final = 40_000_000
_FORMATS: Final = ("PNG", "JPEG", "WEBP")


def decode(data: bytes, failure: GenerationImageUnreadable) -> Image.Image:
    """Decode a PNG, JPEG or WebP upright as RGBA; raise `failure` for anything else, or for far too many pixels."""
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise failure
            return ImageOps.exif_transpose(picture).convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise failure from error


def encode(picture: Image.Image) -> bytes:
    """Write a PNG; one without transparency has no alpha channel."""
    if picture.mode == "RGBA" and _span(picture.getchannel("A")) == (255, 255):
        picture = picture.convert("RGB")
    target = io.BytesIO()
    picture.save(target, "PNG", compress_level=4)
    return target.getvalue()


def fit(data: bytes, width: int, height: int, failure: GenerationImageUnreadable) -> bytes:
    """Scale and crop around the centre to exactly this size, as PNG."""
    picture = decode(data, failure)
    return encode(ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS))


def _span(channel: Image.Image) -> tuple[int, int]:
    """Give the darkest and the lightest value of a picture with one channel."""
    levels = [level for level, count in enumerate(channel.histogram()) if count]
    return levels[0], levels[-1]
