"""Adds imports to a file, and keeps those that tests need."""

from collections.abc import Iterable, Mapping, Sequence

import libcst as cst

_LINE = 88  # columns; longer imports are written one name a line
_NOQA = "# noqa: F401"
_WHY = f"{_NOQA}  tests patch it here"

Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement


def add_imports(module: cst.Module, home: str, names: Mapping[str, str], *, before: int) -> cst.Module:
    """Return a file that imports names from a module, each as another, in one of its first `before` statements."""
    body = list(module.body)
    known = next((n for n, each in enumerate(body[:before]) if _imports_from(each, home)), None)
    wanted = {name if name == local else f"{name} as {local}" for name, local in names.items()}
    if known is not None:
        wanted |= _names_of(body[known])
        leading = getattr(body[known], "leading_lines", ())
        body[known] = _statement(module, home, wanted).with_changes(leading_lines=leading)
        return module.with_changes(body=body)
    position = _position(body[:before], home)
    made = _statement(module, home, wanted)
    if position < len(body) and _joins(body, position, home):
        follower = body[position]
        made = made.with_changes(leading_lines=follower.leading_lines)
        body[position] = follower.with_changes(leading_lines=())
    elif position and _is_import(body[position - 1]) and not _joins(body, position - 1, home):
        made = made.with_changes(leading_lines=[cst.EmptyLine(indent=False)])
    body.insert(position, made)
    if not module.body:
        return module.with_changes(body=body)
    if position == len(body) - 1 or not _is_import(body[position + 1]):
        body = _spaced(body, position)
    return module.with_changes(body=body)


def add_module_import(module: cst.Module, name: str, *, before: int) -> cst.Module:
    """Return a file that has `import name` among its first `before` statements."""
    body = list(module.body)
    position = next((n for n, each in enumerate(body[:before]) if _is_of_package(each, name)), None)
    made = cst.ensure_type(
        cst.parse_statement(f"import {name}", config=module.config_for_parsing), cst.SimpleStatementLine
    )
    if position is None:
        position = _position(body[:before], name)
    else:
        made = made.with_changes(leading_lines=body[position].leading_lines)
        body[position] = body[position].with_changes(leading_lines=())
    body.insert(position, made)
    return module.with_changes(body=body)


def _is_of_package(statement: Statement, name: str) -> bool:
    inner = _import_in(statement)
    package = name.partition(".")[0]
    return isinstance(inner, cst.ImportFrom) and _module_of(inner).partition(".")[0] == package


def _spaced(body: list[Statement], position: int) -> list[Statement]:
    """Leave a blank line between the new import and what is no import."""
    if position + 1 < len(body) and not body[position + 1].leading_lines:
        body[position + 1] = body[position + 1].with_changes(leading_lines=[cst.EmptyLine(indent=False)])
    if position and not _is_import(body[position - 1]) and not body[position].leading_lines:
        body[position] = body[position].with_changes(leading_lines=[cst.EmptyLine(indent=False)])
    return body


def _statement(module: cst.Module, home: str, names: Iterable[str]) -> cst.SimpleStatementLine:
    listed = sorted(names)
    text = f"from {home} import {', '.join(listed)}"
    if len(text) > _LINE:
        inside = "".join(f"{module.default_indent}{each},{module.default_newline}" for each in listed)
        text = f"from {home} import ({module.default_newline}{inside})"
    return cst.ensure_type(cst.parse_statement(text, config=module.config_for_parsing), cst.SimpleStatementLine)


def _import_in(statement: Statement) -> cst.ImportFrom | cst.Import | None:
    if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
        inner = statement.body[0]
        if isinstance(inner, cst.ImportFrom | cst.Import):
            return inner
    return None


def _is_import(statement: Statement) -> bool:
    return _import_in(statement) is not None


def _imports_from(statement: Statement, home: str) -> bool:
    inner = _import_in(statement)
    return (
        isinstance(inner, cst.ImportFrom) and not isinstance(inner.names, cst.ImportStar) and _module_of(inner) == home
    )


def _names_of(statement: Statement) -> set[str]:
    inner = _import_in(statement)
    if not isinstance(inner, cst.ImportFrom) or isinstance(inner.names, cst.ImportStar):
        return set()
    return {
        each.evaluated_name if each.asname is None else f"{each.evaluated_name} as {each.evaluated_alias}"
        for each in inner.names
    }


def _module_of(statement: cst.ImportFrom) -> str:
    dots = "." * len(statement.relative)
    return dots + (cst.helpers.get_full_name_for_node(statement.module) or "" if statement.module is not None else "")


def _position(body: Sequence[Statement], home: str) -> int:
    """Return where an import goes: in order among its own package's, else behind the last import."""
    package = home.partition(".")[0]
    last = None
    for number, each in enumerate(body):
        inner = _import_in(each)
        if inner is None:
            continue
        of_package = isinstance(inner, cst.ImportFrom) and _module_of(inner).partition(".")[0] == package
        if of_package and isinstance(inner, cst.ImportFrom) and _module_of(inner) > home:
            return number
        last = number
    if last is not None:
        return last + 1
    return 1 if body and _is_docstring(body[0]) else 0


def _joins(body: Sequence[Statement], position: int, home: str) -> bool:
    """Whether the statement at a position is one of the imports that a new one goes before."""
    inner = _import_in(body[position])
    return isinstance(inner, cst.ImportFrom) and _module_of(inner).partition(".")[0] == home.partition(".")[0]


def _is_docstring(statement: Statement) -> bool:
    return (
        isinstance(statement, cst.SimpleStatementLine)
        and isinstance(statement.body[0], cst.Expr)
        and isinstance(statement.body[0].value, cst.SimpleString | cst.ConcatenatedString)
    )


def keep_imports(module: cst.Module, names: set[str]) -> cst.Module:
    """Mark imports that nothing in the file uses any more, so that linters do not remove what tests patch."""
    if not names:
        return module
    return module.with_changes(body=[_marked(each, names) for each in module.body])


def _marked(statement: Statement, names: set[str]) -> Statement:
    inner = _import_in(statement)
    if inner is None or isinstance(inner.names, cst.ImportStar) or not isinstance(statement, cst.SimpleStatementLine):
        return statement
    kept = [each for each in inner.names if (each.evaluated_alias or each.evaluated_name.partition(".")[0]) in names]
    if not kept:
        return statement
    if isinstance(inner, cst.ImportFrom) and inner.lpar is not None:
        aliases = [_marked_alias(each) if each in kept else each for each in inner.names]
        return statement.with_changes(body=[inner.with_changes(names=aliases)])
    return statement.with_changes(trailing_whitespace=_with_mark(statement.trailing_whitespace))


def _marked_alias(alias: cst.ImportAlias) -> cst.ImportAlias:
    comma = alias.comma
    if isinstance(comma, cst.Comma) and isinstance(comma.whitespace_after, cst.ParenthesizedWhitespace):
        space = comma.whitespace_after
        marked = space.with_changes(first_line=_with_mark(space.first_line))
        return alias.with_changes(comma=comma.with_changes(whitespace_after=marked))
    return alias


def _with_mark(line: cst.TrailingWhitespace) -> cst.TrailingWhitespace:
    if line.comment is None:
        return line.with_changes(whitespace=cst.SimpleWhitespace("  "), comment=cst.Comment(_WHY))
    if "noqa" in line.comment.value:
        return line
    return line.with_changes(comment=cst.Comment(f"{line.comment.value}  {_NOQA}"))
