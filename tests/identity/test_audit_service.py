"""The audit trail."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import ProgrammingError

from backend.clients.supabase import Supabase
from backend.context import RequestContext
from backend.db.caller import Caller
from backend.db.repositories.audit_events import AuditRepository
from backend.db.session import DatabaseSession
from backend.db.tables.identity import AuditRow
from backend.services.identity.audit_events import AuditEvent, mask_email, without_secrets
from backend.services.identity.audit_service import AuditService

CONTEXT = RequestContext("192.0.2.7", "tests", "request-1")


def audit_in(session: DatabaseSession, supabase: Supabase, context: RequestContext = CONTEXT) -> AuditService:
    return AuditService(AuditRepository(session), supabase, context)


async def rows(supabase: Supabase) -> Sequence[AuditRow]:
    async with supabase.side_session() as session:
        return (await session.scalars(select(AuditRow).order_by(AuditRow.ts))).all()


async def test_event_says_who_where_and_in_which_request(supabase: Supabase) -> None:
    user_id = uuid4()
    async with supabase.session(Caller.user(user_id)) as session, session.begin():
        audit = audit_in(session, supabase)
        await audit.record(AuditEvent.LOGIN_SUCCESS, user_id=user_id, email="Alice@Example.com", metadata={"a": 1})
    (row,) = await rows(supabase)

    assert (row.event_type, row.user_id, row.email_masked) == ("login_success", user_id, "a***@example.com")
    assert (str(row.ip), row.user_agent, row.request_id) == ("192.0.2.7", "tests", "request-1")
    assert (row.success, row.details) == (True, {"a": 1})


async def test_success_is_part_of_the_transaction_it_tells_of(supabase: Supabase) -> None:
    async with supabase.session(Caller.anonymous()) as session:
        await audit_in(session, supabase).record(AuditEvent.SIGNUP_SUCCESS)
        await session.rollback()

    assert await rows(supabase) == []


async def test_failure_survives_the_rollback_of_its_request(supabase: Supabase) -> None:
    async with supabase.session(Caller.anonymous()) as session:
        audit = audit_in(session, supabase)
        await audit.record(AuditEvent.LOGIN_FAILED, success=False, failure_reason="wrong credentials")
        await session.rollback()

    assert [row.failure_reason for row in await rows(supabase)] == ["wrong credentials"]


async def break_audit(supabase: Supabase) -> None:
    async with supabase.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE audit_events ADD CONSTRAINT never CHECK (false) NOT VALID"))


async def test_event_that_cannot_be_written_does_not_break_the_request(supabase: Supabase) -> None:
    await break_audit(supabase)
    async with supabase.session(Caller.anonymous()) as session, session.begin():
        await audit_in(session, supabase).record(AuditEvent.SIGNUP_SUCCESS)
        answer = await session.scalar(text("SELECT current_user"))

    assert answer == "anon"


async def test_failure_that_cannot_be_written_does_not_break_the_request(supabase: Supabase) -> None:
    await break_audit(supabase)
    async with supabase.session(Caller.anonymous()) as session:
        await audit_in(session, supabase).record(AuditEvent.LOGIN_FAILED, success=False)
        assert await session.scalar(text("SELECT current_user")) == "anon"


@pytest.mark.parametrize("ip", ["testclient", "", "fe80::1%eth0", None, "not an address"])
async def test_address_that_is_none_is_left_out(supabase: Supabase, ip: str | None) -> None:
    async with supabase.session(Caller.anonymous()) as session, session.begin():
        await audit_in(session, supabase, RequestContext(ip)).record(AuditEvent.LOGOUT)

    assert [row.ip for row in await rows(supabase)] == [None]


async def test_any_text_can_be_told(supabase: Supabase) -> None:
    async with supabase.session(Caller.anonymous()) as session, session.begin():
        audit = audit_in(session, supabase, RequestContext(None, "agent\0\ud800", "r\0"))
        await audit.record(AuditEvent.LOGOUT, email="\ud800\0@x", metadata={"n\0": "v\0\ud800" * 1000})

    (row,) = await rows(supabase)
    assert row.user_agent == "agent?"


@pytest.mark.parametrize(
    "statement",
    [update(AuditRow).values(success=False), delete(AuditRow)],
)
async def test_trail_can_only_grow(supabase: Supabase, statement: Any) -> None:
    async with supabase.session(Caller.service()) as session:
        with pytest.raises(ProgrammingError):
            await session.execute(statement)


async def record_some(supabase: Supabase, user_id: UUID) -> None:
    for event, success, email in [
        (AuditEvent.LOGIN_SUCCESS, True, "a@example.com"),
        (AuditEvent.LOGIN_FAILED, False, "a@example.com"),
        (AuditEvent.LOGIN_FAILED, False, "b@example.com"),
        (AuditEvent.LOGOUT, True, None),
    ]:
        async with supabase.session(Caller.service()) as session, session.begin():
            owner = user_id if success else None
            await audit_in(session, supabase).record(event, user_id=owner, email=email, success=success)


async def test_failed_logins_are_found_by_email(supabase: Supabase) -> None:
    await record_some(supabase, uuid4())
    async with supabase.session(Caller.service()) as session:
        found = await audit_in(session, supabase).failed_logins(email="A@example.com")

    assert [row.email_masked for row in found] == ["a***@example.com"]


async def test_failed_logins_are_found_by_address(supabase: Supabase) -> None:
    await record_some(supabase, uuid4())
    async with supabase.session(Caller.service()) as session:
        audit = audit_in(session, supabase)
        assert len(await audit.failed_logins(ip="192.0.2.7")) == 2
        assert len(await audit.failed_logins(ip="192.0.2.8")) == 0


async def test_activity_of_a_user_comes_newest_first(supabase: Supabase) -> None:
    user_id = uuid4()
    await record_some(supabase, user_id)
    async with supabase.session(Caller.service()) as session:
        activity = await audit_in(session, supabase).user_activity(user_id)

    assert [row.event_type for row in activity] == ["logout", "login_success"]


async def test_events_are_counted(supabase: Supabase) -> None:
    await record_some(supabase, uuid4())
    async with supabase.session(Caller.service()) as session:
        audit = audit_in(session, supabase)
        assert await audit.count(success=False) == 2
        assert await audit.count(event_types=[AuditEvent.LOGOUT]) == 1
        assert len(await audit.events(limit=3)) == 3


@pytest.mark.parametrize(
    ("email", "masked"),
    [("alice@example.com", "a***@example.com"), ("A@B.C", "a***@b.c"), ("", "***"), ("nobody", "n***")],
)
def test_mask(email: str, masked: str) -> None:
    assert mask_email(email) == masked


def test_secrets_are_dropped_at_any_depth() -> None:
    metadata = {
        "fields": ["name"],
        "new_password": "x",
        "deep": [{"Access-Token": "x", "ok": 1, "cookies": {"a": "b"}}],
        "Authorization": "x",
        "csrfToken": "x",
    }

    assert without_secrets(metadata) == {"fields": ["name"], "deep": [{"ok": 1}]}


def test_long_texts_are_cut() -> None:
    assert len(without_secrets({"note": "x" * 10_000})["note"]) == 500
