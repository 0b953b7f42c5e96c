"""Promises B2 to B4 where they are easily lost: WebSockets, late routes, sub-applications, plain routes, streams."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, WebSocket
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware.base import BaseHTTPMiddleware  # noqa: TID251 - people have it; scopes must work around it
from starlette.requests import ClientDisconnect, Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope
from starlette.websockets import WebSocketDisconnect

from di import Container, current_scope
from middleware import Deps
from tests.middleware.asgi import get, running
from tests.middleware.conftest import Orders, Session, Sessions
from tests.middleware.generations import GENERATOR_ROUTES, needs_generator_routes, needs_live_routers

# The container of the fixture offers more than the routes of each test ask for.
pytestmark = pytest.mark.filterwarnings("ignore::di.errors.UnusedProviderWarning")

OK = ["commit", "closed"]
FAILED = ["OutOfStock", "closed"]


class OutOfStock(Exception):
    """A failure with a handler of its own."""


@pytest.fixture
def deps() -> Deps:
    return Deps()


class PassOn:
    """A middleware that does nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(params=["right around the handlers", "around another middleware"])
def app(request: pytest.FixtureRequest) -> FastAPI:
    """An application whose scopes will open right around its exception handlers, or further outside."""
    app = with_handlers(FastAPI(), 410)
    if request.param == "around another middleware":
        app.add_middleware(PassOn)
    return app


def with_handlers(app: FastAPI, status: int) -> FastAPI:
    @app.exception_handler(OutOfStock)
    async def handle(connection: Any, error: Exception) -> JSONResponse | None:
        if isinstance(connection, WebSocket):
            await connection.close(4410)
            return None
        return JSONResponse("out of stock", status)

    return app


async def statuses(app: FastAPI, *paths: str) -> list[int]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return [(await client.get(path)).status_code for path in paths]


def refuse_commit() -> None:
    raise OutOfStock


# --- WebSockets ---


@pytest.mark.parametrize(
    "place",
    ["direct", "included", "added late", pytest.param("added late to an included router", marks=needs_live_routers)],
)
@pytest.mark.parametrize("asks", ["by parameter", "below a dependency", "by hand"])
def test_b3_a_websocket_failure_that_a_handler_took_is_a_failure(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI, place: str, asks: str
) -> None:
    router = APIRouter()

    async def below(session: Annotated[Session, deps.depends(Session)]) -> Session:
        return session

    async def by_parameter(websocket: WebSocket, session: Annotated[Session, deps.depends(Session)]) -> None:
        await websocket.accept()
        raise OutOfStock

    async def by_dependency(websocket: WebSocket, session: Annotated[Session, Depends(below)]) -> None:
        await websocket.accept()
        raise OutOfStock

    async def by_hand(websocket: WebSocket) -> None:
        await websocket.accept()
        await current_scope().resolve(Session)
        raise OutOfStock

    endpoint: Any = {"by parameter": by_parameter, "below a dependency": by_dependency, "by hand": by_hand}[asks]

    def add(target: APIRouter) -> None:
        target.add_api_websocket_route("/", endpoint)

    target = router if "included" in place else app.router
    if "included" in place:
        router.add_api_websocket_route("/other", by_hand)
    if "late" not in place:
        add(target)
    app.include_router(router, prefix="/socket")
    deps.install(app, container)
    with TestClient(app) as client:
        if "late" in place:
            add(target)
        path = "/socket/" if "included" in place else "/"
        with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect(path) as socket:
            socket.receive_text()
    assert closed.value.code == 4410
    assert sessions.logs == [FAILED]


def test_b4_a_websocket_commits_when_its_endpoint_returns(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI
) -> None:
    @app.websocket("/")
    async def route(websocket: WebSocket, session: Annotated[Session, deps.depends(Session)]) -> None:
        await websocket.accept()
        session.log.append("working")
        await websocket.close()

    deps.install(app, container)
    with TestClient(app) as client, client.websocket_connect("/"):
        pass
    assert sessions.logs == [["working", *OK]]


