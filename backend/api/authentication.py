"""Who makes a request, and the guards that routes ask for."""

import re
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Security
from fastapi.security import APIKeyCookie, OAuth2PasswordBearer
from starlette.requests import HTTPConnection

from backend.api.deps import deps
from backend.db.caller import Caller
from backend.db.tables.identity import Tier
from backend.errors import DomainError
from backend.services.identity.access import AccessVerifier, CurrentUser
from backend.services.identity.audit_events import AuditEvent
from backend.services.identity.audit_service import AuditService
from backend.services.identity.csrf import CsrfTokens
from backend.services.identity.errors import (
    AdminRequired,
    AuthRequired,
    CsrfTokenInvalid,
    CsrfTokenMissing,
    InsufficientTier,
)

ACCESS_COOKIE: Final = "access_token"
CSRF_COOKIE: Final = "csrf_token"
CSRF_HEADER: Final = "X-CSRF-Token"
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_BEARER: Final = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([^ ]+)")


@dataclass(frozen=True, slots=True)
class Authentication:
    """Hold the user of a request, or why it has none."""

    user: CurrentUser | None
    failure: DomainError | None = None


async def authenticate(connection: HTTPConnection, verifier: AccessVerifier, csrf: CsrfTokens) -> Authentication:
    """Find out who makes a request: by its bearer token, else by its cookie.

    A cookie is sent by the browser whoever wrote the page, so it counts for a request that changes something
    only together with the session's CSRF token.
    """
    header = connection.headers.get("authorization")
    bearer = _BEARER.fullmatch(header) if header else None
    token = bearer[1] if bearer else connection.cookies.get(ACCESS_COOKIE)
    if not token:
        return Authentication(None, AuthRequired())
    try:
        user = await verifier.verify(token)
        if bearer is None and connection.scope.get("method", "GET") not in _SAFE_METHODS:
            csrf.check(user.session_id, connection.cookies.get(CSRF_COOKIE), connection.headers.get(CSRF_HEADER))
    except DomainError as failure:
        if failure.status >= 500:
            raise
        return Authentication(None, failure)
    return Authentication(user)


def caller_of(authentication: Authentication) -> Caller:
    """Say for whom the request's rows are read and written."""
    user = authentication.user
    return Caller.anonymous() if user is None else Caller.user(user.id)


bearer_scheme = OAuth2PasswordBearer(
    tokenUrl="/api/v1/auth/token",
    scheme_name="password",
    description="Log in with email and password, or send the `access_token` of `POST /auth/login` as a bearer token.",
    auto_error=False,
)
cookie_scheme = APIKeyCookie(
    name=ACCESS_COOKIE,
    scheme_name="cookie",
    description=f"The cookie that a login sets; requests that change something send `{CSRF_HEADER}` as well.",
    auto_error=False,
)
AuthenticationDep = Annotated[Authentication, deps.depends(Authentication)]


async def require_user(
    authentication: AuthenticationDep,
    audit: Annotated[AuditService, deps.depends(AuditService)],
    _bearer: Annotated[str | None, Security(bearer_scheme)],
    _cookie: Annotated[str | None, Security(cookie_scheme)],
) -> CurrentUser:
    """Give the user of the request or answer 401 (403 where only the CSRF token is wrong)."""
    if authentication.user is not None:
        return authentication.user
    failure = authentication.failure or AuthRequired()
    if isinstance(failure, CsrfTokenMissing | CsrfTokenInvalid):
        await audit.record(AuditEvent.CSRF_VALIDATION_FAILED, success=False, failure_reason=failure.code)
    raise failure


async def allow_anybody(
    authentication: AuthenticationDep,
    _bearer: Annotated[str | None, Security(bearer_scheme)],
    _cookie: Annotated[str | None, Security(cookie_scheme)],
) -> CurrentUser | None:
    """Give the user of the request if it has a valid one."""
    return authentication.user


CurrentUserDep = Annotated[CurrentUser, Depends(require_user)]
OptionalUserDep = Annotated[CurrentUser | None, Depends(allow_anybody)]


async def require_admin(user: CurrentUserDep) -> CurrentUser:
    """Give the user of the request if he is an administrator, or answer 403."""
    if not user.is_admin:
        raise AdminRequired
    return user


AdminDep = Annotated[CurrentUser, Depends(require_admin)]


class RequireTier:
    """Give the user of the request if his tier is high enough, or answer 403; for `Depends(RequireTier(...))`."""

    def __init__(self, required: Tier) -> None:
        self._required = required

    async def __call__(self, user: CurrentUserDep) -> CurrentUser:
        """Compare the tier as the database has it, not as the token says."""
        if user.tier.rank < self._required.rank:
            raise InsufficientTier(self._required, user.tier)
        return user
