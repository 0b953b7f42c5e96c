"""Bodies of the oauth routes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Self

from pydantic import Field

from backend.api.schemas.auth import DisplayName, DocumentVersion
from backend.api.schemas.base import ApiModel, ResponseModel
from backend.db.tables.identity import Provider
from backend.services.identity.oauth_steps import PendingSignup, SignupConsent


class AuthorizationResponse(ResponseModel):
    """Say where to send the browser; it must keep the cookie that comes with this."""

    authorization_url: str
    state: str


class PendingSignupResponse(ResponseModel):
    """Show a new person what the account would start with."""

    provider: Provider
    email: str
    display_name: str
    avatar_url: str | None

    @classmethod
    def of(cls, signup: PendingSignup) -> Self:
        """Show a sign-up that waits."""
        return cls(
            provider=signup.provider,
            email=signup.email,
            display_name=signup.display_name,
            avatar_url=signup.avatar_url,
        )


class CompleteSignupRequest(ApiModel):
    """Accept the terms to get an account."""

    accept_terms: Literal[True] = Field(description="The terms and the privacy policy must be accepted.")
    terms_version: DocumentVersion = "1.0.0"
    privacy_version: DocumentVersion = "1.0.0"
    display_name: DisplayName | None = Field(None, description="Another name than the provider's.")

    def to_consent(self) -> SignupConsent:
        """Say it in the service's words."""
        return SignupConsent(self.accept_terms, self.terms_version, self.privacy_version, self.display_name)


class IdentityView(ResponseModel):
    """Describe a linked account at a provider."""

    provider: Provider
    email: str | None
    linked_at: datetime


class LoginMethodsResponse(ResponseModel):
    """List the ways into an account."""

    has_password: bool
    identities: Sequence[IdentityView]