def test_b3_a_client_that_leaves_a_websocket_is_no_failure(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI
) -> None:
    @app.websocket("/")
    async def route(websocket: WebSocket, session: Annotated[Session, deps.depends(Session)]) -> None:
        await websocket.accept()
        while True:
            session.log.append(await websocket.receive_text())

    deps.install(app, container)
    with TestClient(app) as client, suppress(WebSocketDisconnect), client.websocket_connect("/") as socket:
        socket.send_text("hello")
    assert sessions.logs == [["hello", *OK]]


# --- routes that were added after the start


async def closes_badly() -> AsyncIterator[None]:
    yield
    raise OutOfStock


@pytest.mark.parametrize("included", [False, pytest.param(True, marks=needs_live_routers)])
@pytest.mark.parametrize("spelling", ["async", "def"])
async def test_b4_a_late_route_commits_after_function_scoped_dependencies_only(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI, included: bool, spelling: str
) -> None:
    router = APIRouter()
    app.include_router(router)
    deps.install(app, container)
    SessionDep = Annotated[Session, deps.depends(Session)]  # noqa: N806 - an alias

    async def route(_: Annotated[None, Depends(closes_badly, scope="function")], session: SessionDep) -> str:
        return "ok"

    def in_thread(_: Annotated[None, Depends(closes_badly, scope="function")], session: SessionDep) -> str:
        return "ok"

    async with running(app):
        await statuses(app, "/nothing")
        (router if included else app.router).add_api_route("/", route if spelling == "async" else in_thread)
        assert await statuses(app, "/") == [410]
    assert sessions.logs == [FAILED]


@pytest.mark.parametrize("included", [False, pytest.param(True, marks=needs_live_routers)])
async def test_b3_a_late_route_that_asks_by_hand_is_watched_too(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI, included: bool
) -> None:
    router = APIRouter()
    app.include_router(router)
    deps.install(app, container)

    async def route() -> None:
        await current_scope().resolve(Session)
        raise OutOfStock

    async with running(app):
        await statuses(app, "/nothing")
        (router if included else app.router).add_api_route("/", route)
        assert await statuses(app, "/") == [410]
    assert sessions.logs == [FAILED]


async def test_b4_a_failed_commit_of_a_late_route_is_answered_by_the_handler(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI
) -> None:
    deps.install(app, container)

    async def route(session: Annotated[Session, deps.depends(Session)]) -> str:
        current_scope().on_success(refuse_commit)
        return "saved"

    async with running(app):
        await statuses(app, "/nothing")
        app.router.add_api_route("/", route)
        assert await statuses(app, "/") == [410]
    assert sessions.logs == [["commit", *FAILED]]


@needs_live_routers
async def test_b12_a_route_added_to_a_router_leaves_its_neighbours_watched(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI
) -> None:
    """FastAPI makes all routes of an included router anew when one is added."""
    router = APIRouter()

    @router.get("/early")
    async def early() -> None:
        await current_scope().resolve(Session)
        raise OutOfStock

    app.include_router(router)
    deps.install(app, container)
    async with running(app):

        @router.get("/late")
        async def late() -> None: ...

        assert await statuses(app, "/late", "/early") == [200, 410]
    assert sessions.logs == [FAILED]


# --- sub-applications and plain routes


def failing_routes(router: APIRouter, deps: Deps) -> None:
    @router.get("/by-parameter")
    async def by_parameter(session: Annotated[Session, deps.depends(Session)]) -> None:
        raise OutOfStock

    @router.get("/by-hand")
    async def by_hand() -> None:
        await current_scope().resolve(Session)
        raise OutOfStock

    @router.get("/commit")
    async def commit(session: Annotated[Session, deps.depends(Session)]) -> str:
        current_scope().on_success(refuse_commit)
        return "saved"


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("late", [False, True])
async def test_b12_a_mounted_application_is_served_by_the_scope_of_its_parent(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI, depth: int, late: bool
) -> None:
    inner = with_handlers(FastAPI(), 418)
    failing_routes(inner.router, deps)
    for _ in range(depth - 1):
        between = FastAPI()
        between.mount("/inner", inner)
        inner = between
    if not late:
        app.mount("/inner", inner)
    deps.install(app, container)
    paths = [f"{'/inner' * depth}/{path}" for path in ("by-parameter", "by-hand", "commit")]
    async with running(app):
        if late:
            app.mount("/inner", inner)
        assert await statuses(app, *paths) == [418] * 3
    assert sessions.logs == [FAILED, FAILED, ["commit", *FAILED]]


