"""Statements on generation jobs: an owner's reading, a worker's fenced writing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, DateTime, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from backend.db.session import DatabaseSession
from backend.db.tables.generation import GenerationJob, JobStatus


@dataclass(frozen=True, slots=True)
class Lease:
    """Name a job and the one right to write to it."""

    job_id: UUID
    token: UUID


@dataclass(frozen=True, slots=True)
class NewJob:
    """Hold what a job starts with."""

    id: UUID
    user_id: UUID
    asset_type: str
    prompt: str
    parameters: dict[str, Any]
    brand_kit_id: UUID | None = None
    parent_job_id: UUID | None = None
    idempotency_key: str | None = None
    request_hash: str | None = None


class GenerationJobRepository:
    """Read jobs under the caller's row-level security; write them as the backend.

    Times of a lease are the database's clock at the moment of the statement, so that workers on several
    machines need not agree on theirs.
    """

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    async def get(self, user_id: UUID, job_id: UUID) -> GenerationJob | None:
        """Read one job of a user."""
        statement = select(GenerationJob).where(GenerationJob.id == job_id, GenerationJob.user_id == user_id)
        return await self._session.scalar(statement)

    async def by_idempotency_key(self, user_id: UUID, key: str) -> GenerationJob | None:
        """Read the job that a user made under an `Idempotency-Key`."""
        statement = select(GenerationJob).where(GenerationJob.user_id == user_id, GenerationJob.idempotency_key == key)
        return await self._session.scalar(statement)

    async def page(
        self, user_id: UUID, *, status: JobStatus | None, limit: int, offset: int
    ) -> tuple[Sequence[GenerationJob], int]:
        """Read a page of a user's jobs, newest first, and how many there are in all."""
        wanted = [GenerationJob.user_id == user_id]
        if status is not None:
            wanted.append(GenerationJob.status == status.value)
        total = await self._session.scalar(select(func.count()).select_from(GenerationJob).where(*wanted))
        newest = select(GenerationJob).where(*wanted).order_by(GenerationJob.created_at.desc(), GenerationJob.id)
        jobs = await self._session.scalars(newest.limit(limit).offset(offset))
        return jobs.all(), total or 0

    async def insert(self, job: NewJob) -> GenerationJob | None:
        """Insert a queued job, or return None where the user has used the idempotency key already.

        Waits for a parallel request with the same key to end.
        """
        statement = (
            insert(GenerationJob)
            .values(
                id=job.id,
                user_id=job.user_id,
                brand_kit_id=job.brand_kit_id,
                parent_job_id=job.parent_job_id,
                asset_type=job.asset_type,
                prompt=job.prompt,
                parameters=job.parameters,
                idempotency_key=job.idempotency_key,
                request_hash=job.request_hash,
            )
            .on_conflict_do_nothing(
                index_elements=[GenerationJob.user_id, GenerationJob.idempotency_key],
                index_where=GenerationJob.idempotency_key.is_not(None),
            )
            .returning(GenerationJob)
        )
        async with self._session.as_service():
            return await self._session.scalar(statement)

    async def lock(self, job_id: UUID, *, user_id: UUID | None = None) -> GenerationJob | None:
        """Read a job as it is now and keep others from changing it until the transaction ends."""
        statement = select(GenerationJob).where(GenerationJob.id == job_id)
        if user_id is not None:
            statement = statement.where(GenerationJob.user_id == user_id)
        async with self._session.as_service():
            return await self._session.scalar(
                statement.with_for_update(), execution_options={"populate_existing": True}
            )

    async def lock_leased(self, lease: Lease) -> GenerationJob | None:
        """Lock the job of a lease, or return None where somebody else has it by now."""
        job = await self.lock(lease.job_id)
        return job if job is not None and job.lease_token == lease.token else None

    async def lease_seconds_left(self, job_id: UUID) -> float | None:
        """Tell how long the current worker may be silent; zero or less when its lease has expired."""
        left = func.extract("epoch", GenerationJob.lease_until - func.clock_timestamp())
        async with self._session.as_service():
            seconds = await self._session.scalar(select(left).where(GenerationJob.id == job_id))
        return None if seconds is None else float(seconds)

    async def start_attempt(self, job_id: UUID, lease_for: timedelta) -> GenerationJob:
        """Give a locked job to the caller under a new token."""
        return await self._change(
            GenerationJob.id == job_id,
            status=JobStatus.PROCESSING.value,
            progress=10,
            attempt=GenerationJob.attempt + 1,
            lease_token=uuid4(),
            lease_until=_from_now(lease_for),
            started_at=func.coalesce(GenerationJob.started_at, func.clock_timestamp()),
            event_seq=GenerationJob.event_seq + 1,
        )

    async def advance(self, lease: Lease, progress: int, lease_for: timedelta) -> GenerationJob:
        """Note progress of a locked job and renew its lease."""
        return await self._change(
            _held(lease),
            progress=progress,
            lease_until=_from_now(lease_for),
            event_seq=GenerationJob.event_seq + 1,
        )

    async def renew(self, lease: Lease, lease_for: timedelta) -> GenerationJob | None:
        """Prolong a lease without telling viewers; None when it is no longer held."""
        statement = (
            update(GenerationJob).where(_held(lease)).values(lease_until=_from_now(lease_for)).returning(GenerationJob)
        )
        async with self._session.as_service():
            return await self._session.scalar(statement, execution_options={"populate_existing": True})

    async def finish(
        self,
        job_id: UUID,
        status: JobStatus,
        *,
        progress: int,
        error_code: str | None = None,
        error_message: str | None = None,
    ) -> GenerationJob:
        """Put a locked job into a final state."""
        return await self._change(
            GenerationJob.id == job_id,
            status=status.value,
            progress=progress,
            error_code=error_code,
            error_message=error_message,
            lease_token=None,
            lease_until=None,
            completed_at=func.clock_timestamp(),
            event_seq=GenerationJob.event_seq + 1,
        )

    async def requeue(self, job_id: UUID, *, attempt: int) -> GenerationJob:
        """Put a locked job back into the queue with so many attempts counted."""
        return await self._change(
            GenerationJob.id == job_id,
            status=JobStatus.QUEUED.value,
            progress=0,
            attempt=attempt,
            lease_token=None,
            lease_until=None,
            event_seq=GenerationJob.event_seq + 1,
        )

    async def request_cancel(self, job_id: UUID) -> GenerationJob:
        """Note on a locked job that its owner does not want it any more."""
        return await self._change(GenerationJob.id == job_id, cancel_requested=True)

    async def lock_expired(self, limit: int) -> Sequence[GenerationJob]:
        """Lock jobs whose worker has been silent too long, passing over those that others look at."""
        statement = (
            select(GenerationJob)
            .where(
                GenerationJob.status == JobStatus.PROCESSING.value,
                GenerationJob.lease_until < func.clock_timestamp(),
            )
            .order_by(GenerationJob.lease_until)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        async with self._session.as_service():
            jobs = await self._session.scalars(statement, execution_options={"populate_existing": True})
            return jobs.all()

    async def _change(self, which: ColumnElement[bool], **values: Any) -> GenerationJob:
        statement = update(GenerationJob).where(which).values(**values).returning(GenerationJob)
        async with self._session.as_service():
            changed = await self._session.scalars(statement, execution_options={"populate_existing": True})
            return changed.one()


def _held(lease: Lease) -> ColumnElement[bool]:
    return (GenerationJob.id == lease.job_id) & (GenerationJob.lease_token == lease.token)


def _from_now(duration: timedelta) -> ColumnElement[Any]:
    return func.clock_timestamp(type_=DateTime(timezone=True)) + literal(duration)
