"""Engines on PostgreSQL, and what an address or a lost connection means."""

from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

import asyncpg
from sqlalchemy import URL, ExceptionContext, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from backend.errors import Unavailable

_GOING_AWAY: Final = frozenset({"57P01", "57P02", "57P03"})
"""SQLSTATEs of a server that shuts down, has crashed, or is not up yet."""


class DatabaseUnavailable(Unavailable):
    """Say that PostgreSQL cannot be reached or went away."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__("PostgreSQL")
        self.cause = f"{type(cause).__name__}: {cause}".rstrip(": ")


class InvalidDatabaseUrl(ValueError):
    """Say that an address cannot be read."""

    def __init__(self) -> None:
        super().__init__("The database's address is not of the form postgresql://user:password@host:5432/name.")


def parse_url(url: str) -> URL:
    """Read the address of a database as libpq would write it.

    `?host=/folder` means a Unix socket and `sslmode` is understood.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise InvalidDatabaseUrl from None
    query = dict(parsed.query)
    if "sslmode" in query:
        query["ssl"] = query.pop("sslmode")
    return parsed.set(drivername="postgresql+asyncpg", query=query)


def create_engine(
    url: str, *, application_name: str, statement_cache_size: int = 100, command_timeout: float = 30.0, **options: Any
) -> AsyncEngine:
    """Open an engine; nothing connects before the first use.

    A connection that cannot be made or that broke raises `DatabaseUnavailable`. With a statement cache of zero,
    statements get unique names, so that a pooler in transaction mode can be in between.
    """
    arguments: dict[str, Any] = {
        "timeout": 10,
        "command_timeout": command_timeout,
        "statement_cache_size": statement_cache_size,
        "prepared_statement_cache_size": statement_cache_size,
        "server_settings": {"application_name": application_name},
        "async_creator_fn": _connect,
    }
    if statement_cache_size == 0:
        arguments["prepared_statement_name_func"] = _unique_name
    engine = create_async_engine(parse_url(url), connect_args=arguments, pool_pre_ping=True, **options)
    event.listen(engine.sync_engine, "handle_error", _translate_disconnect)
    return engine


def _unique_name() -> str:
    return f"__aurastream_{uuid4().hex}__"


async def _connect(*args: Any, **kwargs: Any) -> asyncpg.Connection:
    connect: Callable[..., Any] = asyncpg.connect
    try:
        return await connect(*args, **kwargs)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseUnavailable(error) from error


def _translate_disconnect(context: ExceptionContext) -> None:
    if getattr(context.original_exception, "sqlstate", None) in _GOING_AWAY:
        context.is_disconnect = True  # said just before the connection closes
    if context.is_disconnect and not context.is_pre_ping:
        raise DatabaseUnavailable(context.original_exception) from context.original_exception
