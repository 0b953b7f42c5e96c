"""What the audit trail tells, and how it keeps secrets and addresses out."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final


class AuditEvent(StrEnum):
    """Name what happened; actions on resources are written `resource.action`."""

    SIGNUP_SUCCESS = "signup_success"
    SIGNUP_FAILED = "signup_failed"
    LOGIN_SUCCESS = "login_success"
    LOGIN_FAILED = "login_failed"
    LOGOUT = "logout"
    TOKEN_REFRESH = "token_refresh"  # noqa: S105 - an event
    TOKEN_REFRESH_FAILED = "token_refresh_failed"  # noqa: S105 - an event
    PASSWORD_CHANGE = "password_change"  # noqa: S105 - an event
    PASSWORD_RESET_REQUEST = "password_reset_request"  # noqa: S105 - an event
    PASSWORD_RESET_COMPLETE = "password_reset_complete"  # noqa: S105 - an event
    EMAIL_VERIFICATION_REQUEST = "email_verification_request"
    EMAIL_VERIFICATION = "email_verification"
    PROFILE_UPDATE = "profile_update"
    ACCOUNT_LOCKED = "account_locked"
    ACCOUNT_UNLOCKED = "account_unlocked"
    ACCOUNT_DELETED = "account_deleted"
    SESSION_REVOKED = "session_revoked"
    RATE_LIMIT_EXCEEDED = "rate_limit_exceeded"
    CSRF_VALIDATION_FAILED = "csrf_validation_failed"
    SUSPICIOUS_ACTIVITY = "suspicious_activity"
    IDENTITY_LINKED = "identity_linked"
    IDENTITY_UNLINKED = "identity_unlinked"
    BRAND_KIT_CREATED = "brand_kit.created"
    BRAND_KIT_UPDATED = "brand_kit.updated"
    BRAND_KIT_SECTION_UPDATED = "brand_kit.section_updated"
    BRAND_KIT_ACTIVATED = "brand_kit.activated"
    BRAND_KIT_DELETED = "brand_kit.deleted"
    LOGO_UPLOADED = "logo.uploaded"
    LOGO_DELETED = "logo.deleted"
    GENERATION_REQUESTED = "generation.requested"
    GENERATION_CANCELED = "generation.canceled"
    ASSET_PUBLISHED = "asset.published"
    ASSET_DELETED = "asset.deleted"
    ANALYTICS_FLUSHED = "analytics.flushed"
    ANALYTICS_CLEARED = "analytics.cleared"


_SECRET_WORDS: Final = (
    "password",
    "token",
    "secret",
    "api_key",
    "apikey",
    "authorization",
    "cookie",
    "session",
    "csrf",
)
_MAX_TEXT: Final = 500
_MAX_DEPTH: Final = 6


def mask_email(email: str) -> str:
    """Keep the first character and the domain."""
    local, at, domain = email.strip().lower().partition("@")
    return f"{local[:1]}***{at}{domain}"


def without_secrets(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Drop every entry, however deep, whose name says that it is a secret; cut long texts."""
    return _clean_mapping(metadata, _MAX_DEPTH)


def _clean_mapping(values: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    return {clean_text(str(key)): _clean(value, depth - 1) for key, value in values.items() if not _is_secret(str(key))}


def _clean(value: Any, depth: int) -> Any:
    if isinstance(value, bool | int | float) or value is None:
        return value
    if depth > 0 and isinstance(value, Mapping):
        return _clean_mapping(value, depth)
    if depth > 0 and isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_clean(item, depth - 1) for item in value]
    return clean_text(str(value))


def clean_text(text: str) -> str:
    """Make any text storable: no NUL, no lone surrogates, not endless."""
    return text[:_MAX_TEXT].replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _is_secret(key: str) -> bool:
    lowered = key.lower().replace("-", "_")
    return any(word in lowered for word in _SECRET_WORDS)
