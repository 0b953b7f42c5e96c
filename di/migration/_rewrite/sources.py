"""Files that are looked at again, statement by statement: the facts of the reader do not hold their trees."""

import ast
import io
import re
import tokenize
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from di.migration._facts import Function, Module

Definition = ast.FunctionDef | ast.AsyncFunctionDef
_NEWLINE = re.compile(r"\r\n|\r|\n")


class Position(NamedTuple):
    """Where a node begins: the line from 1, the column in characters from 0."""

    line: int
    column: int


@dataclass(eq=False)
class SourceFile:
    """One file with its tree."""

    path: Path
    content: bytes
    tree: ast.Module = field(repr=False)

    @cached_property
    def text(self) -> str:
        """The source as text."""
        encoding, _ = tokenize.detect_encoding(io.BytesIO(self.content).readline)
        return self.content.decode(encoding)

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the text, without their ends."""
        return _NEWLINE.split(self.text)

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The node around each node."""
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def _definitions(self) -> dict[tuple[int, str], Definition]:
        return {
            (each.lineno, each.name): each
            for each in ast.walk(self.tree)
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        }

    def definition_of(self, function: Function) -> Definition | None:
        """Return the node of a function, None for a named lambda."""
        return self._definitions.get((function.line, function.name))

    @cached_property
    def _calls(self) -> dict[tuple[int, int], ast.Call]:
        calls = (each for each in ast.walk(self.tree) if isinstance(each, ast.Call))
        return {(each.func.lineno, each.func.col_offset): each for each in calls if dotted_parts(each.func) is not None}

    def call_at(self, line: int, column: int) -> ast.Call | None:
        """Return the call of a dotted name that begins at a place, the column in bytes as the parser counts."""
        return self._calls.get((line, column))

    def class_at(self, line: int) -> ast.ClassDef | None:
        """Return the class statement that begins on a line."""
        return next(
            (each for each in ast.walk(self.tree) if isinstance(each, ast.ClassDef) and each.lineno == line), None
        )

    def position_of(self, node: ast.expr | ast.stmt | ast.alias) -> Position:
        """Return where a node begins, counted in characters."""
        before = self.lines[node.lineno - 1].encode()[: node.col_offset]
        return Position(node.lineno, len(before.decode()))

    def span_of(self, node: ast.expr | ast.stmt) -> tuple[Position, Position]:
        """Return where a node begins and ends, counted in characters."""
        line, column = node.end_lineno or node.lineno, node.end_col_offset or 0
        before = self.lines[line - 1].encode()[:column]
        return self.position_of(node), Position(line, len(before.decode()))

    @cached_property
    def names(self) -> set[str]:
        """Every identifier of the file."""
        return names_used_in(self.tree)

    @property
    def is_script(self) -> bool:
        """Whether the file does something else when it is run by name."""
        return "__main__" in self.text

    def text_of(self, node: ast.expr | ast.stmt, *, limit: int = 40) -> str:
        """Write a node on one line, shortened."""
        text = " ".join(ast.unparse(node).split())
        return text if len(text) <= limit else f"{text[: limit - 3]}..."


class Sources:
    """Parses files again when they are asked for, each once."""

    def __init__(self) -> None:
        self._known: dict[Path, SourceFile | None] = {}

    def of(self, module: Module) -> SourceFile | None:
        """Return a module's file, None if it cannot be read any more."""
        if module.path not in self._known:
            self._known[module.path] = read_source(module.path)
        return self._known[module.path]


def read_source(path: Path) -> SourceFile | None:
    """Parse one file; None if it is not there or no source text."""
    try:
        content = path.read_bytes()
        return SourceFile(path, content, ast.parse(content))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def dotted_parts(node: ast.expr) -> list[str] | None:
    """Return the names of `a.b.c`, None if it is anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return [node.id, *reversed(parts)]


def names_used_in(node: ast.AST) -> set[str]:
    """Return every identifier below a node."""
    found: set[str] = set()
    for each in ast.walk(node):
        match each:
            case ast.Name(id=name) | ast.arg(arg=name):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.alias(name=name, asname=asname):
                found.add(asname or name.partition(".")[0])
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                found.add(name)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                found.update(names)
            case _:
                pass
    return found
