"""Monthly quotas, under concurrency and failure."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update

from backend.clients.supabase import Supabase
from backend.db.caller import Caller
from backend.db.repositories.usage import UsageRepository
from backend.db.tables.identity import Feature, Tier, UsageReservation, UserUsage
from backend.services.identity.errors import UserNotFound
from backend.services.usage.errors import LimitExceeded, ReservationTaken, TierRestricted, UsageUnavailable
from backend.services.usage.limits import MONTHLY_LIMITS, month_of, next_month
from backend.services.usage.usage_limit_service import UsageLimitService
from tests.conftest import MakeSettings
from tests.support.identity import add_account, set_tier


@asynccontextmanager
async def usage_in(supabase: Supabase, caller: Caller | None = None) -> AsyncIterator[UsageLimitService]:
    """Give the service on a transaction that commits when left without an error."""
    async with supabase.session(caller or Caller.service()) as session, session.begin():
        yield UsageLimitService(UsageRepository(session))


async def reserve(
    supabase: Supabase, user_id: UUID, feature: Feature, key: UUID | None = None, amount: int = 1
) -> UUID:
    key = key or uuid4()
    async with usage_in(supabase, Caller.user(user_id)) as usage:
        await usage.reserve(user_id, feature, key=key, amount=amount)
    return key


async def used(supabase: Supabase, user_id: UUID, feature: Feature) -> int:
    async with usage_in(supabase) as usage:
        return (await usage.check(user_id, feature)).used


async def attempt(supabase: Supabase, user_id: UUID, key: UUID | None = None) -> str:
    try:
        await reserve(supabase, user_id, Feature.CREATIONS, key)
    except LimitExceeded as denial:
        return denial.code
    return "reserved"


async def test_of_a_hundred_reservations_of_the_last_unit_one_wins(supabase: Supabase) -> None:
    account = await add_account(supabase)
    await reserve(supabase, account.id, Feature.CREATIONS, amount=2)

    outcomes = Counter(await asyncio.gather(*(attempt(supabase, account.id) for _ in range(100))))

    assert outcomes == {"reserved": 1, "limit_exceeded": 99}
    assert await used(supabase, account.id, Feature.CREATIONS) == 3


async def test_of_twenty_first_reservations_at_limit_three_three_win(supabase: Supabase) -> None:
    account = await add_account(supabase)

    outcomes = Counter(await asyncio.gather(*(attempt(supabase, account.id) for _ in range(20))))

    assert outcomes == {"reserved": 3, "limit_exceeded": 17}


async def test_twenty_reservations_with_one_key_take_once(supabase: Supabase) -> None:
    account, key = await add_account(supabase), uuid4()

    outcomes = Counter(await asyncio.gather(*(attempt(supabase, account.id, key) for _ in range(20))))

    assert outcomes == {"reserved": 20}
    assert await used(supabase, account.id, Feature.CREATIONS) == 1


async def test_denial_says_what_was_used_and_when_it_resets(supabase: Supabase) -> None:
    account = await add_account(supabase)
    await reserve(supabase, account.id, Feature.CREATIONS, amount=3)
    with pytest.raises(LimitExceeded) as denial:
        await reserve(supabase, account.id, Feature.CREATIONS)

    details = denial.value.details
    assert (details["used"], details["limit"], denial.value.status) == (3, 3, 403)
    assert details["resets_at"] == next_month(month_of(datetime.now(UTC))).isoformat()


async def test_rolled_back_reservation_takes_nothing(supabase: Supabase) -> None:
    account = await add_account(supabase)
    async with supabase.session(Caller.user(account.id)) as session:
        await UsageLimitService(UsageRepository(session)).reserve(account.id, Feature.CREATIONS, key=uuid4())
        await session.rollback()

    assert await used(supabase, account.id, Feature.CREATIONS) == 0


async def test_release_gives_back_once(supabase: Supabase) -> None:
    account = await add_account(supabase)
    await reserve(supabase, account.id, Feature.CREATIONS)
    key = await reserve(supabase, account.id, Feature.CREATIONS)

    async def release() -> bool:
        async with usage_in(supabase) as usage:
            return await usage.release(key)

    assert Counter(await asyncio.gather(*(release() for _ in range(10)))) == {True: 1, False: 9}
    assert await used(supabase, account.id, Feature.CREATIONS) == 1


async def test_committed_use_cannot_be_released(supabase: Supabase) -> None:
    account = await add_account(supabase)
    key = await reserve(supabase, account.id, Feature.CREATIONS)
    async with usage_in(supabase) as usage:
        assert await usage.commit(key)
    async with usage_in(supabase) as usage:
        assert not await usage.release(key)

    assert await used(supabase, account.id, Feature.CREATIONS) == 1


async def test_released_key_may_be_reserved_again(supabase: Supabase) -> None:
    account = await add_account(supabase)
    key = await reserve(supabase, account.id, Feature.CREATIONS)
    async with usage_in(supabase) as usage:
        await usage.release(key)
    await reserve(supabase, account.id, Feature.CREATIONS, key)

    assert await used(supabase, account.id, Feature.CREATIONS) == 1


async def test_released_key_is_still_subject_to_the_limit(supabase: Supabase) -> None:
    account = await add_account(supabase)
    key = await reserve(supabase, account.id, Feature.CREATIONS)
    async with usage_in(supabase) as usage:
        await usage.release(key)
    await reserve(supabase, account.id, Feature.CREATIONS, amount=3)

    assert await attempt(supabase, account.id, key) == "limit_exceeded"


async def test_denied_key_may_take_another_feature(supabase: Supabase) -> None:
    account, key = await add_account(supabase, tier=Tier.PRO), uuid4()
    await reserve(supabase, account.id, Feature.REFINEMENTS, amount=5)
    async with usage_in(supabase) as usage:
        with pytest.raises(LimitExceeded):
            await usage.reserve(account.id, Feature.REFINEMENTS, key=key)
        await usage.reserve(account.id, Feature.CREATIONS, key=key)

    assert await used(supabase, account.id, Feature.CREATIONS) == 1
    assert await used(supabase, account.id, Feature.REFINEMENTS) == 5


async def test_key_of_somebody_else_is_refused(supabase: Supabase) -> None:
    alice, bob = await add_account(supabase), await add_account(supabase)
    key = await reserve(supabase, alice.id, Feature.CREATIONS)

    with pytest.raises(ReservationTaken):
        await reserve(supabase, bob.id, Feature.CREATIONS, key)


async def test_use_is_given_back_to_the_month_it_was_taken_from(supabase: Supabase) -> None:
    account = await add_account(supabase)
    key = await reserve(supabase, account.id, Feature.CREATIONS)
    this_month = month_of(datetime.now(UTC))
    last_month = month_of(this_month - timedelta(days=1))
    async with supabase.side_session() as session:
        await session.execute(update(UserUsage).values(period_start=last_month))
        await session.execute(update(UsageReservation).values(period_start=last_month))
    await reserve(supabase, account.id, Feature.CREATIONS)
    async with usage_in(supabase) as usage:
        await usage.release(key)
    async with supabase.side_session() as session:
        rows = (await session.execute(select(UserUsage.period_start, UserUsage.creations_used))).all()

    assert {row[0]: row[1] for row in rows} == {last_month: 0, this_month: 1}


async def test_last_months_use_does_not_count(supabase: Supabase) -> None:
    account = await add_account(supabase)
    await reserve(supabase, account.id, Feature.CREATIONS, amount=3)
    async with supabase.side_session() as session:
        earlier = month_of(month_of(datetime.now(UTC)) - timedelta(days=1))
        await session.execute(update(UserUsage).values(period_start=earlier))

    assert await attempt(supabase, account.id) == "reserved"


@pytest.mark.parametrize("tier", Tier)
async def test_limits_of_each_tier_are_exact(supabase: Supabase, tier: Tier) -> None:
    account = await add_account(supabase, tier=tier)
    for feature in Feature:
        limit = MONTHLY_LIMITS[feature][tier]
        if limit == -1:
            await reserve(supabase, account.id, feature, amount=1_000_000)
            continue
        if limit > 0:
            await reserve(supabase, account.id, feature, amount=limit)
        with pytest.raises(TierRestricted if limit == 0 else LimitExceeded):
            await reserve(supabase, account.id, feature)


async def test_tier_is_read_when_it_counts(supabase: Supabase) -> None:
    account = await add_account(supabase)
    await reserve(supabase, account.id, Feature.CREATIONS, amount=3)
    await set_tier(supabase, account.id, Tier.PRO)

    assert await attempt(supabase, account.id) == "reserved"


async def test_status_shows_every_feature(supabase: Supabase) -> None:
    account = await add_account(supabase, tier=Tier.STUDIO)
    await reserve(supabase, account.id, Feature.AURA_LAB, amount=5)
    async with usage_in(supabase, Caller.user(account.id)) as usage:
        status = await usage.status(account.id)

    assert set(status.features) == set(Feature)
    aura = status.features[Feature.AURA_LAB]
    assert (aura.used, aura.limit, aura.remaining, aura.unlimited) == (5, 25, 20, False)
    assert status.features[Feature.COACH].remaining == -1
    assert status.features[Feature.COACH].can_use


async def test_use_above_a_lowered_limit_leaves_nothing(supabase: Supabase) -> None:
    account = await add_account(supabase, tier=Tier.PRO)
    await reserve(supabase, account.id, Feature.CREATIONS, amount=10)
    await set_tier(supabase, account.id, Tier.FREE)
    async with usage_in(supabase) as usage:
        creations = await usage.check(account.id, Feature.CREATIONS)

    assert (creations.remaining, creations.can_use) == (0, False)


async def test_unknown_user_has_no_quota(supabase: Supabase) -> None:
    async with usage_in(supabase) as usage:
        with pytest.raises(UserNotFound):
            await usage.reserve(uuid4(), Feature.CREATIONS, key=uuid4())


async def test_without_a_database_nothing_may_be_used(make_settings: MakeSettings) -> None:
    supabase = Supabase(make_settings())
    async with supabase.session(Caller.service()) as session:
        with pytest.raises(UsageUnavailable) as denial:
            await UsageLimitService(UsageRepository(session)).reserve(uuid4(), Feature.CREATIONS, key=uuid4())
    await supabase.close()

    assert denial.value.status == 503


@pytest.mark.parametrize(
    ("moment", "month", "following"),
    [
        ("2026-01-31T23:59:59+00:00", "2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00"),
        ("2026-12-31T23:30:00-02:00", "2027-01-01T00:00:00+00:00", "2027-02-01T00:00:00+00:00"),
        ("2026-12-01T00:00:00+00:00", "2026-12-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00"),
    ],
)
def test_months_are_calendar_months_in_utc(moment: str, month: str, following: str) -> None:
    start = month_of(datetime.fromisoformat(moment))

    assert start == datetime.fromisoformat(month)
    assert next_month(start) == datetime.fromisoformat(following)


async def test_reservations_add_up_to_what_is_used(supabase: Supabase) -> None:
    account = await add_account(supabase, tier=Tier.PRO)
    keys = await asyncio.gather(*(reserve(supabase, account.id, Feature.CREATIONS) for _ in range(10)))

    async def settle(index: int, key: UUID) -> None:
        async with usage_in(supabase) as usage:
            await (usage.release(key) if index % 2 else usage.commit(key))

    await asyncio.gather(*(settle(index, key) for index, key in enumerate(keys)))
    async with supabase.side_session() as session:
        held = await session.scalar(
            select(func.sum(UsageReservation.amount)).where(UsageReservation.state != "released")
        )

    assert held == await used(supabase, account.id, Feature.CREATIONS) == 5
