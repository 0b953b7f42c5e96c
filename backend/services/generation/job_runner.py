"""The steps of one job, as a worker takes them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final, TypeVar
from uuid import UUID

from backend.clients.storage import StorageFailed, StoredObjectNotFound
from backend.db.caller import Caller
from backend.db.failures import DATABASE_FAILURES
from backend.db.repositories.generation_jobs import Lease
from backend.db.tables.generation import GenerationJob
from backend.errors import Unavailable
from backend.services.branding.logo_compositor import LogoCompositor
from backend.services.branding.logo_service import LogoService
from backend.services.generation.asset_service import AssetNotFound, AssetService
from backend.services.generation.asset_types import AssetType
from backend.services.generation.generation_plan import JobParameters, LogoPlan, Refinement
from backend.services.generation.images import GeneratedImage, ImageGenerator, ImageRequest, InputImage, Turn
from backend.services.generation.job_errors import SourceImageGone
from backend.services.generation.job_events import JobEvents
from backend.services.generation.job_lifecycle import Claimed, JobLifecycle, NewAsset, Settled
from backend.services.generation.jobs import (
    BRANDING,
    FINALIZING,
    GENERATING,
    PREPARING,
    UPLOADING,
    JobCanceled,
    JobFailure,
    JobTimedOut,
    LeaseLost,
)
from backend.services.generation.picture_finisher import Picture, PictureFinisher
from backend.services.storage.buckets import Bucket
from backend.services.storage.content_types import content_type_of
from backend.services.storage.storage_service import StorageService, StoredObject
from backend.services.units_of_work import UnitsOfWork
from backend.settings import Settings

logger = logging.getLogger(__name__)

T = TypeVar("T")

DATABASE_AWAY: Final = (*DATABASE_FAILURES, Unavailable, OSError, TimeoutError)
"""What a transaction raises while Postgres cannot be reached or does not answer."""

_PNG: Final = "image/png"
_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 2.0


@dataclass(frozen=True, slots=True)
class Interrupts:
    """Carry what may end a running try early: the owner's wish, or the worker's own end."""

    cancel: asyncio.Event = field(default_factory=asyncio.Event)
    stop: asyncio.Event = field(default_factory=asyncio.Event)


class WorkerStopping(Exception):
    """Say that the worker ends and gives its job to another."""


class JobRunner:
    """Run jobs to their end, one call each, holding no database connection between the steps.

    While a try runs, its lease is renewed and its cancellation looked for beside it. Every write is fenced by the
    lease: whatever goes wrong here, a job that somebody else has taken over is left alone.
    """

    def __init__(
        self,
        units: UnitsOfWork,
        events: JobEvents,
        images: ImageGenerator,
        finisher: PictureFinisher,
        compositor: LogoCompositor,
        storage: StorageService,
        settings: Settings,
    ) -> None:
        self._units = units
        self._events = events
        self._images = images
        self._finisher = finisher
        self._compositor = compositor
        self._storage = storage
        self._lease_seconds = settings.job_lease_seconds
        self._timeout = settings.job_timeout_seconds

    async def run(self, job_id: UUID, interrupts: Interrupts) -> float | None:
        """Try a job once; give the seconds after which somebody shall look at it again, or None."""
        claim = await self._saved(lambda jobs: jobs.claim(job_id))
        if claim.event is not None:
            await self._events.publish(claim.event)
        if not isinstance(claim, Claimed):
            return claim.again_in
        try:
            await self._guarded(claim, interrupts)
        except LeaseLost:
            logger.warning("job lease lost", extra={"job_id": str(job_id)})
            await self._saved(lambda jobs: jobs.drop_files(claim.lease))
            return None
        except JobCanceled:
            return await self._settle(claim.lease, lambda jobs: jobs.settle_cancel(claim.lease))
        except WorkerStopping:
            return await self._settle(claim.lease, lambda jobs: jobs.hand_back(claim.lease))
        except Exception as error:
            failure = JobFailure.of(error)
            logger.warning("job try failed", extra={"job_id": str(job_id), "code": failure.code}, exc_info=error)
            return await self._settle(claim.lease, lambda jobs: jobs.settle_failure(claim.lease, failure))
        return None

    async def _guarded(self, claim: Claimed, interrupts: Interrupts) -> None:
        """Work until done or until the watch raises; nothing of the work goes on after this returns."""
        work = asyncio.create_task(self._work(claim))
        watch = asyncio.create_task(self._watch(claim.lease, interrupts))
        try:
            await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (watch, work):
                if not task.done():
                    task.cancel()
            await asyncio.wait({work, watch})
        (watch if work.cancelled() else work).result()

    async def _watch(self, lease: Lease, interrupts: Interrupts) -> None:
        """Renew the lease until the work is done; raise as soon as the work should not go on."""
        while True:
            if await _first(interrupts, seconds=self._lease_seconds / 3):
                if interrupts.stop.is_set():
                    raise WorkerStopping
                interrupts.cancel.clear()
            try:
                async with self._units.open(JobLifecycle, Caller.service()) as jobs:
                    await jobs.renew(lease)
            except DATABASE_AWAY as error:
                logger.warning("job lease not renewed", extra={"job_id": str(lease.job_id), "cause": str(error)})

    async def _work(self, claim: Claimed) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await self._steps(claim.job, claim.lease)
        except TimeoutError as error:
            raise JobTimedOut(self._timeout) from error

    async def _steps(self, job: GenerationJob, lease: Lease) -> None:
        await self._advance(lease, PREPARING)
        parameters = JobParameters.of(job)
        request = await self._request(job, parameters)
        await self._advance(lease, GENERATING)
        image = await self._images.generate(request)
        details: dict[str, Any] = dict(image.metadata) | {"model": image.model, "seed": image.seed}
        data = image.data
        if parameters.logo is not None and job.brand_kit_id is not None:
            await self._advance(lease, BRANDING)
            data, details["logo"] = await self._branded(job.user_id, job.brand_kit_id, parameters.logo, data)
        pictures = await self._finisher.finish(data, request.asset_type)
        await self._advance(lease, UPLOADING)
        stored = await self._upload(job, lease, pictures)
        await self._advance(lease, FINALIZING)
        assets = [_asset(kept, picture, image, details) for picture, kept in stored]
        partial = len(stored) < len(pictures)
        await self._events.publish(await self._saved(lambda jobs: jobs.complete(lease, assets, partial=partial)))

    async def _request(self, job: GenerationJob, parameters: JobParameters) -> ImageRequest:
        asset_type = AssetType(job.asset_type)
        width, height = asset_type.spec.render_size
        history: tuple[Turn, ...] = ()
        seed = None
        if parameters.refinement is not None:
            history, seed = await self._history(job.user_id, parameters.refinement)
        return ImageRequest(
            prompt=job.prompt,
            width=width,
            height=height,
            asset_type=asset_type,
            brand=parameters.brand,
            texts=parameters.texts,
            hints=parameters.hints,
            seed=seed,
            input_image=await self._layout(parameters.canvas_path),
            history=history,
        )

    async def _layout(self, path: str | None) -> InputImage | None:
        if path is None:
            return None
        try:
            data = await self._storage.get(Bucket.UPLOADS, path)
        except StoredObjectNotFound as error:
            raise SourceImageGone from error
        return InputImage(data, content_type_of(path) or _PNG)

    async def _history(self, user_id: UUID, refinement: Refinement) -> tuple[tuple[Turn, ...], int | None]:
        """Replay how the picture to change came about."""
        try:
            async with self._units.open(AssetService, Caller.service()) as gallery:
                asset = (await gallery.get(user_id, refinement.asset_id)).asset
            data = await self._storage.get(Bucket(asset.bucket), asset.storage_path)
        except (AssetNotFound, StoredObjectNotFound) as error:
            raise SourceImageGone from error
        picture = InputImage(data, asset.content_type)
        made = Turn("model", image=picture, thought_signature=asset.thought_signature)
        seed = asset.details.get("seed")
        return (Turn("user", text=refinement.prompt), made), seed if isinstance(seed, int) else None

    async def _branded(self, user_id: UUID, kit_id: UUID, plan: LogoPlan, data: bytes) -> tuple[bytes, bool]:
        """Put the kit's logo on the picture; a logo deleted in the meantime is left out, and the asset says so."""
        async with self._units.open(LogoService, Caller.service()) as logos:
            logo = await logos.get_for_generation(user_id, kit_id, plan.type)
        if logo is None:
            return data, False
        return await self._compositor.composite(data, logo, plan.position, plan.size), True

    async def _upload(
        self, job: GenerationJob, lease: Lease, pictures: Sequence[Picture]
    ) -> list[tuple[Picture, StoredObject]]:
        """Store the pictures; if some cannot be stored, the others count."""
        paths = [
            self._storage.new_path(job.user_id, str(job.id), content_type=_PNG, suffix=f"-{picture.width}")
            for picture in pictures
        ]
        await self._saved(lambda jobs: jobs.note_files(lease, Bucket.ASSETS, paths))
        stored: list[tuple[Picture, StoredObject]] = []
        failures: list[StorageFailed] = []
        for picture, path in zip(pictures, paths, strict=True):
            try:
                stored.append((picture, await self._stored(path, picture.data)))
            except StorageFailed as error:
                failures.append(error)
        if not stored:
            raise failures[0]
        return stored

    async def _stored(self, path: str, data: bytes) -> StoredObject:
        for pause in (_PAUSE, 2 * _PAUSE):
            try:
                return await self._storage.upload_raw(Bucket.ASSETS, path, data, _PNG)
            except StorageFailed:
                await asyncio.sleep(pause)
        return await self._storage.upload_raw(Bucket.ASSETS, path, data, _PNG)

    async def _advance(self, lease: Lease, progress: int) -> None:
        await self._events.publish(await self._saved(lambda jobs: jobs.advance(lease, progress)))

    async def _settle(self, lease: Lease, change: Callable[[JobLifecycle], Awaitable[Settled]]) -> float | None:
        """End the try; a lease lost in the meantime leaves that to others."""
        try:
            settled = await self._saved(change)
        except LeaseLost:
            await self._saved(lambda jobs: jobs.drop_files(lease))
            return None
        await self._events.publish(settled.event)
        return settled.again_in

    async def _saved(self, change: Callable[[JobLifecycle], Awaitable[T]]) -> T:
        """Apply one change in a transaction of its own, again and again while Postgres is away.

        A commit whose answer was lost is safe to repeat: the lease is gone then, and the change finds nothing to do.
        """
        gives_up_at = monotonic() + self._lease_seconds
        pause = _PAUSE
        while True:
            try:
                async with self._units.open(JobLifecycle, Caller.service()) as jobs:
                    return await change(jobs)
            except DATABASE_AWAY:
                if monotonic() > gives_up_at:
                    raise
                await asyncio.sleep(pause)
                pause = min(_LONGEST_PAUSE, pause * 2)


async def _first(interrupts: Interrupts, *, seconds: float) -> bool:
    """Wait for an interrupt; False if none came in time."""
    waits = [asyncio.create_task(event.wait()) for event in (interrupts.stop, interrupts.cancel)]
    try:
        done, _ = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return bool(done)


def _asset(stored: StoredObject, picture: Picture, image: GeneratedImage, details: dict[str, Any]) -> NewAsset:
    return NewAsset(
        stored=stored,
        asset_type=picture.asset_type.value,
        width=picture.width,
        height=picture.height,
        thought_signature=image.thought_signature,
        details=details,
    )
