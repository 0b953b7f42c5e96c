"""Reading pictures that users uploaded: size from the header first, pixels only of what is small enough."""

import contextlib
import io
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageCms, ImageFile, ImageOps, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from backend.errors import DomainError

MAX_SIDE: Final = 8192
MAX_PIXELS: Final = 4096 * 4096
MIN_SIDE: Final = 16

_FRAME_MARKERS: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE_MARKERS: Final = frozenset({0x01, *range(0xD0, 0xD9)})

# What a decoder raises on bytes it cannot make sense of; it differs by format and by where the damage is.
_DECODER_ERRORS: Final = (OSError, ValueError, SyntaxError, EOFError, struct.error, IndexError, KeyError, TypeError)


class UnreadableImage(DomainError):
    """The bytes begin like a picture and are not one."""

    code = "INVALID_FILE_TYPE"
    status = 400

    def __init__(self) -> None:
        super().__init__("The picture is damaged or cut off.")


class ImageDimensionsOutOfRange(DomainError):
    """The picture is too small to be of use, or would take too much memory."""

    code = "INVALID_IMAGE_DIMENSIONS"
    status = 400

    def __init__(self, width: int, height: int) -> None:
        super().__init__(
            f"The picture is {width} x {height} pixels; each side must be {MIN_SIDE} to {MAX_SIDE}, "
            f"and both together at most {MAX_PIXELS // 1_000_000} megapixels.",
            details={"width": width, "height": height, "max_side": MAX_SIDE, "max_pixels": MAX_PIXELS},
        )


@dataclass(frozen=True, slots=True)
class PictureSize:
    """The size a picture is shown at, with its rotation applied."""

    width: int
    height: int


def inspect(data: bytes, content_type: str) -> PictureSize:
    """Decode a picture once to be sure that it can be, and tell its size.

    Raises `ImageDimensionsOutOfRange` before a pixel is decoded, or `UnreadableImage`.
    """
    with decode(data, content_type) as picture:
        return PictureSize(*picture.size)


def decode(data: bytes, content_type: str) -> Image.Image:
    """Decode the first frame upright, as 8-bit sRGB with alpha, whatever colour model and depth the file has.

    The decoder is chosen by the content type and not by Pillow's own guess, so that no other of its many formats can
    ever be reached by an upload.
    """
    try:
        width, height = _HEADERS[content_type](data)
    except (IndexError, struct.error) as error:
        raise UnreadableImage from error
    if not (min(width, height) >= MIN_SIDE and max(width, height) <= MAX_SIDE and width * height <= MAX_PIXELS):
        raise ImageDimensionsOutOfRange(width, height)
    try:
        with _DECODERS[content_type](io.BytesIO(data)) as opened:
            if opened.size != (width, height):
                raise UnreadableImage
            opened.load()
            return _to_srgb_with_alpha(ImageOps.exif_transpose(opened))
    except _DECODER_ERRORS as error:
        raise UnreadableImage from error


def fade(picture: Image.Image, opacity: float) -> None:
    """Scale a picture's own alpha by 0 to 1."""
    picture.putalpha(picture.getchannel("A").point(lambda alpha: round(alpha * max(0.0, opacity))))


def faded(data: bytes, content_type: str, opacity: float) -> bytes:
    """Give a picture whose own alpha is scaled by 0 to 1, as PNG."""
    with decode(data, content_type) as picture:
        fade(picture, opacity)
        target = io.BytesIO()
        picture.save(target, "PNG")
        return target.getvalue()


def _to_srgb_with_alpha(picture: Image.Image) -> Image.Image:
    if picture.mode in {"I", "I;16", "I;16B", "I;16L"}:
        # 16-bit grey: a plain conversion would clip everything above 255 to white.
        picture = picture.convert("I").point(lambda level: level / 257).convert("L")
    profile = picture.info.get("icc_profile")
    if profile and picture.mode in {"RGB", "RGBA", "CMYK", "L"}:
        # A profile that does not fit its picture says nothing; then the numbers are taken as sRGB.
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError):
            alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
            opaque = picture.convert("RGB") if alpha else picture
            converted = ImageCms.profileToProfile(
                opaque, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            if converted is not None:
                picture = converted
                if alpha:
                    picture.putalpha(alpha)
    return picture.convert("RGBA")


def _png_size(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Walk the segments to the start of frame; thumbnails inside EXIF are skipped with their segment."""
    position = 2
    while True:
        if data[position] != 0xFF:
            raise UnreadableImage
        marker = data[position + 1]
        if marker == 0xFF or marker in _BARE_MARKERS:
            position += 1 if marker == 0xFF else 2
        elif marker in _FRAME_MARKERS:
            height, width = struct.unpack_from(">HH", data, position + 5)
            return width, height
        else:
            position += 2 + max(2, struct.unpack_from(">H", data, position + 2)[0])


def _webp_size(data: bytes) -> tuple[int, int]:
    """Read the canvas of an extended file, or the one bitstream of a simple one."""
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise UnreadableImage


_HEADERS: Final[Mapping[str, Callable[[bytes], tuple[int, int]]]] = {
    "image/png": _png_size,
    "image/jpeg": _jpeg_size,
    "image/webp": _webp_size,
}
_DECODERS: Final[Mapping[str, type[ImageFile.ImageFile]]] = {
    "image/png": PngImagePlugin.PngImageFile,
    "image/jpeg": JpegImagePlugin.JpegImageFile,
    "image/webp": WebPImagePlugin.WebPImageFile,
}
