"""Promises B5, C2, C4 and C5 for those who ask from another thread or from another event loop."""

import asyncio
import threading
import warnings
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from di import Container, Factory, Lazy, Scope, errors


class Pool: ...


class Repository:
    def __init__(self, pool: Pool) -> None:
        self.pool = pool


class Session:
    def __init__(self, title: str = "") -> None:
        self.title = title


class Fake(Session): ...


async def connect() -> Pool:
    await asyncio.sleep(0)
    return Pool()


async def test_b5_a_thread_gets_what_is_there_and_has_the_rest_built() -> None:
    container = Container()
    container.singleton(Pool)
    container.singleton(Repository, eager=False)
    container.scoped(Session)
    async with container, container.scope() as scope:
        session = await scope.resolve(Session)
        for kind in (Pool, Repository, Repository):
            assert await asyncio.to_thread(scope.get, kind) is container[kind]
        assert await asyncio.to_thread(scope.get, Session) is session
        assert await asyncio.to_thread(scope.get, Scope) is scope
        with container.override(Session, Fake):
            fake = await scope.resolve(Session)
            assert isinstance(await asyncio.to_thread(scope.get, Session), Fake)
            assert await asyncio.to_thread(scope.get, Session) is fake
        with container.override(Pool, Pool()):
            assert await asyncio.to_thread(scope.get, Repository) is not container.root_layer.singletons[Repository]


class Reports:
    def __init__(self, make: Factory[Session]) -> None:
        self.make = make


async def test_a3_a_factory_called_on_another_loop_builds_in_the_scope_of_its_holder() -> None:
    log: list[str] = []

    async def open_session(title: str) -> AsyncIterator[Session]:
        yield Session(title)
        log.append(f"closed {title}")

    async def make(reports: Reports) -> Session:
        return await reports.make("annual")

    container = Container()
    container.transient(Session, open_session)
    container.scoped(Reports)
    async with container.scope() as scope:
        reports = await scope.resolve(Reports)
        session = await asyncio.to_thread(lambda: asyncio.run(make(reports)))
        assert (session.title, log) == ("annual", [])
    assert log == ["closed annual"]


async def test_a3_lazy_of_a_transient_that_two_ask_for_at_once_is_one_object() -> None:
    class Holder:
        def __init__(self, session: Lazy[Session]) -> None:
            self.session = session

    both = asyncio.Barrier(2)

    async def open_session() -> Session:
        await both.wait()
        return Session()

    container = Container()
    container.transient(Session, open_session)
    container.scoped(Holder)
    async with container.scope() as scope:
        holder = await scope.resolve(Holder)
        one, two = await asyncio.gather(holder.session.get(), holder.session.get())
        assert one is two


