"""Promise A5: `Deps(container)` in the place of lagom's `FastApiIntegration`, with a container of lagom's or ours."""

import asyncio
import typing
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Annotated, Any, cast

import fastapi.params
import lagom
import pytest
from fastapi import Depends, FastAPI, Request, WebSocket
from fastapi.testclient import TestClient

from di import Container, current_scope, errors
from middleware import Deps
from middleware.errors import FromDependsUnreachableError, NotInstalledError, UnsupportedContainerError
from tests.middleware.asgi import get
from tests.middleware.drop_in.services import (
    Basket,
    Checkout,
    Clock,
    Connection,
    context_definition,
    define_connection,
    definition,
)

# What a container offers for requests is not asked for by the routes of each test.
pytestmark = pytest.mark.filterwarnings("ignore::di.errors.UnusedProviderWarning")


class Visit:
    def __init__(self, request: Request) -> None:
        self.path = request.url.path


# --- one per request ---


def test_a5_a_request_singleton_is_one_per_request(
    container: lagom.Container, app: FastAPI, client: TestClient
) -> None:
    deps = Deps(container, request_singletons=[Basket])
    seen: list[Basket] = []

    @app.get("/")
    async def route(one: Annotated[Checkout, deps.depends(Checkout)], two: Checkout = deps.depends(Checkout)) -> None:  # noqa: B008 - lagom's spelling
        assert one is not two
        assert one.basket is two.basket
        seen.append(one.basket)

    for _ in range(2):
        client.get("/")
    assert seen[0] is not seen[1]


def test_a5_depends_is_a_depends_of_fastapi(container: lagom.Container) -> None:
    assert isinstance(Deps(container).depends(Basket), fastapi.params.Depends)


def test_a5_the_request_is_injected_into_request_singletons(
    container: lagom.Container, app: FastAPI, client: TestClient
) -> None:
    deps = Deps(container, request_singletons=[Visit])

    @app.get("/where/am/i")
    def route(visit: Annotated[Visit, deps.depends(Visit)]) -> str:
        return visit.path

    assert client.get("/where/am/i").json() == "/where/am/i"


def test_a5_what_is_no_request_singleton_is_made_for_each_parameter(
    container: lagom.Container, app: FastAPI, client: TestClient
) -> None:
    deps = Deps(container)

    @app.get("/")
    async def route(one: Annotated[Basket, deps.depends(Basket)], two: Annotated[Basket, deps.depends(Basket)]) -> bool:
        return one is two

    assert client.get("/").json() is False


def test_a5_an_alias_of_a_request_singleton_is_that_one(
    container: lagom.Container, app: FastAPI, client: TestClient
) -> None:
    class WallClock(Clock): ...

    container[Clock] = WallClock
    deps = Deps(container, request_singletons=[WallClock])

    @app.get("/")
    async def route(
        clock: Annotated[Clock, deps.depends(Clock)], wall: Annotated[WallClock, deps.depends(WallClock)]
    ) -> bool:
        return clock is wall

    assert client.get("/").json() is True


def test_a5_a_function_of_one_argument_sees_the_request(
    container: lagom.Container, app: FastAPI, client: TestClient
) -> None:
    container[Checkout] = lambda inner: Checkout(inner[Basket])
    deps = Deps(container, request_singletons=[Basket])

    @app.get("/")
    async def route(
        checkout: Annotated[Checkout, deps.depends(Checkout)], basket: Annotated[Basket, deps.depends(Basket)]
    ) -> bool:
        return checkout.basket is basket

    assert client.get("/").json() is True


@pytest.mark.parametrize("nested", [False, True])
def test_a5_a_dependency_function_shares_the_unit_of_work(
    container: lagom.Container, app: FastAPI, client: TestClient, nested: bool
) -> None:
    deps = Deps(container, request_singletons=[Basket])

    def owner_of(basket: Annotated[Basket, deps.depends(Basket)]) -> Basket:
        return basket

    @app.get("/", dependencies=[Depends(owner_of)] if nested else [cast(Any, deps.depends(Basket))])
    def route(inner: Annotated[Basket, Depends(owner_of)], basket: Annotated[Basket, deps.depends(Basket)]) -> bool:
        return inner is basket and current_scope().get(Basket) is basket

    assert client.get("/").json() is True


