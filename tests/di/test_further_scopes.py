"""Work that outlives its scope, nested scopes, and objects given back early (B7, B8)."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from di import Container, Scope, current_scope, errors


class Session:
    def __init__(self, log: list[str], number: int) -> None:
        self.log = log
        self.number = number

    async def commit(self) -> None:
        self.log.append(f"commit {self.number}")


class Orders:
    def __init__(self, session: Session) -> None:
        self.session = session


class Caller: ...


class Clock: ...


class Sessions:
    """Opens numbered sessions and remembers what happened to them."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.opened = 0

    async def open(self, scope: Scope) -> AsyncIterator[Session]:
        self.opened += 1
        session = Session(self.log, self.opened)
        scope.on_success(session.commit)
        try:
            yield session
        except BaseException as error:
            self.log.append(f"rollback {session.number} {type(error).__name__}")
            raise
        finally:
            self.log.append(f"close {session.number}")


@pytest.fixture
def sessions() -> Sessions:
    return Sessions()


@pytest.fixture
def container(sessions: Sessions) -> Container:
    container = Container()
    container.scoped(Session, sessions.open)
    container.scoped(Orders)
    container.scoped(Caller)
    return container


async def test_b7_spawned_work_has_a_scope_of_its_own_that_outlives_the_first(
    container: Container, sessions: Sessions
) -> None:
    may_go_on = asyncio.Event()

    async def work(number: int, orders: Orders, *, flag: bool) -> tuple[int, bool, Orders, Scope]:
        await may_go_on.wait()
        return number, flag, orders, current_scope()

    async with container.scope() as scope:
        mine = await scope.resolve(Orders)
        task = scope.spawn(work, 7, flag=True)
    assert sessions.log == ["commit 1", "close 1"]
    may_go_on.set()
    number, flag, orders, inner = await task
    assert (number, flag) == (7, True)
    assert orders is not mine
    assert inner is not scope
    assert sessions.log == ["commit 1", "close 1", "commit 2", "close 2"]


async def test_b7_spawned_work_sees_no_scope_from_outside(container: Container) -> None:
    async def work() -> Scope | None:
        return current_scope().outer

    async with container.scope() as scope:
        assert await scope.spawn(work) is None


async def test_b7_a_plain_function_runs_in_a_thread(container: Container) -> None:
    def work(orders: Orders) -> tuple[threading.Thread, bool]:
        return threading.current_thread(), current_scope().get(Orders) is orders

    async with container.scope() as scope:
        thread, same = await scope.spawn(work)
    assert same
    assert thread is not threading.current_thread()


async def test_b7_work_may_be_spawned_from_a_thread(container: Container) -> None:
    async def work(orders: Orders) -> int:
        return orders.session.number

    async with container.scope() as scope:
        await scope.resolve(Orders)
        task = await asyncio.to_thread(scope.spawn, work)
        assert await task == 2


