"""The sections of a brand kit; each is read and replaced as a whole."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter

from backend.api.authentication import CurrentUserDep
from backend.api.errors import responses
from backend.api.schemas.brand_kits import (
    ColorsResponse,
    GuidelinesResponse,
    LogoSettingsResponse,
    SocialProfilesResponse,
    StreamerAssetsResponse,
    TypographyResponse,
    VoiceResponse,
)
from backend.api.service_dependencies import BrandKitServiceDep
from backend.services.branding.brand_kit_service import BrandKitNotFound
from backend.services.branding.media_sections import LogoSettings, SocialProfiles, StreamerAssets
from backend.services.branding.sections import ColorPalette, Guidelines, Typography, Voice
from backend.services.branding.vocabulary import Section

router = APIRouter(prefix="/brand-kits/{kit_id}", tags=["brand kits"])

_OWN: Final = responses(401, BrandKitNotFound)


@router.get("/colors", summary="Read the palette of a brand kit", responses=_OWN)
async def read_colors(kit_id: UUID, user: CurrentUserDep, kits: BrandKitServiceDep) -> ColorsResponse:
    """Give the section, with its defaults where it was never set."""
    value = await kits.get_section(user.id, kit_id, Section.COLORS)
    return ColorsResponse(brand_kit_id=kit_id, colors=value)


@router.put("/colors", summary="Replace the palette of a brand kit", responses=_OWN)
async def replace_colors(
    kit_id: UUID, body: ColorPalette, user: CurrentUserDep, kits: BrandKitServiceDep
) -> ColorsResponse:
    """Replace the section as a whole; what is left out goes back to its default."""
    value = await kits.set_section(user.id, kit_id, Section.COLORS, body)
    return ColorsResponse(brand_kit_id=kit_id, colors=value)


@router.get("/typography", summary="Read the type scale of a brand kit", responses=_OWN)
async def read_typography(kit_id: UUID, user: CurrentUserDep, kits: BrandKitServiceDep) -> TypographyResponse:
    """Give the section, with its defaults where it was never set."""
    value = await kits.get_section(user.id, kit_id, Section.TYPOGRAPHY)
    return TypographyResponse(brand_kit_id=kit_id, typography=value)


@router.put("/typography", summary="Replace the type scale of a brand kit", responses=_OWN)
async def replace_typography(
    kit_id: UUID, body: Typography, user: CurrentUserDep, kits: BrandKitServiceDep
) -> TypographyResponse:
    """Replace the section as a whole; what is left out goes back to its default."""
    value = await kits.set_section(user.id, kit_id, Section.TYPOGRAPHY, body)
    return TypographyResponse(brand_kit_id=kit_id, typography=value)


@router.get("/voice", summary="Read the voice of a brand kit", responses=_OWN)
async def read_voice(kit_id: UUID, user: CurrentUserDep, kits: BrandKitServiceDep) -> VoiceResponse:
    """Give the section, with its defaults where it was never set."""
    value = await kits.get_section(user.id, kit_id, Section.VOICE)
    return VoiceResponse(brand_kit_id=kit_id, voice=value)


@router.put("/voice", summary="Replace the voice of a brand kit", responses=_OWN)
async def replace_voice(kit_id: UUID, body: Voice, user: CurrentUserDep, kits: BrandKitServiceDep) -> VoiceResponse:
    """Replace the section as a whole; what is left out goes back to its default."""
    value = await kits.set_section(user.id, kit_id, Section.VOICE, body)
    return VoiceResponse(brand_kit_id=kit_id, voice=value)


@router.get("/guidelines", summary="Read the guidelines of a brand kit", responses=_OWN)
async def read_guidelines(kit_id: UUID, user: CurrentUserDep, kits: BrandKitServiceDep) -> GuidelinesResponse:
    """Give the section, with its defaults where it was never set."""
    value = await kits.get_section(user.id, kit_id, Section.GUIDELINES)
    return GuidelinesResponse(brand_kit_id=kit_id, guidelines=value)


@router.put("/guidelines", summary="Replace the guidelines of a brand kit", responses=_OWN)
async def replace_guidelines(
    kit_id: UUID, body: Guidelines, user: CurrentUserDep, kits: BrandKitServiceDep
) -> GuidelinesResponse:
    """Replace the section as a whole; what is left out goes back to its default."""
    value = await kits.set_section(user.id, kit_id, Section.GUIDELINES, body)
    return GuidelinesResponse(brand_kit_id=kit_id, guidelines=value)


@router.get("/streamer-assets", summary="Read the stream graphics of a brand kit", responses=_OWN)
async def read_streamer_assets(kit_id: UUID, user: CurrentUserDep, kits: BrandKitServiceDep) -> StreamerAssetsResponse:
    """Give the section, with its defaults where it was never set."""
    value = await kits.get_section(user.id, kit_id, Section.STREAMER_ASSETS)
    return StreamerAssetsResponse(brand_kit_id=kit_id, streamer_assets=value)


@router.put("/streamer-assets", summary="Replace the stream graphics of a brand kit", responses=_OWN)
async def replace_streamer_assets(
    kit_id: UUID, body: StreamerAssets, user: CurrentUserDep, kits: BrandKitServiceDep
) -> StreamerAssetsResponse:
    """Replace the section as a whole; what is left out goes back to its default."""
    value = await kits.set_section(user.id, kit_id, Section.STREAMER_ASSETS, body)
    return StreamerAssetsResponse(brand_kit_id=kit_id, streamer_assets=value)


@router.get("/social-profiles", summary="Read the accounts elsewhere of a brand kit", responses=_OWN)
async def read_social_profiles(kit_id: UUID, user: CurrentUserDep, kits: BrandKitServiceDep) -> SocialProfilesResponse:
    """Give the section, with its defaults where it was never set."""
    value = await kits.get_section(user.id, kit_id, Section.SOCIAL_PROFILES)
    return SocialProfilesResponse(brand_kit_id=kit_id, social_profiles=value)


@router.put("/social-profiles", summary="Replace the accounts elsewhere of a brand kit", responses=_OWN)
async def replace_social_profiles(
    kit_id: UUID, body: SocialProfiles, user: CurrentUserDep, kits: BrandKitServiceDep
) -> SocialProfilesResponse:
    """Replace the section as a whole; what is left out goes back to its default."""
    value = await kits.set_section(user.id, kit_id, Section.SOCIAL_PROFILES, body)
    return SocialProfilesResponse(brand_kit_id=kit_id, social_profiles=value)


@router.get("/logo-settings", summary="Read the use of logos of a brand kit", responses=_OWN)
async def read_logo_settings(kit_id: UUID, user: CurrentUserDep, kits: BrandKitServiceDep) -> LogoSettingsResponse:
    """Give the section, with its defaults where it was never set."""
    value = await kits.get_section(user.id, kit_id, Section.LOGOS)
    return LogoSettingsResponse(brand_kit_id=kit_id, logos=value)


@router.put("/logo-settings", summary="Replace the use of logos of a brand kit", responses=_OWN)
async def replace_logo_settings(
    kit_id: UUID, body: LogoSettings, user: CurrentUserDep, kits: BrandKitServiceDep
) -> LogoSettingsResponse:
    """Replace the section as a whole; what is left out goes back to its default."""
    value = await kits.set_section(user.id, kit_id, Section.LOGOS, body)
    return LogoSettingsResponse(brand_kit_id=kit_id, logos=value)
