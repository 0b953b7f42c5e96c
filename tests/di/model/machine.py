"""The state machine: what may happen next, in any order."""

import asyncio
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.di.model.actors import Actor
from tests.di.model.ledger import Instance, State
from tests.di.model.naive import OverrideModel, ScopeModel
from tests.di.model.specs import Graph, fakes, graphs
from tests.di.model.world import World

MOST_ACTORS = 4
MOST_BLOCKS = 4
some = st.integers(0, 99)  # one of however many there are
TURNS = st.sampled_from([None, None, None, 0, 1, 2, 3, 5])  # of the loop, before the next thing happens; None: all
FAILURES = st.sampled_from(
    [
        None,
        None,
        None,
        KeyError,
        asyncio.CancelledError,
        KeyboardInterrupt,
        StopIteration,
        StopAsyncIteration,
        GeneratorExit,
    ]
)


class ContainerMachine(RuleBasedStateMachine):
    """Random lines of work on a random graph; after each step everything that runs waits at a gate."""

    new_loop: Callable[[], asyncio.AbstractEventLoop] = staticmethod(asyncio.new_event_loop)

    def __init__(self) -> None:
        super().__init__()
        self.world: World
        self.actors: list[Actor] = []
        self.overrides = 0

    @initialize(graph=graphs())
    def register(self, graph: Graph) -> None:
        """Make the container."""
        self.world = World(graph, self.new_loop)
        self.actors = [Actor(self.world), Actor(self.world)]

    # --- who and where ----------------------------------------------------------------------------------------------

    def _idle(self) -> list[Actor]:
        return [actor for actor in self.actors if not actor.busy and not actor.spawned]

    def _inside(self) -> list[Actor]:
        return [actor for actor in self._idle() if actor.scopes]

    def _in_block(self) -> list[Actor]:
        return [actor for actor in self._idle() if actor.blocks]

    def _outside(self) -> bool:
        return not any(actor.blocks or actor.busy for actor in self.actors)

    def _serving(self) -> bool:
        return not (self.world.stopped or self.world.changing) and bool(self._idle())

    def _deferring(self) -> list[tuple[Instance, int]]:
        finished = {State.READY, State.OPEN}
        made = [each for each in self.world.ledger.instances if each.state in finished]
        return [(each, number) for each in made for number, ask in enumerate(each.recipe.spec.asks) if ask.later]

    # --- rules ------------------------------------------------------------------------------------------------------

    @precondition(lambda self: self._serving())
    @rule(who=some, data=st.data())
    def open_scope(self, who: int, data: st.DataObject) -> None:
        """Begin a unit of work, perhaps with a finished object for a scoped key."""
        actor = _pick(self._idle(), who)
        if len(actor.blocks) >= MOST_BLOCKS:
            return
        scoped = [key for key, each in enumerate(self.world.graph) if each.lifetime == "scoped"]
        provided = {}
        if scoped and data.draw(st.integers(0, 4), "provides") == 4:
            key = data.draw(st.sampled_from(scoped), "provided")
            provided[key] = self.world.foreign(key)
        actor.do(actor.open_scope(provided))

    @precondition(lambda self: self._serving())
    @rule(who=some, keys=st.lists(some, min_size=1, max_size=3, unique=True), failure=FAILURES, turns=TURNS)
    def request(self, who: int, keys: list[int], failure: type[BaseException] | None, turns: int | None) -> None:
        """Serve a whole request."""
        actor = _pick(self._idle(), who)
        actor.do(actor.request(self._keys(keys), failure() if failure is not None else None), turns)

    @precondition(lambda self: self._inside())
    @rule(who=some, where=some, key=some, turns=TURNS)
    def resolve(self, who: int, where: int, key: int, turns: int | None) -> None:
        """Resolve in one of the scopes that an actor knows."""
        actor = _pick(self._inside(), who)
        actor.do(actor.resolve(_pick(actor.scopes[::-1], where), key % len(self.world.graph)), turns)

    @precondition(lambda self: self._inside())
    @rule(who=some, where=some, key=some, turns=TURNS)
    def get(self, who: int, where: int, key: int, turns: int | None) -> None:
        """Ask for an object synchronously."""
        actor = _pick(self._inside(), who)
        actor.do(actor.get(_pick(actor.scopes[::-1], where), key % len(self.world.graph)), turns)

    @precondition(lambda self: self._inside())
    @rule(who=some, keys=st.lists(some, min_size=1, max_size=3, unique=True), turns=TURNS)
    def call(self, who: int, keys: list[int], turns: int | None) -> None:
        """Call a compiled route in the current scope, whatever happened there before."""
        actor = _pick(self._inside(), who)
        actor.do(actor.call(self._keys(keys)), turns)

    @precondition(lambda self: self._serving() and self._inside())
    @rule(who=some, where=some)
    def open_child(self, who: int, where: int) -> None:
        """Begin a unit of work inside another."""
        actor = _pick(self._inside(), who)
        if len(actor.blocks) < MOST_BLOCKS:
            actor.do(actor.open_child(_pick(actor.scopes[::-1], where)))

    @precondition(lambda self: self._inside())
    @rule(who=some, where=some, key=some, turns=TURNS)
    def release(self, who: int, where: int, key: int, turns: int | None) -> None:
        """Give an object back early."""
        actor = _pick(self._inside(), who)
        actor.do(actor.release(_pick(actor.scopes[::-1], where), key % len(self.world.graph)), turns)

    @precondition(lambda self: self._inside() and self._deferring())
    @rule(who=some, which=some, turns=TURNS)
    def ask_later(self, who: int, which: int, turns: int | None) -> None:
        """Let something that was given a `Lazy`, a `Factory` or a scope make use of it."""
        holder, number = _pick(self._deferring(), which)
        actor = _pick(self._inside(), who)
        actor.do(actor.ask_later(holder, number), turns)

    @precondition(lambda self: self._inside())
    @rule(who=some, where=some)
    def fail(self, who: int, where: int) -> None:
        """Declare that a unit of work failed."""
        actor = _pick(self._inside(), who)
        actor.do(actor.fail(_pick(actor.scopes, where)))

    @precondition(lambda self: self._inside())
    @rule(who=some, where=some, pauses=st.integers(0, 1), fails=st.sampled_from([False, False, True]))
    def on_success(self, who: int, where: int, pauses: int, fails: bool) -> None:
        """Register a callback."""
        actor = _pick(self._inside(), who)
        actor.do(actor.on_success(_pick(actor.scopes, where), pauses, fails))

    @precondition(lambda self: self._serving())
    @rule(who=some, key=some, data=st.data(), in_async_form=st.booleans())
    def begin_override(self, who: int, key: int, data: st.DataObject, in_async_form: bool) -> None:
        """Put another provider in the place of one."""
        actor = _pick(self._idle(), who)
        if len(actor.blocks) >= MOST_BLOCKS:
            return
        key %= len(self.world.graph)
        spec = data.draw(fakes(self.world.graph, key), "fake")
        self.overrides += 1
        override = actor.context.run(self.world.fake, key, spec, f"fake {self.overrides} of K{key}")
        actor.do(actor.begin_override(override, in_async_form))

    @precondition(lambda self: self._in_block())
    @rule(who=some, failure=FAILURES, in_async_form=st.booleans(), turns=TURNS)
    def leave(self, who: int, failure: type[BaseException] | None, in_async_form: bool, turns: int | None) -> None:
        """Leave the innermost block of an actor."""
        actor = _pick(self._in_block(), who)
        if isinstance(actor.blocks[-1], ScopeModel):
            actor.do(actor.close_scope(failure() if failure is not None else None), turns)
        else:
            actor.do(actor.end_override(in_async_form), turns)

    @precondition(lambda self: self._serving() and self._inside())
    @rule(who=some, where=some, keys=st.lists(some, min_size=1, max_size=2, unique=True), failure=FAILURES)
    def spawn(self, who: int, where: int, keys: list[int], failure: type[BaseException] | None) -> None:
        """Start work that outlives its scope."""
        actor = _pick(self._inside(), who)
        error = failure() if failure in {KeyError, asyncio.CancelledError} and failure is not None else None
        spawned = actor.spawn(_pick(actor.scopes[::-1], where), self._keys(keys), error)
        if spawned is not None:
            self.actors.append(spawned)

    @precondition(lambda self: len(self.actors) < MOST_ACTORS)
    @rule(parent=some)
    def fork(self, parent: int) -> None:
        """Start a task from within another's context."""
        lines = [actor for actor in self.actors if not actor.spawned]
        self.actors.append(Actor(self.world, _pick(lines, parent)))

    @precondition(lambda self: self.world.gates)
    @rule(gate=some, turns=TURNS)
    def open_gate(self, gate: int, turns: int | None) -> None:
        """Let one of those who wait go on."""
        self.world.open_gate(gate, turns)
        self._finish()

    @precondition(lambda self: any(actor.busy for actor in self.actors))
    @rule(who=some, turns=TURNS)
    def cancel(self, who: int, turns: int | None) -> None:
        """Cancel somebody who waits."""
        _pick([actor for actor in self.actors if actor.busy], who).cancel(turns)
        self._finish()

    @precondition(lambda self: self._outside() and not self.world.started)
    @rule(who=some, turns=TURNS)
    def start(self, who: int, turns: int | None) -> None:
        """Start the container."""
        _pick(self.actors, who).do(self.world.start(), turns)

    @precondition(lambda self: self._outside() and self.world.started)
    @rule(who=some, turns=TURNS)
    def stop(self, who: int, turns: int | None) -> None:
        """Stop the container."""
        _pick(self.actors, who).do(self.world.stop(), turns)

    # --- invariants -------------------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_broken(self) -> None:
        """Nothing that was reported contradicts a promise."""
        if hasattr(self, "world"):
            assert not self.world.ledger.violations, "\n".join(self.world.ledger.violations)

    def teardown(self) -> None:
        """End everything in order; then nothing may be open, nobody may wait, and no error may be lost."""
        if not hasattr(self, "world"):
            return
        try:
            self._open_all_gates()
            for actor in reversed(self.actors):
                while actor.blocks:
                    block = actor.blocks[-1]
                    in_async_form = isinstance(block, OverrideModel) and block.recipe.key % 2 == 0
                    actor.do(
                        actor.end_override(in_async_form)
                        if isinstance(block, OverrideModel)
                        else actor.close_scope(None)
                    )
                    self._open_all_gates()
            self.actors[0].do(self.world.stop())
            self._open_all_gates()
            ledger = self.world.ledger
            for instance in ledger.open():
                ledger.complain(f"{instance} was never closed")
            for error in ledger.untold():
                ledger.complain(f"{error!r} of the teardown of {error.recipe} was told nobody")
            self.nothing_is_broken()
        finally:
            self.world.close()

    def _open_all_gates(self) -> None:
        self.world.settle()
        while self.world.gates:
            self.world.open_gate(0)
        self._finish()
        for actor in self.actors:
            if actor.busy:
                self.world.ledger.complain(f"somebody waits for nothing: {actor.task}")
                self.nothing_is_broken()

    def _finish(self) -> None:
        for actor in self.actors:
            actor.finish()

    def _keys(self, numbers: list[int]) -> tuple[int, ...]:
        return tuple(sorted({number % len(self.world.graph) for number in numbers}))


def _pick(choices: list[Any], number: int) -> Any:
    return choices[number % len(choices)]
