"""The tables: for a terminal, for docs/benchmarks.md and README.md, and as CSV."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.costs import Cost
from benchmarks.figures import Lane, Measurements
from benchmarks.gate import Judgement
from benchmarks.graphs import GROWTH, TITLES
from benchmarks.rivals import CONTENDERS

RESULTS = Path(__file__).with_name("results")
GROWING = tuple(map(str, GROWTH))
NOTHING = "-"


def request_rows(measured: Measurements, graphs: Iterable[str]) -> list[list[str]]:
    """Return a table of microseconds over the bare route: a row per contender, a column per graph."""
    shown = [graph for graph in graphs if any(lane.graph == graph for lane in measured.lanes)]
    rows = [["", *(TITLES[graph] for graph in shown)]]
    for name in CONTENDERS:
        if name in measured.titles:
            cells = [_cell(measured, Lane(name, graph)) for graph in shown]
            if any(cell != NOTHING for cell in cells):
                rows.append([measured.titles[name], *cells])
    return rows


def _cell(measured: Measurements, lane: Lane) -> str:
    spread = measured.spread(lane)
    return NOTHING if spread is None else number(max(spread.median, 0))


def target_rows(judgements: Iterable[Judgement], committed: Mapping[str, Mapping[str, str]]) -> list[list[str]]:
    """Return a table of targets: what is measured, the limit, the verdict, and what is committed."""
    rows = [["target", "measured", "range", "at most", "committed", "verdict"]]
    for each in judgements:
        estimate, target = each.estimate, each.target
        counted = "" if each.counted is None else f" (counted {number(each.counted)})"
        known = committed.get(target.name)
        rows.append(
            [
                target.name,
                f"{number(estimate.value)} {target.unit}",
                f"{number(estimate.low)} .. {number(estimate.high)}",
                number(target.limit),
                number(float(known["value"])) if known else NOTHING,
                each.verdict.value + counted,
            ]
        )
    return rows


def cost_rows(costs: Iterable[Cost], committed: Mapping[str, Mapping[str, str]]) -> list[list[str]]:
    """Return a table of what is measured once."""
    rows = [["", "measured", "at most", "committed"]]
    for cost in costs:
        known = committed.get(cost.name)
        limit = NOTHING if cost.limit is None else number(cost.limit)
        was = number(float(known["value"])) if known else NOTHING
        rows.append([cost.name, f"{number(cost.value)} {cost.unit}", limit, was])
    return rows


def number(value: float) -> str:
    """Write a figure with as many digits as mean something."""
    if value != value or abs(value) == float("inf"):  # noqa: PLR0124 - not a number
        return NOTHING
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def plain(rows: Sequence[Sequence[str]]) -> str:
    """Return a table for a terminal."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width) for column, (cell, width) in _numbered(row, widths)
        )
        for row in rows
    )


def _numbered(row: Sequence[str], widths: Sequence[int]) -> Iterator[tuple[int, tuple[str, int]]]:
    return enumerate(zip(row, widths, strict=True))


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return a table for a page."""
    head, *body = rows
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 1)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in body)])


def write_requests(measured: Measurements) -> None:
    """Write requests.csv: a line per lane."""
    rows = []
    for lane in measured.lanes:
        spread, wall = measured.spread(lane), measured.spread(lane, "wall")
        if spread is not None and wall is not None:
            rounds = sum(each is not None for each in measured.samples[lane])
            figures = (spread.low, spread.median, spread.high, wall.median)
            row = [lane.graph, lane.contender, measured.titles[lane.contender], rounds]
            rows.append([*row, *(f"{figure:.2f}" for figure in figures)])
    head = ["graph", "contender", "title", "rounds", "low_quartile", "median", "high_quartile", "wall_median"]
    write("requests.csv", head, rows)


def write_targets(judgements: Iterable[Judgement]) -> None:
    """Write targets.csv."""
    rows = []
    for each in judgements:
        figures = (each.estimate.value, each.estimate.low, each.estimate.high, each.target.limit)
        rows.append([each.target.name, *(f"{figure:.4f}" for figure in figures), each.target.unit, each.verdict.value])
    write("targets.csv", ["name", "value", "low", "high", "limit", "unit", "verdict"], rows)


def write_costs(costs: Iterable[Cost]) -> None:
    """Write costs.csv."""
    rows = [[cost.name, f"{cost.value:.4f}", cost.unit, "" if cost.limit is None else cost.limit] for cost in costs]
    write("costs.csv", ["name", "value", "unit", "limit"], rows)


def write(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a file of results."""
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / name).open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *rows])


def read(name: str) -> dict[str, dict[str, str]]:
    """Return the lines of a committed file by their "name", or nothing where there is none yet."""
    path = RESULTS / name
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}
