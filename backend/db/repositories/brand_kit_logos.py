"""Statements on the logos of brand kits."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from backend.db.session import DatabaseSession
from backend.db.tables.branding import BrandKitLogo


class BrandKitLogoRepository:
    """Read and change the logos of a user's kits under his own row-level security."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    async def list(self, user_id: UUID, kit_id: UUID) -> Sequence[BrandKitLogo]:
        """Read every logo of a kit."""
        return (
            await self._session.scalars(
                select(BrandKitLogo).where(BrandKitLogo.brand_kit_id == kit_id, BrandKitLogo.user_id == user_id)
            )
        ).all()

    async def get(self, user_id: UUID, kit_id: UUID, logo_type: str) -> BrandKitLogo | None:
        """Read one logo of a kit."""
        return await self._session.scalar(
            select(BrandKitLogo).where(
                BrandKitLogo.brand_kit_id == kit_id,
                BrandKitLogo.user_id == user_id,
                BrandKitLogo.logo_type == logo_type,
            )
        )

    async def put(self, user_id: UUID, kit_id: UUID, logo_type: str, file: dict[str, Any]) -> BrandKitLogo:
        """Point a variant to a file; the database notes the file it pointed to before for deletion."""
        statement = (
            insert(BrandKitLogo)
            .values(user_id=user_id, brand_kit_id=kit_id, logo_type=logo_type, **file)
            .on_conflict_do_update(index_elements=["brand_kit_id", "logo_type"], set_=file)
            .returning(BrandKitLogo)
        )
        return (await self._session.scalars(statement, execution_options={"populate_existing": True})).one()

    async def delete(self, user_id: UUID, kit_id: UUID, logo_type: str) -> bool:
        """Delete a logo's row; the database notes its file for deletion. Tell whether there was one."""
        statement = delete(BrandKitLogo).where(
            BrandKitLogo.brand_kit_id == kit_id,
            BrandKitLogo.user_id == user_id,
            BrandKitLogo.logo_type == logo_type,
        )
        return await self._session.scalar(statement.returning(BrandKitLogo.logo_type)) is not None
