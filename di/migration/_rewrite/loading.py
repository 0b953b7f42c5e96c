"""Which modules are imported when others are, and which only when a function runs."""

import ast
from collections.abc import Iterator
from pathlib import Path

from di.migration._facts import Module
from di.migration._project import Project
from di.migration._rewrite.sources import Sources
from di.migration._scopes import imported_from


class Loads:
    """Finds the imports that run with the module they stand in."""

    def __init__(self, project: Project, sources: Sources) -> None:
        self._project = project
        self._sources = sources
        self._known: dict[Path, bool] = {}

    def at_start(self, path: Path) -> bool:
        """Whether some module that is no test imports a file when it is imported itself."""
        if path not in self._known:
            self._known[path] = any(self._imports(module, path) for module in self._project.sources)
        return self._known[path]

    def _imports(self, module: Module, path: Path) -> bool:
        stem = path.parent.name if path.stem == "__init__" else path.stem
        mentioned = any(stem in name.split(".") for name in module.imports) or any(
            isinstance(each, tuple) and stem in (*each.home.split("."), *each.path)
            for bindings in module.bindings.values()
            for each in bindings
        )
        source = self._sources.of(module) if mentioned else None
        if source is None:
            return False
        return any(
            self._project.linker.index.find(name, module.path) == path
            for node in running_imports(source.tree.body)
            for name in modules_of(node)
        )


def running_imports(body: list[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports that run when a module is imported: not those that only type checkers see."""
    for node in body:
        match node:
            case ast.Import() | ast.ImportFrom():
                yield node
            case ast.Try():
                yield from running_imports(node.body)
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                yield from running_imports(node.orelse)
            case _:
                pass


def modules_of(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Return the names under which an import may name modules."""
    if isinstance(node, ast.Import):
        return [each.name for each in node.names]
    home = imported_from(node)
    joined = home if home.endswith(".") or not home else f"{home}."
    return [home, *(f"{joined}{each.name}" for each in node.names)]
