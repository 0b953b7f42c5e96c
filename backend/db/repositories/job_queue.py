"""The queue's entries, written in the session's own transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from sqlalchemy import text

from backend.db.queue import GENERATE, queue_queries
from backend.db.session import DatabaseSession

CANCEL_CHANNEL: Final = "generation_cancels"
"""Tells workers the id of a job whose owner canceled it."""
CLEANUP_CHANNEL: Final = "storage_cleanups"
"""Tells workers that a file may be deleted."""

_SILENT = text("""
    SELECT job.id FROM public.generation_jobs AS job
    WHERE job.status = 'queued' AND NOT EXISTS (
        SELECT FROM pgqueuer.pgqueuer AS entry
        WHERE entry.dedupe_key = job.id::text AND entry.status IN ('queued', 'picked')
    )
    ORDER BY job.created_at LIMIT :limit
""")
_FORGET = text("DELETE FROM pgqueuer.pgqueuer_log WHERE aggregated AND created < now() - CAST(:age AS interval)")


class JobQueue:
    """Ring for jobs. An entry appears when the transaction commits, and never if it does not."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    async def enqueue(self, job_id: UUID) -> None:
        """Ask for a worker to look at a job; a job that has an entry keeps it."""
        async with self._session.as_service():
            connection = await self._session.connection()
            raw = await connection.get_raw_connection()
            await queue_queries(AsyncpgDriver(raw.driver_connection)).enqueue(
                GENERATE, str(job_id).encode(), dedupe_key=str(job_id), on_conflict="skip"
            )

    async def announce_cancel(self, job_id: UUID) -> None:
        """Tell the worker of a job, once the transaction commits, that it is not wanted any more."""
        await self._session.execute(
            text("SELECT pg_notify(:channel, :job_id)"), {"channel": CANCEL_CHANNEL, "job_id": str(job_id)}
        )

    async def silent(self, limit: int) -> Sequence[UUID]:
        """List queued jobs that no entry rings for."""
        async with self._session.as_service():
            return (await self._session.scalars(_SILENT, {"limit": limit})).all()

    async def forget(self, age: timedelta) -> None:
        """Delete old lines of pgqueuer's log, which it never does itself."""
        async with self._session.as_service():
            await self._session.execute(_FORGET, {"age": age})