async def test_b12_a_mounted_starlette_application_is_served_by_the_scope_of_its_parent(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI
) -> None:
    async def endpoint(_: Request) -> PlainTextResponse:
        await current_scope().resolve(Session)
        raise OutOfStock

    async def handle(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse("out of stock", 418)

    app.mount("/inner", Starlette(routes=[Route("/", endpoint)], exception_handlers={OutOfStock: handle}))
    deps.install(app, container)
    async with running(app):
        assert await statuses(app, "/inner/") == [418]
    assert sessions.logs == [FAILED]


@pytest.mark.parametrize("kind", ["async function", "def function", "class"])
async def test_b3_a_plain_route_whose_failure_a_handler_took_is_a_failure(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI, kind: str
) -> None:
    async def function(_: Request) -> PlainTextResponse:
        await current_scope().resolve(Session)
        raise OutOfStock

    def in_thread(_: Request) -> PlainTextResponse:
        current_scope().get(Session)
        raise OutOfStock

    class Endpoint(HTTPEndpoint):
        async def get(self, request: Request) -> PlainTextResponse:
            return await function(request)

    endpoint: Any = {"async function": function, "def function": in_thread, "class": Endpoint}[kind]
    app.router.routes.append(Route("/", endpoint))
    deps.install(app, container)
    async with running(app):
        assert await statuses(app, "/") == [410]
    assert sessions.logs == [FAILED]


@pytest.mark.parametrize("key", [500, Exception])
@pytest.mark.parametrize("prepared", [True, False])
async def test_b3_a_failure_that_only_the_outermost_handler_took_is_a_failure(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI, key: Any, prepared: bool
) -> None:
    async def answer(_: Request, error: Exception) -> JSONResponse:
        sessions.logs[0].append("answered")  # after the end: Starlette calls these handlers outside of all middleware
        return JSONResponse("sorry", 500)

    async def plain(_: Request) -> PlainTextResponse:
        await current_scope().resolve(Session)
        raise LookupError

    async def route(session: Annotated[Session, deps.depends(Session)]) -> None:
        raise LookupError

    app.add_exception_handler(key, answer)
    app.router.routes.append(APIRoute("/", route) if prepared else Route("/", plain))
    deps.install(app, container)
    async with running(app):
        assert await statuses(app, "/") == [500]
    assert sessions.logs == [["LookupError", "closed", "answered"]]


# --- streams and clients that leave


async def endless(session: Session) -> AsyncIterator[bytes]:
    for _ in range(1000):
        session.log.append("chunk")
        yield b"x"
        await asyncio.sleep(0)


def add_streams(app: FastAPI, deps: Deps) -> None:
    SessionDep = Annotated[Session, deps.depends(Session)]  # noqa: N806 - an alias

    @app.get("/by-parameter")
    async def by_parameter(session: SessionDep) -> StreamingResponse:
        return StreamingResponse(endless(session))

    @app.get("/by-hand")
    async def by_hand() -> StreamingResponse:
        return StreamingResponse(endless(await current_scope().resolve(Session)))

    if GENERATOR_ROUTES:

        @app.get("/generator")
        async def generator(session: SessionDep) -> AsyncIterator[int]:
            async for _ in endless(session):
                yield 1

    async def plain(_: Request) -> StreamingResponse:
        return StreamingResponse(endless(await current_scope().resolve(Session)))

    app.router.routes.append(Route("/plain", plain))


@pytest.mark.parametrize("spec", ["2.3", "2.4"])
@pytest.mark.parametrize("between", [None, "inside", "outside"])
@pytest.mark.parametrize(
    "path", ["/by-parameter", "/by-hand", pytest.param("/generator", marks=needs_generator_routes), "/plain"]
)
async def test_b3_a_client_that_leaves_a_stream_is_no_failure_anywhere(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI, path: str, spec: str, between: str | None
) -> None:
    async def dispatch(request: Request, call_next: Callable[[Request], Any]) -> Any:
        return await call_next(request)

    add_streams(app, deps)
    if between == "inside":
        app.add_middleware(BaseHTTPMiddleware, dispatch=dispatch)
    deps.install(app, container)
    if between == "outside":
        app.add_middleware(BaseHTTPMiddleware, dispatch=dispatch)
    async with running(app):
        with suppress(OSError, ClientDisconnect):  # what the server is told when it says that the client left
            await asyncio.wait_for(get(app, path, spec=spec, leave_after=4), 5)
    (log,) = sessions.logs
    assert log.count("chunk") < 100
    assert [entry for entry in log if entry != "chunk"] == OK


@pytest.mark.parametrize("spec", ["2.3", "2.4"])
@pytest.mark.parametrize("path", [pytest.param("/generator", marks=needs_generator_routes), "/plain", "/response"])
async def test_b3_a_body_that_breaks_is_a_failure_anywhere(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI, path: str, spec: str
) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield b"x"
        raise LookupError

    @app.get("/response")
    async def response(session: Annotated[Session, deps.depends(Session)]) -> StreamingResponse:
        return StreamingResponse(breaking())

    if GENERATOR_ROUTES:

        @app.get("/generator")
        async def generator(session: Annotated[Session, deps.depends(Session)]) -> AsyncIterator[int]:
            yield 1
            raise LookupError

    async def plain(_: Request) -> StreamingResponse:
        await current_scope().resolve(Session)
        return StreamingResponse(breaking())

    app.router.routes.append(Route("/plain", plain))
    deps.install(app, container)
    async with running(app):
        with pytest.raises((LookupError, ExceptionGroup)):
            await get(app, path, spec=spec)
    (log,) = sessions.logs
    assert log[0] == "commit"
    assert log[1] in {"LookupError", "ExceptionGroup"}
    assert log[2:] == ["closed"]


async def test_b3_a_body_that_breaks_with_a_handled_exception_is_told_as_it_was_raised(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI
) -> None:
    """Starlette cannot handle it any more, and raises something else in its place."""

    async def breaking() -> AsyncIterator[bytes]:
        yield b"x"
        raise OutOfStock

    @app.get("/")
    async def route(session: Annotated[Session, deps.depends(Session)]) -> StreamingResponse:
        return StreamingResponse(breaking())

    deps.install(app, container)
    async with running(app):
        with pytest.raises(RuntimeError, match="response already started"):
            await get(app, spec="2.4")
    assert sessions.logs == [["commit", *FAILED]]


@needs_generator_routes
async def test_b4_a_generator_route_commits_before_its_first_byte(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI
) -> None:
    @app.get("/")
    async def generator(session: Annotated[Session, deps.depends(Session)]) -> AsyncIterator[str]:
        yield ",".join(session.log)

    deps.install(app, container)
    async with running(app):
        start, body, *_ = await get(app)
    assert (start["status"], body["body"].strip()) == (200, b'"commit"')
    assert sessions.logs == [OK]


async def test_b2_a_request_cancelled_at_any_moment_closes_its_session_once(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI
) -> None:
    """Cancel after every single step of the event loop, from the first await of a build to the last of a teardown."""

    @app.get("/")
    async def route(orders: Annotated[Orders, deps.depends(Orders)]) -> str:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return "ok"

    deps.install(app, container)
    async with running(app):
        await get(app)
        for steps in range(100):
            sessions.opened.clear()
            task = asyncio.create_task(get(app))
            for _ in range(steps):
                await asyncio.sleep(0)
            if task.done():
                break
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            for log in sessions.logs:  # a session whose build was cancelled never came to be
                assert log in ([], ["CancelledError", "closed"], ["commit", "CancelledError", "closed"], OK)
        else:
            pytest.fail("the request never ended by itself")
    assert steps > 5
    assert sessions.logs == [OK]


async def test_b3_http_exception_below_a_router_dependency_is_a_failure(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI
) -> None:
    async def guard(session: Annotated[Session, deps.depends(Session)]) -> None:
        raise HTTPException(403)

    router = APIRouter(dependencies=[Depends(guard)])

    @router.get("/")
    async def route() -> None: ...

    app.include_router(router)
    deps.install(app, container)
    async with running(app):
        assert await statuses(app, "/") == [403]
    assert sessions.logs == [["HTTPException", "closed"]]
