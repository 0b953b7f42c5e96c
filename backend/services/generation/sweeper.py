"""Repairing what nobody announces: silent workers, jobs without an entry, files without an owner."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from backend.clients.storage import StorageFailed
from backend.db.caller import Caller
from backend.db.repositories.job_queue import JobQueue
from backend.db.repositories.storage_cleanups import StorageCleanupRepository
from backend.services.generation.job_events import JobEvents
from backend.services.generation.job_lifecycle import JobLifecycle
from backend.services.storage.buckets import Bucket
from backend.services.storage.storage_service import StorageService
from backend.services.units_of_work import UnitsOfWork

logger = logging.getLogger(__name__)

_BATCH: Final = 50
_QUEUE_LOG_LIVES: Final = timedelta(days=7)


class FileSweeper:
    """Delete files whose time has come, together with their notes."""

    def __init__(self, cleanups: StorageCleanupRepository, storage: StorageService) -> None:
        self._cleanups = cleanups
        self._storage = storage

    async def sweep(self, limit: int) -> int:
        """Delete up to so many files, and tell how many are gone; what the store refuses is tried again later."""
        gone = []
        for note in await self._cleanups.lock_due(limit):
            try:
                await self._storage.delete(Bucket(note.bucket), note.storage_path)
            except StorageFailed as error:
                logger.warning("file not deleted", extra={"path": note.storage_path, "cause": str(error)})
            else:
                gone.append(note)
        await self._cleanups.remove(gone)
        return len(gone)


class Sweeper:
    """Look for lost jobs and files to delete. Any number of workers may do so at once."""

    def __init__(self, units: UnitsOfWork, events: JobEvents) -> None:
        self._units = units
        self._events = events

    async def sweep(self) -> None:
        """Do it all once."""
        await self.recover_jobs()
        await self.delete_files()
        async with self._units.open(JobQueue, Caller.service()) as queue:
            await queue.forget(_QUEUE_LOG_LIVES)

    async def recover_jobs(self) -> None:
        """Give lost jobs to workers again, or end them where no try is left."""
        async with self._units.open(JobLifecycle, Caller.service()) as jobs:
            events = await jobs.recover_expired(_BATCH)
            rung = await jobs.ring_for_silent(_BATCH)
        for event in events:
            logger.warning("job recovered", extra={"job_id": str(event.job_id), "status": event.status.value})
            await self._events.publish(event)
        if rung:
            logger.warning("jobs without a queue entry enqueued", extra={"jobs": rung})

    async def delete_files(self) -> None:
        """Delete every file that is due, batch by batch."""
        deleted = _BATCH
        while deleted == _BATCH:
            async with self._units.open(FileSweeper, Caller.service()) as files:
                deleted = await files.sweep(_BATCH)
