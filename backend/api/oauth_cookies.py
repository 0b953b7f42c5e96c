"""The cookies that tie a sign-in at a provider to one browser."""

import hashlib
from datetime import timedelta
from typing import Final, Literal

from starlette.requests import HTTPConnection
from starlette.responses import Response

from backend.services.identity.oauth_flows import FLOW_TTL, SIGNUP_TTL
from backend.settings import Settings

OAUTH_PATH: Final = "/api/v1/auth/oauth"
SIGNUP_COOKIE: Final = "oauth_signup"


class OAuthCookies:
    """Write and remove the cookies of departures and of sign-ups that wait for consent.

    Each departure has a cookie of its own, so that two tabs do not disturb each other. It comes back with a
    navigation from the provider's site, hence Lax; the other one is only ever sent by our own pages.
    """

    def __init__(self, settings: Settings) -> None:
        self._secure = settings.is_production

    def set_departure(self, response: Response, state: str, browser_secret: str) -> None:
        """Give the browser the secret of a departure."""
        self._write(response, _departure_cookie(state), browser_secret, FLOW_TTL, "lax")

    def departure(self, connection: HTTPConnection, state: str | None) -> str | None:
        """Read the secret that belongs to a state."""
        return None if state is None else connection.cookies.get(_departure_cookie(state))

    def clear_departure(self, connection: HTTPConnection, response: Response, state: str | None) -> None:
        """Remove the secret of a state, if there is one."""
        if self.departure(connection, state) is not None:
            self._clear(response, _departure_cookie(state or ""))

    def set_signup(self, response: Response, token: str) -> None:
        """Give the browser the token that completes a sign-up."""
        self._write(response, SIGNUP_COOKIE, token, SIGNUP_TTL, "strict")

    def signup(self, connection: HTTPConnection) -> str | None:
        """Read the token of a sign-up."""
        return connection.cookies.get(SIGNUP_COOKIE)

    def clear_signup(self, response: Response) -> None:
        """Remove the token of a sign-up."""
        self._clear(response, SIGNUP_COOKIE)

    def _write(
        self, response: Response, name: str, value: str, lifetime: timedelta, samesite: Literal["lax", "strict"]
    ) -> None:
        response.set_cookie(
            name,
            value,
            max_age=int(lifetime.total_seconds()),
            path=OAUTH_PATH,
            secure=self._secure,
            httponly=True,
            samesite=samesite,
        )

    def _clear(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path=OAUTH_PATH, secure=self._secure, httponly=True)


def _departure_cookie(state: str) -> str:
    return f"oauth_{hashlib.sha256(state.encode('utf-8', 'replace')).hexdigest()[:16]}"
