"""Sliding windows in Valkey."""

import asyncio

import pytest

from backend.clients.redis import Redis, connect_redis
from backend.db.tables.identity import Tier
from backend.errors import RateLimited
from backend.services.identity.rate_limit_service import RateLimitService, RateLimitsUnavailable
from backend.services.identity.rate_limits import HOUR, UNLIMITED, Limit, by_tier
from backend.settings import Settings
from tests.conftest import MakeSettings
from tests.support.failing_servers import FailingValkey, Loss

THREE = Limit("three", HOUR, 3)


@pytest.fixture
def limits(redis: Redis, settings: Settings) -> RateLimitService:
    return RateLimitService(redis, settings)


async def test_event_beyond_the_limit_is_refused(limits: RateLimitService) -> None:
    for _ in range(3):
        await limits.hit(THREE, "somebody")

    with pytest.raises(RateLimited):
        await limits.hit(THREE, "somebody")


async def test_refusal_says_how_long_to_wait(limits: RateLimitService) -> None:
    for _ in range(3):
        await limits.hit(THREE, "somebody")
    with pytest.raises(RateLimited) as refusal:
        await limits.hit(THREE, "somebody")

    seconds = refusal.value.details["retry_after_seconds"]
    assert HOUR - 60 < seconds <= HOUR
    assert refusal.value.headers["Retry-After"] == str(seconds)


async def test_of_many_at_once_exactly_as_many_pass_as_fit(limits: RateLimitService) -> None:
    hits = await asyncio.gather(*(limits.attempt(THREE, "somebody") for _ in range(50)))

    assert sum(hit.accepted for hit in hits) == 3


async def test_event_whose_answer_was_lost_is_counted_once(redis_url: str, make_settings: MakeSettings) -> None:
    """The client sends it again; the last one that fits is not refused because of itself."""
    async with FailingValkey(redis_url).listening() as failing:
        settings = make_settings(redis_url=failing.url)
        redis = connect_redis(settings)
        limits = RateLimitService(redis, settings)
        for _ in range(2):
            await limits.hit(THREE, "somebody")
        failing.lose(Loss.UNTOLD, 0)
        hit = await limits.hit(THREE, "somebody")
        await redis.aclose()

    assert failing.lost
    assert (hit.used, hit.remaining) == (3, 0)


async def test_identifiers_are_counted_apart(limits: RateLimitService) -> None:
    for _ in range(3):
        await limits.hit(THREE, "somebody")

    assert (await limits.hit(THREE, "somebody else")).remaining == 2


async def test_limits_are_counted_apart(limits: RateLimitService) -> None:
    for _ in range(3):
        await limits.hit(THREE, "somebody")

    assert (await limits.hit(Limit("other", HOUR, 3), "somebody")).remaining == 2


async def test_refused_events_do_not_count(limits: RateLimitService, redis: Redis) -> None:
    for _ in range(10):
        await limits.attempt(THREE, "somebody")

    assert await redis.zcard("ratelimit:three:somebody") == 3


async def test_an_event_leaves_the_window_when_its_time_is_over(limits: RateLimitService, redis: Redis) -> None:
    for _ in range(3):
        await limits.hit(THREE, "somebody")
    oldest, *_ = await redis.zrange("ratelimit:three:somebody", 0, 0)
    await redis.zincrby("ratelimit:three:somebody", -HOUR * 1_000_000, str(oldest))

    assert (await limits.hit(THREE, "somebody")).used == 3
    with pytest.raises(RateLimited):
        await limits.hit(THREE, "somebody")


async def test_peek_counts_nothing(limits: RateLimitService) -> None:
    await limits.hit(THREE, "somebody")
    peeked = [await limits.peek(THREE, "somebody") for _ in range(5)]

    assert {(each.used, each.remaining) for each in peeked} == {(1, 2)}


async def test_forgotten_event_is_free_again(limits: RateLimitService) -> None:
    hit = await limits.hit(THREE, "somebody")
    await limits.forget(hit)

    assert (await limits.peek(THREE, "somebody")).used == 0


async def test_reset_frees_everything(limits: RateLimitService) -> None:
    for _ in range(3):
        await limits.hit(THREE, "somebody")
    await limits.reset(THREE, "somebody")

    assert (await limits.hit(THREE, "somebody")).used == 1


async def test_cost_counts_as_that_many_events(limits: RateLimitService) -> None:
    await limits.hit(THREE, "somebody", cost=2)

    assert not (await limits.attempt(THREE, "somebody", cost=2)).accepted
    assert (await limits.attempt(THREE, "somebody")).accepted


async def test_cost_beyond_the_whole_limit_is_refused(limits: RateLimitService) -> None:
    assert not (await limits.attempt(THREE, "somebody", cost=4)).accepted


async def test_limit_rises_with_the_tier(limits: RateLimitService) -> None:
    tiered = Limit("tiered", HOUR, by_tier(1, 2, 3))
    await limits.hit(tiered, "somebody")

    assert not (await limits.attempt(tiered, "somebody", tier=Tier.FREE)).accepted
    assert (await limits.attempt(tiered, "somebody", tier=Tier.PRO)).accepted


async def test_unlimited_tier_has_no_limit(limits: RateLimitService) -> None:
    tiered = Limit("tiered", HOUR, by_tier(0, 0, 0))

    assert (await limits.hit(tiered, "somebody", tier=Tier.UNLIMITED)).remaining == UNLIMITED


async def test_usage_lists_every_limit_on_a_user(limits: RateLimitService) -> None:
    usage = await limits.usage("somebody", Tier.PRO)

    assert usage["coach_messages"].allowed == 30
    assert usage["intel"].allowed == 500


async def test_keys_end_after_the_window(limits: RateLimitService, redis: Redis) -> None:
    await limits.hit(THREE, "somebody")

    assert HOUR < await redis.ttl("ratelimit:three:somebody") <= HOUR + 60


async def test_switched_off_limits_bind_nobody(redis: Redis, make_settings: MakeSettings) -> None:
    limits = RateLimitService(redis, make_settings(rate_limiting_enabled=False))

    assert all([(await limits.attempt(THREE, "somebody")).accepted for _ in range(5)])


async def test_without_redis_an_event_is_refused(make_settings: MakeSettings) -> None:
    settings = make_settings()
    redis = connect_redis(settings)
    with pytest.raises(RateLimitsUnavailable):
        await RateLimitService(redis, settings).hit(THREE, "somebody")
    await redis.aclose()


async def test_without_redis_an_open_limit_lets_events_pass(make_settings: MakeSettings) -> None:
    settings = make_settings()
    redis = connect_redis(settings)
    hit = await RateLimitService(redis, settings).hit(Limit("open", HOUR, 1, fail_open=True), "somebody")
    await redis.aclose()

    assert hit.accepted
