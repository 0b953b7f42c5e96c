"""Groups: which nodes and roots are drawn together, and in which order."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from di._graph_view import MISSING, GraphEdge, GraphNode, GraphRoot

_FEWEST = 3  # members of a module that is a group of its own; smaller ones join their package
_LONG = 60  # routes in one file, which are grouped by path instead
_MOST = 80  # groups; with more, small packages join theirs as well


@dataclass(frozen=True, slots=True)
class Group:
    """A name, and where it is drawn: `services` in the middle, `clients` at the far end."""

    label: str
    side: str


def group_nodes(nodes: Sequence[GraphNode], edges: Iterable[GraphEdge]) -> list[Group]:
    """Return the group of each node: its module, or the package of small modules."""
    needs: dict[str, set[str]] = {}
    for edge in edges:
        needs.setdefault(edge.source, set()).add(edge.target)
    ends = {node.id for node in nodes if node.built_in or (node.lifetime == "singleton" and node.id not in needs)}
    sides = [_side(node, needs.get(node.id, set()) <= ends) for node in nodes]
    own = {node.module.partition(".")[0] for node in nodes if _is_own(node)}
    labels = _merged([_module(node, own) for node in nodes])
    return [Group(label, side) for label, side in zip(labels, sides, strict=True)]


def group_roots(roots: Sequence[GraphRoot]) -> list[str]:
    """Return the group of each root: the file of its endpoint, or the beginning of its path in very long files."""
    files = [root.source.file if root.source and root.kind != "other" else "jobs and other roots" for root in roots]
    counts = Counter(files)
    return [
        f"/{(root.path or '').strip('/').partition('/')[0]}" if root.path and counts[file] > _LONG else file
        for root, file in zip(roots, files, strict=True)
    ]


def rank_groups(needs: Iterable[tuple[str, str]]) -> list[str]:
    """Put groups in an order in which few of them need one that stands before them.

    The greedy heuristic of Eades, Lin and Smyth for feedback arcs; each pair is one need between two groups.
    """
    weights = Counter((source, target) for source, target in needs if source != target)
    left = sorted({group for pair in weights for group in pair})
    begin: list[str] = []
    end: list[str] = []
    while left:
        pulls = {group: [0, 0] for group in left}  # what it needs of the others, what they need of it
        for (source, target), weight in weights.items():
            if source in pulls and target in pulls:
                pulls[source][0] += weight
                pulls[target][1] += weight
        sinks = [group for group in left if pulls[group][0] == 0]
        if sinks:
            end[:0] = sinks
            left = [group for group in left if group not in sinks]
        else:
            first = max(left, key=lambda group: pulls[group][0] - pulls[group][1])
            begin.append(first)
            left.remove(first)
    return begin + end


def _side(node: GraphNode, at_the_end: bool) -> str:
    """Tell clients apart: singletons below which nothing needs anything, what is external, what is built in."""
    is_client = node.external or node.built_in or (node.lifetime == "singleton" and at_the_end)
    return "clients" if is_client else "services"


def _is_own(node: GraphNode) -> bool:
    """Whether a type is written in the application: its provider stands in the file of its module."""
    if node.source is None or node.built_in:
        return False
    path = PurePath(node.source.file).with_suffix("").as_posix()
    return f"/{path}".endswith("/" + node.module.replace(".", "/"))


def _module(node: GraphNode, own: set[str]) -> str:
    """Return the module of a type, or of its provider if the type is somebody else's."""
    if node.built_in:
        return "di and middleware"
    if node.module.partition(".")[0] in own or node.source is None or node.kind == MISSING:
        return node.module
    parts = PurePath(node.source.file).with_suffix("").parts
    starts = [number for number, part in enumerate(parts) if part in own]
    return ".".join(parts[starts[-1] :]) if starts else node.module


def _merged(modules: list[str]) -> list[str]:
    labels, fewest = modules, _FEWEST
    while True:
        counts = Counter(labels)
        small = {label for label, count in counts.items() if count < fewest and "." in label}
        if small:
            labels = [label.rpartition(".")[0] if label in small else label for label in labels]
        elif len(counts) > _MOST and any("." in label for label in counts):
            fewest *= 2
        else:
            return labels
