"""Promises E1 to E3 under attack: start, stop, builds in flight and plans while an override lasts."""

import asyncio
import gc
import threading
import weakref
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import pytest

from di import Container, Scope, errors
from di._compiler import InjectedCall
from di._layers import innermost
from di._overrides import Override


class Gateway:
    name = "real"


class Fake(Gateway):
    name = "fake"


class Clock: ...


class Billing:
    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway


def container_with(gateway: object, **options: Any) -> Container:
    container = Container()
    container.singleton(Gateway, gateway, **options)
    container.singleton(Billing)
    return container


async def test_e1_start_under_an_override_builds_the_fake_and_never_the_real_one() -> None:
    built: list[str] = []

    def connect() -> Gateway:
        built.append("real")
        return Gateway()

    container = container_with(connect)
    with container.override(Gateway, Fake()):
        async with container:
            assert container[Billing].gateway.name == "fake"
            assert built == []


async def test_e1_after_an_override_of_the_start_the_real_one_is_built_on_first_use() -> None:
    container = container_with(Gateway)
    with container.override(Gateway, Fake()):
        await container.start()
    assert container[Billing].gateway.name == "real"
    await container.stop()


@pytest.mark.parametrize("ends", ["before the stop", "after the stop"])
async def test_e1_async_teardown_of_a_sync_override_is_awaited_by_the_stop(ends: str) -> None:
    log: list[str] = []

    async def open_fake() -> AsyncIterator[Gateway]:
        yield Fake()
        await asyncio.sleep(0)
        log.append("closed")

    container = container_with(Gateway)
    override = container.override(Gateway, open_fake)
    override.__enter__()
    await container.start()
    if ends == "before the stop":
        override.__exit__(None, None, None)
    await container.stop()
    assert log == ["closed"]
    if ends == "after the stop":
        override.__exit__(None, None, None)
    assert container.overrides == []


async def test_e1_dependents_of_a_fake_close_before_it_and_level_by_level() -> None:
    log: list[str] = []

    async def open_fake() -> AsyncIterator[Gateway]:
        yield Fake()
        log.append("gateway")

    async def open_billing(gateway: Gateway) -> AsyncIterator[Billing]:
        yield Billing(gateway)
        log.append(f"billing on {gateway.name}")

    container = Container()
    container.singleton(Gateway)
    container.singleton(Billing, open_billing, eager=False)
    async with container:
        async with container.override(Gateway, open_fake), container.scope() as scope:
            await scope.resolve(Billing)
        assert log == ["billing on fake", "gateway"]


@pytest.mark.parametrize("build", ["ends afterwards", "hangs"])
async def test_e1_a_sync_override_that_ends_while_its_fake_is_being_built_leaks_nothing(build: str) -> None:
    started, may_end = asyncio.Event(), asyncio.Event()
    log: list[str] = []

    async def open_fake() -> AsyncIterator[Gateway]:
        started.set()
        try:
            await may_end.wait()
            yield Fake()
        finally:
            log.append("closed")

    container = container_with(Gateway, eager=False)
    await container.start()
    async with container.scope() as scope:
        with container.override(Gateway, open_fake):
            waiting = asyncio.create_task(scope.resolve(Gateway))
            await started.wait()
        if build == "hangs":
            await container.stop()
        else:
            may_end.set()
        with pytest.raises(errors.ContainerClosedError):
            await waiting
    await container.stop()
    assert log == ["closed"]
    assert container.overrides == []


async def test_e1_scoped_objects_of_a_fake_close_at_its_end() -> None:
    log: list[str] = []

    def open_fake() -> Iterator[Gateway]:
        yield Fake()
        log.append("fake closed")

    container = Container()
    container.scoped(Gateway)
    container.scoped(Billing)
    async with container, container.scope() as scope:
        with container.override(Gateway, open_fake):
            assert (await scope.resolve(Billing)).gateway.name == "fake"
        assert log == ["fake closed"]
        assert (await scope.resolve(Billing)).gateway.name == "real"
    assert log == ["fake closed"]


