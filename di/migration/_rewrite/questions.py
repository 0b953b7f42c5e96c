"""What a wrapper must ask so that the handler gets what its own call would have got, also when tests patch it."""

import ast
from dataclasses import dataclass

from di.migration._accessor import Accessor
from di.migration._calls import Call, Form
from di.migration._facts import Module, Source, Symbol
from di.migration._import_graph import ImportGraph
from di.migration._names import Names, ScopeKind
from di.migration._project import Project
from di.migration._rewrite.naming import ModuleNames, dotted_name, service_name
from di.migration._rewrite.sources import dotted_parts
from di.migration._rewrite.watching import Watched, any_counts
from di.migration._rewrite.wrappers import Question, Request, TypeName


@dataclass(frozen=True, slots=True)
class Asked:
    """A call as a wrapper makes it, and whether a test may count or break it."""

    request: Request
    observed: bool
    first_import: str | None = None  # the module that the call's own import may be the first to import


class Questions:
    """Turns calls into requests for wrappers."""

    def __init__(self, project: Project, names: ModuleNames, watched: Watched, imports: ImportGraph) -> None:
        self._project = project
        self._imports = imports
        self._names = names
        self._watched = watched

    def of(self, call: Call, node: ast.expr, scopes: Names, *, awaited: bool) -> Asked | str:
        """Return what to ask, or why that cannot be said."""
        parts = dotted_parts(node)
        scope = scopes.find_scope(parts[0]) if parts is not None else None
        if parts is None or (
            scope is not None and scope.kind is not ScopeKind.MODULE and not _is_import(scopes, parts[0])
        ):
            return "it is asked through a local variable"
        called = call.form is Form.CALL
        first_import: str | None = None
        accessor, module = call.accessor, call.module
        at_definition = self._watched.patches_of(accessor.module, accessor.name.partition(".")[0])
        if scope is None or scope.kind is ScopeKind.MODULE:
            here = self._watched.patches_of(module, parts[0])
            imported = self._imported(module, parts)
            captured = imported is None or imported[2]
            if imported is None or here or (captured and at_definition):
                question = Question(self._names.of(module), parts[0], tuple(parts[1:]), called, awaited)
                observed = called and any_counts(here | (at_definition if not captured else set()))
                return Asked(self._request(question, accessor, module if here or at_definition else None), observed)
        else:
            symbol = scopes.symbol_of(ast.Name(parts[0], ast.Load()))
            imported = self._split(symbol, parts[1:], module) if symbol is not None else None
            if imported is None:
                return "the module that is imported in the function is not known"
            if scope is not scopes.scopes[-1] and at_definition:
                return "tests patch it, and an outer function imports it"
            path = self._project.linker.index.find(imported[0], module.path) if "." in imported[0] else None
            path = path or accessor.module.path
            first_import = None if self._imports.is_imported_at_start(path) else imported[0]
        home, rest, _ = imported
        question = Question(home, rest[0], tuple(rest[1:]), called, awaited)
        if not at_definition:
            question = self._at_definition(question, accessor, module)
        observed = called and any_counts(at_definition)
        return Asked(self._request(question, accessor, None), observed, first_import)

    def _request(self, question: Question, accessor: Accessor, site: Module | None) -> Request:
        return Request(
            question,
            service_name(accessor.name),
            accessor.module.path.stem if not accessor.module.is_package else accessor.module.path.parent.name,
            self._type_of(accessor),
            self._names.of(site) if site is not None else None,
        )

    def _type_of(self, accessor: Accessor) -> TypeName | None:
        if len(accessor.classes) != 1 or "none-legal" in accessor.variants:
            return None
        built = accessor.classes[0]
        if built.outside is not None:
            home, _, name = built.outside.name.rpartition(".")
            return TypeName(home, name) if home and name.isidentifier() else None
        if built.item is None or built.module is None or "." in built.item.qualname or built.item.nested:
            return None
        return TypeName(self._names.of(built.module), built.item.qualname)

    def _imported(self, module: Module, parts: list[str]) -> tuple[str, list[str], bool] | None:
        """Return the module that a name of a file is taken from, the rest, and whether the import kept its value."""
        bindings = module.bindings.get(parts[0], [])
        if len(bindings) != 1 or not isinstance(bindings[0], tuple):
            return None
        return self._split(bindings[0], parts[1:], module)

    def _split(self, symbol: Symbol, rest: list[str], module: Module) -> tuple[str, list[str], bool] | None:
        if symbol.source is not Source.IMPORT:
            return None
        linker = self._project.linker
        own = [*symbol.path, *rest]
        path = linker.index.find(symbol.home, module.path)
        home = symbol.home
        if path is None:
            return None
        if home.startswith("."):
            known = linker.index.modules.get(path)
            home = dotted_name(path, self._names.root_of(module)) if known is not None else ""
            if not home:
                return None
        taken = 0
        while taken < len(own) - 1:
            child = linker.index.child(path, own[taken])
            if child is None or child not in linker.index.modules:
                break
            path, home, taken = child, f"{home}.{own[taken]}", taken + 1
        return (home, own[taken:], taken < len(symbol.path)) if taken < len(own) else None

    def _at_definition(self, question: Question, accessor: Accessor, importer: Module) -> Question:
        """Ask where the accessor is defined, instead of where it is re-exported, if both are one import root."""
        path = self._project.linker.index.find(question.module, importer.path)
        definition = self._names.of(accessor.module)
        root = self._names.root_of(accessor.module)
        if path is None or not path.is_relative_to(root) or path not in self._project.linker.index.modules:
            return question
        if dotted_name(path, root) != question.module:
            return question
        first, *rest = accessor.name.split(".")
        return Question(definition, first, tuple(rest), question.called, question.awaited)


def _is_import(scopes: Names, name: str) -> bool:
    scope = scopes.find_scope(name)
    bindings = scope.bound.names.get(name, []) if scope is not None else []
    return bool(bindings) and all(each is not None and each.source is Source.IMPORT for each in bindings)
