"""`di explain WHAT`: the plan that builds what a route or a type needs, as a tree and as the source that runs."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.text import Text
from rich.tree import Tree

from di._command.names import find_start
from di._command.target import Target, add_target, load_target
from di._command.terminal import add_format, labelled, open_console, write_json
from di._command.walks import Walks
from di._compiler import InjectedCall, ResolvePlans
from di._explanation import ExplainedLine, explained
from di._graph_view import GraphNode, GraphRoot, GraphView, shortened
from di._keys import describe, qualified


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.description = 'WHAT is a route such as "GET /orders", or a type. Nothing is built. Exit code 0.'
    add_target(parser, "WHAT", "WHAT")
    add_format(parser, "text", "json")


def run(options: argparse.Namespace) -> int:
    """Show the plans."""
    target, (name,) = load_target(options)
    view = target.view()
    start = find_start(view, name)
    calls = _calls(target, start)
    if options.format == "json":
        write_json({"schema": "di-explain/1", "of": start.id, "plans": [_value(call) for call in calls.values()]})
        return 0
    plans = {asked: explained(call) for asked, call in calls.items()}
    _draw_tree(view, start)
    for asked, (singletons, lines) in plans.items():
        _draw_source(asked, singletons, lines)
    return 0


def _calls(target: Target, start: GraphNode | GraphRoot) -> Mapping[str, InjectedCall]:
    """Return the plan of a route; of anything else the plan of each type that it asks for, by what it is of."""
    planned = target.calls()
    if isinstance(start, GraphRoot) and start.name in planned:
        return {start.name: planned[start.name]()}
    layer = target.container.root_layer
    roots = target.roots or ()
    if isinstance(start, GraphRoot):
        wanted = [root.key for root in roots if root.name == start.name]
    else:
        reached = (key for root in roots for key in layer.closure(root.key))
        wanted = [key for key in (*layer.providers, *reached) if qualified(key) == start.id][:1]
    plans = ResolvePlans(layer)
    return {describe(key): plans.make(key) for key in dict.fromkeys(wanted)}


def _draw_tree(view: GraphView, start: GraphNode | GraphRoot) -> None:
    needs, named = Walks(view).needs, view.named
    tree = Tree(labelled(start))
    waiting, seen = [(iter(needs.get(start.id, ())), tree)], {start.id}
    while waiting:
        steps, branch = waiting[-1]
        each = next(steps, None)
        if each is None:
            waiting.pop()
            continue
        further = needs.get(each, [])
        again = each in seen and bool(further)
        label = labelled(named[each])
        below = branch.add(Text.assemble(label, (", as above", "dim")) if again else label)
        if not again:
            seen.add(each)
            waiting.append((iter(further), below))
    open_console().print(tree)


def _draw_source(asked: str, singletons: Mapping[str, str], lines: Sequence[ExplainedLine]) -> None:
    console, folder = open_console(), Path.cwd()
    console.print(Text(f"\n# the plan of {asked}", "bold"))
    for name, what in singletons.items():
        console.print(Text(f"# {name}: {shortened(what, folder)}", "dim"), soft_wrap=True)
    for line in lines:
        comment = f"{line.indent}# {shortened(line.comment, folder)}\n"
        console.print(Text.assemble((comment, "dim"), line.text), soft_wrap=True)


def _value(call: InjectedCall) -> dict[str, Any]:
    singletons, lines = explained(call)
    return {
        "source": call.source,
        "singletons": singletons,
        "comments": [line.comment for line in lines],
    }
