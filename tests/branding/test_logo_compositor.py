"""A logo on a picture: its size, its place, its opacity, and the picture around it untouched."""

import asyncio
import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from backend.services.branding.image_threads import ImageThreads
from backend.services.branding.logo_compositor import LogoCompositor, place, scaled_size
from backend.services.branding.logo_image import UnreadableImage
from backend.services.generation.brand_style import LogoPosition, LogoSize
from tests.support.pictures import picture

BASE = (1000, 500)
GREY = (40, 40, 40)
BOXES = {
    LogoPosition.TOP_LEFT: (30, 15, 130, 65),
    LogoPosition.TOP_RIGHT: (870, 15, 970, 65),
    LogoPosition.BOTTOM_LEFT: (30, 435, 130, 485),
    LogoPosition.BOTTOM_RIGHT: (870, 435, 970, 485),
    LogoPosition.CENTER: (450, 225, 550, 275),
}


@pytest.fixture
def compositor() -> Iterator[LogoCompositor]:
    threads = ImageThreads()
    yield LogoCompositor(threads)
    threads.close()


def base(mode: str = "RGB", color: tuple[int, ...] = GREY) -> bytes:
    return picture(BASE, color, mode=mode)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def box_of(data: bytes, background: tuple[int, ...] = GREY) -> tuple[int, int, int, int] | None:
    """Find the smallest box around everything that is not background."""
    with opened(data).convert("RGB") as found:
        changed = found.point([int(level != background[0]) * 255 for level in range(256)] * 3).convert("L")
        return changed.getbbox()


@pytest.mark.parametrize("position", list(LogoPosition))
async def test_logo_lies_where_it_was_asked_for(compositor: LogoCompositor, position: LogoPosition) -> None:
    result = await compositor.composite(base(), picture((200, 100)), position, LogoSize.SMALL)
    assert box_of(result) == BOXES[position]


@pytest.mark.parametrize("position", ["somewhere", ""])
async def test_unknown_position_means_bottom_right(compositor: LogoCompositor, position: str) -> None:
    result = await compositor.composite(base(), picture((200, 100)), position, "small")
    assert box_of(result) == BOXES[LogoPosition.BOTTOM_RIGHT]


@pytest.mark.parametrize(("size", "width"), [(LogoSize.SMALL, 100), (LogoSize.MEDIUM, 150), (LogoSize.LARGE, 200)])
def test_width_is_a_share_of_the_picture(size: LogoSize, width: int) -> None:
    assert scaled_size(BASE, (200, 100), size) == (width, width // 2)


def test_tall_logo_is_at_most_a_quarter_of_the_height() -> None:
    assert scaled_size(BASE, (100, 1000), LogoSize.LARGE) == (12, 125)


def test_small_logo_grows_to_its_share() -> None:
    assert scaled_size(BASE, (20, 10), LogoSize.SMALL) == (100, 50)


@given(
    base=st.tuples(st.integers(28, 4096), st.integers(28, 4096)),
    logo=st.tuples(st.integers(16, 8192), st.integers(16, 8192)),
    position=st.sampled_from(LogoPosition),
    size=st.sampled_from(LogoSize),
)
def test_logo_is_inside_of_every_picture(
    base: tuple[int, int], logo: tuple[int, int], position: LogoPosition, size: LogoSize
) -> None:
    scaled = scaled_size(base, logo, size)
    left, top = place(base, scaled, position)
    assert left >= 0 <= top
    assert left + scaled[0] <= base[0]
    assert top + scaled[1] <= base[1]


async def test_opacity_scales_the_logos_alpha(compositor: LogoCompositor) -> None:
    logo = picture((200, 100), (255, 255, 255, 128))
    result = await compositor.composite(base(color=(0, 0, 0)), logo, LogoPosition.CENTER, LogoSize.SMALL, 0.5)
    with opened(result) as found:
        assert found.getpixel((500, 250)) == (64, 64, 64)


@pytest.mark.parametrize("opacity", [0.0, -1.0])
async def test_invisible_logo_changes_nothing(compositor: LogoCompositor, opacity: float) -> None:
    result = await compositor.composite(base(), picture((200, 100)), LogoPosition.CENTER, LogoSize.SMALL, opacity)
    assert box_of(result) is None


async def test_result_is_a_png_of_the_pictures_size(compositor: LogoCompositor) -> None:
    jpeg = picture(BASE, GREY, mode="RGB", format="JPEG")
    with opened(await compositor.composite(jpeg, picture((200, 100)), "center", "small")) as found:
        assert (found.format, found.size, found.mode) == ("PNG", BASE, "RGB")


async def test_transparent_picture_stays_transparent(compositor: LogoCompositor) -> None:
    transparent = base("RGBA", (0, 0, 0, 0))
    with opened(await compositor.composite(transparent, picture((200, 100)), "center", "small")) as found:
        assert found.getpixel((0, 0)) == (0, 0, 0, 0)
        assert found.getpixel((500, 250)) == (255, 0, 0, 255)


async def test_broken_logo_is_refused(compositor: LogoCompositor) -> None:
    with pytest.raises(UnreadableImage):
        await compositor.composite(base(), b"<svg/>", "center", "small")


async def test_event_loop_goes_on_while_pictures_are_composed(compositor: LogoCompositor) -> None:
    large = picture((3000, 2000), GREY, mode="RGB")
    work = asyncio.create_task(compositor.composite(large, picture((200, 100)), "center", "small"))
    turns = 0
    while not work.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 10
