"""Health, events, leaks and event loops (C1, C5, F1 to F3)."""

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from di import BuildEvent, Container, HealthStatus, Scope, TeardownEvent, errors


class Redis:
    up = True

    async def ping(self) -> bool:
        if not self.up:
            raise ConnectionError("connection refused")
        return True


class Mailer: ...


class Billing:
    def __init__(self, redis: Redis, mailer: Mailer) -> None: ...


class Invoices:
    def __init__(self, billing: Billing) -> None: ...


def make_container(**options: Any) -> Container:
    container = Container(**options)
    container.singleton(Redis, ping=Redis.ping)
    container.singleton(Mailer, ping=lambda _: True)
    container.singleton(Billing)
    container.scoped(Invoices)
    return container


async def test_f1_health_is_ok_when_everything_answers() -> None:
    async with make_container() as container:
        health = await container.health()
    assert health.status is HealthStatus.OK
    assert {name: each.status for name, each in health.services.items()} == {"Redis": "ok", "Mailer": "ok"}
    assert str(health) == "ok"
    assert (health.services["Redis"].seconds or -1) >= 0


async def test_f1_health_names_the_cause_and_not_only_the_symptom() -> None:
    async with make_container() as container:
        container[Redis].up = False
        health = await container.health()
    assert health.status is HealthStatus.DOWN
    assert isinstance(health.services["Redis"].error, ConnectionError)
    assert str(health.services["Redis"]) == "Redis down: connection refused"
    assert str(health.services["Billing"]) == "Billing degraded: Redis"
    assert str(health.services["Invoices"]) == "Invoices degraded: Redis"
    assert health.services["Mailer"].status is HealthStatus.OK
    assert str(health).startswith("down; Redis down: connection refused; Billing degraded: Redis")


async def test_f1_what_may_be_missing_makes_the_whole_degraded_only() -> None:
    def fail() -> Redis:
        raise ConnectionError("nobody listens")

    container = Container()
    container.singleton(Redis, fail, required=False)
    container.singleton(Mailer, required=False, ping=lambda _: False)
    async with container:
        health = await container.health()
    assert health.status is HealthStatus.DEGRADED
    assert str(health.services["Redis"]) == "Redis down: nobody listens"
    assert isinstance(health.services["Mailer"].error, errors.PingError)
    assert str(health.services["Mailer"]) == "Mailer down: answered that it is down"


async def test_f1_a_ping_that_hangs_is_given_up_and_holds_up_no_other() -> None:
    answered = asyncio.Event()

    async def hang(redis: Redis) -> None:
        await answered.wait()
        await asyncio.Event().wait()

    container = Container()
    container.singleton(Redis, ping=hang)
    container.singleton(Mailer, ping=lambda _: answered.set())
    async with container:
        health = await container.health(limit=0.01)
    assert str(health.services["Redis"]) == "Redis down: no answer within 0.01 seconds"
    assert health.services["Mailer"].status is HealthStatus.OK


async def test_f1_health_builds_nothing_and_pings_what_overrides_leave() -> None:
    container = Container()
    container.singleton(Redis, eager=False, ping=Redis.ping)
    container.singleton(Mailer, Mailer(), ping=lambda mailer: mailer is not None)
    async with container:
        assert list((await container.health()).services) == ["Mailer"]
        with container.override(Redis, Redis()):
            assert list((await container.health()).services) == ["Mailer"]
        assert container.root_layer.singletons.keys().isdisjoint({Redis})


async def test_c1_start_records_how_long_each_singleton_took() -> None:
    async with make_container() as container:
        assert container.durations.keys() == {"Redis", "Mailer", "Billing"}
        assert all(seconds >= 0 for seconds in container.durations.values())


class Session: ...


async def open_session() -> AsyncIterator[Session]:
    yield Session()


class Orders:
    def __init__(self, session: Session) -> None: ...


async def test_f2_builds_and_teardowns_are_told_to_listeners() -> None:
    container = Container()
    container.singleton(Redis)
    container.scoped(Session, open_session)
    container.scoped(Orders)
    heard: list[BuildEvent | TeardownEvent] = []
    container.add_listener(heard.append)
    async with container, container.scope() as scope:
        await scope.resolve(Orders)
        await scope.resolve(Orders)
    assert [(type(each), each.name, each.lifetime.value) for each in heard] == [
        (BuildEvent, "Redis", "singleton"),
        (BuildEvent, "Session", "scoped"),
        (BuildEvent, "Orders", "scoped"),
        (TeardownEvent, "Session", "scoped"),
    ]
    session, orders = heard[1], heard[2]
    assert isinstance(session, BuildEvent)
    assert isinstance(orders, BuildEvent)
    assert orders.wait >= session.duration > 0
    assert all(each.error is None for each in heard)


async def test_f2_failures_are_told_too() -> None:
    def fail() -> Orders:
        raise LookupError

    def open_badly() -> Iterator[Session]:
        yield Session()
        raise OSError

    container = Container()
    container.scoped(Orders, fail)
    container.scoped(Session, open_badly)
    heard: list[BuildEvent | TeardownEvent] = []
    container.add_listener(heard.append)
    with pytest.raises(BaseExceptionGroup):
        async with container.scope() as scope:
            with pytest.raises(LookupError):
                await scope.resolve(Orders)
            await scope.resolve(Session)
    assert [type(each.error) for each in heard] == [LookupError, type(None), OSError]


