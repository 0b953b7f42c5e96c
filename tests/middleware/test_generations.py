"""Promises B and D on FastAPI releases that differ inside, and on one that nobody knows."""

import asyncio
import dataclasses
import re
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import fastapi.routing
import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, WebSocket
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette._exception_handler import wrap_app_handling_exceptions
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.websockets import WebSocketDisconnect

from di import Container, current_scope, errors
from middleware import Deps
from middleware.errors import FromDependsUnreachableError, UnknownFastAPIWarning
from tests.middleware.conftest import Orders, Session, Sessions
from tests.middleware.generations import needs_live_routers

# The container of the fixture offers more than the routes of each test ask for.
pytestmark = pytest.mark.filterwarnings("ignore::di.errors.UnusedProviderWarning")

OK = ["commit", "closed"]


class CallerFiles(list[str]):
    """The files of those who called a provider, the innermost first."""

    @property
    def compiled(self) -> bool:
        """Whether a compiled call is among them."""
        return any(name.startswith("<injected call") for name in self)


def callers() -> CallerFiles:
    files, frame = CallerFiles(), sys._getframe()
    current: FrameType | None = frame
    while current is not None:
        files.append(current.f_code.co_filename)
        current = current.f_back
    return files


@pytest.fixture
def deps() -> Deps:
    return Deps()


# --- the fast path, wherever a route is


def direct(app: FastAPI, router: APIRouter) -> str:
    app.router.routes.extend(router.routes)
    return ""


def included(app: FastAPI, router: APIRouter) -> str:
    app.include_router(router, prefix="/included")
    return "/included"


def included_twice(app: FastAPI, router: APIRouter) -> str:
    app.include_router(router, prefix="/first")
    app.include_router(router, prefix="/second")
    return "/second"


def included_deeply(app: FastAPI, router: APIRouter) -> str:
    between = APIRouter(prefix="/between")
    between.include_router(router, prefix="/deep")
    app.include_router(between)
    return "/between/deep"


def mounted(app: FastAPI, router: APIRouter) -> str:
    inner = FastAPI()
    inner.include_router(router)
    app.mount("/mounted", inner)
    return "/mounted"


@pytest.mark.parametrize("place", [direct, included, included_twice, included_deeply, mounted])
@pytest.mark.parametrize("late", [False, True])
def test_a_route_is_served_by_its_compiled_plan_wherever_it_is(
    deps: Deps, place: Callable[[FastAPI, APIRouter], str], late: bool
) -> None:
    container = Container()
    container.scoped(CallerFiles, callers)
    router = APIRouter()

    @router.get("/async")
    async def coroutine(files: Annotated[CallerFiles, deps.depends(CallerFiles)]) -> bool:
        return files.compiled

    @router.get("/def")
    def function(files: Annotated[CallerFiles, deps.depends(CallerFiles)]) -> bool:
        return files.compiled

    app = FastAPI()
    deps.install(app, container)
    prefix = "" if late else place(app, router)
    with TestClient(app) as client:
        if late:
            prefix = place(app, router)
        for _ in range(2):  # the first call of a route binds its plan
            assert [client.get(f"{prefix}/{kind}").json() for kind in ("async", "def")] == [True, True]


@pytest.mark.plans
@pytest.mark.parametrize("place", [direct, included_deeply, mounted])
@pytest.mark.parametrize("kind", ["coroutine", "function", "instance"])
@pytest.mark.parametrize("asks", ["the route too", "only the dependency", "only one below it"])
def test_a_dependency_function_is_served_by_a_compiled_plan_wherever_it_is(
    deps: Deps, place: Callable[[FastAPI, APIRouter], str], kind: str, asks: str
) -> None:
    async def coroutine(files: Annotated[CallerFiles, deps.depends(CallerFiles)], word: str = "") -> tuple[bool, str]:
        return files.compiled, word

    def function(files: Annotated[CallerFiles, deps.depends(CallerFiles)], word: str = "") -> tuple[bool, str]:
        return files.compiled, word

    class Instance:
        async def __call__(
            self, files: Annotated[CallerFiles, deps.depends(CallerFiles)], word: str = ""
        ) -> tuple[bool, str]:
            return files.compiled, word

    dependency: Any = {"coroutine": coroutine, "function": function, "instance": Instance()}[kind]

    async def above(told: Annotated[tuple[bool, str], Depends(dependency)]) -> tuple[bool, str]:
        return told

    router = APIRouter()
    if asks == "the route too":

        @router.get("/")
        async def both(
            files: Annotated[CallerFiles, deps.depends(CallerFiles)],
            told: Annotated[tuple[bool, str], Depends(dependency)],
        ) -> tuple[bool, str]:
            return told

    else:

        @router.get("/")
        async def only(
            told: Annotated[tuple[bool, str], Depends(above if asks == "only one below it" else dependency)],
        ) -> tuple[bool, str]:
            return told

    container = Container()
    container.transient(CallerFiles, callers)
    app = FastAPI()
    prefix = place(app, router)
    deps.install(app, container)
    with TestClient(app) as client:
        for _ in range(2):  # the first call of a dependency binds its plan
            assert client.get(f"{prefix}/?word=hello").json() == [True, "hello"]


