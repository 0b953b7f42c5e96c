"""Where things are written: `file:line` of classes and functions, quickly also for thousands of them."""

import ast
import inspect
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from di._keys import source_of


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file."""

    file: str
    line: int

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        """Read `file:line`; None for what is no line of a file."""
        file, _, line = (text or "").rpartition(":")
        return cls(file, int(line)) if file and line.isdigit() else None

    def below(self, folder: Path) -> "Place":
        """Return it relative to a folder, if it is in there."""
        file = Path(self.file)
        return Place(file.relative_to(folder).as_posix(), self.line) if file.is_relative_to(folder) else self

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Sources:
    """Finds places; every file is parsed once, because `inspect` parses it anew for each class."""

    def __init__(self) -> None:
        self._classes: dict[str, dict[str, int]] = {}

    def place(self, thing: Any) -> Place | None:
        """Return where a class or function is written, or None if that is no file."""
        if not inspect.isclass(thing):
            return Place.parse(source_of(thing)) if inspect.isroutine(thing) else None
        file = getattr(sys.modules.get(thing.__module__), "__file__", None)
        if file is None or not file.endswith(".py"):
            return None
        if file not in self._classes:
            self._classes[file] = _lines_of_classes(file)
        line = self._classes[file].get(thing.__qualname__)
        return None if line is None else Place(file, line)


def _lines_of_classes(file: str) -> dict[str, int]:
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError):
        return {}
    lines: dict[str, int] = {}
    waiting: list[tuple[ast.AST, str]] = [(tree, "")]
    while waiting:
        node, prefix = waiting.pop()
        for child in ast.iter_child_nodes(node):
            inner = prefix
            if isinstance(child, ast.ClassDef):
                lines[prefix + child.name] = child.lineno
                inner = f"{prefix}{child.name}."
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                inner = f"{prefix}{child.name}.<locals>."
            waiting.append((child, inner))
    return lines
