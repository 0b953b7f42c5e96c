"""Where in a handler a call stands: what would be different if it were asked before the body begins."""

import ast
from collections.abc import Container

from di.migration._rewrite.sources import Definition


def calls_at_start(node: Definition, wanted: Container[ast.AST]) -> set[ast.AST]:
    """Return those of the wanted expressions that the body evaluates first, whatever the request holds.

    Several assignments in a row count: the parameters that replace them are asked in the same order.
    """
    found: set[ast.AST] = set()
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    for statement in body:
        if isinstance(statement, ast.Import | ast.ImportFrom | ast.Global | ast.Nonlocal | ast.Pass):
            continue
        first = _first_evaluated(statement, wanted)
        if first is None:
            return found
        found.add(first)
        if not (
            isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is first and _is_local(statement)
        ):
            return found
    return found


def _is_local(statement: ast.Assign | ast.AnnAssign) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return all(isinstance(each, ast.Name) for each in targets)


def _first_evaluated(statement: ast.stmt, wanted: Container[ast.AST]) -> ast.AST | None:
    match statement:
        case ast.Assign(value=value) | ast.Return(value=value) | ast.Expr(value=value):
            return _leftmost(value, wanted)
        case ast.AnnAssign(value=value):
            return _leftmost(value, wanted)
        case ast.If(test=test):
            return _leftmost(test, wanted)
        case ast.For(iter=iterated) | ast.AsyncFor(iter=iterated):
            return _leftmost(iterated, wanted)
        case _:
            return None


def _leftmost(node: ast.expr | None, wanted: Container[ast.AST]) -> ast.AST | None:
    while node is not None:
        if node in wanted:
            return node
        match node:
            case (
                ast.Await(value=inner)
                | ast.Attribute(value=inner)
                | ast.Subscript(value=inner)
                | ast.Starred(value=inner)
                | ast.UnaryOp(operand=inner)
                | ast.BinOp(left=inner)
                | ast.Compare(left=inner)
                | ast.BoolOp(values=[inner, *_])
                | ast.Tuple(elts=[inner, *_])
                | ast.List(elts=[inner, *_])
            ):
                node = inner
            case ast.Call(func=function, args=arguments, keywords=keywords):
                if not _is_dotted(function):
                    node = function
                elif arguments:
                    node = arguments[0]
                else:
                    node = keywords[0].value if keywords else None
            case ast.Dict(keys=[ast.Constant(), *_], values=[inner, *_]):
                node = inner
            case _:
                return None
    return None


def _is_dotted(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def stands_in_try(node: ast.AST, handler: Definition, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether something in the handler may catch what an expression raises."""
    child = node
    while child is not handler:
        parent = parents[child]
        if isinstance(parent, ast.Try | ast.TryStar | ast.With | ast.AsyncWith) and child in parent.body:
            return True
        child = parent
    return False


def removable_name(statement: ast.AST, value: ast.AST) -> str | None:
    """Return the variable of `name = value`, None if the statement is anything else."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=assigned) if assigned is value:
            return name
        case ast.AnnAssign(target=ast.Name(id=name), value=assigned) if assigned is value:
            return name
        case _:
            return None
