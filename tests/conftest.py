"""Fixtures of all tests: real servers for the session, a database and a Valkey number for each test."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partialmethod
from itertools import count
from pathlib import Path
from ssl import SSLContext
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from backend.api.main import create_app
from backend.clients.http import trust_public_authorities
from backend.clients.redis import Redis, connect_redis
from backend.clients.supabase import Supabase
from backend.container import build_container
from backend.db import migrate
from backend.db.caller import Caller
from backend.db.session import DatabaseSession
from backend.embedded.throw_away import ThrowAwayServers, throw_away_servers
from backend.settings import Settings
from di import Container
from tests.support.accounts import SignedIn, signed_in
from tests.support.isolation import IsolatedSettings, create_database, drop_database, emptied, shape_of
from tests.support.live_server import serve

VALKEY_DATABASES = 10_000
TEMPLATE = "migrated_template"
DEFAULTS: dict[str, Any] = {
    "database_url": "postgresql://nobody@127.0.0.1:1/nowhere",
    "redis_url": "redis://127.0.0.1:1/0",
    "storage_url": "file:///nonexistent",
    "jwt_secret_key": "a-secret-for-tests-only-0123456789abcdef",
    "argon2_time_cost": 1,
    "argon2_memory_kib": 8,
    "database_pool_size": 5,
    "rate_limiting_enabled": True,
    "requests_per_minute_anonymous": 100_000,
    "requests_per_minute_free": 100_000,
}
"""Settings without servers; tests give the addresses of theirs."""

MakeSettings = Callable[..., Settings]
SignUp = Callable[..., Awaitable[SignedIn]]
SessionAs = Callable[[Caller], AbstractAsyncContextManager[DatabaseSession]]


@pytest.fixture(scope="session")
def servers() -> Iterator[ThrowAwayServers]:
    """Run one PostgreSQL and one Valkey for all tests of this process."""
    stack = AsyncExitStack()
    with asyncio.Runner() as runner:
        yield runner.run(stack.enter_async_context(throw_away_servers(valkey_databases=VALKEY_DATABASES)))
        runner.run(stack.aclose())


@pytest.fixture(scope="session")
def servers_url(servers: ThrowAwayServers) -> str:
    """Give the address of this process's Postgres as its superuser."""
    return servers.postgres.url("postgres")


@pytest.fixture(scope="session")
def migrated_template(servers: ThrowAwayServers) -> str:
    """Migrate one database from which each test's own is copied."""

    async def make() -> None:
        await create_database(servers.postgres.url("postgres"), TEMPLATE)
        await migrate.upgrade(servers.postgres.url(TEMPLATE))

    asyncio.run(make())
    return TEMPLATE


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    """Count the tests that asked for something of their own."""
    return count(1)


@pytest.fixture(scope="session")
def migrated_shape(servers: ThrowAwayServers, migrated_template: str) -> str:
    """Know what a migrated database looks like."""
    return asyncio.run(shape_of(servers.postgres.url(migrated_template)))


@pytest.fixture(scope="session")
def emptied_databases() -> list[str]:
    """Keep the names of databases whose tests have ended."""
    return []


@pytest.fixture
async def database_url(
    servers: ThrowAwayServers,
    migrated_template: str,
    migrated_shape: str,
    emptied_databases: list[str],
    numbers: Iterator[int],
) -> AsyncIterator[str]:
    """Give this test a migrated database without rows, which no other test has at the same time."""
    if emptied_databases:
        name = emptied_databases.pop()
    else:
        name = f"test_{next(numbers)}"
        await create_database(servers.postgres.url("postgres"), name, template=migrated_template)
    yield servers.postgres.url(name)
    if await emptied(servers.postgres.url(name), migrated_shape):
        emptied_databases.append(name)
    else:
        await drop_database(servers.postgres.url("postgres"), name)


@pytest.fixture
async def empty_database_url(servers: ThrowAwayServers, numbers: Iterator[int]) -> AsyncIterator[str]:
    """Give this test a database of its own that was never migrated."""
    name = f"empty_{next(numbers)}"
    await create_database(servers.postgres.url("postgres"), name)
    yield servers.postgres.url(name)
    await drop_database(servers.postgres.url("postgres"), name)


@pytest.fixture
def redis_url(servers: ThrowAwayServers, numbers: Iterator[int]) -> str:
    """Give this test an unused Valkey database."""
    return servers.valkey.url(next(numbers) % VALKEY_DATABASES)


