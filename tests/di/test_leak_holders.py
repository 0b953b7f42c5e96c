"""Promise F3: the ways in which something lasting may reach an object that outlived its scope."""

import asyncio
import collections
import types
from collections.abc import Callable
from typing import Any

import pytest

from di import Container


class Session: ...


class Slotted:
    """Keeps what it is given without a namespace."""

    __slots__ = ("__weakref__", "kept", "unused")

    def __init__(self, kept: object) -> None:
        self.kept = kept


class Registry:
    """A class that keeps things for everybody."""

    kept: Any = None


def in_a_class(session: Session) -> None:
    Registry.kept = session


def in_a_dict_of_a_class(session: Session) -> None:
    Registry.kept = {"session": session}


def in_a_deque_of_a_class(session: Session) -> None:
    Registry.kept = collections.deque([None, session])


def in_slots_of_a_class(session: Session) -> None:
    Registry.kept = Slotted(session)


def in_an_attribute_of_a_class(session: Session) -> None:
    Registry.kept = types.SimpleNamespace(session=session)


def in_a_default(session: Session) -> None:
    def ask(session: Session = session) -> None: ...

    Registry.kept = ask


NAME = f"class {__name__}.Registry"
HERE = f"function {__name__}"


@pytest.mark.parametrize(
    ("keep", "holder"),
    [
        (in_a_class, f"{NAME}.kept"),
        (in_a_dict_of_a_class, f"{NAME}.kept['session']"),
        (in_a_deque_of_a_class, f"{NAME}.kept[1]"),
        (in_slots_of_a_class, f"{NAME}.kept.kept"),
        (in_an_attribute_of_a_class, f"{NAME}.kept.session"),
        (in_a_default, f"{HERE}.in_a_default.<locals>.ask"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_f3_a_leak_says_through_what_it_is_reached(keep: Callable[[Session], None], holder: str) -> None:
    container = Container(debug=True)
    container.scoped(Session)
    try:
        async with container.scope() as scope:
            keep(await scope.resolve(Session))
        (leak,) = await found(container)
        assert any(each.startswith(holder) for each in leak.holders), leak.holders
    finally:
        Registry.kept = None


async def test_f3_what_nothing_near_holds_and_what_takes_no_weak_reference_is_left_out() -> None:
    """The rest of a long way would help nobody, and a search without end would stop the application."""

    class Amount(int): ...

    class Far: ...

    container = Container(debug=True)
    for kept in (Session, Amount, Far):
        container.scoped(kept, kept if kept is not Amount else lambda: 3)
    try:
        async with container.scope() as scope:
            assert await scope.resolve(Amount) == 3
            Registry.kept = [await scope.resolve(Session), await scope.resolve(Far)]
            for _ in range(10):
                Registry.kept[1] = types.SimpleNamespace(below=Registry.kept[1])
        async with container.scope() as scope:
            await scope.resolve(Amount)
        assert [leak.key for leak in await found(container)] == [Session]
    finally:
        Registry.kept = None


async def found(container: Container) -> Any:
    async with asyncio.timeout(30):
        while not container.leaks:  # noqa: ASYNC110 - there is nobody who could set an event
            await asyncio.sleep(0.01)
    return container.leaks
