"""Promises B1 and B3 to B6 without any web framework."""

import asyncio
import threading
import traceback
from collections.abc import AsyncIterator, Iterator

import pytest

from di import Container, Scope, current_scope, errors


class Session:
    def __init__(self) -> None:
        self.log: list[str] = []


class Orders:
    def __init__(self, session: Session) -> None:
        self.session = session


class Mails:
    def __init__(self, session: Session, orders: Orders) -> None:
        self.session = session
        self.orders = orders


async def open_session() -> AsyncIterator[Session]:
    session = Session()
    await asyncio.sleep(0)
    try:
        yield session
        session.log.append("resumed")
    except BaseException as error:
        session.log.append(type(error).__name__)
        raise
    finally:
        await asyncio.sleep(0)
        session.log.append("closed")


@pytest.fixture
def container() -> Container:
    container = Container()
    container.scoped(Session, open_session)
    container.scoped(Orders)
    container.scoped(Mails)
    return container


async def test_b1_current_scope_works_below_in_tasks_and_threads(container: Container) -> None:
    async def in_task() -> Scope:
        return current_scope()

    async with container.scope() as scope:
        assert current_scope() is scope
        assert await asyncio.create_task(in_task()) is scope
        assert await asyncio.to_thread(current_scope) is scope


def test_b1_current_scope_outside_says_how_to_open_one() -> None:
    with pytest.raises(errors.NoScopeError, match=r"async with container\.scope\(\)"):
        current_scope()


async def test_b1_the_innermost_of_several_containers_is_current(container: Container) -> None:
    other = Container()
    async with container.scope() as outer:
        async with other.scope() as inner:
            assert current_scope() is inner
            assert container.find_scope() is outer
        assert current_scope() is outer


async def test_b3_normal_end_resumes_the_generator(container: Container) -> None:
    async with container.scope() as scope:
        session = await scope.resolve(Session)
    assert session.log == ["resumed", "closed"]


async def test_b3_failure_is_raised_at_the_yield(container: Container) -> None:
    with pytest.raises(KeyError):
        async with container.scope() as scope:
            session = await scope.resolve(Session)
            raise KeyError
    assert session.log == ["KeyError", "closed"]


async def test_b3_fail_declares_a_failure_without_an_exception(container: Container) -> None:
    async with container.scope() as scope:
        session = await scope.resolve(Session)
        scope.fail(ValueError("rejected"))
        scope.fail(KeyError("later"))
    assert session.log == ["ValueError", "closed"]


async def test_b3_every_resource_sees_the_failure_and_teardown_errors_come_grouped() -> None:
    seen: list[str] = []

    class First: ...

    class Second:
        def __init__(self, first: First) -> None: ...

    def open_first() -> Iterator[First]:
        try:
            yield First()
        except KeyError:
            seen.append("first")
            raise

    def open_second(first: First) -> Iterator[Second]:
        try:
            yield Second(first)
        except KeyError:
            seen.append("second")
            raise OSError("teardown broke") from None

    container = Container()
    container.scoped(First, open_first)
    container.scoped(Second, open_second)
    with pytest.raises(BaseExceptionGroup) as caught:
        async with container.scope() as scope:
            await scope.resolve(Second)
            raise KeyError
    assert seen == ["second", "first"]
    assert caught.group_contains(OSError, match="teardown broke")


async def test_b3_every_resource_sees_the_failure_as_it_was_raised() -> None:
    depths: list[int] = []

    def remember(error: BaseException) -> None:
        depths.append(len(traceback.extract_tb(error.__traceback__)))

    class First: ...

    class Second: ...

    def open_first() -> Iterator[First]:
        try:
            yield First()
        except KeyError as error:
            remember(error)
            raise

    async def open_second(first: First) -> AsyncIterator[Second]:
        try:
            yield Second()
        except KeyError as error:
            remember(error)
            raise

    container = Container()
    container.scoped(First, open_first)
    container.scoped(Second, open_second)
    with pytest.raises(KeyError):
        async with container.scope() as scope:
            await scope.resolve(Second)
            raise KeyError
    assert depths[0] - depths[1] in {0, 1}  # an async generator is thrown into one frame deeper


