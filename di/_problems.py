"""What is wrong with a graph: every problem once, with the path from who asks to where it is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_origin

from di._deferred import Factory
from di._derived import factory_target, target_of, what_to_register
from di._keys import Key, describe
from di._late_commit import late_commits
from di._places import OWN_PACKAGES
from di._providers import Lifetime, Parameter, Provider, describe_provider
from di._roots import Root
from di.errors import (
    CaptiveDependencyError,
    CycleError,
    DiError,
    LateCommitWarning,
    MissingProviderError,
    UnresolvableHintError,
    UnusedProviderWarning,
    concerning,
)

if TYPE_CHECKING:
    from di._graph import Graph


def find_problems(graph: "Graph", roots: Mapping[str, Key], reached: set[Key] | None = None) -> Iterator[DiError]:
    """Yield every problem below the roots, each once, with the path that leads to it.

    `roots` maps a description (a route, "the caller") to a key; `reached` collects the keys that were met. Takes time
    linear in nodes plus edges, and does not recurse.
    """
    search = _Search(graph, set() if reached is None else reached, _ways_to_scoped(graph, roots.values()))
    for description, root in roots.items():
        if graph.provider(root) is None:
            yield concerning(MissingProviderError(what_to_register(root), description), description, target_of(root))
        else:
            yield from search.below([description], root)


class _Search:
    """A depth-first search that walks what a `Lazy` or `Factory` builds afterwards, as roots of their own."""

    def __init__(self, graph: "Graph", done: set[Key], ways: Mapping[Key, Key]) -> None:
        self._graph = graph
        self._done = done
        self._done_with_arguments: set[Key] = set()
        self._ways = ways
        self._waiting: list[tuple[Sequence[str], Key, bool]] = []

    def below(self, path: Sequence[str], root: Key) -> Iterator[DiError]:
        """Yield the problems of a root and of everything below it that was not walked yet."""
        self._waiting.append((path, root, False))
        while self._waiting:
            path, key, with_arguments = self._waiting.pop()
            done = self._done_with_arguments if with_arguments else self._done
            if key not in done:
                done.add(key)
                yield from _Walk(self._graph, path, self._done, self._ways, self._waiting).of(key, with_arguments)


class _Walk:
    """A walk from one root that knows the path it came by."""

    def __init__(
        self,
        graph: "Graph",
        path: Sequence[str],
        done: set[Key],
        ways: Mapping[Key, Key],
        later: list[tuple[Sequence[str], Key, bool]],
    ) -> None:
        self._graph = graph
        self._prefix = path
        self._done = done
        self._ways = ways
        self._later = later
        self._trail: dict[Key, None] = {}

    def of(self, root: Key, with_arguments: bool) -> Iterator[DiError]:
        stack: list[Iterator[Key]] = []
        yield from self._enter(root, stack, with_arguments=with_arguments)
        while stack:
            dependency = next(stack[-1], None)
            if dependency is None:
                self._trail.popitem()
                stack.pop()
            elif dependency in self._trail:
                yield self._cycle(dependency)
            elif dependency not in self._done:
                self._done.add(dependency)
                yield from self._enter(dependency, stack)

    def _enter(self, key: Key, stack: list[Iterator[Key]], *, with_arguments: bool = False) -> Iterator[DiError]:
        self._trail[key] = None
        provider = self._graph.provider(key)
        assert provider is not None  # noqa: S101 - only keys with a provider are entered
        dependencies = []
        for parameter in provider.parameters:
            problem = self._problem(parameter, provider)
            if problem is None:
                if _injected(self._graph, parameter):
                    dependencies.append(parameter.key)
            elif not with_arguments:
                yield problem
        stack.append(iter(dependencies))
        if provider.lifetime is Lifetime.SINGLETON:
            yield from self._captives(key, dependencies)
        if provider.deferred is not None:
            self._later.append((self._path(), provider.deferred, get_origin(key) is Factory))

    def _problem(self, parameter: Parameter, provider: Provider) -> DiError | None:
        if parameter.has_default:
            return None
        if parameter.problem is not None:
            unresolvable = UnresolvableHintError(
                parameter.name, describe_provider(provider), parameter.problem, self._path()
            )
            return concerning(unresolvable, provider.key, parameter.name)
        if self._graph.provider(parameter.key) is None:
            wanted = what_to_register(parameter.key)
            missing = MissingProviderError(wanted, describe_provider(provider), self._path())
            return concerning(missing, provider.key, target_of(parameter.key))
        return None

    def _captives(self, key: Key, dependencies: Iterable[Key]) -> Iterator[DiError]:
        """Yield one problem for each scoped type a singleton comes to hold: accepting one must not hide another."""
        seen: set[Key] = set()
        for dependency in dependencies:
            held = [dependency]
            while (further := self._ways.get(held[-1])) is not None:
                held.append(further)
            last = self._graph.provider(held[-1])
            if last is not None and last.lifetime is Lifetime.SCOPED and last.key not in seen:
                seen.add(last.key)
                path = [*self._path(), *(self._step(each) for each in held)]
                yield concerning(CaptiveDependencyError(describe(key), describe(last.key), path), key, last.key)

    def _cycle(self, key: Key) -> CycleError:
        trail = list(self._trail)
        circle = trail[trail.index(key) :]
        return concerning(CycleError([describe(member) for member in circle], self._path()), *circle)

    def _path(self) -> list[str]:
        return [*self._prefix, *(self._step(key) for key in self._trail)]

    def _step(self, key: Key) -> str:
        provider = self._graph.provider(key)
        return describe_provider(provider) if provider is not None else describe(key)


def _ways_to_scoped(graph: "Graph", roots: Iterable[Key]) -> dict[Key, Key]:
    """Return, for every transient that comes to hold something scoped, the dependency through which it does."""
    holders: dict[Key, list[Key]] = {}
    ways: dict[Key, Key] = {}
    scoped: list[Key] = []
    waiting, seen = list(roots), set[Key]()
    while waiting:
        key = waiting.pop()
        provider = graph.provider(key)
        if provider is None or key in seen:
            continue
        seen.add(key)
        held = _held(graph, provider)
        waiting.extend(held)
        if provider.lifetime is Lifetime.SCOPED:
            scoped.append(key)
        elif provider.lifetime is Lifetime.TRANSIENT:
            for each in held:
                holders.setdefault(each, []).append(key)
    while scoped:
        key = scoped.pop()
        for holder in holders.get(key, ()):
            if holder not in ways:
                ways[holder] = key
                scoped.append(holder)
    return ways


def _held(graph: "Graph", provider: Provider) -> list[Key]:
    """Return the keys an instance holds or may come to hold; what a factory makes is new, so its own needs count."""
    if provider.deferred is not None:
        made = graph.provider(provider.deferred) if get_origin(provider.key) is Factory else None
        if made is None:
            return [provider.deferred]
        provider = made
    return [each.key for each in provider.parameters if _injected(graph, each)]


def _injected(graph: "Graph", parameter: Parameter) -> bool:
    return parameter.problem is None and graph.provider(parameter.key) is not None


@dataclass(frozen=True, slots=True)
class Survey:
    """What a look at a whole graph has found."""

    problems: tuple[DiError, ...]
    unused: tuple[Key, ...]
    warnings: tuple[UnusedProviderWarning | LateCommitWarning, ...]


def survey_graph(graph: "Graph", roots: Sequence[Root] | None) -> Survey:
    """Look at what roots reach, then at what else is registered; without roots, nothing can be unused."""
    asked = {str(root): root.key for root in roots or ()}
    reached: set[Key] = set()
    problems = list(find_problems(graph, asked, reached))
    used = reached | {factory_target(key) for key in reached}
    registered = [provider for provider in graph.providers.values() if provider.location not in OWN_PACKAGES]
    unused = [] if roots is None else [each for each in registered if each.key not in used and each.ping is None]
    # What a factory makes is asked for with arguments: what it lacks is no problem unless others ask for it too.
    made = _targets_of_factories(graph, asked.values())
    others = [each.key for each in registered if each.key not in reached and each.key not in made]
    problems += find_problems(graph, {f"registration of {describe(key)}": key for key in others}, reached)
    warnings: list[UnusedProviderWarning | LateCommitWarning] = [
        UnusedProviderWarning(describe(each.key), each.location) for each in unused
    ]
    for each in registered:
        warnings += late_commits(each)
    return Survey(tuple(problems), tuple(each.key for each in unused), tuple(warnings))


def _targets_of_factories(graph: "Graph", roots: Iterable[Key]) -> set[Key]:
    asked = [*roots, *(parameter.key for provider in graph.providers.values() for parameter in provider.parameters)]
    return {target for key in asked if (target := factory_target(key)) is not None}
