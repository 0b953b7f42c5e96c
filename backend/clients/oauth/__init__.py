"""Sign-in providers that speak OAuth 2's authorization code flow with PKCE."""

from backend.clients.oauth.discord import DiscordProvider
from backend.clients.oauth.errors import (
    OAuthProviderNotConfigured,
    OAuthProviderNotFound,
    OAuthTokenExchangeFailed,
    OAuthUserInfoFailed,
)
from backend.clients.oauth.google import GoogleProvider
from backend.clients.oauth.profile import OAuthProfile
from backend.clients.oauth.provider import OAuthProvider
from backend.clients.oauth.registry import OAuthProviders
from backend.clients.oauth.twitch import TwitchProvider

__all__ = [
    "DiscordProvider",
    "GoogleProvider",
    "OAuthProfile",
    "OAuthProvider",
    "OAuthProviderNotConfigured",
    "OAuthProviderNotFound",
    "OAuthProviders",
    "OAuthTokenExchangeFailed",
    "OAuthUserInfoFailed",
    "TwitchProvider",
]
