"""Telling what happens to a job, and listening, through a Redis stream per job."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context
from typing import Any, Final
from uuid import UUID

from backend.clients.redis import UNREACHABLE, Redis, RedisError
from backend.db.tables.generation import JobStatus
from backend.services.generation.jobs import JobEvent

logger = logging.getLogger(__name__)

_KEEP_EVENTS: Final = 256
_KEEP_SECONDS: Final = 3600
_BLOCK_MILLISECONDS: Final = 500
_RETRY_SECONDS: Final = 1.0


def stream_key(job_id: UUID) -> str:
    """Name the stream of a job."""
    return f"job:{job_id}:events"


class JobEvents:
    """Write events to a job's stream and read them back by number.

    The stream is a convenience: whoever does not find an event in it reads the job's row. So a failure to write
    is logged and nothing more, and a stream that was trimmed, expired or lost its server does no harm.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def publish(self, event: JobEvent) -> None:
        """Tell an event that is saved; telling it twice, or after a later one, changes nothing."""
        key = stream_key(event.job_id)
        fields: dict[Any, Any] = {"status": event.status.value, "progress": event.progress}
        try:
            await self._redis.xadd(key, fields, id=f"{event.seq}-0", maxlen=_KEEP_EVENTS, approximate=True)
            await self._redis.expire(key, _KEEP_SECONDS)
        except UNREACHABLE as error:
            logger.warning("job event not published", extra={"job_id": str(event.job_id), "cause": str(error)})
        except RedisError as error:
            logger.debug("job event known already", extra={"job_id": str(event.job_id), "cause": str(error)})

    async def since(self, job_id: UUID, seq: int) -> list[JobEvent]:
        """Read the events after a number, oldest first; none where Redis cannot be reached."""
        try:
            entries = await self._redis.xrange(stream_key(job_id), min=f"{seq + 1}-0")
        except RedisError:
            return []
        return [_event(job_id, entry) for entry in entries or ()]


class JobEventHub:
    """Wake whoever watches a job when its stream grows.

    One task and one Redis connection serve all watchers of a process, however many there are. Watchers are
    only woken; what happened they read themselves, from where they are.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._watchers: dict[UUID, set[asyncio.Event]] = {}
        self._seen: dict[UUID, int] = {}
        self._reader: asyncio.Task[None] | None = None
        self.reachable = True

    @property
    def watched(self) -> int:
        """Count the viewers."""
        return sum(map(len, self._watchers.values()))

    @contextmanager
    def watch(self, job_id: UUID, seq: int) -> Iterator[asyncio.Event]:
        """Give an event that is set whenever the job's stream has something after `seq`."""
        changed = asyncio.Event()
        self._watchers.setdefault(job_id, set()).add(changed)
        self._seen[job_id] = min(seq, self._seen.get(job_id, seq))
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read(), context=Context())
        try:
            yield changed
        finally:
            self._watchers[job_id].discard(changed)
            if not self._watchers[job_id]:
                del self._watchers[job_id], self._seen[job_id]

    async def close(self) -> None:
        """Stop reading."""
        if self._reader is not None:
            self._reader.cancel()
            with suppress(asyncio.CancelledError):
                await self._reader

    async def _read(self) -> None:
        while self._watchers:
            try:
                await self._read_once()
                self.reachable = True
            except RedisError as error:
                if self.reachable:
                    logger.warning("job events cannot be read", extra={"cause": str(error)})
                self.reachable = False
                self._wake_all()
                await asyncio.sleep(_RETRY_SECONDS)

    async def _read_once(self) -> None:
        jobs = {stream_key(job_id): job_id for job_id in self._seen}
        found = await self._redis.xread(
            {key: f"{self._seen[job_id]}-0" for key, job_id in jobs.items()}, block=_BLOCK_MILLISECONDS
        )
        for key, entries in _by_key(found):
            job_id = jobs[key]
            if job_id in self._seen:
                self._seen[job_id] = _number(entries[-1])
            for changed in self._watchers.get(job_id, ()):
                changed.set()

    def _wake_all(self) -> None:
        for watchers in self._watchers.values():
            for changed in watchers:
                changed.set()


async def open_job_event_hub(redis: Redis) -> AsyncIterator[JobEventHub]:
    """Provide the hub and stop its reader at the end."""
    hub = JobEventHub(redis)
    try:
        yield hub
    finally:
        await hub.close()


def _event(job_id: UUID, entry: Any) -> JobEvent:
    fields = entry[1]
    return JobEvent(job_id, _number(entry), JobStatus(fields["status"]), int(fields["progress"]))


def _number(entry: Any) -> int:
    return int(entry[0].partition("-")[0])


def _by_key(found: Any) -> Iterable[tuple[str, list[Any]]]:
    """Read the answer to `XREAD`, which is a list or a mapping by the protocol's version."""
    return found.items() if isinstance(found, dict) else found or ()
