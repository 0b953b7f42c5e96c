"""Reading uploaded pictures: every colour model upright as 8-bit RGBA, and nothing large, false or broken."""

import struct
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from backend.services.branding.logo_image import (
    ImageDimensionsOutOfRange,
    PictureSize,
    UnreadableImage,
    decode,
    inspect,
)
from tests.support.pictures import encode, picture

RED = (255, 0, 0, 255)
FORMATS = [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")]


def near(found: object, wanted: tuple[int, ...], tolerance: int = 6) -> bool:
    assert isinstance(found, tuple)
    return all(abs(a - b) <= tolerance for a, b in zip(found, wanted, strict=True))


def png_with_size(width: int, height: int) -> bytes:
    """Make a PNG whose header promises much and whose data is a few bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(("format_", "content_type"), FORMATS)
def test_size_is_read_of_every_format(format_: str, content_type: str) -> None:
    assert inspect(picture((48, 20), mode="RGB", color=(255, 0, 0), format=format_), content_type) == PictureSize(
        48, 20
    )


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 50}, {"exif": Image.Exif().tobytes()}])
def test_size_is_read_of_every_kind_of_webp(options: dict[str, object]) -> None:
    data = picture((48, 20), mode="RGB", color=(255, 0, 0), format="WEBP", **options)
    assert inspect(data, "image/webp") == PictureSize(48, 20)


@pytest.mark.parametrize(("format_", "content_type"), FORMATS)
def test_opaque_red_stays_opaque_red(format_: str, content_type: str) -> None:
    with decode(picture(mode="RGB", color=(255, 0, 0), format=format_), content_type) as found:
        assert near(found.getpixel((5, 5)), RED)


def test_transparency_is_kept() -> None:
    with decode(picture(color=(255, 0, 0, 77)), "image/png") as found:
        assert found.getpixel((5, 5)) == (255, 0, 0, 77)


def test_transparent_palette_color_is_kept() -> None:
    palette = Image.new("P", (32, 32), 0)
    palette.putpalette([255, 0, 0, 0, 255, 0])
    with decode(encode(palette, transparency=0), "image/png") as found:
        assert found.getpixel((5, 5)) == (255, 0, 0, 0)


def test_sixteen_bit_grey_is_scaled_not_clipped() -> None:
    grey = Image.new("I;16", (32, 32), 0x8080)
    with decode(encode(grey), "image/png") as found:
        assert near(found.getpixel((5, 5)), (128, 128, 128, 255), 1)


@pytest.mark.parametrize(("mode", "color"), [("1", 1), ("L", 255), ("LA", (255, 255))])
def test_grey_pictures_become_rgba(mode: str, color: int | tuple[int, ...]) -> None:
    with decode(picture(mode=mode, color=color), "image/png") as found:
        assert found.getpixel((5, 5)) == (255, 255, 255, 255)


def test_cmyk_jpeg_keeps_its_color() -> None:
    with decode(picture(mode="CMYK", color=(0, 255, 255, 0), format="JPEG"), "image/jpeg") as found:
        assert near(found.getpixel((5, 5)), RED)


def test_camera_rotation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = picture((48, 20), mode="RGB", color=(255, 0, 0), format="JPEG", exif=exif.tobytes())
    assert inspect(data, "image/jpeg") == PictureSize(20, 48)


@pytest.mark.parametrize(("format_", "content_type"), [("PNG", "image/png"), ("WEBP", "image/webp")])
def test_first_frame_of_an_animation_is_taken(format_: str, content_type: str) -> None:
    frames = [Image.new("RGBA", (32, 32), color) for color in ("red", "blue")]
    data = encode(frames[0], format_, save_all=True, append_images=frames[1:], duration=100, lossless=True)
    with decode(data, content_type) as found:
        assert found.getpixel((5, 5)) == RED


def swapped_profile() -> bytes:
    """Make a profile of a space in which red is what sRGB calls green, and the other way round."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    table = range(132, 132 + 12 * int.from_bytes(profile[128:132], "big"), 12)
    names = {bytes(profile[entry : entry + 4]): entry for entry in table}
    red, green = names[b"rXYZ"], names[b"gXYZ"]
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


@pytest.mark.parametrize(("mode", "color"), [("RGB", (255, 0, 0)), ("RGBA", (255, 0, 0, 77))])
def test_color_of_another_space_is_converted_to_srgb(mode: str, color: tuple[int, ...]) -> None:
    data = picture(mode=mode, color=color, icc_profile=swapped_profile())
    with decode(data, "image/png") as found:
        assert near(found.getpixel((5, 5)), (0, 255, 0, color[3] if len(color) == 4 else 255))


def test_profile_of_another_color_model_is_ignored() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    with decode(picture(mode="RGB", color=(255, 0, 0), icc_profile=lab), "image/png") as found:
        assert found.getpixel((5, 5)) == RED


def test_profile_that_is_no_profile_is_ignored() -> None:
    with decode(picture(icc_profile=b"not a profile"), "image/png") as found:
        assert found.getpixel((5, 5)) == RED


@pytest.mark.parametrize("size", [(100_000, 100_000), (8193, 20), (20, 8193), (5000, 5000), (15, 100), (0, 0)])
def test_size_out_of_range_is_refused_by_the_header_alone(size: tuple[int, int]) -> None:
    with pytest.raises(ImageDimensionsOutOfRange):
        inspect(png_with_size(*size), "image/png")


@pytest.mark.parametrize("size", [(16383, 16383), (16383, 17)])
def test_large_webp_is_refused_by_the_header_alone(size: tuple[int, int]) -> None:
    canvas = (size[0] - 1).to_bytes(3, "little") + (size[1] - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + canvas
    with pytest.raises(ImageDimensionsOutOfRange):
        inspect(b"RIFF" + struct.pack("<I", len(body)) + body, "image/webp")


def test_large_jpeg_is_refused_by_the_header_alone() -> None:
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, 60000, 60000, 3) + bytes(9)
    with pytest.raises(ImageDimensionsOutOfRange):
        inspect(b"\xff\xd8\xff\xe0\x00\x04ab" + frame, "image/jpeg")


def test_png_with_too_little_data_is_refused() -> None:
    with pytest.raises(UnreadableImage):
        inspect(png_with_size(500, 500), "image/png")


@pytest.mark.parametrize(("format_", "content_type"), FORMATS)
def test_cut_off_picture_is_refused(format_: str, content_type: str) -> None:
    noise = Image.effect_noise((200, 200), 90).convert("RGB")
    data = encode(noise, format_)
    with pytest.raises(UnreadableImage):
        inspect(data[: len(data) // 2], content_type)


@pytest.mark.parametrize(("format_", "content_type"), FORMATS)
def test_content_of_another_format_is_refused(format_: str, content_type: str) -> None:
    other = "image/png" if content_type != "image/png" else "image/jpeg"
    with pytest.raises((UnreadableImage, ImageDimensionsOutOfRange)):
        inspect(picture(mode="RGB", color=(255, 0, 0), format=format_), other)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), which=st.sampled_from(FORMATS))
def test_damaged_picture_is_decoded_or_refused_and_nothing_else(data: st.DataObject, which: tuple[str, str]) -> None:
    format_, content_type = which
    damaged = bytearray(picture((40, 30), mode="RGB", color=(9, 99, 199), format=format_))
    for position in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=6)):
        damaged[position] = data.draw(st.integers(0, 255))
    try:
        size = inspect(bytes(damaged[: data.draw(st.integers(1, len(damaged)))]), content_type)
    except (UnreadableImage, ImageDimensionsOutOfRange):
        return
    assert size.width > 0
    assert size.height > 0
