"""Statements on brand kits."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from backend.db.session import DatabaseSession
from backend.db.tables.branding import BrandKit

_LOCK_KITS: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('brand_kits:' || CAST(:user_id AS text), 0))")
_FRESH: Final = {"populate_existing": True}


class BrandKitRepository:
    """Read and change a user's kits under his own row-level security."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    async def lock_all(self, user_id: UUID) -> None:
        """Let one transaction at a time add or activate kits of a user.

        A lock on rows would not do: it does not keep new rows out.
        """
        await self._session.execute(_LOCK_KITS, {"user_id": str(user_id)})

    async def count(self, user_id: UUID) -> int:
        """Count a user's kits."""
        statement = select(func.count()).select_from(BrandKit).where(BrandKit.user_id == user_id)
        return await self._session.scalar(statement) or 0

    async def list(self, user_id: UUID) -> Sequence[BrandKit]:
        """Read a user's kits, newest first."""
        statement = select(BrandKit).where(BrandKit.user_id == user_id)
        return (await self._session.scalars(statement.order_by(BrandKit.created_at.desc(), BrandKit.id.desc()))).all()

    async def get(self, user_id: UUID, kit_id: UUID) -> BrandKit | None:
        """Read one kit of a user."""
        return await self._session.scalar(select(BrandKit).where(BrandKit.id == kit_id, BrandKit.user_id == user_id))

    async def get_active(self, user_id: UUID) -> BrandKit | None:
        """Read the kit that a user works with, if he chose one."""
        return await self._session.scalar(select(BrandKit).where(BrandKit.user_id == user_id, BrandKit.is_active))

    async def hold(self, user_id: UUID, kit_id: UUID) -> bool:
        """Keep a kit from being deleted until this transaction ends; tell whether it is there."""
        statement = select(BrandKit.id).where(BrandKit.id == kit_id, BrandKit.user_id == user_id)
        return await self._session.scalar(statement.with_for_update(key_share=True, read=True)) is not None

    async def insert(self, user_id: UUID, values: dict[str, Any]) -> BrandKit:
        """Insert a kit and read it back."""
        statement = insert(BrandKit).values(user_id=user_id, **values).returning(BrandKit)
        return (await self._session.scalars(statement)).one()

    async def update(
        self, user_id: UUID, kit_id: UUID, values: dict[str, Any], fonts: dict[str, str] | None = None
    ) -> BrandKit | None:
        """Change some columns of a kit; `fonts` replaces only the fonts that it names."""
        changes = dict(values)
        if fonts:
            changes["fonts"] = BrandKit.fonts.concat(fonts)
        statement = update(BrandKit).where(BrandKit.id == kit_id, BrandKit.user_id == user_id).values(**changes)
        return await self._session.scalar(statement.returning(BrandKit), execution_options=_FRESH)

    async def activate(self, user_id: UUID, kit_id: UUID) -> BrandKit | None:
        """Make one kit the active one; the caller holds `lock_all`.

        Two statements, because a unique index is checked row by row and not at the end of a statement.
        """
        others = update(BrandKit).where(BrandKit.user_id == user_id, BrandKit.is_active, BrandKit.id != kit_id)
        await self._session.execute(others.values(is_active=False))
        return await self.update(user_id, kit_id, {"is_active": True})

    async def delete(self, user_id: UUID, kit_id: UUID) -> str | None:
        """Delete a kit with its logos' rows, and give its name; the database notes the files for deletion."""
        statement = delete(BrandKit).where(BrandKit.id == kit_id, BrandKit.user_id == user_id)
        return await self._session.scalar(statement.returning(BrandKit.name))
