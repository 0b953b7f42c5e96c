"""The root of all failures a caller is told about, and those several modules share."""

from collections.abc import Mapping
from typing import Any, ClassVar


class DomainError(Exception):
    """Carry what the error envelope needs: code, status, message, details and response headers.

    A subclass sets `code` and `status`, takes data in its constructor and builds its own text.
    """

    code: ClassVar[str] = "INTERNAL_ERROR"
    status: ClassVar[int] = 500

    def __init__(
        self, message: str, *, details: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = dict(details or {})
        self.headers = dict(headers or {})


class NotFound(DomainError):
    """Say that something does not exist, or that the caller may not know of it."""

    code = "RESOURCE_NOT_FOUND"
    status = 404

    def __init__(self, resource_type: str, resource_id: object) -> None:
        super().__init__(
            f"{resource_type.replace('_', ' ').capitalize()} not found.",
            details={"resource_type": resource_type, "resource_id": str(resource_id)},
        )


class Forbidden(DomainError):
    """Say that the caller is known and may not do this."""

    code = "AUTHORIZATION_ERROR"
    status = 403

    def __init__(self, action: str = "do this") -> None:
        super().__init__(f"You are not allowed to {action}.")


class ValidationFailed(DomainError):
    """Say which field a service refused, in the shape of a refused request."""

    code = "VALIDATION_FAILED"
    status = 422

    def __init__(self, field: str, message: str, *, type: str = "value_error", **details: object) -> None:  # noqa: A002 - the key's name in the envelope
        super().__init__(
            f"The request is not valid: {field}: {message}",
            details={"errors": [{"field": field, "message": message, "type": type}], **details},
        )


class Unavailable(DomainError):
    """Say that a part this request needs does not answer right now."""

    code = "SERVICE_UNAVAILABLE"
    status = 503

    def __init__(self, part: str, *, message: str | None = None, retry_after: int = 5) -> None:
        super().__init__(
            message or f"{part} does not answer right now.",
            details={"part": part, "retry_after_seconds": retry_after},
            headers={"Retry-After": str(retry_after)},
        )
        self.part = part


class RateLimited(DomainError):
    """Say how long the caller must wait."""

    code = "RATE_LIMIT_EXCEEDED"
    status = 429

    def __init__(self, retry_after: int, *, limit: int | None = None) -> None:
        super().__init__(
            f"Too many requests. Try again in {retry_after} seconds.",
            details={"retry_after_seconds": retry_after} | ({} if limit is None else {"limit": limit}),
            headers={"Retry-After": str(retry_after)},
        )
