"""Statements on assets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from backend.db.session import DatabaseSession
from backend.db.tables.generation import Asset


class AssetRepository:
    """Read, publish and delete a user's assets under his own row-level security."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    async def get(self, user_id: UUID, asset_id: UUID) -> Asset | None:
        """Read one asset of a user."""
        return await self._session.scalar(select(Asset).where(Asset.id == asset_id, Asset.user_id == user_id))

    async def get_public(self, asset_id: UUID) -> Asset | None:
        """Read an asset that its owner shows to everybody."""
        async with self._session.as_service():
            return await self._session.scalar(select(Asset).where(Asset.id == asset_id, Asset.is_public))

    async def of_job(self, user_id: UUID, job_id: UUID) -> Sequence[Asset]:
        """Read the assets of a user's job, largest first."""
        statement = (
            select(Asset)
            .where(Asset.job_id == job_id, Asset.user_id == user_id)
            .order_by((Asset.width * Asset.height).desc(), Asset.created_at.desc(), Asset.id)
        )
        return (await self._session.scalars(statement)).all()

    async def page(
        self, user_id: UUID, *, asset_type: str | None, limit: int, offset: int
    ) -> tuple[Sequence[Asset], int]:
        """Read a page of a user's assets, newest first, and how many there are in all."""
        wanted = [Asset.user_id == user_id]
        if asset_type is not None:
            wanted.append(Asset.asset_type == asset_type)
        total = await self._session.scalar(select(func.count()).select_from(Asset).where(*wanted))
        newest = select(Asset).where(*wanted).order_by(Asset.created_at.desc(), Asset.id)
        assets = await self._session.scalars(newest.limit(limit).offset(offset))
        return assets.all(), total or 0

    async def insert(self, rows: Sequence[dict[str, Any]]) -> Sequence[Asset]:
        """Insert the assets of a completed job."""
        async with self._session.as_service():
            inserted = await self._session.scalars(insert(Asset).returning(Asset), list(rows))
            return inserted.all()

    async def set_public(self, user_id: UUID, asset_id: UUID, *, is_public: bool) -> Asset | None:
        """Show an asset to everybody, or no longer."""
        statement = (
            update(Asset)
            .where(Asset.id == asset_id, Asset.user_id == user_id)
            .values(is_public=is_public)
            .returning(Asset)
        )
        return await self._session.scalar(statement, execution_options={"populate_existing": True})

    async def delete(self, user_id: UUID, asset_id: UUID) -> bool:
        """Delete an asset's row; the database notes its file for deletion. Tell whether there was one."""
        statement = delete(Asset).where(Asset.id == asset_id, Asset.user_id == user_id).returning(Asset.id)
        return await self._session.scalar(statement) is not None
