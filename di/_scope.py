"""Scope: one unit of work, the instances shared inside it, and its end."""

import asyncio
import contextvars
import time
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar, overload

from di._calls import complete_arguments
from di._deferred import Factory
from di._graph import Node, unbuilt
from di._instances import (
    MISSING,
    Closer,
    add_need_note,
    call,
    close_all,
    closes_synchronously,
    open_instance,
    run_now,
    shielded,
)
from di._keys import Key, describe, key_of
from di._pending import Pending
from di._providers import Kind, Lifetime, Provider
from di._release import Holders, callbacks_of, in_closing_order
from di.errors import AsyncBuildRequiredError, CycleError, NoScopeError, NotReleasableError, ScopeClosedError

if TYPE_CHECKING:
    from di._container import Container
    from di._layers import Layer

T = TypeVar("T")

# The innermost open scope of this context. Set by container.scope(), child(), spawn() and RequestScopeMiddleware alone.
current: contextvars.ContextVar["Scope | None"] = contextvars.ContextVar("di_current_scope", default=None)


def current_scope() -> "Scope":
    """Return the innermost open scope of this context; works in tasks, and in threads that copied the context.

    Raises:
        NoScopeError: no scope is open here.
    """
    scope = current.get()
    if scope is None:
        raise NoScopeError("current_scope()")
    return scope


