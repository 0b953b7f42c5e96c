"""Who signed in, as a provider tells it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OAuthProfile:
    """Describe an account at a provider.

    `email` is lower case, or None where the provider gave none. `email_verified` is true only where the provider
    itself says that the address was proven. `display_name` and `avatar_url` are what the person chose there, not
    yet fit for our own rules.
    """

    provider: str
    provider_user_id: str
    email: str | None
    email_verified: bool
    display_name: str | None
    avatar_url: str | None
