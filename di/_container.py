"""The container: registration, start and stop, scopes and overrides. A lagom container on the outside."""

import asyncio
import threading
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from lagom.definitions import ConstructionWithoutContainer
from lagom.interfaces import ContainerDebugInfo, SpecialDepDefinition

from di._baseline import read_baseline, refuse_new
from di._compiler import ResolvePlans
from di._events import Listener, Observers
from di._health import Health, look_after
from di._keys import Key, describe, key_of
from di._lagom import DefinitionReader
from di._layers import Layer, innermost
from di._leaks import Leak, LeakWatch
from di._lifecycle import close_override, start_singletons, stop_singletons
from di._overlay import DefinitionsOverride
from di._overrides import Override
from di._places import calling_line
from di._providers import Kind, Lifetime, Provider
from di._registration import Registration
from di._roots import Roots, read_roots
from di._scope import Scope, current
from di._shielding import SpareTask, shielded
from di._spawned import SpawnedWork
from di._unscoped import get_unscoped
from di._validation import ProblemId, examine, unsound_keys
from di.errors import (
    ContainerClosedError,
    DiError,
    InvalidProviderError,
    UnsupportedLagomFeatureError,
)

if TYPE_CHECKING:
    from di._graph_view import GraphView

T = TypeVar("T")


