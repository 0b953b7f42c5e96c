"""Counting events in Redis."""

from uuid import uuid4

import pytest

from backend.clients.redis import Redis
from backend.services.analytics import counters as counters_module
from backend.services.analytics.counters import OVERFLOW, AnalyticsCounters, hour_of
from backend.services.analytics.events import asset_type_of
from tests.analytics.conftest import Clock, MakeEvent


async def test_events_are_counted_by_name_category_and_asset_type(
    counters: AnalyticsCounters, clock: Clock, event: MakeEvent
) -> None:
    await counters.record(
        [event("asset_viewed", asset_type="banner"), event("asset_viewed", asset_type="banner"), event("opened")],
        clock(),
    )

    (batch,) = await counters.pending()

    assert {(count.name, count.asset_type): count.events for count in batch.counts} == {
        ("asset_viewed", "banner"): 2,
        ("opened", None): 1,
    }
    assert batch.hour == hour_of(clock())


async def test_sessions_and_users_are_counted_once_each(
    counters: AnalyticsCounters, clock: Clock, event: MakeEvent
) -> None:
    user = uuid4()
    await counters.record([event(session_id="a", user_id=user), event(session_id="a", user_id=user)], clock())
    await counters.record([event(session_id="b", user_id=user), event(session_id="c")], clock())

    (batch,) = await counters.pending()

    (only,) = batch.counts
    assert (only.events, only.sessions, only.users) == (4, 3, 1)


async def test_a_repeated_delivery_is_counted_once(counters: AnalyticsCounters, clock: Clock, event: MakeEvent) -> None:
    delivery = [event(), event()]

    assert await counters.record(delivery, clock()) == 2
    clock.advance(minutes=55)  # into the next hour
    assert await counters.record(delivery, clock()) == 0


async def test_another_session_may_use_the_same_event_id(
    counters: AnalyticsCounters, clock: Clock, event: MakeEvent
) -> None:
    await counters.record([event(id="same", session_id="a")], clock())

    assert await counters.record([event(id="same", session_id="b")], clock()) == 1


async def test_too_many_different_events_are_counted_under_one_name(
    counters: AnalyticsCounters, clock: Clock, event: MakeEvent
) -> None:
    names = [f"name_{number}" for number in range(counters_module.MAX_FIELDS_PER_HOUR + 25)]
    for start in range(0, len(names), 100):
        await counters.record([event(name) for name in names[start : start + 100]], clock())

    (batch,) = await counters.pending()

    assert next(count.events for count in batch.counts if count.name == OVERFLOW) == 25
    assert batch.events == len(names)


async def test_taken_counts_stay_until_they_are_forgotten(
    counters: AnalyticsCounters, clock: Clock, event: MakeEvent
) -> None:
    await counters.record([event()], clock())
    (taken,) = await counters.take(clock())

    assert await counters.pending() == [taken]
    assert await counters.take(clock()) == [taken]
    await counters.forget(taken.id)
    assert await counters.pending() == []


async def test_counts_keep_the_id_under_which_they_will_be_stored(
    counters: AnalyticsCounters, clock: Clock, event: MakeEvent
) -> None:
    await counters.record([event()], clock())
    (seen,) = await counters.pending()
    await counters.record([event()], clock())

    (taken,) = await counters.take(clock())

    assert taken.id == seen.id


async def test_an_hour_taken_twice_still_knows_all_its_sessions(
    counters: AnalyticsCounters, clock: Clock, event: MakeEvent
) -> None:
    await counters.record([event(session_id="a"), event(session_id="b")], clock())
    (first,) = await counters.take(clock())
    await counters.forget(first.id)
    await counters.record([event(session_id="b"), event(session_id="c")], clock())

    (second,) = await counters.take(clock())

    assert (second.counts[0].events, second.counts[0].sessions) == (2, 3)


async def test_a_finished_hour_leaves_nothing_behind(
    counters: AnalyticsCounters, redis: Redis, clock: Clock, event: MakeEvent
) -> None:
    await counters.record([event(user_id=uuid4())], clock())
    await counters.take(clock())
    clock.advance(hours=1)

    for batch in await counters.take(clock()):
        await counters.forget(batch.id)

    left = {str(key) async for key in redis.scan_iter("analytics:hour*")}
    assert {key for key in left if not key.endswith(":ids")} == set()


async def test_recent_sessions_are_the_newest(counters: AnalyticsCounters, clock: Clock, event: MakeEvent) -> None:
    for session_id in ("old", "middle", "new"):
        await counters.record([event(session_id=session_id)], clock())
        clock.advance(seconds=1)

    assert [session.session_id for session in await counters.recent_sessions(2)] == ["new", "middle"]


async def test_sessions_end_after_a_month(
    counters: AnalyticsCounters, redis: Redis, clock: Clock, event: MakeEvent
) -> None:
    await counters.record([event(session_id="old")], clock())
    clock.advance(days=31)
    await counters.record([event(session_id="new")], clock())

    assert await redis.zrange("analytics:sessions:active", 0, -1) == ["new"]


async def test_clearing_removes_every_key(
    counters: AnalyticsCounters, redis: Redis, clock: Clock, event: MakeEvent
) -> None:
    await counters.record([event(user_id=uuid4())], clock())
    await counters.take(clock())
    await counters.record([event(session_id="other")], clock())

    await counters.clear()

    assert [key async for key in redis.scan_iter("analytics:*")] == []


@pytest.mark.parametrize("value", [None, 7, "", "Has Spaces", "a|b", "x" * 65, ["banner"]])
def test_what_is_no_plain_name_is_no_asset_type(value: object) -> None:
    assert asset_type_of({"asset_type": value}) is None


def test_the_asset_type_is_found_in_either_spelling() -> None:
    assert asset_type_of({"assetType": "twitch_emote"}) == "twitch_emote"
