"""Validation: every problem of a graph, under a name that stays the same when code moves."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from di._graph import Graph
from di._keys import Key, qualified
from di._problems import survey_graph
from di._roots import Root
from di.errors import CycleError, DiError, LateCommitWarning, UnusedProviderWarning


@dataclass(frozen=True, slots=True, order=True)
class ProblemId:
    """What a problem is, free of line numbers and paths: its kind, and names from who needs to what is needed."""

    kind: str
    concerns: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind}: {' -> '.join(self.concerns)}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem; `keys` are the types it is about, of which a missing one has no provider."""

    id: ProblemId
    error: DiError
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong with a graph, which registrations no root reaches, and what to warn of."""

    problems: tuple[Problem, ...]
    unused: tuple[Key, ...]
    warnings: tuple[UnusedProviderWarning | LateCommitWarning, ...]


def examine(graph: Graph, roots: Sequence[Root] | None) -> Findings:
    """Look at everything below the roots and at every registration; without roots nothing is unused."""
    survey = survey_graph(graph, roots)
    names = {str(root): root.name for root in roots or ()}
    problems = tuple(_problem(graph, error, names) for error in survey.problems)
    return Findings(problems, survey.unused, survey.warnings)


def kind_of(found: DiError | Warning) -> str:
    """Name the kind of a problem or warning: `CaptiveDependencyError` is a `captive-dependency`."""
    name = type(found).__name__.removesuffix("Error").removesuffix("Warning")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


def _problem(graph: Graph, error: DiError, names: dict[str, str]) -> Problem:
    concerns = error.concerns
    if isinstance(error, CycleError):
        # Where a walk enters a tangle depends on the order of registration; who is in it does not.
        concerns = tuple(sorted(_tangle(graph, concerns[0]), key=qualified))
    words = tuple(names.get(each, each) if isinstance(each, str) else qualified(each) for each in concerns)
    keys = tuple(each for each in error.concerns if not isinstance(each, str))
    return Problem(ProblemId(kind_of(error), words), error, keys)


def _tangle(graph: Graph, member: Key) -> set[Key]:
    """Return every key that both reaches `member` and is reached by it."""
    return _all_above(_holders(graph, [member]), [member])


def unsound_keys(graph: Graph, problems: Iterable[Problem]) -> dict[Key, DiError]:
    """Return every registered key that cannot be built because of a problem, and a problem that stands in its way."""
    holders = _holders(graph, graph.providers)
    unsound: dict[Key, DiError] = {}
    for problem in problems:
        for key in _all_above(holders, problem.keys[:1]):
            unsound.setdefault(key, problem.error)
    return {key: error for key, error in unsound.items() if key in graph.providers}


def _holders(graph: Graph, keys: Iterable[Key]) -> dict[Key, set[Key]]:
    """Return who is built from what, as far as some keys reach; also for what has no provider."""
    holders: dict[Key, set[Key]] = {}
    waiting = list(keys)
    seen = set(waiting)
    while waiting:
        key = waiting.pop()
        provider = graph.provider(key)
        for parameter in () if provider is None else provider.parameters:
            if graph.bound(parameter):
                holders.setdefault(parameter.key, set()).add(key)
                if parameter.key not in seen:
                    seen.add(parameter.key)
                    waiting.append(parameter.key)
    return holders


def _all_above(holders: Mapping[Key, set[Key]], start: Iterable[Key]) -> set[Key]:
    waiting = list(start)
    seen = set(waiting)
    while waiting:
        further = holders.get(waiting.pop(), set()) - seen
        seen |= further
        waiting += further
    return seen