def test_a_dependency_function_is_called_once_for_all_who_share_it(deps: Deps) -> None:
    calls: list[Session] = []

    async def shared(session: Annotated[Session, deps.depends(Session)]) -> Session:
        calls.append(session)
        return session

    async def one(session: Annotated[Session, Depends(shared)]) -> Session:
        return session

    app, container = FastAPI(), Container()
    container.scoped(Session, lambda: Session([]))

    @app.get("/")
    async def route(
        first: Annotated[Session, Depends(one)],
        second: Annotated[Session, Depends(shared)],
        again: Annotated[Session, Depends(shared, use_cache=False)],
        own: Annotated[Session, deps.depends(Session)],
    ) -> bool:
        return first is second is again is own

    deps.install(app, container)
    with TestClient(app) as client:
        assert client.get("/").json() is True
        assert len(calls) == 2


def test_a_dependency_function_with_a_teardown_sees_what_the_route_sees(deps: Deps) -> None:
    async def around(session: Annotated[Session, deps.depends(Session)]) -> AsyncIterator[Session]:
        session.log.append("begin")
        yield session
        session.log.append("end")

    app, container, logs = FastAPI(), Container(), list[list[str]]()

    def open_session() -> Session:
        logs.append([])
        return Session(logs[-1])

    container.scoped(Session, open_session)

    @app.get("/")
    async def route(
        outer: Annotated[Session, Depends(around)], session: Annotated[Session, deps.depends(Session)]
    ) -> bool:
        session.log.append("route")
        return outer is session

    deps.install(app, container)
    with TestClient(app) as client:
        assert client.get("/").json() is True
    assert logs == [["begin", "route", "end"]]


@needs_live_routers
def test_a_route_added_to_an_included_router_is_served_by_its_compiled_plan(deps: Deps) -> None:
    container = Container()
    container.scoped(CallerFiles, callers)
    app, router = FastAPI(), APIRouter()
    app.include_router(router, prefix="/included")
    deps.install(app, container)
    with TestClient(app) as client:
        assert client.get("/included/late").status_code == 404

        @router.get("/late")
        async def late(files: Annotated[CallerFiles, deps.depends(CallerFiles)]) -> bool:
            return files.compiled

        assert client.get("/included/late").json() is True


def test_one_router_in_two_applications_is_served_by_the_container_of_each() -> None:
    class Name(str):
        __slots__ = ()

    both = Deps()
    router = APIRouter()

    @router.get("/")
    async def route(name: Annotated[Name, both.depends(Name)]) -> str:
        return name

    apps = []
    for number in range(2):
        container = Container()
        container.singleton(Name, Name(number))
        app = FastAPI()
        app.include_router(router)
        both.install(app, container)
        apps.append(app)
    for _ in range(2):
        assert [TestClient(app).get("/").json() for app in apps] == ["0", "1"]


class TimedRoute(APIRoute):
    """What FastAPI's documentation shows: a route whose handler is wrapped."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        plain = super().get_route_handler()

        async def timed(request: Request) -> Response:
            response = await plain(request)
            response.headers["x-timed"] = "yes"
            return response

        return timed


@pytest.mark.parametrize("place", [direct, included, included_twice, included_deeply])
def test_a_route_class_with_a_handler_of_its_own_keeps_it(
    deps: Deps, place: Callable[[FastAPI, APIRouter], str]
) -> None:
    container = Container()
    container.scoped(CallerFiles, callers)
    app, router = FastAPI(), APIRouter(route_class=TimedRoute)

    @router.get("/")
    async def route(files: Annotated[CallerFiles, deps.depends(CallerFiles)]) -> bool:
        return files.compiled

    prefix = place(app, router)
    deps.install(app, container)
    with TestClient(app) as client:
        response = client.get(f"{prefix}/")
    assert (response.json(), response.headers.get("x-timed")) == (True, "yes")


@pytest.fixture
def handlers_made_at_each_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Serve included routes as FastAPI 0.137 does; the matrix runs the real one."""
    routing: Any = fastapi.routing
    context_class: Any = getattr(routing, "_EffectiveRouteContext", None)
    if not hasattr(context_class, "app"):
        pytest.skip("this FastAPI has no handlers that are made once for each inclusion")
    make = context_class.from_api_route.__func__
    serve_direct = APIRoute.handle

    def from_api_route(cls: Any, /, **arguments: Any) -> Any:
        context = make(cls, **arguments)
        del context.app
        return context

    async def handle(self: Any, scope: Any, receive: Any, send: Any) -> None:
        context = scope.get("fastapi", {}).get("effective_route_context")
        if context is None:
            await serve_direct(self, scope, receive, send)
            return
        token = routing._effective_route_context_var.set(context)
        try:
            app = routing.request_response(self.get_route_handler())
        finally:
            routing._effective_route_context_var.reset(token)
        await app(scope, receive, send)

    monkeypatch.setattr(context_class, "from_api_route", classmethod(from_api_route))
    monkeypatch.delattr(context_class, "app")
    monkeypatch.setattr(APIRoute, "handle", handle)


