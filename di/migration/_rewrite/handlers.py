"""Which handlers can be given parameters, and why others cannot."""

import ast
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from di.migration._facts import Function, Module, Reference, Role
from di.migration._linking import Found
from di.migration._project import Project
from di.migration._rewrite.changes import shown_path
from di.migration._rewrite.decorators import Decorators
from di.migration._rewrite.sources import Definition, SourceFile, Sources
from di.migration._routes import Routes

_CLASS_DECORATORS = frozenset({"cbv"})
_METHOD_CALL = re.compile(r"\.\s*(\w+)\s*\(")
_LOOKS_INSIDE = frozenset({"locals", "vars", "eval", "exec"})


@dataclass(frozen=True, slots=True)
class Use:
    """Where a handler is mentioned other than as a handler."""

    module: Module
    reference: Reference


class Handlers:
    """Judges handlers by how they are declared and who else calls them."""

    def __init__(self, project: Project, routes: Routes, sources: Sources, wanted: set[int]) -> None:
        self._project = project
        self._routes = routes
        self._sources = sources
        self._decorators = Decorators(project, sources)
        self._uses: defaultdict[int, list[Use]] = defaultdict(list)
        self._names = {each.name for module in project.modules for each in module.functions if id(each) in wanted}
        for module in project.modules:
            for reference in module.references:
                if reference.symbol.path[-1:] and reference.symbol.path[-1].rpartition(".")[2] in self._names:
                    self._note(module, reference, wanted)

    def _note(self, module: Module, reference: Reference, wanted: set[int]) -> None:
        if reference.role in {Role.ENDPOINT, Role.BARE_ENDPOINT}:
            return
        target = self._project.linker.resolve(reference.symbol, module)
        if isinstance(target, Found) and id(target.item) in wanted and not target.rest:
            self._uses[id(target.item)].append(Use(module, reference))

    def uses_of(self, function: Function) -> list[Use]:
        """Return where a handler is called, or mentioned, by other code than the framework."""
        return self._uses[id(function)]

    def reason_against(self, module: Module, function: Function, source: SourceFile, node: Definition) -> str | None:
        """Return why a handler cannot be given parameters, None if it can."""
        if id(function) in self._routes.bare:
            return f"{function.name}() is no FastAPI route: Starlette calls it with the request alone"
        for each in function.decorators:
            if not self._routes.is_route(each, module) and not self._decorators.hands_through(each, module):
                shown = f"{each.base}.{each.attribute}" if each.base else each.attribute
                return f"@{shown} may not hand new parameters through to {function.name}()"
        used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)} & _LOOKS_INSIDE
        if used:
            return f"{function.name}() calls {min(used)}(), which sees parameters"
        return self._reason_in_class(module, function, source)

    def is_wrapped(self, module: Module, function: Function) -> bool:
        """Whether a decorator stands between the route and the function: it may check, catch and skip."""
        return any(
            not self._routes.is_route(each, module) and each.attribute not in {"staticmethod", "classmethod"}
            for each in function.decorators
        )

    def _reason_in_class(self, module: Module, function: Function, source: SourceFile) -> str | None:
        if function.owner is None:
            return None
        owner = module.classes.get(function.owner)
        if owner is None:
            return f"{function.name}() stands in a class that is not known"
        for each in owner.decorators:
            if each.attribute not in _CLASS_DECORATORS:
                return f"@{each.attribute} on {owner.name} may not hand new parameters through"
        place = self._called_methods.get(function.name)
        return f"{function.name}() may also be called as a plain method ({place})" if place is not None else None

    @cached_property
    def _called_methods(self) -> dict[str, str]:
        """Where each handler's name is first called behind a dot, other than as a decorator."""
        found: dict[str, str] = {}
        for module in self._project.modules:
            try:
                text = module.path.read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            for each in _METHOD_CALL.finditer(text):
                if each[1] in self._names and each[1] not in found and not _is_decorator(text, each.start()):
                    line = text.count("\n", 0, each.start()) + 1
                    found[each[1]] = f"{shown_path(module.path)}:{line}"
        return found


def _is_decorator(text: str, position: int) -> bool:
    return text[text.rfind("\n", 0, position) + 1 : position].lstrip().startswith("@")
