"""What can go wrong between a person, a provider and an account."""

from backend.clients.oauth import OAuthProviderNotConfigured, OAuthProviderNotFound
from backend.errors import DomainError, NotFound

__all__ = [
    "IdentityNotFound",
    "LastLoginMethod",
    "OAuthAccessDenied",
    "OAuthEmailMissing",
    "OAuthEmailUnverified",
    "OAuthIdentityTaken",
    "OAuthLinkRequired",
    "OAuthProviderFailed",
    "OAuthProviderLinked",
    "OAuthProviderNotConfigured",
    "OAuthProviderNotFound",
    "OAuthSessionEnded",
    "OAuthSignupExpired",
    "OAuthStateInvalid",
]


class OAuthStateInvalid(DomainError):
    """Say that nobody in this browser left for this provider in the last minutes, or that he came back before."""

    code = "OAUTH_STATE_INVALID"
    status = 400

    def __init__(self) -> None:
        super().__init__("This sign-in is not valid any more. Begin again.")


class OAuthAccessDenied(DomainError):
    """Say that the person did not consent at the provider."""

    code = "OAUTH_ACCESS_DENIED"
    status = 400

    def __init__(self, provider: str) -> None:
        super().__init__(f"You did not allow the sign-in with {provider}.", details={"provider": provider})


class OAuthProviderFailed(DomainError):
    """Say that the provider sent the person back without a result."""

    code = "OAUTH_PROVIDER_ERROR"
    status = 400

    def __init__(self, provider: str) -> None:
        super().__init__(f"{provider} could not sign you in.", details={"provider": provider})


class OAuthEmailMissing(DomainError):
    """Say that the provider gave no email, without which there is no account."""

    code = "OAUTH_EMAIL_MISSING"
    status = 400

    def __init__(self, provider: str) -> None:
        super().__init__(f"{provider} did not give an email address.", details={"provider": provider})


class OAuthEmailUnverified(DomainError):
    """Say that the provider does not vouch for the email, so that it might be somebody else's."""

    code = "OAUTH_EMAIL_UNVERIFIED"
    status = 400

    def __init__(self, provider: str) -> None:
        super().__init__(f"Verify your email address at {provider} first.", details={"provider": provider})


class OAuthLinkRequired(DomainError):
    """Say that the email has an account, which its owner must enter first to link the provider to it."""

    code = "OAUTH_LINK_REQUIRED"
    status = 409

    def __init__(self, provider: str) -> None:
        super().__init__(
            f"Your email has an account already. Log in to it, then link {provider}.", details={"provider": provider}
        )


class OAuthIdentityTaken(DomainError):
    """Say that the account at the provider belongs to another account here."""

    code = "OAUTH_IDENTITY_TAKEN"
    status = 409

    def __init__(self, provider: str) -> None:
        super().__init__(f"This {provider} account is linked to another account.", details={"provider": provider})


class OAuthProviderLinked(DomainError):
    """Say that another account at the same provider is linked already."""

    code = "OAUTH_PROVIDER_LINKED"
    status = 409

    def __init__(self, provider: str) -> None:
        super().__init__(
            f"Another {provider} account is linked already. Unlink it first.", details={"provider": provider}
        )


class OAuthSessionEnded(DomainError):
    """Say that the session in which the link was asked for ended meanwhile."""

    code = "OAUTH_SESSION_ENDED"
    status = 400

    def __init__(self) -> None:
        super().__init__("Your session ended meanwhile. Log in and link again.")


class OAuthSignupExpired(DomainError):
    """Say that nobody in this browser came from a provider in the last minutes to get an account."""

    code = "OAUTH_SIGNUP_EXPIRED"
    status = 400

    def __init__(self) -> None:
        super().__init__("This sign-up is not valid any more. Begin again.")


class LastLoginMethod(DomainError):
    """Say that nobody could enter the account without this provider."""

    code = "OAUTH_LAST_LOGIN_METHOD"
    status = 409

    def __init__(self, provider: str) -> None:
        super().__init__(
            f"{provider} is your only way to log in. Set a password or link another provider first.",
            details={"provider": provider},
        )


class IdentityNotFound(NotFound):
    """Say that no account at this provider is linked."""

    def __init__(self, provider: str) -> None:
        super().__init__("identity", provider)
