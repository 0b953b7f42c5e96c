"""How modules are imported by others, and how classes and getters are called in the names of wrappers."""

import re
from collections import Counter
from pathlib import Path

from di.migration._facts import Module
from di.migration._project import Project

_PREFIX = re.compile(r"^(?:get|fetch|load|provide|make|create|the)_+(?=\w)")


class ModuleNames:
    """Under which dotted names the modules of a project are imported."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._roots: dict[Path, Path] = {}

    def root_of(self, module: Module) -> Path:
        """Return the folder that a module is imported from: as others import it, or as it imports others."""
        if module.path not in self._roots:
            self._roots[module.path] = self._find_root(module)
        return self._roots[module.path]

    def _find_root(self, module: Module) -> Path:
        imported = {
            root
            for other in self._project.modules
            for name in other.imports
            if name.rpartition(".")[2] in {module.path.stem, module.path.parent.name}
            and self._project.linker.index.find(name, other.path) == module.path
            and (root := _root(module.path, name)) is not None
        }
        if len(imported) == 1:
            return imported.pop()
        votes: Counter[Path] = Counter()
        for name in module.imports:
            path = self._project.linker.index.find(name, module.path)
            root = _root(path, name) if path is not None and not name.startswith(".") else None
            if root is not None and module.path.is_relative_to(root):
                votes[root] += 1
        if votes:
            return votes.most_common(1)[0][0]
        folder = module.path.parent
        while (folder / "__init__.py") in self._project.linker.index.modules:
            folder = folder.parent
        return folder

    def of(self, module: Module) -> str:
        """Return the dotted name of a module."""
        return dotted_name(module.path, self.root_of(module))


def dotted_name(path: Path, root: Path) -> str:
    """Return the name a file has when it is imported from a folder."""
    parts = list(path.relative_to(root).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _root(path: Path, name: str) -> Path | None:
    """Return the folder from which a dotted name leads to a file."""
    parts = name.split(".")
    own = path.parent.parts if path.stem == "__init__" else (*path.parent.parts, path.stem)
    return Path(*own[: -len(parts)]) if list(own[-len(parts) :]) == parts else None


def service_name(asked: str) -> str:
    """Return what an accessor hands out, in small letters: `get_mail_service` gives `mail_service`."""
    first, _, last = asked.rpartition(".")
    if first and first[:1].isupper():  # MailService.get_instance
        return snake_case(first.rpartition(".")[2])
    plain = snake_case(last).strip("_")
    return _PREFIX.sub("", plain) or plain


def snake_case(name: str) -> str:
    """Write a class's name in small letters."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def camel_case(name: str) -> str:
    """Write a name as that of a class."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_") if part)
