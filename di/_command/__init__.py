"""The command line: `di graph | why | uses | impact | explain | check | audit | freeze | migrate`.

Exit codes: 0 fine, 1 problems were found, 2 the command could not do what it was asked.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from di.errors import DiError

DESCRIPTION = "Look at the dependency graph of an application, without starting it, or at code that has none yet."
EPILOG = """\
TARGET is module:attribute, as for uvicorn: a FastAPI application that has a
di.Container installed, a container, or a function without arguments that
returns one of them. With `target = "shop.main:app"` under [tool.di] in
pyproject.toml it can be left out.

exit codes: 0 fine, 1 problems found, 2 the command could not be carried out
"""
MIGRATE = """\
Shows the differences and what stays, with the reason; --write applies them.

exit codes: 0 nothing is left to do, 1 files would change, could not be written, or
a service was refused, 2 the command could not be carried out
"""
EXIT_CODES = "exit codes: 0 fine, 1 problems found, 2 the command could not be carried out"


@dataclass(frozen=True, slots=True)
class Subcommand:
    """What `di --help` says of it, and the module that does it, imported when it is asked for."""

    help: str
    module: str
    epilog: str = EPILOG


class Doer(Protocol):
    """What the module of a subcommand has to offer."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Describe the arguments."""

    def run(self, options: argparse.Namespace) -> int:
        """Do it, and return the exit code."""


SUBCOMMANDS = {
    "graph": Subcommand("draw the graph as a page, as mermaid or as JSON", "di._command.graph"),
    "why": Subcommand("show how one type or route comes to need another", "di._command.why"),
    "uses": Subcommand("show who needs a type, directly and through others", "di._command.uses"),
    "impact": Subcommand("show which routes and other roots reach a type", "di._command.impact"),
    "explain": Subcommand("show the plan that builds what a route needs", "di._command.explain"),
    "check": Subcommand("report every problem of the graph", "di._command.check"),
    "audit": Subcommand("list the services that code holds behind getters", "di.migration.audit", EXIT_CODES),
    "freeze": Subcommand("keep such services from becoming more", "di.migration.freeze", EXIT_CODES),
    "migrate": Subcommand(
        "move calls of getters into the parameters of route handlers", "di.migration.migrate", MIGRATE
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; what a person can mend is one message and exit code 2."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    parser = argparse.ArgumentParser(
        prog="di", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    subparsers = parser.add_subparsers(dest="subcommand", required=True, metavar="COMMAND")
    doer: Doer | None = None
    options = argparse.Namespace()
    for name, subcommand in SUBCOMMANDS.items():
        below = subparsers.add_parser(
            name, help=subcommand.help, epilog=subcommand.epilog, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if given[:1] == [name]:
            doer = cast(Doer, importlib.import_module(subcommand.module))
            doer.add_arguments(below)
            options = below.parse_intermixed_args(given[1:])  # file names may stand behind options
    if doer is None:
        parser.parse_args(given)  # explains itself, and exits
    try:
        code = doer.run(options) if doer is not None else 2
        sys.stdout.flush()
    except DiError as error:
        print(f"di: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read the output has seen enough (`di uses ... | head`)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    return code
