"""The graph as a value: what `container.graph()` returns, made without building anything."""

import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, get_args, get_origin

from di._deferred import Factory, Lazy
from di._derived import target_of
from di._graph import Graph
from di._keys import Key, describe, qualified
from di._places import OWN_PACKAGES
from di._providers import Kind
from di._roots import Root
from di._sources import Place, Sources
from di._validation import Findings, Problem, examine
from di.errors import MissingProviderError

SCHEMA = "di-graph/1"
_KINDS: Mapping[object, str] = {list: "collection", Lazy: "lazy", Factory: "factory"}
MISSING = "missing"  # the kind of a node that somebody needs and nobody registered


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A type as it is registered.

    `id` is its qualified name, `kind` says what its provider is (`call`, `coroutine`, `generator`, `value`, ...), or
    `missing`; `source` is where the provider is written, `registered` where it was registered. `built_in` marks what
    `di` and `middleware` register themselves, `opaque` what takes from the container what no signature shows.
    """

    id: str
    name: str
    module: str
    lifetime: str | None
    kind: str
    provider: str | None = None
    source: Place | None = None
    registered: Place | None = None
    eager: bool = False
    required: bool = False
    external: bool = False
    built_in: bool = False
    autowired: bool = False
    opaque: bool = False


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """`source` is built with `target` as its `parameter`.

    `kind` is `needs`; `collection` for a member of a `list[T]`; `lazy` or `factory` for what is built later, on demand.
    """

    source: str
    target: str
    parameter: str
    kind: str = "needs"


@dataclass(frozen=True, slots=True)
class GraphAsk:
    """One type that a root asks for; `via` are the functions through which it does, `kind` as of an edge."""

    target: str
    via: tuple[str, ...] = ()
    kind: str = "needs"


@dataclass(frozen=True, slots=True)
class GraphRoot:
    """Somebody who asks from outside: `kind` is `http`, `websocket` or `other`."""

    id: str
    name: str
    kind: str
    method: str | None
    path: str | None
    source: Place | None
    asks: tuple[GraphAsk, ...]


@dataclass(frozen=True, slots=True)
class GraphProblem:
    """What validation found: `nodes` are concerned, `id` is what a baseline calls it."""

    id: str
    kind: str
    nodes: tuple[str, ...]
    roots: tuple[str, ...]
    text: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GraphView:
    """Nodes, edges, roots, problems, unused nodes and the texts of warnings, in order of registration."""

    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    roots: tuple[GraphRoot, ...]
    problems: tuple[GraphProblem, ...]
    unused: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def named(self) -> dict[str, GraphNode | GraphRoot]:
        """Every node and root by its id."""
        nodes: dict[str, GraphNode | GraphRoot] = {node.id: node for node in self.nodes}
        return nodes | {root.id: root for root in self.roots}

    def only(self, kept: Container[str]) -> "GraphView":
        """Leave out all but some nodes and roots, and what connects or concerns the others."""
        return GraphView(
            nodes=tuple(node for node in self.nodes if node.id in kept),
            edges=tuple(edge for edge in self.edges if edge.source in kept and edge.target in kept),
            roots=tuple(
                replace(root, asks=tuple(ask for ask in root.asks if ask.target in kept))
                for root in self.roots
                if root.id in kept
            ),
            problems=tuple(
                problem for problem in self.problems if any(each in kept for each in (*problem.nodes, *problem.roots))
            ),
            unused=tuple(each for each in self.unused if each in kept),
            warnings=self.warnings,
        )

    def to_dict(self, folder: Path | None = None) -> dict[str, Any]:
        """Return plain values of the schema `di-graph/1`; places in `folder` become relative to it."""
        text = {"schema": SCHEMA, **asdict(self)}
        if folder is not None:
            for each in (*text["nodes"], *text["roots"]):
                for name in ("source", "registered"):
                    if each.get(name):
                        each[name] = asdict(Place(**each[name]).below(folder))
            for problem in text["problems"]:
                problem["text"] = shortened(problem["text"], folder)
                problem["path"] = [shortened(step, folder) for step in problem["path"]]
            for root in text["roots"]:
                for ask in root["asks"]:
                    ask["via"] = [shortened(step, folder) for step in ask["via"]]
            text["warnings"] = [shortened(warning, folder) for warning in text["warnings"]]
        return text

    def to_json(self, folder: Path | None = None, *, indent: int | None = None) -> str:
        """Return `to_dict` as JSON."""
        return json.dumps(self.to_dict(folder), indent=indent)


def shortened(text: str, folder: Path) -> str:
    """Leave a folder out of the paths in a text."""
    return text.replace(f"{folder}/", "")


def view_graph(graph: Graph, roots: Sequence[Root] | None) -> GraphView:
    """Describe a graph as seen from its roots; without any, nothing counts as unused."""
    return _Drawing(graph, roots or (), examine(graph, roots)).view()


class _Drawing:
    """Gives every key its id, and collects what is drawn.

    What follows from registered types (`list[T]`, `Lazy[T]`, `Factory[T]`) is no node of its own but a kind of edge.
    """

    def __init__(self, graph: Graph, roots: Sequence[Root], findings: Findings) -> None:
        self._graph = graph
        self._roots = roots
        self._findings = findings
        self._missing = {each.keys for each in findings.problems if isinstance(each.error, MissingProviderError)}
        self._ids: dict[Key, str] = {}
        self._taken: set[str] = set()
        self._sources = Sources()

    def view(self) -> GraphView:
        registered = [key for key, each in self._graph.providers.items() if each.location not in OWN_PACKAGES]
        asked = [target for root in self._roots for target, _ in self._targets(root.key)]
        nodes: dict[Key, GraphNode] = {}
        edges: list[GraphEdge] = []
        waiting = [*registered, *asked]
        for key in waiting:  # grows: what is needed by somebody and not met yet comes last
            if key not in nodes:
                nodes[key] = self._node(key)
                for parameter, target, kind in self._needs(key):
                    edges.append(GraphEdge(self._id(key), self._id(target), parameter, kind))
                    waiting.append(target)
        roots = self._grouped()
        return GraphView(
            nodes=tuple(nodes.values()),
            edges=tuple(edges),
            roots=roots,
            problems=tuple(self._problem(each, roots) for each in self._findings.problems),
            unused=tuple(self._id(key) for key in self._findings.unused),
            warnings=tuple(str(warning) for warning in self._findings.warnings),
        )

    def _needs(self, key: Key) -> Iterator[tuple[str, Key, str]]:
        """Yield parameter, target and kind of every edge; what a factory is handed at run time has none."""
        provider = self._graph.provider(key)
        for parameter in () if provider is None else provider.parameters:
            if self._graph.bound(parameter):
                for target, kind in self._targets(parameter.key):
                    if self._graph.provider(target) is not None or (key, target) in self._missing:
                        yield parameter.name, target, kind

    def _targets(self, key: Key) -> list[tuple[Key, str]]:
        kind = _KINDS.get(get_origin(key))
        if kind is None or key in self._graph.providers:
            return [(key, "needs")]
        provider = self._graph.provider(key)
        if provider is None or provider.deferred is not None:
            members = [target_of(key)]
        else:
            members = [parameter.key for parameter in provider.parameters]
        return [(target, kind) for member in members for target, _ in self._targets(member)]

    def _id(self, key: Key) -> str:
        known = self._ids.get(key)
        if known is None:
            known = self._ids[key] = _unique(qualified(key), self._taken)
        return known

    def _node(self, key: Key) -> GraphNode:
        provider = self._graph.provider(key)
        if provider is None:
            return GraphNode(self._id(key), describe(key), _module_of(key), None, MISSING)
        make = getattr(provider.make, "stands_for", provider.make)
        value = provider.kind in {Kind.VALUE, Kind.SCOPE}
        return GraphNode(
            id=self._id(key),
            name=describe(key),
            module=_module_of(key),
            lifetime=provider.lifetime.value,
            kind=provider.kind.name.lower(),
            provider=None if value else describe(make),
            source=self._sources.place(type(make) if value else make),
            registered=Place.parse(provider.location),
            eager=provider.eager,
            required=provider.required,
            external=provider.external,
            built_in=provider.location in OWN_PACKAGES,
            autowired=key in self._graph.autowired,
            opaque=provider.opaque,
        )

    def _grouped(self) -> tuple[GraphRoot, ...]:
        """Return each root once, with everything it asks for."""
        together: dict[tuple[str, str | None], list[Root]] = {}
        for root in self._roots:
            together.setdefault((root.name, root.source), []).append(root)
        return tuple(
            GraphRoot(
                id=_unique(first.name, self._taken),
                name=first.name,
                kind=first.kind,
                method=first.method,
                path=first.path,
                source=Place.parse(first.source),
                asks=tuple(dict.fromkeys(self._asks((first, *others)))),
            )
            for first, *others in together.values()
        )

    def _asks(self, roots: Iterable[Root]) -> Iterator[GraphAsk]:
        for root in roots:
            for target, kind in self._targets(root.key):
                yield GraphAsk(self._id(target), root.via, kind)

    def _problem(self, problem: Problem, roots: tuple[GraphRoot, ...]) -> GraphProblem:
        text, *steps = str(problem.error).splitlines()
        named = set(problem.id.concerns)
        return GraphProblem(
            id=str(problem.id),
            kind=problem.id.kind,
            nodes=tuple(dict.fromkeys(self._id(each) for key in problem.keys for each, _ in self._targets(key))),
            roots=tuple(root.id for root in roots if root.name in named),
            text=text,
            path=tuple(step.strip().removeprefix("-> ") for step in steps),
        )


def _unique(name: str, taken: set[str]) -> str:
    """Return a name, numbered if somebody else has it, as classes made in a loop do."""
    number, unique = 1, name
    while unique in taken:
        number += 1
        unique = f"{name} #{number}"
    taken.add(unique)
    return unique


def _module_of(key: Any) -> str:
    while get_origin(key) is not None:
        key = get_args(key)[0] if hasattr(key, "__metadata__") else get_origin(key)
    return str(getattr(key, "__module__", ""))
