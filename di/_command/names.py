"""Names: from what a person types to a node or a root of the graph."""

import difflib
from collections.abc import Iterable

from di._command.errors import AmbiguousNameError, UnknownNameError
from di._graph_view import GraphNode, GraphRoot, GraphView


def find_node(view: GraphView, text: str) -> GraphNode:
    """Return the node called `Name`, `module.Name` or any end of that.

    Raises:
        UnknownNameError, AmbiguousNameError
    """
    nodes = {node.id: node for node in view.nodes}
    return nodes[_only(text, _matching_nodes(view, text), _names_of_nodes(view))]


def find_start(view: GraphView, text: str) -> GraphNode | GraphRoot:
    """Return a node as `find_node` does, or the root called so: `GET /path`, a path, or the end of one.

    Raises:
        UnknownNameError, AmbiguousNameError
    """
    candidates = _matching_nodes(view, text) or _matching_roots(view, text)
    return view.named[_only(text, candidates, [*_names_of_nodes(view), *(root.name for root in view.roots)])]


def _matching_nodes(view: GraphView, text: str) -> list[str]:
    exact = [node.id for node in view.nodes if node.id == text]
    return exact or [node.id for node in view.nodes if node.name == text or node.id.endswith(f".{text}")]


def _matching_roots(view: GraphView, text: str) -> list[str]:
    exact = [root.id for root in view.roots if text in {root.id, root.name}]
    if exact:
        return exact
    method, _, path = text.rpartition(" ")
    if not path.startswith("/"):
        return [root.id for root in view.roots if root.name == f"root {text}"] if not method else []
    matching = [root for root in view.roots if not method or _has_method(root, method.upper())]
    same = [root.id for root in matching if root.path == path]
    return same or [root.id for root in matching if (root.path or "").endswith(path)]


def _has_method(root: GraphRoot, method: str) -> bool:
    return method in (root.method or root.kind.upper()).split(",")


def _names_of_nodes(view: GraphView) -> list[str]:
    return [node.name for node in view.nodes]


def _only(text: str, candidates: list[str], names: Iterable[str]) -> str:
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        raise AmbiguousNameError(text, candidates)
    by_small = {name.lower(): name for name in names}
    close = difflib.get_close_matches(text.lower(), by_small, n=4, cutoff=0.6)
    raise UnknownNameError(text, [by_small[each] for each in close])
