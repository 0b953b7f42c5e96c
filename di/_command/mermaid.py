"""The graph as a mermaid flowchart, for pull requests and documents."""

from collections.abc import Iterator
from pathlib import Path

from di._command.grouping import group_nodes, group_roots
from di._graph_view import MISSING, GraphNode, GraphView, shortened

MOST_ARROWS = 500  # mermaid refuses more, and a diagram cannot raise that itself
_CLASSES = """\
  classDef singleton fill:#dbe8ff,stroke:#2563c9,color:#10203a
  classDef scoped fill:#d8f3e5,stroke:#0f8a5f,color:#0b2a1e
  classDef transient fill:#f1e0f7,stroke:#a44fbf,color:#2e1236
  classDef root fill:#f3f4f6,stroke:#6b7280,color:#111827
  classDef problem fill:#ffe0e0,stroke:#d32f2f,color:#4a0d0d,stroke-width:3px"""


def to_mermaid(view: GraphView, folder: Path) -> tuple[str, int]:
    """Draw roots, services by group, and what needs what; return the text, and how many arrows it has.

    Roots are drawn by group where there would be too many arrows otherwise.
    """
    needs = list(dict.fromkeys((edge.source, edge.target) for edge in view.edges))
    asks = [(root.id, ask.target) for root in view.roots for ask in root.asks]
    names = {root.id: root.name for root in view.roots}
    if len(asks) + len(needs) > MOST_ARROWS:
        names = {
            root.id: shortened(group, folder) for root, group in zip(view.roots, group_roots(view.roots), strict=True)
        }
    arrows = list(dict.fromkeys([*((names[root], target) for root, target in asks), *needs]))
    return "\n".join(_lines(view, list(names.values()), arrows, _troubled(view, names))) + "\n", len(arrows)


def _troubled(view: GraphView, names: dict[str, str]) -> set[str]:
    concerned = {each for problem in view.problems for each in (*problem.nodes, *problem.roots)}
    return {names.get(each, each) for each in concerned} | {node.id for node in view.nodes if node.kind == MISSING}


def _lines(view: GraphView, roots: list[str], arrows: list[tuple[str, str]], troubled: set[str]) -> Iterator[str]:
    members: dict[str, list[GraphNode]] = {}
    for node, group in zip(view.nodes, group_nodes(view.nodes, view.edges), strict=True):
        members.setdefault(group.label, []).append(node)
    ids = {each: f"n{number}" for number, each in enumerate(dict.fromkeys((*roots, *(node.id for node in view.nodes))))}
    yield "flowchart LR"
    for root in dict.fromkeys(roots):
        yield f'  {ids[root]}(["{_escaped(root)}"]):::{"problem" if root in troubled else "root"}'
    for number, (label, nodes) in enumerate(members.items()):
        yield f'  subgraph g{number}["{_escaped(label)}"]'
        for node in nodes:
            style = "problem" if node.id in troubled else node.lifetime
            yield f'    {ids[node.id]}["{_escaped(node.name)}"]:::{style}'
        yield "  end"
    for source, target in arrows:
        yield f"  {ids[source]} --> {ids[target]}"
    yield _CLASSES


def _escaped(text: str) -> str:
    return text.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")
