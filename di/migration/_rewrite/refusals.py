"""Whether FastAPI may refuse a request because of a handler's parameters: then the body would not have run."""

import ast

from di.migration._annotations import DEPENDS_NAMES
from di.migration._facts import Assignment, Function, Module
from di.migration._linking import Found
from di.migration._names import Names
from di.migration._project import Project
from di.migration._rewrite.scopes import module_names, names_in
from di.migration._rewrite.sources import Definition, SourceFile, Sources, dotted_parts

_FRAMEWORK = frozenset({"Request", "Response", "WebSocket", "BackgroundTasks", "HTTPConnection", "SecurityScopes"})
_OPTIONAL_SOURCES = frozenset({"Query", "Header", "Cookie"})
_MAXIMUM_DEPTH = 8


class Refusals:
    """Finds parameters whose validation may fail.

    A dependency that raises (401) is no such parameter: FastAPI asks services, which are declared last, after it.
    """

    def __init__(self, project: Project, sources: Sources) -> None:
        self._project = project
        self._sources = sources

    def first_of(self, module: Module, source: SourceFile, node: Definition, *, bound: bool) -> str | None:
        """Return the first parameter of a function that may be refused; `bound`: the first one is the instance."""
        return self._first(module, source, node, bound=bound, depth=0)

    def _first(self, module: Module, source: SourceFile, node: Definition, *, bound: bool, depth: int) -> str | None:
        if depth > _MAXIMUM_DEPTH:
            return node.name
        names = names_in(source, node)
        positional = [*node.args.posonlyargs, *node.args.args]
        missing = len(positional) - len(node.args.defaults)
        pairs: list[tuple[ast.arg, ast.expr | None]] = [
            (each, node.args.defaults[position - missing] if position >= missing else None)
            for position, each in enumerate(positional)
        ]
        pairs = pairs[1:] if bound else pairs
        pairs += list(zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True))
        path = {text for each in node.decorator_list for text in _path_parameters(each)}
        for argument, default in pairs:
            if not self._is_safe(argument, default, path, module, names, depth):
                return argument.arg
        return None

    def _is_safe(
        self, argument: ast.arg, default: ast.expr | None, path: set[str], module: Module, names: Names, depth: int
    ) -> bool:
        dependency = _dependency_in(default) or _dependency_in(argument.annotation)
        if dependency is not None:
            return self._is_safe_dependency(dependency, module, names, depth)
        annotation = argument.annotation
        if annotation is not None:
            aliased = self._alias(annotation, module, names)
            if aliased is not None:
                home, value = aliased
                inner, source = _dependency_in(value), self._sources.of(home)
                return (
                    inner is not None
                    and source is not None
                    and self._is_safe_dependency(inner, home, module_names(source), depth)
                )
        parts = dotted_parts(annotation) if annotation is not None else None
        if parts is not None and parts[-1] in _FRAMEWORK:
            return True
        if not (annotation is None or _is_text(annotation)):
            return False
        return argument.arg in path or _is_plain_default(default)

    def _is_safe_dependency(self, node: ast.expr, module: Module, names: Names, depth: int) -> bool:
        symbol = names.symbol_of(node)
        target = self._project.linker.resolve(symbol, module) if symbol is not None else None
        if not isinstance(target, Found) or target.rest or not isinstance(target.item, Function):
            return False
        source = self._sources.of(target.module)
        definition = source.definition_of(target.item) if source is not None else None
        if source is None or definition is None:
            return False
        return self._first(target.module, source, definition, bound=False, depth=depth + 1) is None

    def _alias(self, annotation: ast.expr, module: Module, names: Names) -> tuple[Module, ast.expr] | None:
        """Return what `UserDep = Annotated[User, Depends(current_user)]` is, where an annotation is such a name."""
        node = ast.parse(annotation.value, mode="eval").body if _is_quoted(annotation) else annotation  # type: ignore[attr-defined]  # a text constant
        symbol = names.symbol_of(node)
        target = self._project.linker.resolve(symbol, module) if symbol is not None else None
        if not isinstance(target, Found) or not isinstance(target.item, Assignment) or target.rest:
            return None
        source = self._sources.of(target.module)
        for statement in source.tree.body if source is not None else ():
            if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.lineno == target.item.line:
                return (target.module, statement.value) if statement.value is not None else None
        return None


def _is_quoted(node: ast.expr) -> bool:
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return False
    try:
        ast.parse(node.value, mode="eval")
    except (SyntaxError, ValueError):
        return False
    return True


def _dependency_in(node: ast.expr | None) -> ast.expr | None:
    """Return the function in `Depends(function)`, also within `Annotated[...]`."""
    for each in ast.walk(node) if node is not None else ():
        if isinstance(each, ast.Call) and (dotted_parts(each.func) or [""])[-1] in DEPENDS_NAMES:
            named = (keyword.value for keyword in each.keywords if keyword.arg == "dependency")
            return each.args[0] if each.args else next(named, each.func)
    return None


def _path_parameters(decorator: ast.expr) -> set[str]:
    texts = [
        each.value for each in ast.walk(decorator) if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
    return {part.split("}")[0] for text in texts for part in text.split("{")[1:] if ":" not in part.split("}")[0]}


def _is_text(annotation: ast.expr) -> bool:
    match annotation:
        case ast.Name(id="str") | ast.Constant(value="str" | "str | None" | None):
            return True
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _is_text(left) and _is_text(right)
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            return _is_text(inner)
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[inner, *details])):
            return _is_text(inner) and all(_is_plain_source(each) for each in details)
        case _:
            return False


def _is_plain_source(node: ast.expr) -> bool:
    """Whether it is `Header()` and the like, without a condition on the value."""
    if not isinstance(node, ast.Call):
        return False
    parts = dotted_parts(node.func)
    plain = all(each.arg in {"alias", "description", "title", "convert_underscores"} for each in node.keywords)
    return parts is not None and parts[-1] in _OPTIONAL_SOURCES | {"Path"} and plain


def _is_plain_default(default: ast.expr | None) -> bool:
    match default:
        case ast.Constant():
            return True
        case ast.Call(func=function, args=[ast.Constant()], keywords=keywords):
            parts = dotted_parts(function)
            return (
                parts is not None
                and parts[-1] in _OPTIONAL_SOURCES
                and all(each.arg in {"alias", "description", "title"} for each in keywords)
            )
        case _:
            return False
