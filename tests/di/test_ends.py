"""Promises B2, B6, C4 and E1 where ends meet: cancelled, late and nested ones lose no error and close all in order."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import pytest

from di import Container, Lazy, current_scope, errors
from di._compiler import InjectedCall
from tests.di.gates import Gate


class Gateway: ...


class Billing:
    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway


async def cancelled_at(gate: Gate, work: asyncio.Task[None]) -> None:
    """Cancel work that waits at a gate, and let it go on."""
    await gate.reached.wait()
    work.cancel()
    await asyncio.sleep(0)
    gate.may_go_on.set()


@pytest.mark.parametrize("occasion", ["scope", "release", "override", "stop"])
async def test_b2_what_goes_wrong_in_a_teardown_is_told_although_it_was_cancelled(gate: Gate, occasion: str) -> None:
    async def open_gateway() -> AsyncIterator[Gateway]:
        yield Gateway()
        await gate()
        raise OSError("would not close")

    container = Container()
    if occasion in {"scope", "release"}:
        container.scoped(Gateway, open_gateway)
    else:
        container.singleton(Gateway, open_gateway if occasion == "stop" else Gateway)

    async def work() -> None:
        match occasion:
            case "scope":
                async with container.scope() as scope:
                    await scope.resolve(Gateway)
            case "release":
                async with container.scope() as scope:
                    await scope.resolve(Gateway)
                    await scope.release(Gateway)
            case "override":
                async with container.override(Gateway, open_gateway), container.scope() as scope:
                    await scope.resolve(Gateway)
            case _:
                async with container:
                    pass

    task = asyncio.create_task(work())
    await cancelled_at(gate, task)
    with pytest.raises(BaseExceptionGroup) as caught:
        await task
    assert caught.group_contains(OSError, match="would not close")
    assert isinstance(caught.value.__context__, asyncio.CancelledError)


async def test_c4_a_stop_that_is_cancelled_in_an_override_still_closes_the_rest(gate: Gate, log: list[str]) -> None:
    async def open_fake() -> AsyncIterator[Gateway]:
        yield Gateway()
        await gate()
        log.append("fake")

    async def open_billing() -> AsyncIterator[Billing]:
        yield Billing(Gateway())
        log.append("billing")

    container = Container()
    container.singleton(Gateway, eager=False)
    container.singleton(Billing, open_billing)
    await container.start()
    with container.override(Gateway, open_fake):
        async with container.scope() as scope:
            await scope.resolve(Gateway)
    stopping = asyncio.create_task(container.stop())
    await cancelled_at(gate, stopping)
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert log == ["fake", "billing"]


async def test_c4_a_build_that_has_not_begun_when_the_stop_comes_leaves_nobody_waiting() -> None:
    async def connect() -> Gateway:
        return Gateway()

    container = Container()
    container.singleton(Gateway, connect, eager=False)
    async with container.scope() as scope:
        waiting = asyncio.create_task(scope.resolve(Gateway))
        await asyncio.sleep(0)  # the build is a task now, and that task waits for its turn
        await container.stop()
        with pytest.raises(errors.ContainerClosedError):
            await asyncio.wait_for(waiting, 5)


async def test_c4_the_teardown_after_a_failed_build_is_not_cut_short_by_the_stop(gate: Gate, log: list[str]) -> None:
    async def open_gateway() -> AsyncIterator[Gateway]:
        try:
            yield Gateway()
        finally:
            await gate()
            log.append("closed")

    def fail(gateway: Gateway) -> Billing:
        raise ConnectionError

    container = Container()
    container.transient(Gateway, open_gateway)
    container.singleton(Billing, fail, eager=False)
    await container.start()
    async with container.scope() as scope:
        building = asyncio.create_task(scope.resolve(Billing))
        await gate.reached.wait()
        stopping = asyncio.create_task(container.stop())
        await asyncio.sleep(0)
        gate.may_go_on.set()
        await stopping
        with pytest.raises(ConnectionError):
            await building
    assert log == ["closed"]


async def test_c4_what_goes_wrong_when_a_late_singleton_is_closed_is_told_to_who_waits(gate: Gate) -> None:
    async def open_gateway() -> AsyncIterator[Gateway]:
        with suppress(asyncio.CancelledError):
            await gate()
        yield Gateway()
        raise OSError("would not close")

    container = Container()
    container.singleton(Gateway, open_gateway, eager=False)
    async with container.scope() as scope:
        waiting = asyncio.create_task(scope.resolve(Gateway))
        await gate.reached.wait()
        with pytest.raises(BaseExceptionGroup):
            await container.stop()
        with pytest.raises(errors.ContainerClosedError) as caught:
            await waiting
    assert "and then: OSError('would not close')" in caught.value.__notes__


class Fake(Gateway): ...


@pytest.mark.parametrize("form", ["with", "async with"])
@pytest.mark.parametrize("teardown", ["sync", "async"])
async def test_e1_a_fake_singleton_closes_after_the_scoped_objects_that_hold_it(
    log: list[str], form: str, teardown: str
) -> None:
    def open_fake() -> Iterator[Gateway]:
        yield Fake()
        log.append("fake")

    async def open_fake_later() -> AsyncIterator[Gateway]:
        yield Fake()
        await asyncio.sleep(0)
        log.append("fake")

    def open_billing(gateway: Gateway) -> Iterator[Billing]:
        yield Billing(gateway)
        log.append("billing")

    container = Container()
    container.singleton(Gateway)
    container.scoped(Billing, open_billing)
    async with container, container.scope() as scope:
        override = container.override(Gateway, open_fake if teardown == "sync" else open_fake_later)
        if form == "with":
            with override:
                await scope.resolve(Billing)
        else:
            async with override:
                await scope.resolve(Billing)
        at_once = form == "async with" or teardown == "sync"
        assert log == (["billing", "fake"] if at_once else ["billing"])
        assert not isinstance((await scope.resolve(Billing)).gateway, Fake)
    assert sorted(log) == ["billing", "billing", "fake"]
    assert container.overrides == []


async def test_e1_what_a_scope_gives_back_of_an_override_runs_its_callbacks_first(log: list[str]) -> None:
    class Unit:
        def commit(self) -> None:
            log.append("commit")

    def open_unit() -> Iterator[Unit]:
        unit = Unit()
        current_scope().on_success(unit.commit)
        yield unit
        log.append("closed")

    container = Container()
    container.scoped(Unit)
    async with container.scope() as scope:
        async with container.override(Unit, open_unit):
            await scope.resolve(Unit)
        assert log == ["commit", "closed"]
    assert log == ["commit", "closed"]


@pytest.mark.parametrize("form", ["with", "async with"])
async def test_e1_what_still_builds_when_its_override_ends_closes_with_its_scope(
    log: list[str], gate: Gate, form: str
) -> None:
    def open_fake() -> Iterator[Gateway]:
        yield Fake()
        log.append("fake")

    async def open_billing(gateway: Gateway) -> AsyncIterator[Billing]:
        await gate()
        yield Billing(gateway)
        log.append("billing")

    container = Container()
    container.scoped(Gateway)
    container.scoped(Billing, open_billing)
    async with container.scope() as scope:
        override = container.override(Gateway, open_fake)
        if form == "with":
            with override:
                building = asyncio.create_task(scope.resolve(Billing))
                await gate.reached.wait()
        else:
            async with override:
                building = asyncio.create_task(scope.resolve(Billing))
                await gate.reached.wait()
        assert log == []
        gate.may_go_on.set()
        await building
    assert log == ["billing", "fake"]
    assert container.overrides == []


async def test_e1_an_override_ended_on_another_loop_closes_what_a_scope_holds_on_its_own(log: list[str]) -> None:
    async def open_fake() -> AsyncIterator[Gateway]:
        loop = asyncio.get_running_loop()
        yield Fake()
        assert asyncio.get_running_loop() is loop
        log.append("fake")

    container = Container()
    container.scoped(Gateway)
    async with container.scope() as scope:

        async def use() -> None:
            async with container.override(Gateway, open_fake):
                await scope.resolve(Gateway)

        await asyncio.to_thread(asyncio.run, use())
        assert log == ["fake"]


async def test_e1_what_an_outer_override_made_closes_after_what_an_inner_one_left_open(log: list[str]) -> None:
    def open_fake() -> Iterator[Gateway]:
        yield Fake()
        log.append("gateway")

    async def open_billing(gateway: Gateway) -> AsyncIterator[Billing]:
        yield Billing(gateway)
        await asyncio.sleep(0)
        log.append("billing")

    container = Container()
    container.singleton(Gateway)
    container.scoped(Billing)
    async with container.scope() as scope:
        async with container.override(Gateway, open_fake):
            with container.override(Billing, open_billing):
                await scope.resolve(Billing)
            assert log == []
        assert log == ["billing", "gateway"]


@pytest.mark.parametrize("teardown", ["sync", "async"])
async def test_e2_an_override_keeps_what_it_stands_on_until_its_own_end(
    gate: Gate, log: list[str], teardown: str
) -> None:
    """A task goes on, with an override of its own, after the override it was started under."""

    def open_fake() -> Iterator[Gateway]:
        yield Fake()
        log.append("fake")

    async def open_fake_later() -> AsyncIterator[Gateway]:
        yield Fake()
        await asyncio.sleep(0)
        log.append("fake")

    class Quick(Billing): ...

    def open_quick(gateway: Gateway) -> Iterator[Billing]:
        yield Quick(gateway)
        log.append("billing")

    async def go_on() -> None:
        with container.override(Billing, open_quick):
            await gate()
            async with container.scope() as scope:
                assert isinstance((await scope.resolve(Billing)).gateway, Fake)
            assert log == []
        async with container.scope() as scope:
            assert not isinstance((await scope.resolve(Billing)).gateway, Fake)

    container = Container()
    container.singleton(Gateway)
    container.singleton(Billing)
    async with container:
        with container.override(Gateway, open_fake if teardown == "sync" else open_fake_later):
            going_on = asyncio.create_task(go_on())
            await gate.reached.wait()
        gate.may_go_on.set()
        await going_on
        assert log == (["billing", "fake"] if teardown == "sync" else ["billing"])
    assert log == ["billing", "fake"]


async def test_e1_an_override_below_a_provided_object_does_not_take_its_place() -> None:
    class Verifier: ...

    class Caller:
        def __init__(self, verifier: Verifier) -> None: ...

    class Account:
        def __init__(self, caller: Caller) -> None:
            self.caller = caller

    container = Container()
    container.singleton(Verifier)
    container.scoped(Caller)
    container.scoped(Account)
    mine, fake = object.__new__(Caller), object.__new__(Caller)
    async with container.scope({Caller: mine}) as scope:
        with container.override(Verifier, Verifier()):
            assert (await scope.resolve(Account)).caller is mine
            with container.override(Caller, fake):
                assert (await scope.resolve(Account)).caller is fake


async def test_b6_a_scope_that_closed_unused_builds_nothing_for_a_compiled_call() -> None:
    async def endpoint(gateway: Gateway) -> None: ...

    container = Container()
    container.scoped(Gateway)
    call = await InjectedCall(container.root_layer, endpoint, {"gateway": Gateway}).bind()
    async with container.scope():
        go_on = asyncio.Event()

        async def afterwards() -> None:
            await go_on.wait()
            await call()

        late = asyncio.create_task(afterwards())
    go_on.set()
    with pytest.raises(errors.ScopeClosedError):
        await late


async def test_e1_what_a_lazy_of_a_fake_opened_later_closes_after_its_holder(log: list[str]) -> None:
    class Holder:
        def __init__(self, gateway: Lazy[Gateway]) -> None:
            self.gateway = gateway

    def open_gateway() -> Iterator[Gateway]:
        yield Gateway()
        log.append("gateway")

    def open_holder(gateway: Lazy[Gateway]) -> Iterator[Holder]:
        yield Holder(gateway)
        log.append("holder")

    container = Container()
    container.transient(Gateway, open_gateway)
    container.singleton(Holder)
    with container.override(Holder, open_holder):
        async with container.scope() as scope:
            await (await scope.resolve(Holder)).gateway.get()
    assert log == ["holder", "gateway"]


async def test_c4_what_goes_wrong_when_a_late_singleton_is_closed_is_told_although_nobody_waits_any_more(
    gate: Gate,
) -> None:
    async def open_gateway() -> AsyncIterator[Gateway]:
        with suppress(asyncio.CancelledError):
            await gate()
        yield Gateway()
        raise OSError("would not close")

    container = Container()
    container.singleton(Gateway, open_gateway, eager=False)
    async with container.scope() as scope:
        waiting = asyncio.create_task(scope.resolve(Gateway))
        await gate.reached.wait()
        waiting.cancel()
        with pytest.raises(BaseExceptionGroup) as caught:
            await container.stop()
    assert caught.group_contains(OSError, match="would not close")
    assert waiting.cancelled()


async def test_b3_a_failure_declared_after_the_end_changes_nothing(gate: Gate, log: list[str]) -> None:
    async def open_gateway() -> AsyncIterator[Gateway]:
        await gate()
        try:
            yield Gateway()
            log.append("ended well")
        except LookupError:
            log.append("failed")

    container = Container()
    container.scoped(Gateway, open_gateway)
    async with container.scope() as scope:
        late = asyncio.create_task(scope.resolve(Gateway))
        await gate.reached.wait()
    scope.fail(LookupError())
    gate.may_go_on.set()
    with pytest.raises(errors.ScopeClosedError):
        await late
    assert scope.failure is None
    assert log == ["ended well"]