class Blocked:
    """A singleton's provider that runs in a thread of its own until it may go on."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.may_go_on = threading.Event()

    def __call__(self) -> Pool:
        self.reached.set()
        assert self.may_go_on.wait(10)
        return Pool()


@pytest.fixture
def blocked() -> Blocked:
    return Blocked()


async def test_b5_the_loops_thread_is_told_when_what_it_asks_for_waits_for_a_thread(blocked: Blocked) -> None:
    """Waiting for the task that builds it would stop the very loop that task runs on."""
    container = Container()
    container.singleton(Pool, blocked.__call__, eager=False)
    container.scoped(Repository)
    async with container.scope() as scope:
        building = asyncio.create_task(asyncio.to_thread(container.resolve, Pool))
        await asyncio.to_thread(blocked.reached.wait)
        waiting = asyncio.create_task(scope.resolve(Repository))
        await asyncio.sleep(0)
        blocked.may_go_on.set()
        with pytest.raises(errors.AsyncBuildRequiredError, match="Repository"):
            scope.get(Repository)
        assert (await waiting).pool is await building


async def test_c2_the_loops_thread_is_told_when_a_singleton_it_asks_for_is_being_built_by_a_task(
    blocked: Blocked,
) -> None:
    container = Container()
    container.singleton(Pool, blocked.__call__, eager=False)
    container.singleton(Repository, eager=False)
    async with container.scope() as scope:
        building = asyncio.create_task(asyncio.to_thread(container.resolve, Pool))
        await asyncio.to_thread(blocked.reached.wait)
        waiting = asyncio.create_task(scope.resolve(Repository))
        await asyncio.sleep(0)
        with pytest.raises(errors.AsyncBuildRequiredError, match=r"Repository.*under way"):
            container.root_layer.obtain_now(Repository)
        blocked.may_go_on.set()
        assert (await waiting).pool is await building


class TellingLock:
    """A lock that lets something happen just before it is taken for the first time."""

    def __init__(self, before: Callable[[], object]) -> None:
        self._lock = threading.Lock()
        self._before = [before]

    def __enter__(self) -> None:
        while self._before:
            self._before.pop()()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_c2_who_was_overtaken_on_the_way_to_the_build_gets_what_the_other_built() -> None:
    container = Container()
    container.singleton(Pool)
    layer = container.root_layer
    made: list[Pool] = []
    with ThreadPoolExecutor() as threads:
        lock: Any = TellingLock(lambda: made.append(threads.submit(layer.obtain_now, Pool).result()))
        layer._lock = lock
        assert [layer.obtain_now(Pool)] == made
    assert layer._building == {}


def test_c5_a_singleton_whose_loop_has_ended_is_refused_by_name() -> None:
    container = Container()
    container.singleton(Pool, connect, eager=False)

    async def resolve() -> None:
        async with container.scope() as scope:
            await scope.resolve(Pool)

    asyncio.run(container.start())
    with pytest.raises(errors.WrongLoopError, match="Pool"):
        asyncio.run(resolve())
    asyncio.run(container.stop())


async def in_another_loop(work: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(lambda: asyncio.run(work()))


async def test_c4_a_stop_on_another_loop_ends_builds_that_are_under_way() -> None:
    reached, cancelled = asyncio.Event(), asyncio.Event()

    async def connect_for_ever() -> Pool:
        reached.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return Pool()

    container = Container()
    container.singleton(Pool, connect_for_ever, eager=False)
    async with container.scope() as scope:
        waiting = asyncio.create_task(scope.resolve(Pool))
        await reached.wait()
        await in_another_loop(container.stop)
        with pytest.raises(errors.ContainerClosedError):
            await waiting
        assert cancelled.is_set()


async def test_b7_a_stop_on_another_loop_ends_spawned_work_that_is_late() -> None:
    reached = asyncio.Event()

    async def go_on_for_ever() -> None:
        reached.set()
        await asyncio.Event().wait()

    container = Container(spawn_timeout=0)
    async with container.scope() as scope:
        task = scope.spawn(go_on_for_ever)
        await reached.wait()
        with pytest.raises(BaseExceptionGroup) as caught:
            await in_another_loop(container.stop)
        assert caught.group_contains(errors.SpawnTimeoutError, match="go_on_for_ever")
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize("what", ["build", "spawned work"])
def test_c4_a_stop_after_the_other_loop_has_ended_goes_through(what: str) -> None:
    """A loop that no longer runs cannot be told anything."""
    container = Container(spawn_timeout=0)
    loop = asyncio.new_event_loop()

    async def never() -> Pool:
        await asyncio.Event().wait()
        return Pool()

    container.singleton(Pool, never, eager=False)

    async def begin() -> "asyncio.Task[Any]":
        async with container.scope() as scope:
            task = asyncio.create_task(scope.resolve(Pool)) if what == "build" else scope.spawn(never)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            return task

    task = loop.run_until_complete(begin())
    if what == "build":
        asyncio.run(container.stop())
    else:
        with pytest.raises(BaseExceptionGroup) as caught:
            asyncio.run(container.stop())
        assert caught.group_contains(errors.SpawnTimeoutError)
    for left in asyncio.all_tasks(loop):
        left.cancel()
    loop.run_until_complete(asyncio.wait([task]))
    loop.close()
    assert task.done()


@pytest.mark.parametrize("started", [False, True])
@pytest.mark.parametrize("awaited", [False, True])
def test_c5_only_what_was_awaited_by_a_started_container_belongs_to_its_loop(started: bool, awaited: bool) -> None:
    async def use_it_elsewhere() -> None:
        async with container.scope() as scope:
            await scope.resolve(Pool)

    async def serve() -> None:
        if started:
            await container.start()
        async with container.scope() as scope:
            await scope.resolve(Pool)
        await in_another_loop(use_it_elsewhere)
        await container.stop()

    container = Container()
    container.singleton(Pool, connect if awaited else Pool)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        asyncio.run(serve())
    assert [each.category for each in told] == [errors.WrongLoopWarning] * (started and awaited)
