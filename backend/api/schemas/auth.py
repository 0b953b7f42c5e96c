"""Bodies of the auth routes."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AnyUrl, EmailStr, Field, SecretStr, StringConstraints, UrlConstraints, model_validator
from pydantic_core import PydanticCustomError

from backend.api.schemas.base import ApiModel, ResponseModel
from backend.db.tables.identity import AccountRole, SubscriptionStatus, Tier
from backend.services.identity.account_service import ProfileChanges
from backend.services.identity.auth_service import Signup
from backend.services.identity.session_service import TokenPair
from backend.services.identity.token_store import SessionRecord

NewPassword = Annotated[
    SecretStr,
    Field(
        min_length=8,
        max_length=128,
        description="8 to 128 characters with a lower-case letter, an upper-case letter and a digit.",
        examples=["Correct-Horse-7"],
    ),
]
Password = Annotated[SecretStr, Field(min_length=1, max_length=128, examples=["Correct-Horse-7"])]
DisplayName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=50, pattern=r"^[\w \-]+$"),
    Field(description="Letters, digits, spaces, `_` and `-`.", examples=["Nova Streams"]),
]
DocumentVersion = Annotated[str, StringConstraints(min_length=1, max_length=20, pattern=r"^[0-9A-Za-z.\-]+$")]
EmailedToken = Annotated[str, StringConstraints(min_length=1, max_length=128), Field(description="From the mail.")]
RefreshToken = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
AvatarUrl = Annotated[
    AnyUrl,
    UrlConstraints(allowed_schemes=["https"], host_required=True, max_length=2048),
    Field(examples=["https://cdn.example.com/avatar.png"]),
]


class EmptyUpdate(PydanticCustomError):
    """Say that an update names nothing to change."""

    def __new__(cls) -> Self:
        """Make the error; pydantic's own constructor is `__new__`."""
        return super().__new__(cls, "empty_update", "Name at least one field to change")


class SignupRequest(ApiModel):
    """Ask for an account."""

    email: EmailStr = Field(examples=["nova@example.com"])
    password: NewPassword
    display_name: DisplayName
    accept_terms: Literal[True] = Field(description="The terms and the privacy policy must be accepted.")
    terms_version: DocumentVersion = "1.0.0"
    privacy_version: DocumentVersion = "1.0.0"

    def to_signup(self) -> Signup:
        """Say it in the service's words."""
        return Signup(
            email=self.email,
            password=self.password.get_secret_value(),
            display_name=self.display_name,
            accept_terms=self.accept_terms,
            terms_version=self.terms_version,
            privacy_version=self.privacy_version,
        )


class LoginRequest(ApiModel):
    """Log in."""

    email: EmailStr = Field(examples=["nova@example.com"])
    password: Password
    remember_me: bool = Field(default=False, description="Keep the session for weeks instead of a day.")


class TokenForm(ApiModel):
    """Log in as OAuth 2's password grant has it; `username` is the email."""

    grant_type: Literal["password"] = "password"
    username: EmailStr
    password: Password
    scope: str = ""
    client_id: str | None = None
    client_secret: str | None = None


class LogoutRequest(ApiModel):
    """Name another session to end as well."""

    refresh_token: RefreshToken | None = None


class RefreshRequest(ApiModel):
    """Ask for the next pair of tokens; without a body, the cookie counts."""

    refresh_token: RefreshToken


class ProfileUpdate(ApiModel):
    """Name the fields to change; `avatar_url` null takes the picture away."""

    display_name: DisplayName = ""
    avatar_url: AvatarUrl | None = None

    @model_validator(mode="after")
    def _check_not_empty(self) -> Self:
        if not self.model_fields_set:
            raise EmptyUpdate
        return self

    def to_changes(self) -> ProfileChanges:
        """Say it in the service's words."""
        avatar_url = None if self.avatar_url is None else str(self.avatar_url)
        return ProfileChanges(frozenset(self.model_fields_set), self.display_name, avatar_url)


class PasswordChange(ApiModel):
    """Set another password; an account without one proves itself by a login of the last minutes instead."""

    current_password: Password | None = None
    new_password: NewPassword


class AccountDeletion(ApiModel):
    """Delete an account; one without a password proves itself by a login of the last minutes instead."""

    password: Password | None = None
    confirmation: Literal["DELETE"]


class PasswordResetRequest(ApiModel):
    """Ask for a link that sets another password."""

    email: EmailStr = Field(examples=["nova@example.com"])


class PasswordResetConfirm(ApiModel):
    """Set another password by an emailed token."""

    token: EmailedToken
    new_password: NewPassword


class UserView(ResponseModel):
    """Tell an account about itself."""

    id: UUID
    email: str
    email_verified: bool
    display_name: str
    avatar_url: str | None
    role: AccountRole
    subscription_tier: Tier
    subscription_status: SubscriptionStatus
    assets_generated_this_month: int
    terms_accepted_at: datetime | None
    terms_version: str
    privacy_accepted_at: datetime | None
    privacy_version: str
    has_password: bool = Field(description="False for an account that is entered through a provider only.")
    last_login_at: datetime | None
    created_at: datetime
    updated_at: datetime


class Message(ResponseModel):
    """Say in words what was done."""

    message: str


class SignupResponse(Message):
    """Show the new account."""

    user: UserView


class TokenResponse(ResponseModel):
    """Give a pair of tokens; each refresh token is used once and replaced by its successor."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - a kind of token
    expires_at: datetime = Field(description="When the access token ends.")
    refresh_expires_at: datetime = Field(description="When the refresh token ends if it is not used.")
    csrf_token: str | None = Field(
        default=None, description="For the `X-CSRF-Token` header of clients that use the cookies, which others ignore."
    )

    @classmethod
    def of(cls, pair: TokenPair, csrf_token: str | None = None, **more: object) -> Self:
        """Show a token pair."""
        return cls.model_validate(
            {
                "access_token": pair.access_token,
                "refresh_token": pair.refresh_token,
                "expires_at": pair.expires_at,
                "refresh_expires_at": pair.refresh_expires_at,
                "csrf_token": csrf_token,
                **more,
            }
        )


class LoginResponse(TokenResponse):
    """Give a pair of tokens and show the account."""

    user: UserView


class PasswordChanged(TokenResponse, Message):
    """Give the pair of tokens of the only session that is left."""


class SessionView(ResponseModel):
    """Describe one place where the account is logged in."""

    id: UUID
    current: bool = Field(description="Whether this request was made in it.")
    opened_at: datetime
    last_used_at: datetime
    expires_at: datetime
    remember_me: bool
    ip: str | None
    user_agent: str | None

    @classmethod
    def of(cls, record: SessionRecord, current: UUID) -> Self:
        """Show one session, seen from another."""
        return cls(
            id=record.id,
            current=record.id == current,
            opened_at=record.opened_at,
            last_used_at=record.last_used_at,
            expires_at=record.expires_at,
            remember_me=record.remember_me,
            ip=record.ip,
            user_agent=record.user_agent,
        )


class SessionList(ResponseModel):
    """List where an account is logged in, the last used first."""

    sessions: list[SessionView]
    total: int


class SessionsEnded(Message):
    """Count the sessions that were ended."""

    ended: int
