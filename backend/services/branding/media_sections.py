"""The sections of a brand kit that describe its stream graphics, its profiles elsewhere and the use of its logos."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from backend.services.branding.values import BrandModel, Name50, Name100, Text200, WebAddress

AssetId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,100}$")]
_Milliseconds = Annotated[int, Field(ge=1, le=600_000)]


class Overlay(BrandModel):
    """A full-screen scene of the stream."""

    id: AssetId
    url: WebAddress
    overlay_type: Literal["starting", "ending", "brb", "intermission"]
    duration_seconds: Annotated[int, Field(ge=1, le=86_400)] | None = None


class Alert(BrandModel):
    """A picture, and perhaps a sound, that celebrates a viewer."""

    id: AssetId
    alert_type: Literal["follow", "subscribe", "donation", "raid", "bits", "host"]
    image_url: WebAddress
    sound_url: WebAddress | None = None
    duration_ms: _Milliseconds = 3000


class Panel(BrandModel):
    """A picture below the stream."""

    id: AssetId
    name: Name100
    image_url: WebAddress


class Emote(BrandModel):
    """A picture for the chat."""

    id: AssetId
    name: Name100
    url: WebAddress
    tier: Literal["1", "2", "3", "bits"] = "1"


class Badge(BrandModel):
    """A picture beside the name of a viewer who subscribed this many months."""

    id: AssetId
    months: Annotated[int, Field(ge=0, le=1200)]
    url: WebAddress


class FacecamFrame(BrandModel):
    """A frame around the camera's picture."""

    id: AssetId
    url: WebAddress
    position: Literal["top_left", "top_right", "bottom_left", "bottom_right", "center"] = "bottom_right"


class Stinger(BrandModel):
    """A video between two scenes."""

    id: AssetId
    url: WebAddress
    duration_ms: _Milliseconds = 1000


class StreamerAssets(BrandModel):
    """List the finished graphics and sounds of a stream."""

    overlays: tuple[Overlay, ...] = Field(default=(), max_length=10)
    alerts: tuple[Alert, ...] = Field(default=(), max_length=20)
    panels: tuple[Panel, ...] = Field(default=(), max_length=20)
    emotes: tuple[Emote, ...] = Field(default=(), max_length=50)
    badges: tuple[Badge, ...] = Field(default=(), max_length=20)
    facecam_frame: FacecamFrame | None = None
    stinger: Stinger | None = None


class SocialProfile(BrandModel):
    """Name an account elsewhere."""

    platform: Name50
    username: Name100
    url: WebAddress


class SocialProfiles(BrandModel):
    """List the brand's accounts elsewhere."""

    profiles: tuple[SocialProfile, ...] = Field(default=(), max_length=20)


class LogoSettings(BrandModel):
    """Say how the kit's logos are shown; the files are rows of their own.

    `watermark_opacity`, in percent, is how strongly the watermark variant shows on pictures.
    """

    watermark_opacity: Annotated[int, Field(ge=0, le=100)] = 50
    alt_text: Text200 = ""
