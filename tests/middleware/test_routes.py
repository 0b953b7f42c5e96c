"""Promises B5 and B9 to B12: injection into routes of every kind."""

import asyncio
import gc
import inspect
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from typing import Annotated, Any, assert_type

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, WebSocket
from fastapi.requests import HTTPConnection
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from starlette.middleware.base import BaseHTTPMiddleware  # noqa: TID251 - people have it; scopes must work around it
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.websockets import WebSocketDisconnect

from di import Container, Scope, current_scope, errors
from middleware import Deps
from middleware.errors import FromDependsUnreachableError, NotInstalledError
from tests.middleware.asgi import get, running
from tests.middleware.conftest import Orders, Session, Sessions
from tests.middleware.generations import needs_live_routers

# The container of the fixture offers more than the routes of each test ask for.
pytestmark = pytest.mark.filterwarnings("ignore::di.errors.UnusedProviderWarning")

OK = ["commit", "closed"]


class User:
    def __init__(self, name: str) -> None:
        self.name = name


@pytest.fixture
def deps() -> Deps:
    return Deps()


@pytest.fixture
def app() -> FastAPI:
    return FastAPI()


def test_b9_a_def_route_gets_finished_objects_in_fastapis_own_thread(
    container: Container, deps: Deps, app: FastAPI
) -> None:
    @app.get("/{number}")
    def route(number: int, orders: Annotated[Orders, deps.depends(Orders)], shout: bool = False) -> dict[str, Any]:
        assert current_scope().get(Session) is orders.session
        return {"number": number, "shout": shout, "main": threading.current_thread() is threading.main_thread()}

    deps.install(app, container)
    with TestClient(app) as client:
        assert client.get("/7?shout=1").json() == {"number": 7, "shout": True, "main": False}


def test_both_spellings_inject_and_type_check(container: Container, deps: Deps, app: FastAPI) -> None:
    @app.get("/")
    async def route(
        one: Annotated[Orders, deps.depends(Orders)],
        two: Orders = deps.depends(Orders),  # noqa: B008 - the spelling under test
        *,
        session: Annotated[Session, deps.depends(Session)],
    ) -> bool:
        assert_type(one, Orders)
        assert_type(two, Orders)
        return one is two and one.session is session

    deps.install(app, container)
    with TestClient(app) as client:
        assert client.get("/").json() is True


def test_b10_connections_are_injectable_into_providers(container: Container, deps: Deps, app: FastAPI) -> None:
    class Where:
        def __init__(self, connection: HTTPConnection) -> None:
            self.connection = connection

    class Body:
        def __init__(self, request: Request) -> None:
            self.request = request

    class Socket:
        def __init__(self, socket: WebSocket) -> None:
            self.socket = socket

    for service in (Where, Body, Socket):
        container.scoped(service)

    @app.post("/http")
    async def http(
        request: Request,
        where: Annotated[Where, deps.depends(Where)],
        body: Annotated[Body, deps.depends(Body)],
        data: dict[str, int],
    ) -> Any:
        assert where.connection is body.request is request
        return await body.request.json()

    @app.websocket("/ws")
    async def ws(
        websocket: WebSocket,
        where: Annotated[Where, deps.depends(Where)],
        socket: Annotated[Socket, deps.depends(Socket)],
    ) -> None:
        assert where.connection is socket.socket is websocket
        await websocket.accept()
        await websocket.close()

    @app.get("/wrong")
    async def wrong(socket: Annotated[Socket, deps.depends(Socket)]) -> None: ...

    deps.install(app, container)
    with TestClient(app) as client:
        assert client.post("/http", json={"a": 1}).json() == {"a": 1}
        with client.websocket_connect("/ws"):
            pass
        with pytest.raises(errors.DiError, match="WebSocket cannot be injected here"):
            client.get("/wrong")