async def test_b4_on_success_runs_in_order_before_teardown(container: Container) -> None:
    async with container.scope() as scope:
        session = await scope.resolve(Session)

        async def second() -> None:
            session.log.append("second")

        scope.on_success(lambda: session.log.append("first"))
        scope.on_success(second)
    assert session.log == ["first", "second", "resumed", "closed"]


async def test_b4_the_first_failing_callback_stops_the_rest_and_fails_the_work(container: Container) -> None:
    def refuse() -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        async with container.scope() as scope:
            session = await scope.resolve(Session)
            scope.on_success(refuse)
            scope.on_success(lambda: session.log.append("never"))
    assert session.log == ["ConnectionError", "closed"]


async def test_b4_on_success_does_not_run_after_a_failure(container: Container) -> None:
    ran: list[str] = []
    async with container.scope() as scope:
        scope.on_success(lambda: ran.append("x"))
        scope.fail(ValueError())
    assert ran == []


async def test_b5_one_object_per_scope_also_under_gather(container: Container) -> None:
    async with container.scope() as scope:
        mails, orders, session = await asyncio.gather(
            scope.resolve(Mails), scope.resolve(Orders), scope.resolve(Session)
        )
        assert mails.session is orders.session is session
        assert mails.orders is orders


async def test_b5_scopes_do_not_share(container: Container) -> None:
    async with container.scope() as one, container.scope() as two:
        assert await one.resolve(Session) is not await two.resolve(Session)


async def test_b5_threads_get_the_same_object_built_on_the_scopes_loop(container: Container) -> None:
    loops: list[object] = []

    async def open_here() -> AsyncIterator[Session]:
        loops.append(asyncio.get_running_loop())
        yield Session()

    container.replace(Session, open_here)
    async with container.scope() as scope:
        found = await asyncio.gather(*(asyncio.to_thread(scope.get, Orders) for _ in range(5)))
        assert len({id(orders) for orders in found}) == 1
    assert loops == [asyncio.get_running_loop()]


async def test_b5_another_event_loop_gets_the_same_object(container: Container) -> None:
    async with container.scope() as scope:
        elsewhere = await asyncio.to_thread(lambda: asyncio.run(scope.resolve(Orders)))
        assert elsewhere is await scope.resolve(Orders)


async def test_b5_a_slow_build_blocks_only_those_who_need_it(container: Container) -> None:
    slow_may_end = asyncio.Event()

    class Slow: ...

    async def make_slow() -> Slow:
        await slow_may_end.wait()
        return Slow()

    container.scoped(Slow, make_slow)
    async with container.scope() as scope:
        slow = asyncio.create_task(scope.resolve(Slow))
        await asyncio.sleep(0)
        await scope.resolve(Mails)
        assert not slow.done()
        slow_may_end.set()
        await slow


async def test_b5_get_on_the_loop_returns_what_is_built_and_refuses_what_must_be_awaited(
    container: Container,
) -> None:
    async with container.scope() as scope:
        with pytest.raises(errors.AsyncBuildRequiredError, match=r"Orders cannot be had synchronously.*Session"):
            scope.get(Orders)
        await scope.resolve(Session)
        assert scope.get(Orders).session is scope.get(Session)


async def test_b5_cancelling_the_builder_leaves_the_build_to_those_who_wait(container: Container) -> None:
    started, may_end = asyncio.Event(), asyncio.Event()
    builds: list[Session] = []

    async def make() -> Session:
        builds.append(Session())
        started.set()
        await may_end.wait()
        return builds[-1]

    container.replace(Session, make)
    async with container.scope() as scope:
        first = asyncio.create_task(scope.resolve(Session))
        await started.wait()
        second = asyncio.create_task(scope.resolve(Orders))
        await asyncio.sleep(0)
        first.cancel()
        may_end.set()
        assert (await second).session is builds[-1]
        assert first.cancelled()


