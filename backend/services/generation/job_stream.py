"""A job's progress as one viewer sees it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final
from uuid import UUID

from backend.db.caller import Caller
from backend.db.failures import DATABASE_FAILURES
from backend.db.tables.generation import JobStatus
from backend.errors import DomainError
from backend.services.generation.asset_service import AddressedAsset
from backend.services.generation.generation_service import GenerationService
from backend.services.generation.job_events import JobEventHub, JobEvents
from backend.services.generation.jobs import JobEvent, progress_message
from backend.services.units_of_work import UnitsOfWork

logger = logging.getLogger(__name__)

_LOOK_AGAIN: Final = 10.0
_LOOK_AGAIN_WITHOUT_REDIS: Final = 1.0
_LONGEST: Final = 1500.0


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """Carry one event as the viewer gets it; `seq` is the number to reconnect with."""

    type: str
    data: dict[str, Any]
    seq: int | None = None


class JobStream:
    """Follow a job for one viewer, from the number the viewer has seen last.

    The row is read first, then the stream gives what happened in between and what comes; where the stream has
    nothing for a while, or cannot be reached, the row is read again. A database connection is held only while
    reading. The stream ends with the job, or with an `error` that asks to reconnect.
    """

    def __init__(self, units: UnitsOfWork, events: JobEvents, hub: JobEventHub) -> None:
        self._units = units
        self._events = events
        self._hub = hub

    async def check(self, user_id: UUID, job_id: UUID) -> None:
        """Raise `NotFound` where the user has no such job."""
        async with self._units.open(GenerationService, Caller.user(user_id)) as generation:
            await generation.get_job(user_id, job_id)

    async def follow(self, user_id: UUID, job_id: UUID, last_seq: int | None = None) -> AsyncIterator[StreamEvent]:
        """Yield events with rising numbers, each once, until the job has ended."""
        ends_at = monotonic() + _LONGEST
        try:
            current = await self._look(user_id, job_id)
            cursor = last_seq if last_seq is not None and 0 <= last_seq <= current.seq else None
            if cursor is None:
                yield await self._told(user_id, current)
                cursor = current.seq
            with self._hub.watch(job_id, cursor) as changed:
                while not current.status.terminal or cursor < current.seq:
                    for event in await self._news(job_id, cursor, current):
                        yield await self._told(user_id, event)
                        cursor, current = event.seq, event
                        if event.status.terminal:
                            return
                    if monotonic() > ends_at:
                        return
                    if not await self._wait(changed):
                        current = await self._look(user_id, job_id)
        except (DomainError, *DATABASE_FAILURES) as error:
            code = error.code if isinstance(error, DomainError) else "SERVICE_UNAVAILABLE"
            logger.warning("job stream broken off", extra={"job_id": str(job_id), "cause": str(error)})
            yield StreamEvent("error", {"error": {"code": code, "message": "The stream broke off. Reconnect."}})

    async def _look(self, user_id: UUID, job_id: UUID) -> JobEvent:
        async with self._units.open(GenerationService, Caller.user(user_id)) as generation:
            return JobEvent.of(await generation.get_job(user_id, job_id))

    async def _news(self, job_id: UUID, cursor: int, current: JobEvent) -> list[JobEvent]:
        """List what the viewer has not seen: the stream's events, and the row where it is ahead of them."""
        news = await self._events.since(job_id, cursor)
        if max((event.seq for event in news), default=cursor) < current.seq:
            news.append(current)
        return news

    async def _wait(self, changed: asyncio.Event) -> bool:
        seconds = _LOOK_AGAIN if self._hub.reachable else _LOOK_AGAIN_WITHOUT_REDIS
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await changed.wait()
        news = changed.is_set() and self._hub.reachable
        changed.clear()
        return news

    async def _told(self, user_id: UUID, event: JobEvent) -> StreamEvent:
        if not event.status.terminal:
            message = progress_message(event.status, event.progress)
            told = {"status": event.status.value, "progress": event.progress, "message": message}
            return StreamEvent("progress", told, event.seq)
        async with self._units.open(GenerationService, Caller.user(user_id)) as generation:
            job = await generation.get_job(user_id, event.job_id)
            assets = await generation.job_assets(user_id, event.job_id)
        data: dict[str, Any] = {"status": job.status, "progress": job.progress}
        match event.status:
            case JobStatus.FAILED:
                data["error"] = {"code": job.error_code, "message": job.error_message}
            case JobStatus.COMPLETED | JobStatus.PARTIAL:
                data |= {"asset": _described(assets[0]) if assets else None, "assets": [_described(a) for a in assets]}
            case _:
                pass
        return StreamEvent(event.status.value, data, event.seq)


def _described(addressed: AddressedAsset) -> dict[str, Any]:
    asset = addressed.asset
    return {
        "id": str(asset.id),
        "url": addressed.url,
        "asset_type": asset.asset_type,
        "width": asset.width,
        "height": asset.height,
        "file_size": asset.file_size,
    }
