"""`di.bridge`: old getters return the container's object, and say so where that cannot be."""

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator
from typing import assert_type

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from di import Container
from di.bridge import Bridge
from di.errors import (
    BridgeAwaitError,
    BridgeNotInstalledError,
    BridgeNotStartedError,
    BridgeOutsideScopeError,
    CycleError,
    MissingProviderError,
    TwoInstancesWarning,
)
from middleware import Deps


class Mailer:
    def send(self) -> str:
        return "sent"


class FakeMailer(Mailer):
    def send(self) -> str:
        return "kept"


class Session: ...


class Orders:
    def __init__(self, session: Session) -> None:
        self.session = session


class Redis: ...


async def connect() -> AsyncIterator[Redis]:
    await asyncio.sleep(0)
    yield Redis()


bridge = Bridge()


def get_mailer() -> Mailer:
    return bridge.get(Mailer)


def get_session() -> Session:
    return bridge.get(Session)


def get_orders() -> Orders:
    return bridge.get(Orders)


def get_redis() -> Redis:
    return bridge.get(Redis)


async def open_redis() -> Redis:
    return await bridge.resolve(Redis)


async def open_session() -> Session:
    return await bridge.resolve(Session)


@pytest.fixture
def container() -> Container:
    container = Container()
    container.singleton(Mailer)
    container.scoped(Session)
    container.transient(Orders)
    container.singleton(Redis, connect, eager=False)
    bridge.install(container)
    return container


def test_types_are_those_of_what_is_asked_for() -> None:
    async def never_called() -> None:
        assert_type(bridge.get(Mailer), Mailer)
        assert_type(await bridge.resolve(Mailer), Mailer)

    assert asyncio.iscoroutinefunction(never_called)


async def test_getter_returns_the_singleton_that_the_container_hands_out(container: Container) -> None:
    async with container:
        assert get_mailer() is container[Mailer]
        async with container.scope() as scope:
            assert get_mailer() is await scope.resolve(Mailer)


async def test_getter_in_a_scope_returns_that_scopes_object(container: Container) -> None:
    async with container:
        async with container.scope() as scope:
            first = get_session()
            assert first is await scope.resolve(Session)
            assert await open_session() is first
            async with scope.child() as child:
                assert get_session() is child.get(Session) is not first
        async with container.scope():
            assert get_session() is not first


async def test_what_must_be_awaited_comes_from_the_async_getter_and_then_from_both(container: Container) -> None:
    async with container:
        found = await open_redis()
        assert found is container[Redis] is get_redis()


async def test_one_object_although_many_ask_at_once(container: Container) -> None:
    async with container:
        asked = await asyncio.gather(*(open_redis() for _ in range(8)), asyncio.to_thread(get_redis))
        assert len(set(asked)) == 1


async def test_sync_getter_in_a_worker_thread_waits_for_the_async_build(container: Container) -> None:
    async with container:
        assert await asyncio.to_thread(get_redis) is container[Redis]


async def test_overrides_hold_in_this_context_and_in_threads_that_copy_it(container: Container) -> None:
    entered, asked = asyncio.Event(), asyncio.Event()

    async def other_test() -> Mailer:
        await entered.wait()
        found = get_mailer()
        asked.set()
        return found

    async with container:
        real = get_mailer()
        elsewhere = asyncio.create_task(other_test())
        fake = FakeMailer()
        with container.override(Mailer, fake):
            entered.set()
            await asked.wait()
            assert get_mailer() is fake
            assert await bridge.resolve(Mailer) is fake
            assert await asyncio.to_thread(get_mailer) is fake
        assert get_mailer() is real is await elsewhere


async def test_an_override_reaches_what_a_getter_built_before(container: Container) -> None:
    fake = Session()
    async with container, container.scope():
        before = get_orders()
        with container.override(Session, fake):
            assert get_orders().session is fake is get_session()
        assert before.session is not fake


async def test_a_thread_without_the_context_gets_singletons_and_no_scoped_objects(container: Container) -> None:
    found: list[object] = []

    def work() -> None:
        found.append(get_mailer())
        with pytest.raises(BridgeOutsideScopeError, match="a thread has to copy the context"):
            get_session()

    async with container, container.scope():
        thread = threading.Thread(target=lambda: contextvars.Context().run(work))
        thread.start()
        await asyncio.to_thread(thread.join)
        assert found == [container[Mailer]]


def test_asked_before_install_says_who_asked_and_what_to_do() -> None:
    fresh = Bridge()

    def get_early() -> Mailer:
        return fresh.get(Mailer)

    with pytest.raises(BridgeNotInstalledError, match=r"Call bridge.install\(container\)") as caught:
        get_early()
    assert str(caught.value).count(f"{__file__}:") == 2  # the getter and who called it


async def test_asked_before_start_and_after_stop_says_so(container: Container) -> None:
    with pytest.raises(BridgeNotStartedError, match="has not been started"):
        get_mailer()
    async with container:
        get_mailer()
    with pytest.raises(BridgeNotStartedError, match="has stopped"):
        await bridge.resolve(Mailer)


async def test_scoped_outside_of_a_scope_is_named_also_below_a_transient(container: Container) -> None:
    async with container:
        with pytest.raises(BridgeOutsideScopeError, match=r"Session was asked for .* it is scoped, and no scope is"):
            get_session()
        with pytest.raises(BridgeOutsideScopeError, match="it is scoped"):
            await open_session()
        with pytest.raises(BridgeOutsideScopeError, match=r"Orders was asked for .* it holds Session, which is scoped"):
            get_orders()
        with pytest.raises(BridgeOutsideScopeError, match="it holds Session"):
            await bridge.resolve(Orders)


