"""Bodies of the brand kit routes."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from backend.api.schemas.base import ApiModel, ResponseModel
from backend.services.branding.brand_kit_data import BrandKitDraft, BrandKitPatch
from backend.services.branding.media_sections import LogoSettings, SocialProfiles, StreamerAssets
from backend.services.branding.sections import ColorPalette, Guidelines, Typography, Voice
from backend.services.branding.vocabulary import KitTone, LogoType


class BrandKitCreate(ApiModel, BrandKitDraft):
    """Describe a new brand kit."""


class BrandKitUpdate(ApiModel, BrandKitPatch):
    """Change the fields that are given; null clears `logo_url` and `style_reference`, and is refused elsewhere."""


class FontsResponse(ResponseModel):
    """Name the typefaces of headlines and of running text."""

    headline: str
    body: str


class BrandKitResponse(ResponseModel):
    """Describe a brand kit without its sections."""

    id: UUID
    user_id: UUID
    name: str
    is_active: bool
    primary_colors: list[str] = Field(examples=[["#6366F1", "#8B5CF6"]])
    accent_colors: list[str]
    fonts: FontsResponse
    logo_url: str | None
    tone: KitTone
    style_reference: str
    default_logo_type: LogoType
    extracted_from: str | None
    created_at: datetime
    updated_at: datetime


class BrandKitListResponse(ResponseModel):
    """List all brand kits of the caller, newest first."""

    brand_kits: list[BrandKitResponse]
    total: int
    active_id: UUID | None


class ColorsResponse(ResponseModel):
    """Carry the palette of a kit."""

    brand_kit_id: UUID
    colors: ColorPalette


class TypographyResponse(ResponseModel):
    """Carry the type scale of a kit."""

    brand_kit_id: UUID
    typography: Typography


class VoiceResponse(ResponseModel):
    """Carry the voice of a kit."""

    brand_kit_id: UUID
    voice: Voice


class GuidelinesResponse(ResponseModel):
    """Carry the guidelines of a kit."""

    brand_kit_id: UUID
    guidelines: Guidelines


class StreamerAssetsResponse(ResponseModel):
    """Carry the stream graphics of a kit."""

    brand_kit_id: UUID
    streamer_assets: StreamerAssets


class SocialProfilesResponse(ResponseModel):
    """Carry the accounts elsewhere of a kit."""

    brand_kit_id: UUID
    social_profiles: SocialProfiles


class LogoSettingsResponse(ResponseModel):
    """Carry how a kit's logos are used."""

    brand_kit_id: UUID
    logos: LogoSettings
