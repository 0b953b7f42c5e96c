"""Promises E1, E2 and E4: overrides reach what was built, end without a trace, and stay in their context."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import lagom
import pytest

from di import Container, errors


class Gateway:
    def charge(self) -> str:
        return "real"


class FakeGateway(Gateway):
    def charge(self) -> str:
        return "fake"


class Clock: ...


class Billing:
    def __init__(self, gateway: Gateway, clock: Clock) -> None:
        self.gateway = gateway
        self.clock = clock


class Checkout:
    def __init__(self, billing: Billing) -> None:
        self.billing = billing


@pytest.fixture
def container() -> Container:
    container = Container()
    container.singleton(Gateway)
    container.singleton(Clock)
    container.singleton(Billing)
    container.scoped(Checkout)
    return container


async def charged(container: Container) -> str:
    async with container.scope() as scope:
        return (await scope.resolve(Checkout)).billing.gateway.charge()


async def test_e1_an_override_reaches_what_was_already_built(container: Container) -> None:
    async with container:
        real = container[Billing]
        with container.override(Gateway, FakeGateway()):
            assert await charged(container) == "fake"
            assert container[Billing] is not real
            assert container[Billing].clock is real.clock
        assert await charged(container) == "real"
        assert container[Billing] is real


async def test_e1_an_override_begun_inside_an_open_scope_counts_there(container: Container) -> None:
    async with container, container.scope() as scope:
        before = await scope.resolve(Checkout)
        with container.override(Gateway, FakeGateway()):
            inside = await scope.resolve(Checkout)
            assert inside.billing.gateway.charge() == "fake"
            assert await scope.resolve(Checkout) is inside
        assert await scope.resolve(Checkout) is before


async def test_e1_async_form_awaits_the_teardown_of_what_it_built(container: Container) -> None:
    log: list[str] = []

    async def open_fake() -> AsyncIterator[Gateway]:
        yield FakeGateway()
        await asyncio.sleep(0)
        log.append("closed")

    async with container:
        async with container.override(Gateway, open_fake):
            assert await charged(container) == "fake"
        assert log == ["closed"]


async def test_e1_after_the_sync_form_stop_awaits_async_teardown(container: Container) -> None:
    log: list[str] = []

    async def open_fake() -> AsyncIterator[Gateway]:
        yield FakeGateway()
        await asyncio.sleep(0)
        log.append("closed")

    async with container:
        with container.override(Gateway, open_fake):
            assert await charged(container) == "fake"
        assert log == []
        assert await charged(container) == "real"
    assert log == ["closed"]


@pytest.mark.parametrize("shared", [False, True])
async def test_e1_what_a_function_of_the_container_asks_for_is_rebuilt_under_any_override(shared: bool) -> None:
    def make(inner: Any) -> Billing:
        return Billing(inner[Gateway], Clock())

    container = Container()
    container.singleton(Gateway)
    container[Billing] = lagom.Singleton(make) if shared else make
    async with container:
        assert container[Billing].gateway.charge() == "real"
        with container.override(Gateway, FakeGateway()):
            assert container[Billing].gateway.charge() == "fake"


async def test_e2_two_tasks_each_see_their_own_override(container: Container) -> None:
    both_have_begun = asyncio.Barrier(2)

    class Named(Gateway):
        def __init__(self, name: str) -> None:
            self.name = name

        def charge(self) -> str:
            return self.name

    async def work(name: str) -> str:
        with container.override(Gateway, Named(name)):
            await both_have_begun.wait()
            return await charged(container)

    async with container:
        assert list(await asyncio.gather(work("one"), work("two"))) == ["one", "two"]
        assert await charged(container) == "real"


async def test_e2_overrides_nest(container: Container) -> None:
    other_clock = Clock()
    async with container:
        with container.override(Gateway, FakeGateway()), container.override(Clock, other_clock):
            assert container[Billing].gateway.charge() == "fake"
            assert container[Billing].clock is other_clock
            with container.override(Gateway, Gateway()):
                assert container[Billing].gateway.charge() == "real"
                assert container[Billing].clock is other_clock
        assert container[Billing].clock is not other_clock


async def test_e2_a_task_started_inside_keeps_seeing_it_no_longer_than_it_lasts(container: Container) -> None:
    may_ask = asyncio.Event()

    async def later() -> str:
        await may_ask.wait()
        return await charged(container)

    async with container:
        with container.override(Gateway, FakeGateway()):
            task = asyncio.create_task(later())
            await asyncio.sleep(0)
        may_ask.set()
        assert await task == "real"


async def test_e2_two_containers_do_not_disturb_each_other(container: Container) -> None:
    other = Container()
    other.singleton(Gateway)
    async with container, other:
        with container.override(Gateway, FakeGateway()), other.override(Gateway, Gateway()):
            assert container[Gateway].charge() == "fake"
            assert other[Gateway].charge() == "real"


async def test_a_fake_class_gets_its_own_dependencies_injected(container: Container) -> None:
    class Recording(Gateway):
        def __init__(self, clock: Clock) -> None:
            self.clock = clock

    async with container:
        with container.override(Gateway, Recording):
            assert container[Billing].gateway.clock is container[Clock]  # type: ignore[attr-defined]  # of the fake


def test_overriding_what_is_not_registered_is_an_error(container: Container) -> None:
    with pytest.raises(errors.MissingProviderError, match=r"override\(\) at .*test_overrides\.py"):
        container.override(int, 3)


def test_e4_a_fake_without_the_public_methods_is_refused(container: Container) -> None:
    with pytest.raises(errors.IncompleteFakeError, match=r"Gateway lacks charge\(\)"):
        container.override(Gateway, object())


async def test_e4_unless_strict_is_off(container: Container) -> None:
    thing = object()
    async with container:
        with container.override(Gateway, thing, strict=False):
            assert container[Gateway] is thing


async def test_a5_a_definition_in_a_running_override_rebuilds_only_what_reaches_it(container: Container) -> None:
    class Clock: ...

    container.singleton(Clock)
    async with container, container.override_by_definitions() as overlay:
        overlay[Gateway] = FakeGateway()
        billing = overlay[Billing]
        overlay[Clock] = Clock()
        assert overlay[Billing] is billing


async def test_e3_an_override_knows_whether_it_was_used(container: Container) -> None:
    override = container.override(Gateway, FakeGateway())
    override.check_used()
    with override:
        with pytest.raises(errors.UnusedOverrideError, match="Gateway"):
            override.check_used()
        await charged(container)
        override.check_used()


async def test_e4_a_fake_that_hands_on_what_it_lacks_offers_it(container: Container) -> None:
    class Recorder:
        def __init__(self, inner: Gateway) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

    with container.override(Gateway, Recorder(FakeGateway())):
        assert await charged(container) == "fake"


@pytest.mark.parametrize("form", ["with", "async with"])
async def test_g_an_override_costs_nothing_after_its_end(container: Container, form: str) -> None:
    before = (container.overridden, container.detour)
    for _ in range(2):
        override = container.override(Gateway, FakeGateway())
        if form == "with":
            with override:
                assert (container.overridden, container.detour) != before
        else:
            async with override:
                await charged(container)
        assert (container.overridden, container.detour) == before
