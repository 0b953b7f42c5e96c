"""Promises B2 to B5, B7 and B9 for requests: cancelled at every suspension, and served by threads and tasks at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Annotated, Any

import pytest
from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import StreamingResponse

from di import Container, Scope, current_scope
from middleware import Deps
from tests.di.interruptions import Ledger, Resource, Work, at_each_suspension
from tests.middleware.asgi import get, running


class Pool(Resource): ...


class Session(Resource): ...


class Audit(Resource): ...


class Orders:
    def __init__(self, session: Session, audit: Audit) -> None:
        self.session = session
        self.audit = audit


class Life:
    """An application with routes of several kinds, and what became of what they opened."""

    def __init__(self) -> None:
        self.ledger = ledger = Ledger()
        self.committed = 0
        self.container = container = Container()
        deps, self.app = Deps(), FastAPI()

        async def open_pool() -> AsyncIterator[Pool]:
            async with ledger.lasts(Pool()) as pool:
                yield pool

        async def open_session(pool: Pool, scope: Scope) -> AsyncIterator[Session]:
            async with ledger.lasts(Session(pool)) as session:
                scope.on_success(self.commit)
                yield session

        def open_audit(session: Session) -> Iterator[Audit]:
            with ledger.lasts_at_once(audit := Audit(session)):
                yield audit

        container.singleton(Pool, open_pool, eager=False)
        container.scoped(Session, open_session)
        container.scoped(Audit, open_audit)
        container.scoped(Orders)
        OrdersDep = Annotated[Orders, deps.depends(Orders)]  # noqa: N806 - an alias

        @self.app.get("/parameter")
        async def parameter(orders: OrdersDep) -> str:
            await asyncio.sleep(0)
            return "saved"

        @self.app.get("/by-hand")
        async def by_hand() -> str:
            await current_scope().resolve(Orders)
            return "saved"

        @self.app.get("/stream")
        async def stream(orders: OrdersDep, tasks: BackgroundTasks) -> StreamingResponse:
            async def body() -> AsyncIterator[bytes]:
                yield b"one"
                assert orders.session in ledger.open
                await asyncio.sleep(0)
                yield b"two"

            async def later() -> None:
                await asyncio.sleep(0)
                assert orders.session in ledger.open

            tasks.add_task(later)
            return StreamingResponse(body())

        @self.app.get("/spawn")
        async def spawn(orders: OrdersDep) -> str:
            self.spawned = current_scope().spawn(self.work)
            return "saved"

        deps.install(self.app, container)

    async def commit(self) -> None:
        """Stand for what a session does before success is told."""
        await asyncio.sleep(0)
        self.committed += 1

    async def work(self, orders: Orders) -> None:
        """Outlive the request."""
        await asyncio.sleep(0)
        assert orders.session in self.ledger.open

    async def judge(self, path: str) -> None:
        """Complain unless everything is closed and was told its outcome, and the next request is served."""
        ledger = self.ledger
        assert {type(each) for each in ledger.open} <= {Pool}
        scoped = [each for each in ledger.opened if not isinstance(each, Pool)]
        if path != "/spawn":
            outcomes = {outcome for each in scoped for outcome in each.outcomes}
            # A client that is gone after the first byte is no failure, and then the commit has been made.
            assert outcomes <= {"well" if self.committed else "CancelledError"} or outcomes == {"CancelledError"}
        (start, *_) = await get(self.app, path)
        assert start["status"] == 200
        await self.container.stop()
        assert (ledger.open, ledger.complaints) == ([], [])
        assert all(len(each.outcomes) == 1 for each in ledger.opened)
        assert Counter(map(type, ledger.opened))[Pool] == 1
        assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("path", ["/parameter", "/by-hand", "/stream", "/spawn"])
async def test_b2_a_request_cancelled_at_any_suspension_leaves_nothing_open_and_the_next_is_served(path: str) -> None:
    async def prepare() -> tuple[Work, Callable[[], Awaitable[None]]]:
        life = Life()
        return (lambda: get(life.app, path)), (lambda: life.judge(path))

    assert await at_each_suspension(prepare) > 4


REQUESTS = 60


async def test_b5_requests_served_by_threads_and_tasks_at_once_each_have_one_object() -> None:
    """Threads wait for the loop, tasks of the same scope ask for the same objects, and so do other requests."""
    ledger, found = Ledger(), list[set[Any]]()

    async def open_pool() -> AsyncIterator[Pool]:
        async with ledger.lasts(Pool()) as pool:
            yield pool

    async def open_session(pool: Pool) -> AsyncIterator[Session]:
        async with ledger.lasts(Session(pool)) as session:
            yield session

    def open_audit(session: Session) -> Iterator[Audit]:
        with ledger.lasts_at_once(audit := Audit(session)):
            yield audit

    async def resolve(kind: Any) -> Any:
        orders = await current_scope().resolve(Orders)
        return {Session: orders.session, Audit: orders.audit}[kind]

    container, deps, app = Container(), Deps(), FastAPI()
    container.singleton(Pool, open_pool)
    container.scoped(Session, open_session)
    container.scoped(Audit, open_audit)
    container.scoped(Orders)

    @app.get("/thread")
    def in_a_thread() -> None:
        scope = current_scope()
        found.append({scope.get(Session), scope.get(Orders).session, scope.get(Audit).needs[0]})

    @app.get("/threads-and-tasks")
    async def in_threads_and_tasks() -> None:
        scope = current_scope()
        seen = await asyncio.gather(
            *(asyncio.to_thread(scope.get, Session) for _ in range(3)),
            *(resolve(Session) for _ in range(3)),
            asyncio.to_thread(lambda: scope.get(Orders).session),
        )
        found.append(set(seen))

    @app.get("/parameter")
    def with_a_parameter(orders: Annotated[Orders, deps.depends(Orders)]) -> None:
        found.append({orders.session, current_scope().get(Session)})

    deps.install(app, container)
    paths = ("/thread", "/threads-and-tasks", "/parameter")
    async with running(app):
        answers = await asyncio.gather(*(get(app, path) for path in paths for _ in range(REQUESTS)))
    assert [each[0]["status"] for each in answers] == [200] * len(answers)
    assert [len(each) for each in found] == [1] * len(answers)
    assert len({session for each in found for session in each}) == len(answers)
    assert (ledger.open, ledger.complaints) == ([], [])
    assert {tuple(each.outcomes) for each in ledger.opened} == {("well",)}
