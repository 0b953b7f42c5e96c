"""The Redis or Valkey connection pool of the process."""

from collections.abc import AsyncIterator
from typing import Final

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from backend.settings import Settings

__all__ = ["UNREACHABLE", "Redis", "RedisError", "connect_redis", "open_redis"]

UNREACHABLE: Final = (RedisConnectionError, RedisTimeoutError)
"""What a command raises when the server cannot be reached; for `except UNREACHABLE`."""


def connect_redis(settings: Settings) -> Redis:
    """Make a client whose commands answer with text; nothing connects before the first command.

    A command that blocks on the server must block for less than the settings' `redis_timeout`.
    """
    pool = BlockingConnectionPool.from_url(
        settings.redis_url.get_secret_value(),
        max_connections=settings.redis_max_connections,
        timeout=settings.redis_timeout,
        decode_responses=True,
        socket_timeout=settings.redis_timeout,
        socket_connect_timeout=2.0,
        health_check_interval=30,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.02), retries=3),
        client_name="aurastream",
    )
    return Redis.from_pool(pool)


async def open_redis(settings: Settings) -> AsyncIterator[Redis]:
    """Provide the client and close its connections at the end."""
    client = connect_redis(settings)
    try:
        yield client
    finally:
        await client.aclose()
