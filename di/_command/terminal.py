"""What the command writes: colours and wrapping at a terminal, whole lines without either in a pipe."""

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from di._command.errors import OutputError
from di._graph_view import MISSING, GraphNode, GraphRoot
from di._sources import Place

_UNLIMITED = 10_000  # columns; what reads a pipe wraps for itself
_COLOURS = {"singleton": "blue", "scoped": "green", "transient": "magenta", None: "red"}


class _Console(Console):
    """A console that leaves it to `main` when nobody reads any more; rich would exit with 1."""

    def on_broken_pipe(self) -> None:
        """Raise what rich has caught."""
        raise BrokenPipeError


def open_console() -> Console:
    """Return a console on standard output."""
    plain = _Console(highlight=False, markup=False, emoji=False)
    return (
        plain
        if plain.is_terminal
        else _Console(highlight=False, markup=False, emoji=False, width=_UNLIMITED, no_color=True, force_terminal=False)
    )


def add_format(parser: argparse.ArgumentParser, *formats: str) -> None:
    """Add `--format`, of which the first is the default."""
    parser.add_argument("--format", choices=formats, default=formats[0], help="what to write (default: %(default)s)")


def labelled(each: GraphNode | GraphRoot) -> Text:
    """Name a node or root with its lifetime and where it is written, for one line."""
    place = located(each.source)
    if isinstance(each, GraphRoot):
        return Text.assemble((each.name, "bold"), (f" ({place})", "dim") if place else "")
    what = "nobody registered it" if each.kind == MISSING else each.lifetime
    details = [detail for detail in (what, "external" if each.external else None, place) if detail]
    return Text.assemble((each.name, _COLOURS.get(each.lifetime, "")), (f" ({', '.join(map(str, details))})", "dim"))


def located(place: Place | None) -> str:
    """Write a place relative to the current folder."""
    return "" if place is None else str(place.below(Path.cwd()))


def counted(count: int, one: str, many: str | None = None) -> str:
    """Write a number with its noun."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def write_json(value: Any) -> None:
    """Write a value as JSON to standard output."""
    print(json.dumps(value, indent=2))


def write_file(path: Path, text: str) -> None:
    """Write a file.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(path, error.strerror or str(error)) from error
