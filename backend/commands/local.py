"""Provide, on this machine, whatever address or secret no setting names."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import asyncpg
from redis.asyncio import Redis
from sqlalchemy.exc import DBAPIError

from backend.clients.redis import RedisError, connect_redis
from backend.commands.errors import DatabaseNotUsable, RedisNotUsable
from backend.db.engine import DatabaseUnavailable, InvalidDatabaseUrl
from backend.db.migrate import migrate
from backend.embedded.account import Account
from backend.embedded.data_folder import DataFolder
from backend.embedded.errors import DiskFull, FolderInUse
from backend.embedded.logs import Log
from backend.embedded.postgres import EmbeddedPostgres
from backend.embedded.progress import Progress
from backend.embedded.settings import LocalSettings
from backend.embedded.supervisor import Supervisor
from backend.embedded.valkey import EmbeddedValkey
from backend.settings import Settings

PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Local:
    """Everything the commands share: the folder, its servers, and the settings that complete the given ones."""

    folder: DataFolder
    supervisor: Supervisor
    postgres: EmbeddedPostgres | None
    valkey: EmbeddedValkey | None
    provided: dict[str, str]
    settings: Settings


@asynccontextmanager
async def local_servers(
    progress: Progress, *, public_url: str | None = None, join: bool = False
) -> AsyncIterator[Local]:
    """Start the embedded servers that are needed and stop them at the end.

    With `join`, servers that a running `serve` already holds are used instead of refused.
    """
    account = Account.of_servers()
    given = LocalSettings.load()
    folder = DataFolder.choose(given, account)
    folder.prepare(account)
    postgres = None if given.database_url else _postgres(folder, account)
    valkey = None if given.redis_url else _valkey(folder, account)
    async with AsyncExitStack() as stack:
        joined = not _hold(folder, stack, join=join)
        provided = _provide(given, folder, postgres, valkey, public_url)
        settings = Settings.load(**{name.lower(): value for name, value in provided.items()})
        supervisor = await stack.enter_async_context(Supervisor(progress))
        if not joined:
            progress.say(f"AuraStream keeps its data in {folder.path}")
            await supervisor.start(*(server for server in (postgres, valkey) if server))
        yield Local(folder, supervisor, postgres, valkey, provided, settings)


async def prepare_database(local: Local, progress: Progress) -> None:
    """Bring the schema up to date, and see that Redis answers."""
    async with progress.step("Schema", done="migrated"):
        await migrate_or_explain(local.settings, local.folder)
    if local.valkey is None:
        async with progress.step("Redis"):
            await _ping(connect_redis(local.settings), local.settings)


async def migrate_or_explain(settings: Settings, folder: DataFolder) -> None:
    """Migrate; a database that cannot be used gives one line that says so."""
    url = (settings.migration_database_url or settings.database_url).get_secret_value()
    try:
        await migrate(settings)
    except DatabaseUnavailable as error:
        raise DatabaseNotUsable(url, _first_line(error.cause)) from error
    except (DBAPIError, InvalidDatabaseUrl) as error:
        cause = getattr(error, "orig", None) or error
        if isinstance(getattr(cause, "__cause__", None), asyncpg.DiskFullError):
            raise DiskFull(folder.postgres) from error
        raise DatabaseNotUsable(url, _first_line(str(cause))) from error


async def _ping(redis: Redis, settings: Settings) -> None:
    try:
        await redis.get("aurastream")  # unlike PING, this also needs the permission to read
    except (RedisError, OSError) as error:
        raise RedisNotUsable(settings.redis_url.get_secret_value(), _first_line(str(error))) from error
    finally:
        await redis.aclose()


def _hold(folder: DataFolder, stack: AsyncExitStack, *, join: bool) -> bool:
    try:
        stack.enter_context(folder.held())
    except FolderInUse:
        if not join:
            raise
        return False
    return True


def _postgres(folder: DataFolder, account: Account) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder.postgres, sockets=folder.sockets, log=Log(folder.log("postgres")), account=account)


def _valkey(folder: DataFolder, account: Account) -> EmbeddedValkey:
    return EmbeddedValkey(folder.valkey, sockets=folder.sockets, log=Log(folder.log("valkey")), account=account)


def _provide(
    given: LocalSettings,
    folder: DataFolder,
    postgres: EmbeddedPostgres | None,
    valkey: EmbeddedValkey | None,
    public_url: str | None,
) -> dict[str, str]:
    """Return what completes the settings; in production a signing secret is never made up."""
    provided = {
        "DATABASE_URL": postgres.url() if postgres else None,
        "REDIS_URL": valkey.url() if valkey else None,
        "STORAGE_URL": None if given.storage_url else folder.storage.as_uri(),
        "MAIL_FOLDER": None if given.mail_folder else str(folder.mail),
        "JWT_SECRET_KEY": None if given.jwt_secret_key or given.environment == PRODUCTION else folder.secret(),
        "PUBLIC_URL": None if given.public_url else public_url,
    }
    return {name: value for name, value in provided.items() if value}


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[0].rstrip(".")
