"""Limits on how often routes may be called."""

from collections.abc import Awaitable, Callable
from enum import Enum, auto
from typing import Annotated, Any

from fastapi import Depends, Response

from backend.api.authentication import AuthenticationDep
from backend.api.deps import deps
from backend.context import RequestContext
from backend.db.tables.identity import Tier
from backend.errors import RateLimited
from backend.services.identity.audit_events import AuditEvent
from backend.services.identity.audit_service import AuditService
from backend.services.identity.rate_limit_service import Hit, RateLimitService
from backend.services.identity.rate_limits import AUDITED_REFUSALS, MINUTE, UNLIMITED, Limit
from backend.settings import Settings

Limiter = Annotated[RateLimitService, deps.depends(RateLimitService)]
Context = Annotated[RequestContext, deps.depends(RequestContext)]
Audit = Annotated[AuditService, deps.depends(AuditService)]


class By(Enum):
    """Say whose calls are counted together."""

    ADDRESS = auto()
    USER = auto()


class ApiRateLimited(RateLimited):
    """Say that a client makes too many requests of any kind."""

    code = "API_RATE_LIMIT_EXCEEDED"

    def __init__(self, hit: Hit) -> None:
        super().__init__(max(1, hit.wait), limit=hit.allowed)
        self.headers |= _headers(hit)


class RequestLimits:
    """Know how many requests a minute anybody may make; without Redis they are not counted."""

    def __init__(self, settings: Settings) -> None:
        tiers = {
            Tier.FREE: settings.requests_per_minute_free,
            Tier.PRO: settings.requests_per_minute_pro,
            Tier.STUDIO: settings.requests_per_minute_studio,
            Tier.UNLIMITED: UNLIMITED,
        }
        self.of_users = Limit("api_requests", MINUTE, tiers, fail_open=True)
        self.of_addresses = Limit("api_requests_ip", MINUTE, settings.requests_per_minute_anonymous, fail_open=True)


def limit(rule: Limit, by: By = By.ADDRESS) -> Any:
    """Make the dependency that counts a call against a limit: `dependencies=[limit(SIGNUP_ATTEMPTS)]`.

    Counting by user counts by address where nobody is logged in.
    """
    return Depends(_enforce(rule, by))


def _enforce(rule: Limit, by: By) -> Callable[..., Awaitable[None]]:
    async def enforce(limiter: Limiter, context: Context, authentication: AuthenticationDep, audit: Audit) -> None:
        user = authentication.user if by is By.USER else None
        identifier = str(user.id) if user else address_of(context)
        try:
            await limiter.hit(rule, identifier, tier=user.tier if user else Tier.FREE)
        except RateLimited:
            # One row a minute tells as much as one for every refusal, and nobody can fill the table with them.
            if (await limiter.attempt(AUDITED_REFUSALS, f"{rule.key}:{identifier}")).accepted:
                await audit.record(
                    AuditEvent.RATE_LIMIT_EXCEEDED,
                    user_id=user.id if user else None,
                    success=False,
                    failure_reason=rule.key,
                )
            raise

    return enforce


async def limit_requests(
    response: Response,
    limiter: Limiter,
    limits: Annotated[RequestLimits, deps.depends(RequestLimits)],
    context: Context,
    authentication: AuthenticationDep,
) -> None:
    """Count every request of a user, or of an address where nobody is logged in; for the whole API."""
    user = authentication.user
    if user is None:
        hit = await limiter.attempt(limits.of_addresses, address_of(context))
    else:
        hit = await limiter.attempt(limits.of_users, str(user.id), tier=user.tier)
    if not hit.accepted:
        raise ApiRateLimited(hit)
    if hit.allowed != UNLIMITED:
        response.headers.update(_headers(hit))


def address_of(context: RequestContext) -> str:
    """Name the address of a request for counting."""
    return context.ip or "unknown"


def _headers(hit: Hit) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(hit.allowed),
        "X-RateLimit-Remaining": str(hit.remaining),
        "X-RateLimit-Reset": str(hit.wait),
    }
