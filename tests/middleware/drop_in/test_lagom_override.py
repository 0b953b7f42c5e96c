"""Promise A5: what a drop-in container is overridden with in a test, `deps.override_for_test()`."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Annotated, Protocol, cast
from unittest.mock import Mock

import lagom
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from lagom.interfaces import WriteableContainer

from di import Container, errors
from middleware import Deps
from tests.middleware.asgi import get
from tests.middleware.drop_in.services import Basket, Checkout, Clock, Connection, define_connection, definition


@pytest.fixture
def deps(container: lagom.Container, app: FastAPI) -> Deps:
    deps = Deps(container, request_singletons=[Basket], request_context_singletons=[Connection])
    define_connection(container, [])

    @app.get("/owner")
    async def owner(checkout: Annotated[Checkout, deps.depends(Checkout)]) -> str | None:
        return checkout.basket.owner

    @app.get("/same")
    async def same(
        checkout: Annotated[Checkout, deps.depends(Checkout)], basket: Annotated[Basket, deps.depends(Basket)]
    ) -> bool:
        return checkout.basket is basket

    @app.get("/log")
    async def log(connection: Annotated[Connection, deps.depends(Connection)]) -> list[str]:
        return connection.log

    return deps


@pytest.fixture
def test_container(deps: Deps) -> Iterator[WriteableContainer]:
    with deps.override_for_test() as editable:
        editable[Basket] = Basket("fixture")
        yield editable


def test_a5_a_test_defines_anew_for_the_time_of_a_block(deps: Deps, client: TestClient) -> None:
    with deps.override_for_test() as editable:
        editable[Basket] = Basket("test")
        assert client.get("/owner").json() == "test"
    assert client.get("/owner").json() is None


def test_a5_a_fixture_may_hold_the_block(test_container: WriteableContainer, client: TestClient) -> None:
    assert client.get("/owner").json() == "fixture"


def test_a5_blocks_nest_and_either_may_be_edited_in_the_inner_one(deps: Deps, client: TestClient) -> None:
    with deps.override_for_test() as outer:
        with deps.override_for_test() as inner:
            inner[Basket] = Basket("inner")
            outer[Basket] = Basket("outer")
            assert client.get("/owner").json() == "inner"
            assert (outer[Basket].owner, inner[Basket].owner) == ("outer", "inner")
        assert client.get("/owner").json() == "outer"
    assert client.get("/owner").json() is None


def test_a5_what_is_one_per_request_stays_so_in_a_test(deps: Deps, client: TestClient) -> None:
    with deps.override_for_test() as editable:
        editable[Basket] = lambda: Basket("made")
        assert client.get("/same").json() is True


def test_a5_a_test_may_define_what_nobody_has_defined(
    container: lagom.Container, client: TestClient, app: FastAPI
) -> None:
    class Gate(Protocol):
        def is_open(self) -> bool: ...

    deps = Deps(container)

    @app.get("/")
    async def route(gate: Annotated[Gate, deps.depends(Gate)]) -> bool:
        return gate.is_open()

    with deps.override_for_test() as editable:
        editable[Gate] = Mock(Gate, is_open=lambda: True)
        assert client.get("/").json() is True
    with pytest.raises(errors.MissingProviderError):
        client.get("/")


def test_a5_a_test_may_define_by_lagoms_decorators(deps: Deps, client: TestClient) -> None:
    opened: list[Connection] = []
    with deps.override_for_test() as editable:

        @definition(editable)
        def owned() -> Basket:
            return Basket("decorated")

        define_connection(editable, opened)
        assert client.get("/owner").json() == "decorated"
        client.get("/log")
    assert opened[0].log == ["commit", "closed"]


def test_a5_a_test_may_define_a_context_manager_in_another_way(
    container: lagom.Container, app: FastAPI, client: TestClient
) -> None:
    real: list[Connection] = []
    fake: list[Connection] = []

    @definition(container)
    @contextmanager
    def connect() -> Iterator[Connection]:
        real.append(Connection())
        yield real[-1]

    deps = Deps(container, request_context_singletons=[Connection])

    @app.get("/")
    async def route(connection: Annotated[Connection, deps.depends(Connection)]) -> None: ...

    with deps.override_for_test() as editable:
        define_connection(editable, fake)
        client.get("/")
    assert real == []
    assert fake[0].log == ["commit", "closed"]


def test_a5_a_definition_may_come_between_two_requests_of_a_block(deps: Deps, client: TestClient) -> None:
    class Till:
        def __init__(self, basket: Basket, clock: Clock) -> None:
            self.owner, self.clock = basket.owner, clock

    with deps.override_for_test() as editable:
        editable[Basket] = Basket("first")
        editable[Till] = lagom.Singleton(Till)
        before = editable[Till]
        assert editable[Till] is before
        assert client.get("/owner").json() == "first"
        editable[Clock] = clock = Mock(Clock)
        assert client.get("/owner").json() == "first"
        assert editable[Till] is not before
        assert editable[Till].clock is clock


def test_a5_an_edit_of_the_inner_block_leaves_objects_of_the_outer_one(deps: Deps) -> None:
    with deps.override_for_test() as outer:
        outer[Checkout] = lagom.Singleton(Checkout)
        outer[Basket] = Basket("outer")
        checkout = outer[Checkout]
        with deps.override_for_test() as inner:
            inner[Basket] = Basket("inner")
            assert inner[Checkout] is not checkout
        assert outer[Checkout] is checkout


def test_a5_what_lagom_keeps_is_not_built_from_a_fake() -> None:
    container = lagom.Container()
    container[Checkout] = lagom.Singleton(Checkout)
    with Deps(container).override_for_test() as editable:
        editable[Basket] = Basket("test")
        assert container[Checkout].basket.owner is None
        assert editable[Checkout].basket.owner == "test"


def test_a5_a_type_is_defined_once_in_a_block_and_not_after_it(deps: Deps) -> None:
    with deps.override_for_test() as editable:
        editable[Basket] = Basket()
        with pytest.raises(errors.DuplicateProviderError, match=rf"(?s){__file__}.*{__file__}"):
            editable[Basket] = Basket()
    with pytest.raises(errors.OverrideEndedError, match="Clock"):
        editable[Clock] = Clock
    with pytest.raises(errors.OverrideEndedError, match="Basket"):
        editable[Basket]


def test_a5_the_editable_container_lists_what_is_defined(deps: Deps) -> None:
    with deps.override_for_test() as editable:
        editable[Clock] = Clock
        assert {Clock, Basket, AbstractContextManager[Connection]} <= editable.defined_types
        for refused in (editable.partial, editable.magic_partial):
            with pytest.raises(errors.UnsupportedLagomFeatureError):
                refused(lambda: None)


async def test_a5_two_tests_at_once_each_see_their_own_definitions(deps: Deps, app: FastAPI) -> None:
    entered = asyncio.Barrier(2)

    async def test(owner: str) -> bytes:
        async with deps.override_for_test() as editable:
            editable[Basket] = Basket(owner)
            await entered.wait()
            return cast(bytes, (await get(app, "/owner"))[1]["body"])

    one, two = await asyncio.gather(test("one"), test("two"))
    assert (one, two) == (b'"one"', b'"two"')


def test_a5_an_installed_deps_knows_before_the_first_request_what_is_one_per_request(
    container: lagom.Container, app: FastAPI
) -> None:
    container[Checkout] = Checkout
    deps = Deps(container, request_singletons=[Basket])

    @app.get("/")
    async def route(
        checkout: Annotated[Checkout, deps.depends(Checkout)], basket: Annotated[Basket, deps.depends(Basket)]
    ) -> bool:
        return checkout.basket is basket

    deps.install(app)
    with deps.override_for_test() as editable:
        editable[Basket] = lambda: Basket("made")
        assert TestClient(app).get("/").json() is True


def test_a5_an_installed_container_has_an_editable_one_too(app: FastAPI) -> None:
    container, deps = Container(), Deps()
    container.singleton(Clock)

    @app.get("/")
    async def route(clock: Annotated[Clock, deps.depends(Clock)]) -> int:
        return clock.now()

    deps.install(app, container)
    with TestClient(app) as client, deps.override_for_test() as editable:
        editable[Clock] = Mock(Clock, now=lambda: 12)
        assert client.get("/").json() == 12
