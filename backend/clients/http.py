"""The process's client for outgoing HTTP."""

from collections.abc import AsyncIterator
from ssl import SSLContext
from typing import Final

import httpx

from backend.settings import Settings

HTTP_UNREACHABLE: Final = (httpx.TransportError,)
"""What a request raises when no answer came: time-outs, refused or broken connections."""


class HttpClient(httpx.AsyncClient):
    """Share one pool of connections, with time limits on everything and no redirects followed.

    Only addresses from the settings may be called with it: nothing here checks where a request goes.
    """

    def __init__(self, settings: Settings, tls: SSLContext | None = None) -> None:
        super().__init__(
            verify=tls or trust_public_authorities(),
            timeout=httpx.Timeout(15.0, connect=5.0),
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=30.0),
            follow_redirects=False,
            trust_env=False,
            proxy=settings.outgoing_proxy,
            headers={"User-Agent": "AuraStream"},
        )


def trust_public_authorities() -> SSLContext:
    """Load the certificates that servers are checked against, which takes a tenth of a second."""
    return httpx.create_ssl_context(trust_env=False)


async def open_http(settings: Settings, tls: SSLContext) -> AsyncIterator[HttpClient]:
    """Provide the client and close its connections at the end."""
    async with HttpClient(settings, tls) as client:
        yield client
