"""What can go wrong with a provider."""

from collections.abc import Iterable

from backend.errors import DomainError


class OAuthProviderNotFound(DomainError):
    """Say that nobody signs in with a provider of this name here."""

    code = "OAUTH_PROVIDER_NOT_FOUND"
    status = 404

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(
            "There is no such sign-in provider.", details={"provider": name[:64], "providers": sorted(known)}
        )


class OAuthProviderNotConfigured(DomainError):
    """Name the settings that turn a provider on."""

    code = "OAUTH_PROVIDER_NOT_CONFIGURED"
    status = 503

    def __init__(self, name: str, missing: Iterable[str]) -> None:
        settings = sorted(missing)
        super().__init__(
            f"Sign-in with {name} is off. To turn it on, set {' and '.join(settings)}.",
            details={"provider": name, "settings": settings},
        )


class OAuthTokenExchangeFailed(DomainError):
    """Say that a provider did not take the authorization code."""

    code = "OAUTH_TOKEN_EXCHANGE_FAILED"
    status = 400

    def __init__(self, provider: str, cause: str) -> None:
        super().__init__(f"{provider} did not confirm the sign-in.", details={"provider": provider})
        self.cause = cause


class OAuthUserInfoFailed(DomainError):
    """Say that a provider did not tell who signed in."""

    code = "OAUTH_USER_INFO_FAILED"
    status = 400

    def __init__(self, provider: str, cause: str) -> None:
        super().__init__(f"{provider} did not say who signed in.", details={"provider": provider})
        self.cause = cause


class UnusableAnswer(Exception):
    """Say for our own logs why an answer cannot be used; the text never quotes the provider."""


class NoAnswerInTime(UnusableAnswer):
    """Say that the provider took too long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer within {seconds:g} seconds")


class BrokenTransport(UnusableAnswer):
    """Say that the connection failed."""

    def __init__(self, failure: Exception) -> None:
        super().__init__(f"{type(failure).__name__} on the way")


class WrongStatus(UnusableAnswer):
    """Say which status came instead of 200."""

    def __init__(self, status: int) -> None:
        super().__init__(f"an answer with status {status}")


class AnswerTooLarge(UnusableAnswer):
    """Say that the answer did not end where profiles and tokens do."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"an answer of more than {limit} bytes")


class NotJson(UnusableAnswer):
    """Say that the answer's body cannot be read."""

    def __init__(self) -> None:
        super().__init__("an answer that is not JSON")
