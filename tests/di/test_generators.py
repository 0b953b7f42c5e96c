"""Promise A1 for generator providers that do not keep to one `yield`, and for how their ends are waited for."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from di import Container, errors
from di._compiler import InjectedCall


class Session: ...


class Orders:
    def __init__(self, session: Session) -> None: ...


def yields_never() -> Iterator[Session]:
    yield from ()


async def yields_never_async() -> AsyncIterator[Session]:
    for _ in ():
        yield Session()


@pytest.fixture
def ended() -> list[str]:
    return []


@pytest.fixture(params=["sync", "async"])
def yields_twice(request: pytest.FixtureRequest, ended: list[str]) -> Callable[[], Any]:
    def twice() -> Iterator[Session]:
        with suppress(LookupError):
            yield Session()
        try:
            yield Session()
        finally:
            ended.append("closed")

    async def twice_async() -> AsyncIterator[Session]:
        with suppress(LookupError):
            yield Session()
        try:
            yield Session()
        finally:
            await asyncio.sleep(0)
            ended.append("closed")

    return twice if request.param == "sync" else twice_async


async def give(orders: Orders) -> Orders:
    return orders


@pytest.mark.parametrize("way", ["resolved", "compiled"])
@pytest.mark.parametrize("provider", [yields_never, yields_never_async])
async def test_a1_a_generator_without_a_yield_is_named(provider: Any, way: str) -> None:
    container = Container()
    container.scoped(Session, provider)
    container.scoped(Orders)
    call = await InjectedCall(container.root_layer, give, {"orders": Orders}).bind()
    async with container.scope() as scope:
        with pytest.raises(errors.GeneratorYieldError, match=rf"{provider.__name__}|Session.*ended without a yield"):
            await (call() if way == "compiled" else scope.resolve(Orders))


@pytest.mark.parametrize("failed", [False, True])
@pytest.mark.parametrize("watched", [False, True])
async def test_a1_a_generator_with_a_second_yield_is_named_and_closed(
    yields_twice: Callable[[], Any], ended: list[str], failed: bool, watched: bool
) -> None:
    container = Container()
    if watched:
        container.add_listener(lambda _: None)
    container.scoped(Session, yields_twice)
    scope = container.scope()
    await scope.resolve(Session)
    if failed:
        scope.fail(LookupError())
    with pytest.raises(BaseExceptionGroup) as caught:
        await scope.close()
    assert caught.group_contains(errors.GeneratorYieldError, match="second yield")
    assert ended == ["closed"]


async def test_a1_the_end_of_a_decorated_generator_is_awaited(ended: list[str]) -> None:
    """What counts is the decorator's own code: the generator under it waits for nothing."""

    async def open_session() -> AsyncIterator[Session]:
        yield Session()

    @functools.wraps(open_session)
    async def audited() -> AsyncIterator[Session]:
        async for session in open_session():
            yield session
        await asyncio.sleep(0)
        ended.append("audited")

    container = Container()
    container.scoped(Session, audited)
    async with container.scope() as scope:
        await scope.resolve(Session)
    assert ended == ["audited"]


async def test_a1_a_class_without_a_readable_signature_is_called_without_arguments() -> None:
    container = Container()
    container.singleton(asyncio.Event)
    container.singleton(functools.partial, dict)
    container.transient(zip)
    async with container.scope() as scope:
        assert list(await scope.resolve(zip)) == []