async def test_b5_a_failed_build_may_be_tried_again(container: Container) -> None:
    attempts: list[int] = []

    async def flaky() -> Session:
        attempts.append(1)
        if len(attempts) == 1:
            raise ConnectionError
        return Session()

    container.replace(Session, flaky)
    async with container.scope() as scope:
        with pytest.raises(ConnectionError):
            await scope.resolve(Orders)
        await scope.resolve(Orders)


async def test_b6_resolving_after_the_end_names_the_type_and_builds_nothing(container: Container) -> None:
    async with container.scope() as scope:
        pass
    with pytest.raises(errors.ScopeClosedError, match="Session was asked of a scope that has closed"):
        await scope.resolve(Session)
    with pytest.raises(errors.ScopeClosedError):
        scope.get(Session)
    with pytest.raises(errors.ScopeClosedError):
        scope.on_success(lambda: None)


async def test_b6_a_build_in_flight_when_the_scope_closes_is_closed_too(container: Container) -> None:
    started, may_go_on = asyncio.Event(), asyncio.Event()
    session = Session()

    async def slow_session() -> AsyncIterator[Session]:
        started.set()
        await may_go_on.wait()
        try:
            yield session
        finally:
            session.log.append("closed")

    container.replace(Session, slow_session)
    async with container.scope() as scope:
        late = asyncio.create_task(scope.resolve(Session))
        await started.wait()
    may_go_on.set()
    with pytest.raises(errors.ScopeClosedError):
        await late
    assert session.log == ["closed"]


async def test_b2_teardown_is_shielded_from_cancellation() -> None:
    closing, may_close = asyncio.Event(), asyncio.Event()
    closed: list[str] = []

    async def stubborn() -> AsyncIterator[Session]:
        try:
            yield Session()
        finally:
            closing.set()
            await may_close.wait()
            closed.append("closed")

    container = Container()
    container.scoped(Session, stubborn)

    async def work() -> None:
        async with container.scope() as scope:
            await scope.resolve(Session)

    task = asyncio.create_task(work())
    await closing.wait()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    may_close.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert closed == ["closed"]


async def test_resources_close_in_reverse_order_of_building() -> None:
    log: list[str] = []

    class A: ...

    class B:
        def __init__(self, a: A) -> None: ...

    def open_a() -> Iterator[A]:
        yield A()
        log.append("a")

    async def open_b(a: A) -> AsyncIterator[B]:
        yield B(a)
        log.append("b")

    container = Container()
    container.scoped(A, open_a)
    container.scoped(B, open_b)
    async with container.scope() as scope:
        await scope.resolve(B)
    assert log == ["b", "a"]


async def test_a_provided_object_stands_in_for_its_provider_and_is_not_closed(container: Container) -> None:
    mine = Session()
    async with container.scope({Session: mine}) as scope:
        assert (await scope.resolve(Orders)).session is mine
    assert mine.log == []


async def test_only_scoped_types_can_be_provided(container: Container) -> None:
    with pytest.raises(errors.InvalidProviderError, match="only a registered scoped type"):
        container.scope({int: 3})


async def test_the_scope_itself_is_injectable(container: Container) -> None:
    class Aware:
        def __init__(self, scope: Scope) -> None:
            self.scope = scope

    container.scoped(Aware)
    async with container.scope() as scope:
        assert (await scope.resolve(Aware)).scope is scope


async def test_transients_are_made_for_every_injection_and_closed_with_the_scope() -> None:
    closed: list[int] = []

    class Token: ...

    def open_token() -> Iterator[Token]:
        yield Token()
        closed.append(1)

    class Pair:
        def __init__(self, one: Token, two: Token) -> None:
            self.one, self.two = one, two

    container = Container()
    container.transient(Token, open_token)
    container.scoped(Pair)
    async with container.scope() as scope:
        pair = await scope.resolve(Pair)
        assert pair.one is not pair.two
    assert closed == [1, 1]


async def test_many_scopes_at_once_keep_their_objects_apart(container: Container) -> None:
    async def work() -> Session:
        async with container.scope() as scope:
            mails = await scope.resolve(Mails)
            assert mails.session is mails.orders.session
            return mails.session

    sessions = await asyncio.gather(*(work() for _ in range(500)))
    assert len({id(session) for session in sessions}) == 500
    assert all(session.log == ["resumed", "closed"] for session in sessions)