@pytest.mark.parametrize("where", ["direct", "included"])
def test_b10_websockets_inject_and_are_told_their_outcome(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI, where: str
) -> None:
    router = app.router if where == "direct" else APIRouter()

    @router.websocket("/fine")
    async def fine(websocket: WebSocket, orders: Annotated[Orders, deps.depends(Orders)]) -> None:
        await websocket.accept()
        await websocket.send_text("hello")

    @router.websocket("/fails")
    async def fails(websocket: WebSocket, orders: Annotated[Orders, deps.depends(Orders)]) -> None:
        await websocket.accept()
        raise HTTPException(409)

    @router.websocket("/left")
    async def left(websocket: WebSocket, orders: Annotated[Orders, deps.depends(Orders)]) -> None:
        await websocket.accept()
        await websocket.receive_text()

    if where == "included":
        app.include_router(router)
    deps.install(app, container)
    with TestClient(app) as client:
        with client.websocket_connect("/fine") as socket:
            assert socket.receive_text() == "hello"
        with pytest.raises((HTTPException, WebSocketDisconnect)), client.websocket_connect("/fails") as socket:
            socket.receive_text()
        with suppress(WebSocketDisconnect), client.websocket_connect("/left"):
            pass
    assert sessions.logs == [OK, ["HTTPException", "closed"], OK]


def test_b11_depends_works_at_every_level(container: Container, sessions: Sessions, deps: Deps, app: FastAPI) -> None:
    seen: list[Session] = []

    async def note(session: Annotated[Session, deps.depends(Session)]) -> None:
        seen.append(session)

    marker: Any = deps.depends(Orders)  # typed as what it injects
    router = APIRouter(dependencies=[Depends(note), marker])

    @router.get("/", dependencies=[Depends(note)])
    async def route(session: Annotated[Session, deps.depends(Session)]) -> None:
        seen.append(session)

    app = FastAPI(dependencies=[Depends(note)])
    app.include_router(router)
    deps.install(app, container)
    with TestClient(app) as client:
        assert client.get("/").status_code == 200
    assert len({id(session) for session in seen}) == len(sessions.opened) == 1


@pytest.mark.parametrize("nested", [False, True])
def test_b11_dependency_overrides_reach_the_parameter(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI, nested: bool
) -> None:
    async def through(orders: Annotated[Orders, deps.depends(Orders)]) -> Orders:
        return orders

    marker: Any = Depends(through) if nested else deps.depends(Orders)

    @app.get("/")
    async def route(orders: Annotated[Orders, marker]) -> bool:
        return orders.session is fake

    fake = Session()
    deps.install(app, container)
    with TestClient(app) as client:
        assert client.get("/").json() is False
        app.dependency_overrides[deps.provider(Orders)] = lambda: Orders(fake)
        assert client.get("/").json() is True
        app.dependency_overrides.clear()
        assert client.get("/").json() is False
    assert len(sessions.opened) == 2


def test_b11_provider_is_one_callable_per_type(deps: Deps) -> None:
    assert deps.provider(Orders) is deps.provider(Orders)
    assert deps.provider(Orders) is not deps.provider(Session)


@pytest.mark.skipif("max_concurrency" not in inspect.signature(Depends).parameters, reason="this FastAPI has no limits")
async def test_b11_a_dependencys_limit_holds_while_it_runs_and_not_while_its_services_are_built(
    deps: Deps, app: FastAPI
) -> None:
    running_now, most, both = 0, 0, asyncio.Barrier(2)

    async def session() -> Session:
        await both.wait()  # two requests are here at once, or none gets further
        return Session([])

    async def limited(session: Annotated[Session, deps.depends(Session)]) -> Session:
        nonlocal running_now, most
        running_now += 1
        most = max(most, running_now)
        await asyncio.sleep(0)
        running_now -= 1
        return session

    limit: Any = Depends(limited, max_concurrency=1)

    @app.get("/")
    async def route(made: Annotated[Session, limit], session: Annotated[Session, deps.depends(Session)]) -> bool:
        return made is session

    container = Container()
    container.scoped(Session, session)
    deps.install(app, container)
    async with running(app), asyncio.timeout(10), asyncio.TaskGroup() as group:
        requests = [group.create_task(get(app, "/")) for _ in range(2)]
    assert [(await each)[1]["body"] for each in requests] == [b"true", b"true"]
    assert most == 1


class Profile:
    def __init__(self, user: User, session: Session) -> None:
        self.user = user
        self.session = session


