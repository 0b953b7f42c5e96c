"""Whether a decorator hands a handler's new parameters through."""

import ast

from di.migration._facts import Decorator, Function, Module
from di.migration._linking import Found
from di.migration._project import Project
from di.migration._rewrite.sources import Sources, dotted_parts

_TRANSPARENT = frozenset({"staticmethod", "classmethod"})


class Decorators:
    """Reads decorators that are written in the code base."""

    def __init__(self, project: Project, sources: Sources) -> None:
        self._project = project
        self._sources = sources

    def hands_through(self, decorator: Decorator, module: Module) -> bool:
        """Whether the decorated function keeps its signature and gets every argument, which nobody looks at."""
        if decorator.attribute in _TRANSPARENT and not decorator.called:
            return True
        if decorator.symbol is None:
            return False
        target = self._project.linker.resolve(decorator.symbol, module)
        if not isinstance(target, Found) or not isinstance(target.item, Function) or target.rest:
            return False
        source = self._sources.of(target.module)
        node = source.definition_of(target.item) if source is not None else None
        if node is None:
            return False
        variadic = [
            each
            for each in ast.walk(node)
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
            and each is not node
            and (each.args.vararg is not None or each.args.kwarg is not None)
        ]
        return bool(variadic) and all(_is_transparent(each) for each in variadic)


def _is_transparent(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether an inner function is `@wraps(f) def inner(*args, **kwargs)` that only hands both on."""
    if node.args.vararg is None or node.args.kwarg is None or node.args.args or node.args.kwonlyargs:
        return False
    wraps = (each for each in node.decorator_list if isinstance(each, ast.Call))
    if not any((dotted_parts(each.func) or [""])[-1] == "wraps" for each in wraps):
        return False
    names = {node.args.vararg.arg, node.args.kwarg.arg}
    handed_on = {
        value
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
        for value in (
            *(each.value for each in call.args if isinstance(each, ast.Starred)),
            *(each.value for each in call.keywords if each.arg is None),
        )
    }
    uses = [each for each in ast.walk(node) if isinstance(each, ast.Name) and each.id in names]
    return len(uses) >= 2 and all(each in handed_on for each in uses)
