"""Promises B3, B4, B6 and B8 for scopes that end while something is on its way, and for those that end twice."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import nullcontext
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import pytest

from di import Container, Factory, Lazy, errors
from tests.di.gates import Gate

T = TypeVar("T")


class Pool: ...


class Session: ...


class Audit: ...


class Orders:
    def __init__(self, pool: Pool, session: Session) -> None:
        self.session = session


async def test_b2_a_scope_that_is_closed_twice_closes_once(log: list[str]) -> None:
    def open_session() -> Iterator[Session]:
        yield Session()
        log.append("closed")

    container = Container()
    container.scoped(Session, open_session)
    async with container.scope() as scope:
        await scope.resolve(Session)
        await scope.close()
        await scope.close()
    assert log == ["closed"]


@pytest.mark.parametrize("overridden", [False, True])
async def test_b6_a_scope_that_closes_while_a_singleton_is_built_for_it_opens_nothing_more(
    log: list[str], overridden: bool
) -> None:
    gate = Gate()

    async def connect() -> Pool:
        await gate()
        return Pool()

    def open_session() -> Iterator[Session]:
        log.append("opened")
        yield Session()

    container = Container()
    container.singleton(Pool, connect, eager=False)
    container.scoped(Session, open_session)
    container.transient(Orders)
    scope = container.scope()
    with container.override(Session, open_session) if overridden else nullcontext():
        resolving = asyncio.create_task(scope.resolve(Orders))
        await gate.reached.wait()
        await scope.close()
        gate.may_go_on.set()
        with pytest.raises(errors.ScopeClosedError, match="Session"):
            await resolving
    assert container.overrides == []  # nothing is left that the scope might hold
    assert log == []
    await container.stop()


async def test_b5_of_two_who_wait_for_a_build_that_is_cancelled_one_builds_and_both_share() -> None:
    gates = [Gate()]
    made: list[Session] = []

    async def open_session() -> Session:
        if gates:
            await gates.pop()()
        made.append(Session())
        return made[-1]

    gate = gates[0]
    container = Container()
    container.scoped(Session, open_session)
    async with container.scope() as scope:
        first = asyncio.create_task(scope.resolve(Session))
        await gate.reached.wait()
        others = [asyncio.create_task(scope.resolve(Session)) for _ in range(2)]
        await asyncio.sleep(0)
        first.cancel()
        assert await asyncio.gather(*others) == made * 2
        assert first.cancelled()


async def test_b8_releasing_from_work_that_failed_tells_the_failure_and_commits_nothing(log: list[str]) -> None:
    class Transaction:
        def commit(self) -> None:
            log.append("committed")

    async def begin() -> AsyncIterator[Transaction]:
        try:
            yield Transaction()
        except LookupError:
            log.append("rolled back")
            raise

    container = Container()
    container.scoped(Transaction, begin)
    async with container.scope() as scope:
        scope.on_success((await scope.resolve(Transaction)).commit)
        scope.fail(LookupError("out of stock"))
        await scope.release(Transaction)
        assert log == ["rolled back"]
    assert log == ["rolled back"]


async def test_several_finished_objects_may_be_provided() -> None:
    container = Container()
    container.scoped(Session)
    container.scoped(Audit)
    session, audit = Session(), Audit()
    async with container.scope({Session: session, Audit: audit}) as scope:
        assert await scope.resolve(Session) is session
        async with scope.child() as child:
            assert (child.get(Session), child.get(Audit)) == (session, audit)


class Transaction:
    """Says to a log how the work ended."""

    def __init__(self, log: list[str]) -> None:
        self._log = log

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._log.append(f"{kind and kind.__name__}, {error}, {traceback and traceback.tb_frame.f_code.co_name}")


class AsyncTransaction:
    """The same to be awaited."""

    def __init__(self, log: list[str]) -> None:
        self._under = Transaction(log)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await asyncio.sleep(0)
        self._under.__exit__(kind, error, traceback)


@pytest.mark.parametrize("manager", [Transaction, AsyncTransaction])
async def test_b3_a_context_manager_class_is_told_how_the_work_ended(log: list[str], manager: type) -> None:
    async def fail() -> None:
        async with container.scope() as scope:
            await scope.resolve(manager)
            raise LookupError("out of stock")

    container = Container()
    container.singleton(cast(Any, list[str]), log)
    container.scoped(manager)
    async with container.scope() as scope:
        await scope.resolve(manager)
    with pytest.raises(LookupError):
        await fail()
    assert log == ["None, None, None", "LookupError, out of stock, fail"]


async def test_b2_what_has_nothing_to_do_with_each_other_closes_newest_first_beside_a_lazy_holder(
    log: list[str],
) -> None:
    class Report: ...

    class Holder:
        def __init__(self, audit: Lazy[Audit], make: Factory[Report]) -> None:
            self.audit, self.make = audit, make

    def logged(kind: Callable[[], T], name: str) -> Callable[[], Iterator[T]]:
        numbers = itertools.count(1)

        def open_one() -> Iterator[T]:
            number = next(numbers)
            yield kind()
            log.append(f"{name} {number}")

        return open_one

    def open_holder(audit: Lazy[Audit], make: Factory[Report]) -> Iterator[Holder]:
        yield Holder(audit, make)
        log.append("holder")

    container = Container()
    container.scoped(Pool, logged(Pool, "pool"))
    container.scoped(Session, logged(Session, "session"))
    container.scoped(Audit, logged(Audit, "audit"))
    container.transient(Report, logged(Report, "report"))
    container.scoped(Holder, open_holder)
    async with container.scope() as scope:
        await scope.resolve(Pool)
        await scope.resolve(Session)
        holder = await scope.resolve(Holder)
        await holder.make()
        await holder.audit.get()
        await holder.make()
    assert log == ["holder", "report 2", "audit 1", "report 1", "session 1", "pool 1"]


async def test_b4_a_unit_of_work_that_failed_has_no_success_to_tell(log: list[str]) -> None:
    async with Container().scope() as scope:
        scope.on_success(lambda: log.append("told"))
        scope.fail(LookupError())
        await scope.succeed()
    assert log == []


async def test_b3_what_goes_wrong_in_a_rollback_is_told_beside_the_failure() -> None:
    async def open_session() -> AsyncIterator[Session]:
        try:
            yield Session()
        except LookupError:
            raise RuntimeError("would not roll back") from None

    container = Container()
    container.scoped(Session, open_session)
    scope = container.scope()
    await scope.resolve(Session)
    scope.fail(LookupError("out of stock"))
    with pytest.raises(BaseExceptionGroup) as caught:
        await scope.close()
    (error,) = caught.value.exceptions
    assert (type(error), str(error)) == (RuntimeError, "would not roll back")
    (note,) = error.__notes__
    assert note.startswith("while closing Session (scoped, ")


@pytest.mark.parametrize("failure", [StopIteration(), StopAsyncIteration()])
@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_b3_a_failure_that_python_wraps_in_a_generator_is_still_only_the_failure(
    failure: Exception, kind: str
) -> None:
    """Neither may leave a generator as it is: Python raises a `RuntimeError` from it."""
    told: list[BaseException] = []

    def open_session() -> Iterator[Session]:
        try:
            yield Session()
        except BaseException as error:
            told.append(error)
            raise

    async def open_session_async() -> AsyncIterator[Session]:
        try:
            yield Session()
        except BaseException as error:
            told.append(error)
            raise

    container = Container()
    container.scoped(Session, open_session if kind == "sync" else open_session_async)
    scope = container.scope()
    await scope.resolve(Session)
    scope.fail(failure)
    await scope.close()
    assert told == [failure]


async def test_b4_a_callback_may_return_anything_and_what_can_be_awaited_is_awaited(log: list[str]) -> None:
    saved = asyncio.get_running_loop().create_future()

    def save_later() -> asyncio.Future[None]:
        asyncio.get_running_loop().call_soon(saved.set_result, None)
        return saved

    async with Container().scope() as scope:
        scope.on_success(lambda: 5)
        scope.on_success(save_later)
        scope.on_success(lambda: log.append("saved" if saved.done() else "too early"))
    assert log == ["saved"]
