"""What the steps of a sign-in at a provider take and give."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.db.tables.identity import Provider, UserIdentity
from backend.services.identity.session_service import TokenPair


@dataclass(frozen=True, slots=True)
class Departure:
    """Say where to send the browser, and the secret it must bring back."""

    authorization_url: str
    state: str
    browser_secret: str


@dataclass(frozen=True, slots=True)
class ProviderAnswer:
    """Hold what a provider sent the browser back with, as it came."""

    state: str | None
    code: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Say that a session was opened."""

    pair: TokenPair


@dataclass(frozen=True, slots=True)
class SignupPending:
    """Say that a new person must accept the terms; the token completes the sign-up."""

    token: str


@dataclass(frozen=True, slots=True)
class Linked:
    """Say that a login method was added to the account at hand."""

    provider: str


Arrival = LoggedIn | SignupPending | Linked


@dataclass(frozen=True, slots=True)
class PendingSignup:
    """Say what a new account would start with."""

    provider: Provider
    email: str
    display_name: str
    avatar_url: str | None


@dataclass(frozen=True, slots=True)
class SignupConsent:
    """Hold what a person says to get an account."""

    accept_terms: bool
    terms_version: str
    privacy_version: str
    display_name: str | None = None


@dataclass(frozen=True, slots=True)
class LoginMethods:
    """List the ways into an account."""

    has_password: bool
    identities: Sequence[UserIdentity]
