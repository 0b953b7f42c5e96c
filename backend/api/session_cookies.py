"""The cookies of a browser's session."""

from datetime import UTC, datetime
from typing import Final, Literal

from starlette.requests import HTTPConnection
from starlette.responses import Response

from backend.api.authentication import ACCESS_COOKIE, CSRF_COOKIE
from backend.services.identity.csrf import CsrfTokens
from backend.services.identity.session_service import TokenPair
from backend.settings import Settings

REFRESH_COOKIE: Final = "refresh_token"
REFRESH_PATH: Final = "/api/v1/auth"


class SessionCookies:
    """Write and remove the cookies of a session.

    No script reads them. They end with the browser unless the session is remembered; the CSRF cookie lives as
    long as the session, and the refresh token is sent to the routes that need it only.
    """

    def __init__(self, csrf: CsrfTokens, settings: Settings) -> None:
        self._csrf = csrf
        self._secure = settings.is_production

    def set(self, response: Response, pair: TokenPair) -> str:
        """Write the cookies of a token pair, and give the CSRF token for the body of the answer."""
        csrf_token = self._csrf.issue(pair.session_id)
        now = datetime.now(UTC)
        session = int((pair.refresh_expires_at - now).total_seconds()) if pair.remember_me else None
        access = int((pair.expires_at - now).total_seconds()) if pair.remember_me else None
        self._write(response, ACCESS_COOKIE, pair.access_token, access, samesite="lax")
        self._write(response, REFRESH_COOKIE, pair.refresh_token, session, path=REFRESH_PATH)
        self._write(response, CSRF_COOKIE, csrf_token, session)
        return csrf_token

    def renew(self, connection: HTTPConnection, response: Response, pair: TokenPair) -> str | None:
        """Write the cookies anew for a client that uses them."""
        if {ACCESS_COOKIE, REFRESH_COOKIE}.isdisjoint(connection.cookies):
            return None
        return self.set(response, pair)

    def clear(self, response: Response) -> None:
        """Remove all cookies of the session."""
        for name, path in ((ACCESS_COOKIE, "/"), (REFRESH_COOKIE, REFRESH_PATH), (CSRF_COOKIE, "/")):
            response.delete_cookie(name, path=path, secure=self._secure, httponly=True)

    def _write(
        self,
        response: Response,
        name: str,
        value: str,
        max_age: int | None,
        *,
        path: str = "/",
        samesite: Literal["lax", "strict"] = "strict",
    ) -> None:
        response.set_cookie(
            name, value, max_age=max_age, path=path, secure=self._secure, httponly=True, samesite=samesite
        )
