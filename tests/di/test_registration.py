"""Promises A1, A2, A4 and A6: what may be registered, and what a provider is called with."""

import abc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Annotated, Any, NamedTuple, NewType, Protocol, Self
from unittest.mock import Mock

import pydantic
import pytest

from di import Container, Named, errors


class Engine:
    """Something to be built."""

    def __init__(self, made_by: str = "constructor") -> None:
        self.made_by = made_by
        self.closed = False


def make_engine() -> Engine:
    return Engine("function")


async def make_engine_async() -> Engine:
    return Engine("async function")


def open_engine() -> Iterator[Engine]:
    engine = Engine("generator")
    yield engine
    engine.closed = True


async def open_engine_async() -> AsyncIterator[Engine]:
    engine = Engine("async generator")
    yield engine
    engine.closed = True


class EngineManager(Engine):
    def __init__(self) -> None:
        super().__init__("context manager class")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.closed = True


class AsyncEngineManager(Engine):
    def __init__(self) -> None:
        super().__init__("async context manager class")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.closed = True


class Factory:
    def make(self) -> Engine:
        return Engine("method")


@pytest.mark.parametrize(
    ("provider", "made_by"),
    [
        (make_engine, "function"),
        (make_engine_async, "async function"),
        (open_engine, "generator"),
        (open_engine_async, "async generator"),
        (contextmanager(open_engine), "generator"),
        (asynccontextmanager(open_engine_async), "async generator"),
        (EngineManager, "context manager class"),
        (AsyncEngineManager, "async context manager class"),
        (Factory().make, "method"),
        (Engine("object"), "object"),
    ],
)
@pytest.mark.parametrize("lifetime", ["singleton", "scoped", "transient"])
async def test_a1_every_kind_of_provider_is_built_and_closed(provider: Any, made_by: str, lifetime: str) -> None:
    container = Container()
    getattr(container, lifetime)(Engine, provider)
    async with container, container.scope() as scope:
        engine = await scope.resolve(Engine)
        assert engine.made_by == made_by
        assert not engine.closed
    assert engine.closed == ("generator" in made_by or "manager" in made_by)


async def test_a1_a_callable_object_is_the_finished_object() -> None:
    container = Container()
    fake = Mock()
    container.singleton(Engine, fake)
    async with container:
        assert container[Engine] is fake
    fake.assert_not_called()


class Holder:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine


async def test_a1_an_async_built_object_reaches_a_sync_constructor_finished() -> None:
    container = Container()
    container.scoped(Engine, make_engine_async)
    container.scoped(Holder)
    async with container, container.scope() as scope:
        assert (await scope.resolve(Holder)).engine.made_by == "async function"


class WithDefault:
    def __init__(self, engine: Engine | None = None, *, path: str = "/etc/app", holder: Holder | None = None) -> None:
        self.engine = engine
        self.path = path
        self.holder = holder


async def test_a2_a_default_is_kept_unless_its_type_is_registered() -> None:
    container = Container()
    container.scoped(WithDefault)
    container.singleton(Engine, make_engine)
    async with container, container.scope() as scope:
        made = await scope.resolve(WithDefault)
        assert made.path == "/etc/app"
        assert made.holder is None
        assert made.engine is container[Engine]


async def test_a2_an_unregistered_class_is_an_error_by_default() -> None:
    container = Container()
    container.scoped(Holder)
    async with container.scope() as scope:
        with pytest.raises(errors.MissingProviderError, match=r"Engine has no provider, but Holder .*needs it"):
            await scope.resolve(Holder)


async def test_a2_autowire_builds_unregistered_classes_and_lists_them() -> None:
    container = Container(autowire=True)
    container.scoped(Holder)
    async with container.scope() as scope:
        assert (await scope.resolve(Holder)).engine.made_by == "constructor"
    assert container.autowired == ["Engine"]


class Port(Protocol):
    def run(self) -> str: ...


class Abstract(abc.ABC):
    @abc.abstractmethod
    def run(self) -> str: ...


class Adapter(Abstract):
    def run(self) -> str:
        return "ran"


async def test_a1_a_protocol_or_abc_is_bound_to_an_implementation() -> None:
    container = Container()
    container.singleton(Port, Adapter)
    container.singleton(Abstract, Adapter)
    async with container:
        assert container[Abstract].run() == "ran"  # type: ignore[type-abstract]  # bound to a concrete class
        assert container[Port].run() == "ran"  # type: ignore[type-abstract]  # as above


def test_an_abstract_class_without_implementation_is_refused() -> None:
    with pytest.raises(errors.InvalidProviderError, match=r"Abstract at .*test_registration\.py:\d+.*is abstract"):
        Container().singleton(Abstract)


def test_a_plain_value_type_is_refused_as_a_key() -> None:
    with pytest.raises(errors.UnsupportedKeyError, match="wrap it in a NewType"):
        Container().singleton(str, "x")


