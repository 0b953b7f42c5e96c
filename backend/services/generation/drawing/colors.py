"""Colours that go together and can be read on each other.

Lightness, chroma and hue are those of OKLCH (Björn Ottosson, 2020), in which equal steps look equal.
"""

import math
from typing import Final, NamedTuple


class Rgb(NamedTuple):
    """Hold an sRGB colour, 0 to 255 each."""

    red: int
    green: int
    blue: int


class Oklch(NamedTuple):
    """Hold lightness 0 to 1, chroma 0 to about 0.37, hue in degrees."""

    lightness: float
    chroma: float
    hue: float


WHITE: Final = Rgb(255, 255, 255)
INK: Final = Rgb(10, 10, 16)


def parse(color: str) -> Rgb:
    """Read #RRGGBB."""
    return Rgb(int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16))


def mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    """Go from one colour to another; `share` 0 gives the first, 1 the second."""
    return Rgb(*(round(a + (b - a) * share) for a, b in zip(one, other, strict=True)))


def luminance(color: Rgb) -> float:
    """Give the relative luminance of WCAG 2."""
    red, green, blue = (_linear(value) for value in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Rgb, other: Rgb) -> float:
    """Give the contrast ratio of WCAG 2, from 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def readable_on(ground: Rgb) -> Rgb:
    """Choose white or ink, whichever reads better."""
    return max((WHITE, INK), key=lambda color: contrast(color, ground))


def to_oklch(color: Rgb) -> Oklch:
    """Convert from sRGB."""
    red, green, blue = (_linear(value) for value in color)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return Oklch(lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360)


def from_oklch(lightness: float, chroma: float, hue: float) -> Rgb:
    """Convert to sRGB, taking chroma away where the screen cannot show so much."""
    channels = _to_linear(lightness, chroma, hue)
    for step in range(1, 21):
        if all(-0.0005 <= channel <= 1.0005 for channel in channels):
            break
        channels = _to_linear(lightness, chroma * (1 - step / 20), hue)
    return Rgb(*(_encoded(channel) for channel in channels))


def tone(color: Rgb, lightness: float, *, chroma: float = 1.0, turn: float = 0.0, most: float = 0.4) -> Rgb:
    """Give the same colour at another lightness; `chroma` scales it, `most` bounds it, `turn` rotates the hue."""
    base = to_oklch(color)
    return from_oklch(lightness, min(base.chroma * chroma, most), base.hue + turn)


def hue_distance(one: Rgb, other: Rgb) -> float:
    """Give the angle between two hues, 0 to 180."""
    angle = abs(to_oklch(one).hue - to_oklch(other).hue) % 360
    return min(angle, 360 - angle)


def _to_linear(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _linear(value: int) -> float:
    share = value / 255
    return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)


def _encoded(channel: float) -> int:
    channel = min(1.0, max(0.0, channel))
    share = channel * 12.92 if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055
    return round(share * 255)
