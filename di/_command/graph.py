"""`di graph`: the graph as one page for a browser, as a mermaid diagram, or as JSON."""

import argparse
import sys
from pathlib import Path

from di._command.mermaid import MOST_ARROWS, to_mermaid
from di._command.names import find_start
from di._command.page import to_page
from di._command.target import add_target, load_target
from di._command.terminal import write_file
from di._command.walks import Walks
from di._graph_view import GraphView


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.description = "Draw the graph. Exit code 0, also when it has problems; `di check` judges."
    add_target(parser, "")
    parser.add_argument(
        "--format", choices=("mermaid", "json", "html"), default="mermaid", help="what to write (default: %(default)s)"
    )
    parser.add_argument("--html", dest="format", action="store_const", const="html", help="same as --format html")
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="write to a file instead of standard output")
    parser.add_argument("--focus", metavar="NAME", help="only what a type or route needs, and who needs it")


def run(options: argparse.Namespace) -> int:
    """Draw it."""
    target, _ = load_target(options)
    view = target.view()
    if options.focus is not None:
        view = _around(view, find_start(view, options.focus).id)
    match options.format:
        case "json":
            text = view.to_json(Path.cwd(), indent=2) + "\n"
        case "html":
            text = to_page(view, Path.cwd(), target.name)
        case _:
            text, arrows = to_mermaid(view, Path.cwd())
            if arrows > MOST_ARROWS:
                print(
                    f"di: {arrows} arrows are more than the {MOST_ARROWS} that mermaid draws; "
                    "draw a part with --focus NAME, or use --html.",
                    file=sys.stderr,
                )
    if options.output is None:
        print(text, end="")
    else:
        write_file(options.output, text)
    return 0


def _around(view: GraphView, step: str) -> GraphView:
    """Leave out what neither needs a node or root nor is needed by it."""
    walks = Walks(view)
    kept = walks.holders(step).keys() | walks.needed(step).keys()
    return view.only(kept)
