"""Promises B1, B3, B10 and B12 for connections that FastAPI does not serve, and applications inside of others."""

import asyncio
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException
from fastapi.requests import HTTPConnection
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope
from starlette.websockets import WebSocket

from di import Container, HealthStatus, current_scope, errors
from middleware import Deps, RequestScopeMiddleware, register_connections
from middleware._handlers import OutcomeWatch
from middleware.errors import WrongConnectionError
from tests.middleware.asgi import get, running
from tests.middleware.conftest import Orders, Session, Sessions

# The container of the fixture offers more than the routes of each test ask for.
pytestmark = pytest.mark.filterwarnings("ignore::di.errors.UnusedProviderWarning")

OK = ["commit", "closed"]


class OutOfStock(Exception):
    """A failure with a handler of its own."""


@pytest.fixture
def deps() -> Deps:
    return Deps()


@pytest.fixture
def app() -> FastAPI:
    return FastAPI()


class Path:
    """A service on the connection."""

    def __init__(self, connection: HTTPConnection) -> None:
        self.text = connection.url.path


class Body:
    """A service on a request."""

    def __init__(self, request: Request) -> None: ...


def test_b10_connections_are_injectable_where_fastapi_serves_nothing(container: Container) -> None:
    async def http(_: Request) -> PlainTextResponse:
        assert isinstance(await current_scope().resolve(Body), Body)
        return PlainTextResponse((await current_scope().resolve(Path)).text)

    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        with pytest.raises(WrongConnectionError, match="belongs to a WebSocket"):
            await current_scope().resolve(Body)
        await websocket.send_text((await current_scope().resolve(Path)).text)
        await websocket.close()

    register_connections(container)
    container.scoped(Path)
    container.scoped(Body)
    app = Starlette(
        routes=[Route("/http", http), WebSocketRoute("/socket", socket)],
        middleware=[Middleware(RequestScopeMiddleware, container=container)],
    )
    with TestClient(app) as client:
        assert client.get("/http").text == "/http"
        with client.websocket_connect("/socket") as websocket:
            assert websocket.receive_text() == "/socket"


@pytest.mark.parametrize(("broken", "log"), [(False, OK), (True, ["commit", "ExceptionGroup", "closed"])])
async def test_b3_a_client_that_leaves_is_no_failure_where_several_tasks_send(
    container: Container, sessions: Sessions, broken: bool, log: list[str]
) -> None:
    async def serve(scope: AsgiScope, receive: Receive, send: Send) -> None:
        await current_scope().resolve(Session)
        await send({"type": "http.response.start", "status": 200, "headers": []})

        async def send_for_ever() -> None:
            while True:
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
                await asyncio.sleep(0)

        async def watch() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                if broken:
                    raise OutOfStock

        async with asyncio.TaskGroup() as group:
            group.create_task(send_for_ever())
            group.create_task(watch())

    with pytest.raises(ExceptionGroup):
        await get(RequestScopeMiddleware(serve, container), leave_after=3)
    assert sessions.logs == [log]


