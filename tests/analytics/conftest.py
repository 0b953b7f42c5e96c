"""A clock tests can turn, and the parts of analytics around it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import pytest

from backend.clients.redis import Redis
from backend.clients.supabase import Supabase
from backend.services.analytics.counters import AnalyticsCounters
from backend.services.analytics.events import AnalyticsEvent, EventCategory
from backend.services.analytics.flush_service import AnalyticsFlushService


@dataclass
class Clock:
    """Tell whatever time a test sets."""

    moment: datetime = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **span: float) -> None:
        self.moment += timedelta(**span)


MakeEvent = Callable[..., AnalyticsEvent]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def counters(redis: Redis) -> AnalyticsCounters:
    return AnalyticsCounters(redis)


@pytest.fixture
def flushes(counters: AnalyticsCounters, redis: Redis, supabase: Supabase, clock: Clock) -> AnalyticsFlushService:
    return AnalyticsFlushService(counters, redis, supabase, clock)


@pytest.fixture
def event() -> MakeEvent:
    """Make events that differ in their id and in what a test asks for."""
    numbers = count(1)

    def make(
        name: str = "page_viewed",
        *,
        id: str | None = None,  # noqa: A002 - the event's own name for it
        category: EventCategory = EventCategory.PAGE,
        session_id: str = "session-1",
        asset_type: str | None = None,
        user_id: UUID | None = None,
    ) -> AnalyticsEvent:
        return AnalyticsEvent(id or f"event-{next(numbers)}", name, category, session_id, asset_type, user_id)

    return make
