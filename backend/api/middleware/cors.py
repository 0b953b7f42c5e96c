"""Let the web application of the settings call the API from a browser."""

from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

REQUEST_HEADERS: Final = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "Last-Event-ID",
    "X-CSRF-Token",
    "X-Request-ID",
)
RESPONSE_HEADERS: Final = (
    "Content-Disposition",
    "ETag",
    "Location",
    "Retry-After",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Request-ID",
)


class OriginsMiddleware(CORSMiddleware):
    """Allow the listed origins, with cookies; a preflight that asks for more fails like every other request."""

    def __init__(self, app: ASGIApp, *, origins: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_credentials=True,
            allow_methods=("DELETE", "GET", "PATCH", "POST", "PUT"),
            allow_headers=REQUEST_HEADERS,
            expose_headers=RESPONSE_HEADERS,
            max_age=600,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer a preflight, or raise."""
        response = super().preflight_response(request_headers)
        if response.status_code >= 400:
            raise HTTPException(response.status_code, bytes(response.body).decode())
        return response
