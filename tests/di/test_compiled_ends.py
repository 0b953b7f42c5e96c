"""Promises A6, B5, E3 and F where a compiled plan has to leave its straight line."""

import asyncio
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from di import Container, errors
from di._compiler import InjectedCall
from tests.di.gates import Gate


class Pool: ...


class Session: ...


class Orders:
    def __init__(self, session: Session) -> None:
        self.session = session


class Report:
    def __init__(self, pool: Pool, session: Session) -> None:
        self.session = session


def plan(container: Container, function: Callable[..., Any], **injected: Any) -> InjectedCall:
    return InjectedCall(container.root_layer, function, injected)


async def give(one: Any) -> Any:
    return one


async def test_b5_a_plan_whose_singletons_were_slow_looks_again_whether_it_may_take_over() -> None:
    gates = {Pool: Gate(), Session: Gate()}
    made: list[Session] = []

    async def connect() -> Pool:
        await gates[Pool]()
        return Pool()

    async def open_session() -> Session:
        made.append(Session())
        await gates[Session]()
        return made[-1]

    container = Container()
    container.singleton(Pool, connect, eager=False)
    container.scoped(Session, open_session)
    container.scoped(Report)
    call = plan(container, give, one=Report)
    async with container.scope() as scope:
        calling = asyncio.create_task(call.call_otherwise(scope, {}))
        await gates[Pool].reached.wait()
        meanwhile = asyncio.create_task(scope.resolve(Session))
        await gates[Session].reached.wait()
        gates[Pool].may_go_on.set()
        for _ in range(5):
            await asyncio.sleep(0)
        gates[Session].may_go_on.set()
        assert (await calling).session is await meanwhile
    assert len(made) == 1
    await container.stop()


@pytest.mark.plans
async def test_b5_those_who_come_before_the_singletons_of_a_plan_share_one_plan() -> None:
    """When an application starts under load, each of thousands would write and compile its own."""
    gate, plans = Gate(), set[str]()

    async def connect() -> Pool:
        await gate()
        return Pool()

    def open_session() -> Session:
        plans.add(sys._getframe(1).f_code.co_filename)
        return Session()

    async def resolve() -> None:
        async with container.scope() as scope:
            await scope.resolve(Report)

    container = Container()
    container.singleton(Pool, connect, eager=False)
    container.scoped(Session, open_session)
    container.scoped(Report)
    container.plans.of(Report)  # the first time of a type goes without a plan
    resolving = [asyncio.create_task(resolve()) for _ in range(3)]
    await gate.reached.wait()
    gate.may_go_on.set()
    await asyncio.gather(*resolving)
    (name,) = plans
    assert name.startswith("<injected call")
    await container.stop()


async def test_b5_a_failure_in_a_plan_reaches_only_those_who_wait_for_that_object() -> None:
    gates = {Pool: Gate(), Session: Gate()}

    async def fail() -> Pool:
        await gates[Pool]()
        raise ConnectionError

    async def open_session() -> Session:
        await gates[Session]()
        return Session()

    container = Container()
    container.transient(Pool, fail)
    container.scoped(Session, open_session)
    call = await plan(container, give, one=Pool).bind()
    async with container.scope() as scope:
        calling = asyncio.create_task(call())
        await gates[Pool].reached.wait()
        meanwhile = asyncio.create_task(scope.resolve(Session))
        await gates[Session].reached.wait()
        gates[Pool].may_go_on.set()
        with pytest.raises(ConnectionError):
            await calling
        gates[Session].may_go_on.set()
        assert await meanwhile is await scope.resolve(Session)


async def test_b9_a_def_function_that_a_plan_has_to_step_aside_from_runs_in_its_thread_too() -> None:
    async def in_thread(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return await asyncio.to_thread(function, *args, **kwargs)

    def where(orders: Orders) -> tuple[Orders, threading.Thread]:
        return orders, threading.current_thread()

    container = Container()
    container.scoped(Session)
    container.scoped(Orders)
    call = InjectedCall(container.root_layer, where, {"orders": Orders}, in_thread=in_thread)
    bound = await call.bind()
    async with container.scope() as scope:
        first, thread = await bound()
        assert thread is not threading.current_thread()
        with container.override(Session, Session()):
            second, thread = await bound()
            assert thread is not threading.current_thread()
        assert first is await scope.resolve(Orders)
        assert second is not first


async def test_a_compiled_call_outside_of_a_scope_says_what_was_called() -> None:
    async def ask_for_orders(orders: Orders) -> Orders:
        return orders

    container = Container()
    container.scoped(Session)
    container.scoped(Orders)
    call = await plan(container, ask_for_orders, orders=Orders).bind()
    with pytest.raises(errors.NoScopeError, match="ask_for_orders"):
        await call()


@pytest.mark.parametrize("way", ["by a plan", "by hand"])
async def test_e3_an_external_provider_is_refused_with_its_path(way: str) -> None:
    container = Container()
    container.scoped(Session, external=True)
    container.scoped(Orders)
    call = await plan(container, give, one=Orders).bind()
    async with container.scope() as scope:
        with pytest.raises(errors.ExternalProviderError) as caught:
            await (call() if way == "by a plan" else scope.resolve(Orders))
    text = str(caught.value)
    assert text.index("Orders (scoped") < text.index("Session (scoped")


@pytest.mark.allow_external(types=[Session])
async def test_e3_an_external_provider_is_built_by_a_plan_when_the_test_allows_it() -> None:
    container = Container()
    container.scoped(Session, external=True)
    call = await plan(container, give, one=Session).bind()
    async with container.scope():
        assert isinstance(await call(), Session)


@pytest.mark.plans
async def test_a_plan_hands_on_what_is_not_injected_to_a_function_of_any_signature() -> None:
    async def ask(number: int, /, session: Session, *rest: int, flag: bool, **more: int) -> Any:
        return number, isinstance(session, Session), rest, flag, more

    container = Container()
    container.scoped(Session)
    call = await plan(container, ask, session=Session).bind()
    async with container.scope():
        assert await call(number=1, flag=True) == (1, True, (), True, {})
    async with container.scope():
        assert await call(number=1, flag=True, rest=2, more=3) == (1, True, (), True, {"rest": 2, "more": 3})
