"""Promises C1 to C4: start, single-flight, stop."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from di import Container, errors


class Redis: ...


class Postgres: ...


class Cache:
    def __init__(self, redis: Redis) -> None:
        self.redis = redis


async def test_c1_start_builds_independent_singletons_in_parallel() -> None:
    both_are_starting = asyncio.Barrier(2)

    async def connect_redis() -> Redis:
        await both_are_starting.wait()
        return Redis()

    async def connect_postgres() -> Postgres:
        await both_are_starting.wait()
        return Postgres()

    container = Container()
    container.singleton(Redis, connect_redis)
    container.singleton(Postgres, connect_postgres)
    await asyncio.wait_for(container.start(), 5)
    assert container.root_layer.durations.keys() == {Redis, Postgres}
    await container.stop()


async def test_c1_a_dependent_starts_after_what_it_needs() -> None:
    async def connect() -> Redis:
        await asyncio.sleep(0)
        return Redis()

    container = Container()
    container.singleton(Cache)
    container.singleton(Redis, connect)
    async with container:
        assert container[Cache].redis is container[Redis]


async def test_c1_a_start_that_takes_too_long_is_named() -> None:
    async def hang() -> Redis:
        await asyncio.Event().wait()
        return Redis()

    container = Container()
    container.singleton(Redis, hang, timeout=0.01)
    with pytest.raises(ExceptionGroup) as caught:
        await container.start()
    assert caught.group_contains(errors.StartTimeoutError, match=r"Redis .*did not start within 0.01 s")


async def test_c1_a_lazy_singleton_waits_for_first_use() -> None:
    built: list[int] = []

    def connect() -> Redis:
        built.append(1)
        return Redis()

    container = Container()
    container.singleton(Redis, connect, eager=False)
    async with container:
        assert built == []
        assert container[Redis] is container[Redis]
        assert built == [1]


async def test_c1_an_optional_singleton_may_fail() -> None:
    def refuse() -> Redis:
        raise ConnectionError("no route")

    container = Container()
    container.singleton(Redis, refuse, required=False)
    container.singleton(Postgres)
    async with container:
        assert isinstance(container.failures[Redis], ConnectionError)
        assert isinstance(container[Postgres], Postgres)


async def test_c1_what_needs_a_failed_optional_singleton_does_not_try_it_again() -> None:
    attempts: list[int] = []

    def refuse() -> Redis:
        attempts.append(1)
        raise ConnectionError

    container = Container()
    container.singleton(Redis, refuse, required=False)
    container.singleton(Cache, required=False)
    async with container:
        assert container.failures.keys() == {Redis, Cache}
        assert attempts == [1]


async def test_c1_a_required_singleton_that_needs_a_failed_optional_one_fails_the_start() -> None:
    def refuse() -> Redis:
        raise ConnectionError

    container = Container()
    container.singleton(Redis, refuse, required=False)
    container.singleton(Cache)
    with pytest.raises(ExceptionGroup) as caught:
        await container.start()
    (cause,) = caught.value.exceptions
    assert isinstance(cause, ConnectionError)


async def test_c1_a_failed_start_may_be_tried_again() -> None:
    attempts: list[int] = []

    async def flaky() -> Redis:
        attempts.append(1)
        if len(attempts) == 1:
            raise ConnectionError
        return Redis()

    container = Container()
    container.singleton(Redis, flaky)
    with pytest.raises(ExceptionGroup):
        await container.start()
    async with container:
        assert isinstance(container[Redis], Redis)


async def test_c1_a_teardown_that_fails_after_a_failed_start_does_not_hide_why_it_failed() -> None:
    async def open_redis() -> AsyncIterator[Redis]:
        yield Redis()
        raise OSError("would not close")

    def refuse(redis: Redis) -> Cache:
        raise ConnectionError

    container = Container()
    container.singleton(Redis, open_redis)
    container.singleton(Cache, refuse)
    with pytest.raises(ExceptionGroup) as caught:
        await container.start()
    assert caught.group_contains(ConnectionError)
    assert any("would not close" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("steps", range(12))
async def test_c1_a_start_cancelled_at_any_moment_leaves_nothing_open(steps: int) -> None:
    log: list[str] = []

    async def open_redis() -> AsyncIterator[Redis]:
        await asyncio.sleep(0)
        log.append("open")
        try:
            yield Redis()
        finally:
            await asyncio.sleep(0)
            log.append("closed")

    async def connect(redis: Redis) -> Cache:
        await asyncio.sleep(0)
        await asyncio.Event().wait()
        return Cache(redis)

    container = Container()
    container.singleton(Redis, open_redis)
    container.singleton(Cache, connect)
    starting = asyncio.create_task(container.start())
    for _ in range(steps):
        await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert log in ([], ["open", "closed"])
    assert not container.started


async def test_c1_two_that_start_one_container_at_once_share_the_start() -> None:
    built: list[int] = []

    async def connect() -> Redis:
        built.append(1)
        await asyncio.sleep(0)
        return Redis()

    container = Container()
    container.singleton(Redis, connect)
    await asyncio.gather(container.start(), container.start())
    await container.stop()
    assert isinstance(container[Redis], Redis)
    await container.stop()
    assert container.stopped
    assert built == [1]


async def test_c1_all_failures_come_in_one_group_and_what_was_open_is_closed() -> None:
    log: list[str] = []

    class Search:
        def __init__(self, redis: Redis) -> None: ...

    class Queue:
        def __init__(self, redis: Redis) -> None: ...

    async def open_redis() -> AsyncIterator[Redis]:
        yield Redis()
        log.append("redis closed")

    def refuse_search(redis: Redis) -> Search:
        raise ConnectionError("search")

    def refuse_queue(redis: Redis) -> Queue:
        raise PermissionError("queue")

    container = Container()
    container.singleton(Redis, open_redis)
    container.singleton(Search, refuse_search)
    container.singleton(Queue, refuse_queue)
    with pytest.raises(ExceptionGroup, match="2 singletons failed") as caught:
        await container.start()
    assert caught.group_contains(ConnectionError)
    assert caught.group_contains(PermissionError)
    assert log == ["redis closed"]


async def test_c1_cancelling_the_start_closes_what_was_open() -> None:
    log: list[str] = []
    waiting = asyncio.Event()

    async def open_redis() -> AsyncIterator[Redis]:
        yield Redis()
        log.append("redis closed")

    async def hang(redis: Redis) -> Cache:
        waiting.set()
        await asyncio.Event().wait()
        return Cache(redis)

    container = Container()
    container.singleton(Redis, open_redis)
    container.singleton(Cache, hang)
    task = asyncio.create_task(container.start())
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == ["redis closed"]


async def test_c2_parallel_tasks_share_one_build() -> None:
    built: list[int] = []

    async def connect() -> Redis:
        built.append(1)
        await asyncio.sleep(0)
        return Redis()

    container = Container()
    container.singleton(Redis, connect, eager=False)
    async with container, container.scope() as scope:
        found = await asyncio.gather(*(scope.resolve(Redis) for _ in range(20)))
    assert len({id(redis) for redis in found}) == len(built) == 1


def test_c2_parallel_threads_share_one_build() -> None:
    built: list[int] = []
    all_are_here = threading.Barrier(8)

    def connect() -> Redis:
        built.append(1)
        return Redis()

    container = Container()
    container.singleton(Redis, connect)
    found: list[Redis] = []

    def ask() -> None:
        all_are_here.wait()
        found.append(container[Redis])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(redis) for redis in found}) == len(built) == 1


async def test_c2_cancelling_the_first_caller_neither_kills_nor_poisons_the_build() -> None:
    started, may_end = asyncio.Event(), asyncio.Event()
    built: list[int] = []

    async def connect() -> Redis:
        built.append(1)
        started.set()
        await may_end.wait()
        return Redis()

    container = Container()
    container.singleton(Redis, connect, eager=False)
    async with container, container.scope() as scope:
        first = asyncio.create_task(scope.resolve(Redis))
        await started.wait()
        second = asyncio.create_task(scope.resolve(Redis))
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        may_end.set()
        assert await second is await scope.resolve(Redis)
    assert built == [1]


async def test_c2_a_failed_build_may_be_tried_again() -> None:
    attempts: list[int] = []

    async def flaky() -> Redis:
        attempts.append(1)
        if len(attempts) == 1:
            raise ConnectionError
        return Redis()

    container = Container()
    container.singleton(Redis, flaky, eager=False)
    async with container, container.scope() as scope:
        with pytest.raises(ConnectionError):
            await scope.resolve(Redis)
        assert isinstance(await scope.resolve(Redis), Redis)


async def test_c3_a_build_under_way_does_not_hold_up_what_is_built() -> None:
    may_end = asyncio.Event()

    async def slow(redis: Redis) -> Cache:
        await may_end.wait()
        return Cache(redis)

    container = Container()
    container.singleton(Redis)
    container.singleton(Cache, slow, eager=False)
    async with container, container.scope() as scope:
        building = asyncio.create_task(scope.resolve(Cache))
        await asyncio.sleep(0)
        assert isinstance(container[Redis], Redis)
        assert await scope.resolve(Redis) is container[Redis]
        may_end.set()
        await building


async def test_c4_stop_closes_dependents_first_and_goes_on_after_errors() -> None:
    log: list[str] = []

    def open_redis() -> Iterator[Redis]:
        yield Redis()
        log.append("redis")

    async def open_cache(redis: Redis) -> AsyncIterator[Cache]:
        yield Cache(redis)
        log.append("cache")
        raise OSError("cache would not close")

    container = Container()
    container.singleton(Redis, open_redis)
    container.singleton(Cache, open_cache)
    await container.start()
    with pytest.raises(BaseExceptionGroup) as caught:
        await container.stop()
    assert caught.group_contains(OSError, match="cache would not close")
    assert log == ["cache", "redis"]


async def test_c4_stop_is_shielded_from_cancellation() -> None:
    closing, may_close = asyncio.Event(), asyncio.Event()
    log: list[str] = []

    async def open_redis() -> AsyncIterator[Redis]:
        yield Redis()
        closing.set()
        await may_close.wait()
        log.append("closed")

    container = Container()
    container.singleton(Redis, open_redis)
    await container.start()
    stopping = asyncio.create_task(container.stop())
    await closing.wait()
    stopping.cancel()
    await asyncio.sleep(0)
    may_close.set()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert log == ["closed"]


async def test_c4_one_level_closes_in_parallel(log: list[str]) -> None:
    both_are_closing = asyncio.Barrier(2)

    async def open_redis() -> AsyncIterator[Redis]:
        yield Redis()
        await both_are_closing.wait()
        log.append("Redis")

    async def open_postgres() -> AsyncIterator[Postgres]:
        yield Postgres()
        await both_are_closing.wait()
        log.append("Postgres")

    container = Container()
    container.singleton(Redis, open_redis)
    container.singleton(Postgres, open_postgres)
    await container.start()
    await asyncio.wait_for(container.stop(), 5)
    assert sorted(log) == ["Postgres", "Redis"]


async def test_c4_a_teardown_that_takes_too_long_is_abandoned_and_named() -> None:
    async def open_redis() -> AsyncIterator[Redis]:
        yield Redis()
        await asyncio.Event().wait()

    container = Container()
    container.singleton(Redis, open_redis, timeout=0.01)
    await container.start()
    with pytest.raises(BaseExceptionGroup) as caught:
        await container.stop()
    assert caught.group_contains(errors.StopTimeoutError)


async def test_a_container_may_be_started_again() -> None:
    opened: list[str] = []

    async def open_redis() -> AsyncIterator[Redis]:
        opened.append("open")
        yield Redis()
        opened.append("close")

    container = Container()
    container.singleton(Redis, open_redis)
    async with container:
        first = container[Redis]
    with pytest.raises(errors.ContainerClosedError):
        container.scope()
    async with container:
        assert container[Redis] is not first
    assert opened == ["open", "close"] * 2


async def test_a_singleton_of_none_is_built_once() -> None:
    built: list[int] = []

    class Flag: ...

    def nothing() -> None:
        built.append(1)

    container = Container()
    container.singleton(Flag, nothing)
    async with container:
        assert container[Flag] is None
        assert container[Flag] is None
    assert built == [1]


async def test_a_build_sees_no_scope() -> None:
    class Nosy:
        def __init__(self, container: Container) -> None:
            self.scope = container.find_scope()

    container = Container()
    container.singleton(Nosy, eager=False)
    async with container, container.scope() as scope:
        assert (await scope.resolve(Nosy)).scope is None
