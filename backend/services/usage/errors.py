"""What can keep a user from using a feature."""

from datetime import datetime
from uuid import UUID

from backend.db.tables.identity import Feature, Tier
from backend.errors import DomainError, Unavailable


class LimitExceeded(DomainError):
    """Say that a month's quota is spent and when the next one begins."""

    code = "limit_exceeded"
    status = 403

    def __init__(self, feature: Feature, tier: Tier, *, used: int, limit: int, resets_at: datetime) -> None:
        super().__init__(
            f"You have used {used} of {limit} {feature.value.replace('_', ' ')} this month.",
            details={
                "feature": feature.value,
                "tier": tier.value,
                "used": used,
                "limit": limit,
                "resets_at": resets_at.isoformat(),
            },
        )


class TierRestricted(LimitExceeded):
    """Say that the tier does not include a feature at all."""

    code = "tier_restricted"


class ReservationTaken(DomainError):
    """Say that a key already holds something else."""

    code = "RESERVATION_CONFLICT"
    status = 409

    def __init__(self, key: UUID) -> None:
        super().__init__("This key was used for something else.", details={"key": str(key)})


class UsageUnavailable(Unavailable):
    """Say that use cannot be counted, so that nothing may be used."""

    def __init__(self) -> None:
        super().__init__("usage", message="Usage cannot be counted right now, so nothing was started.")
