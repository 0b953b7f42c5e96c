"""`di why A B`: every shortest way by which A comes to need B."""

import argparse
import itertools

from rich.text import Text
from rich.tree import Tree

from di._command.names import find_node, find_start
from di._command.target import add_target, load_target
from di._command.terminal import add_format, counted, labelled, open_console, write_json
from di._command.walks import Walks, Ways
from di._graph_view import GraphNode, GraphRoot, GraphView


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.description = 'A is a type or a route such as "GET /orders", B a type. Exit code 1: A does not need B.'
    add_target(parser, "A B", "A", "B")
    add_format(parser, "text", "json")
    parser.add_argument("--limit", type=int, default=100, help="ways to show at most (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Show the ways."""
    target, (first, second) = load_target(options)
    view = target.view()
    start, end = find_start(view, first), find_node(view, second)
    walks = Walks(view)
    ways = walks.ways(start.id, end.id)
    shown = [] if ways is None else list(itertools.islice(ways, max(options.limit, 1)))
    if options.format == "json":
        write_json(
            {"schema": "di-why/1", "from": start.id, "to": end.id, "count": ways.count if ways else 0, "ways": shown}
        )
    elif ways is None:
        turned = isinstance(start, GraphNode) and walks.ways(end.id, start.id) is not None
        hint = f"\nIt is the other way round: try `di why {end.name} {start.name}`." if turned else ""
        open_console().print(Text(f"{start.name} does not need {end.name}.{hint}"))
    else:
        _draw(view, start, end, ways, shown)
    return 0 if ways is not None else 1


def _draw(view: GraphView, start: GraphNode | GraphRoot, end: GraphNode, ways: Ways, shown: list[list[str]]) -> None:
    console = open_console()
    named = view.named
    console.print(
        Text(
            f"{start.name} needs {end.name} by {counted(ways.count, 'shortest way')} "
            f"of {counted(ways.length, 'step')}:\n"
        )
    )
    trees: dict[tuple[str, ...], Tree] = {}
    for way in shown:  # ways that begin alike share their beginning
        for length in range(1, len(way) + 1):
            if tuple(way[:length]) not in trees:
                label = labelled(named[way[length - 1]])
                above = trees.get(tuple(way[: length - 1]))
                trees[tuple(way[:length])] = Tree(label) if above is None else above.add(label)
    console.print(trees[start.id,])
    if ways.count > len(shown):
        console.print(Text(f"\nand {ways.count - len(shown)} more: --limit {ways.count} shows all."))
