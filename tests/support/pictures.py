"""Pictures to upload, made in memory."""

import io
from typing import Any

from PIL import Image

Color = int | tuple[int, ...]


def encode(picture: Image.Image, format: str = "PNG", **options: Any) -> bytes:  # noqa: A002 - Pillow's name
    """Write a picture into memory."""
    target = io.BytesIO()
    picture.save(target, format, **options)
    return target.getvalue()


def picture(
    size: tuple[int, int] = (64, 32),
    color: Color | str = (255, 0, 0, 255),
    *,
    mode: str = "RGBA",
    format: str = "PNG",  # noqa: A002 - Pillow's name
    **options: Any,
) -> bytes:
    """Make an encoded picture of one colour."""
    return encode(Image.new(mode, size, color), format, **options)
