"""What a user does with generation jobs: request, watch, refine, cancel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID, uuid4

from backend.db.after_commit import AfterCommit
from backend.db.repositories.assets import AssetRepository
from backend.db.repositories.generation_jobs import GenerationJobRepository, NewJob
from backend.db.repositories.job_queue import JobQueue
from backend.db.tables.generation import GenerationJob, JobStatus
from backend.db.tables.identity import Feature
from backend.services.branding.brand_kit_service import BrandKitService
from backend.services.branding.logo_service import LogoService
from backend.services.generation.asset_service import AddressedAsset, AssetService
from backend.services.generation.asset_types import AssetType
from backend.services.generation.canvas_snapshots import CanvasSnapshots
from backend.services.generation.generation_plan import GenerationPlanner, GenerationRequest, JobParameters
from backend.services.generation.job_errors import (
    BrandKitRequired,
    BrandKitWithoutLogo,
    CanvasNotOffered,
    CanvasRequired,
    IdempotencyKeyReused,
    JobNotCancelable,
    JobNotFound,
    JobNotRefinable,
    NothingToRefine,
    SourceImageGone,
)
from backend.services.generation.job_events import JobEvents
from backend.services.generation.job_lifecycle import JobLifecycle
from backend.services.identity.audit_events import AuditEvent
from backend.services.identity.audit_service import AuditService
from backend.services.usage.errors import LimitExceeded, TierRestricted
from backend.services.usage.usage_limit_service import UsageLimitService

_REFINABLE = (JobStatus.COMPLETED, JobStatus.PARTIAL)


@dataclass(frozen=True, slots=True)
class Created:
    """Give a job, and say whether this very request made it or an earlier one of the same key."""

    job: GenerationJob
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class JobPage:
    """Give some jobs and how many there are in all."""

    jobs: Sequence[GenerationJob]
    total: int


class GenerationService:
    """Make jobs and follow them, always for one user.

    A job, its quota and its place in the queue are written in the caller's transaction: they exist together
    or not at all.
    """

    def __init__(
        self,
        jobs: GenerationJobRepository,
        assets: AssetRepository,
        queue: JobQueue,
        lifecycle: JobLifecycle,
        planner: GenerationPlanner,
        kits: BrandKitService,
        logos: LogoService,
        usage: UsageLimitService,
        gallery: AssetService,
        canvas: CanvasSnapshots,
        audit: AuditService,
        events: JobEvents,
        after_commit: AfterCommit,
    ) -> None:
        self._jobs = jobs
        self._assets = assets
        self._queue = queue
        self._lifecycle = lifecycle
        self._planner = planner
        self._kits = kits
        self._logos = logos
        self._usage = usage
        self._gallery = gallery
        self._canvas = canvas
        self._audit = audit
        self._events = events
        self._after_commit = after_commit

    async def create_job(
        self, user_id: UUID, request: GenerationRequest, *, idempotency_key: str | None = None
    ) -> Created:
        """Request a picture; the same key and request again give the same job."""
        if idempotency_key is not None:
            earlier = await self._jobs.by_idempotency_key(user_id, idempotency_key)
            if earlier is not None:
                return _replayed(earlier, request.fingerprint())
        prompt, parameters = await self._plan(user_id, request)
        new = NewJob(
            id=uuid4(),
            user_id=user_id,
            asset_type=request.asset_type.value,
            prompt=prompt,
            parameters=parameters.model_dump(mode="json"),
            brand_kit_id=request.brand_kit_id,
            idempotency_key=idempotency_key,
            request_hash=request.fingerprint() if idempotency_key is not None else None,
        )
        return await self._start(new, Feature.CREATIONS)

    async def refine(
        self, user_id: UUID, job_id: UUID, instruction: str, *, idempotency_key: str | None = None
    ) -> Created:
        """Request a change of a finished job's picture, as a job of its own.

        Where the plan's refinements are used up, a paid one goes on with its creations.
        """
        original = await self.get_job(user_id, job_id)
        fingerprint = f"{job_id}:{instruction}"
        if idempotency_key is not None:
            earlier = await self._jobs.by_idempotency_key(user_id, idempotency_key)
            if earlier is not None:
                return _replayed(earlier, fingerprint)
        if original.status not in _REFINABLE:
            raise JobNotRefinable(original.status)
        assets = await self._assets.of_job(user_id, job_id)
        if not assets:
            raise SourceImageGone
        prompt, parameters = self._planner.plan_refinement(original, assets[0].id, instruction)
        if not prompt:
            raise NothingToRefine
        new = NewJob(
            id=uuid4(),
            user_id=user_id,
            asset_type=original.asset_type,
            prompt=prompt,
            parameters=parameters.model_dump(mode="json"),
            brand_kit_id=original.brand_kit_id,
            parent_job_id=original.id,
            idempotency_key=idempotency_key,
            request_hash=fingerprint if idempotency_key is not None else None,
        )
        return await self._start(new, Feature.REFINEMENTS)

    async def get_job(self, user_id: UUID, job_id: UUID) -> GenerationJob:
        """Read one job of a user."""
        job = await self._jobs.get(user_id, job_id)
        if job is None:
            raise JobNotFound(job_id)
        return job

    async def list_jobs(self, user_id: UUID, *, status: JobStatus | None, limit: int, offset: int) -> JobPage:
        """Read a page of a user's jobs, newest first."""
        jobs, total = await self._jobs.page(user_id, status=status, limit=limit, offset=offset)
        return JobPage(jobs, total)

    async def job_assets(self, user_id: UUID, job_id: UUID) -> list[AddressedAsset]:
        """Read what a job has made so far, largest first."""
        await self.get_job(user_id, job_id)
        return await self._gallery.of_job(user_id, job_id)

    async def cancel(self, user_id: UUID, job_id: UUID) -> GenerationJob:
        """Stop a job that has not ended; it costs nothing then.

        A queued job is canceled when this returns. A running one is canceled as soon as its worker notices,
        and never completes.
        """
        job = await self._jobs.lock(job_id, user_id=user_id)
        if job is None:
            raise JobNotFound(job_id)
        status = JobStatus(job.status)
        if status.terminal:
            raise JobNotCancelable(status.value)
        if status is JobStatus.QUEUED:
            event = await self._lifecycle.cancel_queued(job)
            self._after_commit.do(partial(self._events.publish, event))
        elif not job.cancel_requested:
            await self._jobs.request_cancel(job_id)
            await self._queue.announce_cancel(job_id)
        await self._audit.record(AuditEvent.GENERATION_CANCELED, user_id=user_id, metadata={"job_id": str(job_id)})
        return job

    async def _plan(self, user_id: UUID, request: GenerationRequest) -> tuple[str, JobParameters]:
        prompt, parameters = await self._brand_and_plan(user_id, request)
        if request.canvas_url is None:
            if request.canvas_description:
                raise CanvasRequired
            return prompt, parameters
        if request.asset_type.spec.transparent or request.asset_type is AssetType.PROFILE_PICTURE:
            raise CanvasNotOffered(request.asset_type.spec.label)
        path = await self._canvas.keep_for_job(user_id, request.canvas_url)
        return prompt, parameters.model_copy(update={"canvas_path": path})

    async def _brand_and_plan(self, user_id: UUID, request: GenerationRequest) -> tuple[str, JobParameters]:
        if request.brand_kit_id is None:
            if request.brand is not None:
                raise BrandKitRequired
            return self._planner.plan(request, None)
        kit = await self._kits.get(user_id, request.brand_kit_id)
        if request.brand is not None and request.brand.include_logo:
            logos = await self._logos.list(user_id, request.brand_kit_id)
            if not any(logos.urls.values()):
                raise BrandKitWithoutLogo
        return self._planner.plan(request, kit)

    async def _start(self, new: NewJob, feature: Feature) -> Created:
        job = await self._jobs.insert(new)
        if job is None:
            return await self._parallel(new)
        await self._reserve(new, feature)
        await self._queue.enqueue(job.id)
        facts = {"job_id": str(job.id), "asset_type": job.asset_type, "feature": feature.value}
        await self._audit.record(AuditEvent.GENERATION_REQUESTED, user_id=job.user_id, metadata=facts)
        return Created(job)

    async def _parallel(self, new: NewJob) -> Created:
        """Give the job that a request of the same key made at the same moment."""
        earlier = await self._jobs.by_idempotency_key(new.user_id, new.idempotency_key or "")
        if earlier is None:
            raise IdempotencyKeyReused
        return _replayed(earlier, new.request_hash)

    async def _reserve(self, new: NewJob, feature: Feature) -> None:
        try:
            await self._usage.reserve(new.user_id, feature, key=new.id)
        except TierRestricted:
            raise
        except LimitExceeded:
            if feature is not Feature.REFINEMENTS:
                raise
            await self._usage.reserve(new.user_id, Feature.CREATIONS, key=new.id)


def _replayed(job: GenerationJob, fingerprint: str | None) -> Created:
    if job.request_hash != fingerprint:
        raise IdempotencyKeyReused
    return Created(job, replayed=True)