async def test_b3_a_def_handler_tells_of_the_failure_too(container: Container, sessions: Sessions, deps: Deps) -> None:
    app = FastAPI()

    def handle(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse("out of stock", 410)

    async def endpoint(_: Request) -> PlainTextResponse:
        await current_scope().resolve(Session)
        raise OutOfStock

    app.add_exception_handler(OutOfStock, handle)
    app.router.routes.append(Route("/", endpoint))
    deps.install(app, container)
    async with running(app):
        start, *_ = await get(app)
    assert start["status"] == 410
    assert sessions.logs == [["OutOfStock", "closed"]]


async def test_b3_a_failure_inside_a_further_scope_is_told_to_the_requests_own(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI
) -> None:
    """A middleware below may open a unit of work around what it calls; its own outcome is its own business."""

    async def endpoint(_: Request) -> PlainTextResponse:
        raise OutOfStock

    @app.exception_handler(OutOfStock)
    async def handle(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse("out of stock", 410)

    def in_a_batch(inner: Any) -> Any:
        async def open_and_call(scope: AsgiScope, receive: Receive, send: Send) -> None:
            await current_scope().resolve(Session)
            async with container.scope():
                await inner(scope, receive, send)

        return open_and_call

    app.router.routes.append(Route("/", endpoint))
    app.add_middleware(in_a_batch)
    deps.install(app, container)
    async with running(app):
        start, *_ = await get(app)
    assert start["status"] == 410
    assert sessions.logs == [["OutOfStock", "closed"]]


async def test_b1_a_route_served_from_another_containers_scope_finds_its_own_further_out(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI
) -> None:
    other = Container()

    def in_another_unit_of_work(inner: Any) -> Any:
        async def open_and_call(scope: AsgiScope, receive: Receive, send: Send) -> None:
            async with other.scope():
                await inner(scope, receive, send)

        return open_and_call

    async def below(orders: Annotated[Orders, deps.depends(Orders)]) -> Session:
        return orders.session

    @app.get("/")
    async def route(
        session: Annotated[Session, deps.depends(Session)], same: Annotated[Session, Depends(below)]
    ) -> bool:
        return session is same

    @app.get("/slowly", dependencies=[Depends(deps.provider(Orders))])
    async def slowly(session: Annotated[Session, deps.depends(Session)]) -> bool:
        return current_scope().container is other and session is sessions.opened[-1]

    app.add_middleware(in_another_unit_of_work)
    deps.install(app, container)
    async with running(app):
        for path in ("/", "/slowly"):
            assert (await get(app, path))[1]["body"] == b"true"
    assert sessions.logs == [OK, OK]


def test_b1_a_route_without_the_middleware_says_that_no_scope_is_open(container: Container, deps: Deps) -> None:
    router = APIRouter()

    @router.get("/")
    async def route(session: Annotated[Session, deps.depends(Session)]) -> None: ...

    served, bare = FastAPI(), FastAPI()
    served.include_router(router)
    bare.include_router(router)
    deps.install(served, container)
    with TestClient(bare) as client, pytest.raises(errors.NoScopeError, match="Session"):
        client.get("/")


async def test_b1_a_prepared_route_that_is_called_past_the_middleware_says_that_no_scope_is_open(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI
) -> None:
    @app.get("/")
    async def route(session: Annotated[Session, deps.depends(Session)]) -> None: ...

    @app.get("/plain")
    async def plain() -> str:
        return "served"

    deps.install(app, container)
    async with running(app):
        assert (await get(app, "/plain"))[0]["status"] == 200
        past = FastAPI()
        past.router.routes.extend(app.router.routes)
        assert (await get(past, "/plain"))[1]["body"] == b'"served"'
        with pytest.raises(errors.NoScopeError, match="Session"):
            await get(past)
    assert sessions.opened == []


async def test_b3_reporting_handlers_that_outlive_their_request_disturb_nobody() -> None:
    """What a request was given in its ASGI scope may be used again when its scope is gone."""
    seen: list[AsgiScope] = []

    def handle(_: Any, error: Exception) -> str:
        return f"handled {error}"

    async def keep(scope: AsgiScope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        await PlainTextResponse("kept")(scope, receive, send)

    class Handlers:
        async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
            scope["starlette.exception_handlers"] = ({OutOfStock: handle}, {})
            await OutcomeWatch(keep)(scope, receive, send)

    await get(RequestScopeMiddleware(Handlers(), Container()))
    by_class, _ = seen[0]["starlette.exception_handlers"]
    assert by_class[OutOfStock](None, OutOfStock("late")) == "handled late"


def test_b11_from_depends_may_come_after_the_installation(deps: Deps, app: FastAPI) -> None:
    class User:
        def __init__(self, name: str) -> None:
            self.name = name

    class Profile:
        def __init__(self, user: User) -> None:
            self.user = user

    async def current_user(name: str = "somebody") -> User:
        return User(name)

    container = Container()
    container.scoped(Profile)
    deps.install(app, container)
    deps.from_depends(User, current_user)

    @app.get("/")
    async def route(profile: Annotated[Profile, deps.depends(Profile)]) -> str:
        return profile.user.name

    with TestClient(app) as client:
        assert client.get("/?name=alice").json() == "alice"


async def test_f1_health_is_that_of_the_installed_container(deps: Deps, app: FastAPI) -> None:
    container = Container()
    container.singleton(Session, ping=lambda _: False)
    deps.install(app, container)
    async with container:
        health = await deps.health()
    assert (health.status, list(health.services)) == (HealthStatus.DOWN, ["Session"])


def test_b11_two_deps_on_one_application_each_look_after_their_own(container: Container, app: FastAPI) -> None:
    class User: ...

    class Profile:
        def __init__(self, user: User) -> None:
            self.user = user

    first, second = Deps(), Deps()
    further = Container()
    further.scoped(Profile)
    second.from_depends(User, User)

    @app.get("/")
    async def route(
        session: Annotated[Session, first.depends(Session)], profile: Annotated[Profile, second.depends(Profile)]
    ) -> list[str]:
        return [type(session).__name__, type(profile.user).__name__]

    first.install(app, container)
    second.install(app, further)
    with TestClient(app) as client:
        assert client.get("/").json() == ["Session", "User"]
    assert [[root.key for root in each.roots()] for each in app.state.di] == [[Session], [Profile]]


async def test_b12_middleware_that_opens_a_scope_by_hand_shares_it_with_the_route(
    app: FastAPI, deps: Deps, container: Container, sessions: Sessions
) -> None:
    """The innermost scope builds; the one of the request is told how it ended, and knows the connection."""

    class ByHand:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await self.app(scope, receive, send)
                return
            outer = current_scope()
            async with container.scope() as inner:
                session = await inner.resolve(Session)
                shared.append(session)
                await self.app(scope, receive, send)
            failures.append(outer.failure)

    failures: list[BaseException | None] = []
    shared: list[Session] = []
    app.add_middleware(ByHand)

    @app.get("/ok")
    async def ok(session: Annotated[Session, deps.depends(Session)]) -> bool:
        return session is shared[-1]

    @app.get("/conflict")
    async def conflict(session: Annotated[Session, deps.depends(Session)]) -> None:
        raise HTTPException(409)

    deps.install(app, container)
    async with running(app):
        assert (await get(app, "/ok"))[1]["body"] == b"true"
        assert (await get(app, "/conflict"))[0]["status"] == 409
    assert [type(each) for each in failures] == [type(None), HTTPException]


def test_the_plans_of_routes_are_known_without_a_start(app: FastAPI, deps: Deps, container: Container) -> None:
    @app.get("/orders")
    async def orders(orders: Annotated[Orders, deps.depends(Orders)]) -> None: ...

    @app.get("/plain")
    async def plain() -> None: ...

    deps.install(app, container)
    (installation,) = app.state.di
    calls = installation.calls()
    assert list(calls) == ["GET /orders"]
    assert "return await function(" in calls["GET /orders"]().source
