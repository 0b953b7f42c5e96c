"""Make the database and Redis ready for use, or say in one line why they are not."""

import asyncpg
from redis.asyncio import Redis
from sqlalchemy.exc import DBAPIError

from backend.clients.redis import RedisError, connect_redis
from backend.commands.errors import DatabaseNotUsable, RedisNotUsable
from backend.commands.local import Local
from backend.db.engine import DatabaseUnavailable, InvalidDatabaseUrl
from backend.db.migrate import migrate
from backend.embedded.data_folder import DataFolder
from backend.embedded.errors import DiskFull
from backend.embedded.progress import Progress
from backend.settings import Settings


async def prepare_database(local: Local, progress: Progress) -> None:
    """Bring the schema up to date, and see that Redis answers."""
    async with progress.step("Schema", done="migrated"):
        await _migrate(local.settings, local.folder)
    if local.valkey is None:
        async with progress.step("Redis"):
            await _ping(connect_redis(local.settings), local.settings)


async def _migrate(settings: Settings, folder: DataFolder) -> None:
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


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[0].rstrip(".")
