"""Layers: singletons with their single-flight builds, and the overrides that stand on top of them."""

import asyncio
import concurrent.futures
import contextvars
import threading
import time
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from di._graph import Graph, needs_await
from di._instances import MISSING, Closer, close_all, open_instance, run_now
from di._keys import Key, describe
from di._providers import Kind, Lifetime, Provider
from di._scope import current
from di.errors import (
    AsyncBuildRequiredError,
    CaptiveDependencyError,
    ContainerClosedError,
    NoScopeError,
    StartTimeoutError,
    WrongLoopError,
)

if TYPE_CHECKING:
    from di._container import Container

Building = concurrent.futures.Future[Any]


class Layer(Graph):
    """Providers, and the singletons built from them.

    The root layer of a container lives as long as the container; every override adds one that dies with it.
    """

    parent: "Layer | None"

    def __init__(
        self,
        container: "Container",
        providers: dict[Key, Provider],
        parent: "Layer | None" = None,
        *,
        autowire: bool = False,
    ) -> None:
        super().__init__(providers, parent, autowire=autowire)
        self.container = container
        self.below: Layer | None = None  # the override of this context that was innermost before this one
        self.singletons: dict[Key, Any] = {}
        self.closers: list[Closer] = []
        self.durations: dict[Key, float] = {}
        self.resolved: set[Key] = set()
        self.ended = False
        self._building: dict[Key, tuple[Building, threading.Thread | None]] = {}
        self._lock = threading.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def owner(self, key: Key) -> "Layer":
        """Return the layer that holds the instances of a key."""
        owner = super().owner(key)
        assert isinstance(owner, Layer)  # noqa: S101 - layers stand on layers
        return owner

    def note_use(self, key: Key) -> None:
        """Remember that an overridden key was asked for, in this layer or one below."""
        layer: Layer | None = self
        while layer is not None and layer.parent is not None:
            if key in layer.providers:
                layer.resolved.add(key)
                return
            layer = layer.parent

    def is_built(self, key: Key) -> bool:
        """Whether a key is a singleton that exists already."""
        provider = self.provider(key)
        if provider is None or provider.lifetime is not Lifetime.SINGLETON:
            return False
        return provider.kind is Kind.VALUE or key in self.owner(key).singletons

    async def obtain(self, key: Key) -> Any:
        """Return the singleton this layer owns, building it when it is not there.

        Many callers, one build: cancelling one of them neither stops the build nor spoils it for the others, and a
        build that failed may be tried again.
        """
        value = self.singletons.get(key, MISSING)
        if value is not MISSING:
            return value
        future, mine, _ = self._claim(key)
        if mine:
            self._launch(key, future)
        if future.done():  # without suspending: a build that runs without a loop may be the one that asks
            return future.result()
        return await asyncio.wrap_future(future)

    def obtain_now(self, key: Key) -> Any:
        """Return the singleton this layer owns, from synchronous code.

        Raises:
            AsyncBuildRequiredError: it must be awaited, and this thread is the one that would have to do it.
        """
        value = self.singletons.get(key, MISSING)
        if value is not MISSING:
            return value
        blocker = needs_await(self, key, self.is_built)
        home = self.container.home_loop()
        if blocker is not None and (home is None or home is _running_loop()):
            raise AsyncBuildRequiredError(describe(key), describe(blocker))
        future, mine, builder = self._claim(key)
        if mine:
            self._launch(key, future)
        elif not future.done() and (builder is None and home is _running_loop()):
            raise AsyncBuildRequiredError(describe(key), "its build, which is under way,")
        return future.result()

    def _claim(self, key: Key) -> tuple[Building, bool, threading.Thread | None]:
        """Return the build of a key, whether the caller has to run it, and the thread that does (None: a task)."""
        with self._lock:
            value = self.singletons.get(key, MISSING)
            if value is not MISSING:
                done: Building = concurrent.futures.Future()
                done.set_result(value)
                return done, False, None
            under_way = self._building.get(key)
            if under_way is not None:
                return under_way[0], False, under_way[1]
            if self.ended or self.container.stopped:
                raise ContainerClosedError(describe(key))
            future: Building = concurrent.futures.Future()
            future.set_running_or_notify_cancel()  # a running future cannot be cancelled by one of its waiters
            thread = threading.current_thread() if needs_await(self, key, self.is_built) is None else None
            self._building[key] = (future, thread)
            return future, True, thread

    def _launch(self, key: Key, future: Building) -> None:
        """Run a build: in this thread when nothing is awaited, else as a task of the container's own loop."""
        context = contextvars.copy_context()
        context.run(current.set, None)
        if self._building[key][1] is not None:
            context.run(run_now, self._build(key, future), describe(key))
            return
        home = self.container.home_loop()
        if home is None:
            self._settle(key, future, error=WrongLoopError(describe(key)))
            return
        if home is _running_loop():
            self._start_task(home, self._build(key, future), context)
        else:
            home.call_soon_threadsafe(self._start_task, home, self._build(key, future), context)

    def _start_task(
        self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None], context: contextvars.Context
    ) -> None:
        task = loop.create_task(work, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _build(self, key: Key, future: Building) -> None:
        try:
            value = await self._make(key)
        except asyncio.CancelledError:
            self._settle(key, future, error=ContainerClosedError(describe(key)))
            raise
        except BaseException as error:
            self._settle(key, future, error=error)
        else:
            self._settle(key, future, value=value)

    def _settle(self, key: Key, future: Building, *, value: Any = None, error: BaseException | None = None) -> None:
        with self._lock:
            if error is None:
                self.singletons[key] = value
            del self._building[key]
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)

    async def _make(self, key: Key, path: tuple[Provider, ...] = ()) -> Any:
        node = self.node(key)
        provider = node.provider
        below = (*path, provider)
        args = [await self._dependency(each, below) for each in node.positional]
        kwargs = {name: await self._dependency(each, below) for name, each in node.keywords}
        self.note_use(key)
        started = time.perf_counter()
        if provider.timeout is None or not provider.is_async:
            value = await open_instance(provider, args, kwargs, self.closers, path)
        else:
            limit = asyncio.timeout(provider.timeout)
            try:
                async with limit:
                    value = await open_instance(provider, args, kwargs, self.closers, path)
            except TimeoutError as error:
                if not limit.expired():
                    raise
                raise StartTimeoutError(describe(key), provider.timeout, provider.location) from error
        self.durations[key] = time.perf_counter() - started
        return value

    async def _dependency(self, key: Key, path: tuple[Provider, ...]) -> Any:
        provider = self.node(key).provider
        self.note_use(key)
        if provider.lifetime is Lifetime.SINGLETON:
            return provider.make if provider.kind is Kind.VALUE else await self.owner(key).obtain(key)
        if provider.lifetime is Lifetime.SCOPED:
            raise CaptiveDependencyError(describe(path[0].key), describe(key))
        return await self._make(key, path)

    def transient_now(self, key: Key) -> Any:
        """Build a transient that holds singletons only, outside any scope."""
        blocker = needs_await(self, key, self.is_built)
        if blocker is not None:
            raise AsyncBuildRequiredError(describe(key), describe(blocker))
        for each in self.closure(key):
            if self.node(each).provider.lifetime is Lifetime.SCOPED:
                raise NoScopeError(describe(each))
        return run_now(self._make(key), describe(key))

    async def cancel_builds(self) -> None:
        """Cancel builds that are still under way, and wait until they are gone."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def close(self) -> list[BaseException]:
        """Close what was built in this layer, newest first."""
        self.ended = True
        errors = await close_all(self.closers, None)
        self.singletons.clear()
        return errors


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


# The innermost override of this context, of whatever container; None nearly always.
innermost: contextvars.ContextVar["Layer | None"] = contextvars.ContextVar("di_innermost_layer", default=None)
