"""Whether importing a module from another closes a cycle at import time."""

import ast
from pathlib import Path

from di.migration._project import Project
from di.migration._rewrite.loading import modules_of, running_imports
from di.migration._rewrite.sources import Sources


class ImportCycles:
    """Follows the imports that run when a module is imported."""

    def __init__(self, project: Project, sources: Sources) -> None:
        self._project = project
        self._sources = sources
        self._imports: dict[Path, set[Path]] = {}
        self._reached: dict[Path, set[Path]] = {}

    def reached_from(self, path: Path) -> set[Path]:
        """Return every file that is imported when one is."""
        if path not in self._reached:
            found: set[Path] = set()
            waiting = [path]
            while waiting:
                current = waiting.pop()
                if current not in found:
                    found.add(current)
                    waiting += self._imported_by(current)
            self._reached[path] = found
        return self._reached[path]

    def _imported_by(self, path: Path) -> set[Path]:
        if path not in self._imports:
            module = self._project.linker.index.modules.get(path)
            source = self._sources.of(module) if module is not None else None
            body: list[ast.stmt] = source.tree.body if source is not None else []
            names = {name for node in running_imports(body) for name in modules_of(node)}
            files = (self._project.linker.index.find(name, path) for name in names)
            self._imports[path] = {each for each in files if each is not None and each.suffix == ".py"}
        return self._imports[path]
