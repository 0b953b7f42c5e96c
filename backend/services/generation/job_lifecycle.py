"""Every change of a job's state, each in one transaction with what belongs to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import SystemRandom
from typing import Any
from uuid import UUID

from backend.db.repositories.assets import AssetRepository
from backend.db.repositories.generation_jobs import GenerationJobRepository, Lease
from backend.db.repositories.job_queue import JobQueue
from backend.db.repositories.storage_cleanups import StorageCleanupRepository
from backend.db.tables.generation import GenerationJob, JobStatus
from backend.services.generation.jobs import DONE, JobCanceled, JobEvent, JobFailure, LeaseLost
from backend.services.storage.storage_service import StoredObject
from backend.services.usage.usage_limit_service import UsageLimitService
from backend.settings import Settings

_LONGEST_WAIT = 300.0
_UNFINISHED_FILES_LIVE = timedelta(hours=1)
_WRITES_END_WITHIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Claimed:
    """Hand a job to a worker."""

    job: GenerationJob
    lease: Lease
    event: JobEvent


@dataclass(frozen=True, slots=True)
class NotClaimed:
    """Say that there is nothing to do, or nothing before `again_in` seconds; `event` tells what changed."""

    again_in: float | None = None
    event: JobEvent | None = None


@dataclass(frozen=True, slots=True)
class NewAsset:
    """Describe a stored picture that becomes an asset when its job completes."""

    stored: StoredObject
    asset_type: str
    width: int
    height: int
    thought_signature: str | None = field(default=None, repr=False)
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settled:
    """Say how a try ended; a job that is tried again rings after `again_in` seconds."""

    event: JobEvent
    again_in: float | None = None


class JobLifecycle:
    """Move jobs from state to state for workers; every method locks the row, checks it, and writes.

    A worker's lease is checked under that lock: `LeaseLost` means that somebody else decides by now, and
    nothing was written.
    """

    def __init__(
        self,
        jobs: GenerationJobRepository,
        assets: AssetRepository,
        cleanups: StorageCleanupRepository,
        queue: JobQueue,
        usage: UsageLimitService,
        settings: Settings,
    ) -> None:
        self._jobs = jobs
        self._assets = assets
        self._cleanups = cleanups
        self._queue = queue
        self._usage = usage
        self._lease_for = timedelta(seconds=settings.job_lease_seconds)
        self._max_attempts = settings.job_max_attempts
        self._retry_seconds = settings.job_retry_seconds
        self._random = SystemRandom()

    async def claim(self, job_id: UUID) -> Claimed | NotClaimed:
        """Take a job that is queued, or whose worker fell silent; whoever comes second gets nothing."""
        job = await self._jobs.lock(job_id)
        if job is None or JobStatus(job.status).terminal:
            return NotClaimed()
        left = await self._jobs.lease_seconds_left(job_id)
        if left is not None and left > 0:
            return NotClaimed(again_in=left)
        if job.cancel_requested:
            return NotClaimed(event=await self._end(job, JobStatus.CANCELED))
        if job.attempt >= self._max_attempts:
            return NotClaimed(event=await self._end(job, JobStatus.FAILED, JobFailure.worker_lost()))
        started = await self._jobs.start_attempt(job_id, self._lease_for)
        if started.lease_token is None:
            raise LeaseLost(job_id)
        return Claimed(started, Lease(job_id, started.lease_token), JobEvent.of(started))

    async def advance(self, lease: Lease, progress: int) -> JobEvent:
        """Note that a step begins, and keep the lease; raises `JobCanceled` where the owner changed his mind."""
        await self._held(lease)
        return JobEvent.of(await self._jobs.advance(lease, progress, self._lease_for))

    async def renew(self, lease: Lease) -> None:
        """Keep the lease while a step lasts; raises as `advance` does."""
        job = await self._jobs.renew(lease, self._lease_for)
        if job is None:
            raise LeaseLost(lease.job_id)
        if job.cancel_requested:
            raise JobCanceled(lease.job_id)

    async def note_files(self, lease: Lease, bucket: str, paths: Sequence[str]) -> None:
        """Note files about to be written, so that they go again should the job not complete."""
        await self._held(lease)
        await self._cleanups.note(bucket, paths, _UNFINISHED_FILES_LIVE, lease_token=lease.token)

    async def complete(self, lease: Lease, assets: Sequence[NewAsset], *, partial: bool = False) -> JobEvent:
        """Make the files assets, charge for them, and end the job: all or nothing."""
        job = await self._held(lease)
        await self._keep_files(lease, assets)
        await self._assets.insert([_row(job, asset) for asset in assets])
        await self.drop_files(lease)
        status = JobStatus.PARTIAL if partial else JobStatus.COMPLETED
        done = await self._jobs.finish(job.id, status, progress=DONE)
        await self._usage.commit(job.id)
        return JobEvent.of(done)

    async def settle_failure(self, lease: Lease, failure: JobFailure) -> Settled:
        """Put a failed job back into the queue where another try may help and is left, else end it."""
        job = await self._locked(lease)
        await self.drop_files(lease)
        if job.cancel_requested:
            return Settled(await self._end(job, JobStatus.CANCELED))
        if not failure.retryable or job.attempt >= self._max_attempts:
            return Settled(await self._end(job, JobStatus.FAILED, failure))
        queued = await self._jobs.requeue(job.id, attempt=job.attempt)
        return Settled(JobEvent.of(queued), again_in=self._backoff(job.attempt, failure))

    async def settle_cancel(self, lease: Lease) -> Settled:
        """End a job its owner does not want any more, free of charge."""
        job = await self._locked(lease)
        await self.drop_files(lease)
        return Settled(await self._end(job, JobStatus.CANCELED))

    async def hand_back(self, lease: Lease) -> Settled:
        """Put a job back into the queue that failed in nothing; the try does not count."""
        job = await self._locked(lease)
        await self.drop_files(lease)
        if job.cancel_requested:
            return Settled(await self._end(job, JobStatus.CANCELED))
        queued = await self._jobs.requeue(job.id, attempt=max(0, job.attempt - 1))
        return Settled(JobEvent.of(queued), again_in=0.0)

    async def drop_files(self, lease: Lease) -> None:
        """Let the files noted under a lease go, except those that became assets.

        Only the worker of the lease may say so: nobody else knows that it will not write one more. The files of a
        silent worker go when their notes are due.
        """
        await self._cleanups.expire(lease.token, _WRITES_END_WITHIN)

    async def cancel_queued(self, job: GenerationJob) -> JobEvent:
        """End a locked job that nobody works on."""
        return await self._end(job, JobStatus.CANCELED)

    async def recover_expired(self, limit: int = 50) -> list[JobEvent]:
        """Requeue, fail or cancel jobs whose worker fell silent."""
        events = []
        for job in await self._jobs.lock_expired(limit):
            if job.cancel_requested:
                events.append(await self._end(job, JobStatus.CANCELED))
            elif job.attempt >= self._max_attempts:
                events.append(await self._end(job, JobStatus.FAILED, JobFailure.worker_lost()))
            else:
                events.append(JobEvent.of(await self._jobs.requeue(job.id, attempt=job.attempt)))
                await self._queue.enqueue(job.id)
        return events

    async def ring_for_silent(self, limit: int = 50) -> int:
        """Enqueue jobs that are queued and that no entry rings for; tell how many."""
        silent = await self._queue.silent(limit)
        for job_id in silent:
            await self._queue.enqueue(job_id)
        return len(silent)

    async def _locked(self, lease: Lease) -> GenerationJob:
        job = await self._jobs.lock_leased(lease)
        if job is None:
            raise LeaseLost(lease.job_id)
        return job

    async def _held(self, lease: Lease) -> GenerationJob:
        job = await self._locked(lease)
        if job.cancel_requested:
            raise JobCanceled(lease.job_id)
        return job

    async def _keep_files(self, lease: Lease, assets: Sequence[NewAsset]) -> None:
        """Take back the notes of files that stay; a missing note means that the file may be gone already."""
        paths = [asset.stored.path for asset in assets]
        if await self._cleanups.take_back(assets[0].stored.bucket, paths) != len(paths):
            raise LeaseLost(lease.job_id)

    async def _end(self, job: GenerationJob, status: JobStatus, failure: JobFailure | None = None) -> JobEvent:
        ended = await self._jobs.finish(
            job.id,
            status,
            progress=0,
            error_code=failure.code if failure else None,
            error_message=failure.message if failure else None,
        )
        await self._usage.release(job.id)
        return JobEvent.of(ended)

    def _backoff(self, attempt: int, failure: JobFailure) -> float:
        """Wait twice as long after each try, give or take a quarter, so that jobs that failed together spread."""
        doubled = self._retry_seconds * 2.0 ** (attempt - 1) * self._random.uniform(0.75, 1.25)
        return min(_LONGEST_WAIT, max(doubled, failure.wait))


def _row(job: GenerationJob, asset: NewAsset) -> dict[str, Any]:
    return {
        "user_id": job.user_id,
        "job_id": job.id,
        "asset_type": asset.asset_type,
        "bucket": asset.stored.bucket.value,
        "storage_path": asset.stored.path,
        "content_type": asset.stored.content_type,
        "width": asset.width,
        "height": asset.height,
        "file_size": asset.stored.size,
        "thought_signature": asset.thought_signature,
        "details": asset.details,
    }
