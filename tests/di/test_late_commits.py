"""The lint of B4: a commit after a generator's `yield` is warned of."""

import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from di import Container, Scope, errors


class Session:
    async def commit(self) -> None: ...

    def begin(self) -> Any: ...


async def after_the_yield() -> AsyncIterator[Session]:
    session = Session()
    yield session
    await session.commit()


async def in_an_else() -> AsyncIterator[Session]:
    session = Session()
    try:
        yield session
    except LookupError:
        return
    else:
        await session.commit()


async def in_a_block() -> AsyncIterator[Session]:
    session = Session()
    async with session.begin():
        yield session


@contextmanager
def decorated() -> Iterator[Session]:
    with Session().begin() as session:
        yield session


async def before_the_yield(scope: Scope) -> AsyncIterator[Session]:
    session = Session()
    await session.commit()
    scope.on_success(session.commit)
    try:
        yield session
    except LookupError:
        await session.commit()  # what a failure leaves behind is told to nobody anyway


async def in_a_function_of_its_own() -> AsyncIterator[Session]:
    session = Session()
    yield session

    async def commit() -> None:
        await session.commit()

    del commit


async def in_a_block_of_another_kind() -> AsyncIterator[Session]:
    with suppress(LookupError):
        yield Session()


class InALine:
    """Its generator is a part of a line."""

    open_session = lambda: (yield Session())  # noqa: E731 - what some write


@pytest.mark.parametrize(
    ("provider", "what"),
    [
        (after_the_yield, "commit()"),
        (in_an_else, "commit()"),
        (in_a_block, "leaving begin()"),
        (decorated, "leaving begin()"),
    ],
)
def test_b4_a_commit_after_the_yield_is_warned_of_with_its_line(provider: Any, what: str) -> None:
    container = Container()
    container.scoped(Session, provider)
    with pytest.warns(errors.LateCommitWarning, match=r"Session is saved too late.*commits\.py:\d+") as caught:
        container.validate()
    assert what in str(caught[0].message)


def warned_of(container: Container) -> list[warnings.WarningMessage]:
    with warnings.catch_warnings(record=True) as told:
        container.validate()
    return told


@pytest.mark.parametrize(
    "provider",
    [before_the_yield, in_a_function_of_its_own, in_a_block_of_another_kind, InALine.open_session, Session],
)
def test_b4_a_commit_in_time_is_not_warned_of(provider: Any) -> None:
    container = Container()
    container.scoped(Session, provider)
    assert warned_of(container) == []


def test_b4_what_a_singleton_does_at_the_stop_is_its_own_business() -> None:
    container = Container()
    container.singleton(Session, after_the_yield)
    assert warned_of(container) == []


def test_b4_the_line_that_is_named_is_that_of_the_commit() -> None:
    container = Container()
    container.scoped(Session, after_the_yield)
    line = after_the_yield.__code__.co_firstlineno + 3
    with pytest.warns(errors.LateCommitWarning, match=rf":{line} "):
        container.validate()


def test_b4_a_file_that_is_not_what_was_compiled_is_passed_over(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("(")
    namespace: dict[str, Any] = {}
    exec(compile("def open_session():\n    yield 1\n", str(page), "exec"), namespace)
    container = Container()
    container.scoped(Session, namespace["open_session"])
    assert warned_of(container) == []
