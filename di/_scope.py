"""Scope: one unit of work, its outcome, its end, and further units of work inside and after it."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar, overload

from di._instances import Closer, call, close_all, closes_at_once, is_awaitable, run_now
from di._keys import describe
from di._providers import Kind, Lifetime
from di._release import Holders, callbacks_of, in_closing_order
from di._resolution import USED, Resolution
from di._shielding import ShieldedWork, raise_grouped, shielded
from di.errors import NoScopeError, NotReleasableError, ScopeClosedError

if TYPE_CHECKING:
    from di._layers import Layer

T = TypeVar("T")
OCCASION = "closing the scope"

# The innermost open scope of this context. Set by container.scope(), child(), spawn() and RequestScopeMiddleware alone,
# and by Deps(container) where nothing is installed.
current: contextvars.ContextVar["Scope | None"] = contextvars.ContextVar("di_current_scope", default=None)
get_current, set_current, reset_current = current.get, current.set, current.reset  # bound once, for every request


def current_scope() -> "Scope":
    """Return the innermost open scope of this context; works in tasks, and in threads that copied the context.

    Raises:
        NoScopeError: no scope is open here.
    """
    scope = current.get()
    if scope is None:
        raise NoScopeError("current_scope()")
    return scope


class Scope(Resolution):
    """One unit of work: an HTTP request, a WebSocket connection, a job, a command, a test.

    Inside it a scoped type is one object, for all tasks and threads. Opened with `async with container.scope()`, or by
    `RequestScopeMiddleware`; it closes once, in reverse order of building, and is told how the work ended.
    """

    __slots__ = ()

    # --- closing what is open ---------------------------------------------------------------------------------------

    async def refuse_late(self, wanted: str) -> NoReturn:
        """Close what was opened after the unit of work had ended, and raise `ScopeClosedError`."""
        try:
            await shielded(close_all(self._take_closers(), self._failure), OCCASION)
        except BaseExceptionGroup as errors:
            raise ScopeClosedError(wanted) from errors
        raise ScopeClosedError(wanted)

    def _take_closers(self) -> list[Closer]:
        """Return what has to be closed; what is opened from now on is closed by whoever opens it."""
        closers, self.closers = self.closers, []
        return in_closing_order(closers) if self._defers else closers

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
        instances = holders.take_instances({self.container.root_layer: self.built(), **(self._layered or {})})
        gone, self.closers = holders.split(self.closers)
        await shielded(self._close_released(gone, callbacks_of(instances, self.success_callbacks or [])), OCCASION)

    async def _close_released(self, gone: list[Closer], callbacks: list[Callable[[], object]]) -> list[BaseException]:
        for callback in callbacks:
            self.success_callbacks.remove(callback)  # type: ignore[union-attr]  # they were found in it
            try:
                if self._failure is None:
                    await call(callback)
            except BaseException as error:
                self.fail(error)
                return [error, *await close_all(in_closing_order(gone), error)]
        return await close_all(in_closing_order(gone), self._failure)

    async def give_back(self, layer: "Layer") -> list[BaseException]:
        """Close what this scope holds of an override that has ended, unless somebody is about to hold more of it."""
        if self._on_own_loop():
            return await self._give_back_here(layer)
        if not self._loop.is_running():
            return []
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._give_back_here(layer), self._loop))

    def gives_back_at_once(self, layer: "Layer") -> bool:
        """Whether `give_back` has nothing to wait for, here and now."""
        instances, closers = self._made_in(layer)
        return (
            self._on_own_loop()
            and closes_at_once(closers)
            and not callbacks_of(instances, self.success_callbacks or [])
        )

    async def _give_back_here(self, layer: "Layer") -> list[BaseException]:
        if self._closed or self._asking_through_overrides:
            return []
        instances, gone = self._made_in(layer)
        (self._layered or {}).pop(layer, None)
        layer.held_by.discard(self)
        self.closers = [each for each in self.closers if not _was_made_in(layer, each)]
        return await self._close_released(gone, callbacks_of(instances, self.success_callbacks or []))

    def _made_in(self, layer: "Layer") -> tuple[list[Any], list[Closer]]:
        """Return what this scope holds of an override, and how that closes."""
        closers = [each for each in self.closers if _was_made_in(layer, each)]
        return list((self._layered or {}).get(layer, {}).values()), closers

    # --- further scopes ---------------------------------------------------------------------------------------------

    def child(self) -> "Scope":
        """Open a nested unit of work, such as a message or an item of a batch: `async with scope.child() as child`.

        It has scoped objects and an outcome of its own, and sees the connection and the provided values of its parent.
        """
        if self._closed:
            raise ScopeClosedError("child()")
        child = Scope(self.container, self)
        child.parent = self
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
    def failure(self) -> BaseException | None:
        """The exception the unit of work failed with, if it did."""
        return self._failure

    def fail(self, error: BaseException) -> None:
        """Declare the work failed: generator providers get `error` raised at their `yield`. The first one counts.

        Once the scope closes, its outcome is what it is.
        """
        if self._failure is None and not self._closed:
            self._failure = error

    def on_success(self, callback: Callable[[], Awaitable[object] | object]) -> None:
        """Run `callback` after the work succeeded and before its result is told to anybody.

        Callbacks run in order of registration; the first that raises stops the rest and fails the unit of work.
        """
        if self._closed:
            raise ScopeClosedError("on_success()")
        if self.success_callbacks is None:
            self.success_callbacks = []
        self.success_callbacks.append(callback)

    async def succeed(self) -> None:
        """Run the `on_success` callbacks once, unless the work failed."""
        while self.success_callbacks and self._failure is None:
            try:
                result = self.success_callbacks.pop(0)()
                if is_awaitable(result):
                    await result
            except BaseException as error:
                self.fail(error)
                raise

    async def close(self) -> None:
        """Close what was opened, newest first, shielded from cancellation.

        Raises:
            BaseExceptionGroup: some resources failed to close; all of them were tried.
        """
        rest = self.begin_to_close()
        if rest is not None:
            await self.go_on_closing(rest)

    def begin_to_close(self) -> ShieldedWork[list[BaseException]] | None:
        """Close what can be closed without waiting; return the work that waits, if there is some.

        Raises:
            BaseExceptionGroup: as `close`.
        """
        if self._closed:
            return None
        self._closed = self.disturbed = True
        self.state = USED
        self.published = None
        errors: list[BaseException] = []
        if self.closers or self._layered:
            closers, layers = self._take_closers(), self._layered
            if not layers and closes_at_once(closers):
                errors = run_now(close_all(closers, self._failure), OCCASION)
            else:
                closing = self._close_layers(closers, list(layers)) if layers else close_all(closers, self._failure)
                work = ShieldedWork(closing, self._loop, self.container.spare)
                if work.task is not None:
                    return work
                errors = work.result()
        if errors or self.container.debug:
            self._finish(errors)
        else:
            self._let_go()
        return None

    async def _close_layers(self, closers: list[Closer], layers: list["Layer"]) -> list[BaseException]:
        errors = await close_all(closers, self._failure)
        for layer in layers:
            layer.held_by.discard(self)
            errors += await self.container.close_override(layer)
        return errors

    async def go_on_closing(self, work: ShieldedWork[list[BaseException]]) -> None:
        """Wait for the rest of a teardown; a cancellation meanwhile is raised afterwards, unless there are errors."""
        try:
            errors = await work
        except asyncio.CancelledError:
            self._finish(work.result())
            raise
        self._finish(errors)

    def _finish(self, errors: list[BaseException]) -> None:
        if self.container.debug:
            self._watch_leaks()
        self._let_go()
        raise_grouped(OCCASION, errors)

    def _let_go(self) -> None:
        """Hold nothing any more: objects that know their scope would otherwise wait for the garbage collector."""
        self._instances.clear()
        self._layered = self._seeds = self.success_callbacks = None

    def _watch_leaks(self) -> None:
        stores = {self.container.root_layer: self.built(), **(self._layered or {})}
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
                assert self._token is not None  # noqa: S101 - entered before left
                current.reset(self._token)


def _was_made_in(layer: "Layer", closer: Closer) -> bool:
    return closer.layer.owner(closer.provider.key) is layer
