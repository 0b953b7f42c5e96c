"""Sessions in Valkey: rotation, replay, revocation."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend.clients.redis import Redis, connect_redis
from backend.services.identity.errors import SessionsUnavailable, TokenInvalid, TokenRevoked
from backend.services.identity.token_store import (
    GRACE_MILLISECONDS,
    MAX_SESSIONS,
    CurrentToken,
    NewSession,
    ReuseDetected,
    TokenStore,
)
from tests.conftest import MakeSettings

DAY = 24 * 3600


@pytest.fixture
def tokens(redis: Redis) -> TokenStore:
    return TokenStore(redis)


def session(user_id: UUID | None = None, **values: Any) -> NewSession:
    defaults: dict[str, Any] = {
        "id": uuid4(),
        "user_id": user_id or uuid4(),
        "jti": uuid4(),
        "opened_at": datetime.now(UTC),
        "lifetime": 30 * DAY,
        "longest": 90 * DAY,
        "remember_me": True,
        "ip": "192.0.2.1",
        "user_agent": "tests",
    }
    return NewSession(**(defaults | values))


async def use(tokens: TokenStore, of: NewSession, jti: UUID, *, now: datetime | None = None) -> CurrentToken:
    return await tokens.use(of.user_id, of.id, jti, successor=uuid4(), now=now or datetime.now(UTC), ip=None)


async def let_grace_pass(redis: Redis, of: NewSession) -> None:
    """Move the moment of the last rotation back, in the place of waiting."""
    key = f"refresh_token:{{{of.user_id}}}:{of.id}"
    rotated_at = int(await redis.hget(key, "rotated_at") or 0)
    await redis.hset(key, "rotated_at", str(rotated_at - GRACE_MILLISECONDS - 1))


async def test_use_replaces_a_token_by_its_successor(tokens: TokenStore) -> None:
    opened = session()
    await tokens.register(opened)
    successor = await use(tokens, opened, opened.jti)

    assert not await tokens.is_valid(opened.user_id, opened.id, opened.jti)
    assert await tokens.is_valid(opened.user_id, opened.id, successor.jti)


async def test_parallel_uses_give_one_successor(tokens: TokenStore) -> None:
    opened = session()
    await tokens.register(opened)
    successors = await asyncio.gather(*(use(tokens, opened, opened.jti) for _ in range(20)))

    assert len(set(successors)) == 1


async def test_repeating_a_use_at_once_gives_the_same_successor(tokens: TokenStore) -> None:
    opened = session()
    await tokens.register(opened)

    assert await use(tokens, opened, opened.jti) == await use(tokens, opened, opened.jti)


async def test_repeating_a_use_later_is_a_replay(tokens: TokenStore, redis: Redis) -> None:
    opened = session()
    await tokens.register(opened)
    await use(tokens, opened, opened.jti)
    await let_grace_pass(redis, opened)

    with pytest.raises(ReuseDetected):
        await use(tokens, opened, opened.jti)


async def test_a_token_two_generations_old_is_a_replay_at_any_time(tokens: TokenStore) -> None:
    opened = session()
    await tokens.register(opened)
    second = await use(tokens, opened, opened.jti)
    await use(tokens, opened, second.jti)

    with pytest.raises(ReuseDetected):
        await use(tokens, opened, opened.jti)


async def test_after_a_replay_no_token_of_the_family_is_accepted(tokens: TokenStore, redis: Redis) -> None:
    opened = session()
    await tokens.register(opened)
    second = await use(tokens, opened, opened.jti)
    await let_grace_pass(redis, opened)
    with pytest.raises(ReuseDetected):
        await use(tokens, opened, opened.jti)

    for jti in (opened.jti, second.jti, opened.jti, second.jti):
        with pytest.raises(TokenRevoked):
            await use(tokens, opened, jti)


async def test_a_replay_leaves_other_sessions_alone(tokens: TokenStore) -> None:
    first = session()
    other = session(first.user_id)
    await tokens.register(first)
    await tokens.register(other)
    with pytest.raises(ReuseDetected):
        await use(tokens, first, uuid4())

    assert await tokens.is_valid(other.user_id, other.id, other.jti)


async def test_a_session_nobody_opened_is_unknown(tokens: TokenStore) -> None:
    with pytest.raises(TokenInvalid):
        await use(tokens, session(), uuid4())


async def test_a_session_of_somebody_else_is_unknown(tokens: TokenStore) -> None:
    opened = session()
    await tokens.register(opened)

    with pytest.raises(TokenInvalid):
        await use(tokens, session(id=opened.id), opened.jti)


async def test_invalidated_session_accepts_nothing(tokens: TokenStore) -> None:
    opened = session()
    await tokens.register(opened)

    assert await tokens.invalidate(opened.user_id, opened.id)
    with pytest.raises(TokenRevoked):
        await use(tokens, opened, opened.jti)


async def test_invalidating_twice_tells_so(tokens: TokenStore) -> None:
    opened = session()
    await tokens.register(opened)
    await tokens.invalidate(opened.user_id, opened.id)

    assert not await tokens.invalidate(opened.user_id, opened.id)


async def test_invalidate_all_ends_every_session_of_one_user(tokens: TokenStore) -> None:
    user_id, other = uuid4(), session()
    sessions = [session(user_id) for _ in range(3)]
    for each in (*sessions, other):
        await tokens.register(each)

    assert await tokens.invalidate_all(user_id) == 3
    for each in sessions:
        with pytest.raises(TokenRevoked):
            await use(tokens, each, each.jti)
    assert await tokens.is_valid(other.user_id, other.id, other.jti)


async def test_invalidate_all_may_keep_one(tokens: TokenStore) -> None:
    user_id = uuid4()
    kept, ended = session(user_id), session(user_id)
    await tokens.register(kept)
    await tokens.register(ended)

    assert await tokens.invalidate_all(user_id, keep=kept.id) == 1
    assert [record.id for record in await tokens.sessions(user_id)] == [kept.id]


async def test_count_does_not_grow_with_refreshes(tokens: TokenStore) -> None:
    opened = session()
    await tokens.register(opened)
    jti = opened.jti
    for _ in range(5):
        jti = (await use(tokens, opened, jti)).jti

    assert await tokens.count(opened.user_id) == 1


async def test_use_prolongs_a_session_up_to_its_greatest_age(tokens: TokenStore) -> None:
    start = datetime.now(UTC).replace(microsecond=0)
    opened = session(opened_at=start, lifetime=30 * DAY, longest=40 * DAY)
    first = await tokens.register(opened)
    second = await use(tokens, opened, opened.jti, now=start + timedelta(days=20))

    assert first.expires_at == start + timedelta(days=30)
    assert second.expires_at == start + timedelta(days=40)


async def test_a_session_ends_at_its_greatest_age_however_much_it_is_used(tokens: TokenStore) -> None:
    start = datetime.now(UTC)
    opened = session(opened_at=start, lifetime=30 * DAY, longest=40 * DAY)
    await tokens.register(opened)
    second = await use(tokens, opened, opened.jti, now=start + timedelta(days=20))

    with pytest.raises(TokenRevoked):
        await use(tokens, opened, second.jti, now=start + timedelta(days=40))


async def test_remember_me_is_kept_across_refreshes(tokens: TokenStore) -> None:
    forgetful = session(remember_me=False, lifetime=DAY)
    await tokens.register(forgetful)

    assert not (await use(tokens, forgetful, forgetful.jti)).remember_me


async def test_keys_end_with_the_session(tokens: TokenStore, redis: Redis) -> None:
    opened = session(lifetime=DAY)
    await tokens.register(opened)
    await use(tokens, opened, opened.jti)

    lifetimes = [await redis.ttl(key) for key in await redis.keys("*")]
    assert len(lifetimes) == 2
    assert all(DAY - 60 < seconds <= DAY + 120 for seconds in lifetimes)


async def test_one_session_too_many_ends_the_one_that_would_have_ended_first(tokens: TokenStore) -> None:
    user_id, start = uuid4(), datetime.now(UTC)
    sessions = [session(user_id, opened_at=start + timedelta(seconds=number)) for number in range(MAX_SESSIONS + 1)]
    for each in sessions:
        await tokens.register(each)

    assert await tokens.count(user_id) == MAX_SESSIONS
    assert not (await tokens.look_up(user_id, sessions[0].id)).live
    assert (await tokens.look_up(user_id, sessions[1].id)).live


async def test_sessions_say_where_they_were_opened(tokens: TokenStore) -> None:
    opened = session()
    await tokens.register(opened)
    (record,) = await tokens.sessions(opened.user_id)

    assert (record.id, record.ip, record.user_agent) == (opened.id, "192.0.2.1", "tests")


async def test_lookup_tells_a_live_session_from_an_ended_one(tokens: TokenStore) -> None:
    opened = session()
    await tokens.register(opened)
    before = await tokens.look_up(opened.user_id, opened.id)
    await tokens.invalidate(opened.user_id, opened.id)

    assert before.live
    assert not (await tokens.look_up(opened.user_id, opened.id)).live


async def test_use_and_revocation_at_the_same_time_never_leave_a_live_session(tokens: TokenStore) -> None:
    outcomes: Counter[str] = Counter()
    for _ in range(20):
        opened = session()
        await tokens.register(opened)
        used, _ = await asyncio.gather(
            use(tokens, opened, opened.jti), tokens.invalidate_all(opened.user_id), return_exceptions=True
        )
        outcomes[type(used).__name__] += 1
        assert not (await tokens.look_up(opened.user_id, opened.id)).live

    assert set(outcomes) <= {"CurrentToken", "TokenRevoked"}


async def test_nothing_is_assumed_without_redis(make_settings: MakeSettings) -> None:
    redis = connect_redis(make_settings())
    tokens, opened = TokenStore(redis), session()
    calls = [
        tokens.register(opened),
        use(tokens, opened, opened.jti),
        tokens.invalidate(opened.user_id, opened.id),
        tokens.invalidate_all(opened.user_id),
        tokens.is_valid(opened.user_id, opened.id, opened.jti),
        tokens.count(opened.user_id),
        tokens.sessions(opened.user_id),
        tokens.look_up(opened.user_id, opened.id),
    ]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    await redis.aclose()

    assert {type(outcome) for outcome in outcomes} == {SessionsUnavailable}
