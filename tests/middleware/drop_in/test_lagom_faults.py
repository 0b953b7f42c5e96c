"""What lagom was measured to do wrong cannot be reached: not in the drop-in form, nor after `install`."""

import asyncio
import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import anyio
import lagom
import pytest
from fastapi import BackgroundTasks, FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import PlainTextResponse, StreamingResponse
from fastapi.testclient import TestClient

from di import Container, Named, Scope, errors
from middleware import Deps
from tests.middleware.asgi import get
from tests.middleware.drop_in.services import Basket, Checkout, Connection, define_connection, definition

pytestmark = pytest.mark.filterwarnings("ignore::di.errors.UnusedProviderWarning")


class Form:
    """A container, an application and what connects them, in one of the forms that people use."""

    def __init__(self, kind: str) -> None:
        self.container: Any = lagom.Container() if kind == "drop-in on lagom" else Container()
        self.app = FastAPI()
        self.deps = Deps(self.container, [Basket], [Connection])
        self.opened: list[Connection] = []
        define_connection(self.container, self.opened)
        if kind == "installed":
            self.deps.install(self.app)
        self.client = TestClient(self.app)

    def serve(self, key: Any) -> Callable[[], Any]:
        """Return what asks for an object by a request."""
        seen: list[Any] = []

        @self.app.get("/")
        async def route(service: Annotated[Any, self.deps.depends(key)]) -> None:
            seen.append(service)

        def ask() -> Any:
            assert self.client.get("/").status_code == 200
            return seen.pop()

        return ask


@pytest.fixture(params=["drop-in on lagom", "drop-in", "installed"])
def form(request: pytest.FixtureRequest) -> Form:
    return Form(request.param)


def test_lagom_fault_mutually_dependent_singletons_do_not_hang(form: Form) -> None:
    class Chicken:
        def __init__(self, egg: "Egg") -> None: ...

    class Egg:
        def __init__(self, chicken: Chicken) -> None: ...

    Chicken.__init__.__annotations__["egg"] = Egg
    form.container[Chicken] = lagom.Singleton(Chicken)
    form.container[Egg] = lagom.Singleton(Egg)
    with pytest.raises(errors.CycleError):
        form.serve(Chicken)()


def test_lagom_fault_singletons_that_ask_for_each_other_by_hand_do_not_hang(form: Form) -> None:
    form.container[Checkout] = lagom.Singleton(lambda inner: inner[Path])
    form.container[Path] = lagom.Singleton(lambda inner: inner[Checkout])
    with pytest.raises(errors.CycleError):
        form.serve(Checkout)()


@pytest.mark.parametrize("held", [Basket, Connection, Request, Scope])
def test_lagom_fault_a_singleton_keeps_nothing_of_a_request(form: Form, held: Any) -> None:
    class Cache:
        def __init__(self, held: object) -> None: ...

    Cache.__init__.__annotations__["held"] = held
    form.container[Cache] = lagom.Singleton(Cache)
    with pytest.raises(errors.CaptiveDependencyError, match=f"Cache would keep scoped {held.__name__}"):
        form.serve(Cache)()


@pytest.mark.parametrize("held", [Basket, Connection, Request, Scope])
def test_lagom_fault_a_singleton_takes_nothing_of_a_request_from_the_container(form: Form, held: Any) -> None:
    form.container[Checkout] = lagom.Singleton(lambda inner: Checkout(inner[held]))
    with pytest.raises(errors.NoScopeError, match=held.__name__):
        form.serve(Checkout)()


def test_lagom_fault_nothing_of_a_request_outlives_it(form: Form) -> None:
    references: list[weakref.ref[object]] = []

    @form.app.get("/")
    async def route(
        request: Request,
        basket: Annotated[Basket, form.deps.depends(Basket)],
        connection: Annotated[Connection, form.deps.depends(Connection)],
    ) -> None:
        references.extend(map(weakref.ref, (request, basket, connection)))

    form.client.get("/")
    form.opened.clear()
    gc.collect()
    assert [reference() for reference in references] == [None] * 3


def test_lagom_fault_a_failed_async_build_is_tried_again(form: Form) -> None:
    attempts: list[int] = []

    async def connect() -> Checkout:
        await asyncio.sleep(0)
        attempts.append(1)
        if len(attempts) == 1:
            raise ConnectionRefusedError
        return Checkout(Basket())

    form.container[Checkout] = lagom.Singleton(connect)
    ask = form.serve(Checkout)
    with pytest.raises(ConnectionRefusedError):
        ask()
    assert ask() is ask()
    assert len(attempts) == 2


async def test_lagom_fault_a_cancelled_async_build_serves_the_next(form: Form) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    made = Checkout(Basket())

    async def connect() -> Checkout:
        begun.set()
        await go_on.wait()
        return made

    form.container[Checkout] = lagom.Singleton(connect)

    @form.app.get("/")
    async def route(checkout: Annotated[Checkout, form.deps.depends(Checkout)]) -> bool:
        return checkout is made

    first = asyncio.create_task(get(form.app))
    await begun.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    go_on.set()
    assert (await get(form.app))[1]["body"] == b"true"


@pytest.mark.parametrize("by_decorator", [False, True])
def test_lagom_fault_a_constructor_gets_the_object_and_no_awaitable(form: Form, by_decorator: bool) -> None:
    class Pool: ...

    class Repository:
        def __init__(self, pool: Pool) -> None:
            self.pool = pool

    async def connect() -> Pool:
        await asyncio.sleep(0)
        return Pool()

    if by_decorator:
        connect.__annotations__["return"] = Pool
        definition(form.container)(connect)
    else:
        form.container[Pool] = connect
    form.container[Repository] = Repository
    assert isinstance(form.serve(Repository)().pool, Pool)


