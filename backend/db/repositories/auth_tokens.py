"""Statements on emailed tokens. All run as the backend itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update

from backend.db.session import DatabaseSession
from backend.db.tables.identity import AuthToken, AuthTokenType


class AuthTokenRepository:
    """Read and write the hashes of emailed tokens."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    async def replace(self, user_id: UUID, token_type: AuthTokenType, token_hash: str, lifetime: timedelta) -> None:
        """Store a token's hash and void the user's earlier unused ones of that type."""
        earlier = (
            update(AuthToken)
            .where(AuthToken.user_id == user_id, AuthToken.token_type == token_type, AuthToken.used_at.is_(None))
            .values(used_at=func.now())
        )
        new = insert(AuthToken).values(
            user_id=user_id, token_type=token_type, token_hash=token_hash, expires_at=func.now() + lifetime
        )
        async with self._session.as_service():
            await self._session.execute(earlier)
            await self._session.execute(new)

    async def consume(self, token_hash: str, token_type: AuthTokenType) -> UUID | None:
        """Use a token and give its user, or None; of several at once, one statement lets one through."""
        statement = (
            update(AuthToken)
            .where(
                AuthToken.token_hash == token_hash,
                AuthToken.token_type == token_type,
                AuthToken.used_at.is_(None),
                AuthToken.expires_at > func.clock_timestamp(),
            )
            .values(used_at=func.now())
            .returning(AuthToken.user_id)
        )
        async with self._session.as_service():
            return await self._session.scalar(statement)

    async def find_usable(self, token_hash: str, token_type: AuthTokenType) -> UUID | None:
        """Tell whose token this is if it could be used now, without using it."""
        statement = select(AuthToken.user_id).where(
            AuthToken.token_hash == token_hash,
            AuthToken.token_type == token_type,
            AuthToken.used_at.is_(None),
            AuthToken.expires_at > func.now(),
        )
        async with self._session.as_service():
            return await self._session.scalar(statement)

    async def void(self, user_id: UUID, token_type: AuthTokenType) -> None:
        """Void a user's unused tokens of one type."""
        statement = (
            update(AuthToken)
            .where(AuthToken.user_id == user_id, AuthToken.token_type == token_type, AuthToken.used_at.is_(None))
            .values(used_at=func.now())
        )
        async with self._session.as_service():
            await self._session.execute(statement)

    async def delete_expired(self, before: datetime, *, at_most: int = 1000) -> int:
        """Delete some tokens that expired before a moment and count them; leaves to others what they delete."""
        expired = (
            select(AuthToken.id)
            .where(AuthToken.expires_at < before)
            .limit(at_most)
            .with_for_update(skip_locked=True)
            .cte("expired")
        )
        statement = delete(AuthToken).where(AuthToken.id.in_(select(expired.c.id))).returning(AuthToken.id)
        async with self._session.as_service():
            return len((await self._session.scalars(statement)).all())
