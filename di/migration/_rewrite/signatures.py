"""Adds parameters to a function, and arguments to a call, in the way the others are written."""

from collections.abc import Sequence

import libcst as cst

Item = cst.Param | cst.ParamSlash | cst.ParamStar
_EMPTY = cst.SimpleWhitespace("")


def add_parameters(function: cst.FunctionDef, added: Sequence[tuple[str, str]]) -> cst.FunctionDef:
    """Return a function with annotated parameters behind all others.

    They have no default, so behind one that has they become keyword-only. FastAPI hands over everything by keyword,
    and asks dependencies in this order: authentication first, services last.
    """
    parameters = function.params
    field = "params"
    changes: dict[str, object] = {}
    gap = _gap(function)
    if parameters.kwonly_params or isinstance(parameters.star_arg, cst.Param):
        field = "kwonly_params"
    elif any(each.default is not None for each in (*parameters.posonly_params, *parameters.params)):
        field = "kwonly_params"
        changes["star_arg"] = cst.ParamStar(cst.Comma(whitespace_after=gap))
    new = [
        cst.Param(
            cst.Name(name),
            annotation=cst.Annotation(cst.Name(alias), whitespace_before_indicator=_EMPTY),
            comma=cst.Comma(whitespace_after=gap),
        )
        for name, alias in added
    ]
    items = _written(parameters)
    if not items or items[-1] is not parameters.star_kwarg:
        parameters, new[-1] = _end(parameters, items[-1] if items else None, new[-1], gap)
    changes[field] = [*getattr(parameters, field), *new]
    return function.with_changes(params=parameters.with_changes(**changes))


def _written(parameters: cst.Parameters) -> list[Item]:
    """Return everything between the parentheses, in order."""
    star = [parameters.star_arg] if isinstance(parameters.star_arg, cst.Param | cst.ParamStar) else []
    slash = [parameters.posonly_ind] if isinstance(parameters.posonly_ind, cst.ParamSlash) else []
    keywords = [parameters.star_kwarg] if parameters.star_kwarg is not None else []
    listed = (*parameters.posonly_params, *slash, *parameters.params, *star, *parameters.kwonly_params, *keywords)
    return list(listed)


def _gap(function: cst.FunctionDef) -> cst.BaseParenthesizableWhitespace:
    """Return what stands between two parameters: a space, or a new line where the others have one."""
    spaces = [function.whitespace_before_params]
    spaces += [each.comma.whitespace_after for each in _written(function.params) if isinstance(each.comma, cst.Comma)]
    lines = [each for each in spaces if isinstance(each, cst.ParenthesizedWhitespace)]
    return _without_comment(lines[0]) if lines else cst.SimpleWhitespace(" ")


def _without_comment(space: cst.ParenthesizedWhitespace) -> cst.ParenthesizedWhitespace:
    plain = cst.TrailingWhitespace(newline=space.first_line.newline)
    return space.with_changes(first_line=plain, empty_lines=[])


def _end(
    parameters: cst.Parameters, last: Item | None, new: cst.Param, gap: cst.BaseParenthesizableWhitespace
) -> tuple[cst.Parameters, cst.Param]:
    """End the list with a new parameter as it ended before: with or without a comma, on the same line or not."""
    if last is None:
        return parameters, new.with_changes(comma=cst.MaybeSentinel.DEFAULT)
    behind = last.whitespace_after_param if isinstance(last, cst.Param) else _EMPTY
    comma = last.comma
    space = behind
    if isinstance(comma, cst.Comma) and isinstance(comma.whitespace_after, cst.ParenthesizedWhitespace):
        space = comma.whitespace_after
    opened_gap = gap
    if isinstance(space, cst.ParenthesizedWhitespace) and isinstance(gap, cst.ParenthesizedWhitespace):
        opened_gap = space.with_changes(indent=gap.indent, last_line=gap.last_line)
    opened = last.with_changes(comma=cst.Comma(whitespace_after=opened_gap))
    if isinstance(opened, cst.Param):
        opened = opened.with_changes(whitespace_after_param=_EMPTY)
    changed = cst.ensure_type(parameters.deep_replace(last, opened), cst.Parameters)
    if isinstance(comma, cst.Comma):
        comma = comma.with_changes(whitespace_after=_plain(comma.whitespace_after))
    return changed, new.with_changes(comma=comma, whitespace_after_param=_plain(behind))


def _plain(space: cst.BaseParenthesizableWhitespace) -> cst.BaseParenthesizableWhitespace:
    return _without_comment(space) if isinstance(space, cst.ParenthesizedWhitespace) else space


def add_arguments(call: cst.Call, added: Sequence[tuple[str, str]]) -> cst.Call:
    """Return a call with keyword arguments behind all others; values are source text."""
    commas = (each.comma for each in call.args[:-1])
    spaces = [call.whitespace_before_args, *(each.whitespace_after for each in commas if isinstance(each, cst.Comma))]
    lines = [each for each in spaces if isinstance(each, cst.ParenthesizedWhitespace)]
    gap = _without_comment(lines[0]) if lines else cst.SimpleWhitespace(" ")
    equal = cst.AssignEqual(_EMPTY, _EMPTY)
    new = [
        cst.Arg(cst.parse_expression(value), cst.Name(name), equal=equal, comma=cst.Comma(whitespace_after=gap))
        for name, value in added
    ]
    if not call.args:
        new[-1] = new[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return call.with_changes(args=new)
    last = call.args[-1]
    end = last.comma.whitespace_after if isinstance(last.comma, cst.Comma) else last.whitespace_after_arg
    opened_gap = gap
    if isinstance(end, cst.ParenthesizedWhitespace) and isinstance(gap, cst.ParenthesizedWhitespace):
        opened_gap = end.with_changes(indent=gap.indent, last_line=gap.last_line)
    opened = last.with_changes(comma=cst.Comma(whitespace_after=opened_gap), whitespace_after_arg=_EMPTY)
    comma = last.comma
    if isinstance(comma, cst.Comma):
        comma = comma.with_changes(whitespace_after=_plain(comma.whitespace_after))
    new[-1] = new[-1].with_changes(comma=comma, whitespace_after_arg=_plain(last.whitespace_after_arg))
    return call.with_changes(args=[*call.args[:-1], opened, *new])
