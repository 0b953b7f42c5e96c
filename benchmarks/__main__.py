"""Measure what injection costs, print it, and tell whether the targets hold. Run by scripts/bench."""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterable, Sequence

from benchmarks import pages, table
from benchmarks.chart import write_charts
from benchmarks.costs import Cost, measure_costs
from benchmarks.figures import Lane, Measurements
from benchmarks.gate import Judgement, Verdict, judge, judge_again
from benchmarks.graphs import GRAPHS
from benchmarks.instructions import can_count, count
from benchmarks.rounds import measure
from benchmarks.targets import BARE, SELF_TEST, WHERE_A_BARE_ROUTE_TAKES, Target, all_lanes, lanes_of, targets


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under three minutes, as in CI")
    parser.add_argument("--rounds", type=int, help="rounds of each pass (quick: 18, else 30)")
    parser.add_argument("--passes", type=int, help="how often processes are started anew (quick: 1, else 3)")
    parser.add_argument("--milliseconds", type=float, help="length of a batch (quick: 12, else 25)")
    parser.add_argument("--only", metavar="TEXT", action="append", help="only targets whose name contains this")
    parser.add_argument("--slow", metavar="CONTENDER=PERCENT", action="append", default=[], help=SLOW)
    parser.add_argument("--self-test", action="store_true", help="only tell whether the gate notices a slow-down")
    parser.add_argument("--count", metavar="CONTENDER:GRAPH", nargs="+", help="only count instructions a request")
    parser.add_argument("--write", action="store_true", help="replace the committed results, tables and charts")
    return parser.parse_args(arguments)


PASSES_AGAIN = 2  # of what seems to be missed
SLOW = "slow a contender down on purpose, by percent of a bare route; the gate has to notice"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, judge, and perhaps write."""
    options = options_of(arguments)
    if options.write and (options.quick or options.only or options.slow):
        sys.exit("--write goes with a whole run: its tables have every contender, and nobody slowed down.")
    if options.count:
        _print_counts([Lane(*each.split(":")) for each in options.count])
        return
    if options.self_test:
        sys.exit(asyncio.run(_test_the_gate()))
    begun = time.monotonic()
    chosen = [each for each in targets(quick=options.quick) if _is_wanted(each, options.only)]
    measured, judgements = asyncio.run(_measure(options, chosen))
    costs = [] if options.only else measure_costs(requests=20_000 if options.quick else 1_000_000, progress=_progress)
    _progress("")
    target_rows = table.target_rows(judgements, table.read("targets.csv"))
    cost_rows = table.cost_rows(costs, table.read("costs.csv"))
    _print(measured, target_rows, cost_rows)
    if options.write:
        _write(measured, judgements, costs)
    slowness = measured.bare() / WHERE_A_BARE_ROUTE_TAKES
    missed = [each.target.name for each in judgements if each.verdict.is_failure]
    missed += [cost.name for cost in costs if not cost.is_met(slowness)]
    print(f"\n{time.monotonic() - begun:.0f} s, {measured.discarded} batches discarded as too noisy.")
    if missed:
        sys.exit("Missed: " + "; ".join(missed))
    short = [each.target.name for each in judgements if each.verdict in {Verdict.SHORT, Verdict.SHORT_BY_COUNT}]
    if short:
        print("Out of reach so far, and held where it is: " + "; ".join(short))
    print(f"Every {'other ' * bool(short)}target is met.")


async def _measure(options: argparse.Namespace, chosen: Sequence[Target]) -> tuple[Measurements, list[Judgement]]:
    slowdown = {name: float(percent) for name, percent in (each.split("=") for each in options.slow)}
    rounds = options.rounds or (18 if options.quick else 30)
    milliseconds = options.milliseconds or (12 if options.quick else 25)

    async def measure_lanes(lanes: Sequence[Lane], passes: int) -> Measurements:
        return await measure(
            lanes, rounds=rounds, passes=passes, milliseconds=milliseconds, slowdown=slowdown, progress=_progress
        )

    async def measure_again(missed: Iterable[Target]) -> Measurements:
        return await measure_lanes(lanes_of(missed), PASSES_AGAIN)

    lanes = lanes_of(chosen) if options.quick or options.only else all_lanes()
    measured = await measure_lanes(lanes, options.passes or (1 if options.quick else 3))
    judgements = await judge(chosen, measured, slowdown, _progress)
    return measured, await judge_again(judgements, measured, measure_again, slowdown, _progress)


async def _test_the_gate() -> str | None:
    """Return what is wrong with the gate: it must be open as things are, and closed after a slow-down."""
    for slowdown, expected in (({}, False), ({"globals": 50.0}, True)):
        found = await measure(
            SELF_TEST.lanes, rounds=12, passes=1, milliseconds=8, slowdown=slowdown, progress=_progress
        )
        (judgement,) = await judge([SELF_TEST], found, slowdown, _progress)
        slowed = f"slowed down by {slowdown['globals']:.0f} %" if slowdown else "as it is"
        _progress("")
        print(f"{SELF_TEST.name}, {slowed}: {table.number(judgement.estimate.value)} us, {judgement.verdict.value}")
        if judgement.verdict.is_failure is not expected:
            return "The gate does not notice what it should."
    return None


def _print_counts(lanes: Sequence[Lane]) -> None:
    counts = asyncio.run(count(lanes, {}, _progress))
    rows = [["instructions a request, over the bare route", ""]]
    rows += [[f"{lane.contender} on {lane.graph}", f"{counts[lane]:,.0f}"] for lane in (BARE, *lanes)]
    _progress("")
    print(table.plain(rows))


def _is_wanted(target: Target, parts: Sequence[str] | None) -> bool:
    return parts is None or any(part in target.name for part in parts)


def _print(measured: Measurements, target_rows: list[list[str]], cost_rows: list[list[str]]) -> None:
    print(f"Microseconds of processor time a request, over a bare route of {table.number(measured.bare())}:\n")
    names = list(GRAPHS)
    for graphs in (names[:6], names[6:11], names[11:]):
        rows = table.request_rows(measured, graphs)
        if len(rows) > 1:
            print(table.plain(rows), "\n")
    print(table.plain(target_rows), "\n")
    if len(cost_rows) > 1:
        print(table.plain(cost_rows))
    if not can_count():
        print("\nvalgrind is not installed: where time is too noisy, nothing decides.")


def _write(measured: Measurements, judgements: list[Judgement], costs: list[Cost]) -> None:
    table.write_requests(measured)
    table.write_targets(judgements)
    table.write_costs(costs)
    write_charts(measured)
    pages.write_requests(measured, table.target_rows(judgements, {}))
    pages.put(pages.PAGE, "costs", table.markdown([row[:3] for row in table.cost_rows(costs, {})]))


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
    elif text and not text.startswith(("round", "pass")) and " ready" not in text:
        sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