def test_b11_from_depends_makes_a_dependencys_value_injectable_once_per_request(
    container: Container, deps: Deps, app: FastAPI
) -> None:
    calls: list[str] = []

    async def current_user(name: str = "ada") -> User:
        calls.append(name)
        if name == "nobody":
            raise HTTPException(401)
        return User(name)

    container.scoped(Profile)
    deps.from_depends(User, current_user)

    async def nested(profile: Annotated[Profile, deps.depends(Profile)]) -> str:
        return profile.user.name

    @app.get("/route")
    async def route(
        profile: Annotated[Profile, deps.depends(Profile)], user: Annotated[User, Depends(current_user)]
    ) -> str:
        assert profile.user is user
        return profile.user.name

    @app.get("/nested")
    async def below(name: Annotated[str, Depends(nested)]) -> str:
        return name

    deps.install(app, container)
    with TestClient(app) as client:
        assert client.get("/route?name=grace").json() == "grace"
        assert client.get("/nested?name=joan").json() == "joan"
        assert calls == ["grace", "joan"]
        assert client.get("/route?name=nobody").status_code == 401
        app.dependency_overrides[current_user] = lambda: User("override")
        assert client.get("/route").json() == "override"
        assert client.get("/nested").json() == "override"


async def test_b11_from_depends_below_the_dependency_that_makes_it_says_so(
    container: Container, deps: Deps, app: FastAPI
) -> None:
    async def nobody_yet(profile: Annotated[Profile, deps.depends(Profile)]) -> None: ...

    async def current_user(_: Annotated[None, Depends(nobody_yet)]) -> User:
        return User("x")

    container.scoped(Profile)
    deps.from_depends(User, current_user)

    @app.get("/")
    async def route(user: Annotated[User, deps.depends(User)]) -> None: ...

    deps.install(app, container)
    async with running(app):
        with pytest.raises(FromDependsUnreachableError, match="did not run it"):
            await get(app)


async def test_b11_from_depends_elsewhere_says_so(container: Container, deps: Deps, app: FastAPI) -> None:
    async def current_user() -> User:
        return User("x")

    container.scoped(Profile)
    deps.from_depends(User, current_user)
    deps.install(app, container)
    async with container.scope() as scope:
        with pytest.raises(FromDependsUnreachableError, match="current_user"):
            await scope.resolve(Profile)
    async with container.scope({User: User("job")}) as scope:
        assert (await scope.resolve(Profile)).user.name == "job"


@pytest.mark.parametrize("outside", [True, False])
def test_b12_works_above_and_below_base_http_middleware(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI, outside: bool
) -> None:
    async def dispatch(request: Request, call_next: Any) -> Any:
        if not outside:
            request.state.session = await current_scope().resolve(Session)
        return await call_next(request)

    @app.get("/")
    async def route(request: Request, session: Annotated[Session, deps.depends(Session)]) -> bool:
        return getattr(request.state, "session", session) is session

    if outside:
        deps.install(app, container)
    app.add_middleware(BaseHTTPMiddleware, dispatch=dispatch)
    if not outside:
        deps.install(app, container)
    with TestClient(app) as client:
        assert client.get("/").json() is True
    assert sessions.logs == [OK]


@pytest.mark.parametrize("shared", [True, False])
def test_b12_mounted_applications_find_their_own_container(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI, shared: bool
) -> None:
    inner_app, inner_deps = FastAPI(), Deps()
    inner_container = container if shared else Container()
    if not shared:
        inner_container.scoped(Session, lambda: Session(["inner"]))

    @app.middleware("http")
    async def open_outer(request: Request, call_next: Any) -> Any:
        request.scope["outer"] = await current_scope().resolve(Session)
        return await call_next(request)

    @inner_app.get("/")
    async def route(request: Request, session: Annotated[Session, inner_deps.depends(Session)]) -> bool:
        return request.scope["outer"] is session

    inner_deps.install(inner_app, inner_container)
    app.mount("/inner", inner_app)
    deps.install(app, container)
    with TestClient(app) as client:
        assert client.get("/inner/").json() is shared
    assert sessions.logs == [OK]


@pytest.mark.parametrize(
    "where", ["the application", "a new router", pytest.param("a router", marks=needs_live_routers)]
)
def test_b12_routes_added_after_start_work(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI, where: str
) -> None:
    router = APIRouter()

    @router.get("/early")
    async def early(session: Annotated[Session, deps.depends(Session)]) -> None: ...

    app.include_router(router)
    deps.install(app, container)
    with TestClient(app) as client:
        assert client.get("/early").status_code == 200
        target = {"the application": app.router, "a router": router, "a new router": APIRouter()}[where]

        @target.get("/late")
        async def late(session: Annotated[Session, deps.depends(Session)]) -> None:
            raise HTTPException(409)

        @target.get("/late-thread")
        def in_thread(session: Annotated[Session, deps.depends(Session)]) -> None: ...

        if where == "a new router":
            app.include_router(target)
        assert [client.get(f"/{path}").status_code for path in ("early", "late", "late-thread")] == [200, 409, 200]
    assert sessions.logs == [OK, OK, ["HTTPException", "closed"], OK]


