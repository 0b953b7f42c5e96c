"""Debug mode: scoped objects that are still alive after their scope closed, and who holds them."""

import asyncio
import collections
import gc
import logging
import sys
import types
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from di._keys import Key, describe
from di._providers import describe_provider

if TYPE_CHECKING:
    from di._layers import Layer

PATIENCE = 0.1  # seconds that the frames of a unit of work get to end after its scope closed
KEPT = 100  # how many leaks a container remembers
DEPTH = 6  # how many steps up from an object a holder is looked for

_log = logging.getLogger("di")


@dataclass(frozen=True, slots=True)
class Leak:
    """A scoped object that outlived its scope; `holders` says through what it can still be reached."""

    key: Key
    provider: str
    holders: tuple[str, ...]

    def __str__(self) -> str:
        held = "; ".join(self.holders) or "something the garbage collector does not see"
        return (
            f"{self.provider} outlived its scope, held by {held}. Hand it over as an argument instead of storing it, "
            "or do the work in a scope of its own: scope.spawn(...)."
        )


class LeakWatch:
    """Looks after the objects of closed scopes of one container."""

    def __init__(self, layer: "Layer") -> None:
        self._layer = layer
        self.found: list[Leak] = []

    def watch(self, instances: Mapping[Key, Any], layer: "Layer", loop: asyncio.AbstractEventLoop) -> None:
        """Look, a moment from now, whether these objects are gone. What takes no weak reference is left out."""
        references: list[tuple[Key, weakref.ref[Any]]] = []
        for key, value in instances.items():
            try:
                references.append((key, weakref.ref(value)))
            except TypeError:
                continue
        if references:
            loop.call_later(PATIENCE, self._look, references, layer)

    def _look(self, references: list[tuple[Key, "weakref.ref[Any]"]], layer: "Layer") -> None:
        gc.unfreeze()  # what an application froze after its start holds objects too, and would not be seen
        gc.collect()
        alive = [(key, value) for key, reference in references if (value := reference()) is not None]
        everyone = {id(value) for _, value in alive}
        for key, value in alive:
            holders = tuple(dict.fromkeys(_holders(value, self._names(), {id(alive), id(references)}, everyone)))
            if holders:
                leak = Leak(key, describe_provider(layer.node(key).provider), holders)
                self.found = [*self.found[1 - KEPT :], leak]
                _log.warning("%s", leak)

    def _names(self) -> dict[int, str]:
        """Return what singletons are called, by identity."""
        layers = (self._layer, *self._layer.container.overrides)
        return {id(value): f"{describe(key)} (singleton)" for each in layers for key, value in each.singletons.items()}


def _holders(value: object, names: Mapping[int, str], ours: set[int], alive: set[int]) -> Iterator[str]:
    """Yield the ways in which something lasting reaches an object, shortest first."""
    waiting: list[tuple[object, str, int]] = [(value, "", 0)]
    seen = {id(value), id(waiting), *ours}
    while waiting:
        held, way, depth = waiting.pop(0)
        # The collector of the free-threaded build loses sight of the namespaces of modules.
        referrers = [*gc.get_referrers(held), *_modules_that_name(held)]
        seen.add(id(referrers))
        for referrer in referrers:
            if id(referrer) in seen or isinstance(referrer, types.FrameType):
                continue
            seen.add(id(referrer))
            holder = _owner_of_namespace(referrer)
            seen.add(id(holder))
            step = _step(holder, held) + way
            name = names.get(id(holder)) or _lasting(holder)
            if name is not None:
                yield f"{name}{step}"
            elif depth < DEPTH and id(holder) not in alive:
                waiting.append((holder, step, depth + 1))


def _modules_that_name(held: object) -> Iterator[types.ModuleType]:
    for module in tuple(sys.modules.values()):
        if any(each is held for each in tuple(getattr(module, "__dict__", {}).values())):
            yield module


def _owner_of_namespace(referrer: object) -> object:
    """Return the object or module that a dictionary holds the attributes of, or what was given."""
    if isinstance(referrer, dict):
        for each in gc.get_referrers(referrer):
            if not isinstance(each, types.FrameType | types.FunctionType) and _namespace(each) is referrer:
                return each
    return referrer


def _namespace(holder: object) -> object:
    found = getattr(holder, "__dict__", None)
    # A class shows its namespace through a proxy, and that refers to nothing else.
    return gc.get_referents(found)[0] if isinstance(found, types.MappingProxyType) else found


def _step(holder: object, held: object) -> str:
    """Return how one object reaches another it refers to, as an expression."""
    if isinstance(holder, dict):
        return next((f"[{key!r}]" for key, each in holder.items() if each is held), "")
    if isinstance(holder, list | tuple | collections.deque):
        return next((f"[{number}]" for number, each in enumerate(holder) if each is held), "")
    attributes = dict(_namespace(holder) or {})  # type: ignore[call-overload]  # a namespace is a mapping
    for cls in type(holder).__mro__:
        for name in getattr(cls, "__slots__", ()):
            attributes[name] = getattr(holder, name, None)
    return next((f".{name}" for name, each in attributes.items() if each is held), "")


def _lasting(holder: object) -> str | None:
    """Name something that keeps objects alive by itself: a module, a class, a function, a coroutine that waits."""
    if isinstance(holder, types.ModuleType):
        return f"module {holder.__name__}"
    if isinstance(holder, type):
        return f"class {holder.__module__}.{holder.__qualname__}"
    if isinstance(holder, types.FunctionType):
        return f"function {holder.__module__}.{holder.__qualname__}"
    if isinstance(holder, types.CoroutineType | types.GeneratorType | types.AsyncGeneratorType):
        return f"{type(holder).__name__} {holder.__qualname__}"
    return None