# --- context managers ---


def from_context_definition(container: Any, opened: list[Connection]) -> None:
    define_connection(container, opened)


def from_decorated_iterator(container: Any, opened: list[Connection]) -> None:
    @definition(container)
    @contextmanager
    def connect() -> Iterator[Connection]:
        opened.append(Connection())
        yield opened[-1]
        opened[-1].log += ["commit", "closed"]


def from_decorated_generator_with_container(container: Any, opened: list[Connection]) -> None:
    container[Basket] = Basket("of the container")

    @definition(container)
    @contextmanager
    def connect(inner: Any) -> Generator[Connection, None, None]:
        opened.append(Connection())
        found = inner[Basket].owner == "of the container"
        yield opened[-1]
        opened[-1].log += ["commit", "closed"] if found else []


def from_class(container: Any, opened: list[Connection]) -> None:
    class Manager:
        def __enter__(self) -> Connection:
            opened.append(Connection())
            return opened[-1]

        def __exit__(self, *details: object) -> None:
            opened[-1].log += ["commit", "closed"]

    container[AbstractContextManager[Connection]] = Manager


def from_async_context_definition(container: Any, opened: list[Connection]) -> None:
    @context_definition(container)
    async def connect() -> AsyncIterator[Connection]:
        await asyncio.sleep(0)
        opened.append(Connection())
        yield opened[-1]
        await asyncio.sleep(0)
        opened[-1].log += ["commit", "closed"]


def from_plain_generator(container: Any, opened: list[Connection]) -> None:
    @definition(container)
    def connect() -> Iterator[Connection]:
        opened.append(Connection())
        yield opened[-1]
        opened[-1].log += ["commit", "closed"]


WAYS = [
    from_context_definition,
    from_decorated_iterator,
    from_decorated_generator_with_container,
    from_class,
    from_async_context_definition,
    from_plain_generator,
]


@pytest.mark.parametrize("define", WAYS)
def test_a5_a_context_manager_is_entered_once_and_exited_after_the_request(
    container: lagom.Container,
    app: FastAPI,
    client: TestClient,
    opened: list[Connection],
    define: Callable[[Any, list[Connection]], None],
) -> None:
    class Repository:
        def __init__(self, connection: Connection) -> None:
            self.connection = connection

    deps = Deps(container, request_context_singletons=[Connection])
    define(container, opened)

    @app.get("/")
    async def route(
        basket: Annotated[Basket, deps.depends(Basket)],  # asked for before it
        one: Annotated[Connection, deps.depends(Connection)],
        two: Annotated[Connection, deps.depends(Connection)],
        repository: Annotated[Repository, deps.depends(Repository)],
    ) -> list[str]:
        assert one is two is repository.connection
        return one.log

    for count in (1, 2):
        assert client.get("/").json() == []
        assert [each.log for each in opened] == [["commit", "closed"]] * count


def test_a5_a_context_manager_without_definition_says_what_to_define(
    container: lagom.Container, app: FastAPI, client: TestClient
) -> None:
    deps = Deps(container, request_context_singletons=[Connection])

    @app.get("/")
    async def route(connection: Annotated[Connection, deps.depends(Connection)]) -> None: ...

    for _ in range(2):
        with pytest.raises(errors.InvalidProviderError, match=rf"{__file__}.*ContextManager\[Connection\]"):
            client.get("/")


def test_a5_a_context_manager_can_be_had_to_enter_by_hand(opened: list[Connection]) -> None:
    container = Container()
    define_connection(container, opened)
    with container[AbstractContextManager[Connection]] as connection:  # type: ignore[type-abstract]  # it is a key
        assert connection.log == []
    assert connection.log == ["commit", "closed"]


# --- definitions ---


def test_a5_definitions_are_read_when_they_are_first_needed(
    container: lagom.Container, app: FastAPI, client: TestClient
) -> None:
    deps = Deps(container, request_singletons=[Basket])

    @app.get("/")
    async def route(basket: Annotated[Basket, deps.depends(Basket)]) -> str | None:
        return basket.owner

    container[Basket] = lambda: Basket("late")
    assert client.get("/").json() == "late"


