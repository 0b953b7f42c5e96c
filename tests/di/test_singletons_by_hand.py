"""Promises A3, A5, C2, C4 and E1 for singletons that are asked for outside of a start: by hand, by threads, later."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from di import Container, Factory


class Pool: ...


class Clock: ...


class Repository:
    def __init__(self, pool: Pool) -> None:
        self.pool = pool


class Holder:
    def __init__(self, pool: Pool, clock: Clock) -> None:
        self.pool = pool


class Report:
    def __init__(self, title: str, pool: Pool) -> None:
        self.title = title
        self.pool = pool


class Reports:
    def __init__(self, make: Factory[Report]) -> None:
        self.make = make


async def connect() -> Pool:
    await asyncio.sleep(0)
    return Pool()


async def test_a5_what_needs_nothing_but_built_singletons_comes_at_once_on_the_loop() -> None:
    container = Container()
    container.singleton(Pool, connect)
    container.singleton(Repository, eager=False)
    container.transient(Holder)
    container.singleton(Clock)
    async with container:
        assert container[Repository].pool is container[Pool] is container[Holder].pool


async def test_c2_a_thread_that_asks_wakes_the_loop_that_has_to_build() -> None:
    container = Container()
    container.singleton(Pool, connect, eager=False)
    asyncio.get_running_loop().set_debug(True)  # whoever does not wake it is told
    async with container:
        pool = await asyncio.to_thread(container.resolve, Pool)
        assert container[Pool] is pool


async def test_a3_a_singletons_factory_awaits_what_is_injected() -> None:
    container = Container()
    container.singleton(Pool, connect, eager=False)
    container.transient(Report)
    container.singleton(Reports)
    async with container:
        report = await container[Reports].make("annual")
        assert (report.title, report.pool) == ("annual", container[Pool])


async def test_a3_what_a_singletons_factory_opened_in_vain_is_closed_to_its_end_although_it_is_cancelled() -> None:
    closing, may_go_on, log = asyncio.Event(), asyncio.Event(), list[str]()

    async def open_pool() -> AsyncIterator[Pool]:
        try:
            yield Pool()
        finally:
            closing.set()
            await may_go_on.wait()
            log.append("closed")

    def fail(title: str, pool: Pool) -> Report:
        raise LookupError

    container = Container()
    container.transient(Pool, open_pool)
    container.transient(Report, fail)
    container.singleton(Reports)
    async with container:
        making = asyncio.create_task(container[Reports].make("annual"))
        await closing.wait()
        making.cancel()
        await asyncio.sleep(0)
        may_go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await making
        assert log == ["closed"]


async def test_e1_a_definition_below_an_override_reaches_what_was_built_in_it() -> None:
    container = Container()
    container.singleton(Pool)
    container.singleton(Clock)
    container.singleton(Holder)
    async with container, container.override_by_definitions() as overlay:
        with container.override(Clock, Clock()):
            before = container[Holder]
            overlay[Pool] = fake = Pool()
            assert container[Holder] is not before
            assert container[Holder].pool is fake


async def test_e1_an_override_that_ends_while_a_thread_builds_in_it_waits_for_that() -> None:
    reached, may_go_on = threading.Event(), threading.Event()

    def connect_slowly() -> Pool:
        reached.set()
        assert may_go_on.wait(10)
        return Pool()

    container = Container()
    container.singleton(Pool)
    async with container:
        with container.override(Pool, connect_slowly):
            building = asyncio.create_task(asyncio.to_thread(container.resolve, Pool))
            await asyncio.to_thread(reached.wait)
        assert len(container.overrides) == 1
        may_go_on.set()
        await asyncio.wait([building])
    assert container.overrides == []
