"""A database session speaks for its caller, from the first statement on and for no longer than the transaction."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backend.clients.supabase import Supabase
from backend.db.caller import Caller
from backend.db.session import DatabaseSession
from tests.conftest import SessionAs


async def role_of(session: DatabaseSession) -> str:
    return str(await session.scalar(text("SELECT current_user")))


async def user_id_of(session: DatabaseSession) -> UUID | None:
    found = await session.scalar(text("SELECT public.current_user_id()"))
    return None if found is None else UUID(str(found))


@pytest.mark.parametrize(
    ("caller", "role"),
    [(Caller.anonymous(), "anon"), (Caller.user(uuid4()), "authenticated"), (Caller.service(), "service_role")],
)
async def test_transaction_runs_in_the_role_of_its_caller(session_as: SessionAs, caller: Caller, role: str) -> None:
    async with session_as(caller) as session:
        assert await role_of(session) == role


async def test_database_knows_the_users_id(session_as: SessionAs) -> None:
    user_id = uuid4()
    async with session_as(Caller.user(user_id)) as session:
        assert await user_id_of(session) == user_id


async def test_database_knows_no_id_of_an_anonymous_caller(session_as: SessionAs) -> None:
    async with session_as(Caller.anonymous()) as session:
        assert await user_id_of(session) is None


async def test_every_transaction_of_a_session_enters_the_role(supabase: Supabase) -> None:
    async with supabase.session(Caller.anonymous()) as session:
        await role_of(session)
        await session.commit()
        assert await role_of(session) == "anon"


async def test_role_ends_with_the_transaction(supabase: Supabase) -> None:
    async with supabase.session(Caller.anonymous()) as session:
        await role_of(session)
        await session.commit()
    async with supabase.engine.connect() as connection:
        left = (
            await connection.execute(text("SELECT current_user, current_setting('request.jwt.claims', true)"))
        ).one()
    assert left[0] not in {"anon", "authenticated", "service_role"}
    assert not left[1]


async def test_as_service_elevates_and_returns(session_as: SessionAs) -> None:
    async with session_as(Caller.user(uuid4())) as session:
        async with session.as_service():
            inside = await role_of(session)
        assert (inside, await role_of(session)) == ("service_role", "authenticated")


async def test_as_service_before_the_first_statement_elevates(session_as: SessionAs) -> None:
    async with session_as(Caller.anonymous()) as session, session.as_service():
        assert await role_of(session) == "service_role"


async def test_transaction_that_begins_elevated_is_elevated(supabase: Supabase) -> None:
    async with supabase.session(Caller.anonymous()) as session:
        async with session.as_service():
            inside = await role_of(session)
        assert (inside, await role_of(session)) == ("service_role", "anon")


async def test_nested_as_service_stays_elevated_until_the_outer_end(session_as: SessionAs) -> None:
    async with session_as(Caller.anonymous()) as session:
        async with session.as_service():
            async with session.as_service():
                pass
            assert await role_of(session) == "service_role"
        assert await role_of(session) == "anon"


async def test_role_returns_after_an_error_of_the_program(session_as: SessionAs) -> None:
    async with session_as(Caller.anonymous()) as session:
        with pytest.raises(LookupError):
            async with session.as_service():
                raise LookupError
        assert await role_of(session) == "anon"


async def test_failed_statement_is_what_as_service_raises(supabase: Supabase) -> None:
    async with supabase.session(Caller.anonymous()) as session:
        with pytest.raises(DBAPIError, match="division by zero"):
            async with session.as_service():
                await session.execute(text("SELECT 1/0"))
        await session.rollback()
        assert await role_of(session) == "anon"


async def test_savepoint_inside_as_service_keeps_the_elevation(session_as: SessionAs) -> None:
    async with session_as(Caller.anonymous()) as session, session.as_service():
        with pytest.raises(DBAPIError):
            async with session.begin_nested():
                await session.execute(text("SELECT 1/0"))
        assert await role_of(session) == "service_role"


async def test_as_service_inside_a_failing_savepoint_returns_to_the_caller(session_as: SessionAs) -> None:
    async with session_as(Caller.anonymous()) as session:
        await role_of(session)
        with pytest.raises(DBAPIError):
            async with session.begin_nested(), session.as_service():
                await session.execute(text("SELECT 1/0"))
        assert await role_of(session) == "anon"


async def test_rollback_inside_as_service_does_not_leave_the_service_role_behind(supabase: Supabase) -> None:
    async with supabase.session(Caller.anonymous()) as session:
        async with session.as_service():
            await role_of(session)
            await session.rollback()
        assert await role_of(session) == "anon"


async def test_unused_session_takes_no_connection(supabase: Supabase) -> None:
    async with supabase.session(Caller.anonymous()) as session, session.as_service():
        assert supabase.engine.pool.status().startswith("Pool size: 5  Connections in pool: 0")