@pytest.mark.parametrize("replaced", [False, True])
def test_b11_from_depends_reaches_a_route_added_after_start(
    container: Container, deps: Deps, app: FastAPI, replaced: bool
) -> None:
    def get_user() -> User:
        return User("ada")

    class Greeter:
        def __init__(self, user: User) -> None:
            self.user = user

    container.scoped(Greeter)
    deps.from_depends(User, get_user)

    @app.get("/early")
    async def early(greeter: Annotated[Greeter, deps.depends(Greeter)]) -> str:
        return greeter.user.name

    deps.install(app, container)
    with TestClient(app) as client:
        assert client.get("/early").json() == "ada"
        if replaced:
            app.router.routes.pop()
        app.add_api_route("/late", early)
        assert client.get("/late").json() == "ada"


@pytest.mark.parametrize(
    "change",
    [
        lambda app, route: app.router.routes.append(route),
        lambda app, route: app.router.routes.insert(0, route),
        lambda app, route: app.router.routes.extend([route]),
        lambda app, route: app.router.routes.__setitem__(slice(0, 1), [route]),
        lambda app, route: app.router.routes.__iadd__([route]),
        lambda app, route: setattr(app.router, "routes", [route]),
    ],
    ids=["append", "insert", "extend", "assign to a slice", "add", "another list"],
)
def test_b11_a_route_is_prepared_however_it_came_to_the_application(
    container: Container, deps: Deps, app: FastAPI, change: Callable[[FastAPI, BaseRoute], object]
) -> None:
    class Greeter:
        def __init__(self, user: User) -> None:
            self.user = user

    container.scoped(Greeter)
    deps.from_depends(User, lambda: User("ada"))

    async def late(greeter: Annotated[Greeter, deps.depends(Greeter)]) -> str:
        return greeter.user.name

    deps.install(app, container)
    with TestClient(app) as client:
        assert client.get("/late").status_code == 404
        change(app, APIRoute("/late", late))
        assert client.get("/late").json() == "ada"


async def test_b11_routes_added_while_others_are_prepared_are_prepared_next(
    container: Container, deps: Deps, app: FastAPI
) -> None:
    class Greeter:
        def __init__(self, user: User) -> None:
            self.user = user

    async def greet(greeter: Annotated[Greeter, deps.depends(Greeter)]) -> str:
        return greeter.user.name

    class Meddling(APIRoute):
        """Adds another route the second time that its handler is made, which is when it is prepared."""

        made = 0

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            Meddling.made += 1
            if Meddling.made == 2:
                app.router.routes.insert(0, APIRoute("/late", greet))  # where preparation has been already
            return super().get_route_handler()

    container.scoped(Greeter)
    deps.from_depends(User, lambda: User("ada"))
    deps.install(app, container)
    app.router.add_api_route("/early", greet, route_class_override=Meddling)
    with TestClient(app) as client:
        assert [client.get(path).json() for path in ("/early", "/late")] == ["ada", "ada"]
    assert Meddling.made > 1


@pytest.mark.parametrize("path", ["/prepared", "/below", "/both"])
async def test_b11_a_request_leaves_no_work_to_the_garbage_collector(
    container: Container, deps: Deps, app: FastAPI, path: str
) -> None:
    class Visit:
        def __init__(self, connection: HTTPConnection, request: Request, scope: Scope) -> None:
            self.held = connection, request
            seen.append(weakref.ref(scope))

    def below(visit: Annotated[Visit, deps.depends(Visit)]) -> None: ...

    @app.get("/prepared")
    async def prepared(visit: Annotated[Visit, deps.depends(Visit)]) -> None: ...

    @app.get("/below", dependencies=[Depends(below)])
    async def plain() -> None: ...

    @app.get("/both", dependencies=[Depends(below)])
    async def both(visit: Annotated[Visit, deps.depends(Visit)]) -> None: ...

    seen: list[weakref.ref[Scope]] = []
    container.scoped(Visit)
    deps.install(app, container)
    async with running(app):
        await get(app, path)
        gc.collect()
        gc.disable()
        try:
            await asyncio.create_task(get(app, path))
            for _ in range(1000):
                if all(gone() is None for gone in seen):
                    break
                await asyncio.sleep(0.001)  # a worker thread is about to forget the context it ran in
            assert [gone() for gone in seen] == [None, None]
        finally:
            gc.enable()


