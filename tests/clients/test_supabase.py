"""The engines of a process: independent pools, and lost connections that say so."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from backend.clients.supabase import Supabase
from backend.db.caller import Caller
from backend.db.engine import DatabaseUnavailable
from backend.settings import Settings
from tests.conftest import MakeSettings


@pytest.fixture
async def narrow(settings: Settings) -> AsyncIterator[Supabase]:
    """Give engines that hold one connection each, and do not wait for another."""
    sizes = {
        "database_pool_size": 1,
        "database_pool_overflow": 0,
        "database_side_pool_size": 1,
        "database_pool_timeout": 0.1,
    }
    supabase = Supabase(settings.model_copy(update=sizes))
    yield supabase
    await supabase.close()


async def test_side_session_does_not_wait_for_the_main_pool(narrow: Supabase) -> None:
    async with narrow.session(Caller.anonymous()) as held:
        await held.execute(text("SELECT 1"))
        async with narrow.side_session() as side:
            assert await side.scalar(text("SELECT current_user")) == "service_role"


async def test_side_session_commits_by_itself(narrow: Supabase) -> None:
    async with narrow.side_session() as side:
        await side.execute(text("INSERT INTO users (email, display_name) VALUES ('a@example.com', 'A')"))
    async with narrow.session(Caller.service()) as session:
        assert await session.scalar(text("SELECT count(*) FROM users")) == 1


async def test_side_session_that_failed_leaves_nothing(narrow: Supabase) -> None:
    with pytest.raises(LookupError):
        async with narrow.side_session() as side:
            await side.execute(text("INSERT INTO users (email, display_name) VALUES ('a@example.com', 'A')"))
            raise LookupError
    async with narrow.session(Caller.service()) as session:
        assert await session.scalar(text("SELECT count(*) FROM users")) == 0


async def test_pool_without_a_free_connection_gives_up_after_its_limit(narrow: Supabase) -> None:
    async with narrow.session(Caller.anonymous()) as held, narrow.session(Caller.anonymous()) as waiting:
        await held.execute(text("SELECT 1"))
        with pytest.raises(PoolTimeout):
            await waiting.execute(text("SELECT 1"))


async def test_connection_lost_in_a_transaction_is_unavailability(narrow: Supabase) -> None:
    async with narrow.session(Caller.anonymous()) as session:
        lost = await session.scalar(text("SELECT pg_backend_pid()"))
        async with narrow.side_session() as side:
            await side.execute(text("RESET ROLE"))
            await side.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": lost})
        with pytest.raises(DatabaseUnavailable):
            await session.execute(text("SELECT 1"))


@pytest.mark.parametrize("state", ["57P01", "57P02", "57P03"])
async def test_server_that_says_that_it_goes_away_is_unavailability(narrow: Supabase, state: str) -> None:
    """It says so a moment before the connection closes, which is not used again."""
    async with narrow.session(Caller.anonymous()) as session:
        lost = await session.scalar(text("SELECT pg_backend_pid()"))
        with pytest.raises(DatabaseUnavailable):
            await session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'going' USING ERRCODE = '{state}'; END $$"))
    async with narrow.session(Caller.anonymous()) as session:
        assert await session.scalar(text("SELECT pg_backend_pid()")) != lost


async def test_connection_lost_between_requests_is_replaced(narrow: Supabase) -> None:
    async with narrow.session(Caller.anonymous()) as session:
        lost = await session.scalar(text("SELECT pg_backend_pid()"))
    async with narrow.side_session() as side:
        await side.execute(text("RESET ROLE"))
        await side.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": lost})
    async with narrow.session(Caller.anonymous()) as session:
        assert await session.scalar(text("SELECT pg_backend_pid()")) != lost


@pytest.mark.parametrize(
    "url", ["postgresql://nobody@127.0.0.1:1/nowhere", "postgresql://nobody@/nowhere?host=/no/such/folder"]
)
async def test_server_that_is_not_there_is_unavailable(make_settings: MakeSettings, url: str) -> None:
    supabase = Supabase(make_settings(database_url=url))
    async with supabase.session(Caller.anonymous()) as session:
        with pytest.raises(DatabaseUnavailable) as caught:
            await session.execute(text("SELECT 1"))
    await supabase.close()
    assert caught.value.status == 503


async def test_pooler_in_transaction_mode_gets_no_named_statement_twice(settings: Settings) -> None:
    supabase = Supabase(settings.model_copy(update={"database_statement_cache_size": 0}))
    names: set[str] = set()
    async with supabase.session(Caller.service()) as session:
        for _ in range(3):
            names |= set((await session.scalars(text("SELECT name FROM pg_prepared_statements"))).all())
    await supabase.close()
    assert all(name.startswith("__aurastream_") for name in names)
    assert len(names) == 3
