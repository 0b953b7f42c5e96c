"""The graph: which provider answers for a key, what it needs, and which layer owns the instance.

The root layer holds what was registered. `container.override` puts further layers on top. An instance belongs to the
innermost layer whose overrides its dependencies reach; so dependents of a fake are built anew and everything else is
shared.
"""

import inspect
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from di._keys import Key, describe
from di._providers import Lifetime, Parameter, Provider, describe_provider, read_provider
from di.errors import (
    CaptiveDependencyError,
    CycleError,
    DiError,
    MissingProviderError,
    UnresolvableHintError,
)


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A provider with its dependencies bound: positional ones in order, then keywords."""

    provider: Provider
    positional: tuple[Key, ...]
    keywords: tuple[tuple[str, Key], ...]

    @property
    def dependencies(self) -> tuple[Key, ...]:
        """Every key the provider is called with."""
        return self.positional + tuple(key for _, key in self.keywords)


class Graph:
    """One layer of providers over its parent; everything it finds out is remembered."""

    def __init__(
        self, providers: dict[Key, Provider], parent: "Graph | None" = None, *, autowire: bool = False
    ) -> None:
        self.providers = providers
        self.parent = parent
        self.autowired: list[Key] = []
        self._autowire = autowire
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
        return self._autowired(key) if self._autowire else None

    def node(self, key: Key) -> Node:
        """Return the bound provider of a key.

        Raises:
            MissingProviderError: nobody registered the key.
        """
        node = self._nodes.get(key)
        if node is None:
            provider = self.provider(key)
            if provider is None:
                raise MissingProviderError(describe(key), "the caller")
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
        """Return the key and everything it reaches."""
        closure = self._closures.get(key)
        if closure is None:
            reached: set[Key] = set()
            waiting = [key]
            while waiting:
                current = waiting.pop()
                if current not in reached:
                    reached.add(current)
                    waiting.extend(self.node(current).dependencies)
            closure = self._closures[key] = frozenset(reached)
        return closure

    def check(self, key: Key) -> None:
        """Raise the first problem below a key; free after the first time."""
        if key not in self._checked:
            problem = next(find_problems(self, {"the caller": key}), None)
            if problem is not None:
                raise problem
            self._checked.add(key)

    def forget(self) -> None:
        """Drop what was found out, after a registration changed."""
        self._nodes.clear()
        self._closures.clear()
        self._owners.clear()
        self._checked.clear()

    def bound(self, parameter: Parameter) -> bool:
        """Whether a parameter is injected: it has a key, and a default gives way only to a registered type."""
        if parameter.problem is not None:
            return False
        return not parameter.has_default or self.provider(parameter.key) is not None

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
        self.autowired.append(key)
        return provider


def _is_concrete(cls: type) -> bool:
    return cls.__module__ != "builtins" and not inspect.isabstract(cls) and not getattr(cls, "_is_protocol", False)


def find_problems(graph: Graph, roots: Mapping[str, Key], reached: set[Key] | None = None) -> Iterator[DiError]:
    """Yield every problem below the roots, each once, with the path that leads to it.

    `roots` maps a description (a route, "the caller") to a key; `reached` collects the keys that were met. Takes time
    linear in nodes plus edges, and does not recurse.
    """
    done: set[Key] = set() if reached is None else reached
    short_lived: dict[Key, Key | None] = {}
    for description, root in roots.items():
        if graph.provider(root) is None:
            yield MissingProviderError(describe(root), description)
        elif root not in done:
            yield from _Walk(graph, description, done, short_lived).from_root(root)


class _Walk:
    """A depth-first walk from one root that knows the path it came by."""

    def __init__(self, graph: Graph, description: str, done: set[Key], short_lived: dict[Key, Key | None]) -> None:
        self._graph = graph
        self._description = description
        self._done = done
        self._short_lived = short_lived
        self._trail: dict[Key, None] = {}

    def from_root(self, root: Key) -> Iterator[DiError]:
        stack: list[tuple[Key, Iterator[Key]]] = []
        yield from self._enter(root, stack)
        while stack:
            key, pending = stack[-1]
            dependency = next(pending, None)
            if dependency is None:
                yield from self._leave(key)
                stack.pop()
            elif dependency in self._trail:
                yield self._cycle(dependency)
            elif dependency not in self._done:
                yield from self._enter(dependency, stack)

    def _enter(self, key: Key, stack: list[tuple[Key, Iterator[Key]]]) -> Iterator[DiError]:
        self._trail[key] = None
        self._done.add(key)
        provider = self._graph.provider(key)
        assert provider is not None  # noqa: S101 - only keys with a provider are entered
        dependencies = []
        for parameter in provider.parameters:
            if parameter.has_default and not self._graph.bound(parameter):
                continue
            if parameter.problem is not None:
                yield UnresolvableHintError(
                    parameter.name, describe_provider(provider), parameter.problem, self._path()
                )
            elif self._graph.provider(parameter.key) is None:
                yield MissingProviderError(describe(parameter.key), describe_provider(provider), self._path())
            else:
                dependencies.append(parameter.key)
        stack.append((key, iter(dependencies)))

    def _leave(self, key: Key) -> Iterator[DiError]:
        provider = self._graph.provider(key)
        assert provider is not None  # noqa: S101 - see _enter
        towards = self._towards_scoped(provider)
        if provider.lifetime is Lifetime.SINGLETON and towards is not None:
            held = [towards]
            while (further := self._short_lived.get(held[-1])) is not None:
                held.append(further)
            path = [*self._path(), *(self._step(each) for each in held)]
            yield CaptiveDependencyError(describe(key), describe(held[-1]), path)
        self._short_lived[key] = towards if provider.lifetime is Lifetime.TRANSIENT else None
        del self._trail[key]

    def _towards_scoped(self, provider: Provider) -> Key | None:
        """Return the dependency through which instances of a provider hold on to something scoped, if one does."""
        for parameter in provider.parameters:
            dependency = self._graph.provider(parameter.key) if self._graph.bound(parameter) else None
            if dependency is not None and (
                dependency.lifetime is Lifetime.SCOPED or self._short_lived.get(parameter.key) is not None
            ):
                return parameter.key
        return None

    def _cycle(self, key: Key) -> CycleError:
        trail = list(self._trail)
        start = trail.index(key)
        return CycleError([describe(member) for member in trail[start:]], self._path())

    def _path(self) -> list[str]:
        return [self._description, *(self._step(key) for key in self._trail)]

    def _step(self, key: Key) -> str:
        provider = self._graph.provider(key)
        return describe_provider(provider) if provider is not None else describe(key)


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


def levels_of(graph: Graph, keys: typing.Iterable[Key]) -> list[list[Key]]:
    """Sort keys into levels: every key stands behind all of `keys` that it reaches, directly or not."""
    depth: dict[Key, int] = {}
    chosen = set(keys)
    for root in keys:
        stack = [(root, False)]
        while stack:
            key, expanded = stack.pop()
            if key in depth:
                continue
            below = [each for each in graph.node(key).dependencies if graph.provider(each) is not None]
            if not expanded:
                stack.append((key, True))
                stack.extend((each, False) for each in below if each not in depth)
            else:
                depth[key] = max((depth[each] + (each in chosen) for each in below), default=0)
    levels: dict[int, list[Key]] = {}
    for key in chosen:
        levels.setdefault(depth[key], []).append(key)
    return [levels[level] for level in sorted(levels)]