def test_a_router_that_outlives_an_application_does_not_keep_it(container: Container, deps: Deps) -> None:
    router = APIRouter()

    @router.get("/")
    async def route(user: Annotated[User, deps.depends(User)]) -> str:
        return user.name

    container.singleton(User, User("ada"))
    app = FastAPI()
    app.include_router(router)
    deps.install(app, container)
    with TestClient(app):
        gone = weakref.ref(app)
    del app
    gc.collect()
    assert gone() is None


def test_b12_without_a_lifespan_routes_inject_and_singletons_are_built_once(
    container: Container, deps: Deps, app: FastAPI
) -> None:
    built: list[int] = []

    async def connect() -> User:
        built.append(1)
        return User("singleton")

    container.singleton(User, connect)

    @app.get("/")
    async def route(user: Annotated[User, deps.depends(User)], orders: Annotated[Orders, deps.depends(Orders)]) -> str:
        return user.name

    deps.install(app, container)
    client = TestClient(app)
    assert [client.get("/").json() for _ in range(3)] == ["singleton"] * 3
    assert built == [1]


@pytest.mark.parametrize("watched", [False, True], ids=["alone", "around another middleware"])
def test_an_application_may_be_started_twice(container: Container, deps: Deps, app: FastAPI, watched: bool) -> None:
    if watched:
        app.add_middleware(BaseHTTPMiddleware, dispatch=lambda request, call_next: call_next(request))
    opened: list[str] = []

    async def connect() -> AsyncIterator[User]:
        opened.append("open")
        yield User(str(len(opened)))
        opened.append("close")

    container.singleton(User, connect)

    @app.get("/")
    async def route(user: Annotated[User, deps.depends(User)]) -> str:
        return user.name

    deps.install(app, container)
    names = []
    for _ in range(2):
        with TestClient(app) as client:
            names.append(client.get("/").json())
    assert names == ["1", "3"]
    assert opened == ["open", "close"] * 2


def test_b12_openapi_shows_no_trace_of_injection(container: Container, deps: Deps) -> None:
    def build(*, inject: bool) -> dict[str, Any]:
        app = FastAPI()
        router = APIRouter(dependencies=[Depends(deps.provider(Session))] if inject else [])

        async def injected(number: int, orders: Annotated[Orders, deps.depends(Orders)], text: str = "x") -> int:
            return 1

        async def plain(number: int, text: str = "x") -> int:
            return 1

        router.add_api_route("/{number}", injected if inject else plain, name="route", operation_id="route")
        app.include_router(router)
        if inject:
            deps.install(app, container)
            with TestClient(app):
                return app.openapi()
        return app.openapi()

    assert build(inject=True) == build(inject=False)


def test_d1_start_reports_what_routes_ask_for(container: Container, deps: Deps, app: FastAPI) -> None:
    async def below(user: Annotated[User, deps.depends(User)]) -> None: ...

    router = APIRouter()

    @router.get("/route")
    async def route(profile: Annotated[Profile, deps.depends(Profile)], _: Annotated[None, Depends(below)]) -> None: ...

    @router.websocket("/ws")
    async def ws(websocket: WebSocket, user: Annotated[User, deps.depends(User)]) -> None: ...

    app.include_router(router)
    deps.install(app, container)
    with pytest.raises(errors.GraphError) as caught, TestClient(app):
        pass
    text = str(caught.value)
    assert len(caught.value.problems) == 3
    assert all(name in text for name in ("GET /route", "WEBSOCKET /ws", "test_routes.py:"))