async def test_e1_a_plan_that_is_not_bound_yet_builds_no_real_singleton_under_an_override() -> None:
    built: list[str] = []

    def connect() -> Gateway:
        built.append("real")
        return Gateway()

    async def endpoint(billing: Billing) -> str:
        return billing.gateway.name

    container = container_with(connect, eager=False)
    plan = InjectedCall(container.root_layer, endpoint, {"billing": Billing})
    with container.override(Gateway, Fake()):
        async with container.scope():
            assert await plan.call_without_plan({}) == "fake"
        assert built == []
    async with container.scope():
        assert await (await plan.bind())() == "real"


async def test_e1_an_override_of_the_second_level_shares_what_it_does_not_touch() -> None:
    class Clock: ...

    class Shop:
        def __init__(self, billing: Billing, clock: Clock) -> None:
            self.billing, self.clock = billing, clock

    container = container_with(Gateway)
    container.singleton(Clock)
    container.singleton(Shop)
    async with container:
        with container.override(Gateway, Fake()):
            outer = container[Billing]
            with container.override(Clock, Clock()):
                assert container[Billing] is outer  # belongs to the outer override
                assert container[Shop].billing is outer
                assert container[Shop].clock is not container.root_layer.singletons[Clock]
            assert container[Shop].clock is container.root_layer.singletons[Clock]


async def test_e2_an_override_counts_in_threads_that_copy_the_context_and_in_no_other() -> None:
    container = container_with(Gateway)
    async with container:
        with container.override(Gateway, Fake()):
            assert (await asyncio.to_thread(lambda: container[Billing].gateway.name)) == "fake"
            with ThreadPoolExecutor(1) as pool:
                assert pool.submit(lambda: container[Billing].gateway.name).result() == "real"


async def test_e2_a_scope_of_another_loop_sees_the_override_of_who_asks() -> None:
    container = Container()
    container.scoped(Gateway)
    container.scoped(Billing)

    async def ask(scope: Scope) -> str:
        return (await scope.resolve(Billing)).gateway.name

    async with container.scope() as scope:
        with container.override(Gateway, Fake()):
            assert await asyncio.to_thread(lambda: asyncio.run(ask(scope))) == "fake"
        assert await ask(scope) == "real"


def test_e2_overrides_in_many_threads_at_once_do_not_meet() -> None:
    container = container_with(Gateway)
    all_have_begun = threading.Barrier(4)
    found: dict[int, bool] = {}

    def work(number: int) -> None:
        mine = Fake()
        with container.override(Gateway, mine):
            all_have_begun.wait(5)
            found[number] = container[Billing].gateway is mine

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == dict.fromkeys(range(4), True)
    assert container.overrides == []


async def test_e2_a_long_row_of_overrides_leaves_nothing_behind() -> None:
    """As fixtures do it: begun in one context, ended in another."""
    container = container_with(Gateway)

    async def begin() -> None:
        blocks.append(container.override(Gateway, Fake()))
        blocks[-1].__enter__()

    async with container:
        blocks: list[Override] = []
        for _ in range(3):
            await begin()
            await asyncio.create_task(_end(blocks.pop()))
            assert container[Billing].gateway.name == "real"
        with container.override(Gateway, Fake()):
            layer = container.active_layer()
            assert layer.below is None
    assert container.overrides == []


async def _end(block: Override) -> None:
    block.__exit__(None, None, None)


@pytest.mark.parametrize("lifetime", ["singleton", "scoped", "transient"])
@pytest.mark.parametrize("reach", ["directly", "through a dependent", "from sync code"])
async def test_e3_using_a_fake_in_any_way_counts_as_use(lifetime: str, reach: str) -> None:
    container = Container()
    getattr(container, lifetime)(Gateway)
    getattr(container, lifetime)(Billing)
    override = container.override(Gateway, Fake())
    with override:
        async with container.scope() as scope:
            match reach:
                case "directly":
                    await scope.resolve(Gateway)
                case "through a dependent":
                    await scope.resolve(Billing)
                case _:
                    scope.get(Gateway)
    override.check_used()


