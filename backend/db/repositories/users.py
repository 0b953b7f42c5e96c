"""Statements on accounts. All run as the backend itself: users may not even read their rows whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Executable, Row, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from backend.db.session import DatabaseSession
from backend.db.tables.identity import (
    AccountRole,
    LegalDocument,
    SubscriptionStatus,
    TermsAcceptance,
    Tier,
    User,
    UserUsage,
)


@dataclass(frozen=True, slots=True)
class Account:
    """Tell what the backend knows of a user, without what proves that he is the one."""

    id: UUID
    email: str
    email_verified: bool
    display_name: str
    avatar_url: str | None
    role: AccountRole
    subscription_tier: Tier
    subscription_status: SubscriptionStatus
    token_version: int
    has_password: bool
    terms_accepted_at: datetime | None
    terms_version: str
    privacy_accepted_at: datetime | None
    privacy_version: str
    last_login_at: datetime | None
    created_at: datetime
    updated_at: datetime
    assets_generated_this_month: int


@dataclass(frozen=True, slots=True)
class Credentials:
    """Pair an account with the hash of its password, if it has one."""

    account: Account
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class NewAccount:
    """Describe an account to be made; the email is already in its normal form."""

    email: str
    display_name: str
    password_hash: str | None = None
    email_verified: bool = False
    avatar_url: str | None = None
    terms_version: str | None = None
    privacy_version: str | None = None


_CREATED_THIS_MONTH: Final = func.coalesce(
    select(UserUsage.creations_used)
    .where(
        UserUsage.user_id == User.id,
        UserUsage.period_start == func.date_trunc("month", func.now(), "UTC"),
    )
    .correlate(User)
    .scalar_subquery(),
    0,
)
_ACCOUNT: Final = (
    User.id,
    User.email,
    User.email_verified,
    User.display_name,
    User.avatar_url,
    User.role,
    User.subscription_tier,
    User.subscription_status,
    User.token_version,
    User.password_hash.is_not(None),
    User.terms_accepted_at,
    User.terms_version,
    User.privacy_accepted_at,
    User.privacy_version,
    User.last_login_at,
    User.created_at,
    User.updated_at,
    _CREATED_THIS_MONTH,
)


def _account(row: Row[Any]) -> Account:
    values = list(row)[: len(_ACCOUNT)]
    values[5] = AccountRole(values[5])
    values[6] = Tier(values[6])
    values[7] = SubscriptionStatus(values[7])
    return Account(*values)


class UserRepository:
    """Read and write accounts."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    async def create(self, new: NewAccount, *, ip: str | None = None, user_agent: str | None = None) -> Account | None:
        """Insert an account and the terms it accepted, or nothing if the email is taken."""
        accepted = {
            LegalDocument.TERMS: new.terms_version,
            LegalDocument.PRIVACY: new.privacy_version,
        }
        values: dict[str, Any] = {
            "email": new.email,
            "display_name": new.display_name,
            "password_hash": new.password_hash,
            "email_verified": new.email_verified,
            "avatar_url": new.avatar_url,
        }
        for document, version in accepted.items():
            if version is not None:
                values |= {f"{document}_accepted_at": func.now(), f"{document}_version": version}
        statement = (
            upsert(User).values(values).on_conflict_do_nothing(index_elements=[text("lower(email)")]).returning(User.id)
        )
        async with self._session.as_service():
            user_id = await self._session.scalar(statement)
            if user_id is None:
                return None
            rows = [
                {"user_id": user_id, "document_type": document, "document_version": version, "ip": ip}
                | {"user_agent": user_agent}
                for document, version in accepted.items()
                if version is not None
            ]
            if rows:
                await self._session.execute(insert(TermsAcceptance), rows)
            return await self._one(select(*_ACCOUNT).where(User.id == user_id))

    async def get(self, user_id: UUID) -> Account | None:
        """Read one account."""
        async with self._session.as_service():
            return await self._one(select(*_ACCOUNT).where(User.id == user_id))

    async def get_by_email(self, email: str) -> Account | None:
        """Read the account of an email in its normal form."""
        async with self._session.as_service():
            return await self._one(select(*_ACCOUNT).where(func.lower(User.email) == email))

    async def credentials(self, user_id: UUID) -> Credentials | None:
        """Read one account with its password hash, and keep others from changing it until the transaction ends."""
        async with self._session.as_service():
            return await self._credentials(
                select(*_ACCOUNT, User.password_hash).where(User.id == user_id).with_for_update(of=User)
            )

    async def credentials_by_email(self, email: str) -> Credentials | None:
        """Read the account of an email with its password hash."""
        async with self._session.as_service():
            return await self._credentials(select(*_ACCOUNT, User.password_hash).where(func.lower(User.email) == email))

    async def record_login(self, user_id: UUID) -> bool:
        """Note that the user just logged in; tell whether the account exists."""
        return await self._write(user_id, {"last_login_at": func.now()})

    async def replace_hash(self, user_id: UUID, old: str, new: str) -> None:
        """Store the same password hashed at today's cost, unless somebody changed it meanwhile."""
        async with self._session.as_service():
            await self._session.execute(
                update(User).where(User.id == user_id, User.password_hash == old).values(password_hash=new)
            )

    async def set_password(self, user_id: UUID, password_hash: str) -> bool:
        """Store another password and void every token given out before; tell whether the account exists."""
        return await self._write(user_id, {"password_hash": password_hash, "token_version": User.token_version + 1})

    async def void_tokens(self, user_id: UUID) -> bool:
        """Void every token given out before; tell whether the account exists."""
        return await self._write(user_id, {"token_version": User.token_version + 1})

    async def verify_email(self, user_id: UUID) -> bool:
        """Note that the email belongs to the user; tell whether the account exists."""
        return await self._write(user_id, {"email_verified": True})

    async def update_profile(self, user_id: UUID, changes: Mapping[str, str | None]) -> Account | None:
        """Write `display_name` and `avatar_url`, whichever are given."""
        if not await self._write(
            user_id, {key: changes[key] for key in ("display_name", "avatar_url") & changes.keys()}
        ):
            return None
        return await self.get(user_id)

    async def delete(self, user_id: UUID) -> bool:
        """Delete an account and all rows that hang on it; tell whether there was one."""
        async with self._session.as_service():
            return await self._session.scalar(delete(User).where(User.id == user_id).returning(User.id)) is not None

    async def _write(self, user_id: UUID, values: Mapping[str, Any]) -> bool:
        statement = update(User).where(User.id == user_id).values(dict(values)).returning(User.id)
        async with self._session.as_service():
            return await self._session.scalar(statement) is not None

    async def _one(self, statement: Executable) -> Account | None:
        row = (await self._session.execute(statement)).one_or_none()
        return None if row is None else _account(row)

    async def _credentials(self, statement: Executable) -> Credentials | None:
        row = (await self._session.execute(statement)).one_or_none()
        return None if row is None else Credentials(_account(row), row[-1])
