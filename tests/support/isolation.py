"""Give each test a database, a Valkey number and settings of its own."""

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from backend.db.engine import parse_url
from backend.settings import Settings


class IsolatedSettings(Settings):
    """Take values from the constructor alone, whatever the developer's environment says."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def admin_engine(url: str) -> AsyncEngine:
    """Open an engine that may create and drop databases."""
    return create_async_engine(parse_url(url), isolation_level="AUTOCOMMIT", pool_size=1)


async def create_database(admin_url: str, name: str, *, template: str = "template1") -> None:
    """Copy a template into a new database; nobody may be connected to the template."""
    engine = admin_engine(admin_url)
    try:
        async with engine.connect() as connection:
            await connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    finally:
        await engine.dispose()


async def drop_database(admin_url: str, name: str) -> None:
    """Drop a database, and end the connections a failed test left behind."""
    engine = admin_engine(admin_url)
    try:
        async with engine.connect() as connection:
            await connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    finally:
        await engine.dispose()
