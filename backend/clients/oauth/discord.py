"""Sign-in with Discord."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import BaseModel, Field

from backend.clients.http import HttpClient
from backend.clients.oauth.fields import OptionalEmail, OptionalText
from backend.clients.oauth.profile import OAuthProfile
from backend.clients.oauth.provider import Endpoints, OAuthProvider, endpoint
from backend.settings import Settings


class DiscordProvider(OAuthProvider):
    """Speak with Discord, where anybody may enter an address and leave it unverified."""

    name: ClassVar[str] = "discord"
    _consent_parameters: ClassVar[Mapping[str, str]] = {"scope": "identify email"}

    def __init__(self, settings: Settings, http: HttpClient) -> None:
        endpoints = Endpoints(
            authorize=endpoint(settings.discord_url, "/api/oauth2/authorize"),
            token=endpoint(settings.discord_url, "/api/oauth2/token"),
            profile=endpoint(settings.discord_url, "/api/users/@me"),
        )
        super().__init__(
            http, settings.discord_client_id, settings.discord_client_secret, endpoints, settings.oauth_timeout
        )

    def _read_profile(self, answer: object) -> OAuthProfile:
        user = _DiscordUser.model_validate(answer)
        return OAuthProfile(
            provider=self.name,
            provider_user_id=user.id,
            email=user.email,
            email_verified=user.email is not None and user.verified,
            display_name=user.global_name or user.username,
            avatar_url=None if user.avatar is None else _avatar_url(user.id, user.avatar),
        )


class _DiscordUser(BaseModel, strict=True):
    id: Annotated[str, Field(pattern=r"^[0-9]{1,32}$")]
    email: OptionalEmail = None
    verified: bool = False
    global_name: OptionalText = None
    username: OptionalText = None
    avatar: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,64}$")] | None = None


def _avatar_url(user_id: str, image_hash: str) -> str:
    return f"https://cdn.discordapp.com/avatars/{user_id}/{image_hash}.png"