class Container(Registration):
    """Holds providers, the singletons made from them, and opens scopes.

    Args:
        autowire: build unregistered concrete classes from their constructor hints, as transients; `autowired` lists
            them.
        compiled: build what routes and jobs need by generated functions; off, everything is built step by step, the
            same but slower, where a debugger can follow.
        debug: report scoped objects that are still alive after their scope closed, with who holds them. Slow.
        spawn_timeout: seconds that `stop` waits for what `scope.spawn` started.
    """

    # What every request reads: CPython reads attributes of a subclass of lagom's compiled class slowly, but not slots.
    __slots__ = ("built_on", "debug", "detour", "spare")

    def __init__(
        self, *, autowire: bool = False, compiled: bool = True, debug: bool = False, spawn_timeout: float = 10.0
    ) -> None:
        super().__init__()
        self.overridden = 0  # how many overrides last, in any context
        self.detour = debug + (not compiled)  # how many reasons plans have to step aside: overrides, listeners, these
        self.debug = debug
        self.observers = Observers()
        self.spare = SpareTask()
        self.spawned = SpawnedWork(self, spawn_timeout)
        self.built_on: asyncio.AbstractEventLoop | None = None  # where the last loop-bound singleton was built
        self.started = False
        self.stopped = False
        self.failures: dict[Key, BaseException] = {}
        self.build_lock = threading.Lock()  # one for all layers: builds of one may wait for builds of another
        self.root_layer = Layer(self, {}, autowire=autowire)
        self.overrides: list[Layer] = []  # those that last, and those with something left to close
        self.leak_watch = LeakWatch(self.root_layer)
        self.plans = ResolvePlans(self.root_layer)
        self._on_stop: list[Callable[[], None]] = []
        self._home: asyncio.AbstractEventLoop | None = None
        self._starting = asyncio.Lock()
        self._accepted: set[ProblemId] = set()  # by baselines that validation was given
        self._users = 0  # how many have started it and not stopped it
        self._aliases = {}
        self._reader = DefinitionReader(Container)
        for key in (Container, ContainerDebugInfo):
            self.root_layer.providers[key] = Provider(key, Lifetime.SINGLETON, Kind.VALUE, self, (), "di")
        self.root_layer.providers[Scope] = Provider(Scope, Lifetime.SCOPED, Kind.SCOPE, self, (), "di")

    # --- resolving by lagom's syntax --------------------------------------------------------------------------------

    def get_definition(self, dep_type: type[T]) -> SpecialDepDefinition[T] | None:
        """Return a lagom definition that asks this container, if the type is registered."""
        if self.active_layer().registered(key_of(dep_type)[0]) is None:
            return None
        return ConstructionWithoutContainer(lambda: self.resolve(dep_type))

    def resolve(self, dep_type: type[T], suppress_error: bool = False, skip_definitions: bool = False) -> T:
        """Return an instance: in the current scope, or outside of one among singletons and what holds only those.

        Raises:
            NoScopeError: a scoped type, and no scope is open.
            AsyncBuildRequiredError: something must be awaited.
        """
        if skip_definitions:
            raise UnsupportedLagomFeatureError("resolve(skip_definitions=True)", "Register the class itself instead.")
        try:
            return self._resolve_now(dep_type)
        except DiError:
            if suppress_error:
                return None  # type: ignore[return-value]  # lagom's own contract for suppress_error
            raise

    def _resolve_now(self, hint: type[T]) -> T:
        scope = self.find_scope()
        if scope is not None:
            return scope.get(hint)
        return get_unscoped(self.active_layer(), key_of(hint)[0])  # type: ignore[no-any-return]  # stored untyped

    # --- scopes -----------------------------------------------------------------------------------------------------

    def scope(self, provided: Mapping[Any, Any] | None = None) -> Scope:
        """Open a unit of work: `async with container.scope() as scope`.

        Args:
            provided: finished objects for scoped types of this unit of work, such as the caller on whose behalf a job
                runs. The container does not close them.
        """
        if self.stopped:
            raise ContainerClosedError("scope()")
        scope = Scope(self, current.get())
        for hint, value in (provided or {}).items():
            key = key_of(hint)[0]
            known = self.root_layer.provider(key)
            if known is None or known.lifetime is not Lifetime.SCOPED:
                raise InvalidProviderError(
                    describe(key), calling_line(), "only a registered scoped type can be provided"
                )
            scope.seed(key, value)
        return scope

    def find_scope(self) -> Scope | None:
        """Return the innermost open scope of this container in this context."""
        scope = current.get()
        while scope is not None and scope.container is not self:
            scope = scope.outer
        return scope

    # --- overrides --------------------------------------------------------------------------------------------------

    def override(self, key: type[T] | Any, fake: Any, *, strict: bool = True) -> Override:
        """Put another provider in the place of a type, in this context, until the block ends.

        Reaches what was already built from the real one: its dependents are built anew. `async with` also awaits the
        teardown of what was built meanwhile; after `with`, asynchronous teardown is left to `stop`.

        Raises:
            MissingProviderError: the type is not registered.
            IncompleteFakeError: the fake lacks public methods of the type, unless `strict=False`.
        """
        return Override(self, key_of(key)[0], fake, location=calling_line(), strict=strict)

    def override_by_definitions(self) -> DefinitionsOverride:
        """Return a block with a container on top of this one: what is defined in it holds here until its end.

        Takes lagom's definitions, also of types that are not registered here, and looks at no fake's methods.
        """
        return DefinitionsOverride(self, Container)

    async def close_override(self, layer: Layer) -> list[BaseException]:
        """Close what an override has made, once it has ended and nothing open holds it; return what went wrong."""
        return await close_override(layer)

    def active_layer(self) -> Layer:
        """Return the innermost override of this context, or the root layer."""
        if not self.overridden:
            return self.root_layer
        layer = innermost.get()
        while layer is not None and (layer.container is not self or layer.ended):
            layer = layer.below
        return layer if layer is not None else self.root_layer

    # --- validation -------------------------------------------------------------------------------------------------

    def validate(self, roots: Roots | None = None, *, baseline: str | Path | None = None) -> None:
        """Look at the whole graph without building anything.

        Args:
            roots: the types somebody asks for, or descriptions of who asks mapped to types. Left out, every registered
                type is looked at and none can be unused.
            baseline: a file of accepted problems, as `di check --write-baseline` writes it. They become one
                `AcceptedProblemsWarning`, and `start` goes on without the singletons they stand in the way of. With
                roots, entries that accept nothing any more are a `StaleBaselineWarning`.

        Raises:
            GraphError: `problems` holds one error each: missing providers, cycles, captive dependencies, hints that do
                not resolve. Providers that no root reaches are an `UnusedProviderWarning`, generators that commit
                after their `yield` a `LateCommitWarning`.
            BaselineFileError: the baseline is not there, or not a baseline.
        """
        asked = None if roots is None else read_roots(roots)
        findings = examine(self.root_layer, asked)
        found: list[Warning] = list(findings.warnings)
        if baseline is not None:
            read = read_baseline(baseline)
            self._accepted |= read.accepted.keys()
            found += read.judge(findings.problems).warnings(str(baseline), complete=asked is not None)
        for warning in found:
            warnings.warn(warning, stacklevel=2)
        refuse_new(findings.problems, self._accepted)

    def graph(self, roots: Roots | None = None) -> "GraphView":
        """Describe the graph without building anything; arguments as for `validate`."""
        from di._graph_view import view_graph  # for people who look at it: no start of an application waits for it

        return view_graph(self.root_layer, None if roots is None else read_roots(roots))

    @property
    def autowired(self) -> list[str]:
        """The unregistered classes that were built from their hints so far."""
        return [describe(key) for key in self.root_layer.autowired]

    # --- seeing inside ----------------------------------------------------------------------------------------------

    async def health(self, *, limit: float = 2.0) -> Health:
        """Ping what has a `ping=`, in parallel, each for at most `limit` seconds, and name what is degraded by it.

        Builds nothing: what was not built yet is not pinged.
        """
        return await look_after(self.active_layer(), self.failures, limit)

    def add_listener(self, listener: Listener) -> None:
        """Call `listener` with a `BuildEvent` or `TeardownEvent` after each, in the thread where it happened.

        It must be quick; what it raises is logged. Compiled plans step aside while anybody listens, which makes
        building slower; without listeners it costs nothing.
        """
        self.detour += not self.observers
        self.observers.add(listener)

    def remove_listener(self, listener: Listener) -> None:
        """Call a listener no longer."""
        listened = bool(self.observers)
        self.observers.remove(listener)
        self.detour -= listened and not self.observers

    @property
    def durations(self) -> dict[str, float]:
        """How long each singleton took to build, in seconds, without what it needs."""
        return {describe(key): seconds for key, seconds in self.root_layer.durations.items()}

    @property
    def leaks(self) -> tuple[Leak, ...]:
        """The scoped objects that outlived their scope, newest last; found in debug mode, a moment after the end."""
        return tuple(self.leak_watch.found)

    # --- life -------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Validate, then build the eager singletons, in parallel as far as they do not need each other.

        Several may start one container, such as applications that share it: the first start builds, the last stop
        closes.

        Raises:
            GraphError: the graph has problems; nothing was built.
            ExceptionGroup: singletons failed; what was already open is closed again.
        """
        async with self._starting:
            if not self.started:
                await self._start()
            self._users += 1

    async def _start(self) -> None:
        accepted = refuse_new(examine(self.root_layer, None).problems, self._accepted)
        self.stopped = False
        unsound = unsound_keys(self.root_layer, accepted)
        self.failures = {key: error for key, error in unsound.items() if self.root_layer.is_singleton(key)}
        self._home = asyncio.get_running_loop()
        self.started = True
        try:
            await start_singletons(self.active_layer(), self.failures)
        except BaseException as error:
            try:
                await self.stop()
            except BaseExceptionGroup as closing:
                error.add_note(f"and closing what was open failed: {closing.exceptions!r}")
            raise

    async def stop(self) -> None:
        """Close everything in reverse dependency order, in parallel where possible, unless others still use it.

        Raises:
            BaseExceptionGroup: some teardowns failed or took too long; all were tried.
        """
        self._users = max(self._users - 1, 0)
        if self.stopped or self._users:
            return
        await shielded(self._stop(), "stopping the container")

    async def _stop(self) -> list[BaseException]:
        errors = await self.spawned.finish()
        self.stopped = True
        self.plans.forget()
        for callback in self._on_stop:
            try:
                callback()
            except Exception as error:
                errors.append(error)
        for layer in (*reversed(self.overrides), self.root_layer):
            errors += await stop_singletons(layer)
        self.overrides = [layer for layer in self.overrides if not layer.ended]
        self.started = False
        self._home = self.built_on = None
        return errors

    def when_stopping(self, callback: Callable[[], None]) -> None:
        """Call `callback` at every stop, before singletons close: for caches of things built from them, and reports."""
        self._on_stop.append(callback)

    def home_loop(self) -> asyncio.AbstractEventLoop | None:
        """Return the loop asynchronous singletons are built on: that of `start`, else that of their first use."""
        if self._home is None or (not self.started and not self._home.is_running()):
            try:
                self._home = asyncio.get_running_loop()
            except RuntimeError:
                return None
        return self._home if self._home.is_running() else None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()
