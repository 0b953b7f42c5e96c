"""Bodies of the generation routes."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Base64Bytes, Field, StringConstraints

from backend.api.schemas.base import ApiModel, ResponseModel
from backend.services.branding.vocabulary import LogoType
from backend.services.generation.asset_types import AssetType
from backend.services.generation.brand_style import Intensity, LogoPosition, LogoSize, TypographyLevel
from backend.services.generation.generation_plan import BrandChoice, GenerationRequest
from backend.services.generation.job_errors import InputNotOffered
from backend.services.generation.vocabulary import JobStatus


class ColorChoice(ApiModel):
    """Choose colours by their place in the kit's palette; a place beyond the end means the last one."""

    primary_index: int = Field(0, ge=0, le=4)
    secondary_index: int | None = Field(None, ge=0, le=4)
    accent_index: int | None = Field(None, ge=0, le=2)
    use_gradient: int | None = Field(None, ge=0, le=2)


class TypographyChoice(ApiModel):
    """Choose the level of the kit's type scale."""

    level: TypographyLevel = "headline"


class VoiceChoice(ApiModel):
    """Choose words of the kit's voice to put into the picture."""

    use_tagline: bool = False
    use_catchphrase: int | None = Field(None, ge=0, le=9)


class BrandCustomization(ApiModel):
    """Say which parts of the brand kit this picture uses; without `logo_type`, the kit's default logo."""

    colors: ColorChoice = ColorChoice()
    typography: TypographyChoice = TypographyChoice()
    voice: VoiceChoice = VoiceChoice()
    include_logo: bool = False
    logo_type: LogoType | None = None
    logo_position: LogoPosition = LogoPosition.BOTTOM_RIGHT
    logo_size: LogoSize = LogoSize.MEDIUM
    brand_intensity: Intensity = Intensity.BALANCED


class MediaPlacement(ApiModel):
    """Place a picture of the media library."""

    asset_id: UUID
    display_name: str = Field(max_length=100)
    asset_type: str = Field(max_length=50)
    url: str = Field(max_length=2048)
    x: float = Field(ge=0, le=100)
    y: float = Field(ge=0, le=100)
    width: float = Field(gt=0)
    height: float = Field(gt=0)
    size_unit: Literal["percent", "px"] = "percent"
    z_index: int = Field(1, ge=1)
    rotation: float = Field(0, ge=0, le=360)
    opacity: float = Field(100, ge=0, le=100)


class GenerateRequest(ApiModel):
    """Ask for a picture.

    `custom_prompt` is free text or a quick-create token. `brand_customization` chooses from the kit that `brand_kit_id`
    names. `canvas_snapshot_url` is what `POST /canvas-snapshot` answered. The media fields are refused with
    `not_offered` unless empty: this server has no media library.
    """

    asset_type: AssetType
    brand_kit_id: UUID | None = None
    custom_prompt: str | None = Field(None, max_length=3000, examples=['A neon wolf, "LAST STAND"'])
    brand_customization: BrandCustomization | None = None
    media_asset_ids: list[UUID] = Field([], max_length=2)
    media_asset_placements: list[MediaPlacement] = Field([], max_length=2)
    canvas_snapshot_url: str | None = Field(None, max_length=2048)
    canvas_snapshot_description: str | None = Field(None, max_length=2000)

    def to_request(self) -> GenerationRequest:
        """Say it in the service's words, or raise `InputNotOffered`."""
        for field in ("media_asset_ids", "media_asset_placements"):
            if getattr(self, field):
                raise InputNotOffered(field)
        chosen = self.brand_customization
        return GenerationRequest(
            asset_type=self.asset_type,
            brand_kit_id=self.brand_kit_id,
            custom_prompt=(self.custom_prompt or "").strip() or None,
            brand=None if chosen is None else BrandChoice.model_validate(chosen.model_dump()),
            canvas_url=self.canvas_snapshot_url or None,
            canvas_description=self.canvas_snapshot_description or None,
        )


class CanvasSnapshotRequest(ApiModel):
    """Store a drawn layout; at most 10 MiB, and of exactly the size and type it says."""

    image_base64: Base64Bytes = Field(max_length=14 * 1024 * 1024)
    mime_type: Literal["image/png", "image/jpeg", "image/webp"] = "image/png"
    width: int = Field(ge=1, le=8192)
    height: int = Field(ge=1, le=8192)


class CanvasSnapshotResponse(ResponseModel):
    """Describe a stored layout; it is deleted at `expires_at` unless a job uses it."""

    snapshot_id: UUID
    url: str
    storage_path: str
    file_size: int
    expires_at: datetime


Instruction = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300)]


class RefineRequest(ApiModel):
    """Say what to change in a finished picture."""

    refinement: Instruction = Field(examples=["Make the sky darker"])


class JobResponse(ResponseModel):
    """Describe a job; `progress` counts to 100."""

    id: UUID
    user_id: UUID
    brand_kit_id: UUID | None
    parent_job_id: UUID | None
    asset_type: AssetType
    status: JobStatus
    progress: int
    cancel_requested: bool
    error_code: str | None
    error_message: str | None
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None


class JobListResponse(ResponseModel):
    """Give a page of jobs; `total` counts all that match."""

    jobs: list[JobResponse]
    total: int
    limit: int
    offset: int


class RefineResponse(ResponseModel):
    """Give the job that makes the change."""

    new_job: JobResponse
    original_job_id: UUID
    refinement_text: str


class JobStreamEvent(ResponseModel):
    """Carry one event of a job's stream.

    `progress` has `status`, `progress` and `message`; `completed` and `partial` have the `assets`, with the largest
    as `asset`; `failed` has `error`; `canceled` has neither. `error` ends the stream and asks to reconnect.
    """

    type: Literal["progress", "completed", "partial", "failed", "canceled", "error"]
    id: str | None = Field(description="What to send as `Last-Event-ID` when reconnecting")
    status: JobStatus | None = None
    progress: int | None = None
    message: str | None = None
    asset: dict[str, Any] | None = None
    assets: list[dict[str, Any]] | None = None
    error: dict[str, Any] | None = None
