"""`di freeze`: keeps module singletons, accessors asked in routes, and imports that dodge a cycle from growing."""

import argparse
import os
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

from di._command.terminal import add_format, counted, open_console, write_file, write_json
from di.migration._facts import Unread
from di.migration._freeze_baseline import FreezeBaseline, read_freeze_baseline
from di.migration._freeze_report import NOUNS, PLURALS, FreezeReport
from di.migration._frozen import Entry, Frozen, FrozenKind
from di.migration._jobs import add_jobs
from di.migration._json import relative_path
from di.migration._project import Project
from di.migration.errors import NothingToReadError

DEFAULT_BASELINE: Final = Path("di-freeze.json")
FORMATS: Final = ("terminal", "github", "json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.description = (
        "Compare code with a baseline of what it holds. Exit code 1: a new module singleton, call in a route, or "
        "import that dodges a cycle, or entries of the baseline that are gone."
    )
    parser.add_argument("path", type=Path, help="folder to read; nothing in it is imported or run")
    parser.add_argument(
        "files",
        type=Path,
        nargs="*",
        default=[],
        metavar="FILE",
        help="judge these files alone, as a pre-commit hook does",
    )
    parser.add_argument(
        "--baseline",
        type=Path,
        default=DEFAULT_BASELINE,
        metavar="FILE",
        help="what is accepted (default: %(default)s); paths in it are relative to its folder",
    )
    parser.add_argument(
        "--write", "--write-baseline", action="store_true", dest="write", help="accept what there is now"
    )
    add_format(parser, *FORMATS)
    add_jobs(parser)


def run(options: argparse.Namespace) -> int:
    """Read the code, compare it with the baseline or write that, and return the exit code.

    Raises:
        NothingToReadError: a path does not exist, or there is no Python file below it.
        FreezeBaselineError: the baseline is not there, or not a baseline.
        OutputError: the baseline cannot be written.
    """
    path: Path = options.path
    for each in (path, *options.files):
        if not each.exists():
            raise NothingToReadError(each)
    baseline = options.baseline.parent.resolve() / options.baseline.name
    renewal = f"di freeze {path} --write"
    if options.baseline != DEFAULT_BASELINE:
        renewal += f" --baseline {options.baseline}"
    is_first = options.write and not baseline.exists()
    before = FreezeBaseline() if is_first else read_freeze_baseline(baseline, renewal)
    project = Project(path, options.jobs)
    frozen = Frozen(project, baseline.parent)
    files = {each.resolve() for each in options.files}
    is_judged = _scope(project, baseline.parent, files)
    if options.write:
        return _write(before, before.renewed(frozen.sightings, is_judged), baseline)
    verdict = before.judge(frozen.sightings, is_judged)
    if files:
        verdict = verdict.only(lambda place: not files.isdisjoint(frozen.files_of(place)))
    report = FreezeReport(verdict, frozen.imports, baseline, renewal, tuple(_named(each) for each in project.unread))
    match options.format:
        case "json":
            write_json(report.as_json())
        case "github":
            sys.stdout.writelines(f"{line}\n" for line in report.for_github())
        case _:
            report.draw(open_console())
    return 1 if report.failed else 0


def _scope(project: Project, folder: Path, files: Collection[Path]) -> Callable[[Entry], bool]:
    """Return whether an entry is about what was read: not outside of the path, nor in a file that could not be read."""

    def is_judged(entry: Entry) -> bool:
        path = Path(os.path.normpath(folder / entry.file))
        if files and path not in files:
            return False
        return path.is_relative_to(project.root) and not any(path.is_relative_to(each.path) for each in project.unread)

    return is_judged


def _named(unread: Unread) -> tuple[str, str]:
    return relative_path(unread.path), unread.reason


def _write(before: FreezeBaseline, after: FreezeBaseline, path: Path) -> int:
    write_file(path, after.to_json())
    held = ", ".join(counted(after.total(kind), NOUNS[kind], PLURALS[kind]) for kind in FrozenKind)
    entries = before.counts.keys() | after.counts.keys()
    changes = [after.counts.get(each, 0) - before.counts.get(each, 0) for each in entries]
    added, removed = sum(max(each, 0) for each in changes), -sum(min(each, 0) for each in changes)
    sys.stdout.write(f"{relative_path(path)}: {held} accepted; {added} added, {removed} removed\n")
    return 0
