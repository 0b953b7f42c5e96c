"""Which calls of a handler may move: what is moved with them, and what would be noticed if they came earlier."""

import ast
import sys
from dataclasses import dataclass

from di.migration._accessor import Kind
from di.migration._calls import Call, Form
from di.migration._facts import Function, Module
from di.migration._rewrite.changes import shown_path
from di.migration._rewrite.places import stands_in_try
from di.migration._rewrite.questions import Asked
from di.migration._rewrite.reading import Reading
from di.migration._rewrite.scopes import names_in
from di.migration._rewrite.sources import Definition, SourceFile


@dataclass(slots=True)
class Candidate:
    """A call that may move: its expression, with the `await` around it, and what a wrapper asks for it."""

    call: Call
    node: ast.expr
    asked: Asked


@dataclass(slots=True)
class Handler:
    """A handler whose calls are being judged."""

    module: Module
    function: Function
    source: SourceFile
    node: Definition


class Candidates:
    """Judges the calls of handlers one by one."""

    def __init__(self, reading: Reading, early: frozenset[str]) -> None:
        self._reading = reading
        self._early = early  # accessors that may be asked before they would have been

    def of(self, handler: Handler, call: Call) -> Candidate | str:
        """Return what moves, or why the call stays wherever it stands."""
        node = _node_of(handler.source, handler.node, call)
        if node is None:
            return "the expression is not a plain call"
        if call.accessor.kind is Kind.KEYED:
            return "it keeps one instance per key, thread or context"
        if _stands_in_text(handler.source, node):
            return "it stands in an f-string, of which this Python does not know the columns"
        if isinstance(node, ast.Call) and (node.args or node.keywords):
            return "it is called with arguments"
        parent = handler.source.parents[node]
        asynchronous = call.form is Form.CALL and call.accessor.function is not None and call.accessor.function.is_async
        awaited = asynchronous and isinstance(parent, ast.Await)
        if asynchronous and not awaited:
            return "it is not awaited where it is called"
        asked = self._asked(handler, call, node.func if isinstance(node, ast.Call) else node, awaited=awaited)
        if isinstance(asked, str):
            return asked
        return Candidate(call, parent if awaited and isinstance(parent, ast.Await) else node, asked)

    def _asked(self, handler: Handler, call: Call, name: ast.expr, *, awaited: bool) -> Asked | str:
        function = handler.source.definition_of(call.function) if call.function is not None else None
        if function is None:
            return "it stands in a lambda that has a name"
        asked = self._reading.questions.of(call, name, names_in(handler.source, function), awaited=awaited)
        if isinstance(asked, str):
            return asked
        if asked.request.question.module == self._reading.names.of(handler.module) and handler.source.is_script:
            return f"{handler.module.path.name} may be run as a script, and would be imported a second time"
        return asked

    def reason_against_early(self, handler: Handler, candidate: Candidate, *, at_start: bool) -> str | None:
        """Return why a call must not be made before the body begins."""
        cause, may_fail = self._cause(candidate)
        if cause is None:
            return None
        function = handler.function
        if stands_in_try(candidate.node, handler.node, handler.source.parents):
            return f"{cause}, and it stands in a try or with block"
        if not at_start:
            return f"{cause}, and the body does not begin with it"
        if self._reading.handlers.is_wrapped(handler.module, function):
            return f"{cause}, and a decorator of {function.name}() runs before it"
        if may_fail and (not function.is_async or function.is_generator):
            where = "while the answer is streamed" if function.is_generator else "in a worker thread: it is a plain def"
            return f"{cause}, and {function.name}() runs {where}"
        bound = function.owner is not None
        refused = self._reading.refusals.first_of(handler.module, handler.source, handler.node, bound=bound)
        if refused is not None:
            return f"{cause}, and a request that is refused because of {refused!r} does not come so far"
        return None

    def _cause(self, candidate: Candidate) -> tuple[str | None, bool]:
        """Return what would be noticed if a call came earlier, and whether that may be an exception."""
        accessor = candidate.call.accessor
        if accessor.name in self._early:
            return None, False
        effect = self._reading.constructions.effect_of(accessor)
        if effect is not None:
            place = f"{shown_path(effect.module.path)}:{effect.line}"
            return f"building it may fail or have effects ({effect.what}, {place})", True
        if candidate.asked.first_import is not None:
            return f"it may be the first to import {candidate.asked.first_import}", True
        replaced = self._reading.replaced_while_running(accessor)
        if replaced is not None:
            return f"its instance is replaced while the application runs ({replaced})", False
        return ("a test counts its calls, or makes it fail", False) if candidate.asked.observed else (None, False)


def _stands_in_text(source: SourceFile, node: ast.AST) -> bool:
    while sys.version_info < (3, 12) and not isinstance(node, ast.stmt):
        if isinstance(node, ast.JoinedStr):
            return True
        node = source.parents[node]
    return False


def _node_of(source: SourceFile, handler: Definition, call: Call) -> ast.expr | None:
    """Return the expression of a call: `get_x()`, or the name of an instance without the attributes behind it."""
    if call.form is Form.CALL:
        return source.call_at(call.line, call.column)
    for node in ast.walk(handler):
        if isinstance(node, ast.Name) and (node.lineno, node.col_offset) == (call.line, call.column):
            return _instance_around(source, node, call.rest)
    return None


def _instance_around(source: SourceFile, name: ast.Name, rest: int) -> ast.expr | None:
    chain: list[ast.expr] = [name]
    while isinstance(parent := source.parents[chain[-1]], ast.Attribute):
        chain.append(parent)
    found = chain[len(chain) - 1 - rest] if rest < len(chain) else None
    return found if found is not None and isinstance(getattr(found, "ctx", ast.Load()), ast.Load) else None