async def test_e2_an_override_that_another_stands_on_waits_for_it(log: list[str]) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    def open_fake() -> Iterator[Gateway]:
        yield Fake()
        log.append("fake")

    async def go_on() -> None:
        async with container.override(Clock, Clock()), container.scope() as scope:
            assert isinstance(await scope.resolve(Gateway), Fake)
            begun.set()
            await may_end.wait()
            log.append("in use")

    container = Container()
    container.singleton(Gateway)
    container.singleton(Clock)
    async with container.override(Gateway, open_fake):
        going_on = asyncio.create_task(go_on())
        await begun.wait()
    may_end.set()
    await going_on
    assert log == ["in use", "fake"]
    assert container.overrides == []


def test_e2_what_a_scope_of_a_loop_that_stands_still_holds_closes_with_that_scope(log: list[str]) -> None:
    async def open_fake() -> AsyncIterator[Gateway]:
        yield Fake()
        await asyncio.sleep(0)
        log.append("fake")

    async def open_scope() -> Scope:
        scope = container.scope()
        assert isinstance(await scope.resolve(Gateway), Fake)
        return scope

    async def begin_elsewhere() -> Scope:
        async with container.override(Gateway, open_fake):
            # The thread copies the context, and so does the task on its loop.
            return await asyncio.to_thread(loop.run_until_complete, open_scope())

    container = Container()
    container.singleton(Gateway)
    loop = asyncio.new_event_loop()
    scope = asyncio.run(begin_elsewhere())
    assert log == []
    loop.run_until_complete(scope.close())
    assert log == ["fake"]
    loop.close()
    assert container.overrides == []


def test_e1_a_teardown_that_fails_at_the_end_of_a_block_is_told() -> None:
    def open_fake() -> Iterator[Gateway]:
        yield Fake()
        raise OSError("would not close")

    container = container_with(Gateway)
    with (
        pytest.raises(BaseExceptionGroup, match="ending the override") as caught,
        container.override(Gateway, open_fake),
    ):
        assert isinstance(container[Billing].gateway, Fake)
    assert caught.group_contains(OSError, match="would not close")


@pytest.mark.parametrize("form", ["with", "async with"])
async def test_e1_nobody_holds_what_an_override_made_after_its_end(form: str) -> None:
    """Neither the block, nor the context, nor a scope that was used inside and is still open."""

    class Session: ...

    container = container_with(Gateway)
    container.scoped(Session)
    async with container.scope() as scope:
        outer = innermost.get()
        override = container.override(Gateway, Fake)
        session_override = container.override(Session, Session)
        made: list[weakref.ref[object]] = []
        if form == "with":
            with override, session_override:
                made += [weakref.ref(await scope.resolve(kind)) for kind in (Gateway, Session)]
        else:
            async with override, session_override:
                made += [weakref.ref(await scope.resolve(kind)) for kind in (Gateway, Session)]
        gc.collect()
        assert [each() for each in made] == [None, None]
        assert innermost.get() is outer


@pytest.mark.parametrize("form", ["with", "async with"])
async def test_e1_an_open_scope_gives_back_what_an_override_made_and_keeps_the_rest(log: list[str], form: str) -> None:
    class Session: ...

    class FakeManager(Fake):
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            log.append("fake")

    def open_session() -> Iterator[Session]:
        yield Session()
        log.append("session")

    container = Container()
    container.scoped(Gateway)
    container.scoped(Session, open_session)
    async with container.scope() as scope:
        session = await scope.resolve(Session)
        override = container.override(Gateway, FakeManager)
        if form == "with":
            with override:
                await scope.resolve(Gateway)
        else:
            async with override:
                await scope.resolve(Gateway)
        assert log == ["fake"]
        assert await scope.resolve(Session) is session
    assert log == ["fake", "session"]
