"""No user touches another's rows, in any table of the catalogue, whatever statement a session sends."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backend.db.caller import Caller
from backend.db.session import DatabaseSession
from tests.conftest import SessionAs
from tests.support.rows import OWNERS_ID, ROWS, insert, insert_all

ALEMBICS = "public.alembic_version"
CATALOGUE = """
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
"""
VISIBLE_TO_THE_OWNER = [
    "public.users",
    "public.user_identities",
    "public.user_usage",
    "public.brand_kits",
    "public.brand_kit_logos",
    "public.generation_jobs",
    "public.assets",
]
REFUSED = "42501"


async def names(session: DatabaseSession, query: str) -> set[str]:
    return set((await session.scalars(text(query))).all())


async def outcome(session: DatabaseSession, statement: str) -> int | str:
    """Run a statement and say how many rows it touched or saw, or that it was refused."""
    try:
        async with session.begin_nested():
            result = await session.execute(text(statement))
            return len(result.all()) if result.returns_rows else int(result.rowcount)  # type: ignore[attr-defined]  # a cursor's
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != REFUSED:
            raise
        return "refused"


async def columns_of(session: DatabaseSession, table: str) -> set[str]:
    return await names(
        session,
        f"SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped "
        "AND attgenerated = '' AND attidentity <> 'a'",
    )


@pytest.fixture
async def _rows_of_alice(session_as: SessionAs) -> None:
    async with session_as(Caller.service()) as session:
        await insert_all(session)


async def test_every_table_has_a_row_in_this_test(session_as: SessionAs) -> None:
    async with session_as(Caller.service()) as session:
        tables = await names(session, f"SELECT n.nspname || '.' || c.relname {CATALOGUE}")
    assert tables - {ALEMBICS} == set(ROWS)


async def test_row_security_is_enabled_and_forced_on_every_table(session_as: SessionAs) -> None:
    async with session_as(Caller.service()) as session:
        open_tables = await names(
            session,
            f"SELECT n.nspname || '.' || c.relname {CATALOGUE} AND NOT (c.relrowsecurity AND c.relforcerowsecurity)",
        )
    assert open_tables == {ALEMBICS}  # its owner must write it; nobody else may, see below


async def test_every_table_has_a_policy(session_as: SessionAs) -> None:
    async with session_as(Caller.service()) as session:
        bare = await names(
            session,
            f"SELECT n.nspname || '.' || c.relname {CATALOGUE} "
            "AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid)",
        )
    assert bare == set()


async def test_there_is_no_view_that_reads_past_row_security(session_as: SessionAs) -> None:
    async with session_as(Caller.service()) as session:
        assert (
            await names(
                session, "SELECT relname FROM pg_class WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace"
            )
            == set()
        )


async def test_functions_with_the_owners_rights_fix_their_search_path(session_as: SessionAs) -> None:
    async with session_as(Caller.service()) as session:
        loose = await names(
            session,
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef "
            "AND NOT coalesce(proconfig::text LIKE '%search_path=%', false)",
        )
    assert loose == set()


@pytest.mark.usefixtures("_rows_of_alice")
@pytest.mark.parametrize("caller", [Caller.user(uuid4()), Caller.anonymous()], ids=["another user", "nobody"])
@pytest.mark.parametrize("table", [*ROWS, ALEMBICS])
async def test_others_neither_see_nor_change_a_row(session_as: SessionAs, table: str, caller: Caller) -> None:
    async with session_as(Caller.service()) as session:
        columns = await columns_of(session, table)
    async with session_as(caller) as session:
        outcomes = {
            "select": await outcome(session, f"SELECT 1 FROM {table}"),
            "delete": await outcome(session, f"DELETE FROM {table}"),
            "truncate": await outcome(session, f"TRUNCATE {table} CASCADE"),
            **{f"update {name}": await outcome(session, f'UPDATE {table} SET "{name}" = DEFAULT') for name in columns},
        }
    assert {what: seen for what, seen in outcomes.items() if seen not in {0, "refused"}} == {}


@pytest.mark.parametrize("caller", [Caller.user(uuid4()), Caller.anonymous()], ids=["another user", "nobody"])
@pytest.mark.parametrize("table", ROWS)
async def test_others_cannot_insert_a_row_in_somebodys_name(session_as: SessionAs, table: str, caller: Caller) -> None:
    async with session_as(caller) as session:
        with pytest.raises(DBAPIError) as caught:
            await insert(session, table)
        await session.rollback()
    assert getattr(caught.value.orig, "sqlstate", None) == REFUSED


@pytest.mark.usefixtures("_rows_of_alice")
@pytest.mark.parametrize("table", VISIBLE_TO_THE_OWNER)
async def test_owner_sees_his_own_row(session_as: SessionAs, table: str) -> None:
    async with session_as(Caller.user(OWNERS_ID)) as session:
        assert await outcome(session, f"SELECT 1 FROM {table}") == 1


@pytest.mark.usefixtures("_rows_of_alice")
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT password_hash FROM public.users",
        "UPDATE public.users SET subscription_tier = 'unlimited'",
        "UPDATE public.users SET role = 'admin'",
        "UPDATE public.user_usage SET creations_used = 0",
        "DELETE FROM public.user_usage",
        "DELETE FROM public.audit_events",
        "SELECT token_hash FROM public.auth_tokens",
        "UPDATE public.generation_jobs SET status = 'queued'",
        "DELETE FROM public.generation_jobs",
        "UPDATE public.assets SET storage_path = 'somebody/else.png'",
        "UPDATE public.brand_kits SET user_id = gen_random_uuid()",
    ],
)
async def test_owner_cannot_help_himself(session_as: SessionAs, statement: str) -> None:
    async with session_as(Caller.user(OWNERS_ID)) as session:
        assert await outcome(session, statement) == "refused"


async def test_user_cannot_become_the_service_role_by_claims(session_as: SessionAs) -> None:
    async with session_as(Caller.user(OWNERS_ID)) as session:
        await session.execute(text("""SELECT set_config('request.jwt.claims', '{"role": "service_role"}', true)"""))
        assert await outcome(session, "SELECT 1 FROM public.auth_tokens") == "refused"
