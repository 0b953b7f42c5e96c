"""Bodies of the logo routes."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from backend.api.schemas.base import ApiModel, ResponseModel
from backend.services.branding.vocabulary import LogoType

LogoTypeName = Annotated[
    str,
    Field(max_length=100, description="Which variant of the logo", json_schema_extra={"enum": [*map(str, LogoType)]}),
]
"""A variant's name as it came; the service refuses unknown ones with `INVALID_LOGO_TYPE`."""


class DefaultLogoUpdate(ApiModel):
    """Choose the variant that pictures carry when a request names none."""

    logo_type: LogoTypeName


class LogoUploadResponse(ResponseModel):
    """Describe a stored logo; `url` works for an hour."""

    type: LogoType
    url: str
    storage_path: str
    content_type: str
    file_size: int
    width: int
    height: int
    filename: str


class LogoListResponse(ResponseModel):
    """Give an address, valid for an hour, for each variant that has a file."""

    brand_kit_id: UUID
    logos: dict[LogoType, str | None]
    default_logo_type: LogoType


class LogoUrlResponse(ResponseModel):
    """Give the address of one variant, valid for an hour, or null where there is no file."""

    type: LogoType
    url: str | None


class LogoDeletedResponse(ResponseModel):
    """Tell whether there was a logo to delete."""

    type: LogoType
    deleted: bool


class DefaultLogoResponse(ResponseModel):
    """Name the variant that pictures carry when a request names none."""

    default_logo_type: LogoType
