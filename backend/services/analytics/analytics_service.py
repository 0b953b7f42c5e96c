"""What clients report and what administrators see of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from backend.clients.redis import UNREACHABLE, Redis
from backend.db.repositories.analytics import AnalyticsRepository, Popularity, Total
from backend.services.analytics.counters import ActiveSession, AnalyticsCounters, hour_of
from backend.services.analytics.events import AnalyticsEvent, TimeRange
from backend.services.analytics.flush_service import AnalyticsFlushService, FlushResult, utc_now
from backend.services.identity.audit_events import AuditEvent
from backend.services.identity.audit_service import AuditService

_TOP_EVENTS: Final = 15
_RECENT_SESSIONS: Final = 10


@dataclass(frozen=True, slots=True)
class AnalyticsSummary:
    """Describe a range: whole hours from `since` on, the current one as far as it has come."""

    time_range: TimeRange
    since: datetime
    generated_at: datetime
    total_events: int
    error_rate: float
    active_sessions: int
    events: tuple[Total, ...]
    categories: tuple[Total, ...]
    recent_sessions: list[ActiveSession]


class AnalyticsService:
    """Count events as they come, and sum stored and fresh counts into reports."""

    def __init__(
        self,
        counters: AnalyticsCounters,
        flushes: AnalyticsFlushService,
        repository: AnalyticsRepository,
        audit: AuditService,
        redis: Redis,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._counters = counters
        self._flushes = flushes
        self._repository = repository
        self._audit = audit
        self._redis = redis
        self._now = now

    async def store_events(self, events: Sequence[AnalyticsEvent]) -> int:
        """Count a delivery; gives how many of its events were new."""
        return await self._counters.record(events, self._now())

    async def get_summary(self, time_range: TimeRange = TimeRange.DAY) -> AnalyticsSummary:
        """Sum up a range, with what no flush has stored yet."""
        now = self._now()
        since = hour_of(now - timedelta(hours=time_range.hours))
        pending = await self._counters.pending()
        totals = await self._repository.totals(since, pending, names=_TOP_EVENTS)
        return AnalyticsSummary(
            time_range=time_range,
            since=since,
            generated_at=now,
            total_events=totals.events,
            error_rate=totals.errors / totals.events if totals.events else 0.0,
            active_sessions=await self._counters.count_sessions(since),
            events=totals.names,
            categories=totals.categories,
            recent_sessions=await self._counters.recent_sessions(_RECENT_SESSIONS),
        )

    async def get_popular_asset_types(self, days: int = 30, limit: int = 10) -> list[Popularity]:
        """Rank asset types over the last days (UTC), today included."""
        first = (self._now().astimezone(UTC) - timedelta(days=days - 1)).date()
        return await self._repository.popularity(first, await self._counters.pending(), limit=limit)

    async def flush(self, admin_id: UUID, *, force: bool = False) -> FlushResult:
        """Store the counters now, as `AnalyticsFlushService.flush` says."""
        result = await self._flushes.flush(force=force)
        await self._audit.record(
            AuditEvent.ANALYTICS_FLUSHED, user_id=admin_id, metadata={"events": result.events_flushed, "force": force}
        )
        return result

    async def get_last_flush_time(self) -> datetime | None:
        """Tell when counters were last stored."""
        return await self._flushes.last_flush_at()

    async def clear_all(self, admin_id: UUID) -> None:
        """Drop counters that are not stored, and all sessions; stored counts stay."""
        await self._audit.record(AuditEvent.ANALYTICS_CLEARED, user_id=admin_id)
        await self._counters.clear()

    async def is_healthy(self) -> bool:
        """Tell whether events can be counted right now."""
        try:
            return bool(await self._redis.ping())
        except UNREACHABLE:
            return False
