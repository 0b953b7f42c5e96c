"""Notes every use of a name that is not local, and what is done with it there."""

import ast
from typing import Final

from di.migration._annotations import DEPENDS_NAMES
from di.migration._context import Context
from di.migration._facts import ANY_KEY, Origin, OriginKind, Reference, Role, Source, Symbol, TextPatch
from di.migration._names import Scope, ScopeKind, element_of
from di.migration._scopes import Bound, parameter_names

_SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_LEAVES = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop)
_ROUTE_ADDERS: Final = {
    "add_api_route": Role.ENDPOINT,
    "add_api_websocket_route": Role.ENDPOINT,
    "add_route": Role.BARE_ENDPOINT,
    "add_websocket_route": Role.BARE_ENDPOINT,
    "Route": Role.BARE_ENDPOINT,
    "WebSocketRoute": Role.BARE_ENDPOINT,
}
_PATCHERS: Final = frozenset({"patch", "setattr", "object", "delattr"})


class References:
    """Walks expressions."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def visit(self, node: ast.AST | None, role: Role = Role.VALUE) -> None:
        """Note the uses in an expression; `role` says what is done with its value."""
        if node is None or isinstance(node, ast.Constant):
            return
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                self._note(node, self._context.names.symbol_of(node), role)
        elif isinstance(node, ast.Attribute):
            if not self._note(node, self._context.names.symbol_of(node), role):
                self.visit(node.value)
        elif isinstance(node, ast.Call):
            self._visit_call(node, Role.DEPENDS_MAKER if role is Role.DEPENDS else Role.CALL)
        elif isinstance(node, ast.Subscript):
            self.visit(node.value)
            self.visit(node.slice, _role_of_key(node.value))
        elif isinstance(node, _SCOPES):
            self._visit_scope(node)
        else:
            self._visit_parts(node)

    def _visit_parts(self, node: ast.AST) -> None:
        for name in node._fields:
            part = getattr(node, name, None)
            if isinstance(part, list):
                for each in part:
                    if isinstance(each, ast.AST):
                        self.visit(each)
            elif isinstance(part, ast.AST) and not isinstance(part, _LEAVES):
                self.visit(part)
        if isinstance(node, ast.NamedExpr):
            self._context.names.trace(node.target.id, self._context.names.origins_of(node.value))

    def visit_annotation(self, node: ast.expr | None) -> None:
        """Note only the calls in an annotation: `Annotated[X, Depends(get_x)]`."""
        if node is None or isinstance(node, ast.Name | ast.Attribute | ast.Constant):
            return
        if isinstance(node, ast.Call):
            self.visit(node)
            return
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.visit_annotation(child)

    def _note(self, node: ast.expr, symbol: Symbol | None, role: Role) -> bool:
        if symbol is None:
            return False
        if symbol.source is not Source.BUILTIN:
            context = self._context
            aliased = context.names.is_alias(node)
            context.module.references.append(
                Reference(symbol, node.lineno, role, context.index, context.deferred, aliased, node.col_offset)
            )
        return True

    def _visit_call(self, node: ast.Call, role: Role) -> None:
        function = self._context.names.symbol_of(node.func)
        last = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if function is not None and function.path:
            last = function.path[-1]
        if function is None or not isinstance(node.func, ast.Name | ast.Attribute):
            self.visit(node.func, role)
        else:
            self._note(node.func, function, role)
        for position, argument in enumerate(node.args):
            self.visit(argument, _role_of_argument(last, position, None))
        for keyword in node.keywords:
            self.visit(keyword.value, _role_of_argument(last, None, keyword.arg))
        self._note_store(function, node)
        if last in _PATCHERS:
            self._note_patch(node)

    def _visit_scope(self, node: ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        if isinstance(node, ast.Lambda):
            self._visit_lambda(node)
        else:
            self._visit_comprehension(node)

    def _visit_lambda(self, node: ast.Lambda) -> None:
        for default in (*node.args.defaults, *(each for each in node.args.kw_defaults if each is not None)):
            self.visit(default)
        self._push(parameter_names(node.args))
        before, self._context.deferred = self._context.deferred, True
        self.visit(node.body)
        self._context.deferred = before
        self._context.names.scopes.pop()

    def _visit_comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        self.visit(node.generators[0].iter)
        targets = [each.id for part in node.generators for each in ast.walk(part.target) if isinstance(each, ast.Name)]
        self._push(targets)
        before = self._context.deferred
        self._context.deferred = before or isinstance(node, ast.GeneratorExp)
        for position, part in enumerate(node.generators):
            if position:
                self.visit(part.iter)
            for condition in part.ifs:
                self.visit(condition)
        if isinstance(node, ast.DictComp):
            self.visit(node.key)
            self.visit(node.value)
        else:
            self.visit(node.elt)
        self._context.deferred = before
        self._context.names.scopes.pop()

    def _push(self, names: list[str]) -> None:
        bound = Bound()
        for name in names:
            bound.add(name)
        self._context.names.scopes.append(Scope(ScopeKind.EXPRESSION, bound))

    def _note_store(self, function: Symbol | None, node: ast.Call) -> None:
        """Note what changes an object that outlives the function: `x.set(v)`, `setattr(x, "a", v)`, `x.clear()`."""
        names, context = self._context.names, self._context
        match node:
            case ast.Call(func=ast.Name(id="setattr"), args=[target, ast.Constant(value=str(attribute)), value]):
                base = names.symbol_of(target)
                if base is not None:
                    context.store(base.below(attribute), names.origins_of(value), node)
                return
            case _:
                pass
        if function is None or len(function.path) < 2:
            return
        match function.path[-1], node.args:
            case "set", [value]:
                context.store(function._replace(path=(*function.path[:-1], ANY_KEY)), names.origins_of(value), node)
            case "setdefault", [_, value]:
                element = element_of(function, node)
                with context.guarded(frozenset({element})):
                    context.store(element, names.origins_of(value), node)
            case "pop", [_, *_]:
                context.store(element_of(function, node), (Origin(OriginKind.NONE),), node)
            case "clear", []:
                cleared = function._replace(path=(*function.path[:-1], ANY_KEY))
                context.store(cleared, (Origin(OriginKind.NONE),), node)
            case _:
                pass

    def _note_patch(self, node: ast.Call) -> None:
        if not node.args:
            return
        first, context = node.args[0], self._context
        attribute = node.args[1] if len(node.args) > 1 else None
        named = attribute.value if isinstance(attribute, ast.Constant) and isinstance(attribute.value, str) else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            context.module.patches.append(TextPatch(first.value, None, None, node.lineno, context.index))
        elif named is not None:
            target = context.names.symbol_of(first)
            if target is not None and target.source is not Source.BUILTIN:
                context.module.patches.append(TextPatch(None, target, named, node.lineno, context.index))


def _role_of_argument(called: str, position: int | None, keyword: str | None) -> Role:
    if called in DEPENDS_NAMES and (position == 0 or keyword == "dependency"):
        return Role.DEPENDS
    if called in _ROUTE_ADDERS and (position == 1 or keyword == "endpoint"):
        return _ROUTE_ADDERS[called]
    return Role.VALUE


def _role_of_key(container: ast.expr) -> Role:
    overrides = isinstance(container, ast.Attribute) and container.attr == "dependency_overrides"
    return Role.OVERRIDE if overrides else Role.VALUE
