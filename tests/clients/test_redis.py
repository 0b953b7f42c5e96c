"""The client speaks text, waits for its pool, and says in one way that the server is away."""

import asyncio

import pytest

from backend.clients.redis import UNREACHABLE, Redis, connect_redis
from backend.settings import Settings
from tests.conftest import MakeSettings


async def test_answers_are_text(redis: Redis) -> None:
    await redis.set("name", "Größe")
    assert await redis.get("name") == "Größe"


async def test_each_test_has_a_database_of_its_own(redis: Redis) -> None:
    assert await redis.dbsize() == 0


async def test_commands_wait_for_a_connection_instead_of_failing(settings: Settings) -> None:
    redis = connect_redis(settings.model_copy(update={"redis_max_connections": 2}))
    await asyncio.gather(*(redis.incr("count") for _ in range(50)))
    assert await redis.get("count") == "50"
    await redis.aclose()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "unix:///no/such/socket"])
async def test_server_that_is_not_there_is_unreachable(make_settings: MakeSettings, url: str) -> None:
    redis = connect_redis(make_settings(redis_url=url))
    with pytest.raises(UNREACHABLE):
        await redis.get("anything")
    await redis.aclose()


async def test_lost_connections_are_replaced(redis: Redis) -> None:
    await redis.set("name", "value")
    await redis.client_kill_filter(_type="normal", skipme=False)
    assert await redis.get("name") == "value"
