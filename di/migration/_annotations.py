"""Which types an annotation names, without `None` and without the wrappers around them."""

import ast
from typing import Final

from di.migration._facts import Source, Symbol
from di.migration._names import Names

_WRAPPERS: Final = frozenset(
    {"Optional", "Annotated", "Awaitable", "Coroutine", "ClassVar", "Final", "Required", "NotRequired"}
)
DEPENDS_NAMES: Final = frozenset({"Depends", "Security"})


def types_named(node: ast.expr | None, names: Names) -> tuple[Symbol, ...]:
    """Return the types of an annotation; texts are read as annotations too, generics count as their first part."""
    match node:
        case None | ast.Constant(value=None):
            return ()
        case ast.Constant(value=str(text)):
            try:
                parsed = ast.parse(text.strip(), mode="eval").body
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return ()
            return types_named(parsed, names)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return types_named(left, names) + types_named(right, names)
        case ast.Subscript(value=value, slice=inner):
            return _types_of_generic(value, inner, names)
        case _:
            symbol = names.symbol_of(node)
            return () if symbol is None else (symbol,)


def _types_of_generic(value: ast.expr, inner: ast.expr, names: Names) -> tuple[Symbol, ...]:
    base = names.symbol_of(value)
    if base is None or not base.path:
        return ()
    name = base.path[-1]
    arguments = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if name == "Union":
        return tuple(symbol for each in arguments for symbol in types_named(each, names))
    if name == "Coroutine" and arguments:
        return types_named(arguments[-1], names)
    if name in _WRAPPERS and arguments:
        return types_named(arguments[0], names)
    return (base,)


def is_depends(node: ast.expr | None, names: Names) -> bool:
    """Whether an expression or annotation makes FastAPI fill the parameter by a call."""
    if node is None:
        return False
    for each in ast.walk(node):
        if isinstance(each, ast.Call):
            symbol = names.symbol_of(each.func)
            if symbol is not None and symbol.path and symbol.path[-1] in DEPENDS_NAMES | {"depends"}:
                return True
    return False


def is_builtin(symbol: Symbol, name: str) -> bool:
    """Whether a symbol is a builtin that no scope shadows."""
    return symbol.source is Source.BUILTIN and symbol.path == (name,)
