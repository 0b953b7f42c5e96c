"""Statements on the notes of files that are to be deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from backend.db.session import DatabaseSession
from backend.db.tables.generation import StorageCleanup


class StorageCleanupRepository:
    """Note files before they exist, take notes back, and hand out what is due."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    async def note(
        self, bucket: str, paths: Sequence[str], due_in: timedelta, *, lease_token: UUID | None = None
    ) -> None:
        """Note that these files shall be gone after a while unless the note is taken back; may be repeated."""
        rows: list[dict[str, Any]] = [
            {"bucket": bucket, "storage_path": path, "lease_token": lease_token, "due_at": _from_now(due_in)}
            for path in paths
        ]
        async with self._session.as_service():
            await self._session.execute(insert(StorageCleanup).values(rows).on_conflict_do_nothing())

    async def take_back(self, bucket: str, paths: Sequence[str]) -> int:
        """Keep these files after all, and tell how many of them still had a note."""
        statement = (
            delete(StorageCleanup)
            .where(StorageCleanup.bucket == bucket, StorageCleanup.storage_path.in_(paths))
            .returning(StorageCleanup.id)
        )
        async with self._session.as_service():
            return len((await self._session.scalars(statement)).all())

    async def expire(self, lease_token: UUID, due_in: timedelta) -> None:
        """Let the files that were noted under a lease go this soon."""
        statement = update(StorageCleanup).where(StorageCleanup.lease_token == lease_token)
        async with self._session.as_service():
            await self._session.execute(statement.values(due_at=_from_now(due_in)))

    async def postpone(self, bucket: str, path: str, due_in: timedelta) -> bool:
        """Keep a noted file at least this long; tell whether it is still there to be kept."""
        statement = (
            update(StorageCleanup)
            .where(
                StorageCleanup.bucket == bucket,
                StorageCleanup.storage_path == path,
                StorageCleanup.due_at > func.clock_timestamp(),
            )
            .values(due_at=func.greatest(StorageCleanup.due_at, _from_now(due_in)))
            .returning(StorageCleanup.id)
        )
        async with self._session.as_service():
            return await self._session.scalar(statement) is not None

    async def lock_due(self, limit: int) -> Sequence[StorageCleanup]:
        """Lock notes whose time has come; whoever would take one back waits for the end of this transaction."""
        statement = (
            select(StorageCleanup)
            .where(StorageCleanup.due_at <= func.clock_timestamp())
            .order_by(StorageCleanup.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        async with self._session.as_service():
            return (await self._session.scalars(statement)).all()

    async def remove(self, notes: Sequence[StorageCleanup]) -> None:
        """Remove notes whose files are gone."""
        async with self._session.as_service():
            await self._session.execute(
                delete(StorageCleanup).where(StorageCleanup.id.in_([note.id for note in notes]))
            )


def _from_now(duration: timedelta) -> ColumnElement[Any]:
    return func.clock_timestamp(type_=DateTime(timezone=True)) + literal(duration)
