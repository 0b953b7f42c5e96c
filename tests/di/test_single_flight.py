"""Promises C2 and C3 under attack: threads, event loops, builds that ask for each other, ends in the middle."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import lagom
import pytest

from di import Container, errors


class Redis: ...


class Cache:
    def __init__(self, redis: Redis) -> None:
        self.redis = redis


class Gate:
    """Stops a provider that runs in a thread."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.may_go_on = threading.Event()

    def __call__(self) -> None:
        self.reached.set()
        assert self.may_go_on.wait(5)


def connect_behind(gate: Gate, built: list[Redis]) -> Callable[[], Redis]:
    def connect() -> Redis:
        gate()
        built.append(Redis())
        return built[-1]

    return connect


async def test_c2_a_loop_awaits_what_a_thread_is_building() -> None:
    gate, built = Gate(), list[Redis]()
    container = Container()
    container.singleton(Redis, connect_behind(gate, built), eager=False)
    container.singleton(Cache, eager=False)
    async with container, container.scope() as scope:
        in_thread = asyncio.create_task(asyncio.to_thread(container.resolve, Redis))
        await asyncio.to_thread(gate.reached.wait, 5)
        cache = asyncio.create_task(scope.resolve(Cache))
        await asyncio.sleep(0.01)
        assert not cache.done()  # and this loop still turns
        gate.may_go_on.set()
        assert (await cache).redis is await in_thread
    assert len(built) == 1


def test_c2_a_thread_waits_for_what_another_thread_is_building() -> None:
    gate, built = Gate(), list[Redis]()
    container = Container()
    container.singleton(Redis, connect_behind(gate, built))
    container.singleton(Cache)
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(container.resolve, Redis)
        assert gate.reached.wait(5)
        other = pool.submit(container.resolve, Cache)
        gate.may_go_on.set()
        assert other.result(5).redis is one.result(5)
    assert len(built) == 1


async def test_c2_threads_and_loops_share_one_async_build() -> None:
    built: list[asyncio.AbstractEventLoop] = []
    may_end = asyncio.Event()

    async def connect() -> Redis:
        built.append(asyncio.get_running_loop())
        await may_end.wait()
        return Redis()

    container = Container()
    container.singleton(Redis, connect, eager=False)
    container.singleton(Cache, eager=False)

    async def elsewhere() -> Cache:
        async with container.scope() as scope:
            return await scope.resolve(Cache)

    async with container, container.scope() as scope:
        asking = [
            asyncio.create_task(scope.resolve(Redis)),
            *(asyncio.create_task(asyncio.to_thread(container.resolve, Redis)) for _ in range(3)),
        ]
        other_loops = [asyncio.create_task(asyncio.to_thread(asyncio.run, elsewhere())) for _ in range(3)]
        await asyncio.sleep(0.05)
        may_end.set()
        found = {id(redis) for redis in await asyncio.gather(*asking)}
        found |= {id(cache.redis) for cache in await asyncio.gather(*other_loops)}
    assert len(found) == 1
    assert built == [asyncio.get_running_loop()]


async def test_c2_a_failure_reaches_everybody_who_waits() -> None:
    gate = Gate()

    def refuse() -> Redis:
        gate()
        raise ConnectionError

    container = Container()
    container.singleton(Redis, refuse, eager=False)
    container.singleton(Cache, eager=False)
    async with container, container.scope() as scope:
        building = asyncio.create_task(asyncio.to_thread(container.resolve, Redis))
        await asyncio.to_thread(gate.reached.wait, 5)
        asking = [asyncio.create_task(scope.resolve(Cache)) for _ in range(2)]
        await asyncio.sleep(0)
        gate.may_go_on.set()
        outcomes = await asyncio.gather(building, *asking, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ConnectionError] * 3


async def test_c2_every_waiter_may_be_cancelled_and_the_build_goes_on() -> None:
    started, may_end = asyncio.Event(), asyncio.Event()
    ended: list[Redis] = []

    async def connect() -> Redis:
        started.set()
        await may_end.wait()
        ended.append(Redis())
        return ended[-1]

    container = Container()
    container.singleton(Redis, connect, eager=False)
    async with container, container.scope() as scope:
        waiting = [asyncio.create_task(scope.resolve(Redis)) for _ in range(3)]
        await started.wait()
        for task in waiting:
            task.cancel()
        assert all(isinstance(each, asyncio.CancelledError) for each in await _outcomes(waiting))
        may_end.set()
        assert await scope.resolve(Redis) is ended[0]
    assert len(ended) == 1


async def _outcomes(tasks: list[asyncio.Task[Redis]]) -> list[Redis | BaseException]:
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_c2_singletons_that_ask_for_each_other_by_hand_are_a_cycle_and_no_hang() -> None:
    container = Container()
    container[Redis] = lagom.Singleton(lambda inner: inner[Cache].redis)
    container[Cache] = lagom.Singleton(lambda inner: Cache(inner[Redis]))
    with ThreadPoolExecutor(1) as pool, pytest.raises(errors.CycleError, match="Redis -> Cache -> Redis"):
        pool.submit(container.resolve, Redis).result(5)


async def test_c2_async_singletons_that_ask_for_each_other_are_a_cycle_and_no_hang() -> None:
    async def make_redis(inner: Container) -> Redis:
        async with inner.scope() as scope:
            return (await scope.resolve(Cache)).redis

    async def make_cache(inner: Container) -> Cache:
        async with inner.scope() as scope:
            return Cache(await scope.resolve(Redis))

    container = Container()
    container.singleton(Redis, make_redis)
    container.singleton(Cache, make_cache)
    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(container.start(), 5)
    assert caught.group_contains(errors.CycleError)


