"""The trail of security-relevant events."""

import ipaddress
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from backend.clients.supabase import Supabase
from backend.context import RequestContext
from backend.db.engine import DatabaseUnavailable
from backend.db.failures import DATABASE_FAILURES
from backend.db.repositories.audit_events import AuditRepository
from backend.db.tables.identity import AuditRow
from backend.services.identity.audit_events import AuditEvent, clean_text, mask_email, without_secrets

_LOG: Final = logging.getLogger(__name__)


class AuditService:
    """Write and read the audit trail with the address and id of the request at hand.

    A success is part of the transaction it tells of. A failure is written at once by a transaction of its own,
    because the request's will be rolled back. An event that cannot be written is logged and breaks no request, but a
    success whose transaction is lost with its connection raises `DatabaseUnavailable`: it was none.
    """

    def __init__(self, events: AuditRepository, supabase: Supabase, context: RequestContext) -> None:
        self._events = events
        self._supabase = supabase
        self._context = context

    async def record(
        self,
        event_type: AuditEvent,
        *,
        user_id: UUID | None = None,
        email: str | None = None,
        success: bool = True,
        failure_reason: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Add an event; the email is masked and everything in the metadata that sounds secret is dropped."""
        values = {
            "event_type": event_type.value,
            "user_id": user_id,
            "email_masked": None if email is None else clean_text(mask_email(email)),
            "ip": _address(self._context.ip),
            "user_agent": None if self._context.user_agent is None else clean_text(self._context.user_agent),
            "success": success,
            "failure_reason": None if failure_reason is None else clean_text(failure_reason),
            "details": without_secrets(metadata or {}),
            "request_id": clean_text(self._context.request_id),
        }
        try:
            if success:
                await self._events.add(values)
            else:
                async with self._supabase.side_session() as session:
                    await AuditRepository(session).add(values)
        except DATABASE_FAILURES as error:
            if success and isinstance(error, DatabaseUnavailable):
                raise  # the transaction that it would be part of is lost, and the request with it
            _LOG.exception("An audit event could not be written", extra={"event_type": event_type.value})

    async def events(
        self,
        *,
        limit: int = 100,
        event_types: Sequence[AuditEvent] = (),
        user_id: UUID | None = None,
        since: datetime | None = None,
    ) -> Sequence[AuditRow]:
        """Read the newest events."""
        return await self._events.find(limit=limit, event_types=event_types, user_id=user_id, since=since)

    async def failed_logins(
        self, *, email: str | None = None, ip: str | None = None, since: datetime | None = None, limit: int = 100
    ) -> Sequence[AuditRow]:
        """Read the newest failed logins of an email, an address, or anybody."""
        return await self._events.find(
            limit=limit,
            event_types=(AuditEvent.LOGIN_FAILED,),
            email_masked=None if email is None else mask_email(email),
            ip=_address(ip),
            since=since,
        )

    async def user_activity(self, user_id: UUID, *, limit: int = 100) -> Sequence[AuditRow]:
        """Read what one user did last."""
        return await self._events.find(limit=limit, user_id=user_id)

    async def count(
        self,
        *,
        event_types: Sequence[AuditEvent] = (),
        user_id: UUID | None = None,
        success: bool | None = None,
        since: datetime | None = None,
    ) -> int:
        """Count events."""
        return await self._events.count(event_types=event_types, user_id=user_id, success=success, since=since)


def _address(text: str | None) -> str | None:
    """Give an address that Postgres can store; it knows no IPv6 zones."""
    try:
        return None if text is None or "%" in text else str(ipaddress.ip_address(text))
    except ValueError:
        return None
