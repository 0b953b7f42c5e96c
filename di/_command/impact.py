"""`di impact T`: which routes and other roots reach a type."""

import argparse

from rich.text import Text

from di._command.names import find_node
from di._command.target import add_target, load_target
from di._command.terminal import add_format, counted, labelled, open_console, write_json
from di._command.walks import Walks
from di._graph_view import GraphNode, GraphRoot, GraphView


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.description = "Show what a change of a type may touch. Exit code 0, also when nothing reaches it."
    add_target(parser, "T", "T")
    add_format(parser, "text", "json")


def run(options: argparse.Namespace) -> int:
    """Show who reaches it."""
    target, (name,) = load_target(options)
    view = target.view()
    node = find_node(view, name)
    walks = Walks(view)
    distances = walks.holders(node.id)
    reaching = sorted(
        (root for root in view.roots if root.id in distances), key=lambda root: (root.path or "", root.name)
    )
    ways = {root.id: next(iter(walks.ways(root.id, node.id) or [])) for root in reaching}
    if options.format == "json":
        listed = [{"root": root.id, "kind": root.kind, "way": ways[root.id]} for root in reaching]
        write_json({"schema": "di-impact/1", "of": node.id, "roots": listed, "all_roots": len(view.roots)})
    else:
        _draw(view, node, reaching, ways)
    return 0


def _draw(view: GraphView, node: GraphNode, reaching: list[GraphRoot], ways: dict[str, list[str]]) -> None:
    console = open_console()
    names = {each.id: each.name for each in view.nodes}
    console.print(labelled(node))
    all_roots = counted(len(view.roots), "route or other root", "routes and other roots")
    console.print(Text(f"is reached by {len(reaching)} of {all_roots}{':' if reaching else '.'}\n"))
    for root in reaching:
        console.print(labelled(root))
        between = [names[step] for step in ways[root.id][1:-1]]
        console.print(Text(f"    through {' > '.join(between)}" if between else "    asks for it", "dim"))