@pytest.mark.usefixtures("handlers_made_at_each_request")
def test_each_inclusion_is_served_by_its_own_plan_when_handlers_are_made_at_each_request() -> None:
    class Name(str):
        __slots__ = ()

    both = Deps()
    inner, router = APIRouter(), APIRouter()

    @inner.get("/")
    async def route(
        name: Annotated[Name, both.depends(Name)], files: Annotated[CallerFiles, both.depends(CallerFiles)]
    ) -> Any:
        return name, files.compiled

    router.include_router(inner, prefix="/first")
    router.include_router(inner, prefix="/second")
    for number in range(2):
        container = Container()
        container.singleton(Name, Name(number))
        container.scoped(CallerFiles, callers)
        app = FastAPI()
        app.include_router(router)
        both.install(app, container)
        for path in ("/first/", "/second/", "/first/"):
            assert TestClient(app).get(path).json() == [str(number), True]


# --- a FastAPI that serves routes in another way


def binding_endpoints_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a route calls is fixed when it is made."""
    plain = fastapi.routing.get_request_handler

    def get_request_handler(dependant: Any, *arguments: Any, **options: Any) -> Any:
        return plain(dataclasses.replace(dependant), *arguments, **options)

    monkeypatch.setattr(fastapi.routing, "get_request_handler", get_request_handler)


def serving_without_stacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything between a route and its endpoint is new, and waits now and then."""

    def get_request_handler(dependant: Any, *_: Any, **__: Any) -> Any:
        async def handle(request: Request) -> Response:
            await request.body()
            await asyncio.sleep(0)
            values = {below.name: await below.call(request) for below in dependant.dependencies}
            content = await dependant.call(**values)
            return content if isinstance(content, Response) else JSONResponse(content)

        return handle

    def request_response(handle: Any) -> Any:
        async def answer(scope: Any, receive: Any, send: Any) -> None:
            await (await handle(Request(scope, receive)))(scope, receive, send)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            await wrap_app_handling_exceptions(answer, Request(scope, receive))(scope, receive, send)

        return app

    monkeypatch.setattr(fastapi.routing, "get_request_handler", get_request_handler)
    monkeypatch.setattr(fastapi.routing, "request_response", request_response)


def hiding_included_routes(monkeypatch: pytest.MonkeyPatch) -> None:
    """An included router cannot be looked into."""

    def include_router(self: APIRouter, router: APIRouter, *, prefix: str = "", **_: Any) -> None:
        self.routes.append(Mount(prefix, app=router))

    monkeypatch.setattr(fastapi.routing.APIRouter, "include_router", include_router)


