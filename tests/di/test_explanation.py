"""Promise G: what a compiled plan does can be read, line by line."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Self

import pytest

from di import Container, Factory, Lazy, errors
from di._compiler import InjectedCall
from di._explanation import explained


class Settings: ...


class Session: ...


class Pool: ...


class Lock:
    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None: ...


class Caller: ...


class Mailer: ...


class Report:
    def __init__(self, session: Session, mailer: Lazy[Mailer], pool: Pool, lock: Lock, caller: Caller) -> None: ...


class Chart:
    def __init__(self, settings: Settings, make: Factory[Mailer], report: Report) -> None: ...


async def open_session(settings: Settings) -> AsyncIterator[Session]:
    yield Session()


def open_pool() -> Iterator[Pool]:
    yield Pool()


@asynccontextmanager
async def hold_lock() -> AsyncIterator[Lock]:
    yield Lock()


async def send() -> Mailer:
    return Mailer()


async def show(chart: Chart, title: str) -> None: ...


@pytest.fixture
def container() -> Container:
    container = Container()
    container.singleton(Settings)
    container.scoped(Session, open_session)
    container.scoped(Pool, open_pool)
    container.scoped(Lock)
    container.scoped(Caller)
    container.scoped(Mailer, send, external=True)
    container.scoped(Report)
    container.transient(Chart)
    return container


def test_every_line_of_a_plan_says_what_it_is_there_for(container: Container) -> None:
    call = InjectedCall(container.root_layer, show, {"chart": Chart}, seeded=frozenset({Caller}))
    singletons, lines = explained(call)
    assert [line.text for line in lines] == call.source.splitlines()
    assert all(line.comment for line in lines)
    assert {line.indent for line in lines} == {"", 4 * " ", 8 * " ", 12 * " "}
    said = {line.text.strip().split("(")[0]: line.comment for line in lines}
    assert [what.split(",")[0] for what in singletons.values()] == ["Settings (singleton"]
    assert "opens Session (scoped, " in "\n".join(line.comment for line in lines)
    assert said["return await function"] == "show is called with what was built"
    given = next(line.comment for line in lines if "seeded" in line.text)
    assert given == "given: the value of a dependency of the route"


def test_a_plan_names_who_must_be_asked_for_what_is_external(container: Container) -> None:
    call = InjectedCall(container.root_layer, show, {"chart": Mailer})
    _, lines = explained(call)
    refused = next(line.comment for line in lines if "refuse_external" in line.text)
    assert refused.startswith("a test may only build Mailer (scoped, ")
    assert "awaits Mailer (scoped" in "\n".join(line.comment for line in lines)


def test_a_plan_of_singletons_alone_says_that_there_is_nothing_to_build(container: Container) -> None:
    _, lines = explained(InjectedCall(container.root_layer, show, {"chart": Settings}))
    assert "only singletons are needed: there is nothing to build" in [line.comment for line in lines]


def test_a_function_for_a_thread_is_said_to_run_in_one(container: Container) -> None:
    async def in_thread(function: object, *args: object) -> None: ...

    _, lines = explained(InjectedCall(container.root_layer, show, {"chart": Settings}, in_thread=in_thread))
    assert lines[-1].comment == "show is called in a worker thread with what was built"


def test_a_graph_with_a_problem_has_no_plan_to_explain() -> None:
    container = Container()
    container.scoped(Report)
    with pytest.raises(errors.MissingProviderError):
        explained(InjectedCall(container.root_layer, show, {"chart": Report}))
