"""Promises B2 and B3 over a real socket: uvicorn, and clients that leave in the middle."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse

from di import Container
from middleware import Deps
from tests.middleware.asgi import running
from tests.middleware.conftest import Session, Sessions
from tests.support.live_server import serve

# The container of the fixture offers more than the routes of each test ask for.
pytestmark = pytest.mark.filterwarnings("ignore::di.errors.UnusedProviderWarning")


def loops() -> list[Any]:
    """Return the ways to make an event loop that there are here."""
    ways = [pytest.param(asyncio.new_event_loop, id="asyncio")]
    if find_spec("uvloop"):
        ways.append(pytest.param(import_module("uvloop").new_event_loop, id="uvloop"))
    return ways


@pytest.fixture(params=loops())
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    """Run what a test does on one event loop or the other, with the server."""
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner


@asynccontextmanager
async def connected(app: FastAPI, request: bytes) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Serve an application on loopback and send it one request."""
    async with running(app), serve(app) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(request)
        yield reader, writer


def streaming(container: Container, deps: Deps) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def stream(session: Annotated[Session, deps.depends(Session)], chunks: int = 1_000_000) -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            for _ in range(chunks):
                session.log.append("chunk")
                yield b"x" * 1000
                await asyncio.sleep(0)

        return StreamingResponse(body())

    deps.install(app, container)
    return app


async def closed(sessions: Sessions) -> list[str]:
    """Wait until the session of the only request is closed, and tell what became of it."""
    async with asyncio.timeout(5):
        while not sessions.opened or "closed" not in sessions.opened[0].log:  # noqa: ASYNC110 - told by the server's own task
            await asyncio.sleep(0.01)
    (log,) = sessions.logs
    return [entry for entry in log if entry != "chunk"]


async def leave(writer: asyncio.StreamWriter) -> None:
    """Go away without a word in the middle of what the server sends."""
    writer.transport.abort()
    with suppress(ConnectionError):
        await writer.wait_closed()


def test_b3_a_client_that_hangs_up_on_uvicorn_is_no_failure(
    runner: asyncio.Runner, container: Container, sessions: Sessions
) -> None:
    async def hang_up() -> None:
        async with connected(streaming(container, Deps()), b"GET / HTTP/1.1\r\nHost: test\r\n\r\n") as (reader, writer):
            await reader.readexactly(5000)
            await leave(writer)
            assert await closed(sessions) == ["commit", "closed"]
            assert sessions.opened[0].log.count("chunk") < 100_000

    runner.run(hang_up())


UPGRADE = (
    b"GET /socket HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@pytest.mark.skipif(not find_spec("websockets"), reason="uvicorn speaks WebSocket through another package")
@pytest.mark.parametrize("endpoint", ["sends", "receives"])
def test_b3_a_client_that_drops_a_websocket_of_uvicorn_is_no_failure(
    runner: asyncio.Runner, container: Container, sessions: Sessions, endpoint: str
) -> None:
    app, deps = FastAPI(), Deps()

    @app.websocket("/socket")
    async def serve_socket(websocket: WebSocket, session: Annotated[Session, deps.depends(Session)]) -> None:
        await websocket.accept()
        await websocket.send_text("hello")
        while True:
            if endpoint == "sends":
                await websocket.send_text("x" * 1000)
                await asyncio.sleep(0)
            else:
                await websocket.receive_text()

    async def drop() -> None:
        async with connected(app, UPGRADE) as (reader, writer):
            assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
            assert (await reader.readexactly(7)).endswith(b"hello")
            await leave(writer)
            assert await closed(sessions) == ["commit", "closed"]

    deps.install(app, container)
    runner.run(drop())


def test_b3_a_client_that_leaves_in_the_middle_of_its_own_body_is_a_failure(
    runner: asyncio.Runner, container: Container, sessions: Sessions
) -> None:
    """Nothing was answered yet, so nothing may be saved."""
    app, deps = FastAPI(), Deps()
    begun = asyncio.Event()

    @app.post("/")
    async def upload(request: Request, session: Annotated[Session, deps.depends(Session)]) -> int:
        begun.set()
        return len(await request.body())

    async def give_up() -> None:
        request = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\nhalf"
        async with connected(app, request) as (_, writer):
            await begun.wait()
            await leave(writer)
            assert await closed(sessions) == ["ClientDisconnect", "closed"]

    deps.install(app, container)
    runner.run(give_up())


def test_b2_a_whole_stream_from_uvicorn_closes_the_scope_after_its_last_byte(
    runner: asyncio.Runner, container: Container, sessions: Sessions
) -> None:
    async def read_all() -> None:
        request = b"GET /?chunks=20 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
        async with connected(streaming(container, Deps()), request) as (reader, writer):
            body = await reader.read()
            writer.close()
            await writer.wait_closed()
            assert body.count(b"x" * 1000) == 20
            assert await closed(sessions) == ["commit", "closed"]

    runner.run(read_all())
    assert sessions.opened[0].log == ["commit", *["chunk"] * 20, "closed"]