def without_its_private_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that was private all along is gone."""
    plain = fastapi.routing.APIRoute.get_route_handler
    monkeypatch.setattr(fastapi.routing.APIRoute, "make_handler", plain, raising=False)

    def get_route_handler(self: Any) -> Any:
        if sys._getframe(1).f_globals["__name__"].startswith("middleware"):
            raise AttributeError("get_route_handler")
        return self.make_handler()

    monkeypatch.setattr(fastapi.routing.APIRoute, "get_route_handler", get_route_handler)


@pytest.fixture(
    params=[binding_endpoints_early, serving_without_stacks, hiding_included_routes, without_its_private_names]
)
def unknown(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    request.param(monkeypatch)


def install(deps: Deps, app: FastAPI, container: Container) -> None:
    with pytest.warns(UnknownFastAPIWarning, match=re.escape(f"FastAPI {fastapi.__version__} ")) as warned:
        deps.install(app, container)
    assert [Path(each.filename) for each in warned] == [Path(__file__)]


class OutOfStock(Exception):
    """A failure with a handler of its own."""


@pytest.mark.usefixtures("unknown")
def test_b3_outcomes_reach_sessions_on_an_unknown_fastapi(container: Container, sessions: Sessions, deps: Deps) -> None:
    app, router = FastAPI(), APIRouter()
    SessionDep = Annotated[Session, deps.depends(Session)]  # noqa: N806 - an alias

    @app.exception_handler(OutOfStock)
    async def handle(_: Any, error: Exception) -> JSONResponse:
        return JSONResponse("out of stock", 410)

    @router.get("/fine")
    async def fine(session: SessionDep, orders: Annotated[Orders, deps.depends(Orders)]) -> str:
        assert orders.session is session is current_scope().get(Session)
        return "ok"

    @router.get("/refused")
    async def refused(session: SessionDep) -> str:
        raise HTTPException(409)

    @router.get("/handled")
    async def handled(session: SessionDep) -> str:
        raise OutOfStock

    @router.websocket("/socket")
    async def socket(websocket: WebSocket, session: SessionDep) -> None:
        await websocket.accept()
        await websocket.send_text(session.log.__repr__())
        raise HTTPException(409)

    app.include_router(router, prefix="/included")
    install(deps, app, container)
    with TestClient(app) as client:
        paths = ("fine", "refused", "handled")
        assert [client.get(f"/included/{path}").status_code for path in paths] == [200, 409, 410]
        with (
            pytest.raises((HTTPException, WebSocketDisconnect)),
            client.websocket_connect("/included/socket") as connection,
        ):
            assert connection.receive_text() == "[]"
            connection.receive_text()
    failed = ["HTTPException", "closed"]
    assert sessions.logs == [OK, failed, ["OutOfStock", "closed"], failed]


@pytest.mark.usefixtures("unknown")
def test_b4_a_failed_commit_is_never_a_success_on_an_unknown_fastapi(container: Container, deps: Deps) -> None:
    app = FastAPI()

    def refuse_commit() -> None:
        raise OutOfStock

    @app.get("/")
    async def route(session: Annotated[Session, deps.depends(Session)]) -> str:
        current_scope().on_success(refuse_commit)
        return "saved"

    install(deps, app, container)
    with TestClient(app, raise_server_exceptions=False) as client:
        response = client.get("/")
    assert (response.status_code, "saved" in response.text) == (500, False)


@pytest.mark.usefixtures("unknown")
def test_b2_a_stream_keeps_its_scope_open_on_an_unknown_fastapi(
    container: Container, sessions: Sessions, deps: Deps
) -> None:
    app = FastAPI()

    async def body(session: Session) -> AsyncIterator[str]:
        for _ in range(2):
            yield ",".join(session.log) + ";"

    @app.get("/")
    async def route(session: Annotated[Session, deps.depends(Session)]) -> StreamingResponse:
        return StreamingResponse(body(session))

    install(deps, app, container)
    with TestClient(app) as client:
        assert client.get("/").text == "commit;commit;"
    assert sessions.logs == [OK]


@pytest.mark.usefixtures("unknown")
def test_d1_an_unknown_fastapi_starts_only_when_everything_asked_for_can_be_made(deps: Deps) -> None:
    app = FastAPI()

    @app.get("/")
    async def route(orders: Annotated[Orders, deps.depends(Orders)]) -> None: ...

    container = Container()
    container.scoped(Orders)
    install(deps, app, container)
    with pytest.raises(errors.GraphError) as raised, TestClient(app):
        pass
    (problem,) = raised.value.problems
    assert "deps.depends(" in str(problem)
    assert "Session" in str(problem)


@pytest.mark.usefixtures("unknown")
def test_b11_on_an_unknown_fastapi_from_depends_says_that_it_is_out_of_reach(container: Container, deps: Deps) -> None:
    class User: ...

    class Greeter:
        def __init__(self, user: User) -> None: ...

    app = FastAPI()
    container.scoped(Greeter)
    deps.from_depends(User, User)

    @app.get("/")
    async def route(greeter: Annotated[Greeter, deps.depends(Greeter)]) -> None: ...

    install(deps, app, container)
    with TestClient(app) as client, pytest.raises(FromDependsUnreachableError, match="User"):
        client.get("/")


@pytest.mark.usefixtures("unknown")
def test_e1_overrides_reach_an_unknown_fastapi(container: Container, deps: Deps) -> None:
    app = FastAPI()

    @app.get("/")
    async def route(session: Annotated[Session, deps.depends(Session)]) -> list[str]:
        return session.log

    install(deps, app, container)
    with TestClient(app) as client:
        with deps.override(Session, Session(["fake"])):
            assert client.get("/").json() == ["fake"]
        assert client.get("/").json() == []
