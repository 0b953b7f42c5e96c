"""Tests that call handlers themselves: they hand over the services that the handlers now take."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from di.migration._facts import Function, Module, Role
from di.migration._rewrite.changes import shown_path
from di.migration._rewrite.handlers import Use
from di.migration._rewrite.plan import Plan
from di.migration._rewrite.reading import Reading
from di.migration._rewrite.sources import SourceFile
from di.migration._rewrite.wrappers import Question


@dataclass(frozen=True, slots=True)
class _TestCall:
    """A call of a handler in a test."""

    module: Module
    source: SourceFile
    node: ast.Call

    @property
    def may_await(self) -> bool:
        """Whether the call stands directly in an `async def`."""
        node: ast.AST = self.node
        while not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.Module):
            node = self.source.parents[node]
        return isinstance(node, ast.AsyncFunctionDef)


class Retargeting:
    """Adds arguments to the calls that tests make."""

    def __init__(self, reading: Reading, *, allowed: bool) -> None:
        self._reading = reading
        self._allowed = allowed

    def reason_against(self, function: Function) -> str | None:
        """Return why the callers of a handler cannot hand services over, None if they can or there are none."""
        for use in self._reading.handlers.uses_of(function):
            place = f"{shown_path(use.module.path)}:{use.reference.line}"
            if not self._reading.project.is_test(use.module):
                return f"{function.name}() is also called, or handed on, as a plain function ({place})"
            if not self._allowed:
                return f"a test calls {function.name}() itself ({place}): stage 3 hands services over there"
            call = self._call_of(use)
            if isinstance(call, str):
                return f"a test uses {function.name}() in a way that cannot be changed: {call} ({place})"
        return None

    def reason_against_question(self, function: Function, question: Question) -> str | None:
        """Return why the callers of a handler cannot ask for one service."""
        for use in self._reading.handlers.uses_of(function):
            call = self._call_of(use)
            if isinstance(call, str):
                return call
            place = f"{shown_path(use.module.path)}:{use.reference.line}"
            if question.awaited and not call.may_await:
                return f"a test calls {function.name}() where it cannot await the service ({place})"
            first = question.module.partition(".")[0]
            if first in call.source.names and not _imports_module(call.source, first):
                return f"{first} means something else in the test that calls {function.name}() ({place})"
        return None

    def hand_over(self, function: Function, services: Iterable[tuple[str, Question]], plan: Plan) -> None:
        """Add the services as keyword arguments, asked as the handler asked for them."""
        listed = list(services)
        for use in self._reading.handlers.uses_of(function):
            call = self._call_of(use)
            if isinstance(call, str):
                continue
            edits = plan.edits_of(call.module)
            arguments = edits.arguments.setdefault(call.source.span_of(call.node), [])
            for name, question in listed:
                asked = f"{question.module}.{question.asked}"
                arguments.append((name, f"await {asked}" if question.awaited else asked))
                if not _imports_module(call.source, question.module):
                    edits.modules.add(question.module)

    def _call_of(self, use: Use) -> _TestCall | str:
        source = self._reading.sources.of(use.module)
        if source is None or self._reading.refuses_rewriting(source) is not None:
            return "the file cannot be rewritten"
        if use.reference.role is not Role.CALL or use.reference.aliased:
            return "it hands the function on"
        node = source.call_at(use.reference.line, use.reference.column)
        return _TestCall(use.module, source, node) if node is not None else "the call was not found"


def _imports_module(source: SourceFile, name: str) -> bool:
    """Whether `import name`, or that of a part of it, is at the top of a file."""
    return any(
        alias.asname is None and (alias.name == name or ("." not in name and alias.name.startswith(f"{name}.")))
        for node in source.tree.body
        if isinstance(node, ast.Import)
        for alias in node.names
    )
