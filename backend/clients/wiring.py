"""Register what speaks to the outside."""

from collections.abc import AsyncIterator
from ssl import SSLContext

from backend.clients.http import HttpClient, open_http, trust_public_authorities
from backend.clients.mail import Mailer, make_mailer
from backend.clients.oauth import DiscordProvider, GoogleProvider, OAuthProviders, TwitchProvider
from backend.clients.redis import Redis, open_redis
from backend.clients.supabase import Supabase
from backend.settings import Settings
from di import Container


def register(container: Container) -> None:
    """Open each client once per process."""
    container.singleton(Supabase, _open_supabase, ping=Supabase.ping)
    container.singleton(Redis, open_redis, ping=Redis.ping)
    container.singleton(SSLContext, trust_public_authorities)
    container.singleton(HttpClient, open_http)
    for provider in (GoogleProvider, TwitchProvider, DiscordProvider, OAuthProviders):
        container.singleton(provider)
    container.singleton(Mailer, make_mailer)


async def _open_supabase(settings: Settings) -> AsyncIterator[Supabase]:
    supabase = Supabase(settings)
    try:
        yield supabase
    finally:
        await supabase.close()
