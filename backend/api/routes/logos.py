"""The logos of a brand kit."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, UploadFile

from backend.api.authentication import CurrentUserDep
from backend.api.errors import responses
from backend.api.schemas.logos import (
    DefaultLogoResponse,
    DefaultLogoUpdate,
    LogoDeletedResponse,
    LogoListResponse,
    LogoTypeName,
    LogoUploadResponse,
    LogoUrlResponse,
)
from backend.api.service_dependencies import LogoServiceDep
from backend.api.uploads import read_upload
from backend.services.branding.logo_image import ImageDimensionsOutOfRange
from backend.services.branding.logo_service import InvalidLogoType, LogoKitNotFound, parse_logo_type
from backend.services.storage.buckets import RULES, Bucket
from backend.services.storage.storage_service import ObjectTooLarge, UnsupportedContent, UploadFailed

router = APIRouter(prefix="/brand-kits/{kit_id}/logos", tags=["logos"])

_OWN: Final = responses(401, LogoKitNotFound)
_OWN_VARIANT: Final = responses(401, InvalidLogoType, LogoKitNotFound)
_MAX_BYTES: Final = RULES[Bucket.LOGOS].max_bytes
_MAX_BODY: Final = _MAX_BYTES + 2 * 1024 * 1024
"""Somewhat more than a file may have: what is a little too large gets the error that says so."""


@router.post(
    "",
    status_code=201,
    summary="Upload a logo",
    max_body_size=_MAX_BODY,
    responses=responses(
        401,
        InvalidLogoType,
        UnsupportedContent,
        ObjectTooLarge,
        ImageDimensionsOutOfRange,
        LogoKitNotFound,
        UploadFailed,
    ),
)
async def upload_logo(
    kit_id: UUID,
    logo_type: Annotated[LogoTypeName, Form()],
    file: UploadFile,
    user: CurrentUserDep,
    logos: LogoServiceDep,
) -> LogoUploadResponse:
    """Store a logo in the place of the variant's former one.

    PNG, JPEG or WebP of at most 10 MiB, 16 to 8192 pixels a side, 16 megapixels; what the file is, its content says.
    SVG is refused: export it as PNG or WebP with a transparent background.
    """
    variant = parse_logo_type(logo_type)
    data = await read_upload(file, _MAX_BYTES)
    stored = await logos.upload(user.id, kit_id, variant, data, file.filename or "")
    return LogoUploadResponse(
        type=variant,
        url=stored.url,
        storage_path=stored.logo.storage_path,
        content_type=stored.logo.content_type,
        file_size=stored.logo.file_size,
        width=stored.logo.width,
        height=stored.logo.height,
        filename=stored.logo.filename,
    )


@router.get("", summary="List the logos of a brand kit", responses=_OWN)
async def list_logos(kit_id: UUID, user: CurrentUserDep, logos: LogoServiceDep) -> LogoListResponse:
    """Give an address for each variant, or null where it has no file, and name the default."""
    found = await logos.list(user.id, kit_id)
    return LogoListResponse(brand_kit_id=kit_id, logos=found.urls, default_logo_type=found.default)


@router.put("/default", summary="Choose the default logo", responses=_OWN_VARIANT)
async def set_default_logo(
    kit_id: UUID, body: DefaultLogoUpdate, user: CurrentUserDep, logos: LogoServiceDep
) -> DefaultLogoResponse:
    """Choose the variant that pictures carry when a request names none."""
    chosen = await logos.set_default_type(user.id, kit_id, parse_logo_type(body.logo_type))
    return DefaultLogoResponse(default_logo_type=chosen)


@router.get("/{logo_type}", summary="Find a logo", responses=_OWN_VARIANT)
async def read_logo(
    kit_id: UUID, logo_type: LogoTypeName, user: CurrentUserDep, logos: LogoServiceDep
) -> LogoUrlResponse:
    """Give the address of one variant, or null where it has no file."""
    variant = parse_logo_type(logo_type)
    return LogoUrlResponse(type=variant, url=await logos.get_url(user.id, kit_id, variant))


@router.delete("/{logo_type}", summary="Delete a logo", responses=_OWN_VARIANT)
async def delete_logo(
    kit_id: UUID, logo_type: LogoTypeName, user: CurrentUserDep, logos: LogoServiceDep
) -> LogoDeletedResponse:
    """Delete one variant; `deleted` is false where it had no file."""
    variant = parse_logo_type(logo_type)
    return LogoDeletedResponse(type=variant, deleted=await logos.delete(user.id, kit_id, variant))
