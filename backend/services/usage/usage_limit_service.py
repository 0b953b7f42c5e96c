"""Monthly quotas of features by tier."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from backend.db.failures import DATABASE_FAILURES
from backend.db.repositories.usage import ReservationRow, UsageRepository
from backend.db.tables.identity import Feature, ReservationState, Tier
from backend.services.identity.errors import UserNotFound
from backend.services.usage.errors import LimitExceeded, ReservationTaken, TierRestricted, UsageUnavailable
from backend.services.usage.limits import UNLIMITED, limits_for, month_of, next_month


@dataclass(frozen=True, slots=True)
class FeatureUsage:
    """Tell how much of one feature is spent this month; -1 means unlimited."""

    used: int
    limit: int

    @property
    def unlimited(self) -> bool:
        """Tell whether nothing limits the feature."""
        return self.limit == UNLIMITED

    @property
    def remaining(self) -> int:
        """Tell what is left, -1 where nothing limits it."""
        return UNLIMITED if self.unlimited else max(0, self.limit - self.used)

    @property
    def can_use(self) -> bool:
        """Tell whether one more fits."""
        return self.remaining != 0


@dataclass(frozen=True, slots=True)
class UsageStatus:
    """Tell how a user stands this month, with every feature."""

    tier: Tier
    features: dict[Feature, FeatureUsage]
    resets_at: datetime


@dataclass(frozen=True, slots=True)
class Reservation:
    """Hold what was taken under a key until it is committed or released."""

    key: UUID
    user_id: UUID
    feature: Feature
    amount: int


class UsageLimitService:
    """Take quota before the work, settle it after, give it back on failure.

    Every step is part of the caller's transaction and can be repeated by its key. What cannot be counted is
    refused: a database failure is 503, never a yes.
    """

    def __init__(self, usage: UsageRepository) -> None:
        self._usage = usage

    async def reserve(self, user_id: UUID, feature: Feature, *, key: UUID, amount: int = 1) -> Reservation:
        """Take an amount of a feature under a key, the job's id.

        Raises `LimitExceeded` (`TierRestricted` where the tier has none of it). A key that already holds the
        same is answered as the first time, without taking again.
        """
        wanted = Reservation(key, user_id, feature, amount)
        month = month_of(datetime.now(UTC))
        async with _refused_if_uncountable():
            tier = await self._tier(user_id)
            limit = limits_for(tier)[feature]
            row = ReservationRow(key, user_id, feature, amount, month, ReservationState.RESERVED)
            existing = await self._usage.claim(row)
            if existing is not None:
                if (existing.user_id, existing.feature, existing.amount) != (user_id, feature, amount):
                    raise ReservationTaken(key)
                return wanted
            if await self._usage.take(user_id, feature, amount, limit, month) is None:
                await self._usage.abandon(key)
                used = (await self._usage.used(user_id, month))[feature]
                denial = TierRestricted if limit == 0 else LimitExceeded
                raise denial(feature, tier, used=used, limit=limit, resets_at=next_month(month))
        return wanted

    async def commit(self, key: UUID) -> bool:
        """Spend what a key holds for good; False if it holds nothing open."""
        async with _refused_if_uncountable():
            return await self._usage.settle(key)

    async def release(self, key: UUID) -> bool:
        """Give back what a key holds; False if it holds nothing open, so that it can be repeated."""
        async with _refused_if_uncountable():
            return await self._usage.give_back(key)

    async def status(self, user_id: UUID) -> UsageStatus:
        """Tell what is used and left of every feature this month."""
        month = month_of(datetime.now(UTC))
        async with _refused_if_uncountable():
            tier = await self._tier(user_id)
            used = await self._usage.used(user_id, month)
        features = {feature: FeatureUsage(used[feature], limit) for feature, limit in limits_for(tier).items()}
        return UsageStatus(tier, features, next_month(month))

    async def check(self, user_id: UUID, feature: Feature) -> FeatureUsage:
        """Tell what is used and left of one feature; only `reserve` decides."""
        return (await self.status(user_id)).features[feature]

    async def _tier(self, user_id: UUID) -> Tier:
        tier = await self._usage.tier(user_id)
        if tier is None:
            raise UserNotFound(user_id)
        return tier


@asynccontextmanager
async def _refused_if_uncountable() -> AsyncIterator[None]:
    try:
        yield
    except DATABASE_FAILURES as error:
        raise UsageUnavailable from error
