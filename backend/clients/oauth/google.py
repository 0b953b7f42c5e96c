"""Sign-in with Google."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel

from backend.clients.http import HttpClient
from backend.clients.oauth.fields import OptionalEmail, OptionalText, ProviderUserId
from backend.clients.oauth.profile import OAuthProfile
from backend.clients.oauth.provider import Endpoints, OAuthProvider, endpoint
from backend.settings import Settings


class GoogleProvider(OAuthProvider):
    """Speak with Google, which says of each address whether it was verified."""

    name: ClassVar[str] = "google"
    _consent_parameters: ClassVar[Mapping[str, str]] = {
        "scope": "openid email profile",
        "access_type": "offline",
        "prompt": "consent",
    }

    def __init__(self, settings: Settings, http: HttpClient) -> None:
        endpoints = Endpoints(
            authorize=endpoint(settings.google_accounts_url, "/o/oauth2/v2/auth"),
            token=endpoint(settings.google_token_url, "/token"),
            profile=endpoint(settings.google_api_url, "/oauth2/v2/userinfo"),
        )
        super().__init__(
            http, settings.google_client_id, settings.google_client_secret, endpoints, settings.oauth_timeout
        )

    def _read_profile(self, answer: object) -> OAuthProfile:
        user = _GoogleUser.model_validate(answer)
        return OAuthProfile(
            provider=self.name,
            provider_user_id=user.id,
            email=user.email,
            email_verified=user.email is not None and user.verified_email,
            display_name=user.name,
            avatar_url=user.picture,
        )


class _GoogleUser(BaseModel, strict=True):
    id: ProviderUserId
    email: OptionalEmail = None
    verified_email: bool = False
    name: OptionalText = None
    picture: OptionalText = None
