"""Migrations lead to what the models say, from nothing and back."""

import asyncio
import sys

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from backend.db import migrate
from backend.db.engine import DatabaseUnavailable, InvalidDatabaseUrl, parse_url
from tests.conftest import MakeSettings
from tests.support.isolation import run_alone


async def rows(url: str, query: str) -> list[str]:
    engine = create_async_engine(parse_url(url))
    try:
        async with engine.connect() as connection:
            return [str(row[0]) for row in await connection.execute(text(query))]
    finally:
        await engine.dispose()


async def test_models_and_migrations_agree(database_url: str) -> None:
    assert await migrate.differences(database_url) == []


async def test_upgrade_reaches_the_newest_revision(database_url: str) -> None:
    assert await migrate.current_revision(database_url) == migrate.newest_revision()


async def test_downgrade_leaves_nothing_but_alembics_table(database_url: str) -> None:
    await migrate.downgrade(database_url, "base")
    tables = await rows(
        database_url,
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND c.relkind IN ('r', 'v', 'S', 'm')",
    )
    functions = await rows(database_url, "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
    assert (tables, functions) == (["alembic_version"], [])


async def test_upgrade_after_a_downgrade_works(database_url: str) -> None:
    await migrate.downgrade(database_url, "base")
    await migrate.upgrade(database_url)
    assert await migrate.differences(database_url) == []


async def test_upgrade_twice_changes_nothing(database_url: str) -> None:
    await migrate.upgrade(database_url)
    assert await migrate.current_revision(database_url) == migrate.newest_revision()


async def test_two_processes_may_migrate_at_once(empty_database_url: str) -> None:
    program = "import asyncio, sys; from backend.db import migrate; asyncio.run(migrate.upgrade(sys.argv[1]))"
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program, empty_database_url) for _ in range(2)
    ]
    assert await asyncio.gather(*(process.wait() for process in processes)) == [0, 0]
    assert await migrate.current_revision(empty_database_url) == migrate.newest_revision()


async def test_failing_migration_leaves_nothing_behind(empty_database_url: str) -> None:
    await run_alone(empty_database_url, "CREATE TABLE public.users (in_the_way int)")
    with pytest.raises(Exception, match="already exists"):
        await migrate.upgrade(empty_database_url)
    assert await migrate.current_revision(empty_database_url) is None


async def test_lesser_login_role_may_act_for_callers(
    servers_url: str, empty_database_url: str, make_settings: MakeSettings
) -> None:
    """As on a server where the schema's owner is not whom the backend logs in as."""
    await run_alone(servers_url, "DROP ROLE IF EXISTS lesser_login", "CREATE ROLE lesser_login LOGIN")
    login = parse_url(empty_database_url).set(username="lesser_login", drivername="postgresql")
    login_url = login.render_as_string(hide_password=False)
    try:
        await migrate.migrate(make_settings(database_url=login_url, migration_database_url=empty_database_url))
        assert await rows(login_url, "SELECT set_config('role', 'authenticated', false)") == ["authenticated"]
    finally:
        await run_alone(servers_url, "DROP ROLE lesser_login")


@pytest.mark.usefixtures("migrated_template")  # which makes the roles
async def test_grants_that_hosted_supabase_gives_to_new_tables_are_taken_back(empty_database_url: str) -> None:
    await run_alone(
        empty_database_url,
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated, service_role",
    )
    await migrate.upgrade(empty_database_url)
    too_much = await rows(
        empty_database_url,
        """
        SELECT role || ' may ' || privilege || ' ' || c.relname
        FROM pg_class c, unnest(ARRAY['anon', 'authenticated']) AS role,
            unnest(ARRAY['INSERT', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS privilege
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
            AND has_table_privilege(role, c.oid, privilege)
        UNION ALL SELECT 'authenticated reads password_hash'
        WHERE has_column_privilege('authenticated', 'public.users', 'password_hash', 'SELECT')
        """,
    )
    assert too_much == []


async def test_unreachable_database_is_named() -> None:
    with pytest.raises(DatabaseUnavailable):
        await migrate.upgrade("postgresql://nobody@127.0.0.1:1/nowhere")


def test_address_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(InvalidDatabaseUrl):
        parse_url("not an address")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgres://u:p@h:5/d", "postgresql+asyncpg://u:p@h:5/d"),
        ("postgresql://u@/d?host=/run/pg", "postgresql+asyncpg://u@/d?host=%2Frun%2Fpg"),
        ("postgresql://u@h/d?sslmode=require", "postgresql+asyncpg://u@h/d?ssl=require"),
    ],
)
def test_addresses_are_read_as_libpq_writes_them(given: str, expected: str) -> None:
    assert parse_url(given).render_as_string(hide_password=False) == expected