class Scope:
    """One unit of work: an HTTP request, a WebSocket connection, a job, a command, a test.

    Inside it a scoped type is one object, for all tasks and threads. Opened with `async with container.scope()`, or by
    `RequestScopeMiddleware`; it closes once, in reverse order of building, and is told how the work ended.
    """

    __slots__ = (
        "__weakref__",
        "_callbacks",
        "_closed",
        "_closers",
        "_defers",
        "_failure",
        "_in_flight",
        "_instances",
        "_layered",
        "_loop",
        "_pending",
        "_seeds",
        "_token",
        "connection",
        "container",
        "disturbed",
        "entered",
        "outer",
    )

    def __init__(self, container: "Container", outer: "Scope | None", connection: Any = None) -> None:
        self.container = container
        self.outer = outer
        self.connection = connection  # whatever opened the scope wants to hand to its providers
        self._loop = loop = asyncio.get_running_loop()
        built_on = container.built_on
        # Whether anything was resolved; a compiled plan needs a scope of its own, on the loop of its singletons.
        self.entered = built_on is not None and built_on is not loop
        self.disturbed = False  # whether anybody resolved since; a compiled plan then steps aside
        self._closed = False
        self._failure: BaseException | None = None
        self._instances: dict[Key, Any] = {}
        self._layered: dict[Layer, dict[Key, Any]] | None = None
        self._pending: dict[tuple[Layer, Key], Pending] | None = None
        self._seeds: dict[Key, Any] | None = None
        self._defers = False  # whether anything may be opened after those that hold it
        self._closers: list[Closer] = []
        self._callbacks: list[Callable[[], Awaitable[object] | object]] | None = None
        self._in_flight: tuple[Key, asyncio.Task[Any] | None] | None = None  # what a compiled plan awaits
        self._token: contextvars.Token[Scope | None] | None = None

    # --- resolving -------------------------------------------------------------------------------------------------

    async def resolve(self, key: type[T]) -> T:
        """Return the instance of a type, building whatever it needs.

        Works from any task, thread or event loop; the building is done on the scope's own loop.

        Raises:
            ScopeClosedError: the unit of work has ended.
            MissingProviderError, CycleError, CaptiveDependencyError: the graph has a problem there.
        """
        wanted, layer = self._enter(key)
        if asyncio.get_running_loop() is self._loop:
            value = await self._obtain_here(wanted, layer)
        elif layer.is_singleton(wanted):
            layer.owner(wanted).warn_of_other_loop(wanted)
            value = await layer.owner(wanted).obtain(wanted)
        else:
            handed_over = asyncio.run_coroutine_threadsafe(self._obtain_here(wanted, layer), self._loop)
            value = await asyncio.wrap_future(handed_over)
        return value  # type: ignore[no-any-return]  # instances are stored untyped

    def get(self, key: type[T]) -> T:
        """Return the instance of a type from synchronous code.

        What is built comes at once. In a worker thread it waits for the scope's loop to build the rest.

        Raises:
            AsyncBuildRequiredError: on the loop's own thread, something has to be awaited first.
        """
        wanted, layer = self._enter(key)
        value = self._shared(wanted, layer)
        if value is MISSING:
            if self._on_own_loop():
                value = self._get_on_loop(wanted, layer)
            elif layer.is_singleton(wanted):
                value = layer.owner(wanted).obtain_now(wanted)
            else:
                value = asyncio.run_coroutine_threadsafe(self._obtain_here(wanted, layer), self._loop).result()
        return value  # type: ignore[no-any-return]  # instances are stored untyped

    async def _obtain_here(self, key: Key, layer: "Layer") -> Any:
        """Obtain for somebody who is no compiled plan, on the scope's own loop."""
        self._disturb()
        return await self.obtain(key, layer)

    def _get_on_loop(self, wanted: Key, layer: "Layer") -> Any:
        missing = list(unbuilt(layer, wanted, lambda each: self._shared(each, layer) is not MISSING))
        for node in missing:
            if node.provider.is_async:
                raise AsyncBuildRequiredError(describe(wanted), describe(node.provider.key))
        for node in missing:
            if node.provider.lifetime is Lifetime.SINGLETON:
                layer.owner(node.provider.key).obtain_now(node.provider.key)
        return run_now(self._obtain_here(wanted, layer), describe(wanted))

    def _enter(self, hint: Any) -> tuple[Key, "Layer"]:
        key = key_of(hint)[0]
        return key, self._admit(key, key)

    def _admit(self, key: Key, checked: Key) -> "Layer":
        """Return the layer that answers, unless the scope has closed or the graph has a problem below a key."""
        if self._closed:
            raise ScopeClosedError(describe(key))
        layer = self.container.active_layer()
        layer.check(checked)
        layer.note_use(key)
        self.entered = True
        return layer

    def _on_own_loop(self) -> bool:
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return not self._loop.is_running()

    def _shared(self, key: Key, layer: "Layer") -> Any:
        """Return the shared instance of a key if it exists."""
        provider = layer.node(key).provider
        if provider.kind is Kind.SCOPE:
            return self
        if provider.lifetime is Lifetime.SINGLETON:
            if provider.kind is Kind.VALUE:
                return provider.make
            owner = layer.owner(key)
            if self.container.built_on is not self._loop:
                owner.warn_of_other_loop(key)
            return owner.singletons.get(key, MISSING)
        return self._store(layer.owner(key)).get(key, MISSING)

    def _store(self, owner: "Layer") -> dict[Key, Any]:
        if owner.parent is None:
            return self._instances
        if self._layered is None:
            self._layered = {}
        return self._layered.setdefault(owner, {})

    async def obtain(self, key: Key, layer: "Layer", path: tuple[Provider, ...] = ()) -> Any:
        """Return the instance of a checked key on the scope's own loop, as seen from a layer."""
        node = layer.node(key)
        if layer.parent is not None:
            layer.note_use(key)
        if node.provider.lifetime is Lifetime.TRANSIENT:
            return await self._make(node, layer, path)
        value = self._shared(key, layer)
        if value is not MISSING:
            return value
        owner = layer.owner(key)
        if node.provider.lifetime is Lifetime.SINGLETON:
            try:
                return await owner.obtain(key)
            except BaseException as error:
                add_need_note(error, path)
                raise
        store = self._store(owner)
        while (value := store.get(key, MISSING)) is MISSING:
            pending = self._pending.get((owner, key)) if self._pending else None
            if pending is None:
                return await self._make_shared(node, layer, owner, path)
            if pending.task is not None and pending.task is asyncio.current_task():
                raise CycleError([describe(key)])
            await asyncio.wait([pending.future])
            if not pending.future.cancelled():
                return pending.future.result()
        return value

    async def _make_shared(self, node: Node, layer: "Layer", owner: "Layer", path: tuple[Provider, ...]) -> Any:
        key = node.provider.key
        if self._pending is None:
            self._pending = {}
        pending = self._pending[owner, key] = Pending(self._loop.create_future(), asyncio.current_task(self._loop))
        try:
            value = await self._make(node, layer, path)
        except BaseException as error:
            pending.fail(error)
            raise
        else:
            self._store(owner)[key] = value
            pending.future.set_result(value)
            return value
        finally:
            del self._pending[owner, key]

    async def _make(self, node: Node, layer: "Layer", path: tuple[Provider, ...]) -> Any:
        provider = node.provider
        if provider.deferred is not None:
            return self.defer(provider)
        asked = time.perf_counter() if self.container.observers else 0.0
        below = (*path, provider)
        args = [await self.obtain(each, layer, below) for each in node.positional]
        kwargs = {name: await self.obtain(each, layer, below) for name, each in node.keywords}
        return await self._open(provider, layer, args, kwargs, path, asked)

    async def _open(
        self,
        provider: Provider,
        layer: "Layer",
        args: list[Any],
        kwargs: dict[str, Any],
        path: tuple[Provider, ...],
        asked: float,
    ) -> Any:
        if self._closed:
            raise ScopeClosedError(describe(provider.key))
        opened: list[Closer] = []
        value = await open_instance(provider, layer, args, kwargs, opened, path, asked)
        self._closers += opened
        if self.closed:
            await self.refuse_late(describe(provider.key))
        return value

    # --- what is built later: Lazy and Factory ----------------------------------------------------------------------

    def defer(self, provider: Provider) -> Any:
        """Return the `Lazy` or `Factory` of this scope that a provider stands for."""
        self._defers = True
        return provider.make(provider.deferred, self)

    async def deferred_instance(self, key: Key) -> Any:
        """Return the instance of a key to a `Lazy`."""
        return await self.resolve(key)  # type: ignore[arg-type]  # keys are what resolve takes

    async def deferred_build(self, key: Key, args: tuple[object, ...], kwargs: dict[str, object]) -> Any:
        """Make an instance that closes with this scope, with arguments for what is not injected."""
        layer = self._admit(key, Factory[key])  # type: ignore[valid-type]  # a key made at run time
        building = self._build_here(key, layer, args, kwargs)
        if asyncio.get_running_loop() is self._loop:
            return await building
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(building, self._loop))

    async def _build_here(self, key: Key, layer: "Layer", args: tuple[object, ...], kwargs: dict[str, object]) -> Any:
        self._disturb()
        provider = layer.node(key).provider
        if provider.kind is Kind.VALUE:
            return provider.make
        asked = time.perf_counter()

        async def obtain(each: Key) -> Any:
            return await self.obtain(each, layer, (provider,))

        given, named = await complete_arguments(layer, provider.parameters, args, kwargs, obtain)
        return await self._open(provider, layer, given, named, (), asked)

    # --- compiled plans ---------------------------------------------------------------------------------------------

    def seed(self, key: Key, value: Any) -> None:
        """Put a finished object in the place of a scoped type, before anybody asked for it."""
        self._instances[key] = value
        if self._seeds is None:
            self._seeds = {}
        self._seeds[key] = value

    def begin_plan(self) -> dict[Key, Any]:
        """Let a compiled plan build; whatever it makes belongs into the returned mapping at once."""
        self.entered = True
        return self._instances

    def depart(self, key: Key) -> None:
        """Tell that a compiled plan is about to await an object."""
        self._in_flight = (key, asyncio.current_task(self._loop))

    def land(self, key: Key, value: Any) -> bool:
        """Take an object that a compiled plan has awaited; return whether the plan has to step aside."""
        self._instances[key] = value
        self._in_flight = None
        pending = self._pending.pop((self.container.root_layer, key), None) if self._pending else None
        if pending is not None:
            pending.future.set_result(value)
        return self.interrupted()

    def interrupted(self) -> bool:
        """Whether somebody resolved in this scope, or closed it, while a compiled plan awaited."""
        return self.disturbed or self._closed

    def crash(self, error: BaseException) -> None:
        """Tell those who wait for the object in flight that it will not come."""
        in_flight, self._in_flight = self._in_flight, None
        if in_flight is not None and self._pending:
            pending = self._pending.pop((self.container.root_layer, in_flight[0]), None)
            if pending is not None:
                pending.fail(error)

    def _disturb(self) -> None:
        """Make a compiled plan step aside, and its build in flight one that others can wait for."""
        self.disturbed = True
        if self._in_flight is not None:
            key, task = self._in_flight
            if self._pending is None:
                self._pending = {}
            self._pending.setdefault((self.container.root_layer, key), Pending(self._loop.create_future(), task))

    # --- closing what is open ---------------------------------------------------------------------------------------

    async def refuse_late(self, wanted: str) -> NoReturn:
        """Close what was opened after the unit of work had ended, and raise `ScopeClosedError`."""
        errors = await self._close_opened()
        raise ScopeClosedError(wanted) from (_teardown_group(errors) if errors else None)

    async def _close_opened(self) -> list[BaseException]:
        closers, self._closers = self._closers, []  # what is opened from now on is closed by whoever opens it
        if self._defers:
            closers = in_closing_order(closers)
        closing = close_all(closers, self._failure)
        return await (closing if closes_synchronously(closers) else shielded(closing))

    def opened(self, provider: Provider, handle: Any) -> None:
        """Remember a resource that a compiled plan has opened."""
        self._closers.append(Closer(provider, handle, self.container.root_layer))

    async def release(self, key: type[T]) -> None:
        """Tear the object of a scoped type down early, with the objects that hold it; the next resolve builds anew.

        For long work that gives its connection back. `on_success` callbacks that are methods of what goes (such as
        `session.commit`) run first. Releasing what was not built does nothing.

        Raises:
            NotReleasableError: the type is no scoped one.
            BaseExceptionGroup: some teardowns failed; all were tried.
        """
        wanted, layer = self._enter(key)
        provider = layer.node(wanted).provider
        if provider.lifetime is not Lifetime.SCOPED or provider.kind is Kind.SCOPE:
            raise NotReleasableError(describe(wanted), provider.lifetime.value)
        releasing = self._release_here(Holders(wanted, layer.owner(wanted)))
        if asyncio.get_running_loop() is self._loop:
            await releasing
        else:
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(releasing, self._loop))

    async def _release_here(self, holders: Holders) -> None:
        self._disturb()
        while waiting := [
            pending.future
            for (owner, each), pending in (self._pending or {}).items()
            if holders.include(each, owner) and pending.task is not asyncio.current_task()
        ]:
            await asyncio.wait(waiting)
        instances = holders.take_instances({self.container.root_layer: self._instances, **(self._layered or {})})
        gone, self._closers = holders.split(self._closers)
        closing = self._close_released(gone, callbacks_of(instances, self._callbacks or []))
        errors = await shielded(closing)
        if errors:
            raise _teardown_group(errors)

    async def _close_released(self, gone: list[Closer], callbacks: list[Callable[[], object]]) -> list[BaseException]:
        for callback in callbacks:
            self._callbacks.remove(callback)  # type: ignore[union-attr]  # they were found in it
            try:
                if self._failure is None:
                    await call(callback)
            except BaseException as error:
                self.fail(error)
                return [error, *await close_all(in_closing_order(gone), error)]
        return await close_all(in_closing_order(gone), self._failure)

    # --- further scopes ---------------------------------------------------------------------------------------------

    def child(self) -> "Scope":
        """Open a nested unit of work, such as a message or an item of a batch: `async with scope.child() as child`.

        It has scoped objects and an outcome of its own, and sees the connection and the provided values of its parent.
        """
        if self._closed:
            raise ScopeClosedError("child()")
        child = Scope(self.container, self, self.connection)
        for key, value in (self._seeds or {}).items():
            child.seed(key, value)
        return child

    @overload
    def spawn(
        self, function: Callable[..., Coroutine[Any, Any, T]], *args: object, **kwargs: object
    ) -> "asyncio.Task[T]": ...

    @overload
    def spawn(self, function: Callable[..., T], *args: object, **kwargs: object) -> "asyncio.Task[T]": ...

    def spawn(self, function: Callable[..., Any], *args: object, **kwargs: object) -> "asyncio.Task[Any]":
        """Run a function in the background, in a scope of its own that outlives this one; a plain one in a thread.

        Parameters that are not given are injected from the new scope, by their types. `container.stop()` waits for the
        work up to its `spawn_timeout`. A failure is logged, and raised to whoever awaits the task.

        Raises:
            ScopeClosedError, ContainerClosedError
        """
        if self._closed:
            raise ScopeClosedError(f"spawn({describe(function)})")
        task: asyncio.Task[Any] = self.container.spawned.start(self._loop, function, args, kwargs)
        return task

    # --- the end ----------------------------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """Whether the unit of work has ended."""
        return self._closed

    @property
    def failure(self) -> BaseException | None:
        """The exception the unit of work failed with, if it did."""
        return self._failure

    def fail(self, error: BaseException) -> None:
        """Declare the work failed: generator providers get `error` raised at their `yield`. The first one counts."""
        if self._failure is None:
            self._failure = error

    def on_success(self, callback: Callable[[], Awaitable[object] | object]) -> None:
        """Run `callback` after the work succeeded and before its result is told to anybody.

        Callbacks run in order of registration; the first that raises stops the rest and fails the unit of work.
        """
        if self._closed:
            raise ScopeClosedError("on_success()")
        if self._callbacks is None:
            self._callbacks = []
        self._callbacks.append(callback)

    @property
    def awaits_success(self) -> bool:
        """Whether `succeed` has something to do."""
        return bool(self._callbacks) and self._failure is None

    async def succeed(self) -> None:
        """Run the `on_success` callbacks once, unless the work failed."""
        while self._callbacks and self._failure is None:
            try:
                await call(self._callbacks.pop(0))
            except BaseException as error:
                self.fail(error)
                raise

    @property
    def needs_closing(self) -> bool:
        """Whether `close` has something to close."""
        return bool(self._closers)

    def end(self) -> None:
        """Close a scope in which nothing is open."""
        self._closed = True
        if self.container.debug:
            self._watch_leaks()

    async def close(self) -> None:
        """Close what was opened, newest first, shielded from cancellation.

        Raises:
            BaseExceptionGroup: some resources failed to close; all of them were tried.
        """
        if self._closed:
            return
        self._closed = True
        if self._closers:
            errors = await self._close_opened()
        else:
            errors = []
        if self.container.debug:
            self._watch_leaks()
        if errors:
            raise _teardown_group(errors)

    def _watch_leaks(self) -> None:
        stores = {self.container.root_layer: self._instances, **(self._layered or {})}
        for layer, store in stores.items():
            made = {key: value for key, value in store.items() if key not in (self._seeds or ())}
            self.container.leak_watch.watch(made, layer, self._loop)
            store.clear()

    async def __aenter__(self) -> Self:
        self._token = current.set(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if error is not None:
                self.fail(error)
            await self.succeed()
        finally:
            try:
                await self.close()
            finally:
                if self._token is not None:
                    current.reset(self._token)


def _teardown_group(errors: list[BaseException]) -> BaseExceptionGroup[BaseException]:
    return BaseExceptionGroup("errors while closing the scope", errors)