async def test_f2_a_listener_that_fails_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    container = Container()
    container.scoped(Session)
    heard: list[BuildEvent | TeardownEvent] = []

    def fail(event: object) -> None:
        raise LookupError

    container.add_listener(fail)
    container.add_listener(heard.append)
    async with container.scope() as scope:
        await scope.resolve(Session)
        container.remove_listener(fail)
    assert len(heard) == 1
    assert "listener" in caplog.text


@pytest.mark.plans
async def test_f2_a_removed_listener_hears_nothing_and_the_plan_takes_over_again() -> None:
    container = Container()
    container.scoped(Session)
    heard: list[BuildEvent | TeardownEvent] = []
    assert container.detour == 0
    container.add_listener(heard.append)
    assert container.detour == 1
    container.remove_listener(heard.append)
    container.remove_listener(heard.append)
    assert container.detour == 0
    async with container.scope() as scope:
        await scope.resolve(Session)
    assert heard == []


class Cache:
    session: Session | None = None


async def test_f3_an_object_stored_on_a_singleton_is_reported_with_its_holder(
    caplog: pytest.LogCaptureFixture, seen_leaks: Callable[[Container], Any]
) -> None:
    container = Container(debug=True)
    container.singleton(Cache)
    container.scoped(Session, open_session)
    async with container:
        async with container.scope() as scope:
            container[Cache].session = await scope.resolve(Session)
        (leak,) = await seen_leaks(container)
    assert leak.key is Session
    assert leak.holders == ("Cache (singleton).session",)
    assert "Session (scoped, " in str(leak)
    assert "outlived its scope, held by Cache (singleton).session" in caplog.text


KEPT: list[Session] = []


async def test_f3_an_object_in_a_module_global_is_reported(seen_leaks: Callable[[Container], Any]) -> None:
    container = Container(debug=True)
    container.scoped(Session)
    async with container.scope() as scope:
        KEPT.append(await scope.resolve(Session))
    try:
        (leak,) = await seen_leaks(container)
    finally:
        KEPT.clear()
    assert leak.holders == (f"module {__name__}.KEPT[0]",)


async def test_f3_a_holder_that_the_application_froze_is_seen(seen_leaks: Callable[[Container], Any]) -> None:
    container = Container(debug=True)
    container.scoped(Session)
    gc.freeze()
    async with container.scope() as scope:
        KEPT.append(await scope.resolve(Session))
    try:
        (leak,) = await seen_leaks(container)
    finally:
        KEPT.clear()
        gc.unfreeze()
    assert leak.holders == (f"module {__name__}.KEPT[0]",)


async def test_f3_an_object_that_a_task_still_works_with_is_reported(seen_leaks: Callable[[Container], Any]) -> None:
    async def use(session: Session) -> None:
        await asyncio.Event().wait()
        await session.__dict__["never"]

    container = Container(debug=True)
    container.scoped(Session)
    async with container.scope() as scope:
        task = asyncio.create_task(use(await scope.resolve(Session)))
    (leak,) = await seen_leaks(container)
    task.cancel()
    assert any("coroutine" in each and ".use" in each for each in leak.holders)


async def test_f3_what_is_gone_or_lasts_longer_on_purpose_is_not_reported() -> None:
    class Caller: ...

    container = Container(debug=True)
    container.scoped(Session, open_session)
    container.scoped(Orders)
    container.scoped(Caller)
    caller = Caller()
    async with container.scope({Caller: caller}) as scope:
        await scope.resolve(Orders)
        await scope.resolve(Caller)
    await asyncio.sleep(0.2)
    gc.collect()
    assert container.leaks == ()


@pytest.fixture
def seen_leaks() -> Callable[[Container], Any]:
    async def wait(container: Container) -> Any:
        while not container.leaks:  # noqa: ASYNC110 - there is nobody who could set an event
            await asyncio.sleep(0.01)
        return container.leaks

    return wait


class Pool:
    """Like the pool of an asyncio client: it remembers its loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()


async def connect() -> Redis:
    return Redis()


def test_c5_a_client_used_on_another_loop_than_it_was_built_on_is_reported_by_name() -> None:
    container = Container()
    container.singleton(Pool)

    async def use() -> Pool:
        async with container.scope() as scope:
            first = await scope.resolve(Pool)
            assert await scope.resolve(Pool) is first
            return first

    first = asyncio.run(use())
    with pytest.warns(errors.WrongLoopWarning, match=r"Pool .*test_seeing_inside\.py") as caught:
        assert asyncio.run(use()) is first
    assert len(caught) == 1


def test_c5_a_started_container_reports_whatever_was_awaited_on_its_loop() -> None:
    container = Container()
    container.singleton(Redis, connect)

    async def elsewhere(scope: Scope) -> None:
        await scope.resolve(Redis)

    async def serve() -> None:
        async with container, container.scope() as scope:
            await scope.resolve(Redis)
            with pytest.warns(errors.WrongLoopWarning, match="Redis"):
                await asyncio.to_thread(asyncio.run, elsewhere(scope))

    asyncio.run(serve())


def test_c5_a_container_that_starts_again_on_another_loop_is_fine() -> None:
    container = Container()
    container.singleton(Pool)
    container.scoped(Orders)
    container.scoped(Session)

    async def serve() -> Pool:
        async with container, container.scope() as scope:
            await scope.resolve(Orders)
            return await scope.resolve(Pool)

    with warnings.catch_warnings(record=True) as told:
        first, second = asyncio.run(serve()), asyncio.run(serve())
    assert first is not second
    assert told == []