async def test_what_outlives_its_scope_gets_singletons_and_is_told_of_scoped_ones(container: Container) -> None:
    closed = asyncio.Event()

    async def later() -> Mailer:
        await closed.wait()
        with pytest.raises(BridgeOutsideScopeError, match="the scope of this context has closed"):
            get_session()
        return get_mailer()

    async with container:
        async with container.scope():
            task = asyncio.create_task(later())
        closed.set()
        assert await task is container[Mailer]


async def test_an_async_build_from_the_loops_thread_is_refused_with_its_name(container: Container) -> None:
    async with container:
        with pytest.raises(BridgeAwaitError, match=r"Redis must be. Take Redis as a parameter"):
            get_redis()
        async with container.scope():
            with pytest.raises(BridgeAwaitError, match=r"use `await bridge.resolve\(Redis\)`"):
                get_redis()


async def test_an_unregistered_type_is_named(container: Container) -> None:
    async with container:
        with pytest.raises(MissingProviderError, match="FakeMailer has no provider"):
            bridge.get(FakeMailer)


@pytest.mark.parametrize("lifetime", ["singleton", "scoped"])
async def test_a_bridged_getter_as_provider_of_its_own_type_is_a_cycle_and_no_deadlock(lifetime: str) -> None:
    container = Container()
    getattr(container, lifetime)(Mailer, get_mailer, **({"eager": False} if lifetime == "singleton" else {}))
    bridge.install(container)
    async with container, container.scope() as scope:
        with pytest.raises(CycleError, match="Mailer -> Mailer"):
            await scope.resolve(Mailer)
        with pytest.raises(CycleError, match="Mailer -> Mailer"):
            get_mailer()


async def test_a_constructor_may_ask_while_the_container_starts() -> None:
    class Signup:
        def __init__(self) -> None:
            self.mailer = get_mailer()

    container = Container()
    container.singleton(Signup)
    container.singleton(Mailer)
    bridge.install(container)
    async with container:
        assert container[Signup].mailer is container[Mailer]


async def test_the_container_installed_last_answers_but_in_scopes_of_an_earlier_one(container: Container) -> None:
    async with container, container.scope():
        mine = get_mailer()
        later = Container()
        later.singleton(Mailer)
        bridge.install(later)
        async with later:
            assert get_mailer() is mine
            outside = contextvars.Context().run(get_mailer)
            assert outside is later[Mailer] is not mine


async def test_a_scope_of_a_container_that_was_never_installed_is_looked_through(container: Container) -> None:
    other = Container()
    async with container, other, container.scope() as scope, other.scope():
        assert get_session() is scope.get(Session)


async def test_what_outlives_a_scope_of_an_earlier_container_gets_its_singletons(container: Container) -> None:
    closed = asyncio.Event()

    async def later() -> Mailer:
        await closed.wait()
        return get_mailer()

    following = Container()
    following.singleton(Mailer)
    async with container, following:
        async with container.scope():
            task = asyncio.create_task(later())
        bridge.install(following)
        closed.set()
        assert await task is container[Mailer]


@pytest.mark.parametrize("started", [True, False])
def test_routes_and_their_services_see_one_object(container: Container, *, started: bool) -> None:
    app, deps = FastAPI(), Deps()

    @app.get("/async")
    async def from_async(session: Session = deps.depends(Session)) -> bool:  # noqa: B008 - FastAPI's own spelling
        return get_session() is session and await open_session() is session

    @app.get("/sync")
    def from_sync(session: Session = deps.depends(Session)) -> bool:  # noqa: B008 - FastAPI's own spelling
        return get_session() is session and get_mailer() is bridge.get(Mailer)

    @app.get("/alone")
    async def alone() -> str:
        return get_mailer().send()

    deps.install(app, container, roots=[Mailer, Orders, Redis])  # only getters ask for these
    client = TestClient(app)
    if started:
        with client, deps.override(Mailer, FakeMailer()):
            assert [client.get(path).json() for path in ("/async", "/sync", "/alone")] == [True, True, "kept"]
    else:
        assert [client.get(path).json() for path in ("/async", "/sync", "/alone")] == [True, True, "sent"]


async def test_an_async_getter_returns_a_transient_that_holds_singletons_outside_of_a_scope() -> None:
    class Letter:
        def __init__(self, mailer: Mailer) -> None:
            self.mailer = mailer

    container, bridge = Container(), Bridge()
    container.singleton(Mailer)
    container.transient(Letter)
    bridge.install(container)
    async with container:
        assert (await bridge.resolve(Letter)).mailer is container[Mailer]


def test_asked_by_a_module_itself_only_that_line_is_named() -> None:
    module = {"bridge": Bridge(), "Mailer": Mailer, "__name__": "shop"}
    with pytest.raises(BridgeNotInstalledError, match=r"shop\.py:1") as caught:
        exec(compile("bridge.get(Mailer)", "shop.py", "exec"), module)
    assert "called from" not in str(caught.value)


async def test_a_container_that_is_installed_again_compares_once_at_its_stop(container: Container) -> None:
    bridge = Bridge()
    bridge.install(container)
    bridge.install(container)

    @bridge.shadow(Mailer)
    def get_mailer() -> Mailer:
        return Mailer()

    get_mailer()
    async with container:
        assert isinstance(container[Mailer], Mailer)
        with pytest.warns(TwoInstancesWarning) as told:
            await container.stop()
    assert len(told) == 1
