"""Applies the edits of one file to its tree: whatever is not edited keeps its formatting and comments."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from di.migration._rewrite.bodies import with_body, with_statements
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
        (
            each.line
            for each in (*edits.parameters, *edits.followed, *edits.bodies, *(begin for begin, _ in edits.arguments))
        ),
        default=None,
    )
    before = _statements_before(wrapper, first)
    for module, names in sorted(edits.imports.items()):
        size = len(changed.body)
        changed = add_imports(changed, module, names, before=before)
        before += len(changed.body) - size
    for name in sorted(edits.modules):
        changed = add_module_import(changed, name, before=before)
        before += 1
    return changed.bytes


def _statements_before(wrapper: MetadataWrapper, line: int | None) -> int:
    """Return how many statements of the file begin before a line."""
    positions = wrapper.resolve(PositionProvider)
    body = wrapper.module.body
    return sum(1 for each in body if line is None or positions[each].start.line <= line) - (line is not None)


def _planned(edits: Edits) -> int:
    return (
        len(edits.replaced)
        + len(edits.removed)
        + len(edits.parameters)
        + len(edits.arguments)
        + len(edits.followed)
        + len(edits.bodies)
        + len(edits.appended)
    )


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
        begin = self._begin(original_node)
        changed = updated_node
        added = self._edits.parameters.get(begin)
        if added is not None:
            self.done += 1
            changed = add_parameters(changed, [(each.name, each.annotation) for each in added])
        if begin in self._edits.bodies:
            self.done += 1
            changed = with_body(changed, self._edits.bodies[begin])
        if begin in self._edits.appended:
            self.done += 1
            changed = with_statements(changed, self._edits.appended[begin])
        return changed.with_changes(decorators=[]) if begin in self._edits.bare else changed

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        if not any(self._is_changed(each) for each in original_node.body):
            return updated_node
        kept, carried = self._kept(original_node.body, updated_node.body)
        if not kept:
            kept.append(cst.SimpleStatementLine([cst.Pass()], leading_lines=carried))
            carried = []
        return updated_node.with_changes(body=kept, footer=[*carried, *updated_node.footer])

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        if not any(self._is_changed(each) for each in original_node.body):
            return updated_node
        kept, carried = self._kept(original_node.body, updated_node.body)
        return updated_node.with_changes(body=kept, footer=[*carried, *updated_node.footer])

    def _kept(
        self, before: Sequence[cst.BaseStatement], after: Sequence[cst.BaseStatement]
    ) -> tuple[list[cst.BaseStatement], list[cst.EmptyLine]]:
        """Return the statements that stay, and the lines above removed ones that no other statement follows."""
        kept: list[cst.BaseStatement] = []
        carried: list[cst.EmptyLine] = []
        for original, updated in zip(before, after, strict=True):
            statement = self._without_dropped(original, updated)
            if statement is None:
                carried += _comments_of(original)
            elif carried or (not kept and original is not before[0]):
                kept.append(_led_by(carried, statement, first=not kept))
                carried = []
            else:
                kept.append(statement)
            follower = self._edits.followed.get(self._begin(original))
            if follower is not None:
                self.done += 1
                kept.append(cst.ensure_type(cst.parse_statement(follower), cst.SimpleStatementLine))
        return kept, carried

    def _is_changed(self, statement: cst.BaseStatement) -> bool:
        begin = self._begin(statement)
        return begin in self._edits.removed or begin in self._edits.dropped or begin in self._edits.followed

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
