"""`di uses T`: who needs a type, directly and through others."""

import argparse

from rich.console import Console
from rich.text import Text

from di._command.names import find_node
from di._command.target import add_target, load_target
from di._command.terminal import add_format, counted, labelled, open_console, write_json
from di._command.walks import Walks
from di._graph_view import GraphNode, GraphRoot, GraphView


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.description = "Show who needs a type. Exit code 0, also when nobody does."
    add_target(parser, "T", "T")
    add_format(parser, "text", "json")


def run(options: argparse.Namespace) -> int:
    """Show who needs it."""
    target, (name,) = load_target(options)
    view = target.view()
    node = find_node(view, name)
    walks = Walks(view)
    distances = walks.holders(node.id)
    direct = [distance for distance in distances if distances[distance] == 1]
    further = [step for step, distance in distances.items() if distance > 1]
    if options.format == "json":
        write_json({"schema": "di-uses/1", "of": node.id, "direct": direct, "through_others": further})
    else:
        _draw(view, node, direct, further)
    return 0


def _draw(view: GraphView, node: GraphNode, direct: list[str], further: list[str]) -> None:
    console = open_console()
    nodes, roots = {each.id: each for each in view.nodes}, {each.id: each for each in view.roots}
    services = [nodes[step] for step in (*direct, *further) if step in nodes]
    asking = [roots[step] for step in direct if step in roots]
    reaching = [step for step in (*direct, *further) if step in roots]
    console.print(labelled(node))
    _list(console, "needed by", [nodes[step] for step in direct if step in nodes])
    _list(console, "needed through those by", [nodes[step] for step in further if step in nodes])
    _list(console, "asked for by", asking)
    services_text = counted(len(services), "service needs", "services need")
    roots_text = counted(len(reaching), "route or other root reaches", "routes and other roots reach")
    hint = f"; see `di impact {node.name}`" if reaching else ""
    console.print(Text(f"\n{services_text} it, {roots_text} it{hint}."))


def _list(console: Console, title: str, members: list[GraphNode] | list[GraphRoot]) -> None:
    if members:
        console.print(Text(f"\n{title}:", "bold"))
        for line in sorted((labelled(each) for each in members), key=str):
            console.print(Text("  ").append_text(line))
