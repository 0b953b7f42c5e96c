"""Moves counters from Redis to Postgres, each count once."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import uuid4

from backend.clients.redis import Redis
from backend.clients.supabase import Supabase
from backend.db.repositories.analytics import AnalyticsRepository
from backend.services.analytics.counter_scripts import RELEASE
from backend.services.analytics.counters import AnalyticsCounters, hour_of

_LOG: Final = logging.getLogger(__name__)
_LOCK: Final = "analytics:flush_lock"
_LAST_FLUSH: Final = "analytics:last_flush"
LOCK_TTL: Final = timedelta(seconds=300)


class FlushSkipped(StrEnum):
    """Say why a flush did nothing."""

    RUNNING = "running"
    RECENT = "recent"


@dataclass(frozen=True, slots=True)
class FlushResult:
    """Say what a flush stored."""

    events_flushed: int
    asset_types_updated: int
    hour_bucket: datetime
    flushed_at: datetime
    skipped: FlushSkipped | None = None


def utc_now() -> datetime:
    """Give the time."""
    return datetime.now(UTC)


class AnalyticsFlushService:
    """Store the counters, one short transaction per batch on the side engine.

    A lock in Redis keeps two processes from doing the same work. Nothing depends on it: a batch's id is stored with
    its counts, and a batch leaves Redis only after that was committed.
    """

    def __init__(
        self,
        counters: AnalyticsCounters,
        redis: Redis,
        supabase: Supabase,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._counters = counters
        self._redis = redis
        self._supabase = supabase
        self._now = now
        self._release = redis.register_script(RELEASE)

    async def flush(self, *, force: bool = False) -> FlushResult:
        """Store what was counted, once an hour unless forced.

        Skips if another flush runs. Raises what kept a batch from being stored; such a batch stays for the next
        flush.
        """
        now = self._now()
        async with self._lock() as acquired:
            if not acquired:
                return _skipped(now, FlushSkipped.RUNNING)
            last = await self.last_flush_at()
            if not force and last is not None and hour_of(last) >= hour_of(now):
                return _skipped(now, FlushSkipped.RECENT)
            result = await self._store(now)
            await self._redis.set(_LAST_FLUSH, now.isoformat())
        _LOG.info("Analytics were flushed", extra={"events": result.events_flushed})
        return result

    async def last_flush_at(self) -> datetime | None:
        """Tell when a flush last came to its end."""
        text = await self._redis.get(_LAST_FLUSH)
        return None if text is None else datetime.fromisoformat(str(text))

    async def _store(self, now: datetime) -> FlushResult:
        events = 0
        asset_types: set[str] = set()
        for batch in await self._counters.take(now):
            async with self._supabase.side_session() as session:
                touched = await AnalyticsRepository(session).add(batch)
            await self._counters.forget(batch.id)
            if touched is not None:
                events += batch.events
                asset_types |= touched
        return FlushResult(events, len(asset_types), hour_of(now), now)

    @asynccontextmanager
    async def _lock(self) -> AsyncIterator[bool]:
        token = str(uuid4())
        acquired = await self._redis.set(_LOCK, token, nx=True, px=LOCK_TTL)
        try:
            yield bool(acquired)
        finally:
            if acquired:
                await self._release(keys=[_LOCK], args=[token])


def _skipped(now: datetime, reason: FlushSkipped) -> FlushResult:
    return FlushResult(0, 0, hour_of(now), now, reason)
