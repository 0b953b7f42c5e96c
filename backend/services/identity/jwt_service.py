"""Signed tokens: short-lived access, rotating refresh."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import jwt

from backend.db.tables.identity import Tier
from backend.services.identity.errors import TokenExpired, TokenInvalid
from backend.settings import Settings

_ALGORITHM: Final = "HS256"
_ISSUER: Final = "aurastream"
_REQUIRED: Final = ("sub", "type", "exp", "iat", "jti", "iss", "aud", "sid", "ver")
_REQUIRED_OF: Final = {"access": (*_REQUIRED, "tier", "email", "auth_time"), "refresh": _REQUIRED}


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """Say who a bearer is, in which session, and when he proved it."""

    user_id: UUID
    tier: Tier
    email: str
    session_id: UUID
    token_version: int
    authenticated_at: datetime
    jti: UUID
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RefreshClaims:
    """Say which session a bearer may prolong."""

    user_id: UUID
    session_id: UUID
    token_version: int
    jti: UUID
    issued_at: datetime
    expires_at: datetime


class JWTService:
    """Sign and check tokens; pure, knows no store.

    The same claims always give the same token, so that a repeated refresh can be answered with the same pair.
    """

    def __init__(self, settings: Settings) -> None:
        self._key = settings.jwt_secret_key.get_secret_value()
        self._access_lifetime = timedelta(minutes=settings.access_token_minutes)

    def create_access(
        self,
        user_id: UUID,
        tier: Tier,
        email: str,
        *,
        session_id: UUID,
        token_version: int,
        authenticated_at: datetime,
        jti: UUID | None = None,
        issued_at: datetime | None = None,
        lifetime: timedelta | None = None,
    ) -> tuple[str, datetime]:
        """Make an access token, and say when it ends."""
        issued = _whole_seconds(issued_at or datetime.now(UTC))
        expires = issued + (lifetime or self._access_lifetime)
        claims = self._claims("access", user_id, session_id, token_version, jti or uuid4(), issued, expires)
        claims |= {"tier": tier.value, "email": email, "auth_time": int(authenticated_at.timestamp())}
        return jwt.encode(claims, self._key, _ALGORITHM), expires

    def create_refresh(
        self,
        user_id: UUID,
        *,
        session_id: UUID,
        token_version: int,
        expires_at: datetime,
        jti: UUID | None = None,
        issued_at: datetime | None = None,
    ) -> str:
        """Make a refresh token."""
        issued = _whole_seconds(issued_at or datetime.now(UTC))
        claims = self._claims("refresh", user_id, session_id, token_version, jti or uuid4(), issued, expires_at)
        return jwt.encode(claims, self._key, _ALGORITHM)

    def decode_access(self, token: str) -> AccessClaims:
        """Check an access token; raises `TokenExpired` or `TokenInvalid`."""
        claims = self._decode(token, "access")
        try:
            return AccessClaims(
                **_shared(claims),
                tier=Tier(claims["tier"]),
                email=str(claims["email"]),
                authenticated_at=_moment(claims["auth_time"]),
            )
        except (TypeError, ValueError, OverflowError) as error:
            raise TokenInvalid from error

    def decode_refresh(self, token: str) -> RefreshClaims:
        """Check a refresh token; raises `TokenExpired` or `TokenInvalid`."""
        claims = self._decode(token, "refresh")
        try:
            return RefreshClaims(**_shared(claims))
        except (TypeError, ValueError, OverflowError) as error:
            raise TokenInvalid from error

    def peek_refresh(self, token: str) -> RefreshClaims:
        """Read a refresh token that we signed, expired or not; raises `TokenInvalid`."""
        try:
            return RefreshClaims(**_shared(self._verified(token, "refresh", verify_expiry=False)))
        except (jwt.PyJWTError, TypeError, ValueError, OverflowError) as error:
            raise TokenInvalid from error

    def _claims(
        self,
        kind: str,
        user_id: UUID,
        session_id: UUID,
        token_version: int,
        jti: UUID,
        issued_at: datetime,
        expires_at: datetime,
    ) -> dict[str, Any]:
        return {
            "iss": _ISSUER,
            "aud": _audience(kind),
            "sub": str(user_id),
            "type": kind,
            "sid": str(session_id),
            "ver": token_version,
            "jti": str(jti),
            "iat": int(issued_at.timestamp()),
            "exp": int(expires_at.timestamp()),
        }

    def _decode(self, token: str, kind: str) -> Mapping[str, Any]:
        try:
            return self._verified(token, kind, verify_expiry=True)
        except jwt.ExpiredSignatureError:
            try:
                claims = self._verified(token, kind, verify_expiry=False)
                expired_at = _moment(claims["exp"])
            except (jwt.PyJWTError, TypeError, ValueError, OverflowError) as error:
                raise TokenInvalid from error
            raise TokenExpired(expired_at) from None
        except (jwt.PyJWTError, ValueError) as error:
            raise TokenInvalid from error

    def _verified(self, token: str, kind: str, *, verify_expiry: bool) -> Mapping[str, Any]:
        claims: Mapping[str, Any] = jwt.decode(
            token,
            self._key,
            algorithms=[_ALGORITHM],
            audience=_audience(kind),
            issuer=_ISSUER,
            options={"require": list(_REQUIRED_OF[kind]), "verify_exp": verify_expiry},
        )
        if claims["type"] != kind:
            raise TokenInvalid
        return claims


def _audience(kind: str) -> str:
    return f"aurastream:{kind}"


def _shared(claims: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "user_id": UUID(claims["sub"]),
        "session_id": UUID(claims["sid"]),
        "token_version": int(claims["ver"]),
        "jti": UUID(claims["jti"]),
        "issued_at": _moment(claims["iat"]),
        "expires_at": _moment(claims["exp"]),
    }


def _moment(seconds: Any) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _whole_seconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
