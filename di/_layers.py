"""Layers: singletons with their single-flight builds, and the overrides that stand on top of them."""

import asyncio
import contextvars
import functools
import threading
import time
import warnings
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from di._builds import Build, running
from di._calls import complete_arguments
from di._graph import Graph, needs_await
from di._instances import Closer, add_need_note, close_all, open_instance, run_now
from di._keys import Key, describe
from di._marks import MISSING
from di._providers import Kind, Lifetime, Provider
from di._scope import Scope, current
from di._shielding import raise_grouped, shielded
from di.errors import (
    AsyncBuildRequiredError,
    CaptiveDependencyError,
    ContainerClosedError,
    CycleError,
    NoScopeError,
    StartTimeoutError,
    WrongLoopError,
    WrongLoopWarning,
)

if TYPE_CHECKING:
    from di._container import Container


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
        self.loops: dict[Key, asyncio.AbstractEventLoop] = {}  # of what was built with one and may depend on it
        self.resolved: set[Key] = set()
        self.ended = False
        self.late_errors: list[BaseException] = []  # of teardowns of what was built when the end had come
        self.held_by: set[Scope | Layer] = set()  # what may hold something of this override
        self._building: dict[Key, Build] = {}
        self._warned: set[tuple[Key, asyncio.AbstractEventLoop]] = set()
        self._lock = container.build_lock
        self._tasks: dict[asyncio.Task[None], Build] = {}

    def owner(self, key: Key) -> "Layer":
        """Return the layer that holds the instances of a key."""
        owner = super().owner(key)
        assert isinstance(owner, Layer)  # noqa: S101 - layers stand on layers
        return owner

    def overrides(self, key: Key) -> bool:
        """Whether an override answers for a key, seen from here."""
        return self.provider(key) is not self.container.root_layer.provider(key)

    def note_use(self, key: Key) -> None:
        """Remember that an overridden key was asked for, in this layer or one below."""
        layer: Layer | None = self
        while layer is not None and layer.parent is not None:
            if key in layer.providers:
                layer.resolved.add(key)
                return
            layer = layer.parent

    def stands_on(self, other: "Layer") -> bool:
        """Whether this layer is another one, or was put on top of it."""
        layer: Layer | None = self
        while layer is not None and layer is not other:
            layer = layer.parent
        return layer is other

    def reconsider(self, key: Key) -> None:
        """Build anew, when it is next asked for, whatever a provider that was put into this layer or below reaches."""
        self.forget()
        for each in list(self.singletons):
            closure = self.closure(each)
            if key in closure or any(self.node(below).provider.opaque for below in closure):
                del self.singletons[each]

    def is_built(self, key: Key) -> bool:
        """Whether a key is a singleton that exists already."""
        if not self.is_singleton(key):
            return False
        return self.node(key).provider.kind is Kind.VALUE or key in self.owner(key).singletons

    def warn_of_other_loop(self, key: Key) -> None:
        """Tell, once, that a singleton of this layer is used on another event loop than it was built on."""
        built_on = self.loops.get(key)
        here = _running_loop()
        if built_on is not None and here is not None and built_on is not here and (key, here) not in self._warned:
            self._warned.add((key, here))
            warnings.warn(WrongLoopWarning(describe(key), self.node(key).provider.location), stacklevel=2)

    def is_singleton(self, key: Key) -> bool:
        """Whether the container holds one instance of a key."""
        return self.node(key).provider.lifetime is Lifetime.SINGLETON

    async def obtain(self, key: Key) -> Any:
        """Return the singleton this layer owns, building it when it is not there.

        Many callers, one build: cancelling one of them neither stops the build nor spoils it for the others, and a
        build that failed may be tried again.
        """
        value = self.singletons.get(key, MISSING)
        if value is not MISSING:
            return value
        build, mine = self._claim(key, may_wait=True)
        if mine:
            self._launch(build)
        if build.future.done():  # without suspending: a build that runs without a loop may be the one that asks
            return build.future.result()
        return await asyncio.wrap_future(build.future)

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
        build, mine = self._claim(key, may_wait=False)
        if mine:
            self._launch(build)
        elif not build.future.done() and home is _running_loop() and build.waits_for_a_task():
            raise AsyncBuildRequiredError(describe(key), "its build, which is under way,")
        return build.future.result()

    def _claim(self, key: Key, *, may_wait: bool) -> tuple[Build, bool]:
        """Return the build of a key, and whether the caller has to launch it."""
        asking = running.get()
        with self._lock:
            build = self._building.get(key)
            mine = build is None
            if build is None:
                build = Build(key, None if self._awaits(key, may_wait=may_wait) else threading.current_thread())
                value = self.singletons.get(key, MISSING)
                if value is not MISSING:
                    build.future.set_result(value)
                    return build, False
                if self.closed:
                    raise ContainerClosedError(describe(key))
                self._building[key] = build
            elif asking is not None and (circle := build.way_to(asking)):
                raise CycleError([describe(each.key) for each in circle])
            if asking is not None:
                asking.waits_for.add(build)
        return build, mine

    def _awaits(self, key: Key, *, may_wait: bool) -> bool:
        """Whether a build has to be a task: for what it awaits, or (`may_wait`) so as not to block this thread."""

        def elsewhere(each: Key) -> bool:
            return may_wait and each != key and self.is_singleton(each) and self.owner(each).is_building(each)

        return needs_await(self, key, self.is_built, elsewhere) is not None

    @property
    def closed(self) -> bool:
        """Whether nothing may be built here any more."""
        return self.container.stopped or (self.ended and not self.further)

    @property
    def further(self) -> list["Layer"]:
        """The overrides that stand on this one, and have something left to close."""
        return [each for each in self.held_by if isinstance(each, Layer)]

    @property
    def scopes(self) -> list[Scope]:
        """The open scopes that may hold something of this override."""
        return [each for each in self.held_by if isinstance(each, Scope)]

    @property
    def may_close(self) -> bool:
        """Whether this is an override that has ended, and nothing open may hold what it made."""
        return self.ended and not self.held_by

    def remove(self) -> "Layer":
        """Forget an override that was closed; return the layer it stood on."""
        if self in self.container.overrides:
            self.container.overrides.remove(self)
        parent = self.parent
        assert parent is not None  # noqa: S101 - the root layer is no override
        parent.held_by.discard(self)
        return parent

    def _launch(self, build: Build) -> None:
        """Run a build: in this thread when nothing is awaited, else as a task of the container's own loop."""
        context = contextvars.copy_context()
        context.run(current.set, None)
        context.run(running.set, build)
        if build.thread is not None:
            context.run(run_now, self._build(build), describe(build.key))
            return
        home = self.container.home_loop()
        if home is None:
            self._settle(build, error=WrongLoopError(describe(build.key)))
            return
        if home is _running_loop():
            self._start_task(home, build, context)
        else:
            home.call_soon_threadsafe(self._start_task, home, build, context)

    def _start_task(self, loop: asyncio.AbstractEventLoop, build: Build, context: contextvars.Context) -> None:
        task = loop.create_task(self._build(build), context=context)
        self._tasks[task] = build
        task.add_done_callback(self._end_task)

    def _end_task(self, task: asyncio.Task[None]) -> None:
        build = self._tasks.pop(task)
        if not build.future.done():  # cancelled before its first step
            self._settle(build, error=ContainerClosedError(describe(build.key)))

    async def _build(self, build: Build) -> None:
        opened: list[Closer] = []
        outcome: BaseException | None = None
        try:
            value = await self._make(build.key, opened, may_await=build.thread is None)
            if self._keep(build.key, value, opened):
                self._settle(build, value=value)
                return
            error: BaseException = ContainerClosedError(describe(build.key))
        except asyncio.CancelledError as cancelled:
            outcome, error = cancelled, ContainerClosedError(describe(build.key))
        except BaseException as failure:
            error = outcome = failure
        try:
            failures = await _close_failed(opened, outcome, error, in_task=build.thread is None)
            if self.closed:
                self.late_errors += failures
        finally:
            self._settle(build, error=error)

    def _keep(self, key: Key, value: Any, opened: list[Closer]) -> bool:
        """Remember a singleton and what has to be closed for it, unless the end came meanwhile."""
        with self._lock:
            if self.closed:
                return False
            self.singletons[key] = value
            self.closers += opened
            loop = _running_loop()
            # Without a start there is no loop to keep to: then only what visibly depends on its loop counts.
            awaited = self.container.started and self.node(key).provider.is_async
            if loop is not None and (awaited or _is_bound_to_a_loop(value)):
                self.loops[key] = self.container.built_on = loop
            return True

    def _settle(self, build: Build, *, value: Any = None, error: BaseException | None = None) -> None:
        with self._lock:
            del self._building[build.key]
            build.waits_for.clear()
        if error is None:
            build.future.set_result(value)
        else:
            build.future.set_exception(error)

    async def _make(self, key: Key, opened: list[Closer], *, may_await: bool, path: tuple[Provider, ...] = ()) -> Any:
        node = self.node(key)
        provider = node.provider
        if provider.deferred is not None:
            return provider.make(provider.deferred, self)
        asked = time.perf_counter()
        below = (*path, provider)
        args = [await self._dependency(each, opened, below, may_await) for each in node.positional]
        kwargs = {name: await self._dependency(each, opened, below, may_await) for name, each in node.keywords}
        return await self._open(provider, args, kwargs, opened, path, asked)

    async def _open(
        self,
        provider: Provider,
        args: Sequence[object],
        kwargs: Mapping[str, object],
        opened: list[Closer],
        path: tuple[Provider, ...],
        asked: float,
    ) -> Any:
        key = provider.key
        self.note_use(key)
        started = time.perf_counter()
        opening = open_instance(provider, self, args, kwargs, opened, path, asked)
        if provider.timeout is None or not provider.is_async:
            value = await opening
        else:
            limit = asyncio.timeout(provider.timeout)
            try:
                async with limit:
                    value = await opening
            except TimeoutError as error:
                if not limit.expired():
                    raise
                raise StartTimeoutError(describe(key), provider.timeout, provider.location) from error
        self.durations[key] = time.perf_counter() - started
        return value

    async def _dependency(self, key: Key, opened: list[Closer], path: tuple[Provider, ...], may_await: bool) -> Any:
        provider = self.node(key).provider
        if provider.lifetime is Lifetime.SCOPED:
            raise CaptiveDependencyError(describe(path[0].key), describe(key))
        if provider.lifetime is Lifetime.TRANSIENT:
            return await self._make(key, opened, may_await=may_await, path=path)
        self.note_use(key)
        if provider.kind is Kind.VALUE:
            return provider.make
        owner = self.owner(key)
        try:
            return await owner.obtain(key) if may_await else owner.obtain_now(key)
        except BaseException as error:
            add_need_note(error, path)
            raise

    def transient_now(self, key: Key) -> Any:
        """Build a transient that holds singletons only, outside any scope."""
        blocker = needs_await(self, key, self.is_built)
        if blocker is not None:
            raise AsyncBuildRequiredError(describe(key), describe(blocker))
        for each in self.closure(key):
            if self.node(each).provider.lifetime is Lifetime.SCOPED:
                raise NoScopeError(describe(each))
        return run_now(self._make(key, self.closers, may_await=False), describe(key))

    # --- for Lazy and Factory that singletons hold ------------------------------------------------------------------

    async def deferred_instance(self, key: Key) -> Any:
        """Return a singleton, or make a transient that closes with this layer."""
        self.check(key)
        return await self._keeping(key, lambda opened: self._dependency(key, opened, (), may_await=True))

    async def deferred_build(self, key: Key, args: tuple[object, ...], kwargs: dict[str, object]) -> Any:
        """Make an instance that closes with this layer, with arguments for what is not injected."""
        provider = self.node(key).provider
        if provider.kind is Kind.VALUE:
            self.note_use(key)
            return provider.make

        async def build(opened: list[Closer]) -> Any:
            asked = time.perf_counter()
            obtain = functools.partial(self._dependency, opened=opened, path=(provider,), may_await=True)
            given, named = await complete_arguments(self, provider.parameters, args, kwargs, obtain)
            return await self._open(provider, given, named, opened, (), asked)

        return await self._keeping(key, build)

    async def _keeping(self, key: Key, make: Callable[[list[Closer]], Awaitable[Any]]) -> Any:
        """Make something outside of a single-flight build; what it opened closes with this layer."""
        opened: list[Closer] = []
        try:
            self._refuse_when_closed(key)
            value = await make(opened)
            with self._lock:
                self._refuse_when_closed(key)
                self.closers += opened
        except BaseException as error:
            await _close_failed(opened, error, error, in_task=True)
            raise
        return value

    def _refuse_when_closed(self, key: Key) -> None:
        if self.closed:
            raise ContainerClosedError(describe(key))

    def is_building(self, key: Key | None = None) -> bool:
        """Whether a singleton, or any, is being built."""
        return bool(self._building) if key is None else key in self._building

    async def cancel_builds(self) -> None:
        """Cancel builds that are still under way, and wait for those of this event loop to be gone."""
        loop = asyncio.get_running_loop()
        mine = {task for task in self._tasks if task.get_loop() is loop}
        for task in mine:
            task.cancel()
        for task in self._tasks.keys() - mine:
            if task.get_loop().is_running():
                task.get_loop().call_soon_threadsafe(task.cancel)
        if mine:
            await asyncio.wait(mine)


async def _close_failed(
    opened: list[Closer], outcome: BaseException | None, error: BaseException, *, in_task: bool
) -> Sequence[BaseException]:
    """Close what was opened for something that will not be used; note on its error, and return, what goes wrong."""
    closing = close_all(opened, outcome)
    try:
        if in_task:
            await shielded(closing, "closing")
        else:
            raise_grouped("closing", await closing)
    except BaseExceptionGroup as group:
        for failure in group.exceptions:
            error.add_note(f"and then: {failure!r}")
        return group.exceptions
    return ()


def _is_bound_to_a_loop(value: object) -> bool:
    """Whether an object remembers an event loop, as pools and sessions of asyncio clients do."""
    return isinstance(getattr(value, "__dict__", {}).get("_loop"), asyncio.AbstractEventLoop)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


# The innermost override of this context, of whatever container; None nearly always.
innermost: contextvars.ContextVar["Layer | None"] = contextvars.ContextVar("di_innermost_layer", default=None)
