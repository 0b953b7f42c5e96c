"""What can go wrong between a person and an account."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from backend.db.tables.identity import Tier
from backend.errors import DomainError, NotFound, Unavailable

_BEARER: Final = {"WWW-Authenticate": "Bearer"}
_INVALID_TOKEN: Final = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class AuthRequired(DomainError):
    """Say that a route needs a user and the request has none."""

    code = "AUTH_REQUIRED"
    status = 401

    def __init__(self) -> None:
        super().__init__("Log in to do this.", headers=_BEARER)


class TokenExpired(DomainError):
    """Say when a token ended."""

    code = "AUTH_TOKEN_EXPIRED"
    status = 401

    def __init__(self, expired_at: datetime) -> None:
        super().__init__(
            "The token has expired.", details={"expired_at": expired_at.isoformat()}, headers=_INVALID_TOKEN
        )


class TokenInvalid(DomainError):
    """Say that a token is not one of ours, or not for this."""

    code = "AUTH_TOKEN_INVALID"
    status = 401

    def __init__(self) -> None:
        super().__init__("The token is not valid.", headers=_INVALID_TOKEN)


class TokenRevoked(DomainError):
    """Say that the session of a token has ended."""

    code = "AUTH_TOKEN_REVOKED"
    status = 401

    def __init__(self) -> None:
        super().__init__("This session has ended. Log in again.", headers=_INVALID_TOKEN)


class LinkInvalid(DomainError):
    """Say that an emailed link cannot be used: wrong, used or too old are told apart by nobody."""

    code = "AUTH_TOKEN_INVALID"
    status = 400

    def __init__(self) -> None:
        super().__init__("This link is not valid any more. Ask for a new one.")


class InvalidCredentials(DomainError):
    """Say that email and password do not belong together, and not which of them is wrong."""

    code = "AUTH_INVALID_CREDENTIALS"
    status = 401

    def __init__(self) -> None:
        super().__init__("The email or the password is wrong.", headers=_BEARER)


class WrongPassword(DomainError):
    """Say that the current password is not this one."""

    code = "AUTH_INVALID_CREDENTIALS"
    status = 401

    def __init__(self) -> None:
        super().__init__("The current password is wrong.")


class ReauthenticationRequired(DomainError):
    """Ask a user who has no password to log in again through a provider before a grave step."""

    code = "AUTH_REAUTHENTICATION_REQUIRED"
    status = 401

    def __init__(self, providers: Sequence[str], max_age_seconds: int) -> None:
        super().__init__(
            "Log in again to confirm that it is you.",
            details={"providers": list(providers), "max_age_seconds": max_age_seconds},
        )


class EmailTaken(DomainError):
    """Say that an email has an account already."""

    code = "AUTH_EMAIL_EXISTS"
    status = 409

    def __init__(self, email: str) -> None:
        super().__init__("This email has an account already.", details={"email": f"{email[:3]}***"})


class UserGone(DomainError):
    """Say that the account of a token was deleted."""

    code = "AUTH_USER_NOT_FOUND"
    status = 401

    def __init__(self) -> None:
        super().__init__("This account does not exist any more.", headers=_BEARER)


class UserNotFound(NotFound):
    """Say that there is no such account."""

    def __init__(self, user_id: UUID) -> None:
        super().__init__("user", user_id)


class SessionNotFound(NotFound):
    """Say that the user has no such session."""

    def __init__(self, session_id: UUID) -> None:
        super().__init__("session", session_id)


class WeakPassword(DomainError):
    """Name what a password lacks."""

    code = "VALIDATION_FAILED"
    status = 422

    def __init__(self, field: str, failed_requirements: Sequence[str], suggestions: Sequence[str]) -> None:
        super().__init__(
            "The password is too weak: " + "; ".join(failed_requirements) + ".",
            details={
                "failed_requirements": list(failed_requirements),
                "suggestions": list(suggestions),
                "errors": [
                    {"field": field, "message": requirement, "type": "weak_password"}
                    for requirement in failed_requirements
                ],
            },
        )


class TermsNotAccepted(DomainError):
    """Say that nobody gets an account without accepting the terms."""

    code = "VALIDATION_FAILED"
    status = 422

    def __init__(self) -> None:
        message = "The terms must be accepted."
        super().__init__(
            message,
            details={"errors": [{"field": "accept_terms", "message": message, "type": "terms_not_accepted"}]},
        )


class AdminRequired(DomainError):
    """Say that a route is for administrators."""

    code = "AUTHORIZATION_ERROR"
    status = 403

    def __init__(self) -> None:
        super().__init__("Only administrators may do this.")


class InsufficientTier(DomainError):
    """Say which tier a route needs."""

    code = "INSUFFICIENT_TIER"
    status = 403

    def __init__(self, required: Tier, current: Tier) -> None:
        super().__init__(
            f"This needs the {required.value} tier.",
            details={"required_tier": required.value, "current_tier": current.value},
        )


class CsrfTokenMissing(DomainError):
    """Say that a request that a cookie authenticated did not prove who made it."""

    code = "CSRF_TOKEN_MISSING"
    status = 403

    def __init__(self) -> None:
        super().__init__("Send the CSRF token of this session in the X-CSRF-Token header.")


class CsrfTokenInvalid(DomainError):
    """Say that the proof is not that of this session."""

    code = "CSRF_TOKEN_INVALID"
    status = 403

    def __init__(self) -> None:
        super().__init__("The CSRF token is not that of this session.")


class SessionsUnavailable(Unavailable):
    """Say that sessions can neither be opened nor checked nor ended, so that none is."""

    def __init__(self) -> None:
        super().__init__("sessions", message="Sessions are not available right now. Try again in a moment.")


class PasswordsBusy(Unavailable):
    """Say that too many passwords wait to be checked."""

    def __init__(self) -> None:
        super().__init__("passwords", message="Too many people are logging in right now.", retry_after=2)
