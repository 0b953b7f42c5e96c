"""A container under test on an event loop that stands still: work goes on only where a gate is opened."""

import asyncio
import contextvars
import inspect
from collections.abc import Callable, Coroutine
from typing import Any

from di import Container, Scope, errors
from di._compiler import InjectedCall
from tests.di.model.ledger import Boom, Instance, Ledger
from tests.di.model.naive import Asking, NaiveModel, OverrideModel, ScopeModel, seen_through
from tests.di.model.providers import KEYS, Product, Recipe, asking, being_made
from tests.di.model.specs import Form, Graph, ProviderSpec, Way

SPINS = 40  # turns of the loop without any event, after which everything waits for gates


class World:
    """One container built from a graph, with everything that is known of it."""

    def __init__(self, graph: Graph, new_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
        self.loop = new_loop()
        self.ledger = Ledger()
        self.graph = graph
        self.container = Container()
        self.model = NaiveModel([])
        self.gates: dict[int, tuple[str, asyncio.Future[None]]] = {}
        self.recipes: list[Recipe] = []  # all that were ever written
        self.scopes: list[ScopeModel] = []
        self.overrides: list[OverrideModel] = []
        self.started = False
        self.stopped = False
        self.changing = False  # whether it is being started or stopped
        self._over = False
        self._events = self._ticks = 0
        self._gate_numbers = 0
        for key, registration in enumerate(graph):
            recipe = Recipe(self, key, registration.lifetime, registration.provider, f"K{key}")
            self.model.recipes.append(recipe)
            self.recipes.append(recipe)
            options = {"eager": registration.eager} if registration.lifetime == "singleton" else {}
            getattr(self.container, registration.lifetime)(KEYS[key], recipe.make, **options)
        self._calls: dict[tuple[int, ...], CompiledCall] = {}

    # --- the event loop ---------------------------------------------------------------------------------------------

    def start_task(self, work: Coroutine[Any, Any, object], context: contextvars.Context) -> asyncio.Task[object]:
        """Begin work in a context; `settle` lets it run."""
        return self.loop.create_task(work, context=context)

    def settle(self, turns: int | None = None) -> None:
        """Run everything up to the next gate, or for some turns of the loop."""

        async def spin() -> None:
            if turns is not None:
                for _ in range(turns):
                    await asyncio.sleep(0)
                return
            quiet = 0
            while quiet < SPINS:
                before = self._events
                await asyncio.sleep(0)
                quiet = quiet + 1 if self._events == before else 0

        self.loop.run_until_complete(spin())

    async def pause(self, label: str) -> None:
        """Wait until somebody opens the gate."""
        if self._over:
            return
        self._events += 1
        self._gate_numbers += 1
        number, gate = self._gate_numbers, self.loop.create_future()
        self.gates[number] = (label, gate)
        try:
            await gate
        finally:
            self._events += 1
            del self.gates[number]

    def open_gate(self, position: int, turns: int | None = None) -> None:
        """Let one of those who wait go on."""
        gates = [gate for _, (_, gate) in sorted(self.gates.items()) if not gate.done()]
        if gates:
            gates[position % len(gates)].set_result(None)
        self.settle(turns)

    def new_scope(self, real: Scope, provided: dict[int, Product]) -> ScopeModel:
        """Remember a scope that was opened."""
        scope = ScopeModel(len(self.scopes), real, provided)
        self.scopes.append(scope)
        return scope

    # --- what providers do ------------------------------------------------------------------------------------------

    async def ask(self, holder: Instance, number: int) -> None:
        """Ask for an object by what a provider was given for that."""
        ask, means = holder.recipe.spec.asks[number], holder.means[number]
        # The scope looks at the overrides of who asks it, the container at those the singleton was built through.
        seen = seen_through(asking.get().overrides) if holder.scope is not None else holder.overrides
        who = Asking(holder.scope, seen, self.tick())
        found: Product
        if ask.way is Way.SCOPE:
            found = await means.resolve(KEYS[ask.key])
        elif ask.way is Way.LAZY:
            found = await means.get()
        else:
            token = being_made.set((ask.key, holder))
            try:
                found = await means()
            finally:
                being_made.reset(token)
        again = ask.way is Way.LAZY and found.instance in holder.asked
        if again and found.instance.on_its_own:
            return  # a `Lazy` keeps the transient that it got first
        if ask.way is not Way.FACTORY or found.instance.made:
            self.check(found, ask.key, who, (holder, number) if ask.way is Way.LAZY else object())
        elif found.instance.recipe.spec.form is not Form.VALUE:
            self.ledger.complain(f"a factory of {holder} returned {found.instance}")
        if not again and not (ask.way is Way.SCOPE and ask.later):  # nothing tells the scope who keeps that
            holder.asked.append(found.instance)

    def tick(self) -> int:
        """Return a number that is higher each time."""
        self._ticks += 1
        return self._ticks

    # --- judging ----------------------------------------------------------------------------------------------------

    def check(self, found: object, key: int, who: Asking, holder: object) -> None:
        """Complain when an object is not what the model says."""
        if not who.disturbed:
            for complaint in self.model.judge(found, key, who, holder):
                self.ledger.complain(complaint)

    def check_error(
        self,
        error: BaseException,
        keys: list[int],
        who: Asking,
        known: set[int],
        *,
        cancelled: bool,
        by_hand: bool = False,
    ) -> None:
        """Complain when a resolve may not fail with this error, such as one that others had `known` before."""
        self.ledger.tell(error)
        if isinstance(error, asyncio.CancelledError):
            fair = cancelled
        elif isinstance(error, Boom):
            involved = set[Recipe]().union(*(self.model.involved(key, who.overrides) for key in keys))
            fair = error.number not in known and (who.disturbed or error.recipe in involved)
            paths = [note for note in getattr(error, "__notes__", ()) if note.startswith("while building")]
            # Each further resolve by hand adds its own path, also that of somebody else who waits for the same build.
            if not paths or (len(paths) > 1 and not by_hand and not any(each.spec.asks for each in self.recipes)):
                self.ledger.complain(f"{error!r} of {error.recipe} has the paths {paths}")
        elif isinstance(error, errors.ScopeClosedError):
            fair = who.scope is not None and who.scope.real.closed
        elif isinstance(error, errors.ContainerClosedError):
            fair = self.stopped or self.changing or who.disturbed
        else:
            fair = False
        if not fair:
            self.ledger.complain(f"resolving {keys} in {who} ended with {error!r}")

    # --- compiled calls ---------------------------------------------------------------------------------------------

    def compiled(self, keys: tuple[int, ...]) -> "CompiledCall":
        """Return the route that injects some keys; made once."""
        if keys not in self._calls:
            self._calls[keys] = CompiledCall(self.container, keys)
        return self._calls[keys]

    def fake(self, key: int, spec: ProviderSpec, name: str) -> OverrideModel:
        """Make an override, which is not begun yet."""
        recipe = Recipe(self, key, self.graph[key].lifetime, spec, name)
        self.recipes.append(recipe)
        override = OverrideModel(recipe, self.container.override(KEYS[key], recipe.make))
        self.overrides.append(override)
        return override

    def check_scopes(self, override: OverrideModel) -> None:
        """Complain when a scope that nobody asks now still holds something of an override that was awaited."""
        stood_on = any(override in each.below for each in self.overrides if each.begun and not each.ended)
        if stood_on or not override.awaited:
            return
        for instance in self.ledger.open():
            scope = instance.scope
            if instance.owner is override and scope is not None and not scope.real.closed and not scope.asks:
                self.ledger.complain(f"{instance} has survived its override in its scope")

    def check_ended_overrides(self) -> None:
        """Complain when something of an override that was left by `async with` has survived all who may hold it."""
        begun = [each for each in self.overrides if each.begun]
        if all(scope.finished for scope in self.scopes) and all(each.ended for each in begun):
            left = [each.recipe for each in begun if each.awaited and all(o.awaited for o in begun if each in o.below)]
            for instance in self.ledger.open():
                if instance.scope is None and instance.recipe in left:
                    self.ledger.complain(f"{instance} has survived its override")

    def foreign(self, key: int) -> Product:
        """Return a finished object for a key that no provider made."""
        recipe = Recipe(self, key, self.graph[key].lifetime, ProviderSpec(Form.VALUE), f"a given K{key}")
        product: Product = recipe.make
        return product

    # --- start and stop ---------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the container; when that fails, everything has to be closed again."""
        self.changing, self.stopped = True, False
        asking.set(Asking(None, ()))
        self.ledger.life += 1
        began = self.ledger.now
        try:
            await self.container.start()
        except BaseException as error:
            self.ledger.tell(error)
            self.stopped = True
            leaves = error.exceptions if isinstance(error, ExceptionGroup) else ()
            if not all(isinstance(each, Boom) and each.number > began for each in leaves):
                self.ledger.complain(f"the start failed with {error!r}")
            if not leaves and not isinstance(error, asyncio.CancelledError):
                self.ledger.complain(f"the start failed with {error!r}")
            self._check_closed("a start that failed")
        else:
            self.started = True
        self.changing = False

    async def stop(self) -> None:
        """Stop the container; everything has to be closed, whatever happens meanwhile."""
        self.changing, self.stopped = True, True
        try:
            await self.container.stop()
        except (asyncio.CancelledError, BaseExceptionGroup) as error:
            self.ledger.tell(error)
        self._check_closed("the stop")
        self.changing = self.started = False

    def _check_closed(self, what: str) -> None:
        for each in self.ledger.open():
            self.ledger.complain(f"{each} has survived {what}")

    def close(self) -> None:
        """Give the loop back, also after a failure, when much is left undone."""
        self._over = True
        for _, gate in self.gates.values():
            gate.cancel()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.settle()
        self.loop.close()


class CompiledCall:
    """A compiled call as routes use it: bound at first use in each life of the container."""

    def __init__(self, container: Container, keys: tuple[int, ...]) -> None:
        async def endpoint(*products: Product, **named: Product) -> tuple[Product, ...]:
            return (*products, *(named[name] for name in sorted(named)))

        names = [f"product{number}" for number in range(len(keys))]
        parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
        endpoint.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by inspect
        injected = {name: KEYS[key] for name, key in zip(names, keys, strict=True)}
        self._container = container
        self._plan = InjectedCall(container.root_layer, endpoint, injected)
        self._bound: Callable[[], Coroutine[Any, Any, tuple[Product, ...]]] | None = None
        container.when_stopping(self._unbind)

    async def __call__(self) -> tuple[Product, ...]:
        if self._bound is None:
            if self._container.active_layer() is not self._container.root_layer:
                result: tuple[Product, ...] = await self._plan.call_without_plan({})
                return result
            self._bound = await self._plan.bind()
        return await self._bound()

    def _unbind(self) -> None:
        self._bound = None
