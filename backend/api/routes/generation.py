"""Jobs that make pictures: request, watch, refine, cancel."""

from collections.abc import AsyncIterator
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from backend.api.authentication import CurrentUserDep
from backend.api.errors import responses
from backend.api.schemas.assets import AssetResponse
from backend.api.schemas.base import CleanText
from backend.api.schemas.generation import (
    CanvasSnapshotRequest,
    CanvasSnapshotResponse,
    GenerateRequest,
    JobListResponse,
    JobResponse,
    JobStreamEvent,
    RefineRequest,
    RefineResponse,
)
from backend.api.service_dependencies import CanvasSnapshotsDep, GenerationServiceDep, JobStreamDep
from backend.services.branding.brand_kit_service import BrandKitNotFound
from backend.services.branding.logo_image import ImageDimensionsOutOfRange
from backend.services.generation.canvas_snapshots import SnapshotSizeMismatch
from backend.services.generation.job_errors import (
    IdempotencyKeyReused,
    InputNotOffered,
    JobNotCancelable,
    JobNotFound,
    JobNotRefinable,
    SourceImageGone,
)
from backend.services.generation.template_errors import TemplateNotFound
from backend.services.generation.vocabulary import JobStatus
from backend.services.storage.storage_service import ContentTypeMismatch, ObjectTooLarge
from backend.services.usage.errors import LimitExceeded, TierRestricted

router = APIRouter(tags=["generation"])

_OWN: Final = responses(401, JobNotFound)
_MAX_SNAPSHOT_BODY: Final = 15 * 1024 * 1024
_REPLAYED: Final = "Idempotency-Replayed"

IdempotencyKey = Annotated[
    CleanText | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="Any text of your choice; sent again with the same request, it gives the same job",
    ),
]
LastEventId = Annotated[
    CleanText | None,
    Header(
        alias="Last-Event-ID", max_length=255, description="The last event you have seen; the stream goes on after it"
    ),
]


@router.post(
    "/generate",
    status_code=201,
    summary="Request a picture",
    responses=responses(401, LimitExceeded, BrandKitNotFound, TemplateNotFound, InputNotOffered, IdempotencyKeyReused),
)
async def generate(
    body: GenerateRequest,
    user: CurrentUserDep,
    generation: GenerationServiceDep,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> JobResponse:
    """Put a job into the queue and take one creation from your quota, which comes back if the job fails.

    With an `Idempotency-Key`, a repeated request gives the job that the first one made.
    """
    created = await generation.create_job(user.id, body.to_request(), idempotency_key=idempotency_key)
    _tell(response, created.job.id, replayed=created.replayed)
    return JobResponse.model_validate(created.job)


@router.post(
    "/canvas-snapshot",
    status_code=201,
    summary="Store a layout",
    max_body_size=_MAX_SNAPSHOT_BODY,
    responses=responses(401, ObjectTooLarge, ContentTypeMismatch, ImageDimensionsOutOfRange, SnapshotSizeMismatch),
)
async def store_canvas_snapshot(
    body: CanvasSnapshotRequest, user: CurrentUserDep, canvas: CanvasSnapshotsDep
) -> CanvasSnapshotResponse:
    """Keep a drawn layout for an hour; its `url` is the `canvas_snapshot_url` of a picture that shall follow it."""
    stored = await canvas.store(user.id, body.image_base64, body.mime_type, width=body.width, height=body.height)
    return CanvasSnapshotResponse(
        snapshot_id=stored.id,
        url=stored.url,
        storage_path=stored.path,
        file_size=stored.size,
        expires_at=stored.expires_at,
    )


@router.get("/jobs", summary="List your jobs", responses=responses(401))
async def list_jobs(
    user: CurrentUserDep,
    generation: GenerationServiceDep,
    status: JobStatus | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> JobListResponse:
    """Give jobs, newest first, all or those in one state."""
    page = await generation.list_jobs(user.id, status=status, limit=limit, offset=offset)
    return JobListResponse(
        jobs=[JobResponse.model_validate(job) for job in page.jobs], total=page.total, limit=limit, offset=offset
    )


@router.get("/jobs/{job_id}", summary="Read a job", responses=_OWN)
async def read_job(job_id: UUID, user: CurrentUserDep, generation: GenerationServiceDep) -> JobResponse:
    """Say where a job stands."""
    return JobResponse.model_validate(await generation.get_job(user.id, job_id))


@router.get("/jobs/{job_id}/assets", summary="List the pictures of a job", responses=_OWN)
async def list_job_assets(job_id: UUID, user: CurrentUserDep, generation: GenerationServiceDep) -> list[AssetResponse]:
    """Give what a job has made, largest first."""
    return [AssetResponse.of(asset) for asset in await generation.job_assets(user.id, job_id)]


async def require_job(job_id: UUID, user: CurrentUserDep, stream: JobStreamDep) -> None:
    """Answer 404 before the stream begins."""
    await stream.check(user.id, job_id)


@router.get(
    "/jobs/{job_id}/stream",
    summary="Watch a job",
    response_class=EventSourceResponse,
    responses=_OWN,
    dependencies=[Depends(require_job)],
)
async def stream_job(
    job_id: UUID, user: CurrentUserDep, stream: JobStreamDep, last_event_id: LastEventId = None
) -> AsyncIterator[ServerSentEvent]:
    """Send where the job stands, then every change, until it has ended.

    Events are numbered; a reconnecting client that sends the last number gets each later event once. A comment
    comes every 15 seconds of silence.
    """
    async for event in stream.follow(user.id, job_id, _number(last_event_id)):
        number = None if event.seq is None else str(event.seq)
        data = JobStreamEvent.model_validate({"type": event.type, "id": number, **event.data})
        yield ServerSentEvent(event=event.type, id=number, raw_data=data.model_dump_json(exclude_unset=True))


@router.post(
    "/jobs/{job_id}/cancel",
    status_code=202,
    summary="Cancel a job",
    responses=responses(401, JobNotFound, JobNotCancelable),
)
async def cancel_job(job_id: UUID, user: CurrentUserDep, generation: GenerationServiceDep) -> JobResponse:
    """Stop a job that has not ended, free of charge; after this answer it never completes."""
    return JobResponse.model_validate(await generation.cancel(user.id, job_id))


@router.post(
    "/jobs/{job_id}/refine",
    status_code=201,
    summary="Refine a picture",
    responses=responses(
        401, TierRestricted, LimitExceeded, JobNotFound, JobNotRefinable, SourceImageGone, IdempotencyKeyReused
    ),
)
async def refine_job(
    job_id: UUID,
    body: RefineRequest,
    user: CurrentUserDep,
    generation: GenerationServiceDep,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> RefineResponse:
    """Make a new job that changes a finished picture.

    The free plan does not include it; on pro, what exceeds the month's refinements counts as creations.
    """
    created = await generation.refine(user.id, job_id, body.refinement, idempotency_key=idempotency_key)
    _tell(response, created.job.id, replayed=created.replayed)
    return RefineResponse(
        new_job=JobResponse.model_validate(created.job), original_job_id=job_id, refinement_text=body.refinement
    )


def _tell(response: Response, job_id: UUID, *, replayed: bool) -> None:
    response.headers["Location"] = f"/api/v1/jobs/{job_id}"
    if replayed:
        response.headers[_REPLAYED] = "true"


def _number(last_event_id: str | None) -> int | None:
    """Read the number of an event; what never was one starts from the beginning."""
    text = (last_event_id or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
