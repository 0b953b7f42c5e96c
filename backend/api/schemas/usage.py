"""Bodies of the usage routes."""

from datetime import datetime
from typing import Self

from pydantic import Field

from backend.api.schemas.base import ResponseModel
from backend.db.tables.identity import Feature, Tier
from backend.services.usage.usage_limit_service import FeatureUsage, UsageStatus


class FeatureUsageView(ResponseModel):
    """Tell how much of one feature is spent this month."""

    used: int
    limit: int = Field(description="-1 where nothing limits the feature.")
    remaining: int = Field(description="-1 where nothing limits the feature.")
    unlimited: bool


class UsageStatusResponse(ResponseModel):
    """Tell how an account stands this month."""

    tier: Tier
    features: dict[Feature, FeatureUsageView]
    resets_at: datetime = Field(description="The first instant of the next month, UTC.")


class UsageCheckResponse(ResponseModel):
    """Tell whether a feature may be used once more."""

    can_use: bool
    used: int
    limit: int = Field(description="-1 where nothing limits the feature.")
    remaining: int = Field(description="-1 where nothing limits the feature.")
    tier: Tier
    resets_at: datetime
    upgrade_message: str | None = Field(description="What helps, when the feature is spent.")

    @classmethod
    def of(cls, feature: Feature, status: UsageStatus) -> Self:
        """Pick one feature from a status."""
        usage = status.features[feature]
        return cls(
            can_use=usage.can_use,
            used=usage.used,
            limit=usage.limit,
            remaining=usage.remaining,
            tier=status.tier,
            resets_at=status.resets_at,
            upgrade_message=None if usage.can_use else _advice(feature, usage, status),
        )


def _advice(feature: Feature, usage: FeatureUsage, status: UsageStatus) -> str:
    name = feature.value.replace("_", " ")
    if usage.limit == 0:
        return f"The {status.tier.value} tier has no {name}. Upgrade to get some."
    if status.tier is Tier.FREE:
        return f"Your {usage.limit} free {name} of this month are used. Upgrade to get more."
    return f"Your {usage.limit} {name} of this month are used. You get new ones on {status.resets_at:%d %B %Y}."
