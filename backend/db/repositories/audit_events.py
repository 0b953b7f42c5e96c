"""Statements on the audit trail. All run as the backend itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, insert, select

from backend.db.session import DatabaseSession
from backend.db.tables.identity import AuditRow


class AuditRepository:
    """Add to and read the audit trail."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    async def add(self, values: Mapping[str, Any]) -> None:
        """Add one row inside a savepoint, so that its failure is its own."""
        async with self._session.as_service(), self._session.begin_nested():
            await self._session.execute(insert(AuditRow).values(dict(values)))

    async def find(
        self,
        *,
        limit: int = 100,
        event_types: Sequence[str] = (),
        user_id: UUID | None = None,
        email_masked: str | None = None,
        ip: str | None = None,
        success: bool | None = None,
        since: datetime | None = None,
    ) -> Sequence[AuditRow]:
        """Read the newest rows that match every given filter."""
        statement = _filtered(select(AuditRow), event_types, user_id, email_masked, ip, success, since)
        async with self._session.as_service():
            result = await self._session.scalars(statement.order_by(AuditRow.ts.desc(), AuditRow.id).limit(limit))
            return result.all()

    async def count(
        self,
        *,
        event_types: Sequence[str] = (),
        user_id: UUID | None = None,
        success: bool | None = None,
        since: datetime | None = None,
    ) -> int:
        """Count the rows that match every given filter."""
        statement = _filtered(
            select(func.count()).select_from(AuditRow), event_types, user_id, None, None, success, since
        )
        async with self._session.as_service():
            return await self._session.scalar(statement) or 0


def _filtered(
    statement: Select[Any],
    event_types: Sequence[str],
    user_id: UUID | None,
    email_masked: str | None,
    ip: str | None,
    success: bool | None,
    since: datetime | None,
) -> Select[Any]:
    if event_types:
        statement = statement.where(AuditRow.event_type.in_(event_types))
    if user_id is not None:
        statement = statement.where(AuditRow.user_id == user_id)
    if email_masked is not None:
        statement = statement.where(AuditRow.email_masked == email_masked)
    if ip is not None:
        statement = statement.where(AuditRow.ip == ip)
    if success is not None:
        statement = statement.where(AuditRow.success.is_(success))
    if since is not None:
        statement = statement.where(AuditRow.ts >= since)
    return statement
