"""Promises A2, C1 and F1 for singletons that fail in unusual ways."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from di import Container, HealthStatus, errors


class Pool: ...


class Cache: ...


class Mailer:
    def __init__(self, cache: Cache) -> None: ...


class Billing:
    def __init__(self, pool: Pool) -> None: ...


class Audit: ...


class Abort(BaseException):
    """No failure: whoever raises it wants the whole process to end."""


def refuse() -> Pool:
    raise ConnectionError("nobody listens")


async def test_c1_what_does_not_need_a_failed_singleton_is_still_tried(log: list[str]) -> None:
    def open_mailer(cache: Cache) -> Iterator[Mailer]:
        yield Mailer(cache)
        log.append("closed")

    def refuse_billing(cache: Cache) -> Billing:
        raise LookupError

    container = Container()
    container.singleton(Pool, refuse)
    container.singleton(Cache)
    container.singleton(Mailer, open_mailer)
    container.singleton(Billing, refuse_billing)
    with pytest.raises(ExceptionGroup) as caught:
        await container.start()
    assert {type(each) for each in caught.value.exceptions} == {ConnectionError, LookupError}
    assert log == ["closed"]


async def test_c1_what_is_no_exception_of_the_application_ends_the_start_as_it_is(log: list[str]) -> None:
    def open_cache() -> Iterator[Cache]:
        yield Cache()
        log.append("closed")

    def abort(cache: Cache) -> Mailer:
        raise Abort

    container = Container()
    container.singleton(Cache, open_cache)
    container.singleton(Mailer, abort)
    with pytest.raises(Abort):
        await container.start()
    assert log == ["closed"]


async def test_c1_a_time_out_of_the_providers_own_is_told_as_it_is() -> None:
    async def connect() -> Pool:
        raise TimeoutError("the server did not answer")

    container = Container()
    container.singleton(Pool, connect, timeout=60, eager=False)
    async with container.scope() as scope:
        with pytest.raises(TimeoutError, match="did not answer") as caught:
            await scope.resolve(Pool)
    assert not isinstance(caught.value, errors.StartTimeoutError)


async def test_f1_what_failed_at_the_start_and_was_built_since_is_healthy() -> None:
    up = False

    def connect() -> Pool:
        return Pool() if up else refuse()

    container = Container()
    container.singleton(Pool, connect, required=False, ping=lambda _: True)
    async with container:
        assert (await container.health()).status is HealthStatus.DEGRADED
        up = True
        assert isinstance(container[Pool], Pool)
        assert (await container.health()).status is HealthStatus.OK


async def test_outside_of_a_scope_each_refusal_says_why() -> None:
    async def connect() -> Pool:
        await asyncio.sleep(0)
        return Pool()

    class Holder:
        def __init__(self, pool: Pool) -> None: ...

    container = Container()
    container.singleton(Pool, connect, eager=False)
    container.transient(Holder)
    container.scoped(Cache)
    container.transient(Mailer)
    container.singleton(Audit)
    with pytest.raises(errors.AsyncBuildRequiredError, match="Pool"):
        container.resolve(Pool)
    with pytest.raises(errors.AsyncBuildRequiredError, match=r"Holder.*Pool"):
        container.resolve(Holder)
    with pytest.raises(errors.NoScopeError, match="Cache"):
        container.resolve(Mailer)
    await container.stop()
    with pytest.raises(errors.ContainerClosedError, match="Audit"):
        container.resolve(Audit)


async def test_c1_the_group_says_how_many_failed() -> None:
    container = Container()
    container.singleton(Pool, refuse)
    with pytest.raises(ExceptionGroup, match=r"^1 singleton failed to start"):
        await container.start()

    def refuse_cache() -> Cache:
        raise LookupError

    container.singleton(Cache, refuse_cache)
    with pytest.raises(ExceptionGroup, match=r"^2 singletons failed to start"):
        await container.start()


async def test_c1_an_optional_singleton_that_fails_is_logged_with_its_cause(caplog: pytest.LogCaptureFixture) -> None:
    container = Container()
    container.singleton(Pool, refuse, required=False)
    async with container:
        (record,) = caplog.records
    assert (record.name, record.levelname) == ("di", "WARNING")
    assert record.getMessage().startswith("optional singleton Pool (singleton, ")
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ConnectionError)


async def test_c4_a_teardown_that_fails_is_told_with_its_provider_and_as_it_was_raised() -> None:
    async def open_pool() -> AsyncIterator[Pool]:
        yield Pool()
        raise TimeoutError("the server did not answer")

    container = Container()
    container.singleton(Pool, open_pool, timeout=60)
    await container.start()
    with pytest.raises(BaseExceptionGroup) as caught:
        await container.stop()
    (error,) = caught.value.exceptions
    assert not isinstance(error, errors.StopTimeoutError)
    assert str(error) == "the server did not answer"
    (note,) = error.__notes__
    assert note.startswith("while closing Pool (singleton, ")


def test_c5_a_life_on_another_loop_knows_nothing_of_the_one_before() -> None:
    async def connect() -> Pool:
        return Pool()

    pools: list[Pool] = []

    async def serve() -> None:
        async with container, container.scope() as scope:
            pools.append(await scope.resolve(Pool))

    container = Container()
    container.singleton(Pool, connect, eager=False)
    asyncio.run(serve())
    asyncio.run(serve())
    first, second = pools
    assert first is not second


async def test_c4_a_singleton_whose_generator_goes_on_after_its_teardown_is_named_at_the_stop() -> None:
    async def open_pool() -> AsyncIterator[Pool]:
        yield Pool()
        yield Pool()

    container = Container()
    container.singleton(Pool, open_pool)
    await container.start()
    with pytest.raises(BaseExceptionGroup) as caught:
        await container.stop()
    assert caught.group_contains(errors.GeneratorYieldError, match="second yield")
