"""The gate judges by what was measured, and by how sure that is."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from benchmarks.costs import Cost
from benchmarks.figures import Lane, Measurements, Sample
from benchmarks.gate import Judgement, Verdict, deciding, is_undecided, judge, judge_again
from benchmarks.targets import SHORT, Target, all_lanes, lanes_of, targets

SUBJECT, REFERENCE = Lane("di", "M"), Lane("plain", "M")
TWICE = Target("twice", 2.0, lambda over: over("di", "M") / over("plain", "M"), (SUBJECT, REFERENCE), countable=False)


def measured(subject: Sequence[float | None], reference: Sequence[float | None]) -> Measurements:
    found = Measurements(titles={"di": "di", "plain": "by hand"})
    for lane, values in ((SUBJECT, subject), (REFERENCE, reference)):
        for value in values:
            found.add(lane, None if value is None else Sample(bare=40, over=value, wall_over=value))
    return found


def say_nothing(text: str) -> None:
    pass


async def judged(found: Measurements, target: Target = TWICE) -> Judgement:
    (judgement,) = await judge([target], found, {}, say_nothing)
    return judgement


async def test_a_ratio_below_its_limit_is_met() -> None:
    judgement = await judged(measured([18, 19, 18, 19] * 4, [10] * 16))
    assert judgement.verdict is Verdict.MET
    assert judgement.estimate.value == pytest.approx(1.85)


async def test_a_ratio_above_its_limit_by_more_than_the_noise_is_missed() -> None:
    judgement = await judged(measured([25, 27, 26, 28] * 4, [10, 11, 10, 12] * 4))
    assert judgement.verdict is Verdict.MISSED
    assert judgement.verdict.is_failure


@pytest.mark.parametrize(("again", "verdict"), [([15, 16] * 8, Verdict.WITHIN_NOISE), ([25, 26] * 8, Verdict.MISSED)])
async def test_what_seems_to_be_missed_is_measured_in_further_processes_and_judged_by_all_of_it(
    again: list[float], verdict: Verdict
) -> None:
    first = measured([25, 26] * 4, [10] * 8)
    asked: list[Target] = []

    async def measure_again(missed: Iterable[Target]) -> Measurements:
        asked.extend(missed)
        return measured(again, [10] * 16)

    easy = replace(TWICE, name="three times", limit=3.0)
    judgements = await judge([easy, TWICE], first, {}, say_nothing)
    met, decided = await judge_again(judgements, first, measure_again, {}, say_nothing)
    assert asked == [TWICE]
    assert met is judgements[0]
    assert (decided.target, decided.verdict) == (TWICE, verdict)
    assert decided.estimate.high >= 2.5  # the first processes still count


@pytest.mark.parametrize("verdict", [each for each in Verdict if each is not Verdict.MISSED])
async def test_only_what_time_says_is_missed_is_measured_again(verdict: Verdict) -> None:
    async def measure_again(missed: Iterable[Target]) -> Measurements:
        pytest.fail("measured again")

    found = measured([15] * 8, [10] * 8)
    judgements = [replace(await judged(found), verdict=verdict)]
    assert await judge_again(judgements, found, measure_again, {}, say_nothing) == judgements


async def test_a_limit_out_of_reach_closes_the_gate_only_when_it_gets_worse() -> None:
    short = replace(TWICE, short=3.0)
    as_known = await judged(measured([25, 27, 26, 28] * 4, [10] * 16), short)
    worse = await judged(measured([35, 37, 36, 38] * 4, [10] * 16), short)
    within_reach = await judged(measured([15, 17, 16, 18] * 4, [10] * 16), short)
    assert [each.verdict for each in (as_known, worse, within_reach)] == [Verdict.SHORT, Verdict.MISSED, Verdict.MET]
    assert [each.verdict.is_failure for each in (as_known, worse)] == [False, True]


def test_what_is_held_belongs_to_a_target_and_is_above_its_limit() -> None:
    limits = {each.name: each.limit for each in targets(quick=False)}
    assert all(held > limits[name] for name, held in SHORT.items())


async def test_a_ratio_whose_range_holds_the_limit_is_undecided_only_when_it_is_wide() -> None:
    countable = Target("countable", 2.0, TWICE.statistic, TWICE.lanes)
    wide = await judged(measured([10, 45] * 8, [10] * 16))
    narrow = await judged(measured([19.9, 20.1] * 8, [10] * 16))
    assert wide.verdict is narrow.verdict is Verdict.WITHIN_NOISE
    assert is_undecided(Judgement(countable, wide.estimate, wide.verdict))
    assert not is_undecided(Judgement(countable, narrow.estimate, narrow.verdict))


async def test_discarded_rounds_count_for_nothing() -> None:
    judgement = await judged(measured([15, None, 15, 500, None] * 4, [10, 10, None, 10, 10] * 4))
    assert judgement.estimate.high == 500 / 10
    assert judgement.verdict is Verdict.WITHIN_NOISE


async def test_a_lane_of_which_everything_was_discarded_decides_nothing() -> None:
    judgement = await judged(measured([None] * 8, [10] * 8))
    assert judgement.verdict is Verdict.WITHIN_NOISE


async def test_targets_that_were_not_measured_are_not_judged() -> None:
    other = Target("other", 1.0, lambda over: over("di", "S"), (Lane("di", "S"),))
    assert await judge([other], measured([1] * 4, [1] * 4), {}, say_nothing) == []


def test_only_the_two_fastest_of_a_contest_are_counted() -> None:
    found = measured([10] * 4, [10] * 4)
    rivals = {"wireup": 30.0, "dishka": 50.0, "aioinject": 20.0, "svcs": None}
    for name, value in rivals.items():
        for _ in range(4):
            found.add(Lane(name, "M"), None if value is None else Sample(40, value, value))
    contest = frozenset(Lane(name, "M") for name in rivals)
    target = Target("contest", 1.0, lambda over: over("di", "M"), (SUBJECT, *contest), contest)
    assert deciding(target, found) == [SUBJECT, Lane("aioinject", "M"), Lane("wireup", "M")]


@pytest.mark.parametrize("quick", [True, False])
def test_a_run_measures_every_lane_its_targets_need(quick: bool) -> None:
    wanted = targets(quick=quick)
    lanes = set(lanes_of(wanted)) if quick else set(all_lanes())
    assert lanes.issuperset(lane for target in wanted for lane in target.lanes)
    assert len({target.name for target in wanted}) == len(wanted)


def test_limits_of_times_are_for_a_machine_of_usual_speed() -> None:
    assert not Cost("start", 900, "ms", 500).is_met(1)
    assert Cost("start", 900, "ms", 500).is_met(2)
    assert not Cost("growth", 2, "MiB", 1).is_met(2)
    assert Cost("told only", 9000, "ms").is_met(1)
