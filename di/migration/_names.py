"""What a name means where it stands: the chain of scopes around it, and what local variables were made from."""

import ast
from dataclasses import dataclass, field
from enum import Enum, auto

from di.migration._facts import ANY_KEY, Origin, OriginKind, Source, Symbol
from di.migration._scopes import Bound

_ELEMENT_METHODS = frozenset({"get", "setdefault"})  # of a dict, or of a ContextVar
_MOST_ORIGINS = 32  # of one local variable; whatever else it is assigned counts as unknown


class ScopeKind(Enum):
    """What opened a scope."""

    MODULE = auto()
    CLASS = auto()
    FUNCTION = auto()
    EXPRESSION = auto()  # lambda or comprehension


@dataclass(slots=True)
class Scope:
    """One scope, with the origins of the local variables assigned so far."""

    kind: ScopeKind
    bound: Bound
    qualname: str = ""
    instance: str | None = None  # the name that means the instance of `class_name`
    type: str | None = None  # the name that means the class
    class_name: str | None = None
    parameters: frozenset[str] = frozenset()
    traced: dict[str, dict[Origin, None]] = field(default_factory=dict)  # each once, in the order they are assigned


class Names:
    """The scopes around the statement that is being read."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []
        self._symbols: dict[tuple[Source, str], Symbol] = {}
        self.function_classes: set[str] = set()  # qualified names of classes that stand in functions

    def class_symbol(self, qualname: str) -> Symbol:
        """Return the symbol of a class of this file."""
        if qualname in self.function_classes:
            return Symbol(Source.NESTED, "", (qualname,))
        return Symbol(Source.MODULE, "", tuple(qualname.split(".")))

    def find_scope(self, name: str) -> Scope | None:
        """Return the scope that binds a name, None for builtins."""
        innermost = True
        for scope in reversed(self.scopes):
            if name in scope.bound.globals:
                return self.scopes[0]
            if name in scope.bound.names and (scope.kind is not ScopeKind.CLASS or innermost):
                return scope
            if scope.kind is not ScopeKind.EXPRESSION:
                innermost = False
        return None

    def symbol_of(self, node: ast.expr) -> Symbol | None:
        """Return the dotted name an expression is; None if it begins with a local variable or is no name."""
        match node:
            case ast.Name(id=name):
                return self._resolve(name)
            case ast.Attribute(value=value, attr=attribute):
                base = self.symbol_of(value)
                if base is None:
                    return None
                if attribute == "__class__" and base.source is Source.SELF and not base.path:
                    return self.class_symbol(base.home)
                return base.below(attribute)
            case ast.Subscript(value=ast.Call(func=ast.Name(id="globals")), slice=key):
                return _global_symbol(key)
            case ast.Subscript(value=value, slice=key):
                base = self.symbol_of(value)
                return None if base is None else base.below(_written_key(key))
            case ast.Call():
                return self._symbol_of_call(node)
            case _:
                return None

    def _symbol_of_call(self, node: ast.Call) -> Symbol | None:
        match node:
            case ast.Call(func=ast.Name(id="getattr"), args=[value, ast.Constant(value=str(attribute)), *_]):
                base = self.symbol_of(value)
                return None if base is None else base.below(attribute)
            case ast.Call(func=ast.Name(id="type"), args=[ast.Name() as value], keywords=[]):
                base = self.symbol_of(value)
                if base is not None and base.source is Source.SELF and not base.path:
                    return self.class_symbol(base.home)
            case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="globals")), attr="get"), args=[key, *_]):
                return _global_symbol(key)
            case _:
                pass
        return None

    def _resolve(self, name: str) -> Symbol | None:
        scope = self.find_scope(name)
        if scope is None:
            return self._known(Source.BUILTIN, name)
        if scope.kind is ScopeKind.MODULE:
            return self._known(Source.MODULE, name)
        if scope.class_name is not None and name == scope.instance:
            return Symbol(Source.SELF, scope.class_name, ())
        if scope.class_name is not None and name == scope.type:
            return self.class_symbol(scope.class_name)
        bindings = scope.bound.names.get(name, [])
        if bindings and None not in bindings:
            return bindings[-1]
        origins = scope.traced.get(name, ())
        if len(bindings) == 1 and len(origins) == 1:
            (only,) = origins
            return only.symbol if only.kind is OriginKind.NAME else None
        return None

    def _known(self, source: Source, name: str) -> Symbol:
        """Return the one symbol of a name: they are made by the hundred thousand."""
        symbol = self._symbols.get((source, name))
        if symbol is None:
            symbol = self._symbols[source, name] = Symbol(source, "", (name,))
        return symbol

    def is_alias(self, node: ast.expr) -> bool:
        """Whether a dotted name begins with a local variable that stands for another name."""
        while isinstance(node, ast.Attribute):
            node = node.value
        scope = self.find_scope(node.id) if isinstance(node, ast.Name) else None
        return scope is not None and isinstance(node, ast.Name) and bool(scope.traced.get(node.id))

    def trace(self, name: str, origins: tuple[Origin, ...]) -> None:
        """Note what a local variable is assigned; what is made from itself again and again would have no end."""
        scope = self.find_scope(name)
        if scope is not None and scope.kind in {ScopeKind.FUNCTION, ScopeKind.EXPRESSION}:
            known = scope.traced.setdefault(name, {})
            known.update(dict.fromkeys(origins if len(known) < _MOST_ORIGINS else (Origin(OriginKind.UNKNOWN),)))

    def origins_of(self, node: ast.expr | None) -> tuple[Origin, ...]:
        """Return every place the value of an expression may come from; local variables are followed."""
        match node:
            case None | ast.Constant(value=None):
                return (Origin(OriginKind.NONE),)
            case ast.Await(value=value) | ast.NamedExpr(value=value) | ast.Starred(value=value):
                return self.origins_of(value)
            case ast.IfExp(body=body, orelse=orelse):
                return self.origins_of(body) + self.origins_of(orelse)
            case ast.BoolOp(values=values):
                return tuple(origin for each in values for origin in self.origins_of(each))
            case ast.Call():
                return self._origins_of_call(node)
            case ast.Name(id=name):
                return self._origins_of_name(node, name)
            case ast.Attribute(value=value, attr=part):
                return self._origins_of_part(node, value, part)
            case ast.Subscript(value=value, slice=key):
                return self._origins_of_part(node, value, _written_key(key))
            case _:
                return (Origin(OriginKind.DATA),)

    def _origins_of_name(self, node: ast.expr, name: str) -> tuple[Origin, ...]:
        symbol = self.symbol_of(node)
        if symbol is not None:
            return (Origin(OriginKind.NAME, symbol),)
        scope = self.find_scope(name)
        if scope is None:
            return (Origin(OriginKind.UNKNOWN),)
        origins = tuple(scope.traced.get(name, ()))
        if name in scope.parameters:
            origins += (Origin(OriginKind.PARAMETER, None, (name,)),)
        return origins or (Origin(OriginKind.UNKNOWN),)

    def _origins_of_part(self, node: ast.expr, value: ast.expr, part: str) -> tuple[Origin, ...]:
        symbol = self.symbol_of(node)
        if symbol is not None:
            return (Origin(OriginKind.NAME, symbol),)
        return tuple(_part_of(origin, part) for origin in self.origins_of(value))

    def _origins_of_call(self, node: ast.Call) -> tuple[Origin, ...]:
        symbol = self.symbol_of(node)
        if symbol is not None:
            return (Origin(OriginKind.NAME, symbol),)
        function = self.symbol_of(node.func)
        if function is not None:
            handed_over = _called_by_proxy(function, node)
            if isinstance(handed_over, ast.expr):
                return self.origins_of(handed_over)
            if isinstance(handed_over, tuple):
                target = self.symbol_of(handed_over[0])
                return (Origin(OriginKind.CALL, target) if target else Origin(OriginKind.UNKNOWN),)
            called = Origin(OriginKind.CALL, function)
            if function.path and function.path[-1] in _ELEMENT_METHODS:
                return (called, Origin(OriginKind.NAME, element_of(function, node)))
            return (called,)
        if isinstance(node.func, ast.Attribute):
            return tuple(
                Origin(OriginKind.METHOD, each.symbol, (*each.suffix, node.func.attr))
                if each.kind in {OriginKind.CALL, OriginKind.PART}
                else Origin(OriginKind.UNKNOWN)
                for each in self.origins_of(node.func.value)
            )
        if isinstance(node.func, ast.Call):
            inner = self.symbol_of(node.func.func)
            return (Origin(OriginKind.METHOD, inner, ("()",)) if inner else Origin(OriginKind.UNKNOWN),)
        return (Origin(OriginKind.UNKNOWN),)

    def symbols_in(self, node: ast.AST) -> frozenset[Symbol]:
        """Return every name below a node, and what its local variables were made from."""
        found: set[Symbol] = set()
        for each in ast.walk(node):
            if isinstance(each, ast.Name | ast.Attribute | ast.Subscript):
                for origin in self.origins_of(each):
                    if origin.symbol is not None and origin.symbol.source is not Source.BUILTIN:
                        found.add(origin.symbol)
            elif isinstance(each, ast.Call):
                found.update(self._named_by_text(each))
        return frozenset(found)

    def _named_by_text(self, call: ast.Call) -> list[Symbol]:
        match call:
            case ast.Call(
                func=ast.Name(id="hasattr" | "getattr"), args=[value, ast.Constant(value=str(attribute)), *_]
            ):
                base = self.symbol_of(value)
                return [] if base is None else [base.below(attribute)]
            case ast.Call(func=ast.Attribute(attr="get") as method):
                base = self.symbol_of(method.value)
                return [] if base is None else [element_of(base.below("get"), call)]
            case _:
                return []


def _part_of(origin: Origin, part: str) -> Origin:
    if origin.kind in {OriginKind.CALL, OriginKind.PART}:
        return Origin(OriginKind.PART, origin.symbol, (*origin.suffix, part))
    return Origin(OriginKind.UNKNOWN)


def element_of(method: Symbol, call: ast.Call) -> Symbol:
    """Return the element that `container.get(key)` and the like are about."""
    key = _written_key(call.args[0]) if call.args else ANY_KEY
    return method._replace(path=(*method.path[:-1], key))


def _written_key(key: ast.expr) -> str:
    return f"[{key.value!r}]" if isinstance(key, ast.Constant) and key.value is not None else ANY_KEY


def _global_symbol(key: ast.expr) -> Symbol | None:
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        return Symbol(Source.MODULE, "", (key.value,))
    return None


def _called_by_proxy(function: Symbol, node: ast.Call) -> ast.expr | tuple[ast.expr] | None:
    """Return the value that is handed through, or (in a tuple) the function that is called for the caller."""
    match function.path[-1:], node.args:
        case ("cast",), [_, value]:
            return value
        case ("to_thread" | "run_in_threadpool" | "run_sync",), [target, *_]:
            return (target,)
        case ("run_in_executor",), [_, target, *_]:
            return (target,)
        case _:
            return None