def test_a5_a_definition_that_comes_after_the_first_request_counts_from_then_on(
    container: lagom.Container, app: FastAPI, client: TestClient
) -> None:
    container[Clock] = lagom.Singleton(Clock)
    deps = Deps(container, request_singletons=[Visit])

    @app.get("/")
    async def route(basket: Annotated[Basket, deps.depends(Basket)]) -> str | None:
        return basket.owner

    assert client.get("/").json() is None
    container[Basket] = lambda: Basket("very late")
    assert client.get("/").json() == "very late"


def test_a5_lagom_and_fastapi_share_a_singleton_whoever_asks_first(app: FastAPI, client: TestClient) -> None:
    container = lagom.Container()
    container[Basket] = lagom.Singleton(lambda: Basket("shared"))
    container[Clock] = lagom.Singleton(Clock)
    deps = Deps(container)
    seen: list[object] = [container[Clock]]

    @app.get("/")
    async def route(
        basket: Annotated[Basket, deps.depends(Basket)], clock: Annotated[Clock, deps.depends(Clock)]
    ) -> None:
        seen.extend([clock, basket])

    client.get("/")
    assert seen[0] is seen[1] is container[Clock]
    assert seen[2] is container[Basket]


def test_a5_two_applications_on_one_lagom_container_share_its_singletons() -> None:
    container = lagom.Container()
    container[Basket] = lagom.Singleton(Basket)
    seen: list[Basket] = []
    for _ in range(2):
        deps, app = Deps(container), FastAPI()

        @app.get("/")
        async def route(basket: Annotated[Basket, deps.depends(Basket)]) -> None:
            seen.append(basket)

        assert TestClient(app).get("/").status_code == 200
    assert seen == [container[Basket]] * 2


def test_a5_a_definition_that_cannot_be_read_is_told_every_time(app: FastAPI, client: TestClient) -> None:
    container = lagom.Container()
    container[Clock] = lagom.Alias("no class")  # type: ignore[no-untyped-call]  # as lagom has it
    deps = Deps(container)

    @app.get("/")
    async def route(clock: Annotated[Clock, deps.depends(Clock)]) -> None: ...

    for _ in range(2):
        with pytest.raises(errors.InvalidProviderError, match="'no class' is not a class"):
            client.get("/")


def test_a5_an_async_definition_reaches_fastapi_although_lagom_has_begun_to_build_it(
    app: FastAPI, client: TestClient
) -> None:
    container = lagom.Container()

    @definition(container, singleton=True)
    async def connect() -> Basket:
        return Basket("awaited")

    async def ask_lagom() -> object:
        return container[cast(Any, typing.Awaitable[Basket])]

    asyncio.run(ask_lagom())
    deps = Deps(container)

    @app.get("/")
    async def route(checkout: Annotated[Checkout, deps.depends(Checkout)]) -> str | None:
        return checkout.basket.owner

    assert client.get("/").json() == "awaited"


def test_a5_an_explicit_container_autowires_nothing(app: FastAPI, client: TestClient) -> None:
    deps = Deps(lagom.ExplicitContainer())

    @app.get("/")
    async def route(basket: Annotated[Basket, deps.depends(Basket)]) -> None: ...

    with pytest.raises(errors.MissingProviderError, match="Basket"):
        client.get("/")


def test_a5_only_the_drop_in_form_autowires(container: lagom.Container, app: FastAPI) -> None:
    deps = Deps(container, request_singletons=[Visit])

    @app.get("/")
    async def route(basket: Annotated[Basket, deps.depends(Basket)]) -> None: ...

    deps.install(app)
    with pytest.raises(errors.GraphError, match="Basket has no provider"), TestClient(app):
        pass


def test_a5_something_else_as_container_is_refused(app: FastAPI) -> None:
    with pytest.raises(UnsupportedContainerError, match=r"FastAPI.*deps\.install\(app, container\)"):
        Deps(cast(Any, app))


# --- with the rest of FastAPI ---


def test_a5_websockets_inject(container: lagom.Container, app: FastAPI, client: TestClient) -> None:
    deps = Deps(container, request_singletons=[Basket])

    @app.websocket("/")
    async def route(
        websocket: WebSocket,
        checkout: Annotated[Checkout, deps.depends(Checkout)],
        basket: Annotated[Basket, deps.depends(Basket)],
    ) -> None:
        await websocket.accept()
        await websocket.send_json(checkout.basket is basket is current_scope().get(Basket))
        await websocket.close()

    with client.websocket_connect("/") as socket:
        assert socket.receive_json() is True