async def test_a_thread_may_use_a_scope_while_its_loop_works(container: Container) -> None:
    names: list[str] = []

    def in_thread() -> None:
        names.append(threading.current_thread().name)
        current_scope().get(Orders)

    async with container.scope():
        await asyncio.gather(*(asyncio.to_thread(in_thread) for _ in range(10)))
    assert len(names) == 10


async def test_b2_work_cancelled_at_any_moment_closes_all_it_opened_once_and_in_order() -> None:
    """Cancel after every single step: at each await of a build, of the work, of the commit and of a teardown."""
    log: list[str] = []

    class Transaction:
        def __init__(self, session: Session) -> None: ...

    async def open_one() -> AsyncIterator[Session]:
        await asyncio.sleep(0)
        log.append("open session")
        try:
            yield Session()
        finally:
            await asyncio.sleep(0)
            log.append("close session")

    async def open_other(session: Session, scope: Scope) -> AsyncIterator[Transaction]:
        scope.on_success(lambda: asyncio.sleep(0))
        await asyncio.sleep(0)
        log.append("open transaction")
        try:
            yield Transaction(session)
        finally:
            await asyncio.sleep(0)
            log.append("close transaction")

    container = Container()
    container.scoped(Session, open_one)
    container.scoped(Transaction, open_other)

    async def work() -> None:
        async with container.scope() as scope:
            await scope.resolve(Transaction)
            await asyncio.sleep(0)

    both = ["open session", "open transaction", "close transaction", "close session"]
    for steps in range(100):
        log.clear()
        task = asyncio.create_task(work())
        for _ in range(steps):
            await asyncio.sleep(0)
        if task.done():
            break
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert log in ([], ["open session", "close session"], both)
    assert log == both
    assert steps > 5


async def test_b6_a_teardown_that_fails_for_a_late_build_is_told(container: Container) -> None:
    started, may_go_on = asyncio.Event(), asyncio.Event()

    async def slow_session() -> AsyncIterator[Session]:
        started.set()
        await may_go_on.wait()
        yield Session()
        raise OSError("would not close")

    container.replace(Session, slow_session)
    async with container.scope() as scope:
        late = asyncio.create_task(scope.resolve(Session))
        await started.wait()
    may_go_on.set()
    with pytest.raises(errors.ScopeClosedError) as caught:
        await late
    assert isinstance(caught.value.__cause__, BaseExceptionGroup)
    assert caught.value.__cause__.subgroup(OSError) is not None


async def test_b5_a_provided_object_spares_what_its_provider_would_need() -> None:
    """Also on the synchronous way in, where what must be awaited would be an error."""

    class Verifier: ...

    class Caller:
        def __init__(self, verifier: Verifier) -> None: ...

    class Account:
        def __init__(self, caller: Caller) -> None:
            self.caller = caller

    async def fetch_keys() -> Verifier:
        raise AssertionError

    container = Container()
    container.singleton(Verifier, fetch_keys, eager=False)
    container.scoped(Caller)
    container.scoped(Account)
    job = object.__new__(Caller)
    async with container.scope({Caller: job}) as scope:
        assert scope.get(Account).caller is job


async def test_b5_a_slow_constructor_in_a_thread_leaves_the_loop_free(container: Container) -> None:
    may_end = threading.Event()

    class Slow:
        def __init__(self) -> None:
            assert may_end.wait(5)

    container.singleton(Slow, eager=False)
    async with container.scope() as scope:
        slow = asyncio.create_task(asyncio.to_thread(scope.get, Slow))
        await scope.resolve(Mails)  # the loop still turns
        may_end.set()
        assert await slow is await scope.resolve(Slow)


async def test_b5_who_asks_for_himself_while_being_built_is_a_cycle_and_no_hang(container: Container) -> None:
    async def make(scope: Scope) -> Session:
        return (await scope.resolve(Orders)).session

    container.replace(Session, make)
    async with container.scope() as scope:
        with pytest.raises(errors.CycleError):
            await asyncio.wait_for(scope.resolve(Session), 5)
