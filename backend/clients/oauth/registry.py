"""The providers people may sign in with."""

from backend.clients.oauth.discord import DiscordProvider
from backend.clients.oauth.errors import OAuthProviderNotFound
from backend.clients.oauth.google import GoogleProvider
from backend.clients.oauth.provider import OAuthProvider
from backend.clients.oauth.twitch import TwitchProvider


class OAuthProviders:
    """Find a provider by its name."""

    def __init__(self, google: GoogleProvider, twitch: TwitchProvider, discord: DiscordProvider) -> None:
        self._by_name: dict[str, OAuthProvider] = {provider.name: provider for provider in (google, twitch, discord)}

    def get(self, name: str) -> OAuthProvider:
        """Find a provider that is on, whatever the case of its name.

        Raises `OAuthProviderNotFound` for an unknown name and `OAuthProviderNotConfigured` for one that is off.
        """
        provider = self._by_name.get(name.lower())
        if provider is None:
            raise OAuthProviderNotFound(name, self._by_name)
        provider.require_configured()
        return provider
