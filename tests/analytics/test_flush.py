"""Moving counters to Postgres: each count once, whatever fails on the way."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text

from backend.clients.redis import Redis
from backend.clients.supabase import Supabase
from backend.db.caller import Caller
from backend.db.failures import DATABASE_FAILURES
from backend.db.tables.analytics import AnalyticsEvents, AssetPopularity
from backend.services.analytics.counters import AnalyticsCounters, hour_of
from backend.services.analytics.flush_schedule import AnalyticsFlushSchedule
from backend.services.analytics.flush_service import AnalyticsFlushService, FlushSkipped
from backend.settings import Settings
from backend.worker import Worker
from di import Container
from tests.analytics.conftest import Clock, MakeEvent
from tests.conftest import SessionAs
from tests.support.jobs import eventually

Stored = Callable[[], Awaitable[int]]


@pytest.fixture
def stored(session_as: SessionAs) -> Stored:
    """Sum the events in the database."""

    async def count() -> int:
        async with session_as(Caller.service()) as session:
            return int(await session.scalar(select(func.sum(AnalyticsEvents.event_count))) or 0)

    return count


async def rename(supabase: Supabase, table: str, name: str) -> None:
    async with supabase.engine.begin() as connection:
        await connection.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))


async def test_a_flush_stores_what_was_counted(
    counters: AnalyticsCounters, flushes: AnalyticsFlushService, clock: Clock, event: MakeEvent, session_as: SessionAs
) -> None:
    await counters.record([event("asset_viewed", asset_type="banner", user_id=uuid4()), event("opened")], clock())

    result = await flushes.flush()

    assert (result.events_flushed, result.asset_types_updated, result.skipped) == (2, 1, None)
    async with session_as(Caller.service()) as session:
        rows = (await session.scalars(select(AnalyticsEvents).order_by(AnalyticsEvents.event_name))).all()
    assert [(row.event_name, row.asset_type, row.event_count, row.unique_users) for row in rows] == [
        ("asset_viewed", "banner", 1, 1),
        ("opened", None, 1, 0),
    ]
    assert {row.hour_bucket for row in rows} == {hour_of(clock())}
    assert await counters.pending() == []


async def test_two_flushes_of_one_hour_add_up(
    counters: AnalyticsCounters, flushes: AnalyticsFlushService, clock: Clock, event: MakeEvent, session_as: SessionAs
) -> None:
    await counters.record([event(session_id="a"), event(session_id="b")], clock())
    await flushes.flush()
    await counters.record([event(session_id="b"), event(session_id="c")], clock())
    await flushes.flush(force=True)

    async with session_as(Caller.service()) as session:
        row = (await session.scalars(select(AnalyticsEvents))).one()
    assert (row.event_count, row.unique_sessions) == (4, 3)


async def test_generation_start_does_not_make_an_asset_more_popular(
    counters: AnalyticsCounters, flushes: AnalyticsFlushService, clock: Clock, event: MakeEvent, session_as: SessionAs
) -> None:
    await counters.record(
        [event(name, asset_type="logo") for name in ("generation_started", "generation_completed", "asset_shared")],
        clock(),
    )
    await flushes.flush()

    async with session_as(Caller.service()) as session:
        row = (await session.scalars(select(AssetPopularity))).one()
    assert (row.generation_count, row.view_count, row.share_count) == (1, 0, 1)


@pytest.mark.parametrize("table", ["analytics_events", "analytics_asset_popularity"])
async def test_a_failed_insert_loses_nothing_and_stores_nothing_twice(
    counters: AnalyticsCounters,
    flushes: AnalyticsFlushService,
    supabase: Supabase,
    clock: Clock,
    event: MakeEvent,
    stored: Stored,
    table: str,
) -> None:
    await counters.record([event("asset_viewed", asset_type="logo"), event()], clock())
    await rename(supabase, table, "elsewhere")
    with pytest.raises(DATABASE_FAILURES):
        await flushes.flush()
    await rename(supabase, "elsewhere", table)
    await counters.record([event()], clock())

    result = await flushes.flush()

    assert result.events_flushed == 3
    assert await stored() == 3


class CrashBeforeForgetting(AnalyticsCounters):
    """Die once between the commit and the end of a batch."""

    crashed = False

    async def forget(self, batch_id: UUID) -> None:
        if not self.crashed:
            self.crashed = True
            raise ConnectionError
        await super().forget(batch_id)


async def test_a_batch_stored_before_a_crash_is_not_stored_again(
    redis: Redis, supabase: Supabase, clock: Clock, event: MakeEvent, stored: Stored
) -> None:
    counters = CrashBeforeForgetting(redis)
    flushes = AnalyticsFlushService(counters, redis, supabase, clock)
    await counters.record([event()], clock())
    with pytest.raises(ConnectionError):
        await flushes.flush()

    result = await flushes.flush()

    assert result.events_flushed == 0
    assert await stored() == 1
    assert await counters.pending() == []


async def test_events_counted_while_flushes_race_are_stored_once_each(
    counters: AnalyticsCounters, flushes: AnalyticsFlushService, clock: Clock, event: MakeEvent, stored: Stored
) -> None:
    async def report() -> None:
        for _ in range(10):
            await counters.record([event("asset_viewed", asset_type="logo"), event()], clock())

    async def flush() -> None:
        for _ in range(5):
            await flushes.flush(force=True)

    await asyncio.gather(*(report() for _ in range(5)), *(flush() for _ in range(3)))
    await flushes.flush(force=True)

    assert await stored() == 100


async def test_flushes_without_the_lock_store_each_count_once(
    counters: AnalyticsCounters, supabase: Supabase, redis: Redis, clock: Clock, event: MakeEvent, stored: Stored
) -> None:
    async def lose_the_lock() -> None:
        await redis.delete("analytics:flush_lock")
        await AnalyticsFlushService(counters, redis, supabase, clock).flush(force=True)

    await counters.record([event(f"name_{number}") for number in range(50)], clock())

    await asyncio.gather(*(lose_the_lock() for _ in range(8)))

    assert await stored() == 50


async def test_a_flush_is_skipped_while_another_runs(
    flushes: AnalyticsFlushService, redis: Redis, counters: AnalyticsCounters, clock: Clock, event: MakeEvent
) -> None:
    await redis.set("analytics:flush_lock", "another")
    await counters.record([event()], clock())

    result = await flushes.flush(force=True)

    assert result.skipped is FlushSkipped.RUNNING
    assert await redis.get("analytics:flush_lock") == "another"


async def test_a_second_flush_in_the_same_hour_is_skipped_unless_forced(
    flushes: AnalyticsFlushService, clock: Clock
) -> None:
    await flushes.flush()

    assert (await flushes.flush()).skipped is FlushSkipped.RECENT
    assert (await flushes.flush(force=True)).skipped is None
    clock.advance(hours=1)
    assert (await flushes.flush()).skipped is None


async def test_the_last_flush_is_remembered(flushes: AnalyticsFlushService, clock: Clock) -> None:
    assert await flushes.last_flush_at() is None
    await flushes.flush()

    assert await flushes.last_flush_at() == clock()


class Sleeper:
    """Note how long somebody wanted to sleep, and do something in that time."""

    def __init__(self, meanwhile: Callable[[], Awaitable[None]]) -> None:
        self.slept: list[float] = []
        self._meanwhile = meanwhile

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self._meanwhile()


async def test_the_schedule_tries_a_failed_flush_again(
    counters: AnalyticsCounters,
    flushes: AnalyticsFlushService,
    supabase: Supabase,
    clock: Clock,
    event: MakeEvent,
    stored: Stored,
) -> None:
    async def repair() -> None:
        if len(sleeper.slept) == 2:
            await rename(supabase, "elsewhere", "analytics_events")

    sleeper = Sleeper(repair)
    await counters.record([event()], clock())
    await rename(supabase, "analytics_events", "elsewhere")

    await AnalyticsFlushSchedule(flushes, sleeper, clock).flush_once()

    assert sleeper.slept == [5, 10]
    assert await stored() == 1


async def test_the_schedule_gives_an_hour_up_after_three_more_tries(
    counters: AnalyticsCounters, flushes: AnalyticsFlushService, supabase: Supabase, clock: Clock, event: MakeEvent
) -> None:
    async def nothing() -> None: ...

    sleeper = Sleeper(nothing)
    await counters.record([event()], clock())
    await rename(supabase, "analytics_events", "elsewhere")

    assert await AnalyticsFlushSchedule(flushes, sleeper, clock).flush_once() is None
    assert sleeper.slept == [5, 10, 20]


async def test_the_schedule_flushes_every_hour_until_cancelled(flushes: AnalyticsFlushService, clock: Clock) -> None:
    flushed = []

    async def pass_time() -> None:
        flushed.append(await flushes.last_flush_at())
        clock.advance(seconds=sleeper.slept[-1])
        if len(flushed) == 3:
            raise asyncio.CancelledError

    sleeper = Sleeper(pass_time)
    with pytest.raises(asyncio.CancelledError):
        await AnalyticsFlushSchedule(flushes, sleeper, clock).run()

    assert len(set(flushed)) == 3
    assert all(timedelta(0) < timedelta(seconds=seconds) <= timedelta(hours=1, seconds=30) for seconds in sleeper.slept)


async def test_a_worker_flushes(
    container: Container, settings: Settings, counters: AnalyticsCounters, event: MakeEvent, stored: Stored
) -> None:
    await counters.record([event()], datetime.now(UTC))
    stop = asyncio.Event()
    working = asyncio.create_task(Worker(container, settings).run(stop))

    assert await eventually(stored) == 1
    stop.set()
    await working
