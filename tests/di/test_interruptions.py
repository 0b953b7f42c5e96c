"""Promises B2, B4, B7, B8, C1, C2, C4 and E1 under cancellation at every single suspension."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import pytest

from di import Container, Scope
from di._compiler import InjectedCall
from tests.di.interruptions import Ledger, Resource, Work, at_each_suspension


class Pool(Resource): ...


class Cache(Resource): ...


class Session(Resource): ...


class Audit(Resource): ...


class Fake(Cache): ...


class Transaction(Resource):
    """Opened and closed as a context manager class."""

    def __init__(self, session: Session, audit: Audit, ledger: Ledger) -> None:
        super().__init__(session, audit)
        self._lasts = ledger.lasts(self)

    async def __aenter__(self) -> Self:
        await self._lasts.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._lasts.__aexit__(kind, error, traceback)


class Orders:
    def __init__(self, transaction: Transaction) -> None: ...


class Life:
    """A container over two singletons and three scoped resources that need each other."""

    def __init__(self) -> None:
        self.ledger = ledger = Ledger()
        self.container = container = Container()

        async def open_pool() -> AsyncIterator[Pool]:
            async with ledger.lasts(Pool()) as pool:
                yield pool

        async def open_cache(pool: Pool) -> AsyncIterator[Cache]:
            async with ledger.lasts(Cache(pool)) as cache:
                yield cache

        async def open_session(cache: Cache, scope: Scope) -> AsyncIterator[Session]:
            async with ledger.lasts(Session(cache)) as session:
                scope.on_success(self.commit)
                yield session

        def open_audit(session: Session) -> Iterator[Audit]:
            with ledger.lasts_at_once(audit := Audit(session)):
                yield audit

        container.singleton(Ledger, ledger)
        container.singleton(Pool, open_pool)
        container.singleton(Cache, open_cache)
        container.scoped(Session, open_session)
        container.scoped(Audit, open_audit)
        container.scoped(Transaction)
        container.scoped(Orders)
        self.committed = 0

        async def endpoint(orders: Orders, session: Session) -> None:
            await asyncio.sleep(0)

        self.call = InjectedCall(container.root_layer, endpoint, {"orders": Orders, "session": Session})

    async def commit(self) -> None:
        """Stand for what a session does before success is told."""
        await asyncio.sleep(0)
        self.committed += 1

    async def open_fake(self) -> AsyncIterator[Fake]:
        """Stand for the cache in a test."""
        async with self.ledger.lasts(Fake()) as fake:
            yield fake

    async def use(self) -> None:
        """Do one whole unit of work."""
        async with self.container.scope() as scope:
            await scope.resolve(Orders)
            await asyncio.sleep(0)

    async def judge(self, operation: "Operation") -> None:
        """Complain unless everything is closed, and the container can be used again, from a start to a stop."""
        if operation in {start, stop} and not self.container.started:
            assert self.ledger.open == []
        with suppress(BaseExceptionGroup):  # of work that was spawned and cancelled
            await self.container.stop()
        assert self.ledger.open == []
        assert self.ledger.complaints == []
        assert all(len(each.outcomes) == 1 for each in self.ledger.opened)
        if operation in ONE_SCOPE:
            told = {each.outcomes[0] for each in self.ledger.opened if isinstance(each, Session | Audit | Transaction)}
            assert told <= {"well" if self.committed else "CancelledError"}
        self.ledger.opened.clear()
        self.committed = 0
        async with self.container:
            await self.use()
        assert [repr(each) for each in self.ledger.opened] == ["Pool", "Cache", "Session", "Audit", "Transaction"]
        assert self.ledger.open == []
        assert self.ledger.complaints == []
        assert {outcome for each in self.ledger.opened for outcome in each.outcomes} == {"well"}
        assert self.committed == 1
        assert asyncio.all_tasks() == {asyncio.current_task()}


Operation = Callable[[Life], Coroutine[Any, Any, None]]


async def start(life: Life) -> None:
    await life.container.start()


async def stop(life: Life) -> None:
    await life.container.stop()


async def a_unit_of_work(life: Life) -> None:
    await life.use()


async def tasks_that_share(life: Life) -> None:
    async with life.container.scope() as scope:
        await asyncio.gather(*(scope.resolve(kind) for kind in (Orders, Session, Transaction, Orders)))


async def a_child(life: Life) -> None:
    async with life.container.scope() as scope:
        await scope.resolve(Session)
        async with scope.child() as child:
            await child.resolve(Orders)
            await asyncio.sleep(0)


async def a_release(life: Life) -> None:
    async with life.container.scope() as scope:
        await scope.resolve(Orders)
        await scope.release(Session)
        await scope.resolve(Orders)


async def an_override(life: Life) -> None:
    async with life.container.override(Cache, life.open_fake):
        await life.use()


async def an_override_in_a_scope(life: Life) -> None:
    async with life.container.scope() as scope:
        async with life.container.override(Cache, life.open_fake):
            await scope.resolve(Orders)
        await scope.resolve(Orders)


async def a_compiled_call(life: Life) -> None:
    call = await life.call.bind()
    async with life.container.scope():
        await call()


async def a_compiled_call_in_a_used_scope(life: Life) -> None:
    call = await life.call.bind()
    async with life.container.scope() as scope:
        await scope.resolve(Session)
        await call()


async def a_compiled_call_beside_a_resolve(life: Life) -> None:
    call = await life.call.bind()
    async with life.container.scope() as scope, asyncio.TaskGroup() as group:
        group.create_task(call())
        group.create_task(scope.resolve(Orders))


async def spawned_work(life: Life) -> None:
    async with life.container.scope() as scope:
        await scope.resolve(Session)
        task = scope.spawn(life.use)
    await task


ONE_SCOPE = [
    a_unit_of_work,
    tasks_that_share,
    a_compiled_call,
    a_compiled_call_in_a_used_scope,
    a_compiled_call_beside_a_resolve,
    an_override,
]
SEVERAL = [a_child, a_release, an_override_in_a_scope, spawned_work]


@pytest.mark.parametrize(
    ("operation", "started"),
    [(start, False), (stop, True), *itertools.product([*ONE_SCOPE, *SEVERAL], [True, False])],
    ids=lambda value: value.__name__ if callable(value) else "started" if value else "not started",
)
async def test_b2_work_cancelled_at_any_suspension_leaves_nothing_open_and_the_container_usable(
    operation: Operation, started: bool
) -> None:
    async def prepare() -> tuple[Work, Callable[[], Awaitable[None]]]:
        life = Life()
        if started:
            await life.container.start()
        return (lambda: operation(life)), (lambda: life.judge(operation))

    assert await at_each_suspension(prepare) > 4
