"""Promises A6, B5 and B6 of the compiled call: whoever uses the scope meanwhile, exactly one object is visible."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

import pytest

from di import Container, Scope, current_scope, errors
from di._compiler import InjectedCall
from tests.di.gates import Gate


class Session:
    def __init__(self) -> None:
        self.closed = False


class Orders:
    def __init__(self, session: Session) -> None:
        self.session = session


Compiled = Callable[[], Coroutine[Any, Any, Any]]


async def bind(container: Container, function: Callable[..., Any], **injected: Any) -> Compiled:
    return await InjectedCall(container.root_layer, function, injected).bind()


async def give_session(session: Session) -> Session:
    return session


async def give_one(one: Any) -> Any:
    return one


async def give_orders(orders: Orders, session: Session) -> tuple[Orders, Session]:
    return orders, session


async def test_b5_the_plan_shares_one_object_with_later_resolves() -> None:
    container = Container()
    container.scoped(Session)
    container.scoped(Orders)
    call = await bind(container, give_orders, orders=Orders, session=Session)
    async with container.scope() as scope:
        orders, session = await call()
        assert orders.session is session is await scope.resolve(Session)
        assert scope.get(Orders) is orders


async def test_b5_a_second_call_in_the_same_scope_gets_the_same_objects() -> None:
    container = Container()
    container.scoped(Session)
    container.scoped(Orders)
    call = await bind(container, give_orders, orders=Orders, session=Session)
    async with container.scope():
        assert await call() == await call()


async def test_b5_a_constructor_that_reads_the_scope_sees_what_the_plan_has_built() -> None:
    class Curious:
        def __init__(self, orders: Orders) -> None:
            self.seen = current_scope().get(Session)

    async def endpoint(curious: Curious, session: Session) -> tuple[Curious, Session]:
        return curious, session

    container = Container()
    container.scoped(Session)
    container.scoped(Orders)
    container.scoped(Curious)
    call = await bind(container, endpoint, curious=Curious, session=Session)
    async with container.scope():
        curious, session = await call()
        assert curious.seen is session


async def test_b5_a_constructor_that_builds_ahead_of_the_plan_is_followed_by_it() -> None:
    built: list[Orders] = []

    class Eager:
        def __init__(self) -> None:
            self.orders = current_scope().get(Orders)

    def make_orders(session: Session) -> Orders:
        built.append(Orders(session))
        return built[-1]

    async def endpoint(eager: Eager, orders: Orders) -> tuple[Eager, Orders]:
        return eager, orders

    container = Container()
    container.scoped(Session)
    container.scoped(Orders, make_orders)
    container.scoped(Eager)
    call = await bind(container, endpoint, eager=Eager, orders=Orders)
    async with container.scope():
        eager, orders = await call()
        assert built == [orders]
        assert eager.orders is orders


async def test_b5_a_constructor_that_builds_ahead_of_an_awaited_one_is_followed_by_it() -> None:
    class Late: ...

    class Eager:
        def __init__(self) -> None:
            self.orders = current_scope().get(Orders)

    async def make_late(eager: Eager) -> Late:
        await asyncio.sleep(0)
        return Late()

    async def endpoint(late: Late, eager: Eager, orders: Orders) -> tuple[Eager, Orders]:
        return eager, orders

    container = Container()
    container.scoped(Session)
    container.scoped(Orders)
    container.scoped(Eager)
    container.scoped(Late, make_late)
    call = await bind(container, endpoint, late=Late, eager=Eager, orders=Orders)
    async with container.scope():
        eager, orders = await call()
        assert eager.orders is orders


@pytest.mark.parametrize("kind", ["function", "generator"])
async def test_b5_who_asks_for_the_object_in_flight_waits_for_it(kind: str) -> None:
    gate = Gate()
    built: list[Session] = []

    async def make() -> Session:
        await gate()
        built.append(Session())
        return built[-1]

    async def open_session() -> AsyncIterator[Session]:
        yield await make()

    container = Container()
    container.scoped(Session, make if kind == "function" else open_session)
    container.scoped(Orders)
    call = await bind(container, give_orders, orders=Orders, session=Session)
    async with container.scope() as scope:
        calling = asyncio.create_task(call())
        await gate.reached.wait()
        asking = asyncio.gather(scope.resolve(Session), asyncio.to_thread(scope.get, Orders))
        await asyncio.sleep(0.01)
        gate.may_go_on.set()
        (orders, session), (asked, from_thread) = await asyncio.gather(calling, asking)
        assert built == [session]
        assert asked is session
        assert from_thread is orders


async def test_b5_a_resolve_meanwhile_builds_nothing_twice() -> None:
    """Somebody builds, in a task of his own, what the plan would build after its await."""
    gate = Gate()
    built: list[Orders] = []

    class Slow: ...

    async def make_slow(session: Session) -> Slow:
        await gate()
        return Slow()

    def make_orders(session: Session) -> Orders:
        built.append(Orders(session))
        return built[-1]

    async def endpoint(slow: Slow, orders: Orders, session: Session) -> tuple[Orders, Session]:
        return orders, session

    container = Container()
    container.scoped(Session)
    container.scoped(Orders, make_orders)
    container.scoped(Slow, make_slow)
    call = await bind(container, endpoint, slow=Slow, orders=Orders, session=Session)
    async with container.scope() as scope:
        calling = asyncio.create_task(call())
        await gate.reached.wait()
        meanwhile = await scope.resolve(Orders)
        gate.may_go_on.set()
        orders, session = await calling
        assert built == [meanwhile]
        assert orders is meanwhile
        assert meanwhile.session is session


async def test_b5_a_thread_that_asks_meanwhile_gets_the_object_the_plan_has_built() -> None:
    gate = Gate()

    class Slow: ...

    async def make_slow(session: Session) -> Slow:
        await gate()
        return Slow()

    async def endpoint(slow: Slow, orders: Orders) -> Orders:
        return orders

    container = Container()
    container.scoped(Session)
    container.scoped(Orders)
    container.scoped(Slow, make_slow)
    call = await bind(container, endpoint, slow=Slow, orders=Orders)
    async with container.scope() as scope:
        calling = asyncio.create_task(call())
        await gate.reached.wait()
        from_thread = await asyncio.to_thread(scope.get, Session)
        gate.may_go_on.set()
        assert (await calling).session is from_thread


async def test_b5_a_provider_resolves_from_its_own_scope_while_the_plan_awaits_it() -> None:
    async def make_orders(scope: Scope) -> Orders:
        one, two = await asyncio.gather(scope.resolve(Session), scope.resolve(Session))
        assert one is two
        return Orders(one)

    container = Container()
    container.scoped(Session)
    container.scoped(Orders, make_orders)
    call = await bind(container, give_orders, orders=Orders, session=Session)
    async with container.scope():
        orders, session = await call()
        assert orders.session is session


async def test_b5_a_provider_that_asks_for_itself_is_a_cycle_and_no_hang() -> None:
    async def make_session(scope: Scope) -> Session:
        return await scope.resolve(Session)

    container = Container()
    container.scoped(Session, make_session)
    call = await bind(container, give_session, session=Session)
    async with container.scope():
        with pytest.raises(errors.CycleError, match="Session -> Session"):
            await asyncio.wait_for(call(), 5)


async def test_b5_cancelling_the_plan_leaves_the_build_to_those_who_wait() -> None:
    gate = Gate()
    builds: list[Session] = []

    async def make() -> Session:
        builds.append(Session())
        await gate()
        return builds[-1]

    container = Container()
    container.scoped(Session, make)
    call = await bind(container, give_session, session=Session)
    async with container.scope() as scope:
        calling = asyncio.create_task(call())
        await gate.reached.wait()
        asking = asyncio.create_task(scope.resolve(Session))
        await asyncio.sleep(0)
        calling.cancel()
        gate.may_go_on.set()
        assert await asking is builds[1]
        with pytest.raises(asyncio.CancelledError):
            await calling


async def test_b5_a_build_that_fails_in_the_plan_fails_for_those_who_wait() -> None:
    gate = Gate()

    async def make() -> Session:
        await gate()
        raise ConnectionError

    container = Container()
    container.scoped(Session, make)
    call = await bind(container, give_session, session=Session)
    async with container.scope() as scope:
        calling = asyncio.create_task(call())
        await gate.reached.wait()
        asking = asyncio.create_task(scope.resolve(Session))
        await asyncio.sleep(0)
        gate.may_go_on.set()
        for waiting in (calling, asking):
            with pytest.raises(ConnectionError):
                await waiting


async def test_b6_a_scope_that_closes_while_the_plan_awaits_closes_what_comes_late() -> None:
    gate = Gate()
    session = Session()
    calls: list[object] = []

    async def open_session() -> AsyncIterator[Session]:
        await gate()
        yield session
        session.closed = True

    async def endpoint(session: Session) -> None:
        calls.append(session)

    container = Container()
    container.scoped(Session, open_session)
    call = await bind(container, endpoint, session=Session)
    async with container.scope():
        calling = asyncio.create_task(call())
        await gate.reached.wait()
    gate.may_go_on.set()
    with pytest.raises(errors.ScopeClosedError):
        await calling
    assert session.closed
    assert calls == []


async def test_b6_late_and_early_resources_do_not_close_each_other() -> None:
    """A build that lands while the scope is closing must not close what others still use."""
    log: list[str] = []
    late_gate, closing_gate = Gate(), Gate()

    class Connection: ...

    class Transaction:
        def __init__(self, connection: Connection) -> None: ...

    class Late: ...

    def open_connection() -> Iterator[Connection]:
        yield Connection()
        log.append("connection")

    async def open_transaction(connection: Connection) -> AsyncIterator[Transaction]:
        yield Transaction(connection)
        await closing_gate()
        log.append("transaction")

    async def open_late() -> AsyncIterator[Late]:
        await late_gate()
        yield Late()
        log.append("late")

    container = Container()
    container.scoped(Connection, open_connection)
    container.scoped(Transaction, open_transaction)
    container.scoped(Late, open_late)

    async def work() -> None:
        async with container.scope() as scope:
            await scope.resolve(Transaction)
            late.append(asyncio.create_task(scope.resolve(Late)))
            await late_gate.reached.wait()

    late: list[asyncio.Task[Late]] = []
    working = asyncio.create_task(work())
    await closing_gate.reached.wait()
    late_gate.may_go_on.set()
    with pytest.raises(errors.ScopeClosedError):
        await late[0]
    closing_gate.may_go_on.set()
    await working
    assert log == ["late", "transaction", "connection"]


class Broken:
    def __init__(self, orders: Orders) -> None:
        raise LookupError


@pytest.mark.parametrize("path", ["compiled", "resolved"])
async def test_a6_a_failure_carries_one_note_with_the_whole_path(path: str) -> None:
    class Outer:
        def __init__(self, broken: Broken) -> None: ...

    container = Container()
    container.scoped(Session)
    container.scoped(Orders)
    container.scoped(Broken)
    container.scoped(Outer)
    call = await bind(container, give_one, one=Outer)
    async with container.scope() as scope:
        with pytest.raises(LookupError) as caught:
            await (call() if path == "compiled" else scope.resolve(Outer))
    (note,) = caught.value.__notes__
    assert note.startswith("while building ")
    assert note.count("test_compiled_calls.py:") == 2
    assert note.index("Outer (scoped") < note.index("Broken (scoped")


async def test_a6_a_failing_await_carries_the_path_too() -> None:
    async def make_session() -> Session:
        raise ConnectionError

    container = Container()
    container.scoped(Session, make_session)
    container.scoped(Orders)
    call = await bind(container, give_one, one=Orders)
    async with container.scope():
        with pytest.raises(ConnectionError) as caught:
            await call()
    (note,) = caught.value.__notes__
    assert "Orders (scoped" in note
    assert "-> Session (scoped" in note


async def test_a6_what_the_called_function_raises_gets_no_note() -> None:
    async def endpoint(session: Session) -> None:
        raise LookupError

    container = Container()
    container.scoped(Session)
    call = await bind(container, endpoint, session=Session)
    async with container.scope():
        with pytest.raises(LookupError) as caught:
            await call()
    assert not hasattr(caught.value, "__notes__")


@pytest.mark.parametrize("lifetime", ["scoped", "transient"])
async def test_a1_a_finished_object_of_any_lifetime_is_what_a_plan_hands_out(lifetime: str) -> None:
    session = Session()
    container = Container()
    getattr(container, lifetime)(Session, session)
    call = await bind(container, give_session, session=Session)
    async with container.scope() as scope:
        assert await call() is session is await scope.resolve(Session)
    async with container.scope({Session: (other := Session())} if lifetime == "scoped" else None) as scope:
        assert await call() is (other if lifetime == "scoped" else session)


async def test_c2_a_plan_bound_by_two_at_once_holds_the_same_singleton() -> None:
    gate = Gate()

    async def make() -> Session:
        await gate()
        return Session()

    container = Container()
    container.singleton(Session, make)
    plan = InjectedCall(container.root_layer, give_session, {"session": Session})
    binding = [asyncio.create_task(plan.bind()) for _ in range(2)]
    await gate.reached.wait()
    gate.may_go_on.set()
    calls = await asyncio.gather(*binding)
    async with container.scope():
        assert await calls[0]() == await calls[1]()
    await container.stop()


@pytest.mark.parametrize("which", [0, 1])
async def test_b5_of_a_plan_bound_by_two_at_once_both_show_what_they_have_built(which: int) -> None:
    class Curious:
        def __init__(self, session: Session) -> None:
            self.same = current_scope().get(Session) is session
            raise LookupError(self.same)

    container = Container()
    container.scoped(Session)
    container.scoped(Curious)
    plan = InjectedCall(container.root_layer, give_one, {"one": Curious})
    calls = [await plan.bind(), await plan.bind()]
    async with container.scope():
        with pytest.raises(LookupError, match="True") as caught:
            await calls[which]()
    (note,) = caught.value.__notes__
    assert "while building Curious" in note.replace(f"{Curious.__qualname__}", "Curious")


async def test_e1_a_plan_made_before_an_override_follows_it_and_its_end() -> None:
    class Fake(Session): ...

    container = Container()
    container.scoped(Session)
    container.scoped(Orders)
    call = await bind(container, give_orders, orders=Orders, session=Session)

    async def kinds() -> list[type]:
        async with container.scope():
            orders, session = await call()
            return [type(orders.session), type(session)]

    assert await kinds() == [Session, Session]
    with container.override(Session, Fake):
        assert await kinds() == [Fake, Fake]
    assert await kinds() == [Session, Session]


def test_the_generated_source_reads_like_construction_by_hand() -> None:
    container = Container()
    container.scoped(Session)
    container.scoped(Orders)
    plan = InjectedCall(container.root_layer, give_orders, {"orders": Orders, "session": Session})
    assert [line.strip() for line in plan.source.splitlines()] == [
        "async def injected(**values):",
        "scope = current()",
        "if scope is None or scope.container is not container: scope = find()",
        "if scope.state or container.detour: return await call_otherwise(scope, values)",
        "scope.state, scope.running = BUSY, plan",
        "try:",
        "v0 = make0()",
        "if scope.disturbed: return await step_aside(scope, values)",
        "v1 = make1(v0)",
        "except BaseException as error:",
        "explain(scope, error)",
        "raise",
        "scope.published, scope.running = (plan, 0, (v0, v1), None), None",
        "scope.state = USED",
        "return await function(v1, v0)",
    ]
