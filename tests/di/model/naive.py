"""The naive model: who has to answer for a key, and which objects have to be the same one.

Nothing is cached or shared here; everything is worked out from the graph and the overrides each time it is asked.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from di import Scope
from tests.di.model.ledger import Instance
from tests.di.model.providers import Product, Recipe
from tests.di.model.specs import Form, ProviderSpec


@dataclass(eq=False)
class OverrideModel:
    """One override, from its beginning to its end; it keeps what it stands on."""

    recipe: Recipe
    block: Any
    below: tuple["OverrideModel", ...] = ()
    begun: bool = False
    ended: bool = False
    awaited: bool = False  # it was left by `async with`


@dataclass(eq=False)
class ScopeModel:
    """One scope: what its resources have to be told, and what was given to it."""

    number: int
    real: Scope
    provided: dict[int, Product] = field(default_factory=dict)
    failure: BaseException | None = None
    finished: bool = False  # closing it has returned
    callbacks: list[int] = field(default_factory=list)  # on_success, in order of registration
    called: list[int] = field(default_factory=list)
    asks: int = 0  # how many resolve in it at the moment
    releases: int = 0
    releasing: int = 0  # how many releases are under way
    released: int = 0  # when the last one ended

    def fail(self, error: BaseException) -> None:
        """The first failure counts."""
        if self.failure is None:
            self.failure = error

    def __repr__(self) -> str:
        return f"scope {self.number}"


@dataclass(frozen=True, slots=True)
class Asking:
    """Who resolves: in which scope, and through which overrides, outermost first."""

    scope: ScopeModel | None
    overrides: tuple[OverrideModel, ...]
    began: int = 0

    @property
    def disturbed(self) -> bool:
        """Whether one of the overrides has ended since."""
        return seen_through(self.overrides) != self.overrides


def seen_through(begun: tuple[OverrideModel, ...]) -> tuple[OverrideModel, ...]:
    """Return which of the overrides of a context count: the innermost that lasts, and all that it stands on."""
    for override in reversed(begun):
        if not override.ended:
            return (*override.below, override)
    return ()


class NaiveModel:
    """Works out what every resolve has to return."""

    def __init__(self, recipes: list[Recipe]) -> None:
        self.recipes = recipes
        self._known: dict[tuple[Any, ...], Instance] = {}
        self._identities: dict[Instance, tuple[Any, ...]] = {}
        self._holders: dict[Instance, object] = {}

    def recipe(self, key: int, overrides: tuple[OverrideModel, ...]) -> Recipe:
        """Return who answers for a key."""
        for override in reversed(overrides):
            if override.recipe.key == key:
                return override.recipe
        return self.recipes[key]

    def closure(self, key: int, overrides: tuple[OverrideModel, ...]) -> set[int]:
        """Return the key and everything its provider needs, directly or not."""
        return {each.key for each in self._reached(key, overrides, lambda spec: spec.reaches)}

    def involved(self, key: int, overrides: tuple[OverrideModel, ...]) -> set[Recipe]:
        """Return every provider that may run for a key, also those that others ask for by hand."""
        return self._reached(key, overrides, lambda spec: spec.runs)

    def _reached(
        self, key: int, overrides: tuple[OverrideModel, ...], below: Callable[[ProviderSpec], tuple[int, ...]]
    ) -> set[Recipe]:
        reached: set[Recipe] = set()
        waiting = [key]
        while waiting:
            recipe = self.recipe(waiting.pop(), overrides)
            if recipe not in reached:
                reached.add(recipe)
                waiting += below(recipe.spec)
        return reached

    def owner(self, key: int, overrides: tuple[OverrideModel, ...]) -> OverrideModel | None:
        """Return the innermost override that a key is affected by, as seen from there."""
        for count in range(len(overrides), 0, -1):
            if overrides[count - 1].recipe.key in self.closure(key, overrides[:count]):
                return overrides[count - 1]
        return None

    def judge(self, found: object, key: int, asking: Asking, holder: object) -> list[str]:
        """Return what is wrong with an object that somebody got for a key."""
        if not isinstance(found, Product):
            return [f"K{key} came as {found!r}"]
        return self._judge(found.instance, key, asking, holder, set())

    def holders(self, key: int, scope: ScopeModel, owner: OverrideModel | None) -> set[Instance]:
        """Return the shared objects of a scope that are or may come to hold its object for a key."""
        return {
            each
            for each in self._identities
            if each.scope is scope
            and each.released is None
            and key in self.closure(each.recipe.key, each.overrides)
            and self.owner(key, each.overrides) is owner
        }

    def forget(self, released: set[Instance]) -> None:
        """Expect others in the place of what was released."""
        self._known = {identity: each for identity, each in self._known.items() if each not in released}

    def _judge(self, found: Instance, key: int, asking: Asking, holder: object, seen: set[Instance]) -> list[str]:
        provided = asking.scope.provided.get(key) if asking.scope is not None else None
        if provided is not None and not found.made and all(each.recipe.key != key for each in asking.overrides):
            return [] if found is provided.instance else [f"K{key} came as {found}, although it was provided"]
        recipe = self.recipe(key, asking.overrides)
        if found.recipe is not recipe:
            return [f"K{key} came from {found}, not from {recipe}"]
        if recipe.spec.form is Form.VALUE:
            return []
        wrong = []
        if found in seen and not found.on_its_own:
            return []
        seen.add(found)
        if found.on_its_own:
            if self._holders.setdefault(found, holder) != holder:
                wrong.append(f"{found} is held twice")
        else:
            wrong += self._same_object(found, key, asking)
        below = asking if recipe.lifetime != "singleton" else Asking(None, asking.overrides, asking.began)
        for place, (need, held) in enumerate(zip(recipe.spec.needs, found.holds, strict=True)):
            wrong += self._judge(held, need, below, (found, place), seen)
        return wrong

    def _same_object(self, found: Instance, key: int, asking: Asking) -> list[str]:
        if found.released is not None:
            return [f"{found} came back after its release"] if found.released < asking.began else []
        scope = asking.scope if self.recipes[key].lifetime == "scoped" else None
        if scope is not None and scope.provided and asking.overrides:
            return []  # whether dependents of a provided object are shared with an override is nobody's business
        if scope is not None and (scope.releasing or asking.began < scope.released):
            return []  # it may be the old one or the new one
        identity = (key, scope, found.life, self.owner(key, asking.overrides))
        wrong = []
        if self._known.setdefault(identity, found) is not found:
            wrong.append(f"K{key} came as {found}, and as {self._known[identity]} before")
        if self._identities.setdefault(found, identity) != identity:
            wrong.append(f"{found} is shared by {self._identities[found]} and {identity}")
        return wrong