def test_c2_two_threads_that_build_towards_each_other_end_in_a_cycle_error() -> None:
    """Each holds what the other wants: one of them must be told, or both wait for ever."""
    both_have_begun = threading.Barrier(2)

    def make_redis(inner: Container) -> Redis:
        both_have_begun.wait(5)
        return inner[Cache].redis

    def make_cache(inner: Container) -> Cache:
        both_have_begun.wait(5)
        return Cache(inner[Redis])

    container = Container()
    container.singleton(Redis, make_redis)
    container.singleton(Cache, make_cache)
    with ThreadPoolExecutor(2) as pool:
        redis, cache = pool.submit(container.resolve, Redis), pool.submit(container.resolve, Cache)
        assert isinstance(redis.exception(5), errors.CycleError)
        assert isinstance(cache.exception(5), errors.CycleError)


async def test_c2_a_build_that_fails_closes_what_it_had_opened() -> None:
    log: list[str] = []

    class Pool: ...

    def open_pool() -> Iterator[Pool]:
        try:
            yield Pool()
        except ConnectionError:
            log.append("pool saw it")
        finally:
            log.append("pool closed")

    def connect(pool: Pool) -> Redis:
        raise ConnectionError

    container = Container()
    container.transient(Pool, open_pool)
    container.singleton(Redis, connect, eager=False)
    async with container, container.scope() as scope:
        with pytest.raises(ConnectionError):
            await scope.resolve(Redis)
        assert log == ["pool saw it", "pool closed"]


async def test_c4_stop_cancels_a_build_under_way_and_tells_who_waits() -> None:
    started = asyncio.Event()
    log: list[str] = []

    async def connect() -> AsyncIterator[Redis]:
        try:
            started.set()
            await asyncio.Event().wait()
            yield Redis()
        finally:
            log.append("cleaned up")

    container = Container()
    container.singleton(Redis, connect, eager=False)
    await container.start()
    scope = container.scope()
    waiting = asyncio.create_task(scope.resolve(Redis))
    await started.wait()
    await container.stop()
    with pytest.raises(errors.ContainerClosedError, match="Redis was asked for after the container stopped"):
        await waiting
    assert log == ["cleaned up"]


async def test_c4_what_a_thread_finishes_after_the_stop_is_closed_at_once() -> None:
    gate = Gate()
    log: list[str] = []

    def open_redis() -> Iterator[Redis]:
        gate()
        yield Redis()
        log.append("closed")

    container = Container()
    container.singleton(Redis, open_redis, eager=False)
    await container.start()
    building = asyncio.create_task(asyncio.to_thread(container.resolve, Redis))
    await asyncio.to_thread(gate.reached.wait, 5)
    await container.stop()
    gate.may_go_on.set()
    with pytest.raises(errors.ContainerClosedError):
        await building
    assert log == ["closed"]
    assert container.root_layer.closers == []


async def test_c3_a_slow_thread_does_not_hold_up_other_singletons() -> None:
    gate, built = Gate(), list[Redis]()

    class Clock: ...

    container = Container()
    container.singleton(Redis, connect_behind(gate, built), eager=False)
    container.singleton(Clock, eager=False)
    async with container, container.scope() as scope:
        slow = asyncio.create_task(asyncio.to_thread(container.resolve, Redis))
        await asyncio.to_thread(gate.reached.wait, 5)
        assert await scope.resolve(Clock) is container[Clock]
        gate.may_go_on.set()
        await slow


async def test_a6_a_singleton_that_fails_says_who_needed_it() -> None:
    class Mailer:
        def __init__(self, cache: Cache) -> None: ...

    async def refuse() -> Redis:
        raise ConnectionError

    container = Container()
    container.singleton(Redis, refuse, eager=False)
    container.singleton(Cache, eager=False)
    container.scoped(Mailer)
    async with container, container.scope() as scope:
        with pytest.raises(ConnectionError) as caught:
            await scope.resolve(Mailer)
    building, by_cache, by_mailer = caught.value.__notes__
    assert building.startswith("while building Redis (singleton")
    assert "needed by Cache (singleton" in by_cache
    assert "Mailer (scoped" in by_mailer


def test_c2_a_circle_of_three_that_ask_by_hand_is_named_whole() -> None:
    class First: ...

    class Second: ...

    class Third: ...

    def ask_for(needed: type, make: type) -> Callable[[], object]:
        def build() -> object:
            container.resolve(needed)
            return make()

        return build

    container = Container()
    container.singleton(First, ask_for(Second, First))
    container.singleton(Second, ask_for(Third, Second))
    container.singleton(Third, ask_for(First, Third))
    with pytest.raises(errors.CycleError) as caught:
        container.resolve(First)
    assert [name in str(caught.value) for name in ("First", "Second", "Third")] == [True] * 3


async def test_a6_who_needed_a_singleton_that_failed_is_told_once_each_and_only_if_somebody_did() -> None:
    gate = asyncio.Event()

    class Broken: ...

    class Holder:
        def __init__(self, broken: Broken) -> None: ...

    async def fail() -> Broken:
        await gate.wait()
        raise ConnectionError

    container = Container()
    container.singleton(Broken, fail, eager=False)
    container.transient(Holder)
    async with container.scope() as scope:
        alone = asyncio.create_task(scope.resolve(Broken))
        await asyncio.sleep(0)
        gate.set()
        with pytest.raises(ConnectionError) as caught:
            await alone
        assert not [note for note in caught.value.__notes__ if note.startswith("needed by")]
        gate.clear()
        waiting = [asyncio.create_task(scope.resolve(Holder)) for _ in range(3)]
        await asyncio.sleep(0)
        gate.set()
        found = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(found[0], ConnectionError)
        (note,) = [note for note in found[0].__notes__ if note.startswith("needed by")]
        assert note.startswith("needed by Holder (transient") or "Holder (transient" in note