async def test_b5_the_compiled_route_steps_aside_for_whoever_resolves_meanwhile(deps: Deps, app: FastAPI) -> None:
    """The session's own set-up resolves in the scope, through a task, while the route's plan waits for it."""
    container = Container()
    built: list[str] = []
    met: list[object] = []

    class Clock:
        def __init__(self) -> None:
            built.append("clock")

    class Report:
        def __init__(self, clock: Clock) -> None:
            self.clock = clock
            built.append("report")

    class Page:
        def __init__(self, session: Session, report: Report) -> None:
            self.report = report

    async def open_session(clock: Clock, scope: Scope) -> AsyncIterator[Session]:
        met.append(await asyncio.create_task(scope.resolve(Report)))
        yield Session()

    container.scoped(Clock)
    container.scoped(Report)
    container.scoped(Page)
    container.scoped(Session, open_session)

    @app.get("/")
    async def route(page: Annotated[Page, deps.depends(Page)], clock: Annotated[Clock, deps.depends(Clock)]) -> bool:
        return page.report is met[0] and page.report.clock is clock

    deps.install(app, container)
    transport = httpx.ASGITransport(app)
    async with running(app), httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/")).json() is True
    assert built == ["clock", "report"]


def test_b5_a_constructor_that_resolves_by_itself_gets_the_same_objects(deps: Deps, app: FastAPI) -> None:
    container = Container()

    class Clock: ...

    class Locator:
        def __init__(self) -> None:
            self.clock = current_scope().get(Clock)

    container.scoped(Clock)
    container.scoped(Locator)

    @app.get("/")
    async def route(
        before: Annotated[Clock, deps.depends(Clock)], locator: Annotated[Locator, deps.depends(Locator)]
    ) -> bool:
        return locator.clock is before

    deps.install(app, container)
    with TestClient(app) as client:
        assert client.get("/").json() is True


def test_e2_overrides_work_through_the_test_client_and_leave_the_fast_path_as_it_was(
    container: Container, deps: Deps, app: FastAPI
) -> None:
    class Gateway:
        def name(self) -> str:
            return "real"

    class Holder:
        def __init__(self, gateway: Gateway) -> None:
            self.gateway = gateway

    class Fake(Gateway):
        def name(self) -> str:
            return "fake"

    container.singleton(Gateway)
    container.singleton(Holder)

    @app.get("/")
    async def route(holder: Annotated[Holder, deps.depends(Holder)]) -> str:
        return holder.gateway.name()

    deps.install(app, container)
    with TestClient(app) as client:
        answers = [client.get("/").json()]
        with deps.override(Gateway, Fake()):
            answers.append(client.get("/").json())
        answers.append(client.get("/").json())
    assert answers == ["real", "fake", "real"]


def test_a6_a_failing_provider_on_a_route_names_its_path(container: Container, deps: Deps, app: FastAPI) -> None:
    def refuse(session: Session) -> Orders:
        raise PermissionError("no")

    container.replace(Orders, refuse)

    @app.get("/")
    async def route(orders: Annotated[Orders, deps.depends(Orders)]) -> None: ...

    deps.install(app, container)
    with TestClient(app) as client, pytest.raises(PermissionError) as caught:
        client.get("/")
    assert any("while building Orders (scoped" in note for note in caught.value.__notes__)


def test_using_deps_before_install_says_what_to_do(deps: Deps, app: FastAPI) -> None:
    @app.get("/")
    async def route(orders: Annotated[Orders, deps.depends(Orders)]) -> None: ...

    with TestClient(app) as client, pytest.raises(NotInstalledError, match=r"deps\.install\(app, container\)"):
        client.get("/")


def test_b12_one_deps_serves_applications_with_a_container_each(deps: Deps) -> None:
    router = APIRouter()

    async def seen_by_a_guard(user: Annotated[User, deps.depends(User)]) -> str:
        return user.name

    @router.get("/")
    async def route(
        guard: Annotated[str, Depends(seen_by_a_guard)], user: Annotated[User, deps.depends(User)]
    ) -> list[str]:
        return [guard, user.name]

    def serve(name: str) -> FastAPI:
        container = Container()
        container.scoped(User, lambda: User(name))
        app = FastAPI()
        app.include_router(router, prefix="/included")
        deps.install(app, container)
        return app

    first, second = serve("first"), serve("second")
    with TestClient(first) as to_first, TestClient(second) as to_second:
        assert to_second.get("/included/").json() == ["second", "second"]
        assert to_first.get("/included/").json() == ["first", "first"]


def test_d1_every_type_one_route_asks_for_is_looked_at(deps: Deps, app: FastAPI) -> None:
    @app.get("/")
    async def route(one: Annotated[Orders, deps.depends(Orders)], two: Annotated[User, deps.depends(User)]) -> None: ...

    deps.install(app, Container())
    with pytest.raises(errors.GraphError) as caught, TestClient(app):
        pass
    assert len(caught.value.problems) == 2
