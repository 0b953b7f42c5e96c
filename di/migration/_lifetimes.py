"""Which lifetime a service should have once a container holds it, and why."""

from dataclasses import dataclass
from typing import Final

from di.migration._accessor import Accessor, Kind, Variant
from di.migration._facts import ANY_KEY, CONSTRUCTORS, Class, Function, Module
from di.migration._project import Project
from di.migration._reach import Reached
from di.migration._vocabulary import words_of

_REQUEST_TYPES: Final = frozenset({"Request", "WebSocket", "HTTPConnection", "BackgroundTasks"})
_SESSION_TYPES: Final = frozenset({"Session", "AsyncSession", "AsyncConnection", "SyncSession"})
_COSTLY: Final = frozenset({"client", "pool", "engine", "redis", "connection", "database", "storage", "model", "llm"})
_REQUEST_STATE: Final = ("user", "tenant", "request", "principal", "locale", "transaction", "session")


@dataclass(frozen=True, slots=True)
class Lifetime:
    """A suggestion."""

    name: str  # singleton, scoped or transient
    reason: str


class Lifetimes:
    """Suggests lifetimes; a service that reaches a scoped one while it is built is scoped itself."""

    def __init__(self, project: Project, reached: dict[int, Reached]) -> None:
        self._project = project
        self._reached = reached
        self._known: dict[int, Lifetime] = {}

    def of(self, accessor: Accessor) -> Lifetime:
        """Return the suggestion for one accessor."""
        if id(accessor) not in self._known:
            self._known[id(accessor)] = Lifetime("singleton", "it is part of a cycle; decide when the cycle is broken")
            self._known[id(accessor)] = self._suggest(accessor)
        return self._known[id(accessor)]

    def _suggest(self, accessor: Accessor) -> Lifetime:
        if accessor.is_second_name and accessor.targets and Variant.PART not in accessor.variants:
            return self.of(accessor.targets[0])
        if Variant.SETTINGS in accessor.variants:
            return Lifetime("singleton", "settings are read once")
        for built in accessor.classes:
            if built.item is not None and built.module is not None:
                found = self._by_class(built.module, built.item)
                if found is not None:
                    return found
        for each in self._reached[id(accessor)].eager:
            if self.of(each).name == "scoped":
                return Lifetime("scoped", f"it is built with {each.name}, which is scoped")
        if accessor.kind is Kind.KEYED:
            return _of_keyed(accessor)
        return self._by_nature(accessor)

    def _by_class(self, module: Module, item: Class) -> Lifetime | None:
        for home, owner in (each for each in self._project.linker.ancestors(module, item) if isinstance(each, tuple)):
            for name in CONSTRUCTORS:
                method = owner.methods.get(name)
                found = _type_in(method, _SESSION_TYPES | _REQUEST_TYPES) if method is not None else None
                if found is not None:
                    return Lifetime("scoped", f"its constructor takes a {found}, which lives for one unit of work")
            for attribute, line in owner.changed.items():
                if any(word in attribute.lower() for word in _REQUEST_STATE):
                    place = f"{home.path.name}:{line}"
                    return Lifetime("scoped", f"self.{attribute} ({place}) is state of one request")
        return None

    def _by_nature(self, accessor: Accessor) -> Lifetime:
        if (
            any(built.item is None for built in accessor.classes)
            or accessor.factories
            or any(words_of(built.name)[-1] in _COSTLY for built in accessor.classes)
        ):
            return Lifetime("singleton", "it holds a connection, a pool or other costly state")
        changed = sorted(
            f"self.{attribute}"
            for built in accessor.classes
            if built.item is not None
            for attribute in built.item.changed
        )
        if changed:
            return Lifetime("singleton", f"it keeps {changed[0]} between calls: shared by all requests, as today")
        return Lifetime("singleton", "it keeps nothing between calls: one is enough")


def _of_keyed(accessor: Accessor) -> Lifetime:
    if not accessor.parameters or not any(ANY_KEY in slot.rest for slot in accessor.slots):
        return Lifetime("scoped", "there is one per thread or context: one per unit of work is what is meant")
    return Lifetime("singleton", "there is one per key: register one provider per key with Named, or keep a Factory")


def _type_in(method: Function, wanted: frozenset[str]) -> str | None:
    return next(
        (
            symbol.path[-1]
            for parameter in method.parameters
            for symbol in parameter.annotation
            if symbol.path and symbol.path[-1] in wanted
        ),
        None,
    )
