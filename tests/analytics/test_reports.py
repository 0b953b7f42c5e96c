"""What administrators see: the requested range, and every event once."""

from collections.abc import AsyncIterator

import pytest

from backend.clients.redis import Redis, connect_redis
from backend.clients.supabase import Supabase
from backend.context import RequestContext
from backend.db.caller import Caller
from backend.db.repositories.analytics import AnalyticsRepository
from backend.db.repositories.audit_events import AuditRepository
from backend.services.analytics.analytics_service import AnalyticsService
from backend.services.analytics.counters import AnalyticsCounters
from backend.services.analytics.events import EventCategory, TimeRange
from backend.services.analytics.flush_service import AnalyticsFlushService
from backend.services.identity.audit_service import AuditService
from tests.analytics.conftest import Clock, MakeEvent
from tests.conftest import MakeSettings, SessionAs


@pytest.fixture
async def analytics(
    session_as: SessionAs,
    counters: AnalyticsCounters,
    flushes: AnalyticsFlushService,
    supabase: Supabase,
    redis: Redis,
    clock: Clock,
) -> AsyncIterator[AnalyticsService]:
    """Give the service to a caller without rights of his own: the guard is the route's, the service elevates."""
    async with session_as(Caller.anonymous()) as session:
        audit = AuditService(AuditRepository(session), supabase, RequestContext())
        yield AnalyticsService(counters, flushes, AnalyticsRepository(session), audit, redis, clock)


async def test_nothing_counted_gives_zeros(analytics: AnalyticsService) -> None:
    summary = await analytics.get_summary()

    assert (summary.total_events, summary.error_rate, summary.active_sessions) == (0, 0.0, 0)
    assert (summary.events, summary.categories, summary.recent_sessions) == ((), (), [])
    assert await analytics.get_popular_asset_types() == []
    assert await analytics.get_last_flush_time() is None


async def test_a_summary_sums_stored_and_fresh_counts(
    analytics: AnalyticsService, flushes: AnalyticsFlushService, event: MakeEvent
) -> None:
    await analytics.store_events([event(), event("error_occurred", category=EventCategory.ERROR)])
    await flushes.flush()
    await analytics.store_events([event(), event("clicked", category=EventCategory.USER_ACTION, session_id="other")])

    summary = await analytics.get_summary()

    assert summary.total_events == 4
    assert summary.error_rate == 0.25
    assert summary.active_sessions == 2
    assert [(total.key, total.events) for total in summary.events] == [
        ("page_viewed", 2),
        ("clicked", 1),
        ("error_occurred", 1),
    ]
    assert {total.key: total.events for total in summary.categories} == {"page": 2, "user_action": 1, "error": 1}


@pytest.mark.parametrize("flushed", [True, False])
@pytest.mark.parametrize(
    ("time_range", "expected"), [(TimeRange.HOUR, 1), (TimeRange.DAY, 2), (TimeRange.WEEK, 3), (TimeRange.MONTH, 4)]
)
async def test_a_summary_covers_the_range_asked_for(
    analytics: AnalyticsService,
    flushes: AnalyticsFlushService,
    clock: Clock,
    event: MakeEvent,
    time_range: TimeRange,
    expected: int,
    flushed: bool,
) -> None:
    for hours_until_next in (3 * 24, 24 * 24, 5 * 24, 5, 0):
        await analytics.store_events([event()])
        if flushed:
            await flushes.flush()
        clock.advance(hours=hours_until_next)

    assert (await analytics.get_summary(time_range)).total_events == expected


async def test_an_event_is_last_seen_when_it_last_arrived(
    analytics: AnalyticsService, flushes: AnalyticsFlushService, clock: Clock, event: MakeEvent
) -> None:
    await analytics.store_events([event()])
    await flushes.flush()
    clock.advance(minutes=3)
    await analytics.store_events([event()])

    (total,) = (await analytics.get_summary()).events

    assert abs((total.last_seen_at - clock()).total_seconds()) < 0.001


async def test_a_batch_stored_between_the_two_looks_of_a_summary_counts_once(
    analytics: AnalyticsService,
    counters: AnalyticsCounters,
    session_as: SessionAs,
    clock: Clock,
    event: MakeEvent,
) -> None:
    await analytics.store_events([event()])
    (batch,) = await counters.take(clock())
    async with session_as(Caller.service()) as session:
        await AnalyticsRepository(session).add(batch)

    assert await counters.pending() == [batch]
    assert (await analytics.get_summary()).total_events == 1


async def test_asset_types_are_ranked_by_what_people_did(
    analytics: AnalyticsService, flushes: AnalyticsFlushService, event: MakeEvent
) -> None:
    await analytics.store_events(
        [event("asset_viewed", asset_type="banner") for _ in range(4)]
        + [event("asset_generated", asset_type="logo"), event("asset_generated", asset_type="logo")]
    )
    await flushes.flush()
    await analytics.store_events([event("asset_downloaded", asset_type="logo"), event("other", asset_type="panel")])

    first, second = await analytics.get_popular_asset_types()

    assert (first.asset_type, first.generations, first.views, first.shares, first.score) == ("logo", 2, 0, 1, 8)
    assert (second.asset_type, second.score) == ("banner", 4)


@pytest.mark.parametrize(("days", "expected"), [(1, ["new"]), (2, ["new", "old"])])
async def test_popularity_covers_the_days_asked_for(
    analytics: AnalyticsService,
    flushes: AnalyticsFlushService,
    clock: Clock,
    event: MakeEvent,
    days: int,
    expected: list[str],
) -> None:
    await analytics.store_events([event("asset_viewed", asset_type="old")])
    await flushes.flush()
    clock.advance(days=1)
    await analytics.store_events([event("asset_viewed", asset_type="new")])

    assert [kind.asset_type for kind in await analytics.get_popular_asset_types(days)] == expected


async def test_popularity_gives_no_more_than_asked_for(analytics: AnalyticsService, event: MakeEvent) -> None:
    await analytics.store_events([event("asset_viewed", asset_type=f"type_{number}") for number in range(5)])

    assert len(await analytics.get_popular_asset_types(limit=3)) == 3


async def test_recent_sessions_say_who_and_how_much(
    analytics: AnalyticsService, clock: Clock, event: MakeEvent
) -> None:
    await analytics.store_events([event(), event()])

    (session,) = (await analytics.get_summary()).recent_sessions

    assert (session.session_id, session.user_id, session.events) == ("session-1", None, 2)


async def test_health_is_told_with_redis_and_without(
    analytics: AnalyticsService,
    counters: AnalyticsCounters,
    flushes: AnalyticsFlushService,
    supabase: Supabase,
    make_settings: MakeSettings,
    session_as: SessionAs,
) -> None:
    unreachable = connect_redis(make_settings())
    async with session_as(Caller.anonymous()) as session:
        audit = AuditService(AuditRepository(session), supabase, RequestContext())
        without = AnalyticsService(counters, flushes, AnalyticsRepository(session), audit, unreachable)

        assert (await analytics.is_healthy(), await without.is_healthy()) == (True, False)
    await unreachable.aclose()
