"""Where the web application takes over after a sign-in at a provider."""

from typing import Final
from urllib.parse import urlencode

from starlette.responses import RedirectResponse

from backend.services.identity.oauth_steps import Arrival, Linked, SignupPending
from backend.settings import Settings

TERMS_REQUIRED: Final = "OAUTH_TERMS_REQUIRED"


class OAuthLanding:
    """Send browsers to the web application with what became of a sign-in: our own words only, never a provider's."""

    def __init__(self, settings: Settings) -> None:
        self._address = f"{str(settings.frontend_url).rstrip('/')}/auth/callback"

    def arrived(self, arrival: Arrival) -> RedirectResponse:
        """Tell of a sign-in that came to something."""
        match arrival:
            case SignupPending():
                return self.failed(TERMS_REQUIRED)
            case Linked(provider):
                return self._redirect(success="true", linked=provider)
            case _:
                return self._redirect(success="true")

    def failed(self, code: str) -> RedirectResponse:
        """Tell by its code why nobody is logged in."""
        return self._redirect(success="false", error=code)

    def _redirect(self, **query: str) -> RedirectResponse:
        # The address the browser comes from holds the provider's code.
        headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return RedirectResponse(f"{self._address}?{urlencode(query)}", 302, headers)
