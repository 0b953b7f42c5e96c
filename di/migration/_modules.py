"""Which file an import means; one file may be imported under several names."""

import sys
from collections import defaultdict
from collections.abc import Iterable
from functools import reduce
from pathlib import Path
from typing import Final

from di.migration._facts import Module

_STANDARD: Final = sys.stdlib_module_names


class ModuleIndex:
    """The modules of a code base by file; folders without `__init__.py` are namespace packages.

    An import root is a folder from which several-part imports of the code base (`app.services.mail`) find their
    file. Names of one part are looked for in those roots, in the folder that is read, and beside the importing
    file unless that lies inside a package: `import redis` in `app/clients/redis.py` is not that file itself.
    """

    def __init__(self, root: Path, modules: Iterable[Module]) -> None:
        self._top = root if root.is_dir() else root.parent
        self.modules = {module.path: module for module in modules}
        self._by_name: defaultdict[str, list[tuple[tuple[str, ...], Path]]] = defaultdict(list)
        self._folders: set[Path] = set()
        for path in self.modules:
            parts = path.parent.parts if path.stem == "__init__" else (*path.parent.parts, path.stem)
            self._by_name[parts[-1]].append((parts, path))
            self._add_folders(path.parent)
        self._roots = self._vote()
        self._found: dict[tuple[str, Path], Path | None] = {}

    def _add_folders(self, folder: Path) -> None:
        while folder not in self._folders and folder.is_relative_to(self._top):
            self._folders.add(folder)
            if folder / "__init__.py" not in self.modules:
                self._by_name[folder.name].append((folder.parts, folder))
            folder = folder.parent

    def _vote(self) -> set[Path]:
        roots = {self._top}
        for name in {name for module in self.modules.values() for name in module.imports}:
            parts = tuple(name.split("."))
            if len(parts) > 1 and parts[0] not in _STANDARD:
                roots.update(root for root, path in self._matches(parts) if path.is_file())
        return roots

    def _matches(self, parts: tuple[str, ...]) -> list[tuple[Path, Path]]:
        size = len(parts)
        return [
            (Path(*found[:-size]), path) for found, path in self._by_name.get(parts[-1], ()) if found[-size:] == parts
        ]

    def find(self, name: str, importer: Path) -> Path | None:
        """Return the file or namespace folder of a module as `importer` would import it; None if it is installed."""
        key = (name, importer.parent)
        if key not in self._found:
            self._found[key] = self._find(name, importer)
        return self._found[key]

    def _find(self, name: str, importer: Path) -> Path | None:
        if name.startswith("."):
            return self._find_relative(name, importer)
        parts = tuple(name.split("."))
        matches = [(root, path) for root, path in self._matches(parts) if self._is_root(root, importer)]
        if parts[0] in _STANDARD and not any(root == self._top or len(parts) > 1 for root, _ in matches):
            return None
        above = [each for each in matches if importer.is_relative_to(each[0])]
        chosen = max(above, key=lambda each: _rank(each, importer), default=None) or min(
            matches, key=lambda each: (len(each[0].parts), each[1].is_dir(), each[1]), default=None
        )
        return chosen[1] if chosen is not None else None

    def _is_root(self, root: Path, importer: Path) -> bool:
        if root in self._roots:
            return True
        return root == importer.parent and not self._is_inside_package(root)

    def _is_inside_package(self, folder: Path) -> bool:
        return folder / "__init__.py" in self.modules or any(
            folder != root and folder.is_relative_to(root) for root in self._roots - {self._top}
        )

    def _find_relative(self, name: str, importer: Path) -> Path | None:
        rest = name.lstrip(".")
        package = reduce(lambda folder, _: folder.parent, range(len(name) - len(rest) - 1), importer.parent)
        found: Path | None = self._as_module(package)
        for part in rest.split(".") if rest else ():
            found = self.child(found, part) if found is not None else None
        return found

    def _as_module(self, folder: Path) -> Path | None:
        if folder / "__init__.py" in self.modules:
            return folder / "__init__.py"
        return folder if folder in self._folders else None

    def child(self, module: Path, name: str) -> Path | None:
        """Return the submodule of a package, None if there is none."""
        if module in self.modules and module.stem != "__init__":
            return None
        folder = module.parent if module in self.modules else module
        file = folder / f"{name}.py"
        return file if file in self.modules else self._as_module(folder / name)


def _rank(match: tuple[Path, Path], importer: Path) -> tuple[int, bool, bool]:
    root, path = match
    return len(root.parts), path.is_file(), path != importer
