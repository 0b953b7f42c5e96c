"""Cycles among services, and the order in which to move them: what others stand on first, the least risk first."""

from collections.abc import Sequence
from dataclasses import dataclass

from di.migration._accessor import Accessor, Kind, Variant
from di.migration._calls import Call, Context, Form
from di.migration._components import strong_components
from di.migration._reach import Reached
from di.migration._resets import Touched


@dataclass(frozen=True, slots=True)
class Cycle:
    """Services that reach each other in a circle."""

    members: tuple[Accessor, ...]
    while_built: bool  # all steps are taken in constructors: the first call would never return


@dataclass(frozen=True, slots=True)
class Risk:
    """How much can go wrong when a service is moved, and why."""

    score: int
    reasons: tuple[str, ...]

    @property
    def level(self) -> str:
        """Low, medium or high."""
        return "low" if self.score < 4 else "medium" if self.score < 9 else "high"


def find_cycles(accessors: Sequence[Accessor], reached: dict[int, Reached]) -> list[Cycle]:
    """Return the strongly connected groups of services, each in the order of one walk around."""
    edges = {each: [*reached[id(each)].eager, *reached[id(each)].lazy] for each in accessors}
    cycles: list[Cycle] = []
    for group in strong_components(accessors, edges):
        if len(group) > 1 or group[0] in edges[group[0]]:
            eager = {each: [below for below in reached[id(each)].eager if below in group] for each in group}
            inner = strong_components(group, eager)
            cycles.append(Cycle(tuple(group), any(len(each) > 1 for each in inner)))
    return cycles


def judge_risk(
    accessor: Accessor, calls: Sequence[Call], touched: Sequence[Touched], cycles: Sequence[Cycle], twins: int
) -> Risk:
    """Say how risky it is to move one service."""
    at_import = sum(call.context is Context.MODULE and call.form is Form.CALL for call in calls)
    weighed = (
        (2, accessor.kind is Kind.KEYED, "one instance per key"),
        (2, accessor.kind is Kind.ASYNC, "built asynchronously"),
        (2, Variant.ARGUMENTS in accessor.variants, "callers hand over arguments"),
        (2, Variant.NONE_LEGAL in accessor.variants, "None is a legal answer"),
        (1, Variant.RAISES in accessor.variants, "may raise instead of answering"),
        (1, Variant.FILLED_ELSEWHERE in accessor.variants, "filled by other code"),
        (1, Variant.SEVERAL_CLASSES in accessor.variants, "chooses among several classes"),
        (3, any(accessor in cycle.members for cycle in cycles), "part of a cycle"),
        (2, at_import > 0, f"asked {_times(at_import)} at import"),
        (3, twins > 0, "another accessor hands out a second instance of its class"),
        (1, 0 < len(touched) <= 5, f"patched or written {_times(len(touched))} in tests"),
        (2, len(touched) > 5, f"patched or written {_times(len(touched))} in tests"),
        (1, 5 < len(calls) <= 20, f"{len(calls)} calls"),
        (2, len(calls) > 20, f"{len(calls)} calls"),
    )
    return Risk(
        sum(weight for weight, holds, _ in weighed if holds), tuple(text for _, holds, text in weighed if holds)
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def order_by_risk(accessors: Sequence[Accessor], reached: dict[int, Reached], risks: dict[int, Risk]) -> list[Accessor]:
    """Return the services so that each comes after what it is built from; of several, the least risk first."""
    waiting = sorted(accessors, key=lambda each: (risks[id(each)].score, each.name, each.module.path))
    placed: set[int] = set()
    known = {id(each) for each in accessors}
    ordered: list[Accessor] = []
    while waiting:
        ready = next((each for each in waiting if _is_ready(each, reached, placed, known)), waiting[0])
        waiting.remove(ready)
        placed.add(id(ready))
        ordered.append(ready)
    return ordered


def _is_ready(accessor: Accessor, reached: dict[int, Reached], placed: set[int], known: set[int]) -> bool:
    return all(id(each) in placed or id(each) not in known for each in reached[id(accessor)].eager)
