"""The sections of a brand kit that describe its look and voice, and where each is kept."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from backend.services.branding.media_sections import LogoSettings, SocialProfiles, StreamerAssets
from backend.services.branding.values import (
    BrandModel,
    HexColor,
    Name30,
    Name50,
    Name100,
    Name200,
    Text100,
    Text200,
    Text500,
)
from backend.services.branding.vocabulary import Section, VoiceTone

_FontWeight = Literal[100, 200, 300, 400, 500, 600, 700, 800, 900]
_Percent = Annotated[int, Field(ge=0, le=100)]


class Swatch(BrandModel):
    """Name a colour and say what it is for."""

    hex: HexColor
    name: Name50
    usage: Text200 | None = None


class GradientStop(BrandModel):
    """Place a colour on a gradient, 0 to 100 %."""

    color: HexColor
    position: float = Field(ge=0, le=100)


class Gradient(BrandModel):
    """Blend two to ten colours; the angle is CSS's."""

    name: Name50
    type: Literal["linear", "radial"] = "linear"
    angle: float = Field(default=135, ge=0, le=360)
    stops: tuple[GradientStop, ...] = Field(min_length=2, max_length=10)

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        positions = [stop.position for stop in self.stops]
        if positions != sorted(positions):
            message = "stops must be in ascending order of position"
            raise ValueError(message)
        return self


class ColorPalette(BrandModel):
    """Hold all colours of a brand by their role."""

    primary: tuple[Swatch, ...] = Field(default=(), max_length=5)
    secondary: tuple[Swatch, ...] = Field(default=(), max_length=5)
    accent: tuple[Swatch, ...] = Field(default=(), max_length=3)
    neutral: tuple[Swatch, ...] = Field(default=(), max_length=5)
    gradients: tuple[Gradient, ...] = Field(default=(), max_length=3)


class FontStyle(BrandModel):
    """Set one level of the type scale in any typeface."""

    family: Name100
    weight: _FontWeight = 400
    style: Literal["normal", "italic"] = "normal"


class Typography(BrandModel):
    """Hold the type scale; a missing level falls back to the kit's two fonts."""

    display: FontStyle | None = None
    headline: FontStyle | None = None
    subheadline: FontStyle | None = None
    body: FontStyle | None = None
    caption: FontStyle | None = None
    accent: FontStyle | None = None


class Voice(BrandModel):
    """Say how the brand speaks."""

    tone: VoiceTone = VoiceTone.CASUAL
    personality_traits: tuple[Name30, ...] = Field(default=(), max_length=5)
    tagline: Text100 = ""
    catchphrases: tuple[Name50, ...] = Field(default=(), max_length=10)
    content_themes: tuple[Name30, ...] = Field(default=(), max_length=5)


class Guidelines(BrandModel):
    """Say what may be done with the brand; the colour ratios are percent of a picture's area."""

    logo_min_size_px: int = Field(default=48, ge=16, le=512)
    logo_clear_space_ratio: float = Field(default=0.25, ge=0.1, le=1)
    primary_color_ratio: _Percent = 60
    secondary_color_ratio: _Percent = 30
    accent_color_ratio: _Percent = 10
    prohibited_modifications: tuple[Name200, ...] = Field(default=(), max_length=10)
    style_do: Text500 = ""
    style_dont: Text500 = ""

    @model_validator(mode="after")
    def _check_ratios(self) -> Self:
        if self.primary_color_ratio + self.secondary_color_ratio + self.accent_color_ratio > 100:
            message = "the three color ratios must not add up to more than 100"
            raise ValueError(message)
        return self


SectionValue = ColorPalette | Typography | Voice | Guidelines | StreamerAssets | SocialProfiles | LogoSettings

SECTION_MODELS: Final[Mapping[Section, type[SectionValue]]] = {
    Section.COLORS: ColorPalette,
    Section.TYPOGRAPHY: Typography,
    Section.VOICE: Voice,
    Section.GUIDELINES: Guidelines,
    Section.STREAMER_ASSETS: StreamerAssets,
    Section.SOCIAL_PROFILES: SocialProfiles,
    Section.LOGOS: LogoSettings,
}

SECTION_COLUMNS: Final[Mapping[Section, str]] = {
    section: "colors_extended" if section is Section.COLORS else section.value for section in Section
}
"""The column of `brand_kits` that keeps each section."""
