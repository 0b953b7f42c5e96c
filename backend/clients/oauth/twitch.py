"""Sign-in with Twitch."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import BaseModel, Field

from backend.clients.http import HttpClient
from backend.clients.oauth.fields import OptionalEmail, OptionalText, ProviderUserId
from backend.clients.oauth.profile import OAuthProfile
from backend.clients.oauth.provider import Endpoints, OAuthProvider, endpoint
from backend.settings import Settings


class TwitchProvider(OAuthProvider):
    """Speak with Twitch, which documents that it tells verified addresses only."""

    name: ClassVar[str] = "twitch"
    _consent_parameters: ClassVar[Mapping[str, str]] = {"scope": "user:read:email"}

    def __init__(self, settings: Settings, http: HttpClient) -> None:
        endpoints = Endpoints(
            authorize=endpoint(settings.twitch_id_url, "/oauth2/authorize"),
            token=endpoint(settings.twitch_id_url, "/oauth2/token"),
            profile=endpoint(settings.twitch_api_url, "/helix/users"),
        )
        super().__init__(
            http, settings.twitch_client_id, settings.twitch_client_secret, endpoints, settings.oauth_timeout
        )

    @property
    def _profile_headers(self) -> Mapping[str, str]:
        return {"Client-Id": self._client_id}

    def _read_profile(self, answer: object) -> OAuthProfile:
        user = _TwitchUsers.model_validate(answer).data[0]
        return OAuthProfile(
            provider=self.name,
            provider_user_id=user.id,
            email=user.email,
            email_verified=user.email is not None,
            display_name=user.display_name or user.login,
            avatar_url=user.profile_image_url,
        )


class _TwitchUser(BaseModel, strict=True):
    id: ProviderUserId
    email: OptionalEmail = None
    display_name: OptionalText = None
    login: OptionalText = None
    profile_image_url: OptionalText = None


class _TwitchUsers(BaseModel, strict=True):
    data: Annotated[list[_TwitchUser], Field(min_length=1, max_length=1)]
