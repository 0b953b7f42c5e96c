"""Promises B3 and B4 in the drop-in form: the unit of work is told how it ended, and saved before it is said."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Annotated, Any

import anyio
import lagom
import pytest
from fastapi import Depends, FastAPI, Request, WebSocket
from fastapi.responses import PlainTextResponse, StreamingResponse
from fastapi.testclient import TestClient
from starlette.middleware.base import BaseHTTPMiddleware  # noqa: TID251 - people have it; it cancels what streams
from starlette.requests import ClientDisconnect
from starlette.websockets import WebSocketDisconnect

from di import Container, Scope, current_scope
from di._scope import current
from middleware import Deps
from tests.middleware.asgi import ClientGone, get
from tests.middleware.drop_in.services import Connection, define_connection

OK = ["commit", "closed"]


@pytest.fixture
def deps(container: lagom.Container, opened: list[Connection]) -> Deps:
    define_connection(container, opened)
    return Deps(container, request_context_singletons=[Connection])


def stream(app: FastAPI, deps: Deps, broken: type[BaseException] | None = None) -> None:
    @app.get("/")
    async def route(connection: Annotated[Connection, deps.depends(Connection)]) -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            for _ in range(5):
                assert connection.log == []
                yield b"more"
                await anyio.lowlevel.checkpoint()
                if broken is not None:
                    raise broken

        return StreamingResponse(body())


async def test_a5_the_unit_of_work_ends_after_the_last_byte(app: FastAPI, deps: Deps, opened: list[Connection]) -> None:
    stream(app, deps)
    messages = await get(app)
    assert b"".join(message.get("body", b"") for message in messages) == b"more" * 5
    assert opened[0].log == OK
    assert current.get() is None


@pytest.mark.parametrize("spec", ["2.3", "2.4"])
@pytest.mark.parametrize("cancels", [False, True])
async def test_b3_a_client_that_leaves_a_drop_in_stream_is_no_failure(
    app: FastAPI, deps: Deps, opened: list[Connection], spec: str, cancels: bool
) -> None:
    stream(app, deps)
    if cancels:
        app.add_middleware(BaseHTTPMiddleware, dispatch=lambda request, call_next: call_next(request))
    with suppress(ClientDisconnect, ClientGone):  # what the server of ASGI 2.4 gets to hear
        await get(app, spec=spec, leave_after=2)
    assert opened[0].log == OK


@pytest.mark.parametrize("spec", ["2.3", "2.4"])
@pytest.mark.parametrize("broken", [OSError, ValueError])
async def test_b3_a_drop_in_body_that_breaks_is_a_failure(
    app: FastAPI, deps: Deps, opened: list[Connection], spec: str, broken: type[Exception]
) -> None:
    stream(app, deps, broken)
    with pytest.raises(Exception):  # noqa: B017, PT011 - what Starlette makes of it
        await get(app, spec=spec)
    assert opened[0].log[0] != "commit"
    assert opened[0].log[-1] == "closed"


async def test_b3_a_cancelled_drop_in_request_is_rolled_back(
    app: FastAPI, deps: Deps, opened: list[Connection]
) -> None:
    reached = asyncio.Event()

    @app.get("/")
    async def route(connection: Annotated[Connection, deps.depends(Connection)]) -> None:
        reached.set()
        await asyncio.Event().wait()

    request = asyncio.create_task(get(app))
    await reached.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert opened[0].log == ["CancelledError", "closed"]


class Refused(Exception):
    """A commit that failed."""


@pytest.mark.parametrize("fails", [False, True])
async def test_b4_a_drop_in_request_is_saved_before_its_first_byte(app: FastAPI, deps: Deps, fails: bool) -> None:
    log: list[str] = []

    @app.exception_handler(Refused)
    async def handle(request: Request, error: Exception) -> PlainTextResponse:
        return PlainTextResponse("refused", 409)

    async def commit() -> None:
        await asyncio.sleep(0)
        log.append("commit")
        if fails:
            raise Refused

    def in_function() -> Iterator[None]:
        yield
        log.append("function ended")

    @app.get("/")
    async def route(
        scope: Annotated[Scope, deps.depends(Scope)], other: Annotated[None, Depends(in_function, scope="function")]
    ) -> str:
        scope.on_success(commit)
        return "said"

    async def listening(message: Any) -> None:
        if message["type"] == "http.response.start":
            log.append(str(message["status"]))

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        async def told(message: Any) -> None:
            await listening(message)
            await send(message)

        await app(scope, receive, told)

    await get(wrapped)
    assert log == ["function ended", "commit", "409" if fails else "200"]


@pytest.mark.parametrize("leaves", [False, True])
def test_b4_a_drop_in_websocket_commits_when_it_ends(app: FastAPI, deps: Deps, leaves: bool) -> None:
    log: list[str] = []

    @app.websocket("/")
    async def route(websocket: WebSocket, scope: Annotated[Scope, deps.depends(Scope)]) -> None:
        scope.on_success(lambda: log.append("commit"))
        await websocket.accept()
        await websocket.receive_text()

    with suppress(WebSocketDisconnect), TestClient(app).websocket_connect("/") as socket:
        if not leaves:
            socket.send_text("bye")
    assert log == ["commit"]


def test_b5_current_scope_is_the_drop_ins_in_threads_too(app: FastAPI, deps: Deps) -> None:
    @app.get("/")
    def route(connection: Annotated[Connection, deps.depends(Connection)]) -> bool:
        return current_scope().get(Connection) is connection

    assert TestClient(app).get("/").json() is True


def test_b12_a_drop_in_finds_its_own_container_among_several(app: FastAPI, opened: list[Connection]) -> None:
    class Two: ...

    first, second = Container(), Container()
    define_connection(first, opened)
    one = Deps(first, request_context_singletons=[Connection])
    two = Deps(second, request_singletons=[Two])

    @app.get("/")
    async def route(
        connection: Annotated[Connection, one.depends(Connection)],
        other: Annotated[Two, two.depends(Two)],
        again: Annotated[Connection, one.depends(Connection)],
    ) -> bool:
        return connection is again and first[Connection] is connection and second[Two] is other

    assert TestClient(app).get("/").json() is True
    assert opened[0].log == OK
