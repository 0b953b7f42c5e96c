"""Cutting pictures out of their background and scaling them."""

import io
from collections.abc import Iterator

import pytest
from PIL import Image, ImageDraw

from backend.clients.generation_errors import GenerationImageUnreadable
from backend.services.branding.image_threads import ImageThreads
from backend.services.generation.asset_types import AssetType
from backend.services.generation.picture_finisher import PictureFinisher, cut_out

GREEN, RED = (0, 255, 0), (200, 20, 20)


@pytest.fixture
def finisher() -> Iterator[PictureFinisher]:
    threads = ImageThreads()
    yield PictureFinisher(threads)
    threads.close()


def as_png(picture: Image.Image) -> bytes:
    target = io.BytesIO()
    picture.save(target, "PNG")
    return target.getvalue()


def ring_on_green(edge: int = 512) -> Image.Image:
    """Draw a red ring; inside of it the background's colour shows as part of the subject."""
    picture = Image.new("RGB", (edge, edge), GREEN)
    ImageDraw.Draw(picture).ellipse((edge // 8, edge // 8, edge * 7 // 8, edge * 7 // 8), GREEN, RED, edge // 8)
    return picture


def alpha(picture: Image.Image, x: int, y: int) -> int:
    return picture.getchannel("A").tobytes()[y * picture.width + x]


def test_background_becomes_transparent_and_the_subject_stays() -> None:
    cut = cut_out(ring_on_green().convert("RGBA"))
    assert (alpha(cut, 2, 2), alpha(cut, 256, 80)) == (0, 255)


def test_colour_of_the_background_inside_the_subject_stays() -> None:
    assert alpha(cut_out(ring_on_green().convert("RGBA")), 256, 256) == 255


def test_picture_with_transparency_stays_as_it_is() -> None:
    picture = Image.new("RGBA", (64, 64), (*GREEN, 128))
    assert cut_out(picture) is picture


def test_picture_without_one_background_stays_as_it_is() -> None:
    picture = Image.new("RGBA", (64, 64), (*GREEN, 255))
    picture.putpixel((63, 63), (*RED, 255))
    assert cut_out(picture) is picture


async def test_emote_comes_in_its_three_sizes(finisher: PictureFinisher) -> None:
    pictures = await finisher.finish(as_png(ring_on_green()), AssetType.TWITCH_EMOTE)
    assert [(picture.asset_type, picture.width) for picture in pictures] == [
        (AssetType.TWITCH_EMOTE_112, 112),
        (AssetType.TWITCH_EMOTE_56, 56),
        (AssetType.TWITCH_EMOTE_28, 28),
    ]


async def test_sizes_are_those_of_the_files(finisher: PictureFinisher) -> None:
    for picture in await finisher.finish(as_png(ring_on_green()), AssetType.TIKTOK_EMOTE):
        with Image.open(io.BytesIO(picture.data)) as decoded:
            assert decoded.size == (picture.width, picture.height)
            assert decoded.mode == "RGBA"


async def test_ordinary_picture_is_left_alone(finisher: PictureFinisher) -> None:
    data = as_png(Image.new("RGB", (1280, 720), RED))
    [picture] = await finisher.finish(data, AssetType.THUMBNAIL)
    assert picture.data is data


async def test_picture_of_another_size_is_brought_to_the_right_one(finisher: PictureFinisher) -> None:
    [picture] = await finisher.finish(as_png(Image.new("RGB", (640, 360), RED)), AssetType.THUMBNAIL)
    with Image.open(io.BytesIO(picture.data)) as decoded:
        assert decoded.size == (1280, 720)


async def test_bytes_that_are_no_picture_are_a_failed_generation(finisher: PictureFinisher) -> None:
    with pytest.raises(GenerationImageUnreadable):
        await finisher.finish(b"\x89PNG\r\n\x1a\n broken", AssetType.THUMBNAIL)
