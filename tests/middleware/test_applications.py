"""Promises B9 to B12, D1, E1 and E2 of whole applications: endpoints, shared containers, bare clients, restarts."""

import asyncio
import functools
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import anyio.to_thread
import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Security, WebSocket
from fastapi.security import OAuth2PasswordBearer
from fastapi.testclient import TestClient

from di import Container, Scope, errors
from middleware import Deps
from middleware.errors import WrongConnectionError
from tests.middleware.asgi import get, running
from tests.middleware.conftest import Orders, Session, Sessions

# The container of the fixture offers more than the routes of each test ask for.
pytestmark = pytest.mark.filterwarnings("ignore::di.errors.UnusedProviderWarning")

OK = ["commit", "closed"]


class Redis:
    """A client that belongs to the event loop it was made on."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.closed = False


class Cache:
    def __init__(self, redis: Redis) -> None:
        self.redis = redis


@pytest.fixture
def deps() -> Deps:
    return Deps()


@pytest.fixture
def app() -> FastAPI:
    return FastAPI()


async def open_redis() -> AsyncIterator[Redis]:
    redis = Redis()
    await asyncio.sleep(0)
    yield redis
    redis.closed = True


# --- endpoints ---


@pytest.mark.parametrize("kind", ["object", "def object", "partial", "method"])
def test_b9_endpoints_of_every_kind_inject(container: Container, deps: Deps, app: FastAPI, kind: str) -> None:
    OrdersDep = Annotated[Orders, deps.depends(Orders)]  # noqa: N806 - an alias

    class Endpoint:
        async def __call__(self, orders: OrdersDep, number: int = 1) -> int:
            return number + (type(orders) is Orders)

        async def method(self, orders: OrdersDep, number: int = 1) -> int:
            return number + (type(orders) is Orders)

    class InThread:
        def __call__(self, orders: OrdersDep, number: int = 1) -> int:
            assert threading.current_thread() is not threading.main_thread()
            return number + (type(orders) is Orders)

    async def function(orders: OrdersDep, number: int, more: int) -> int:
        return number + more - (type(orders) is not Orders)

    endpoint: Any = {
        "object": Endpoint(),
        "def object": InThread(),
        "partial": functools.partial(function, more=1),
        "method": Endpoint().method,
    }[kind]
    app.add_api_route("/", endpoint)
    deps.install(app, container)
    with TestClient(app) as client:
        assert client.get("/", params={"number": 4}).json() == 5


async def test_b9_a_def_route_costs_one_thread_hop(
    container: Container, deps: Deps, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    hops: list[Any] = []
    run_sync = anyio.to_thread.run_sync

    async def counting(function: Any, *args: Any, **options: Any) -> Any:
        hops.append(function)
        return await run_sync(function, *args, **options)

    @app.get("/")
    def route(
        orders: Annotated[Orders, deps.depends(Orders)], session: Annotated[Session, deps.depends(Session)]
    ) -> str:
        assert orders.session is session
        return "ok"

    deps.install(app, container)
    monkeypatch.setattr(anyio.to_thread, "run_sync", counting)
    async with running(app):
        await get(app)
        assert len(hops) == 1
        await get(app)
        assert len(hops) == 2


# --- containers and applications ---


async def test_b12_of_two_applications_on_one_container_the_last_to_stop_closes_it() -> None:
    container = Container()
    container.singleton(Redis, open_redis)
    first, second = (application_on(container) for _ in range(2))
    async with running(second):
        async with running(first):
            assert (await get(first))[0]["status"] == 200
        redis = container[Redis]
        assert not redis.closed
        assert (await get(second))[0]["status"] == 200
    assert redis.closed


async def test_b12_an_application_that_stops_first_leaves_the_other_its_singletons() -> None:
    container = Container()
    container.singleton(Redis, open_redis)
    first, second = (application_on(container) for _ in range(2))
    lifespan = first.router.lifespan_context(first)
    await lifespan.__aenter__()
    async with running(second):
        await lifespan.__aexit__(None, None, None)
        assert (await get(second))[0]["status"] == 200
        redis = container[Redis]
        assert not redis.closed
    assert redis.closed


def application_on(container: Container) -> FastAPI:
    app, deps = FastAPI(), Deps()

    @app.get("/")
    async def route(redis: Annotated[Redis, deps.depends(Redis)]) -> str:
        return str(redis.closed)

    deps.install(app, container)
    return app


async def test_b12_a_request_inside_a_request_has_a_scope_of_its_own(
    container: Container, sessions: Sessions, deps: Deps, app: FastAPI
) -> None:
    """An application that calls itself over an in-process transport."""

    @app.get("/inner")
    async def inner(session: Annotated[Session, deps.depends(Session)]) -> int:
        return id(session)

    @app.get("/outer")
    async def outer(session: Annotated[Session, deps.depends(Session)]) -> bool:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return bool((await client.get("/inner")).json() != id(session))

    deps.install(app, container)
    async with running(app):
        body = (await get(app, "/outer"))[1]["body"]
    assert body == b"true"
    assert sessions.logs == [OK, OK]


def test_b12_a_bare_client_builds_async_singletons_once_over_its_changing_event_loops(deps: Deps, app: FastAPI) -> None:
    loops: list[object] = []

    async def connect() -> AsyncIterator[Redis]:
        await asyncio.sleep(0)
        yield Redis()

    container = Container()
    container.singleton(Redis, connect)
    container.singleton(Cache)
    container.scoped(Orders, lambda: Orders(Session()))

    @app.get("/")
    async def route(
        cache: Annotated[Cache, deps.depends(Cache)], orders: Annotated[Orders, deps.depends(Orders)]
    ) -> int:
        loops.append(asyncio.get_running_loop())
        return id(cache.redis)

    deps.install(app, container)
    client = TestClient(app)
    assert len({client.get("/").json() for _ in range(3)}) == 1
    assert len({id(loop) for loop in loops}) > 1


def test_b12_a_bare_client_whose_first_request_is_given_up_during_a_build_serves_the_next(
    deps: Deps, app: FastAPI
) -> None:
    attempts: list[int] = []

    async def connect() -> Redis:
        attempts.append(1)
        if len(attempts) == 1:
            await asyncio.Event().wait()
        return Redis()

    container = Container()
    container.singleton(Redis, connect)

    @app.middleware("http")
    async def limit(request: Any, call_next: Any) -> Any:
        async with asyncio.timeout(0.05 if len(attempts) == 0 else 5):
            return await call_next(request)

    @app.get("/")
    async def route(redis: Annotated[Redis, deps.depends(Redis)]) -> str:
        return "ok"

    deps.install(app, container)
    client = TestClient(app)
    with pytest.raises(TimeoutError):
        client.get("/")
    assert client.get("/").json() == "ok"
    assert len(attempts) == 2


def test_b12_without_a_lifespan_a_broken_route_breaks_no_other(deps: Deps, app: FastAPI) -> None:
    class Unknown: ...

    class NeedsUnknown:
        def __init__(self, unknown: Unknown) -> None: ...

    container = Container()
    container.scoped(NeedsUnknown)
    container.scoped(Session)

    def current_user() -> str:
        return "alice"

    class User: ...

    deps.from_depends(User, current_user)

    @app.get("/broken")
    async def broken(service: Annotated[NeedsUnknown, deps.depends(NeedsUnknown)]) -> None: ...

    @app.get("/fine")
    async def fine(session: Annotated[Session, deps.depends(Session)]) -> str:
        return "ok"

    deps.install(app, container)
    client = TestClient(app)
    for _ in range(2):
        assert client.get("/fine").json() == "ok"
        with pytest.raises(errors.MissingProviderError, match="Unknown has no provider"):
            client.get("/broken")


async def test_c4_a_request_after_the_stop_is_refused_by_name(container: Container, deps: Deps, app: FastAPI) -> None:
    container.singleton(Redis, open_redis)

    @app.get("/")
    async def route(redis: Annotated[Redis, deps.depends(Redis)]) -> str:
        return "ok"

    deps.install(app, container)
    async with running(app):
        await get(app)
    with pytest.raises(errors.ContainerClosedError):
        await get(app)


def test_b12_a_restarted_application_binds_the_singletons_of_its_own_life(deps: Deps, app: FastAPI) -> None:
    container = Container()
    container.singleton(Redis, open_redis)
    container.singleton(Cache)

    @app.get("/")
    async def route(cache: Annotated[Cache, deps.depends(Cache)]) -> bool:
        return cache.redis.closed or cache.redis.loop is not asyncio.get_running_loop()

    async def ask_first(
        cache: Annotated[Cache, deps.depends(Cache)], user: Annotated[User, deps.depends(User)]
    ) -> None:
        """Resolve before the route does."""

    @app.get("/asked-before", dependencies=[Depends(ask_first)])
    async def asked_before(
        cache: Annotated[Cache, deps.depends(Cache)], user: Annotated[User, deps.depends(User)]
    ) -> bool:
        return cache.redis.closed or cache.redis.loop is not asyncio.get_running_loop()

    container.scoped(User, lambda: User("somebody"))
    deps.install(app, container)
    for _ in range(3):
        with TestClient(app) as client:
            assert [client.get("/").json() for _ in range(2)] == [False, False]
            assert [client.get("/asked-before").json() for _ in range(3)] == [False, False, False]


# --- from_depends and dependency_overrides ---


class User:
    def __init__(self, name: str) -> None:
        self.name = name


class Profile:
    def __init__(self, user: User) -> None:
        self.user = user


oauth2 = OAuth2PasswordBearer("/token", auto_error=False)


def installed_with_user(deps: Deps, app: FastAPI) -> list[str]:
    """Install a `from_depends` user; returns the log of calls."""
    calls: list[str] = []

    async def token(token: Annotated[str | None, Depends(oauth2)]) -> str:
        calls.append("token")
        return token or "nobody"

    def current_user(name: Annotated[str, Depends(token)]) -> User:
        calls.append("user")
        if name == "banned":
            raise HTTPException(401)
        return User(name)

    async def below(profile: Annotated[Profile, deps.depends(Profile)]) -> str:
        return profile.user.name

    ProfileDep = Annotated[Profile, deps.depends(Profile)]  # noqa: N806 - an alias

    @app.get("/direct")
    async def direct(profile: ProfileDep, user: Annotated[User, Depends(current_user)]) -> list[Any]:
        return [profile.user.name, profile.user is user]

    @app.get("/def")
    def in_thread(profile: ProfileDep, name: Annotated[str, Depends(below)]) -> list[Any]:
        return [profile.user.name, name]

    @app.get("/below", dependencies=[Depends(below)])
    async def only_below(name: Annotated[str, Depends(below)]) -> str:
        return name

    @app.get("/without")
    async def without() -> str:
        return "ok"

    @app.websocket("/socket")
    async def socket(websocket: WebSocket, profile: ProfileDep) -> None:
        await websocket.accept()
        await websocket.send_text(profile.user.name)
        await websocket.close()

    app.dependency_overrides.clear()
    deps.from_depends(User, current_user)
    container = Container()
    container.scoped(Profile)
    deps.install(app, container)
    app.state.current_user = current_user
    return calls


@pytest.mark.parametrize("overridden", [False, True])
def test_b11_from_depends_runs_once_and_only_where_it_is_reached(deps: Deps, app: FastAPI, overridden: bool) -> None:
    calls = installed_with_user(deps, app)
    if overridden:  # FastAPI then rebuilds what is below every dependency
        app.dependency_overrides[object] = lambda: None
    headers = {"Authorization": "Bearer alice"}
    with TestClient(app) as client:
        for path, answer in (("direct", ["alice", True]), ("def", ["alice", "alice"]), ("below", "alice")):
            calls.clear()
            assert client.get(f"/{path}", headers=headers).json() == answer
            assert calls == ["token", "user"]
        calls.clear()
        assert client.get("/without").json() == "ok"
        assert calls == []
        assert client.get("/direct", headers={"Authorization": "Bearer banned"}).status_code == 401


async def test_b11_applications_that_share_a_container_have_their_own_source_of_a_value() -> None:
    container = Container()
    container.scoped(Profile)

    def application(name: str) -> FastAPI:
        app, deps = FastAPI(), Deps()
        deps.from_depends(User, lambda: User(name))

        @app.get("/")
        async def route(profile: Annotated[Profile, deps.depends(Profile)]) -> str:
            return profile.user.name

        deps.install(app, container)
        return app

    public, admin = application("visitor"), application("admin")
    async with running(public), running(admin):
        assert [(await get(app))[1]["body"] for app in (public, admin)] == [b'"visitor"', b'"admin"']


def test_b11_from_depends_reaches_websockets(deps: Deps, app: FastAPI) -> None:
    container = Container()
    container.scoped(Profile)

    def by_query(name: Annotated[str, Query()]) -> User:
        return User(name)

    deps.from_depends(User, by_query)

    @app.websocket("/")
    async def route(websocket: WebSocket, profile: Annotated[Profile, deps.depends(Profile)]) -> None:
        await websocket.accept()
        await websocket.send_text(profile.user.name)

    deps.install(app, container)
    with TestClient(app) as client, client.websocket_connect("/?name=alice") as socket:
        assert socket.receive_text() == "alice"


def test_b11_an_override_of_the_underlying_dependency_reaches_services(deps: Deps, app: FastAPI) -> None:
    installed_with_user(deps, app)
    app.dependency_overrides[app.state.current_user] = lambda: User("stand-in")
    with TestClient(app) as client:
        assert client.get("/direct").json() == ["stand-in", True]
        assert client.get("/def").json() == ["stand-in", "stand-in"]


def test_b11_dependency_overrides_come_and_go_with_the_fast_path(
    container: Container, deps: Deps, app: FastAPI
) -> None:
    @app.get("/")
    async def route(session: Annotated[Session, deps.depends(Session)]) -> str:
        return ",".join(session.log)

    def stand_in() -> Iterator[Session]:
        yield Session(["stand-in"])

    deps.install(app, container)
    with TestClient(app) as client:
        assert client.get("/").json() == ""
        app.dependency_overrides[deps.provider(Session)] = stand_in
        assert client.get("/").json() == "stand-in"
        app.dependency_overrides.clear()
        assert client.get("/").json() == ""


def test_b12_openapi_is_the_same_as_without_injection(deps: Deps) -> None:
    class Quiet:
        """Something whose constructor FastAPI finds no parameters in."""

    def build(*, inject: bool) -> FastAPI:
        app, router, container = FastAPI(), APIRouter(prefix="/x", tags=["x"]), Container()
        container.scoped(Quiet)
        QuietDep = Annotated[Quiet, deps.depends(Quiet) if inject else Depends(Quiet)]  # noqa: N806 - an alias

        async def below(quiet: QuietDep, limit: int = 3) -> int:
            return limit

        def user(token: Annotated[str | None, Security(oauth2)]) -> str | None:
            return token

        @router.post("/{number}", dependencies=[Depends(below)])
        async def route(number: int, body: dict[str, int], quiet: QuietDep, name: Annotated[str, Depends(user)]) -> int:
            return number

        app.include_router(router)
        app.get("/def")(lambda: 1)
        if inject:
            deps.install(app, container)
        return app

    injected = build(inject=True)
    before = injected.openapi()
    with TestClient(injected) as client:
        client.post("/x/1", json={})
        injected.openapi_schema = None
        assert injected.openapi() == before
    assert before == build(inject=False).openapi()


# --- validation and overrides through an application ---


def test_d1_every_route_of_every_kind_is_looked_at(deps: Deps, app: FastAPI) -> None:
    class A: ...

    class B: ...

    class C: ...

    class D: ...

    async def below(b: Annotated[B, deps.depends(B)]) -> None: ...

    router, mounted = APIRouter(), FastAPI()

    @app.get("/a")
    async def a(a: Annotated[A, deps.depends(A)]) -> None: ...

    @router.get("/b", dependencies=[Depends(below)])
    async def b() -> None: ...

    @router.websocket("/c")
    async def c(c: Annotated[C, deps.depends(C)]) -> None: ...

    @mounted.get("/d")
    async def d(d: Annotated[D, deps.depends(D)]) -> None: ...

    app.include_router(router, prefix="/router")
    app.mount("/mounted", mounted)
    deps.install(app, Container())
    with pytest.raises(errors.GraphError) as caught, TestClient(app):
        pass
    texts = sorted(str(problem) for problem in caught.value.problems)
    assert len(texts) == 4
    for text, place in zip(texts, ("GET /a", "GET /router/b", "WEBSOCKET /router/c", "GET /d"), strict=True):
        assert place in text
        assert "test_applications.py:" in text


def test_e1_starting_under_an_override_builds_nothing_real(deps: Deps, app: FastAPI) -> None:
    def connect() -> Redis:
        pytest.fail("the real one was built")

    container = Container()
    container.singleton(Redis, connect)
    container.singleton(Cache)

    @app.get("/")
    async def route(cache: Annotated[Cache, deps.depends(Cache)]) -> str:
        return str(type(cache.redis).__name__)

    class Fake(Redis): ...

    deps.install(app, container)
    with deps.override(Redis, Fake), TestClient(app) as client:
        assert [client.get("/").json() for _ in range(2)] == ["Fake", "Fake"]


def test_e1_the_first_request_under_an_override_builds_nothing_real(deps: Deps, app: FastAPI) -> None:
    built: list[str] = []

    def connect() -> Redis:
        built.append("real")
        return Redis()

    container = Container()
    container.singleton(Redis, connect, eager=False)
    container.singleton(Cache, eager=False)

    @app.get("/")
    async def route(cache: Annotated[Cache, deps.depends(Cache)]) -> str:
        return str(type(cache.redis).__name__)

    class Fake(Redis): ...

    deps.install(app, container)
    with TestClient(app) as client:
        with deps.override(Redis, Fake):
            assert client.get("/").json() == "Fake"
        assert built == []
        assert client.get("/").json() == "Redis"
        with deps.override(Redis, Fake):
            assert client.get("/").json() == "Fake"
        assert client.get("/").json() == "Redis"
    assert built == ["real"]


def test_b10_asking_for_the_wrong_connection_says_what_to_ask_for(
    container: Container, deps: Deps, app: FastAPI
) -> None:
    class NeedsSocket:
        def __init__(self, socket: WebSocket) -> None: ...

    container.scoped(NeedsSocket)

    @app.get("/")
    async def route(service: Annotated[NeedsSocket, deps.depends(NeedsSocket)]) -> None: ...

    deps.install(app, container)
    with TestClient(app) as client, pytest.raises(WrongConnectionError, match="Ask for HTTPConnection"):
        client.get("/")


async def test_b10_a_connection_outside_of_a_request_is_an_error_that_says_so(container: Container, deps: Deps) -> None:
    deps.install(FastAPI(), container)
    async with container.scope() as scope:
        with pytest.raises(WrongConnectionError, match="belongs to no request"):
            await scope.resolve(WebSocket)


async def test_e2_two_concurrent_requests_each_see_their_own_override(deps: Deps, app: FastAPI) -> None:
    """Two tests in one process against one application."""
    both_inside = asyncio.Barrier(2)

    class Name:
        def __init__(self, text: str = "real") -> None:
            self.text = text

    async def open_name(scope: Scope) -> AsyncIterator[Name]:
        yield Name()

    container = Container()
    container.scoped(Name, open_name)

    @app.get("/")
    async def route(name: Annotated[Name, deps.depends(Name)]) -> str:
        await both_inside.wait()
        return name.text

    async def ask(text: str) -> bytes:
        with deps.override(Name, Name(text)):
            body: bytes = (await get(app))[1]["body"]
            return body

    deps.install(app, container)
    async with running(app):
        assert list(await asyncio.gather(ask("one"), ask("two"))) == [b'"one"', b'"two"']
