"""Statements on links between accounts and those at providers. All run as the backend itself."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from backend.db.session import DatabaseSession
from backend.db.tables.identity import Provider, UserIdentity


class UserIdentityRepository:
    """Read and write the identities of accounts."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    async def owner(self, provider: Provider, provider_user_id: str) -> UUID | None:
        """Find whose account a provider's user is linked to."""
        statement = select(UserIdentity.user_id).where(
            UserIdentity.provider == provider, UserIdentity.provider_user_id == provider_user_id
        )
        async with self._session.as_service():
            return await self._session.scalar(statement)

    async def of(self, user_id: UUID) -> Sequence[UserIdentity]:
        """List the identities of an account, oldest first."""
        statement = select(UserIdentity).where(UserIdentity.user_id == user_id).order_by(UserIdentity.linked_at)
        async with self._session.as_service():
            return (await self._session.scalars(statement)).all()

    async def link(self, user_id: UUID, provider: Provider, provider_user_id: str, email: str | None) -> bool:
        """Link an identity, or return False if it or the account's place for that provider is taken."""
        statement = (
            insert(UserIdentity)
            .values(user_id=user_id, provider=provider, provider_user_id=provider_user_id, email=email)
            .on_conflict_do_nothing()
            .returning(UserIdentity.id)
        )
        async with self._session.as_service():
            return await self._session.scalar(statement) is not None

    async def unlink(self, user_id: UUID, provider: Provider) -> bool:
        """Remove a link and tell whether there was one."""
        statement = (
            delete(UserIdentity)
            .where(UserIdentity.user_id == user_id, UserIdentity.provider == provider)
            .returning(UserIdentity.id)
        )
        async with self._session.as_service():
            return await self._session.scalar(statement) is not None
