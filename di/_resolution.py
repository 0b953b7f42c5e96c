"""What a scope holds, and how it comes to hold it: resolving, and handing over to and from compiled plans."""

import asyncio
import contextvars
import sys
import time
import types
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar

from di._calls import complete_arguments
from di._deferred import Factory
from di._graph import Node, unbuilt
from di._instances import Closer, add_need_note, open_instance, run_now
from di._keys import Key, describe, key_of
from di._marks import MISSING
from di._pending import Pending
from di._providers import Kind, Lifetime, Provider
from di.errors import AsyncBuildRequiredError, CycleError, ScopeClosedError

if TYPE_CHECKING:
    from di._container import Container
    from di._layers import Layer
    from di._scope import Scope

T = TypeVar("T")

Callback = Callable[[], Awaitable[object] | object]
FRESH, USED, BUSY = 0, 1, 2  # states of a scope: nobody resolved yet; somebody did; a compiled plan is at work


class Plan(Protocol):
    """A compiled plan, as a scope knows it: the keys it builds, in order, and where its code keeps them."""

    keys: tuple[Key, ...]
    names: tuple[str, ...]
    code: types.CodeType | None


# What a plan tells: values of its keys, from a number on, and what was told before.
Published = tuple[Plan, int, tuple[Any, ...], "Published | None"]