def test_a5_a_mounted_application_and_its_parent_have_units_of_work_of_their_own(
    container: lagom.Container, app: FastAPI, client: TestClient
) -> None:
    deps = Deps(container, request_singletons=[Basket])
    mounted = FastAPI()
    app.mount("/mounted", mounted)
    seen: list[Basket] = []

    async def route(basket: Annotated[Basket, deps.depends(Basket)]) -> None:
        seen.append(basket)

    app.get("/")(route)
    mounted.get("/")(route)
    assert client.get("/").status_code == client.get("/mounted/").status_code == 200
    assert seen[0] is not seen[1]


def test_a5_dependency_overrides_reach_the_parameter(
    container: lagom.Container, app: FastAPI, client: TestClient
) -> None:
    deps = Deps(container)

    @app.get("/")
    async def route(basket: Annotated[Basket, deps.depends(Basket)]) -> str | None:
        return basket.owner

    app.dependency_overrides[deps.provider(Basket)] = lambda: Basket("replaced")
    assert client.get("/").json() == "replaced"


def test_a5_openapi_shows_no_trace(container: lagom.Container) -> None:
    deps, plain, injected = Deps(container), FastAPI(), FastAPI()

    @plain.get("/")
    async def route(number: int) -> None: ...

    @injected.get("/", name="route", operation_id="route__get")
    async def with_basket(number: int, basket: Annotated[Basket, deps.depends(Basket)]) -> None: ...

    assert injected.openapi() == plain.openapi()


def test_a5_a_request_inside_a_unit_of_work_has_its_own(app: FastAPI) -> None:
    container = Container()
    deps = Deps(container, request_singletons=[Basket])
    seen: list[Basket] = []

    @app.get("/")
    async def route(basket: Annotated[Basket, deps.depends(Basket)]) -> None:
        seen.append(basket)

    async def ask() -> None:
        async with container.scope() as scope:
            await get(app)
            assert current_scope() is scope
            seen.append(await scope.resolve(Basket))

    asyncio.run(ask())
    assert seen[0] is not seen[1]


async def test_a5_where_fastapi_closes_nothing_the_drop_in_says_what_does(container: lagom.Container) -> None:
    deps = Deps(container)
    connection = Request({"type": "http", "headers": []})  # without the exit stacks of a FastAPI that is known
    with pytest.raises(errors.NoScopeError, match=r"Deps\(container\) on FastAPI .*deps\.install does it"):
        await deps.provider(Basket)(connection)


# --- on the way to install ---


@pytest.mark.parametrize("lifespan", [True, False])
def test_a5_install_serves_the_container_that_deps_was_made_with(
    container: lagom.Container, app: FastAPI, opened: list[Connection], lifespan: bool
) -> None:
    deps = Deps(container, request_singletons=[Basket], request_context_singletons=[Connection])

    @app.get("/")
    async def route(
        checkout: Annotated[Checkout, deps.depends(Checkout)],
        basket: Annotated[Basket, deps.depends(Basket)],
        connection: Annotated[Connection, deps.depends(Connection)],
    ) -> list[str]:
        assert checkout.basket is basket
        return connection.log

    deps.install(app)
    define_connection(container, opened)
    container[Checkout] = Checkout
    client = TestClient(app)
    with client if lifespan else nullcontext():
        assert client.get("/").json() == []
    assert [each.log for each in opened] == [["commit", "closed"]]


def test_a5_install_without_any_container_says_what_to_write(app: FastAPI) -> None:
    with pytest.raises(NotInstalledError, match=r"deps\.install\(app, container\)"):
        Deps().install(app)


def test_a5_a_value_of_a_dependency_waits_for_install(
    container: lagom.Container, app: FastAPI, client: TestClient
) -> None:
    deps = Deps(container)
    deps.from_depends(Basket, lambda: Basket("of the caller"))

    @app.get("/")
    async def route(checkout: Annotated[Checkout, deps.depends(Checkout)]) -> None: ...

    with pytest.raises(FromDependsUnreachableError, match=r"once deps\.install\(app, container\) was called"):
        client.get("/")