def test_lagom_fault_a_constructors_default_is_kept(form: Form) -> None:
    class Settings:
        def __init__(self, folder: Path = Path("/etc/app"), basket: Checkout | None = None, count: int = 3) -> None:
            self.values = folder, basket, count

    form.container[Settings] = Settings
    assert form.serve(Settings)().values == (Path("/etc/app"), None, 3)


@pytest.mark.parametrize("form", ["drop-in on lagom", "drop-in"], indirect=True)
def test_lagom_fault_a_default_is_kept_also_after_its_type_was_autowired(form: Form) -> None:
    class Needs:
        def __init__(self, checkout: Checkout) -> None: ...

    class May:
        def __init__(self, checkout: Checkout | None = None) -> None:
            self.checkout = checkout

    @form.app.get("/needs")
    async def route(needs: Annotated[Needs, form.deps.depends(Needs)]) -> None: ...

    assert form.client.get("/needs").status_code == 200
    assert form.serve(May)().checkout is None


def test_lagom_fault_named_dependencies_are_told_apart(form: Form) -> None:
    class Pool: ...

    class Reports:
        def __init__(self, main: Pool, replica: Annotated[Pool, Named("replica")]) -> None:
            self.both = main, replica

    main, replica = Pool(), Pool()
    form.container[Pool] = main
    form.container[Annotated[Pool, Named("replica")]] = replica
    form.container[Reports] = Reports
    assert form.serve(Reports)().both == (main, replica)


def test_lagom_fault_a_type_error_in_a_constructor_is_raised_as_it_is(form: Form) -> None:
    class Sum:
        def __init__(self) -> None:
            self.value = 1 + "1"  # type: ignore[operator]  # the mistake under test

    form.container[Sum] = Sum
    with pytest.raises(TypeError, match="unsupported operand") as caught:
        form.serve(Sum)()
    assert caught.value.__cause__ is None


def serve_outcomes(form: Form) -> None:
    app, opened = form.app, Annotated[Connection, form.deps.depends(Connection)]

    @app.exception_handler(KeyError)
    async def handled(request: Request, error: Exception) -> PlainTextResponse:
        return PlainTextResponse("handled")

    @app.get("/ok")
    def ok(connection: opened) -> str:  # type: ignore[valid-type]  # made by the test
        return "ok"

    @app.get("/http-exception")
    def refused(connection: opened) -> None:  # type: ignore[valid-type]
        raise HTTPException(403)

    @app.get("/handled")
    async def broken(connection: opened) -> None:  # type: ignore[valid-type]
        raise KeyError

    @app.get("/unserializable", response_model=int)
    async def unserializable(connection: opened) -> Any:  # type: ignore[valid-type]
        return "no number"

    @app.get("/invalid")
    async def invalid(connection: opened, number: int) -> None: ...  # type: ignore[valid-type]

    @app.get("/background")
    async def background(connection: opened, tasks: BackgroundTasks) -> None:  # type: ignore[valid-type]
        tasks.add_task(lambda: 1 / 0)

    @app.get("/stream")
    async def stream(connection: opened) -> StreamingResponse:  # type: ignore[valid-type]
        def body() -> Iterator[bytes]:
            yield b"1"
            raise LookupError

        return StreamingResponse(body())


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("/ok", "commit"),
        ("/http-exception", "HTTPException"),
        ("/handled", "KeyError"),
        ("/unserializable", "ResponseValidationError"),
        ("/invalid", "RequestValidationError"),
        ("/background", "ZeroDivisionError"),
        ("/stream", "LookupError"),
    ],
)
def test_lagom_fault_nothing_is_committed_when_the_route_failed(form: Form, path: str, outcome: str) -> None:
    serve_outcomes(form)
    TestClient(form.app, raise_server_exceptions=False).get(path)
    # FastAPI refuses invalid input after it has run dependencies; the fast path builds nothing for it.
    if not (path == "/invalid" and form.opened == []):
        assert [connection.log for connection in form.opened] == [[outcome, "closed"]]


def test_lagom_fault_websockets_work_and_are_told_their_outcome(form: Form) -> None:
    @form.app.websocket("/{fails}")
    async def route(
        websocket: WebSocket, fails: bool, connection: Annotated[Connection, form.deps.depends(Connection)]
    ) -> None:
        await websocket.accept()
        await websocket.send_json(connection.log)
        if fails:
            raise KeyError
        await websocket.close()

    with form.client.websocket_connect("/false") as socket:
        assert socket.receive_json() == []
    with pytest.raises(KeyError), form.client.websocket_connect("/true") as socket:
        socket.receive_json()
    assert [connection.log for connection in form.opened] == [["commit", "closed"], ["KeyError", "closed"]]


async def test_lagom_fault_dependencies_take_no_thread(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    hops: list[Any] = []
    run_sync = anyio.to_thread.run_sync

    async def counting(function: Any, *args: Any, **options: Any) -> Any:
        hops.append(function)
        return await run_sync(function, *args, **options)

    @form.app.get("/")
    async def route(
        basket: Annotated[Basket, form.deps.depends(Basket)],
        connection: Annotated[Connection, form.deps.depends(Connection)],
        again: Annotated[Connection, form.deps.depends(Connection)],
    ) -> str:
        return "ok"

    monkeypatch.setattr(anyio.to_thread, "run_sync", counting)
    assert (await get(form.app))[0]["status"] == 200
    assert hops == []
