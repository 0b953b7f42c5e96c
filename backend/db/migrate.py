"""Bring a database's schema to a revision, and compare it with the mapped tables."""

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Final, TypeVar

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, NullPool, text

from backend.db import tables
from backend.db.base import Base
from backend.db.engine import create_engine
from backend.settings import Settings

MIGRATION_LOCK: Final = 0x6175_7261_6D69_6772
"""Key of the advisory lock that lets one process migrate at a time."""

_SCRIPTS: Final = "backend.db:migrations"

T = TypeVar("T")


async def migrate(settings: Settings) -> None:
    """Bring the database of the settings to the newest revision.

    Where the schema's owner is not whom the backend logs in as, let the login role act for callers.
    """
    login_url = settings.database_url.get_secret_value()
    if settings.migration_database_url is None:
        await upgrade(login_url)
    else:
        await upgrade(
            settings.migration_database_url.get_secret_value(), login_role=await _run(login_url, _session_user)
        )


async def upgrade(url: str, revision: str = "head", *, login_role: str | None = None) -> None:
    """Apply migrations up to a revision, all in one transaction.

    Processes may do so at once: one waits for the other. Alembic's state allows one call at a time in a process.
    """

    def run(connection: Connection) -> None:
        command.upgrade(_config(connection), revision)
        if login_role is not None:
            _let_act(connection, login_role)

    await _run(url, run)


async def downgrade(url: str, revision: str) -> None:
    """Undo migrations down to a revision, or all of them with `base`."""
    await _run(url, lambda connection: command.downgrade(_config(connection), revision))


async def current_revision(url: str) -> str | None:
    """Tell which revision a database is at; None when it was never migrated."""
    return await _run(url, lambda connection: MigrationContext.configure(connection).get_current_revision())


def newest_revision() -> str:
    """Tell which revision this code needs."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise NoMigrations
    return revision


async def differences(url: str) -> list[Any]:
    """List what the mapped tables and a migrated database disagree on, as Alembic's operations."""

    def compare(connection: Connection) -> list[Any]:
        options = comparison_options()
        metadata = options.pop("target_metadata")
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    return await _run(url, compare)


class NoMigrations(Exception):
    """Say that the migrations are not where they are expected."""

    def __init__(self) -> None:
        super().__init__(f"There are no migrations in {_SCRIPTS}: the installation is not complete.")


def comparison_options() -> dict[str, Any]:
    """Give the options under which models and database are compared."""
    return {
        "target_metadata": _metadata(),
        "compare_type": True,
        "compare_server_default": True,
        "include_name": _is_ours,
        "version_table_schema": "public",
    }


def _metadata() -> MetaData:
    for module in iter_modules(tables.__path__):
        import_module(f"{tables.__name__}.{module.name}")
    return Base.metadata


def _is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    return not (kind == "table" and name == "alembic_version")


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.attributes["connection"] = connection
    return config


async def _run(url: str, work: Callable[[Connection], T]) -> T:
    engine = create_engine(url, application_name="aurastream-migrate", command_timeout=600.0, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _session_user(connection: Connection) -> str:
    """Ask the server: behind a pooler, the name in the address is not the role's."""
    return str(connection.execute(text("SELECT session_user")).scalar_one())


def _let_act(connection: Connection, login_role: str) -> None:
    """Make a login role a member of the callers' roles, where it is not one yet."""
    quoted = connection.dialect.identifier_preparer.quote_identifier(login_role)
    for role in ("anon", "authenticated", "service_role"):
        member = connection.execute(
            text("SELECT pg_has_role(:login, :role, 'MEMBER')"), {"login": login_role, "role": role}
        )
        if not member.scalar_one():
            connection.execute(text(f"GRANT {role} TO {quoted}"))
