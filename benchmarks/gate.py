"""Whether the targets hold: by time where that is certain, else by instructions."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from benchmarks.figures import Estimate, Lane, Measurements, NothingMeasuredError, Over, over_from
from benchmarks.instructions import can_count, count
from benchmarks.rounds import Progress
from benchmarks.targets import BARE, Target

CERTAIN = 0.05  # noise below which a target inside of it counts as reached
WILD = 0.15  # noise above which a target that seems to be missed is looked at again

Measure = Callable[[Iterable[Target]], Awaitable[Measurements]]


class Verdict(Enum):
    """What became of a target; held is what is out of reach so far, and has not become worse."""

    MET = "met"
    MISSED = "MISSED"
    SHORT = "missed, held"
    WITHIN_NOISE = "within noise"
    MET_BY_COUNT = "met, by instructions"
    MISSED_BY_COUNT = "MISSED, by instructions"
    SHORT_BY_COUNT = "missed, held, by instructions"

    @property
    def is_failure(self) -> bool:
        """Whether the gate is closed."""
        return self in {Verdict.MISSED, Verdict.MISSED_BY_COUNT}


@dataclass(frozen=True, slots=True)
class Judgement:
    """A target, what was measured, what was counted if that had to decide, and the verdict."""

    target: Target
    estimate: Estimate
    verdict: Verdict
    counted: float | None = None


async def judge(
    targets: Iterable[Target], measured: Measurements, slowdown: Mapping[str, float], progress: Progress
) -> list[Judgement]:
    """Judge every target whose lanes were measured."""
    lanes = set(measured.lanes)
    judgements = []
    for target in targets:
        if lanes.issuperset(target.lanes):
            estimate = _estimate(target, measured)
            judgements.append(Judgement(target, estimate, _verdict(target, estimate)))
    undecided = [each.target for each in judgements if is_undecided(each)]
    if not undecided or not can_count():
        return judgements
    lanes_to_count = [lane for target in undecided for lane in deciding(target, measured)]
    counts = await count(lanes_to_count, slowdown, progress)
    return [_judged_by(counts, each) if each.target in undecided else each for each in judgements]


async def judge_again(
    judgements: list[Judgement],
    measured: Measurements,
    measure_again: Measure,
    slowdown: Mapping[str, float],
    progress: Progress,
) -> list[Judgement]:
    """Judge what time says is missed once more, together with what is measured of it in processes started anew.

    Where code and objects lie in memory is settled when a process starts, and no number of rounds tells that apart.
    What was counted would be counted the same again.
    """
    missed = [each.target for each in judgements if each.verdict is Verdict.MISSED]
    if not missed:
        return judgements
    both = measured.joined(await measure_again(missed))
    decided = {each.target.name: each for each in await judge(missed, both, slowdown, progress)}
    return [decided.get(each.target.name, each) for each in judgements]


def deciding(target: Target, measured: Measurements) -> list[Lane]:
    """Return the lanes that can matter: of those in a contest the two fastest, since counting takes long."""
    spreads = {lane: measured.spread(lane) for lane in target.contest}
    fastest = sorted(
        (lane for lane, spread in spreads.items() if spread is not None),
        key=lambda lane: spreads[lane].median,  # type: ignore[union-attr]  # those without one were left out
    )
    return [lane for lane in target.lanes if lane not in target.contest] + fastest[:2]


def is_undecided(judgement: Judgement) -> bool:
    """Whether time is too noisy to tell."""
    if not judgement.target.countable or judgement.verdict is Verdict.MET:
        return False
    return judgement.estimate.noise > (CERTAIN if judgement.verdict is Verdict.WITHIN_NOISE else WILD)


def _estimate(target: Target, measured: Measurements) -> Estimate:
    bare = measured.bare()

    def statistic(over: Over) -> float:
        return target.statistic(_with_bare(over, bare))

    try:
        return measured.estimate(statistic)
    except NothingMeasuredError:
        return Estimate(float("nan"), float("-inf"), float("inf"))


def _with_bare(over: Over, bare: float) -> Over:
    return lambda contender, graph, *clock: bare if contender == BARE.contender else over(contender, graph, *clock)


def _verdict(target: Target, estimate: Estimate) -> Verdict:
    if estimate.high <= target.limit:
        return Verdict.MET
    if estimate.low <= target.limit:
        return Verdict.WITHIN_NOISE
    return Verdict.SHORT if estimate.low <= target.held else Verdict.MISSED


def _judged_by(counts: Mapping[Lane, float], judgement: Judgement) -> Judgement:
    counted = judgement.target.statistic(over_from(counts))
    target = judgement.target
    missed = Verdict.SHORT_BY_COUNT if counted <= target.held else Verdict.MISSED_BY_COUNT
    verdict = Verdict.MET_BY_COUNT if counted <= target.limit else missed
    return Judgement(judgement.target, judgement.estimate, verdict, counted)
