"""Accounts, what proves who they are, what they used, and what happened to them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false, func, text, true
from sqlalchemy.dialects.postgresql import INET, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Created, Id, Timestamps


class Tier(StrEnum):
    """Name what an account may use, in rising order; `unlimited` is granted by hand and never sold."""

    FREE = "free"
    PRO = "pro"
    STUDIO = "studio"
    UNLIMITED = "unlimited"

    @property
    def rank(self) -> int:
        """Order the tiers."""
        return tuple(Tier).index(self)


class SubscriptionStatus(StrEnum):
    """Say how an account's subscription stands."""

    ACTIVE = "active"
    PAST_DUE = "past_due"
    CANCELED = "canceled"
    NONE = "none"


class AccountRole(StrEnum):
    """Say what an account may do to others'."""

    USER = "user"
    ADMIN = "admin"


class Provider(StrEnum):
    """Name those who can vouch for a user."""

    GOOGLE = "google"
    TWITCH = "twitch"
    DISCORD = "discord"


class AuthTokenType(StrEnum):
    """Say what an emailed token opens."""

    PASSWORD_RESET = "password_reset"  # noqa: S105 - a kind of token
    EMAIL_VERIFICATION = "email_verification"


class LegalDocument(StrEnum):
    """Name the documents a user accepts."""

    TERMS = "terms"
    PRIVACY = "privacy"


class Feature(StrEnum):
    """Name what a tier limits each month."""

    CREATIONS = "creations"
    REFINEMENTS = "refinements"
    COACH = "coach"
    VIBE_BRANDING = "vibe_branding"
    AURA_LAB = "aura_lab"
    PROFILE_CREATOR = "profile_creator"


class ReservationState(StrEnum):
    """Say whether reserved use was spent or given back."""

    RESERVED = "reserved"
    COMMITTED = "committed"
    RELEASED = "released"


def _one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    words = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({words})", name=column)


class User(Timestamps, Base):
    """Hold one account; without a password hash it is entered through a provider only.

    `token_version` rises whenever every token given out before must die.
    """

    __tablename__ = "users"

    id: Mapped[Id]
    email: Mapped[str]
    email_verified: Mapped[bool] = mapped_column(server_default=false())
    password_hash: Mapped[str | None]
    display_name: Mapped[str]
    avatar_url: Mapped[str | None]
    role: Mapped[str] = mapped_column(server_default=text("'user'"))
    subscription_tier: Mapped[str] = mapped_column(server_default=text("'free'"))
    subscription_status: Mapped[str] = mapped_column(server_default=text("'none'"))
    stripe_customer_id: Mapped[str | None]
    token_version: Mapped[int] = mapped_column(server_default=text("0"))
    terms_accepted_at: Mapped[datetime | None]
    terms_version: Mapped[str] = mapped_column(String(20), server_default=text("'1.0.0'"))
    privacy_accepted_at: Mapped[datetime | None]
    privacy_version: Mapped[str] = mapped_column(String(20), server_default=text("'1.0.0'"))
    last_login_at: Mapped[datetime | None]

    __table_args__ = (
        _one_of("role", AccountRole),
        _one_of("subscription_tier", Tier),
        _one_of("subscription_status", SubscriptionStatus),
        CheckConstraint("email <> ''", name="email"),
        Index("users_lower_email_key", func.lower(text("email")), unique=True),
        Index("users_stripe_customer_id_key", "stripe_customer_id", unique=True),
        Index("users_last_login_at_idx", text("last_login_at DESC")),
        Index("users_created_at_idx", text("created_at DESC")),
        Index("users_terms_accepted_at_idx", "terms_accepted_at"),
    )


class UserIdentity(Base):
    """Link an account to one at a provider; an account has at most one of each provider."""

    __tablename__ = "user_identities"

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    provider: Mapped[str]
    provider_user_id: Mapped[str]
    email: Mapped[str | None]
    linked_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        _one_of("provider", Provider),
        UniqueConstraint("provider", "provider_user_id"),
        UniqueConstraint("user_id", "provider"),
    )


class TermsAcceptance(Base):
    """Note that a user accepted one version of a document, and from where."""

    __tablename__ = "terms_acceptance_history"

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    document_type: Mapped[str]
    document_version: Mapped[str] = mapped_column(String(20))
    accepted_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ip: Mapped[str | None] = mapped_column(INET)
    user_agent: Mapped[str | None]

    __table_args__ = (
        _one_of("document_type", LegalDocument),
        Index("terms_acceptance_history_user_id_idx", "user_id"),
    )


class AuthToken(Created, Base):
    """Hold the hash of one emailed token; the token itself is nowhere but in the mail."""

    __tablename__ = "auth_tokens"

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    token_type: Mapped[str]
    token_hash: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    __table_args__ = (
        _one_of("token_type", AuthTokenType),
        UniqueConstraint("token_hash"),
        Index("auth_tokens_user_id_idx", "user_id"),
        Index("auth_tokens_token_type_expires_at_idx", "token_type", "expires_at"),
    )


class UserUsage(Base):
    """Count one user's use in one calendar month (UTC); no row means no use."""

    __tablename__ = "user_usage"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    period_start: Mapped[datetime] = mapped_column(primary_key=True)
    creations_used: Mapped[int] = mapped_column(server_default=text("0"))
    refinements_used: Mapped[int] = mapped_column(server_default=text("0"))
    coach_used: Mapped[int] = mapped_column(server_default=text("0"))
    vibe_branding_used: Mapped[int] = mapped_column(server_default=text("0"))
    aura_lab_used: Mapped[int] = mapped_column(server_default=text("0"))
    profile_creator_used: Mapped[int] = mapped_column(server_default=text("0"))

    __table_args__ = (
        CheckConstraint(
            "least(creations_used, refinements_used, coach_used, vibe_branding_used, aura_lab_used,"
            " profile_creator_used) >= 0",
            name="used",
        ),
    )


class UsageReservation(Created, Base):
    """Remember what one key (a job's id) took from a month, so that it is taken and given back once."""

    __tablename__ = "usage_reservations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    feature: Mapped[str]
    amount: Mapped[int]
    period_start: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default=text("'reserved'"))

    __table_args__ = (
        _one_of("feature", Feature),
        _one_of("state", ReservationState),
        CheckConstraint("amount > 0", name="amount"),
        Index("usage_reservations_user_id_idx", "user_id"),
    )


class AuditRow(Base):
    """Tell one security-relevant event; rows are only ever added, and outlive the account."""

    __tablename__ = "audit_events"

    id: Mapped[Id]
    ts: Mapped[datetime] = mapped_column(server_default=func.now())
    event_type: Mapped[str]
    user_id: Mapped[UUID | None]
    email_masked: Mapped[str | None]
    ip: Mapped[str | None] = mapped_column(INET)
    user_agent: Mapped[str | None]
    success: Mapped[bool] = mapped_column(server_default=true())
    failure_reason: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column("metadata", JSONB, server_default=text("'{}'"))
    request_id: Mapped[str | None]

    __table_args__ = (
        Index("audit_events_user_id_ts_idx", "user_id", text("ts DESC")),
        Index("audit_events_event_type_ts_idx", "event_type", text("ts DESC")),
    )
