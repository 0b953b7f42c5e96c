"""Migrations lead to what the models say, from nothing and back."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from backend.db import migrate
from backend.db.engine import DatabaseUnavailable, InvalidDatabaseUrl, parse_url


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
    await asyncio.gather(*(migrate.upgrade(empty_database_url) for _ in range(2)))
    assert await migrate.current_revision(empty_database_url) == migrate.newest_revision()


async def test_failing_migration_leaves_nothing_behind(empty_database_url: str) -> None:
    engine = create_async_engine(parse_url(empty_database_url))
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE public.users (in_the_way int)"))
    await engine.dispose()
    with pytest.raises(Exception, match="already exists"):
        await migrate.upgrade(empty_database_url)
    assert await migrate.current_revision(empty_database_url) is None


async def test_owner_without_superuser_rights_can_migrate_for_another_login(
    servers_url: str, empty_database_url: str
) -> None:
    """As on hosted Supabase: the schema's owner is no superuser, and a lesser role logs in."""
    database = parse_url(empty_database_url).database
    engine = create_async_engine(parse_url(servers_url), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for role in ("schema_owner CREATEROLE", "app_login"):
            await connection.execute(text(f"DROP ROLE IF EXISTS {role.split()[0]}"))
            await connection.execute(text(f"CREATE ROLE {role} LOGIN"))
        await connection.execute(text("GRANT anon, authenticated, service_role TO schema_owner WITH ADMIN OPTION"))
        await connection.execute(text(f"ALTER DATABASE {database} OWNER TO schema_owner"))
    owner = parse_url(empty_database_url).set(username="schema_owner").render_as_string(hide_password=False)
    login = parse_url(empty_database_url).set(username="app_login").render_as_string(hide_password=False)
    try:
        await migrate.upgrade(owner, login_role="app_login")
        assert await rows(login, "SELECT set_config('role', 'authenticated', false)") == ["authenticated"]
    finally:
        async with engine.connect() as connection:
            await connection.execute(text(f"DROP DATABASE {database} WITH (FORCE)"))
            await connection.execute(text("DROP ROLE schema_owner"))
            await connection.execute(text("DROP ROLE app_login"))
        await engine.dispose()


async def test_unreachable_database_is_named() -> None:
    with pytest.raises(DatabaseUnavailable):
        await migrate.upgrade("postgresql://nobody@127.0.0.1:1/nowhere")


def test_address_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(InvalidDatabaseUrl):
        parse_url("postgresql://[")


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
