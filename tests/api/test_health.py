"""Health says what is wrong, and nothing is wrong when nothing is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from backend.api.main import create_app
from backend.container import build_container
from backend.db import migrate
from backend.settings import Settings
from tests.conftest import MakeSettings


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Run an application of its own, also on parts that are not there."""
    app = create_app(settings, build_container(settings))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client,
    ):
        yield client


async def test_ready_names_each_part_that_answers(client: httpx.AsyncClient) -> None:
    response = await client.get("/health/ready")
    assert response.status_code == 200
    assert {name: check["up"] for name, check in response.json()["checks"].items()} == {
        "PostgreSQL": True,
        "Redis": True,
    }


async def test_process_lives_without_its_parts(make_settings: MakeSettings) -> None:
    async with running(make_settings()) as client:
        assert (await client.get("/health/live")).json() == {"status": "alive"}


async def test_not_ready_without_postgres(make_settings: MakeSettings, redis_url: str) -> None:
    async with running(make_settings(redis_url=redis_url)) as client:
        response = await client.get("/health/ready")
    error = response.json()["error"]
    assert (response.status_code, error["code"], response.headers["Retry-After"]) == (503, "NOT_READY", "5")
    assert error["details"]["checks"]["Redis"]["up"] is True
    assert "ConnectionRefusedError" in error["details"]["checks"]["PostgreSQL"]["cause"]
    assert "BrandKitService degraded: Supabase" in error["details"]["degraded"]


async def test_not_ready_without_redis(make_settings: MakeSettings, database_url: str) -> None:
    async with running(make_settings(database_url=database_url)) as client:
        response = await client.get("/health/ready")
    checks = response.json()["error"]["details"]["checks"]
    assert (response.status_code, checks["PostgreSQL"]["up"], checks["Redis"]["up"]) == (503, True, False)


async def test_part_that_never_answers_is_given_up(make_settings: MakeSettings, redis_url: str) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        url = f"postgresql://nobody@127.0.0.1:{port}/nowhere"
        async with running(make_settings(database_url=url, redis_url=redis_url)) as client:
            response = await client.get("/health/ready")
    assert response.json()["error"]["details"]["checks"]["PostgreSQL"]["cause"] == "no answer within 2 seconds"


@pytest.mark.parametrize("revision", ["base", "0002"])
async def test_schema_of_an_older_version_is_not_ready(
    settings: Settings, client: httpx.AsyncClient, revision: str
) -> None:
    await migrate.downgrade(settings.database_url.get_secret_value(), revision)
    response = await client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["error"]["details"]["checks"]["PostgreSQL"]["cause"].startswith("SchemaOutOfDate: ")


async def test_request_without_postgres_is_a_503_that_names_it(make_settings: MakeSettings, redis_url: str) -> None:
    async with running(make_settings(redis_url=redis_url)) as client:
        response = await client.post(
            "/api/v1/auth/login", json={"email": "someone@example.com", "password": "Correct-horse-9"}
        )
    error = response.json()["error"]
    assert (response.status_code, error["details"]["part"]) == (503, "PostgreSQL")
