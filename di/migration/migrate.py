"""`di migrate`: moves the calls of getters out of route handlers, into their parameters."""

import argparse
from pathlib import Path

from di._command.terminal import add_format, open_console, write_json
from di.migration._jobs import add_jobs
from di.migration._rewrite.changes import Unwritten, write_all
from di.migration._rewrite.migration import Migration, Options, plan_migration
from di.migration._rewrite.report import print_diff, print_summary, to_json
from di.migration.errors import NothingToReadError

STAGES = {
    1: "write service_dependencies.py",
    2: "give handlers their services as parameters",
    3: "hand services over where tests call handlers themselves",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.add_argument("path", type=Path, help="folder of the code base, with its tests; nothing in it is run")
    parser.add_argument(
        "files", type=Path, nargs="*", default=[], help="files with handlers to change (default: all below PATH)"
    )
    parser.add_argument("--write", action="store_true", help="write the files instead of showing the differences")
    parser.add_argument(
        "--stage",
        type=int,
        action="append",
        choices=sorted(STAGES),
        help="; ".join(f"{number}: {what}" for number, what in STAGES.items()) + " (default: all; may be repeated)",
    )
    parser.add_argument(
        "--style",
        choices=("depends", "container"),
        default="depends",
        help="what provides the services: functions for FastAPI alone, or a container of this DI layer "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--early",
        action="append",
        default=[],
        metavar="GETTER",
        help="a getter that may be called earlier than now, though building its service can fail or has effects",
    )
    parser.add_argument(
        "--service",
        action="append",
        default=[],
        metavar="GETTER",
        help="4: let the container make what this getter makes, and the getter ask the container (alone; may be "
        "repeated, what others stand on first)",
    )
    parser.add_argument("--dependencies", type=Path, metavar="FILE", help="where the wrappers are written")
    add_format(parser, "terminal", "json")
    add_jobs(parser)


def run(options: argparse.Namespace) -> int:
    """Plan, show or write, and return the exit code: 1 if something is left to write, or could not be written.

    Raises:
        NothingToReadError: a path does not exist, or there is no Python file below it.
    """
    migration = migrate_path(options)
    failed = write_all(migration.changes) if options.write else []
    show(migration, options, failed)
    unfinished = failed or migration.bridged.refused or (migration.changes and not options.write)
    return 1 if unfinished else 0


def migrate_path(options: argparse.Namespace) -> Migration:
    """Plan the migration of the code below a path."""
    missing = next((each for each in options.files if not each.exists()), None)
    if missing is not None:
        raise NothingToReadError(missing)
    wanted = Options(
        frozenset(options.stage or STAGES),
        frozenset(each.resolve() for each in options.files),
        frozenset(options.early),
        options.style,
        tuple(options.service),
        options.dependencies.resolve() if options.dependencies is not None else None,
    )
    return plan_migration(options.path, wanted, options.jobs)


def show(migration: Migration, options: argparse.Namespace, failed: list[Unwritten]) -> None:
    """Write the differences and the summary, or both as JSON."""
    if options.format == "json":
        write_json(to_json(migration, written=options.write, failed=failed))
        return
    console = open_console()
    if not options.write:
        print_diff(migration.changes, console)
        if migration.changes:
            console.print()
    print_summary(migration, console, written=options.write, failed=failed)