async def test_b7_a_failure_rolls_back_is_logged_and_raised_to_who_awaits(
    container: Container, sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(orders: Orders) -> None:
        raise LookupError(orders.session.number)

    async with container.scope() as scope:
        task = scope.spawn(work)
        with pytest.raises(LookupError):
            await task
    assert sessions.log == ["rollback 1 LookupError", "close 1"]
    (record,) = [each for each in caplog.records if each.name == "di"]
    assert record.levelno == logging.ERROR
    assert "work" in record.getMessage()
    assert "test_further_scopes.py:" in record.getMessage()


async def test_b7_stop_waits_for_spawned_work_and_what_it_spawns(container: Container, sessions: Sessions) -> None:
    begun, may_go_on = asyncio.Event(), asyncio.Event()

    async def further(orders: Orders) -> None:
        sessions.log.append(f"further {orders.session.number}")

    async def work(scope: Scope) -> None:
        begun.set()
        await may_go_on.wait()
        _ = scope.spawn(further)

    await container.start()
    async with container.scope() as scope:
        _ = scope.spawn(work)
    await begun.wait()
    stopping = asyncio.create_task(container.stop())
    await asyncio.sleep(0)
    assert not container.stopped
    may_go_on.set()
    await stopping
    assert sessions.log == ["further 1", "commit 1", "close 1"]


async def test_b7_stop_cancels_what_takes_too_long_and_names_it(sessions: Sessions) -> None:
    container = Container(spawn_timeout=0.01)
    container.scoped(Session, sessions.open)
    begun = asyncio.Event()

    async def endless(session: Session) -> None:
        begun.set()
        await asyncio.Event().wait()

    async with container.scope() as scope:
        task = scope.spawn(endless)
    await begun.wait()
    with pytest.raises(BaseExceptionGroup) as caught:
        await container.stop()
    assert caught.group_contains(errors.SpawnTimeoutError, match=r"endless .*test_further_scopes.*0\.01 s")
    assert task.cancelled()
    assert sessions.log == ["rollback 1 CancelledError", "close 1"]


async def test_b7_nothing_is_spawned_from_a_closed_scope_or_after_the_stop(container: Container) -> None:
    async def work() -> None: ...

    async with container.scope() as scope:
        pass
    with pytest.raises(errors.ScopeClosedError, match=r"spawn.*work"):
        _ = scope.spawn(work)
    async with container.scope() as scope:
        await container.stop()
        with pytest.raises(errors.ContainerClosedError, match=r"spawn.*work"):
            _ = scope.spawn(work)


async def test_b7_an_override_reaches_spawned_work(container: Container) -> None:
    fake = Caller()

    async def work(caller: Caller) -> Caller:
        return caller

    async with container.scope() as scope:
        with container.override(Caller, fake):
            assert await scope.spawn(work) is fake


async def test_b8_a_child_has_objects_and_an_outcome_of_its_own(container: Container, sessions: Sessions) -> None:
    async with container.scope() as scope:
        outer = await scope.resolve(Orders)
        with pytest.raises(KeyError):
            async with scope.child() as child:
                assert current_scope() is child
                inner = await child.resolve(Orders)
                raise KeyError
        assert inner is not outer
        assert current_scope() is scope
        assert sessions.log == ["rollback 2 KeyError", "close 2"]
        async with scope.child() as child:
            await child.resolve(Session)
        assert sessions.log[2:] == ["commit 3", "close 3"]
        assert await scope.resolve(Orders) is outer
    assert sessions.log[4:] == ["commit 1", "close 1"]


async def test_b8_a_child_sees_its_parent_and_the_provided_values_of_it(container: Container) -> None:
    caller, other = Caller(), Caller()
    async with container.scope({Caller: caller}) as scope, scope.child() as child, child.child() as grandchild:
        assert (scope.parent, child.parent, grandchild.parent) == (None, scope, child)
        assert await grandchild.resolve(Caller) is caller
    async with container.scope() as scope:
        built = await scope.resolve(Caller)
        async with scope.child() as child:
            assert await child.resolve(Caller) not in (built, other)


async def test_b8_a_closed_scope_has_no_children(container: Container) -> None:
    async with container.scope() as scope:
        pass
    with pytest.raises(errors.ScopeClosedError, match="child"):
        scope.child()


async def test_b8_release_tears_one_object_down_with_those_that_hold_it(
    container: Container, sessions: Sessions
) -> None:
    async with container.scope() as scope:
        first, caller = await scope.resolve(Orders), await scope.resolve(Caller)
        await scope.release(Session)
        assert sessions.log == ["commit 1", "close 1"]
        second = await scope.resolve(Orders)
        assert second is not first
        assert second.session.number == 2
        assert await scope.resolve(Caller) is caller
    assert sessions.log == ["commit 1", "close 1", "commit 2", "close 2"]


async def test_b8_holders_close_before_what_is_released_and_nobody_else_does() -> None:
    log: list[str] = []

    class Cursor: ...

    class Draft: ...

    class Clock: ...

    class Line: ...

    def opens(kind: type, name: str) -> Iterator[object]:
        yield kind()
        log.append(name)

    def open_line() -> Iterator[Line]:
        yield from opens(Line, "line")  # type: ignore[misc]  # one yield, of a Line

    def open_clock() -> Iterator[Clock]:
        yield from opens(Clock, "clock")  # type: ignore[misc]

    async def open_cursor(line: Line) -> AsyncIterator[Cursor]:
        yield Cursor()
        log.append("cursor")

    def open_draft(cursor: Cursor) -> Iterator[Draft]:
        yield from opens(Draft, "draft")  # type: ignore[misc]

    container = Container()
    container.scoped(Line, open_line)
    container.scoped(Clock, open_clock)
    container.transient(Cursor, open_cursor)
    container.scoped(Draft, open_draft)
    async with container.scope() as scope:
        await scope.resolve(Draft)
        await scope.resolve(Clock)
        await scope.release(Line)
        assert log == ["draft", "cursor", "line"]
        log.clear()
        await scope.release(Line)  # nothing is there any more
        assert log == []
    assert log == ["clock"]


async def test_b8_only_scoped_objects_can_be_released(container: Container) -> None:
    container.singleton(Clock)
    async with container.scope() as scope:
        with pytest.raises(errors.NotReleasableError, match="Clock cannot be released: it is singleton"):
            await scope.release(Clock)
        with pytest.raises(errors.NotReleasableError):
            await scope.release(Scope)
    with pytest.raises(errors.ScopeClosedError):
        await scope.release(Session)


async def test_b8_release_waits_for_a_build_under_way() -> None:
    begun, may_go_on = asyncio.Event(), asyncio.Event()
    log: list[str] = []

    async def open_session() -> AsyncIterator[Session]:
        begun.set()
        await may_go_on.wait()
        yield Session(log, 1)
        log.append("closed")

    container = Container()
    container.scoped(Session, open_session)
    async with container.scope() as scope:
        building = asyncio.create_task(scope.resolve(Session))
        await begun.wait()
        releasing = asyncio.create_task(scope.release(Session))
        await asyncio.sleep(0)
        may_go_on.set()
        await building
        await releasing
        assert log == ["closed"]


async def test_b8_a_commit_that_fails_at_release_rolls_back_and_fails_the_work() -> None:
    log: list[str] = []

    class Broken(Session):
        async def commit(self) -> None:
            raise OSError("disk full")

    async def open_broken(scope: Scope) -> AsyncIterator[Session]:
        broken = Broken(log, 1)
        scope.on_success(broken.commit)
        try:
            yield broken
        except OSError:
            log.append("rollback")
            raise

    container = Container()
    container.scoped(Session, open_broken)
    async with container.scope() as scope:
        await scope.resolve(Session)
        with pytest.raises(BaseExceptionGroup) as caught:
            await scope.release(Session)
        assert caught.group_contains(OSError, match="disk full")
        assert isinstance(scope.failure, OSError)
    assert log == ["rollback"]


async def test_b8_release_from_another_thread_works_on_the_scopes_loop(
    container: Container, sessions: Sessions
) -> None:
    async with container.scope() as scope:
        await scope.resolve(Session)
        await asyncio.to_thread(lambda: asyncio.run(scope.release(Session)))
        assert sessions.log == ["commit 1", "close 1"]


async def test_b8_releasing_an_overridden_type_leaves_the_real_one(container: Container, sessions: Sessions) -> None:
    async with container.scope() as scope:
        real = await scope.resolve(Orders)
        with container.override(Session, sessions.open):
            fake = await scope.resolve(Orders)
            assert fake is not real
            await scope.release(Session)
            assert await scope.resolve(Orders) is not fake
        assert await scope.resolve(Orders) is real
        assert sessions.log == ["commit 2", "close 2"]


async def test_b8_a_release_waits_for_nobody_who_builds_something_else() -> None:
    class Session: ...

    class Audit: ...

    reached, may_go_on = asyncio.Event(), asyncio.Event()

    async def open_audit() -> Audit:
        reached.set()
        await may_go_on.wait()
        return Audit()

    container = Container()
    container.scoped(Session)
    container.scoped(Audit, open_audit)
    async with container.scope() as scope:
        session = await scope.resolve(Session)
        building = asyncio.create_task(scope.resolve(Audit))
        await reached.wait()
        await scope.release(Session)
        assert not building.done()
        may_go_on.set()
        assert await scope.resolve(Audit) is await building
        assert await scope.resolve(Session) is not session
