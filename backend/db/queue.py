"""The names of pgqueuer's database objects, fixed in code."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import (
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain.settings import DBSettings
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from sqlalchemy import NullPool

from backend.db.engine import create_engine
from backend.settings import Settings

QUEUE_SCHEMA: Final = "pgqueuer"
GENERATE: Final = "generate"
"""Entrypoint of generation jobs; the payload is the job's id as text."""


class QueueNames(DBSettings):
    """pgqueuer's settings with its own defaults, deaf to the environment.

    pgqueuer would take a table's name from variables as common as `CHANNEL` or `TRIGGER`;
    a process started with one of them would look for jobs in a table nobody fills.
    """

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


def queue_names() -> QueueNames:
    """Return where pgqueuer's tables are: its default names in a schema of their own."""
    return QueueNames(db_schema=QUEUE_SCHEMA)


def queue_queries(driver: AsyncpgDriver) -> Queries:
    """Return pgqueuer's statements over one connection, bound to our names."""
    names = queue_names()
    return Queries(
        driver,
        qbe=QueryBuilderEnvironment(names),
        qbq=QueryQueueBuilder(names),
        qbs=QuerySchedulerBuilder(names),
    )


@asynccontextmanager
async def open_queue_connection(settings: Settings) -> AsyncIterator[asyncpg.Connection[Any]]:
    """Open a connection of its own that may listen; raises `DatabaseUnavailable` where there is none to be had.

    It must reach Postgres itself: a pooler in transaction mode does not pass notifications on.
    """
    engine = create_engine(
        settings.database_url.get_secret_value(), application_name="aurastream-queue", poolclass=NullPool
    )
    connection = await engine.connect()
    raw: asyncpg.Connection[Any] = (await connection.get_raw_connection()).driver_connection
    try:
        yield raw
    finally:
        if raw.is_closed():
            await connection.invalidate()
        await connection.close()
