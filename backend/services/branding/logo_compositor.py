"""Putting a logo on a finished picture."""

import io
from typing import Final

from PIL import Image

from backend.services.branding.image_threads import ImageThreads
from backend.services.branding.logo_image import UnreadableImage, decode, fade
from backend.services.generation.brand_style import LogoPosition, LogoSize
from backend.services.storage.content_types import sniff

_WIDTH: Final = {LogoSize.SMALL: 0.10, LogoSize.MEDIUM: 0.15, LogoSize.LARGE: 0.20}
_MAX_HEIGHT: Final = 0.25
_PADDING: Final = 0.03


class LogoCompositor:
    """Draw logos in the given threads; the picture's own pixels stay as they are everywhere else."""

    def __init__(self, threads: ImageThreads) -> None:
        self._threads = threads

    async def composite(
        self, base: bytes, logo: bytes, position: LogoPosition | str, size: LogoSize | str, opacity: float = 1.0
    ) -> bytes:
        """Put the logo into a corner or the centre and give the whole as PNG.

        The logo is 10, 15 or 20 % as wide as the picture, at most a quarter as high, and 3 % away from each edge; an
        unknown position means bottom right, an unknown size medium. `opacity`, 0 to 1, scales the logo's own alpha.
        """
        return await self._threads.run(_composite, base, logo, _position(position), _size(size), opacity)


def _composite(base: bytes, logo: bytes, position: LogoPosition, size: LogoSize, opacity: float) -> bytes:
    with _decode(base) as picture, _decode(logo) as mark:
        scaled = mark.resize(scaled_size(picture.size, mark.size, size), Image.Resampling.LANCZOS)
        if opacity < 1:
            fade(scaled, opacity)
        picture.alpha_composite(scaled, place(picture.size, scaled.size, position))
        target = io.BytesIO()
        # Pictures without transparency stay without an alpha channel.
        opaque = picture.getchannel("A").getextrema() == (255, 255)
        (picture.convert("RGB") if opaque else picture).save(target, "PNG")
        return target.getvalue()


def scaled_size(base: tuple[int, int], logo: tuple[int, int], size: LogoSize) -> tuple[int, int]:
    """Fit a logo to its share of the picture's width, and to a quarter of its height, keeping its shape."""
    scale = min(base[0] * _WIDTH[size] / logo[0], base[1] * _MAX_HEIGHT / logo[1])
    return max(1, round(logo[0] * scale)), max(1, round(logo[1] * scale))


def place(base: tuple[int, int], logo: tuple[int, int], position: LogoPosition) -> tuple[int, int]:
    """Find the upper left corner of a logo on the picture."""
    padding = round(base[0] * _PADDING), round(base[1] * _PADDING)
    free = base[0] - logo[0], base[1] - logo[1]
    if position is LogoPosition.CENTER:
        return free[0] // 2, free[1] // 2
    left = position in {LogoPosition.TOP_LEFT, LogoPosition.BOTTOM_LEFT}
    top = position in {LogoPosition.TOP_LEFT, LogoPosition.TOP_RIGHT}
    return padding[0] if left else free[0] - padding[0], padding[1] if top else free[1] - padding[1]


def _decode(data: bytes) -> Image.Image:
    content_type = sniff(data)
    if content_type not in {"image/png", "image/jpeg", "image/webp"}:
        raise UnreadableImage
    return decode(data, content_type)


def _position(value: LogoPosition | str) -> LogoPosition:
    return LogoPosition(value) if value in set(LogoPosition) else LogoPosition.BOTTOM_RIGHT


def _size(value: LogoSize | str) -> LogoSize:
    return LogoSize(value) if value in set(LogoSize) else LogoSize.MEDIUM
