"""Changes what functions do: a getter becomes one line, a constructor gets a few more."""

from collections.abc import Iterable

import libcst as cst


def with_body(function: cst.FunctionDef, statement: str) -> cst.FunctionDef:
    """Return a function that does nothing but one statement; its docstring stays."""
    kept = [function.body.body[0]] if function.get_docstring() is not None else []
    body = cst.IndentedBlock([*_lines(kept), cst.parse_statement(statement)])
    return function.with_changes(body=body)


def with_statements(function: cst.FunctionDef, statements: Iterable[str]) -> cst.FunctionDef:
    """Return a function with statements behind its last one."""
    body = [*_lines(function.body.body), *(cst.parse_statement(each) for each in statements)]
    if isinstance(function.body, cst.IndentedBlock):
        return function.with_changes(body=function.body.with_changes(body=body))
    return function.with_changes(body=cst.IndentedBlock(body))


def _lines(body: Iterable[cst.BaseStatement | cst.BaseSmallStatement]) -> list[cst.BaseStatement]:
    return [each if isinstance(each, cst.BaseStatement) else cst.SimpleStatementLine([each]) for each in body]
