"""Applies the edits of one file to its tree: whatever is not edited keeps its formatting and comments."""

from pathlib import Path
from typing import TypeVar

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from di.migration._rewrite.importing import add_imports, add_module_import, keep_imports
from di.migration._rewrite.plan import Edits
from di.migration._rewrite.signatures import add_arguments, add_parameters
from di.migration._rewrite.sources import Position
from di.migration.errors import EditLostError

Statement = TypeVar("Statement", bound=cst.BaseStatement)
Expression = TypeVar("Expression", bound=cst.BaseExpression)


def rewrite(path: Path, tree: cst.Module, edits: Edits) -> bytes:
    """Return the source of a file with its edits applied.

    Raises:
        EditLostError: the tree has other nodes than the parser's.
    """
    wrapper = MetadataWrapper(tree, unsafe_skip_copy=True)
    rewriter = _Rewriter(edits)
    changed = wrapper.visit(rewriter)
    if rewriter.done < _planned(edits):
        raise EditLostError(path, _planned(edits) - rewriter.done)
    changed = keep_imports(changed, edits.kept_imports)
    first = min(
        (each.line for each in (*edits.parameters, *edits.followed, *(begin for begin, _ in edits.arguments))),
        default=None,
    )
    for module, names in sorted(edits.imports.items()):
        changed = add_imports(changed, module, names, before=_statements_before(wrapper, first))
    for name in sorted(edits.modules):
        changed = add_module_import(changed, name, before=_statements_before(wrapper, first))
    return changed.bytes


def _statements_before(wrapper: MetadataWrapper, line: int | None) -> int:
    """Return how many statements of the file begin before a line."""
    positions = wrapper.resolve(PositionProvider)
    body = wrapper.module.body
    return sum(1 for each in body if line is None or positions[each].start.line <= line) - (line is not None)


def _planned(edits: Edits) -> int:
    return len(edits.replaced) + len(edits.removed) + len(edits.parameters) + len(edits.arguments) + len(edits.followed)


class _Rewriter(cst.CSTTransformer):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, edits: Edits) -> None:
        super().__init__()
        self._edits = edits
        self.done = 0

    def _begin(self, node: cst.CSTNode) -> Position:
        start = self.get_metadata(PositionProvider, node).start
        return Position(start.line, start.column)

    def _span(self, node: cst.CSTNode) -> tuple[Position, Position]:
        place = self.get_metadata(PositionProvider, node)
        return Position(place.start.line, place.start.column), Position(place.end.line, place.end.column)

    def _replacement(self, original: cst.BaseExpression, updated: Expression) -> cst.BaseExpression:
        name = self._edits.replaced.get(self._span(original))
        if name is None:
            return updated
        self.done += 1
        return cst.Name(name)

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        return self._replacement(original_node, updated_node)

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
        return self._replacement(original_node, updated_node)

    def leave_Await(self, original_node: cst.Await, updated_node: cst.Await) -> cst.BaseExpression:
        return self._replacement(original_node, updated_node)

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        added = self._edits.arguments.get(self._span(original_node))
        if added is not None:
            self.done += 1
            return add_arguments(updated_node, added)
        return self._replacement(original_node, updated_node)

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        added = self._edits.parameters.get(self._begin(original_node))
        if added is None:
            return updated_node
        self.done += 1
        return add_parameters(updated_node, [(each.name, each.annotation) for each in added])

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine | cst.FlattenSentinel[cst.BaseStatement]:
        follower = self._edits.followed.get(self._begin(original_node))
        if follower is None:
            return updated_node
        self.done += 1
        return cst.FlattenSentinel([updated_node, cst.parse_statement(follower)])

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        if not any(self._is_changed(each) for each in original_node.body):
            return updated_node
        kept: list[cst.BaseStatement] = []
        carried: list[cst.EmptyLine] = []
        for original, updated in zip(original_node.body, updated_node.body, strict=True):
            statement = self._without_dropped(original, updated)
            if statement is None:
                carried += _comments_of(original)
            elif carried or (len(kept) == 0 and original is not original_node.body[0]):
                kept.append(_led_by(carried, statement, first=not kept))
                carried = []
            else:
                kept.append(statement)
        if not kept:
            kept.append(cst.SimpleStatementLine([cst.Pass()], leading_lines=carried))
            carried = []
        return updated_node.with_changes(body=kept, footer=[*carried, *updated_node.footer])

    def _is_changed(self, statement: cst.BaseStatement) -> bool:
        begin = self._begin(statement)
        return begin in self._edits.removed or begin in self._edits.dropped

    def _without_dropped(self, original: cst.BaseStatement, updated: cst.BaseStatement) -> cst.BaseStatement | None:
        begin = self._begin(original)
        if begin in self._edits.removed:
            self.done += 1
            return None
        dropped = self._edits.dropped.get(begin)
        if dropped is None or not isinstance(updated, cst.SimpleStatementLine) or len(updated.body) != 1:
            return updated
        statement = updated.body[0]
        if not isinstance(statement, cst.Import | cst.ImportFrom) or isinstance(statement.names, cst.ImportStar):
            return updated
        names = [each for each in statement.names if _bound_name(each) not in dropped]
        if not names:
            return None
        last = names[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return updated.with_changes(body=[statement.with_changes(names=[*names[:-1], last])])


def _bound_name(alias: cst.ImportAlias) -> str:
    return alias.evaluated_alias or alias.evaluated_name


def _comments_of(statement: cst.BaseStatement) -> list[cst.EmptyLine]:
    """Return the lines above a statement, and the comment behind it as one more of them."""
    lines: list[cst.EmptyLine] = list(getattr(statement, "leading_lines", ()))
    if isinstance(statement, cst.SimpleStatementLine):
        comment = statement.trailing_whitespace.comment
        if comment is not None:
            lines.append(cst.EmptyLine(comment=comment))
    return lines


def _led_by(carried: list[cst.EmptyLine], statement: cst.BaseStatement, *, first: bool) -> cst.BaseStatement:
    """Put the lines that stood above removed statements above the next one, without more blank lines than before."""
    own: list[cst.EmptyLine] = list(getattr(statement, "leading_lines", ()))
    has_comments = any(each.comment is not None for each in carried)
    lines = [*carried, *own] if has_comments else max(carried, own, key=len)
    while first and lines and lines[0].comment is None:
        lines = lines[1:]
    return statement.with_changes(leading_lines=lines)