class Resolution(ABC):
    """The instances of one unit of work.

    A compiled plan keeps what it builds in its own variables. It tells the scope (`published`) before it awaits and at
    its end; code that it calls in between and that resolves by itself finds them in its frame.
    """

    __slots__ = (
        "__weakref__",
        "_asking_through_overrides",
        "_closed",
        "_defers",
        "_failure",
        "_foreign",
        "_instances",
        "_layered",
        "_loop",
        "_pending",
        "_seeds",
        "_token",
        "_told",
        "closers",
        "container",
        "disturbed",
        "in_flight",
        "outer",
        "parent",
        "published",
        "running",
        "state",
        "success_callbacks",
    )

    def __init__(self, container: "Container", outer: "Scope | None") -> None:
        self.container = container
        self.outer = outer
        self.parent: Scope | None = None  # whose child it is
        self.closers: list[Closer] = []
        self.state = FRESH
        self.disturbed = False  # whether anybody resolved since a plan began; the plan then steps aside
        self._told = 0  # how many values of a plan have found their place here
        self.published: Published | None = None
        self.running: Plan | None = None
        self.in_flight: tuple[Key | None, asyncio.Task[Any] | None] | None = None  # what a compiled plan awaits
        self._instances: dict[Key, Any] = {}
        self._layered: dict[Layer, dict[Key, Any]] | None = None
        self._pending: dict[tuple[Layer, Key], Pending] | None = None
        self._seeds: dict[Key, Any] | None = None
        self.success_callbacks: list[Callback] | None = None
        self._failure: BaseException | None = None
        self._token: contextvars.Token[Scope | None] | None = None
        self._asking_through_overrides = 0  # how many ask at the moment
        self._closed = False
        self._defers = False  # whether anything may be opened after those that hold it
        self._foreign = False  # whether singletons were built on another loop; every use of one is looked at then
        self._loop = loop = asyncio.get_running_loop()
        built_on = container.built_on
        if built_on is not loop and built_on is not None:
            self.state, self._foreign = USED, True

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
            plan = self.container.plans.of(wanted) if layer.parent is None else None
            value = await (self._obtain_here(wanted, layer) if plan is None else plan.call_otherwise(self, {}))
        elif layer.is_singleton(wanted):
            layer.owner(wanted).warn_of_other_loop(wanted)
            value = await layer.owner(wanted).obtain(wanted)
        else:
            handed_over = asyncio.run_coroutine_threadsafe(self._obtain_here(wanted, layer), self._loop)
            value = await asyncio.wrap_future(handed_over)
        return value  # type: ignore[no-any-return]  # instances are stored untyped

    async def resolve_slowly(self, key: Key) -> Any:
        """Do what `resolve` does on the scope's own loop, without a compiled plan."""
        return await self._obtain_here(key, self._admit(key, key))

    def get(self, key: type[T]) -> T:
        """Return the instance of a type from synchronous code.

        What is built comes at once. In a worker thread it waits for the scope's loop to build the rest.

        Raises:
            AsyncBuildRequiredError: on the loop's own thread, something has to be awaited first.
        """
        wanted, layer = self._enter(key)
        if self._on_own_loop():
            self._disturb()
            value = self._shared(wanted, layer)
            if value is MISSING:
                value = self._get_on_loop(wanted, layer)
        elif layer.is_singleton(wanted):
            value = self._shared(wanted, layer)
            if value is MISSING:
                value = layer.owner(wanted).obtain_now(wanted)
        else:
            value = self.peek(wanted, layer)
            if value is MISSING:
                value = asyncio.run_coroutine_threadsafe(self._obtain_here(wanted, layer), self._loop).result()
        return value  # type: ignore[no-any-return]  # instances are stored untyped

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
        return layer

    def _on_own_loop(self) -> bool:
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return not self._loop.is_running()

    async def _obtain_here(self, key: Key, layer: "Layer") -> Any:
        """Obtain for somebody who is no compiled plan, on the scope's own loop."""
        self._disturb()
        return await self._asking(layer, self._obtain(key, layer))

    async def _asking(self, layer: "Layer", work: Coroutine[Any, Any, T]) -> T:
        """Do what somebody asks for as seen from a layer; an override that ends meanwhile takes nothing from here."""
        self._asking_through_overrides += layer.parent is not None
        try:
            return await work
        finally:
            self._asking_through_overrides -= layer.parent is not None

    def _get_on_loop(self, wanted: Key, layer: "Layer") -> Any:
        missing = list(unbuilt(layer, wanted, lambda each: self._shared(each, layer) is not MISSING))
        for node in missing:
            if node.provider.is_async:
                raise AsyncBuildRequiredError(describe(wanted), describe(node.provider.key))
        for node in missing:
            if node.provider.lifetime is Lifetime.SINGLETON:
                layer.owner(node.provider.key).obtain_now(node.provider.key)
        return run_now(self._obtain(wanted, layer), describe(wanted))

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
            if owner.parent is not None:
                self._store(owner)  # from now on it may be held here
            return owner.singletons.get(key, MISSING)
        if self._seeds is not None and key in self._seeds and not layer.overrides(key):
            return self._seeds[key]  # whatever happens to what its provider would need
        return self._store(layer.owner(key)).get(key, MISSING)

    def peek(self, key: Key, layer: "Layer") -> Any:
        """Return what anybody may take without asking the loop, MISSING if nothing: reading changes nothing."""
        owner = layer.owner(key)
        if layer.node(key).provider.kind is Kind.SCOPE:
            return self
        if owner.parent is not None:
            return (self._layered or {}).get(owner, {}).get(key, MISSING)
        value = self._instances.get(key, MISSING)
        published = self.published
        while value is MISSING and published is not None:
            plan, start, values, published = published
            value = dict(zip(plan.keys[start:], values, strict=False)).get(key, MISSING)
        return value

    def _store(self, owner: "Layer") -> dict[Key, Any]:
        if owner.parent is None:
            return self.built()
        if self._layered is None:
            self._layered = {}
        store = self._layered.get(owner)
        if store is None:
            store = {}
            if not self._closed:
                self._layered[owner] = store
                owner.held_by.add(self)  # type: ignore[arg-type]  # every resolution is a scope
        return store

    async def _obtain(self, key: Key, layer: "Layer", path: tuple[Provider, ...] = ()) -> Any:
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
        args = [await self._obtain(each, layer, below) for each in node.positional]
        kwargs = {name: await self._obtain(each, layer, below) for name, each in node.keywords}
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
        self.closers += opened
        if self.closed:
            await self.refuse_late(describe(provider.key))
        return value

    @property
    def closed(self) -> bool:
        """Whether the unit of work has ended."""
        return self._closed

    @abstractmethod
    async def refuse_late(self, wanted: str) -> NoReturn:
        """Close what was opened after the unit of work had ended, and raise `ScopeClosedError`."""

    # --- what is built later: Lazy and Factory ----------------------------------------------------------------------

    def defer(self, provider: Provider) -> Any:
        """Return the `Lazy` or `Factory` of this scope that a provider stands for."""
        self._defers = True
        return provider.make(provider.deferred, self)

    async def deferred_instance(self, key: Key) -> Any:
        """Return the instance of a key to a `Lazy`."""
        return await self.resolve(key)  # type: ignore[arg-type]  # keys are what resolve takes

    async def deferred_build(self, key: Key, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Any:
        """Make an instance that closes with this scope, with arguments for what is not injected."""
        layer = self._admit(key, Factory[key])  # type: ignore[valid-type]  # a key made at run time
        building = self._asking(layer, self._build_here(key, layer, args, kwargs))
        if asyncio.get_running_loop() is self._loop:
            return await building
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(building, self._loop))

    async def _build_here(
        self, key: Key, layer: "Layer", args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> Any:
        self._disturb()
        provider = layer.node(key).provider
        if provider.kind is Kind.VALUE:
            return provider.make
        asked = time.perf_counter()

        async def obtain(each: Key) -> Any:
            return await self._obtain(each, layer, (provider,))

        given, named = await complete_arguments(layer, provider.parameters, args, kwargs, obtain)
        return await self._open(provider, layer, given, named, (), asked)

    # --- with compiled plans ----------------------------------------------------------------------------------------

    def seed(self, key: Key, value: Any) -> None:
        """Put a finished object in the place of a scoped type, before anybody asked for it."""
        self._instances[key] = value
        self.state = USED
        if self._seeds is None:
            self._seeds = {}
        self._seeds[key] = value

    def built(self) -> dict[Key, Any]:
        """Return the objects of the root layer, also those that a plan has told of and nobody asked for so far."""
        instances, published = self._instances, self.published
        self.published = None
        if published is not None:
            self._told = published[1] + len(published[2])
        while published is not None:
            plan, start, values, published = published
            for key, value in zip(plan.keys[start:], values, strict=False):
                instances.setdefault(key, value)
        return instances

    def seeded(self, key: Key) -> Any:
        """Return a finished object that was put there, or let its provider say why it was not."""
        value = self._instances.get(key, MISSING)
        return self.container.root_layer.node(key).provider.make() if value is MISSING else value

    def is_quiet(self, seeded: AbstractSet[Key]) -> bool:
        """Whether a plan may take over: nobody else builds here, and nothing is given that it does not know of."""
        known = self._seeds is None or self._seeds.keys() <= seeded
        return known and self.state is not BUSY and not self._pending and not self._foreign

    def land(self, key: Key | None, value: Any) -> None:
        """Give an object that a plan has awaited to those who wait for it."""
        pending = self._pending.pop((self.container.root_layer, key), None) if self._pending else None
        if pending is not None:
            pending.future.set_result(value)

    def take(self, plan: Plan, values: tuple[Any, ...]) -> None:
        """Take what a plan has built that works no longer; what somebody has found before may be released by now."""
        self.built()
        self.published, self.running, self.state = (plan, self._told, values[self._told :], None), None, USED

    def crash(self, plan: Plan, error: BaseException, values: tuple[Any, ...]) -> None:
        """Take what a plan had built when it failed, and tell those who wait for what was in flight."""
        self.take(plan, values)
        in_flight, self.in_flight = self.in_flight, None
        if in_flight is not None and self._pending:
            pending = self._pending.pop((self.container.root_layer, in_flight[0]), None)
            if pending is not None:
                pending.fail(error)

    def _disturb(self) -> None:
        """Make a plan at work step aside: find what it has built, and let others wait for what it awaits."""
        if self.state is FRESH:
            self.state = USED
        self.disturbed = True
        if self.in_flight is not None:
            key, task = self.in_flight
            if key is not None:
                if self._pending is None:
                    self._pending = {}
                self._pending.setdefault((self.container.root_layer, key), Pending(self._loop.create_future(), task))
        elif self.running is not None:
            self.published = (self.running, 0, self._values_in_frame(self.running), None)

    def _values_in_frame(self, plan: Plan) -> tuple[Any, ...]:
        """Return what a plan has built that is at work further up in this thread: its constructors called us."""
        frame: types.FrameType | None = sys._getframe(1)  # noqa: SLF001 - the documented way to look at callers
        while frame is not None and (frame.f_code is not plan.code or frame.f_locals["scope"] is not self):
            frame = frame.f_back
        return () if frame is None else values_of(plan, frame.f_locals)


def values_of(plan: Plan, variables: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what a plan has built so far, in order, from the variables of its code."""
    values = []
    for name in plan.names:
        if name not in variables:
            break
        values.append(variables[name])
    return tuple(values)
