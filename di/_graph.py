"""The graph: which provider answers for a key, what it needs, and which layer owns the instance.

The root layer holds what was registered. `container.override` puts further layers on top. An instance belongs to the
innermost layer whose overrides its dependencies reach; so dependents of a fake are built anew and everything else is
shared.
"""

import inspect
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from di._derived import derive_provider, what_to_register
from di._keys import Key
from di._problems import find_problems
from di._providers import Lifetime, Parameter, Provider, read_provider
from di.errors import MissingProviderError


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A provider with its dependencies bound: positional ones in order, then keywords, then what is built later."""

    provider: Provider
    positional: tuple[Key, ...]
    keywords: tuple[tuple[str, Key], ...]

    @property
    def dependencies(self) -> tuple[Key, ...]:
        """Every key the provider is called with."""
        return self.positional + tuple(key for _, key in self.keywords)

    @property
    def reaches(self) -> tuple[Key, ...]:
        """Every key that an instance may come to hold: its dependencies, and what a `Lazy` or `Factory` builds."""
        deferred = self.provider.deferred
        return self.dependencies if deferred is None else (deferred,)


class Graph:
    """One layer of providers over its parent; everything it finds out is remembered."""

    def __init__(
        self, providers: dict[Key, Provider], parent: "Graph | None" = None, *, autowire: bool = False
    ) -> None:
        self.providers = providers
        self.parent = parent
        self.autowire = autowire
        self.autowired: dict[Key, None] = {}
        self._derived: dict[Key, Provider | None] = {}
        self._nodes: dict[Key, Node] = {}
        self._closures: dict[Key, frozenset[Key]] = {}
        self._owners: dict[Key, Graph] = {}
        self._checked: set[Key] = set()

    def provider(self, key: Key) -> Provider | None:
        """Return who answers for a key in this layer, or `None`."""
        found = self.providers.get(key)
        if found is not None:
            return found
        if self.parent is not None:
            return self.parent.provider(key)
        return self._derive(key) or (self._autowired(key) if self.autowire else None)

    def registered(self, key: Key) -> Provider | None:
        """Return who answers for a key because of what was registered: classes are not autowired for this."""
        if key in self.providers:
            return self.providers[key] if key not in self.autowired else None
        return self._derive(key) if self.parent is None else self.parent.registered(key)

    def _derive(self, key: Key) -> Provider | None:
        if key not in self._derived:
            self._derived[key] = derive_provider(key, self)
        return self._derived[key]

    def node(self, key: Key) -> Node:
        """Return the bound provider of a key.

        Raises:
            MissingProviderError: nobody registered the key.
        """
        node = self._nodes.get(key)
        if node is None:
            provider = self.provider(key)
            if provider is None:
                raise MissingProviderError(what_to_register(key), "the caller")
            node = self._nodes[key] = self._bind(provider)
        return node

    def owner(self, key: Key) -> "Graph":
        """Return the layer that holds the instances of a key."""
        if self.parent is None:
            return self
        owner = self._owners.get(key)
        if owner is None:
            closure = self.closure(key)
            mine = not closure.isdisjoint(self.providers) or any(self.node(each).provider.opaque for each in closure)
            owner = self._owners[key] = self if mine else self.parent.owner(key)
        return owner

    def closure(self, key: Key) -> frozenset[Key]:
        """Return the key and everything it reaches, now or later."""
        closure = self._closures.get(key)
        if closure is None:
            reached: set[Key] = set()
            waiting = [key]
            while waiting:
                current = waiting.pop()
                # What a factory is handed at run time has no provider; for all else, validation tells.
                if current not in reached and (current == key or self.provider(current) is not None):
                    reached.add(current)
                    waiting.extend(self.node(current).reaches)
            closure = self._closures[key] = frozenset(reached)
        return closure

    def check(self, key: Key) -> None:
        """Raise the first problem below a key; free after the first time."""
        if key not in self._checked:
            reached: set[Key] = set()
            problem = next(find_problems(self, {"the caller": key}, reached), None)
            if problem is not None:
                raise problem
            self._checked |= reached

    def forget(self) -> None:
        """Drop what was found out, after a registration changed."""
        self._derived.clear()
        self._nodes.clear()
        self._closures.clear()
        self._owners.clear()
        self._checked.clear()

    def bound(self, parameter: Parameter) -> bool:
        """Whether a parameter is injected: it has a key, and a default gives way only to a registered type."""
        if parameter.problem is not None:
            return False
        return not parameter.has_default or self.registered(parameter.key) is not None

    def _bind(self, provider: Provider) -> Node:
        positional: list[Key] = []
        keywords: list[tuple[str, Key]] = []
        in_order = True
        for parameter in provider.parameters:
            if not self.bound(parameter):
                in_order = False
            elif parameter.positional and in_order:
                positional.append(parameter.key)
            else:
                keywords.append((parameter.name, parameter.key))
        return Node(provider, tuple(positional), tuple(keywords))

    def _autowired(self, key: Key) -> Provider | None:
        if not (inspect.isclass(key) and _is_concrete(key)):
            return None
        provider = read_provider(key, Lifetime.TRANSIENT, key, location=f"autowired from {key.__module__}")
        self.providers[key] = provider
        self.autowired[key] = None
        return provider


def _is_concrete(cls: type) -> bool:
    return cls.__module__ != "builtins" and not inspect.isabstract(cls) and not getattr(cls, "_is_protocol", False)


def needs_await(
    graph: Graph,
    key: Key,
    built: typing.Callable[[Key], bool],
    under_way: typing.Callable[[Key], bool] | None = None,
) -> Key | None:
    """Return the first key below `key` that is not built yet and can only be had by awaiting, or `None`."""
    for node in unbuilt(graph, key, built):
        if node.provider.is_async or (under_way is not None and under_way(node.provider.key)):
            return node.provider.key
    return None


def unbuilt(graph: Graph, key: Key, built: typing.Callable[[Key], bool]) -> Iterator[Node]:
    """Yield what has to be made for a key: the key and everything below it, but nothing below what is built."""
    waiting, seen = [key], set()
    while waiting:
        current = waiting.pop()
        if current not in seen and not built(current):
            seen.add(current)
            node = graph.node(current)
            yield node
            waiting.extend(node.dependencies)


def levels_of(graph: Graph, keys: Iterable[Key]) -> list[list[Key]]:
    """Sort keys into levels: every key stands behind all of `keys` that it reaches, directly or not.

    What a `Lazy` or `Factory` builds counts too, unless it needs the holder in turn: it cannot stand before it then.
    """
    depth: dict[Key, int] = {}
    chosen = set(keys)
    entered: set[Key] = set()
    for root in chosen:
        stack = [(root, False)]
        while stack:
            key, expanded = stack.pop()
            if key in depth or (not expanded and key in entered):
                continue  # entered and without depth: it closes a cycle that is accepted and never built
            entered.add(key)
            below = [each for each in _stands_before(graph, key) if graph.provider(each) is not None]
            if not expanded:
                stack.append((key, True))
                stack.extend((each, False) for each in below if each not in depth)
            else:
                depth[key] = max((depth.get(each, 0) + (each in chosen) for each in below), default=0)
    levels: dict[int, list[Key]] = {}
    for key in chosen:
        levels.setdefault(depth[key], []).append(key)
    return [levels[level] for level in sorted(levels)]


def _stands_before(graph: Graph, key: Key) -> tuple[Key, ...]:
    node = graph.node(key)
    deferred = node.provider.deferred
    if deferred is None:
        return node.dependencies
    return () if key in graph.closure(deferred) else (deferred,)
