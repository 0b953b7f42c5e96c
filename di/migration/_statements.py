"""Reads the statements of a block: assignments, returns, conditions, locks, local imports."""

import ast
from collections.abc import Iterable

from di.migration._annotations import types_named
from di.migration._context import Context
from di.migration._facts import (
    CONSTRUCTORS,
    Assignment,
    LocalImport,
    Origin,
    OriginKind,
    Return,
    Source,
    Symbol,
)
from di.migration._names import ScopeKind
from di.migration._references import References
from di.migration._scopes import symbols_imported

_MISSING = frozenset({"NameError", "KeyError", "AttributeError", "LookupError", "UnboundLocalError"})


class Statements:
    """Walks statements; `Definitions` adds functions and classes."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._names = context.names
        self._references = References(context)

    def visit_block(self, body: Iterable[ast.stmt]) -> None:
        """Read statements in the order they are written."""
        for statement in body:
            self._visit(statement)

    def _visit(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                self._references.visit(value)
                origins = self._names.origins_of(value)
                for target in targets:
                    self._assign_one(target, origins, value)
            case ast.AnnAssign():
                self._visit_annotated(node)
            case ast.AugAssign(target=target, value=value):
                self._references.visit(value)
                self._augment(target)
            case ast.Return(value=value):
                self._references.visit(value)
                self._return(node)
            case ast.Import() | ast.ImportFrom():
                self._visit_import(node)
            case ast.Delete(targets=targets):
                for target in targets:
                    self._assign_one(target, (Origin(OriginKind.NONE),), None)
            case ast.Expr(value=value):
                self._references.visit(value)
            case _:
                self._visit_compound(node)

    def _visit_compound(self, node: ast.stmt) -> None:
        match node:
            case ast.If(test=test):
                self._visit_condition(node, test)
            case ast.While(test=test, body=body, orelse=orelse):
                self._references.visit(test)
                with self._context.guarded(self._tested(test)):
                    self.visit_block(body)
                self.visit_block(orelse)
            case ast.For() | ast.AsyncFor():
                self._references.visit(node.iter)
                self._references.visit(node.target)
                self.visit_block((*node.body, *node.orelse))
            case ast.With() | ast.AsyncWith():
                self._visit_with(node)
            case ast.Try() | ast.TryStar():
                self._visit_try(node)
            case ast.Match():
                self._visit_match(node)
            case _:
                if isinstance(node, ast.Raise) and self._context.function is not None:
                    self._context.function.raises = True
                self._references.visit(node)

    def _visit_match(self, node: ast.Match) -> None:
        self._references.visit(node.subject)
        for case in node.cases:
            self._references.visit(case.guard)
            with self._context.guarded(self._names.symbols_in(node.subject)):
                self.visit_block(case.body)

    def _visit_condition(self, node: ast.If, test: ast.expr) -> None:
        self._references.visit(test)
        context = self._context
        as_script, for_types = context.as_script, context.for_types
        context.as_script = as_script or (context.function is None and _is_script_test(test))
        context.for_types = for_types or _is_type_test(test)
        with context.guarded(self._tested(test)):
            self.visit_block(node.body)
            context.as_script, context.for_types = as_script, for_types
            self.visit_block(node.orelse)

    def _tested(self, test: ast.expr) -> frozenset[Symbol]:
        symbols = self._names.symbols_in(test)
        if self._context.function is not None:
            self._context.function.tests |= symbols
        return symbols

    def _visit_with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self._references.visit(item.context_expr)
            if self._context.function is not None and _names_a_lock(item.context_expr):
                self._context.function.locked = True
            if item.optional_vars is not None:
                self._assign_one(item.optional_vars, self._names.origins_of(item.context_expr), None)
        self.visit_block(node.body)

    def _visit_try(self, node: ast.Try | ast.TryStar) -> None:
        if self._context.function is not None:
            self._context.function.tries = True
        self.visit_block(node.body)
        for handler in node.handlers:
            self._references.visit(handler.type)
            caught = (
                {each.id for each in ast.walk(handler.type) if isinstance(each, ast.Name)} if handler.type else {""}
            )
            looked_for = caught & _MISSING
            guards = self._names.symbols_in(ast.Module(node.body, [])) if looked_for else frozenset()
            with self._context.guarded(guards):
                self.visit_block(handler.body)
        self.visit_block((*node.orelse, *node.finalbody))

    def _visit_import(self, node: ast.Import | ast.ImportFrom) -> None:
        if self._context.for_types:
            return
        symbols = symbols_imported(node)
        function = self._context.function
        if function is None:
            self._context.module.loads.extend(symbols)
        else:
            function.local_imports.extend(LocalImport(symbol, node.lineno) for symbol in symbols)

    def _return(self, node: ast.Return) -> None:
        function = self._context.function
        if function is None:
            return
        if isinstance(node.value, ast.Tuple):
            origins = tuple(origin for each in node.value.elts for origin in self._names.origins_of(each))
        else:
            origins = self._names.origins_of(node.value)
        function.returns.append(Return(origins, self._context.guards, node.lineno))

    def _visit_annotated(self, node: ast.AnnAssign) -> None:
        self._references.visit_annotation(node.annotation)
        self._references.visit(node.value)
        annotation = types_named(node.annotation, self._names)
        origins = self._names.origins_of(node.value) if node.value is not None else ()
        self._assign_one(node.target, origins, node.value, annotation=annotation)

    def _augment(self, target: ast.expr) -> None:
        self._references.visit(target)
        symbol = self._names.symbol_of(target)
        if symbol is not None and self._context.function is not None:
            self._context.store(symbol, (Origin(OriginKind.DATA),), target, augmented=True)

    def _assign_one(
        self,
        target: ast.expr,
        origins: tuple[Origin, ...],
        value: ast.expr | None,
        *,
        annotation: tuple[Symbol, ...] = (),
    ) -> None:
        match target:
            case ast.Name(id=name):
                self._assign_name(target, name, origins, value, annotation)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                self._unpack(parts, value)
            case ast.Starred(value=inner):
                self._assign_one(inner, (Origin(OriginKind.UNKNOWN),), None)
            case ast.Attribute() | ast.Subscript():
                self._assign_part(target, origins)
            case _:
                pass

    def _assign_part(self, target: ast.Attribute | ast.Subscript, origins: tuple[Origin, ...]) -> None:
        self._references.visit(target if isinstance(target, ast.Subscript) else target.value)
        symbol = self._names.symbol_of(target)
        if symbol is None:
            return
        if symbol.source is Source.SELF:
            self._assign_to_self(symbol, origins, target.lineno)
        else:
            self._context.store(symbol, origins, target)

    def _assign_name(
        self,
        target: ast.expr,
        name: str,
        origins: tuple[Origin, ...],
        value: ast.expr | None,
        annotation: tuple[Symbol, ...],
    ) -> None:
        context = self._context
        scope = self._names.find_scope(name)
        if scope is None or scope.kind is not ScopeKind.MODULE:
            if scope is not None and scope.kind is ScopeKind.CLASS and context.owner is not None:
                context.owner.attributes[name] = (*context.owner.attributes.get(name, ()), *origins)
                if annotation:
                    context.owner.annotations[name] = annotation
            else:
                self._names.trace(name, origins)
            return
        if context.function is not None:
            context.store(Symbol(Source.MODULE, "", (name,)), origins, target)
        else:
            self._bind_variable(target, name, origins, value, annotation)

    def _bind_variable(
        self,
        target: ast.expr,
        name: str,
        origins: tuple[Origin, ...],
        value: ast.expr | None,
        annotation: tuple[Symbol, ...],
    ) -> None:
        module = self._context.module
        bindings = module.bindings.setdefault(name, [])
        found = next((each for each in bindings if isinstance(each, Assignment)), None)
        end_line = (value.end_lineno if value is not None else None) or target.lineno
        if found is None:
            found = Assignment(name, target.lineno, end_line, only_as_script=self._context.as_script)
            bindings.append(found)
        elif all(origin.kind is OriginKind.NONE for origin in found.origins):
            found.line, found.end_line = target.lineno, end_line
        found.origins.extend(origins)
        found.annotation = annotation or found.annotation
        if isinstance(value, ast.Call):
            arguments = (self._names.symbol_of(each) for each in value.args[:1])
            found.arguments += tuple(each for each in arguments if each is not None)
        if name == "__all__" and isinstance(value, ast.List | ast.Tuple):
            texts = (each.value for each in value.elts if isinstance(each, ast.Constant))
            module.exported = tuple(each for each in texts if isinstance(each, str))

    def _unpack(self, parts: list[ast.expr], value: ast.expr | None) -> None:
        values = value.elts if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(parts) else None
        for position, part in enumerate(parts):
            if values is None:
                self._assign_one(part, (Origin(OriginKind.UNKNOWN),), None)
            else:
                self._assign_one(part, self._names.origins_of(values[position]), values[position])

    def _assign_to_self(self, symbol: Symbol, origins: tuple[Origin, ...], line: int) -> None:
        owner = self._context.owner
        if owner is None or len(symbol.path) != 1 or symbol.home != owner.qualname:
            return
        if symbol.path == ("__dict__",) and any(each.kind is OriginKind.NAME for each in origins):
            owner.shares_state = True
        owner.instance_attributes.setdefault(symbol.path[0], []).extend(origins)
        function = self._context.function
        if function is not None and function.name not in CONSTRUCTORS:
            owner.changed.setdefault(symbol.path[0], line)


def _is_script_test(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def _is_type_test(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else test.id if isinstance(test, ast.Name) else ""
    return name == "TYPE_CHECKING"


def _names_a_lock(node: ast.expr) -> bool:
    names = (
        each.id if isinstance(each, ast.Name) else each.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Name | ast.Attribute)
    )
    return any("lock" in name.lower() or "mutex" in name.lower() for name in names)
