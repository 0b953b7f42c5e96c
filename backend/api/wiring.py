"""Register what only a request has, and what the HTTP side itself needs."""

from starlette.requests import HTTPConnection

from backend.api.authentication import Authentication, authenticate, caller_of
from backend.api.client_address import TrustedProxies
from backend.api.oauth_cookies import OAuthCookies
from backend.api.oauth_landing import OAuthLanding
from backend.api.rate_limits import RequestLimits
from backend.api.readiness import Readiness
from backend.api.session_cookies import SessionCookies
from backend.context import RequestContext
from backend.db.caller import Caller
from backend.settings import Settings
from di import Container
from middleware import register_connections


def register(container: Container) -> None:
    """Let scoped services ask where a request came from."""
    register_connections(container)  # for containers that serve no application as well: one graph for all processes
    container.singleton(TrustedProxies, _trusted_proxies)
    container.singleton(Readiness)
    container.singleton(RequestLimits)
    container.singleton(SessionCookies)
    container.singleton(OAuthCookies)
    container.singleton(OAuthLanding)
    container.scoped(RequestContext, describe_request)
    container.scoped(Authentication, authenticate)
    container.scoped(Caller, caller_of)


def _trusted_proxies(settings: Settings) -> TrustedProxies:
    return TrustedProxies(settings.trusted_proxies)


def describe_request(connection: HTTPConnection, proxies: TrustedProxies) -> RequestContext:
    """Say where a request came from, in text that can be stored."""
    user_agent = connection.headers.get("user-agent", "").replace("\0", "")[:512]
    return RequestContext(
        ip=proxies.client_ip(connection),
        user_agent=user_agent or None,
        request_id=connection.scope["state"]["request_id"],
    )
