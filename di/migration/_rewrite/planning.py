"""Decides call by call: what moves into a parameter, what stays, and why."""

import ast
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from di.migration._calls import Call, Context
from di.migration._facts import Function, Module
from di.migration._rewrite.candidates import Candidate, Candidates, Handler
from di.migration._rewrite.places import calls_at_start, removable_name
from di.migration._rewrite.plan import Kept, Moved, NewParameter, Plan
from di.migration._rewrite.reading import Reading
from di.migration._rewrite.retargeting import Retargeting
from di.migration._rewrite.scopes import local_name, outermost_function
from di.migration._rewrite.sources import SourceFile, names_used_in
from di.migration._rewrite.unused import drop_local_imports, unused_imports
from di.migration._rewrite.wrappers import Wrapper, Wrappers, parameter_name
from di.migration._scopes import bind_block, parameter_names


class Planner:
    """Plans the moves of route-body calls."""

    def __init__(
        self, reading: Reading, wrappers: Wrappers, *, early: frozenset[str], may_add: bool, change_tests: bool
    ) -> None:
        self._reading = reading
        self._wrappers = wrappers
        self._candidates = Candidates(reading, early)
        self._retargeting = Retargeting(reading, allowed=change_tests)
        self._may_add = may_add  # whether wrappers that are not written yet can be used
        self.plan = Plan()
        self.unused = 0  # imports that nothing uses any more
        self._gone: defaultdict[Path, list[ast.expr]] = defaultdict(list)  # expressions that moved, by file

    def plan_all(self, files: frozenset[Path], import_name: Callable[[Module], str]) -> Plan:
        """Plan the moves in these files, in all if there are none; say what each file imports the wrappers from."""
        grouped: defaultdict[int, list[Call]] = defaultdict(list)
        handlers: dict[int, tuple[Module, Function]] = {}
        for call in self._reading.calls.all:
            if call.context is not Context.ROUTE or call.function is None:
                if call.context is not Context.TEST:
                    self.plan.elsewhere.append(call)
                continue
            handler = self._reading.routes.handler_around(call.module, call.function)
            if handler is not None and (not files or call.module.path in files):
                handlers[id(handler)] = (call.module, handler)
                grouped[id(handler)].append(call)
        for key, (module, function) in handlers.items():
            self._plan_handler(module, function, grouped[key], import_name)
        for module, edits in self.plan.edits.values():
            source = self._reading.sources.of(module)
            unused = unused_imports(source, self._gone[module.path]) if source is not None else set()
            self.unused += len(unused)
            edits.kept_imports = {each for each in unused if self._reading.watched.patches_of(module, each)}
        self.plan.kept.sort(key=lambda each: (each.call.module.path, each.call.line))
        return self.plan

    def _keep(self, calls: Iterable[Call], reason: str) -> None:
        self.plan.kept += [Kept(each, reason) for each in calls]

    def _plan_handler(
        self, module: Module, function: Function, calls: list[Call], import_name: Callable[[Module], str]
    ) -> None:
        source = self._reading.sources.of(module)
        node = source.definition_of(function) if source is not None else None
        if source is None or node is None:
            self._keep(calls, f"{function.name} is no function statement")
            return
        handler = Handler(module, function, source, node)
        reason = (
            self._reading.refuses_rewriting(source)
            or self._reading.handlers.reason_against(module, function, source, node)
            or self._retargeting.reason_against(function)
        )
        if reason is not None:
            self._keep(calls, reason)
            return
        moving = self._movable(handler, calls)
        if moving:
            self._edit(handler, moving, import_name)

    def _movable(self, handler: Handler, calls: list[Call]) -> list[Candidate]:
        candidates: list[Candidate] = []
        for call in calls:
            found = self._candidates.of(handler, call)
            if isinstance(found, Candidate) and not self._has_wrapper(found):
                found = "there is no wrapper for it yet: stage 1 writes it"
            if isinstance(found, Candidate):
                question = found.asked.request.question
                found = self._retargeting.reason_against_question(handler.function, question) or found
            if isinstance(found, str):
                self._keep([call], found)
            else:
                candidates.append(found)
        by_node: dict[ast.AST, Candidate] = {each.node: each for each in candidates}
        first = calls_at_start(handler.node, by_node)
        moving: list[Candidate] = []
        blocked = False
        for each in sorted(candidates, key=lambda each: (each.node not in first, each.call.line, each.call.column)):
            reason = self._candidates.reason_against_early(handler, each, at_start=each.node in first and not blocked)
            if reason is None:
                moving.append(each)
                continue
            blocked = True  # what follows it would be asked before it
            self._keep([each.call], reason)
        return sorted(moving, key=lambda each: (each.call.line, each.call.column))

    def _has_wrapper(self, candidate: Candidate) -> bool:
        return self._may_add or self._wrappers.is_written(self._wrappers.of(candidate.asked.request))

    def _edit(self, handler: Handler, moving: list[Candidate], import_name: Callable[[Module], str]) -> None:
        groups: dict[Wrapper, list[Candidate]] = {}
        for each in moving:
            groups.setdefault(self._wrappers.of(each.asked.request), []).append(each)
        edits = self.plan.edits_of(handler.module)
        taken = names_used_in(outermost_function(handler.source, handler.node))
        added = edits.parameters.setdefault(handler.source.position_of(handler.node), [])
        for wrapper, members in groups.items():
            first = next((each for each in members if self._variable_of(handler, each) is not None), None)
            if first is not None:
                name = self._variable_of(handler, first) or ""
                edits.removed.add(handler.source.position_of(_statement_of(handler.source, first.node)))
            else:
                name = parameter_name(members[0].asked.request.service, taken)
            taken.add(name)
            home = import_name(handler.module)
            local = local_name(handler.source, home, wrapper.alias)
            added.append(NewParameter(name, local))
            edits.imports.setdefault(home, {})[wrapper.alias] = local
            for each in members:
                if each is not first:
                    edits.replaced[handler.source.span_of(each.node)] = name
                self.plan.moved.append(Moved(each.call, wrapper, name))
        services = [(each.name, wrapper.question) for each, wrapper in zip(added, groups, strict=True)]
        self._retargeting.hand_over(handler.function, services, self.plan)
        nodes = [each.node for each in moving]
        self._gone[handler.source.path].extend(nodes)
        drop_local_imports(handler.source, handler.node, nodes, edits)

    def _variable_of(self, handler: Handler, candidate: Candidate) -> str | None:
        """Return the variable that can become the parameter: assigned once, by a statement of its own."""
        statement = _statement_of(handler.source, candidate.node)
        name = removable_name(statement, candidate.node)
        if name is None or statement not in handler.node.body:
            return None
        alone = (
            not any(other is not statement and other.lineno == statement.lineno for other in handler.node.body)
            and statement.lineno != handler.node.lineno
        )
        bound = bind_block(handler.node.body, "", deep=True)
        once = len(bound.names.get(name, ())) == 1 and name not in parameter_names(handler.node.args)
        declared = any(
            isinstance(each, ast.Nonlocal | ast.Global) and name in each.names for each in ast.walk(handler.node)
        )
        return name if alone and once and not declared else None


def _statement_of(source: SourceFile, node: ast.AST) -> ast.stmt:
    while not isinstance(node, ast.stmt):
        node = source.parents[node]
    return node
