"""A lint: generator providers that commit after their `yield`, when the client has long been told of success."""

import ast
import inspect
import textwrap
import tokenize
from collections.abc import Iterator

from di._keys import describe
from di._providers import Kind, Lifetime, Provider
from di.errors import LateCommitWarning

_BLOCKS = frozenset({"begin", "transaction", "atomic"})  # context managers that commit when they are left


def late_commits(provider: Provider) -> Iterator[LateCommitWarning]:
    """Yield a warning for the first commit that a scoped or transient generator provider makes too late."""
    if provider.kind not in {Kind.GENERATOR, Kind.ASYNC_GENERATOR} or provider.lifetime is Lifetime.SINGLETON:
        return
    try:
        lines, first = inspect.getsourcelines(provider.make)
        (function,) = ast.parse(textwrap.dedent("".join(lines))).body
    except (OSError, TypeError, SyntaxError, ValueError, tokenize.TokenError):
        return  # no source to look at
    found = min(_late_lines(function), default=None)
    if found is not None:
        line, what = found
        place = f"{inspect.getsourcefile(provider.make)}:{first + line - 1}"
        yield LateCommitWarning(describe(provider.key), place, what)


def _late_lines(function: ast.AST) -> Iterator[tuple[int, str]]:
    yields = [node.lineno for node in _own_nodes(function) if isinstance(node, ast.Yield)]
    if not yields:
        return
    for node in _own_nodes(function):
        name = _method(node)
        if name == "commit" and node.lineno > min(yields):  # type: ignore[attr-defined]  # a call has a line
            yield node.lineno, "commit()"  # type: ignore[attr-defined]
        elif isinstance(node, ast.With | ast.AsyncWith) and any(isinstance(each, ast.Yield) for each in ast.walk(node)):
            for item in node.items:
                block = _method(item.context_expr)
                if block in _BLOCKS:
                    yield node.lineno, f"leaving {block}()"


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function that run as part of it and not only after a failure."""
    waiting = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ExceptHandler):
            yield node
            waiting.extend(ast.iter_child_nodes(node))


def _method(node: ast.AST) -> str | None:
    """Return the name of the method that a node calls, if it calls one."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr
    return None