@pytest.fixture
def make_settings(tmp_path: Path) -> MakeSettings:
    """Make settings that know nothing of the environment; without servers unless their addresses are given."""

    def make(**values: Any) -> Settings:
        folders = {"storage_url": (tmp_path / "storage").as_uri(), "mail_folder": str(tmp_path / "mail")}
        return IsolatedSettings(**(DEFAULTS | folders | values))

    return make


@pytest.fixture
def settings(make_settings: MakeSettings, database_url: str, redis_url: str) -> Settings:
    """Give the settings of this test, on servers that run."""
    return make_settings(database_url=database_url, redis_url=redis_url)


@pytest.fixture
async def supabase(settings: Settings) -> AsyncIterator[Supabase]:
    """Give the engines on this test's database."""
    supabase = Supabase(settings)
    yield supabase
    await supabase.close()


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    """Give a client on this test's Valkey database."""
    redis = connect_redis(settings)
    yield redis
    await redis.aclose()


@pytest.fixture
def session_as(supabase: Supabase) -> SessionAs:
    """Open sessions for any caller that commit when left without an error."""

    @asynccontextmanager
    async def open_session(caller: Caller) -> AsyncIterator[DatabaseSession]:
        async with supabase.session(caller) as session, session.begin():
            yield session

    return open_session


@pytest.fixture(scope="session")
def tls() -> SSLContext:
    """Load the public certificates once: no test changes them."""
    return trust_public_authorities()


@pytest.fixture(scope="session")
def built() -> tuple[Container, FastAPI]:
    """Build the application once for all tests of this process; each starts it with settings of its own."""
    settings = IsolatedSettings(**DEFAULTS)
    container = build_container(settings)
    return container, create_app(settings, container)


@pytest.fixture
async def container(settings: Settings, tls: SSLContext, built: tuple[Container, FastAPI]) -> AsyncIterator[Container]:
    """Give the started container of this test; nothing that was built for another test is left in it."""
    container, _ = built
    container.replace(Settings, settings)
    container.replace(SSLContext, tls)
    async with container:
        yield container


@pytest.fixture
async def app(container: Container, built: tuple[Container, FastAPI]) -> AsyncIterator[FastAPI]:
    """Give the running application of this test."""
    _, app = built
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def own_app(settings: Settings, container: Container) -> AsyncIterator[FastAPI]:
    """Give an application that no other test uses: to add routes to, or to count its requests."""
    app = create_app(settings, container)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Speak to the application without a socket; answers arrive whole."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client:
        yield client


@pytest.fixture
async def live_url(app: FastAPI) -> AsyncIterator[str]:
    """Serve the application on a loopback port, for browsers and for streams."""
    async with serve(app) as url:
        yield url


@pytest.fixture
async def sign_up(app: FastAPI) -> AsyncIterator[SignUp]:
    """Sign people up and log them in; an email, a password and `remember_me` may be given."""
    async with AsyncExitStack() as stack:
        emails = (f"someone{number}@example.com" for number in count(1))

        async def open_client(email: str | None = None, **options: Any) -> SignedIn:
            return await stack.enter_async_context(signed_in(app, email or next(emails), **options))

        yield open_client


@pytest.fixture
async def alice(sign_up: SignUp) -> SignedIn:
    """Log in one person."""
    return await sign_up("alice@example.com", display_name="Alice")


@pytest.fixture
async def bob(sign_up: SignUp) -> SignedIn:
    """Log in another person."""
    return await sign_up("bob@example.com", display_name="Bob")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a person fuzz harder than every test run does."""
    parser.addoption("--model-examples", type=int, default=200, help="random lives of a container, on each event loop")
    parser.addoption("--without-plans", action="store_true", help="build everything step by step in all containers")
    parser.addoption("--fuzz-cases", type=int, default=5, help="cases for each operation, visitor and mode")


def pytest_configure(config: pytest.Config) -> None:
    """Let all containers do without compiled plans, if that is what is tried."""
    if config.getoption("--without-plans"):
        without_plans = partialmethod(Container.__init__, compiled=False)
        Container.__init__ = without_plans  # type: ignore[assignment,method-assign]  # all tests make their own


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what looks at plans themselves when there are none."""
    if config.getoption("--without-plans"):
        for item in items:
            if item.get_closest_marker("plans"):
                item.add_marker(pytest.mark.skip(reason="looks at compiled plans"))


@pytest.fixture(scope="session")
def fuzz_cases(request: pytest.FixtureRequest) -> int:
    """Give the number of cases for each operation, visitor and mode."""
    return int(request.config.getoption("--fuzz-cases"))
