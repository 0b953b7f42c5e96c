"""Imports that nothing uses once the calls have moved."""

import ast
from collections.abc import Iterable

from di.migration._rewrite.plan import Edits
from di.migration._rewrite.sources import Definition, SourceFile


def root_of(node: ast.expr) -> str:
    """Return the first name of `await services.get_x()`."""
    while not isinstance(node, ast.Name):
        match node:
            case ast.Await(value=inner) | ast.Attribute(value=inner) | ast.Call(func=inner):
                node = inner
            case _:
                return ""
    return node.id


def drop_local_imports(source: SourceFile, handler: Definition, moved: Iterable[ast.expr], edits: Edits) -> None:
    """Note the names that imports inside a handler need no more."""
    gone = list(moved)
    roots = {root_of(each) for each in gone}
    used = _names_outside(handler, gone)
    for node in ast.walk(handler):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                if name in roots and name not in used:
                    edits.dropped.setdefault(source.position_of(node), set()).add(alias.asname or alias.name)


def unused_imports(source: SourceFile, moved: Iterable[ast.expr]) -> set[str]:
    """Return the names that only moved calls used, and that an import of the file binds."""
    gone = list(moved)
    imported = {
        alias.asname or alias.name.partition(".")[0]
        for node in source.tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    exported = {each.value for each in ast.walk(source.tree) if isinstance(each, ast.Constant)}
    return (imported & {root_of(each) for each in gone}) - _names_outside(source.tree, gone) - exported


def _names_outside(tree: ast.AST, gone: list[ast.expr]) -> set[str]:
    inside = {each for node in gone for each in ast.walk(node)}
    return {each.id for each in ast.walk(tree) if isinstance(each, ast.Name) and each not in inside}
