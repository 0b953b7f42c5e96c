"""The one table of what each tier may use in a calendar month."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from backend.db.tables.identity import Feature, Tier

__all__ = ["MONTHLY_LIMITS", "UNLIMITED", "Feature", "Tier", "limits_for", "month_of", "next_month"]

UNLIMITED: Final = -1

MONTHLY_LIMITS: Final[Mapping[Feature, Mapping[Tier, int]]] = MappingProxyType(
    {
        feature: MappingProxyType(dict(zip(Tier, limits, strict=True)))
        for feature, limits in {
            #                         free, pro, studio, unlimited
            Feature.CREATIONS: (3, 50, 50, UNLIMITED),
            Feature.REFINEMENTS: (0, 5, UNLIMITED, UNLIMITED),
            Feature.COACH: (1, UNLIMITED, UNLIMITED, UNLIMITED),
            Feature.VIBE_BRANDING: (1, 10, 10, UNLIMITED),
            Feature.AURA_LAB: (2, 25, 25, UNLIMITED),
            Feature.PROFILE_CREATOR: (1, 5, 10, UNLIMITED),
        }.items()
    }
)


def limits_for(tier: Tier) -> dict[Feature, int]:
    """Give the monthly limit of every feature for a tier; -1 means unlimited."""
    return {feature: limits[tier] for feature, limits in MONTHLY_LIMITS.items()}


def month_of(moment: datetime) -> datetime:
    """Give the first instant of a moment's calendar month in UTC."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(period_start: datetime) -> datetime:
    """Give the first instant of the month after one."""
    year, month = divmod(period_start.month, 12)
    return period_start.replace(year=period_start.year + year, month=month + 1)
