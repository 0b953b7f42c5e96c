"""What must hold. The one place where the targets are written down."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from benchmarks.figures import Lane, Over, Statistic
from benchmarks.graphs import GRAPHS, GROWTH
from benchmarks.rivals import CONTENDERS

RIVALS = tuple(name for name, contender in CONTENDERS.items() if contender.rival)
# Microseconds on the machine for which the absolute targets were written: 37 for a bare route called directly, and
# a seventh more (by instructions) in a task of its own, as it is called here.
WHERE_A_BARE_ROUTE_TAKES = 37.0 * 8 / 7

QUICK_RIVALS = ("wireup", "aioinject", "dishka", "depends-async")
COMPARED = ("S", "M", "M-waits", "M-few", "singletons", "published-singleton", "published-scoped")
# Limits that are out of reach so far, and what is held until they are: docs/benchmarks.md says why.
SHORT: dict[str, float] = {
    "M: by hand": 2.5,
    "M-few: over a bare route (of 42 us)": 15.0,
    "M: the fastest rival": 0.65,
    "M: lagom's integration": 1 / 20,
}
if sys.version_info < (3, 12):  # where the reference by hand need not make the tasks that later releases begin at once
    SHORT |= {"M: by hand, same promises": 1.6, "M-waits: by hand, same promises": 1.6}
BARE = Lane("bare", "bare")  # in statistics: over("bare", "bare") is what the bare route itself takes


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that must not be above a limit.

    Args:
        name: what tables call it.
        limit: the most it may be.
        statistic: how it comes from times over the bare route.
        lanes: whose times those are.
        contest: those of the lanes of which only the smallest matters.
        countable: whether instructions tell the same as time, so that they may decide when time is too noisy.
        unit: what the figure is in.
        short: what is held instead of the limit as long as that is out of reach.
    """

    name: str
    limit: float
    statistic: Statistic
    lanes: tuple[Lane, ...]
    contest: frozenset[Lane] = frozenset()
    countable: bool = True
    unit: str = "x"
    short: float | None = None

    @property
    def held(self) -> float:
        """The figure above which the gate closes."""
        return self.limit if self.short is None else self.short


def _ratio(subject: Lane, reference: Lane) -> Statistic:
    return lambda over: over(subject.contender, subject.graph) / over(reference.contender, reference.graph)


def _at_most(name: str, limit: float, subject: Lane, reference: Lane) -> Target:
    return Target(name, limit, _ratio(subject, reference), (subject, reference))


def _against_fastest(graph: str, limit: float, names: Iterable[str]) -> Target:
    rivals = [name for name in names if graph not in CONTENDERS[name].skips]

    def statistic(over: Over) -> float:
        return over("di", graph) / min(over(name, graph) for name in rivals)

    contest = tuple(Lane(name, graph) for name in rivals)
    return Target(f"{graph}: the fastest rival", limit, statistic, (Lane("di", graph), *contest), frozenset(contest))


def _against_lagom() -> Target:
    def statistic(over: Over) -> float:
        return over("di", "M", "wall") / over("lagom", "M", "wall")

    lanes = (Lane("di", "M"), Lane("lagom", "M"))
    # By the wall's clock: lagom's integration waits for threads, which costs its callers time and no processor.
    return Target("M: lagom's integration", 1 / 100, statistic, lanes, countable=False)


def _microseconds(name: str, limit: float, lane: Lane, without: Lane | None = None) -> Target:
    def statistic(over: Over) -> float:
        over_bare = over(lane.contender, lane.graph) - (over(without.contender, without.graph) if without else 0)
        return over_bare / over("bare", "bare") * WHERE_A_BARE_ROUTE_TAKES

    return Target(name, limit, statistic, (lane, without) if without else (lane,), unit="us")


def _growth() -> Target:
    few, more, many, most = GROWTH[0], GROWTH[2], GROWTH[3], GROWTH[4]

    def steepening(over: Over, contender: str) -> float:
        first = (over(contender, f"{more}") - over(contender, f"{few}")) / (more - few)
        return (over(contender, f"{most}") - over(contender, f"{many}")) / (most - many) / first

    lanes = tuple(Lane(name, f"{size}") for name in ("di", "plain") for size in (few, more, many, most))
    return Target(
        "growth: cost per service, 300 to 1,000 against 10 to 100, as by hand",
        1.15,
        lambda over: steepening(over, "di") / steepening(over, "plain"),
        lanes,
    )


def targets(*, quick: bool) -> tuple[Target, ...]:
    """Return all targets; a quick run compares with all rivals on one graph, and elsewhere with the fastest ones."""
    return tuple(replace(each, short=SHORT.get(each.name)) for each in _targets(QUICK_RIVALS if quick else RIVALS))


def _targets(rivals: Sequence[str]) -> Iterator[Target]:
    yield from (
        _at_most("M: by hand, same promises", 1.25, Lane("di", "M"), Lane("promises", "M")),
        _at_most("M-waits: by hand, same promises", 1.25, Lane("di", "M-waits"), Lane("promises", "M-waits")),
        _at_most("M: by hand", 2.0, Lane("di", "M"), Lane("plain", "M")),
        _microseconds("M-few: over a bare route (of 42 us)", 8.0, Lane("di", "M-few")),
        _at_most("M-few: 5,000 known types against 70", 1.05, Lane("di", "M-few-5000"), Lane("di", "M-few")),
        _against_fastest("M", 1 / 3, RIVALS),
        _against_lagom(),
        *(_against_fastest(graph, 1.0, rivals) for graph in COMPARED if graph != "M"),
        _microseconds(
            "singletons: over globals (bare: 42 us)", 5.0, Lane("di", "singletons"), Lane("globals", "singletons")
        ),
        _growth(),
    )


# Globals cost nothing over a bare route: held to that, and missed when they are slowed down, the gate works.
SELF_TEST = _microseconds("the gate itself: globals over a bare route", 5.0, Lane("globals", "singletons"))


def lanes_of(wanted: Iterable[Target]) -> list[Lane]:
    """Return every lane some targets need, and our own ones beside them."""
    lanes = dict.fromkeys(lane for target in wanted for lane in target.lanes)
    for graph in dict.fromkeys(lane.graph for lane in lanes):
        for name in ("globals", "plain", "promises"):
            if graph in COMPARED and graph not in CONTENDERS[name].skips:
                lanes[Lane(name, graph)] = None
    return list(lanes)


def all_lanes() -> list[Lane]:
    """Return every contender on every graph that can be written with it."""
    few = {"M-few-5000"}  # about plans, not about rivals
    return [
        Lane(name, graph)
        for graph in GRAPHS
        for name, contender in CONTENDERS.items()
        if graph not in contender.skips and not (contender.rival and graph in few)
    ]
