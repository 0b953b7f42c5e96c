"""Supabase's Postgres: the process's engines and the sessions they give."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from backend.db.caller import Caller
from backend.db.engine import create_engine
from backend.db.session import DatabaseSession
from backend.settings import Settings


class Supabase:
    """Hold one engine for requests and a small one for short writes beside them.

    The second exists so that a request which holds a connection never waits for another one of the same pool:
    with every request doing so, none would come to an end.
    """

    def __init__(self, settings: Settings) -> None:
        self._engine = _engine(settings, settings.database_pool_size, settings.database_pool_overflow, "aurastream")
        self._side_engine = _engine(settings, settings.database_side_pool_size, 0, "aurastream-side")

    @property
    def engine(self) -> AsyncEngine:
        """Give the engine of the main pool."""
        return self._engine

    def session(self, caller: Caller) -> DatabaseSession:
        """Open a session for a caller; it connects with its first query and commits only when told to."""
        return DatabaseSession(self._engine, caller)

    @asynccontextmanager
    async def side_session(self, caller: Caller | None = None) -> AsyncIterator[DatabaseSession]:
        """Open a short transaction of its own, by default as the backend itself; leaving without error commits."""
        async with DatabaseSession(self._side_engine, caller or Caller.service()) as session, session.begin():
            yield session

    async def ping(self) -> None:
        """Ask Postgres for an answer, or raise what kept it from giving one."""
        async with self._side_engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()
        await self._side_engine.dispose()


def _engine(settings: Settings, size: int, overflow: int, name: str) -> AsyncEngine:
    return create_engine(
        settings.database_url.get_secret_value(),
        application_name=name,
        statement_cache_size=settings.database_statement_cache_size,
        command_timeout=settings.database_command_timeout,
        pool_size=size,
        max_overflow=overflow,
        pool_timeout=settings.database_pool_timeout,
        pool_recycle=1800,
    )
