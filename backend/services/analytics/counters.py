"""Counters of events between two flushes, in Redis."""

import json
from asyncio import gather
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from backend.clients.redis import Redis
from backend.db.repositories.analytics import CountBatch, HourCount
from backend.services.analytics import counter_scripts as scripts
from backend.services.analytics.events import AnalyticsEvent

MAX_FIELDS_PER_HOUR: Final = 500
MAX_IDS_PER_HOUR: Final = 500_000
MAX_SESSIONS: Final = 100_000
SESSION_TTL: Final = timedelta(hours=24)
SESSION_MEMORY: Final = timedelta(days=30)
OVERFLOW: Final = "other_events"
"""The name under which events are counted once an hour has seen too many different ones."""


@dataclass(frozen=True, slots=True)
class ActiveSession:
    """Describe one session of the last day."""

    session_id: str
    user_id: str | None
    events: int
    started_at: datetime
    last_activity_at: datetime


def hour_of(moment: datetime) -> datetime:
    """Give the first moment of the hour (UTC)."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


class AnalyticsCounters:
    """Count events by the hour in which they arrive, until a flush has stored the counts.

    A count belongs to a batch with an id from its first event on. `take` moves counts into batches that stay until
    `forget`, so a flush that fails leaves everything for the next one, and the id keeps it from being stored twice.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._record = redis.register_script(scripts.RECORD)
        self._take = redis.register_script(scripts.TAKE)
        self._pending = redis.register_script(scripts.PENDING)
        self._clear = redis.register_script(scripts.CLEAR)

    async def record(self, events: Sequence[AnalyticsEvent], now: datetime) -> int:
        """Count events and give how many were new: a delivery repeated within the hour counts once."""
        hour = hour_of(now)
        arguments: list[str | int] = [
            int(hour.timestamp()),
            int((hour - timedelta(hours=1)).timestamp()),
            _milliseconds(now),
            str(uuid4()),
            MAX_FIELDS_PER_HOUR,
            MAX_IDS_PER_HOUR,
            MAX_SESSIONS,
            int(SESSION_TTL.total_seconds()),
            int(SESSION_MEMORY.total_seconds()),
            json.dumps([_encode(event) for event in events]),
        ]
        return int(await self._record(args=arguments))

    async def take(self, now: datetime) -> list[CountBatch]:
        """Move all counts into batches and give every batch that is not yet forgotten."""
        return [_batch(text) for text in await self._take(args=[int(hour_of(now).timestamp())])]

    async def pending(self) -> list[CountBatch]:
        """Give all counts that are perhaps not stored yet, under the ids they have or will have."""
        return [_batch(text) for text in await self._pending()]

    async def forget(self, batch_id: UUID) -> None:
        """Drop a batch that is stored."""
        await self._redis.hdel("analytics:batches", str(batch_id))

    async def clear(self) -> None:
        """Drop all counts that are not stored, and all sessions."""
        await self._clear()

    async def count_sessions(self, since: datetime) -> int:
        """Count the sessions with an event from a moment on."""
        return int(await self._redis.zcount("analytics:sessions:active", _milliseconds(since), "+inf"))

    async def recent_sessions(self, limit: int) -> list[ActiveSession]:
        """Give the sessions that were active last, newest first."""
        newest = await self._redis.zrevrange("analytics:sessions:active", 0, limit - 1)
        ids = [str(session_id) for session_id in newest]
        records = await gather(*(self._redis.hgetall(f"analytics:sessions:{session_id}") for session_id in ids))
        return [_session(session_id, record) for session_id, record in zip(ids, records, strict=True) if record]


def _encode(event: AnalyticsEvent) -> dict[str, str]:
    encoded = {
        "id": f"{event.session_id}|{event.id}",
        "field": f"{event.name}|{event.category}|{event.asset_type or ''}",
        "rest": f"{OVERFLOW}|{event.category}|",
        "session": event.session_id,
    }
    return encoded if event.user_id is None else encoded | {"user": str(event.user_id)}


def _batch(text: str) -> CountBatch:
    taken = json.loads(text)
    return CountBatch(
        id=UUID(taken["id"]),
        hour=datetime.fromtimestamp(taken["hour"], UTC),
        counts=tuple(_count(*fields) for fields in taken["counts"]),
    )


def _count(field: str, events: int, sessions: int, users: int, last_seen: int) -> HourCount:
    name, category, asset_type = field.split("|")
    return HourCount(
        name=name,
        category=category,
        asset_type=asset_type or None,
        events=events,
        sessions=sessions,
        users=users,
        last_seen_at=_moment(last_seen),
    )


def _session(session_id: str, record: Mapping[Any, Any]) -> ActiveSession:
    return ActiveSession(
        session_id=session_id,
        user_id=record.get("userId"),
        events=int(record["eventCount"]),
        started_at=_moment(record["startTime"]),
        last_activity_at=_moment(record["lastActivity"]),
    )


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _moment(milliseconds: int | str) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
