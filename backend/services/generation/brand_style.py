"""What a brand looks like in one picture, and which parts of a brand kit a user chose for it.

Both are kept in the parameters of a job, so they are models that survive a round trip through JSON.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

HexColor = Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$", to_upper=True)]
TypographyLevel = Literal["display", "headline", "subheadline", "body", "caption", "accent"]


class Intensity(StrEnum):
    """Say how strongly the brand shall show."""

    SUBTLE = "subtle"
    BALANCED = "balanced"
    STRONG = "strong"


class LogoPosition(StrEnum):
    """Name the place of the logo."""

    TOP_LEFT = "top-left"
    TOP_RIGHT = "top-right"
    BOTTOM_LEFT = "bottom-left"
    BOTTOM_RIGHT = "bottom-right"
    CENTER = "center"


class LogoSize(StrEnum):
    """Name the width of the logo: 10, 15 or 20 % of the picture's."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ColorSelection(_Value):
    """Choose colours by their place in the palette; a place beyond the end means the last one."""

    primary_index: int = Field(0, ge=0)
    secondary_index: int | None = Field(None, ge=0)
    accent_index: int | None = Field(None, ge=0)
    use_gradient: int | None = Field(None, ge=0)


class TypographySelection(_Value):
    """Choose the level of the type scale that text is set in."""

    level: TypographyLevel = "headline"


class VoiceSelection(_Value):
    """Choose words of the brand's voice to put into the picture."""

    use_tagline: bool = False
    use_catchphrase: int | None = Field(None, ge=0)


class BrandSelection(_Value):
    """Say which parts of a kit this one picture uses."""

    colors: ColorSelection = ColorSelection()
    typography: TypographySelection = TypographySelection()
    voice: VoiceSelection = VoiceSelection()
    include_logo: bool = False
    logo_position: LogoPosition = LogoPosition.BOTTOM_RIGHT
    logo_size: LogoSize = LogoSize.MEDIUM
    brand_intensity: Intensity = Intensity.BALANCED


class GradientStop(_Value):
    """Place a colour on a gradient, 0 to 100 %."""

    color: HexColor
    position: float = Field(ge=0, le=100)


class Gradient(_Value):
    """Describe a gradient of the palette; the angle is CSS's: 0 points up, 90 to the right."""

    type: Literal["linear", "radial"] = "linear"
    angle: float = 135
    stops: tuple[GradientStop, ...] = Field(min_length=2)


class FontChoice(_Value):
    """Name a typeface and how heavy it is set."""

    family: str
    weight: int = Field(700, ge=100, le=900)

    def __str__(self) -> str:
        return f"{self.family} {self.weight}"


class LogoSlot(_Value):
    """Reserve a place for the logo, which is put there after the picture is made."""

    position: LogoPosition = LogoPosition.BOTTOM_RIGHT
    size: LogoSize = LogoSize.MEDIUM


class BrandStyle(_Value):
    """Hold the concrete values one picture is made with.

    `primary`, `secondary` and `accent` are the colours chosen; `palette` is every colour of the kit in order of
    importance, for whoever draws and needs more than was chosen.
    """

    name: str = ""
    primary: HexColor
    secondary: HexColor | None = None
    accent: HexColor | None = None
    palette: tuple[HexColor, ...] = ()
    gradient: Gradient | None = None
    headline_font: FontChoice
    body_font: FontChoice
    tone: str = "professional"
    tagline: str | None = None
    catchphrase: str | None = None
    logo: LogoSlot | None = None
    intensity: Intensity = Intensity.BALANCED


class BrandKitSource(Protocol):
    """Say what is read of a brand kit; rows and test doubles fit alike."""

    @property
    def name(self) -> str: ...
    @property
    def primary_colors(self) -> Sequence[str]: ...
    @property
    def accent_colors(self) -> Sequence[str]: ...
    @property
    def fonts(self) -> Mapping[str, object]: ...
    @property
    def tone(self) -> str: ...
    @property
    def colors_extended(self) -> Mapping[str, object]: ...
    @property
    def typography(self) -> Mapping[str, object]: ...
    @property
    def voice(self) -> Mapping[str, object]: ...
