"""Where words and the object of a scene go, by asset type."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

from backend.services.generation.brand_style import LogoPosition, LogoSize, LogoSlot

Area = tuple[float, float, float, float]
_LOGO_WIDTH: Final = MappingProxyType({LogoSize.SMALL: 0.10, LogoSize.MEDIUM: 0.15, LogoSize.LARGE: 0.20})
_LOGO_HEIGHT: Final = 0.25
_LOGO_PADDING: Final = 0.03


@dataclass(frozen=True, slots=True)
class Layout:
    """Place things in shares of width and height; `radius` and `title` are shares of the shorter edge.

    `area` holds all words, within what platforms leave uncovered; `title` is the size of the largest letters.
    """

    area: Area
    align: Literal["left", "center"]
    anchor: Literal["center", "bottom"]
    focus: tuple[float, float]
    radius: float
    title: float
    most_lines: int = 3
    veil: Literal["left", "bottom", "middle", "none"] = "none"
    object_behind_words: bool = False


_STORY: Final = Layout((0.09, 0.46, 0.91, 0.82), "left", "bottom", (0.5, 0.265), 0.31, 0.26, 3, "bottom")
_BANNER: Final = Layout((0.06, 0.14, 0.58, 0.86), "left", "center", (0.80, 0.50), 0.37, 0.26, 2, "left")
_SCREEN: Final = Layout(
    (0.28, 0.31, 0.72, 0.69), "center", "center", (0.5, 0.5), 0.41, 0.19, 3, "middle", object_behind_words=True
)
LAYOUTS: Final[Mapping[str, Layout]] = MappingProxyType(
    {
        "thumbnail": Layout((0.055, 0.11, 0.565, 0.90), "left", "center", (0.79, 0.50), 0.34, 0.23, 3, "left"),
        "overlay": _SCREEN,
        "twitch_offline": _SCREEN,
        "banner": _BANNER,
        "twitch_banner": _BANNER,
        "story_graphic": _STORY,
        "clip_cover": Layout((0.075, 0.54, 0.925, 0.925), "left", "bottom", (0.60, 0.31), 0.27, 0.15, 2, "bottom"),
        "twitch_panel": Layout((0.07, 0.16, 0.655, 0.84), "left", "center", (0.845, 0.5), 0.27, 0.27, 2, "left"),
    }
)


def logo_area(slot: LogoSlot, width: int, height: int) -> Area:
    """Give the place a logo may take at most, in shares."""
    wide, tall = _LOGO_WIDTH[slot.size], _LOGO_HEIGHT
    tall = min(tall, wide * width / height)
    if slot.position is LogoPosition.CENTER:
        return 0.5 - wide / 2, 0.5 - tall / 2, 0.5 + wide / 2, 0.5 + tall / 2
    left = _LOGO_PADDING if slot.position.endswith("left") else 1 - _LOGO_PADDING - wide
    top = _LOGO_PADDING if slot.position.startswith("top") else 1 - _LOGO_PADDING - tall
    return left, top, left + wide, top + tall


def arrange(layout: Layout, slot: LogoSlot | None, width: int, height: int) -> Layout:
    """Keep words and the object out of the logo's place."""
    if slot is None:
        return layout
    if slot.position is LogoPosition.CENTER:
        top, bottom = 0.67, max(layout.area[3], 0.87)
        return replace(layout, area=(layout.area[0], top, layout.area[2], bottom), radius=0.0, anchor="bottom")
    left, top, right, bottom = layout.area
    logo = logo_area(slot, width, height)
    if logo[0] < right and left < logo[2] and logo[1] < bottom and top < logo[3]:
        if slot.position.startswith("top"):
            top = max(top, logo[3] + 0.03)
        else:
            bottom = min(bottom, logo[1] - 0.03)
    x, y = layout.focus
    near = abs(x - (logo[0] + logo[2]) / 2) < 0.25 and not layout.object_behind_words
    shift = 0.06 if slot.position.startswith("top") else -0.06
    return replace(layout, area=(left, top, right, bottom), focus=(x, y + shift if near else y))
