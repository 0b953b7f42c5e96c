"""Promises B5, C5 and G: who builds what a scope holds, the plan or the ordinary way, and that both see the same."""

import asyncio
import gc
import sys
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from threading import Event
from typing import Any

import pytest

from di import Container, Factory, Scope, errors
from di._compiler import InjectedCall


class Pool: ...


class Session: ...


class Audit: ...


class Orders:
    def __init__(self, session: Session, audit: Audit) -> None:
        self.session = session
        self.audit = audit


class Report:
    def __init__(self, orders: Orders, session: Session) -> None:
        self.orders = orders
        self.session = session


Call = Callable[[], Coroutine[Any, Any, Any]]


async def compiled(container: Container, kind: Any) -> Call:
    async def give(one: Any) -> Any:
        return one

    return await InjectedCall(container.root_layer, give, {"one": kind}).bind()


class Builders:
    """Who called each provider: a plan or the ordinary way."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def note(self) -> None:
        """Tell who called the provider that calls this."""
        name = sys._getframe(2).f_code.co_filename
        self.seen.append("plan" if name.startswith("<injected call") else "by hand")


def container_told_by(builders: Builders) -> Container:
    async def open_session() -> Session:
        builders.note()
        await asyncio.sleep(0)
        return Session()

    async def open_audit() -> Audit:
        builders.note()
        await asyncio.sleep(0)
        return Audit()

    def make_orders(session: Session, audit: Audit) -> Orders:
        builders.note()
        return Orders(session, audit)

    container = Container()
    container.scoped(Session, open_session)
    container.scoped(Audit, open_audit)
    container.scoped(Orders, make_orders)
    container.scoped(Report)
    return container


@pytest.mark.plans
async def test_g_a_plan_builds_all_of_a_fresh_scope_and_the_rest_of_a_used_one() -> None:
    builders = Builders()
    container = container_told_by(builders)
    call = await compiled(container, Report)
    async with container.scope() as scope:
        report = await call()
        assert len(builders.seen) == 3
        assert builders.seen.pop() == "plan"
        builders.seen.clear()
        assert (await scope.resolve(Report)) is report
    async with container.scope() as scope:
        session = await scope.resolve(Session)
        report = await call()
        assert report.session is report.orders.session is session
        assert builders.seen[-1] == "plan"


@pytest.mark.plans
async def test_g_what_is_resolved_by_hand_is_built_by_a_plan_from_the_second_time_on() -> None:
    builders = Builders()
    container = container_told_by(builders)
    for number in range(3):
        builders.seen.clear()
        async with container.scope() as scope:
            await scope.resolve(Report)
        assert builders.seen[-1] == ("by hand" if number == 0 else "plan")


async def test_b5_what_a_plan_had_built_when_it_failed_stays_in_the_scope() -> None:
    class Broken:
        def __init__(self, session: Session) -> None:
            built.append(session)
            raise LookupError

    built: list[Session] = []
    container = Container()
    container.scoped(Session)
    container.scoped(Broken)
    call = await compiled(container, Broken)
    async with container.scope() as scope:
        for _ in range(2):
            with pytest.raises(LookupError):
                await call()
        assert built == [await scope.resolve(Session)] * 2


async def test_a3_what_a_factory_builds_for_a_provider_is_what_the_plan_goes_on_with() -> None:
    class Draft:
        def __init__(self, audit: Audit) -> None:
            self.audit = audit

    class Author:
        def __init__(self, draft: Draft) -> None:
            self.draft = draft

    async def open_author(draft: Factory[Draft]) -> Author:
        return Author(await draft())

    async def give(author: Author, audit: Audit) -> tuple[Author, Audit]:
        return author, audit

    container = Container()
    container.scoped(Audit)
    container.transient(Draft)
    container.scoped(Author, open_author)
    call = await InjectedCall(container.root_layer, give, {"author": Author, "audit": Audit}).bind()
    async with container.scope():
        author, audit = await call()
    assert author.draft.audit is audit


async def test_b11_a_plan_takes_what_was_put_into_the_scope() -> None:
    container = Container()
    container.scoped(Session)
    container.scoped(Audit)
    container.scoped(Orders)

    async def give(one: Orders) -> Orders:
        return one

    call = InjectedCall(container.root_layer, give, {"one": Orders}, seeded=frozenset({Session}))
    given = Session()
    async with container.scope({Session: given}):
        assert (await (await call.bind())()).session is given


async def test_b5_two_calls_at_once_in_one_scope_share_their_objects() -> None:
    container = container_told_by(Builders())
    calls = [await compiled(container, Report), await compiled(container, Orders)]
    for first, second in (calls, calls[::-1]):
        async with container.scope():
            one, other = await asyncio.gather(first(), second())
            report, orders = (one, other) if isinstance(one, Report) else (other, one)
            assert report.orders is orders


async def test_b5_whoever_asks_while_a_plan_awaits_finds_all_it_has_built_before() -> None:
    reached, may_go_on = asyncio.Event(), asyncio.Event()

    class Third: ...

    class Last: ...

    class All:
        def __init__(self, session: Session, audit: Audit, third: Third, last: Last) -> None:
            self.parts = [session, audit, third]

    async def wait() -> Last:
        reached.set()
        await may_go_on.wait()
        return Last()

    async def open_third() -> Third:
        return Third()

    container = container_told_by(Builders())
    container.scoped(Third, open_third)
    container.scoped(Last, wait)
    container.scoped(All)
    call = await compiled(container, All)
    async with container.scope() as scope:
        calling = asyncio.create_task(call())
        await reached.wait()
        found = [await scope.resolve(kind) for kind in (Session, Audit, Third)]
        may_go_on.set()
        assert (await calling).parts == found


@pytest.mark.parametrize("way", ["by a plan", "by hand", "under an override"])
async def test_b5_a_thread_gets_what_is_there_although_the_loop_stands_still(way: str) -> None:
    class Fake(Session): ...

    container = container_told_by(Builders())
    call = await compiled(container, Report)
    async with container.scope() as scope:

        def ask() -> Any:
            return scope.get(Session)

        with ThreadPoolExecutor() as threads:
            if way == "under an override":
                with container.override(Session, Fake):
                    session = await scope.resolve(Session)
                    context = copy_context()
                    assert threads.submit(context.run, ask).result(10) is session
            else:
                session = (await (call() if way == "by a plan" else scope.resolve(Report))).session
                assert threads.submit(ask).result(10) is session
                assert threads.submit(lambda: scope.get(Scope)).result(10) is scope


async def test_b5_the_loops_thread_waits_for_a_singleton_that_a_thread_is_building() -> None:
    reached, may_go_on = asyncio.Event(), Event()
    loop = asyncio.get_running_loop()

    class Signal: ...

    class Both:
        def __init__(self, pool: Pool, signal: Signal) -> None:
            self.pool = pool

    def connect() -> Pool:
        loop.call_soon_threadsafe(reached.set)
        assert may_go_on.wait(10)
        return Pool()

    def let_it_go_on() -> Signal:
        may_go_on.set()
        return Signal()

    container = Container()
    container.singleton(Pool, connect, eager=False)
    container.singleton(Signal, let_it_go_on, eager=False)
    container.scoped(Both)
    async with container.scope() as scope:
        building = asyncio.create_task(asyncio.to_thread(container.resolve, Pool))
        await reached.wait()
        both = scope.get(Both)
        assert both.pool is await building


def test_c5_a_plan_that_holds_a_singleton_of_another_loop_reports_it_too() -> None:
    async def connect() -> Pool:
        return Pool()

    class Repository:
        def __init__(self, pool: Pool) -> None:
            self.pool = pool

    async def use(times: int) -> None:
        for _ in range(times):
            async with container.scope() as scope:
                await scope.resolve(Repository)

    async def serve() -> None:
        async with container:
            await use(3)
            with pytest.warns(errors.WrongLoopWarning, match="Pool") as caught:
                await asyncio.to_thread(asyncio.run, use(3))
            assert len(caught) == 1
            await use(1)

    container = Container()
    container.singleton(Pool, connect)
    container.scoped(Repository)
    asyncio.run(serve())


@pytest.mark.plans
async def test_b8_a_plan_goes_on_without_what_was_released_while_it_waited() -> None:
    reached, may_go_on = asyncio.Event(), asyncio.Event()
    open_sessions: list[Session] = []

    async def open_session() -> AsyncIterator[Session]:
        open_sessions.append(session := Session())
        yield session
        open_sessions.remove(session)

    async def open_audit() -> Audit:
        reached.set()
        await may_go_on.wait()
        return Audit()

    container = Container()
    container.scoped(Session, open_session)
    container.scoped(Audit, open_audit)
    container.scoped(Orders)
    call = await compiled(container, Orders)
    async with container.scope() as scope:
        calling = asyncio.create_task(call())
        await reached.wait()
        await scope.release(Session)
        assert open_sessions == []
        may_go_on.set()
        assert [(await calling).session] == open_sessions
    assert open_sessions == []


@pytest.mark.plans
async def test_a_closed_scope_holds_nothing_that_a_plan_has_built() -> None:
    container = container_told_by(Builders())
    call = await compiled(container, Session)
    async with container.scope() as scope:
        session = weakref.ref(await call())
    assert scope.closed
    gc.collect()
    assert session() is None


@pytest.mark.parametrize("way", ["by hand", "by a plan", "given"])
@pytest.mark.parametrize("ends", ["well", "badly", "after waiting"])
async def test_g_what_knows_its_scope_leaves_no_work_to_the_garbage_collector(way: str, ends: str) -> None:
    class Knowing:
        def __init__(self, scope: Scope) -> None:
            self.scope = scope

    async def open_session() -> AsyncIterator[Session]:
        yield Session()
        await asyncio.sleep(0)

    container = Container()
    container.scoped(Knowing)
    container.scoped(Session, open_session)
    call = await compiled(container, Knowing)
    gc.collect()
    gc.disable()
    try:
        with suppress(LookupError):
            async with container.scope() as scope:
                knowing = Knowing(scope) if way == "given" else None
                if knowing is not None:
                    scope.seed(Knowing, knowing)
                elif way == "by hand":
                    knowing = await scope.resolve(Knowing)
                else:
                    knowing = await call()
                if ends == "after waiting":
                    await scope.resolve(Session)
                scope.on_success(partial(id, knowing))
                if ends == "badly":
                    raise LookupError
        gone = weakref.ref(scope)
        del knowing, scope
        if ends == "after waiting":
            await asyncio.sleep(0)  # until then the loop holds the teardown's task, which woke us, with its context
        assert gone() is None
    finally:
        gc.enable()
