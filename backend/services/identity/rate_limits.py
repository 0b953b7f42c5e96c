"""The one table of limits on how often something may be done."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from backend.db.tables.identity import Tier

UNLIMITED: Final = -1
MINUTE: Final = 60
QUARTER: Final = 15 * MINUTE
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Limit:
    """Allow a number of events in any span of `window` seconds, for everybody or by tier; -1 is no limit.

    When Redis does not answer, the event is refused unless `fail_open`.
    """

    key: str
    window: int
    allowed: int | Mapping[Tier, int]
    fail_open: bool = False

    def allowed_for(self, tier: Tier) -> int:
        """Give the number of events for a tier."""
        return self.allowed if isinstance(self.allowed, int) else self.allowed[tier]


def by_tier(free: int, pro: int, studio: int) -> Mapping[Tier, int]:
    """Write a limit that rises with the tier and does not bind the unlimited one."""
    return MappingProxyType(dict(zip(Tier, (free, pro, studio, UNLIMITED), strict=True)))


LOGIN_ATTEMPTS: Final = Limit("login_attempts", QUARTER, 5)
LOGIN_ATTEMPTS_IP: Final = Limit("login_attempts_ip", QUARTER, 50)
PASSWORD_CHECKS: Final = Limit("password_checks", QUARTER, 5)
SIGNUP_ATTEMPTS: Final = Limit("signup_attempts", HOUR, 10)
PASSWORD_RESET_REQUESTS: Final = Limit("password_reset_requests", HOUR, 3)
PASSWORD_RESET_REQUESTS_IP: Final = Limit("password_reset_requests_ip", HOUR, 20)
LINK_ATTEMPTS_IP: Final = Limit("link_attempts_ip", HOUR, 60)
EMAIL_VERIFICATION_REQUESTS: Final = Limit("email_verification_requests", HOUR, 3)
TOKEN_REFRESH: Final = Limit("token_refresh", MINUTE, 30)
OAUTH_DEPARTURES: Final = Limit("oauth_departures", QUARTER, 60)
ANALYTICS_DELIVERIES: Final = Limit("analytics_deliveries", MINUTE, 60)
AUDITED_REFUSALS: Final = Limit("audited_refusals", MINUTE, 1)
COACH_MESSAGES: Final = Limit("coach_messages", MINUTE, by_tier(10, 30, 50))
COACH_SESSIONS: Final = Limit("coach_sessions", HOUR, by_tier(2, 10, 20))
LOGO_PREVIEWS: Final = Limit("logo_previews", HOUR, by_tier(20, 100, 200))
INTEL: Final = Limit("intel", HOUR, by_tier(100, 500, 1000))
THUMBNAIL_INTEL: Final = Limit("thumbnail_intel", HOUR, by_tier(50, 200, 500))
PROMO_CHECKOUTS: Final = Limit("promo_checkouts", HOUR, 10)
AURA_LAB_SUBJECTS: Final = Limit("aura_lab_subjects", DAY, by_tier(5, 20, 50))

BY_USER: Final = (
    PASSWORD_CHECKS,
    EMAIL_VERIFICATION_REQUESTS,
    TOKEN_REFRESH,
    COACH_MESSAGES,
    COACH_SESSIONS,
    LOGO_PREVIEWS,
    INTEL,
    THUMBNAIL_INTEL,
    PROMO_CHECKOUTS,
    AURA_LAB_SUBJECTS,
)
"""The limits whose identifier is a user's id."""
