"""`di audit`: tells which services a code base holds behind accessors, and who asks them."""

import argparse
import json
import sys
from pathlib import Path

from di._command.terminal import add_format, open_console, write_file
from di.migration._audit import Audit
from di.migration._jobs import add_jobs
from di.migration._json import to_json
from di.migration._markdown import to_markdown
from di.migration._page import to_page
from di.migration._sarif import to_sarif
from di.migration._terminal import print_audit

FORMATS = ("terminal", "markdown", "json", "sarif", "html")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.add_argument("path", type=Path, help="folder or file to read; nothing in it is imported or run")
    add_format(parser, *FORMATS)
    parser.add_argument("--output", type=Path, metavar="FILE", help="write to a file instead of standard output")
    add_jobs(parser)


def run(options: argparse.Namespace) -> int:
    """Read the code, write the report, and return the exit code.

    Raises:
        NothingToReadError: there is no Python file at the path.
        OutputError: the report cannot be written.
    """
    audit = audit_path(options.path, options.jobs)
    if options.format == "terminal" and options.output is None:
        print_audit(audit, open_console())
        return 0
    text = render(audit, options.format)
    if options.output is None:
        sys.stdout.write(text)
        return 0
    write_file(options.output, text)
    return 0


def audit_path(path: Path, jobs: int = 1) -> Audit:
    """Read the code below a path, in several processes if it is large.

    Raises:
        NothingToReadError: there is no Python file.
    """
    return Audit(path, jobs)


def render(audit: Audit, form: str) -> str:
    """Return the report in one of the formats that are texts."""
    match form:
        case "json":
            return json.dumps(to_json(audit), indent=2) + "\n"
        case "sarif":
            return json.dumps(to_sarif(audit), indent=2) + "\n"
        case "html":
            return to_page(audit)
        case _:
            return to_markdown(audit)