async def test_a_named_provider_is_another_dependency() -> None:
    container = Container()
    replica = Annotated[Engine, Named("replica")]

    def pair(main: Engine, second: Annotated[Engine, Named("replica")]) -> Holder:
        holder = Holder(main)
        holder.second = second  # type: ignore[attr-defined]  # a test's own attribute
        return holder

    container.singleton(Engine, make_engine)
    container.singleton(replica, lambda: Engine("replica"))
    container.singleton(Holder, pair)
    async with container:
        holder = container[Holder]
        assert (holder.engine.made_by, holder.second.made_by) == ("function", "replica")  # type: ignore[attr-defined]  # as above


def test_a4_registering_twice_names_both_places() -> None:
    container = Container()
    container.singleton(Engine)
    with pytest.raises(errors.DuplicateProviderError) as caught:
        container.scoped(Engine)
    assert str(caught.value).count("test_registration.py:") == 2


async def test_a4_replace_is_for_replacing_on_purpose() -> None:
    container = Container()
    container.singleton(Engine)
    container.replace(Engine, make_engine)
    async with container:
        assert container[Engine].made_by == "function"
        with pytest.raises(errors.ContainerStartedError, match="already running"):
            container.replace(Engine, make_engine_async)


def test_a4_replacing_what_is_not_registered_is_an_error() -> None:
    with pytest.raises(errors.MissingProviderError):
        Container().replace(Engine, make_engine)


class Broken:
    def __init__(self) -> None:
        len(3)  # type: ignore[arg-type]  # the mistake under test


class NeedsBroken:
    def __init__(self, broken: Broken) -> None:
        self.broken = broken


async def test_a6_a_type_error_in_a_constructor_stays_one_and_names_the_path() -> None:
    container = Container()
    container.scoped(Broken)
    container.scoped(NeedsBroken)
    async with container.scope() as scope:
        with pytest.raises(TypeError, match="has no len") as caught:
            await scope.resolve(NeedsBroken)
    (note,) = caught.value.__notes__
    assert "NeedsBroken" in note
    assert "-> Broken" in note
    assert "test_registration.py:" in note


async def test_a6_a_generator_that_never_yields_is_named() -> None:
    def empty() -> Iterator[Engine]:
        yield from ()

    container = Container()
    container.scoped(Engine, empty)
    async with container.scope() as scope:
        with pytest.raises(errors.GeneratorYieldError, match=r"Engine .*ended without a yield"):
            await scope.resolve(Engine)


async def test_a6_a_generator_that_yields_twice_is_named_at_the_end() -> None:
    def twice() -> Iterator[Engine]:
        yield Engine()
        yield Engine()

    container = Container()
    container.scoped(Engine, twice)
    with pytest.raises(BaseExceptionGroup) as caught:
        async with container.scope() as scope:
            await scope.resolve(Engine)
    assert caught.group_contains(errors.GeneratorYieldError, match="second yield")


class Record(pydantic.BaseModel):
    """Its constructor takes `**data`; the parameters stand in its signature alone."""

    model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)
    engine: Engine
    limit: int = 3


class Row(NamedTuple):
    engine: Engine


@dataclass(frozen=True, slots=True)
class Value:
    engine: Engine
    limit: int = 3


@pytest.mark.parametrize("kind", [Record, Row, Value])
def test_a1_classes_that_make_their_own_constructor_are_autowired(kind: type[Record | Row | Value]) -> None:
    container = Container()
    container.singleton(Engine)
    container.singleton(kind)
    assert container[kind].engine is container[Engine]


class Particular:
    def __init__(self, engine: Engine | None, /, *, holder: "Holder | None" = None) -> None:
        self.engine = engine
        self.holder = holder


def test_a2_optional_positional_and_keyword_parameters_are_injected() -> None:
    container = Container()
    container.singleton(Engine)
    container.singleton(Holder)
    container.singleton(Particular)
    made = container[Particular]
    assert made.engine is container[Engine]
    assert made.holder is container[Holder]


Limit = NewType("Limit", int)


def test_a1_a_new_type_is_a_key() -> None:
    def make(limit: Limit) -> Engine:
        return Engine(str(limit))

    container = Container()
    container.singleton(Limit, Limit(3))
    container.singleton(Engine, make)
    assert container[Engine].made_by == "3"


def test_a1_what_is_no_class_needs_a_provider_and_what_is_no_type_is_no_key() -> None:
    container = Container()
    with pytest.raises(errors.InvalidProviderError, match=r"Limit .*test_registration\.py.*not a class"):
        container.singleton(Limit)
    with pytest.raises(errors.UnsupportedKeyError, match=r"'settings'.*a key is a type"):
        container.singleton("settings", Engine)


def test_a1_a_union_of_types_is_a_key_of_its_own() -> None:
    class Holder:
        def __init__(self, engine: Engine | int, other: Engine | None) -> None:
            self.engine, self.other = engine, other

    container = Container()
    container.singleton(Engine | int, lambda: 3)
    container.singleton(Engine)
    container.singleton(Holder)
    assert container[Holder].engine == 3
    assert isinstance(container[Holder].other, Engine)
