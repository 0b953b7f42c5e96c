"""Actors: each has a context of its own, opens scopes and overrides there, and does one thing at a time."""

import asyncio
import contextvars
from collections.abc import Coroutine
from typing import Any

from di import Scope, errors
from tests.di.model.ledger import Instance, State
from tests.di.model.naive import Asking, OverrideModel, ScopeModel, seen_through
from tests.di.model.providers import KEYS, Product, asking, being_made
from tests.di.model.specs import ASYNC_FORMS
from tests.di.model.world import World


class Actor:
    """A line of work: a request's task, or one that was started inside of it."""

    def __init__(self, world: World, parent: "Actor | None" = None) -> None:
        self.world = world
        self.context: contextvars.Context = contextvars.Context() if parent is None else parent.context.copy()
        self.context.run(being_made.set, None)
        self.inherited = () if parent is None else parent.overrides()
        self.scopes: list[ScopeModel] = [] if parent is None else list(parent.scopes)
        self.blocks: list[ScopeModel | OverrideModel] = []
        self.task: asyncio.Task[object] | None = None
        self.cancelled = False
        self.spawned = False

    @property
    def busy(self) -> bool:
        """Whether it waits at a gate."""
        return self.task is not None and not self.task.done()

    def overrides(self) -> tuple[OverrideModel, ...]:
        """Return the overrides that it sees, outermost first."""
        own = [block for block in self.blocks if isinstance(block, OverrideModel)]
        return seen_through((*self.inherited, *own))

    def do(self, work: Coroutine[Any, Any, object], turns: int | None = None) -> None:
        """Begin something, and go on until it waits, or for some turns of the loop."""
        self.finish()
        self.cancelled = False
        self.task = self.world.start_task(work, self.context)
        self.world.settle(turns)
        self.finish()

    def finish(self) -> None:
        """Raise what went wrong in the model itself."""
        if self.task is None or not self.task.done():
            return
        if self.spawned:
            self._finish_spawned(self.task)
        elif not self.task.cancelled():  # before its first step, that is
            self.task.result()
        self.task = None

    def cancel(self, turns: int | None = None) -> None:
        """Cancel what it is doing."""
        assert self.task is not None
        self.cancelled = True
        self.task.cancel()
        self.world.settle(turns)
        self.finish()

    # --- scopes -----------------------------------------------------------------------------------------------------

    async def open_scope(self, provided: dict[int, Product]) -> None:
        """Enter a scope."""
        objects = {KEYS[key]: product for key, product in provided.items()}
        await self._enter(self.world.container.scope(objects), provided)

    async def open_child(self, parent: ScopeModel) -> None:
        """Enter a scope inside another."""
        try:
            child = parent.real.child()
        except errors.ScopeClosedError:
            if not parent.real.closed:
                raise
        else:
            await self._enter(child, parent.provided)

    async def _enter(self, real: Scope, provided: dict[int, Product]) -> None:
        await real.__aenter__()
        scope = self.world.new_scope(real, provided)
        self.scopes.append(scope)
        self.blocks.append(scope)

    async def release(self, scope: ScopeModel, key: int) -> None:
        """Give an object back early."""
        scope.releases += 1
        scope.releasing += 1
        try:
            await self._release(scope, key)
        finally:
            scope.releasing -= 1
            scope.released = self.world.tick()

    async def _release(self, scope: ScopeModel, key: int) -> None:
        owner = self.world.model.owner(key, self.overrides())
        ledger = self.world.ledger
        before = self.world.model.holders(key, scope, owner)
        try:
            await scope.real.release(KEYS[key])
        except errors.ScopeClosedError:
            if not scope.real.closed:
                raise
            return
        except errors.NotReleasableError:
            if self.world.graph[key].lifetime == "scoped":
                raise
            return
        except (BaseExceptionGroup, asyncio.CancelledError) as error:
            ledger.tell(error)
            if isinstance(error, asyncio.CancelledError) and not self.cancelled:
                ledger.complain(f"releasing K{key} raised {error!r}")
        now = self.world.tick()
        for each in before:
            if each.state is State.OPEN:
                ledger.complain(f"{each} is open after the release of K{key}")
            each.released = each.released or now
        self.world.model.forget(before | self.world.model.holders(key, scope, owner))

    async def ask_later(self, holder: Instance, number: int) -> None:
        """Let an object ask for what it was given a way to."""
        scope = holder.scope
        who = Asking(scope, self.overrides() if scope is not None else holder.overrides)
        asking.set(who)
        known, key = set(self.world.ledger.told), holder.recipe.spec.asks[number].key
        if scope is not None:
            scope.asks += 1
        try:
            await self.world.ask(holder, number)
        except BaseException as error:
            self.world.check_error(error, [key], who, known, cancelled=self.cancelled, by_hand=True)
        finally:
            if scope is not None:
                scope.asks -= 1

    async def close_scope(self, failure: BaseException | None) -> None:
        """Leave the innermost block, which is a scope."""
        scope = self.blocks.pop()
        assert isinstance(scope, ScopeModel)
        if failure is not None:
            scope.fail(failure)
        will_call = scope.callbacks if scope.failure is None else []
        ledger = self.world.ledger
        raised: BaseException | None = None
        try:
            await scope.real.__aexit__(None if failure is None else type(failure), failure, None)
        except BaseException as error:
            raised = error
            ledger.tell(error)
        scope.finished = True
        self.scopes.remove(scope)
        self._check_closing(scope, raised)
        if scope.failure is None and scope.called != will_call:
            ledger.complain(f"{scope} called {scope.called} of its callbacks {will_call}")
        if scope.failure is not None and scope.called != will_call[: len(scope.called)]:
            ledger.complain(f"{scope} called {scope.called} instead of {will_call}")
        self._check_all_closed(scope)
        self.world.check_ended_overrides()

    def _check_all_closed(self, scope: ScopeModel) -> None:
        for each in self.world.ledger.open():
            if each.scope is scope and not each.late:
                self.world.ledger.complain(f"{each} is open after the end of its scope")

    def _check_closing(self, scope: ScopeModel, raised: BaseException | None) -> None:
        expected: tuple[type[BaseException], ...] = (BaseExceptionGroup,)
        if self.cancelled:
            expected = (BaseExceptionGroup, asyncio.CancelledError)
        if raised is not None and raised is not scope.failure and not isinstance(raised, expected):
            self.world.ledger.complain(f"closing {scope} raised {raised!r}")
        if raised is None and self.cancelled:
            self.world.ledger.complain(f"closing {scope} swallowed a cancellation")

    async def fail(self, scope: ScopeModel) -> None:
        """Declare that the work has failed."""
        error = LookupError("declared")
        if not scope.real.closed:
            scope.fail(error)
        scope.real.fail(error)

    async def on_success(self, scope: ScopeModel, pauses: int, fails: bool) -> None:
        """Register a callback."""
        number = len(scope.callbacks)

        async def callback() -> None:
            scope.called.append(number)
            if scope.real.closed:
                self.world.ledger.complain(f"a callback of {scope} ran after its end")
            try:
                for _ in range(pauses):
                    await self.world.pause(f"on_success {number} of {scope}")
                if fails:
                    raise self.world.ledger.boom(None)
            except BaseException as error:
                scope.fail(error)
                raise

        try:
            scope.real.on_success(callback)
        except errors.ScopeClosedError:
            if not scope.real.closed:
                raise
        else:
            scope.callbacks.append(number)

    def spawn(self, scope: ScopeModel, keys: tuple[int, ...], failure: BaseException | None) -> "Actor | None":
        """Start work that outlives a scope; returns who does it."""
        child = Actor(self.world, self)
        child.spawned, child.scopes = True, []

        async def work(own: Scope) -> None:
            model = self.world.new_scope(own, {})
            child.scopes.append(model)
            error = await child.call(keys) or failure
            if error is not None:
                model.fail(error)
                raise error

        async def start() -> None:
            try:
                child.task = scope.real.spawn(work)
            except errors.ScopeClosedError:
                if not scope.real.closed:
                    raise

        self.do(start())
        return child if child.task is not None else None

    def _finish_spawned(self, task: asyncio.Task[object]) -> None:
        self.world.ledger.tell(None if task.cancelled() else task.exception())
        for scope in self.scopes:
            scope.finished = True
            self._check_all_closed(scope)
        self.scopes = []

    # --- resolving --------------------------------------------------------------------------------------------------

    async def resolve(self, scope: ScopeModel, key: int) -> None:
        """Resolve in a scope."""
        await self._obtain(scope, [key], scope.real.resolve(KEYS[key]))

    async def get(self, scope: ScopeModel, key: int) -> None:
        """Ask a scope synchronously."""
        who = self._begin_asking(scope)
        known = set(self.world.ledger.told)
        try:
            found: object = scope.real.get(KEYS[key])
        except errors.AsyncBuildRequiredError:
            if not any(each.spec.form in ASYNC_FORMS for each in self.world.model.involved(key, who.overrides)):
                self.world.ledger.complain(f"K{key} needs no await")
        except BaseException as error:
            self.world.check_error(error, [key], who, known, cancelled=self.cancelled)
        else:
            self.world.check(found, key, who, object())

    async def call(self, keys: tuple[int, ...]) -> BaseException | None:
        """Call a route in the innermost scope; return what it raised."""
        scope = self.scopes[-1]

        async def called() -> object:
            return await self.world.compiled(keys)()

        return await self._obtain(scope, list(keys), called())

    async def request(self, keys: tuple[int, ...], failure: BaseException | None) -> None:
        """Serve a request: scope, route and end in one task, as the middleware does it."""
        await self.open_scope({})
        await self.close_scope(await self.call(keys) or failure)

    async def _obtain(
        self, scope: ScopeModel, keys: list[int], work: Coroutine[Any, Any, object]
    ) -> BaseException | None:
        who = self._begin_asking(scope)
        known, finished = set(self.world.ledger.told), scope.finished
        scope.asks += 1
        try:
            result = await work
        except BaseException as error:
            self.world.check_error(error, keys, who, known, cancelled=self.cancelled)
            self.cancelled = False  # it has arrived
            return error
        else:
            if self.cancelled:
                self.world.ledger.complain(f"resolving {keys} swallowed a cancellation")
            if finished:
                self.world.ledger.complain(f"{keys} were resolved in {scope}, which has closed")
            found = result if isinstance(result, tuple) else (result,)
            for key, each in zip(keys, found, strict=True):
                self.world.check(each, key, who, object())
            return None
        finally:
            scope.asks -= 1

    def _begin_asking(self, scope: ScopeModel) -> Asking:
        who = Asking(scope, self.overrides(), self.world.tick())
        asking.set(who)
        return who

    # --- overrides --------------------------------------------------------------------------------------------------

    async def begin_override(self, override: OverrideModel, in_async_form: bool) -> None:
        """Enter an override."""
        if in_async_form:
            await override.block.__aenter__()
        else:
            override.block.__enter__()
        override.begun, override.below = True, self.overrides()
        self.blocks.append(override)

    async def end_override(self, in_async_form: bool) -> None:
        """Leave the innermost block, which is an override."""
        override = self.blocks.pop()
        assert isinstance(override, OverrideModel)
        override.ended = True
        raised: BaseException | None = None
        try:
            if in_async_form:
                await override.block.__aexit__(None, None, None)
            else:
                override.block.__exit__(None, None, None)
        except BaseException as error:
            raised = error
            self.world.ledger.tell(error)
        if raised is None and self.cancelled:
            self.world.ledger.complain("ending an override swallowed a cancellation")
        if raised is not None and not isinstance(raised, BaseExceptionGroup) and not self.cancelled:
            self.world.ledger.complain(f"ending an override raised {raised!r}")
        override.awaited = in_async_form
        self.world.check_scopes(override)
        self.world.check_ended_overrides()
