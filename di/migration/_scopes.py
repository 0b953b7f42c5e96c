"""Which names a scope binds: Python's own rules, on the parser's tree."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from di.migration._facts import Source, Symbol

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_BINDING_FIELDS = frozenset({"target", "optional_vars", "pattern", "name"})


@dataclass(slots=True)
class Bound:
    """The names a block of statements binds, and what imports and definitions bind them to (None: anything else)."""

    names: dict[str, list[Symbol | None]] = field(default_factory=dict)
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)
    stars: list[str] = field(default_factory=list)
    imports: list[str] = field(default_factory=list)
    yields: bool = False

    def add(self, name: str, symbol: Symbol | None = None) -> None:
        """Note one more binding of a name."""
        self.names.setdefault(name, []).append(symbol)


def bind_block(body: Iterable[ast.stmt], prefix: str | None, *, deep: bool) -> Bound:
    """Collect what a module (prefix None), class or function body binds; nested bodies are scopes of their own.

    Expressions are looked into when `deep`: only they hold `:=` and `yield`, which most files do without.
    """
    bound = Bound()
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, _DEFINITIONS):
            path = f"{prefix}.{node.name}" if prefix is not None else node.name
            source = Source.MODULE if prefix is None else Source.NESTED
            bound.add(node.name, Symbol(source, "", (path,)))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            _bind_import(node, bound)
        elif isinstance(node, _COMPREHENSIONS):
            waiting.extend(each for each in ast.walk(node) if isinstance(each, ast.NamedExpr))
        elif not isinstance(node, ast.Lambda):
            _bind_node(node, bound)
            for name in node._fields:
                value = getattr(node, name)
                if isinstance(value, list):
                    waiting.extend(each for each in value if isinstance(each, ast.AST))
                elif isinstance(value, ast.AST) and (deep or name in _BINDING_FIELDS or isinstance(node, ast.Starred)):
                    waiting.append(value)
    for name in bound.globals | bound.nonlocals:
        bound.names.pop(name, None)
    return bound


def _bind_import(node: ast.Import | ast.ImportFrom, bound: Bound) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            bound.imports.append(alias.name)
            first = alias.name.partition(".")[0]
            bound.add(alias.asname or first, Symbol(Source.IMPORT, alias.name if alias.asname else first, ()))
        return
    home = imported_from(node)
    if not node.level:
        bound.imports.append(home)
        bound.imports.extend(f"{home}.{alias.name}" for alias in node.names if alias.name != "*")
    for alias in node.names:
        if alias.name == "*":
            bound.stars.append(home)
        else:
            bound.add(alias.asname or alias.name, Symbol(Source.IMPORT, home, (alias.name,)))


def _bind_node(node: ast.AST, bound: Bound) -> None:
    if isinstance(node, ast.Name):
        if not isinstance(node.ctx, ast.Load):
            bound.add(node.id)
    elif isinstance(node, ast.Global):
        bound.globals.update(node.names)
    elif isinstance(node, ast.Nonlocal):
        bound.nonlocals.update(node.names)
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        if node.name is not None:
            bound.add(node.name)
    elif isinstance(node, ast.MatchMapping):
        if node.rest is not None:
            bound.add(node.rest)
    elif isinstance(node, ast.Yield | ast.YieldFrom):
        bound.yields = True


def imported_from(node: ast.ImportFrom) -> str:
    """Return the module of a `from` import, relative ones with their dots."""
    return "." * node.level + (node.module or "")


def symbols_imported(node: ast.Import | ast.ImportFrom) -> list[Symbol]:
    """Return what an import names: modules, or what it takes from one."""
    if isinstance(node, ast.Import):
        return [Symbol(Source.IMPORT, alias.name, ()) for alias in node.names]
    return [Symbol(Source.IMPORT, imported_from(node), (alias.name,)) for alias in node.names]


def parameter_names(arguments: ast.arguments) -> list[str]:
    """Return the names of all parameters."""
    return [each.arg for each in all_parameters(arguments)]


def all_parameters(arguments: ast.arguments) -> list[ast.arg]:
    """Return all parameters in the order they are written."""
    listed = [*arguments.posonlyargs, *arguments.args]
    if arguments.vararg:
        listed.append(arguments.vararg)
    listed.extend(arguments.kwonlyargs)
    if arguments.kwarg:
        listed.append(arguments.kwarg)
    return listed
