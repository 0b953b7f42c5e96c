"""Promises B2 and B3 over a real socket: uvicorn, and clients that leave in the middle."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from di import Container
from middleware import Deps
from tests.middleware.asgi import running
from tests.middleware.conftest import Session, Sessions
from tests.support.live_server import serve

# The container of the fixture offers more than the routes of each test ask for.
pytestmark = pytest.mark.filterwarnings("ignore::di.errors.UnusedProviderWarning")


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


async def test_b3_a_client_that_hangs_up_on_uvicorn_is_no_failure(container: Container, sessions: Sessions) -> None:
    request = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
    async with connected(streaming(container, Deps()), request) as (reader, writer):
        await reader.readexactly(5000)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        assert await closed(sessions) == ["commit", "closed"]
        assert sessions.opened[0].log.count("chunk") < 100_000


async def test_b2_a_whole_stream_from_uvicorn_closes_the_scope_after_its_last_byte(
    container: Container, sessions: Sessions
) -> None:
    request = b"GET /?chunks=20 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
    async with connected(streaming(container, Deps()), request) as (reader, writer):
        body = await reader.read()
        writer.close()
        await writer.wait_closed()
        assert body.count(b"x" * 1000) == 20
        assert await closed(sessions) == ["commit", "closed"]
    assert sessions.opened[0].log == ["commit", *["chunk"] * 20, "closed"]
