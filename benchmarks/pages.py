"""Writes what was measured into docs/benchmarks.md and README.md, between markers."""

import platform
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Lane, Measurements
from benchmarks.table import GROWING, markdown, number, request_rows

ROOT = Path(__file__).parents[1]
PAGE, README = ROOT / "docs" / "benchmarks.md", ROOT / "README.md"
GRAPHS_OF_TABLES = {
    "requests": ("S", "M", "M-waits", "M-few", "M-few-5000", "singletons"),
    "growth": GROWING,
    "published": ("published-singleton", "published-scoped"),
}
IN_README = ("plain", "promises", "wireup", "aioinject", "dishka", "lagom", "depends")


def write_requests(measured: Measurements, targets: Sequence[Sequence[str]]) -> None:
    """Write the tables of requests and targets, and the sentence of the README."""
    for part, graphs in GRAPHS_OF_TABLES.items():
        put(PAGE, part, markdown(request_rows(measured, graphs)))
    rounds = max(map(len, measured.samples.values()))
    where = f"Python {platform.python_version()}, {platform.machine()}, {rounds} rounds; a bare route takes"
    put(PAGE, "machine", f"{where} {number(measured.bare())} µs.")
    put(PAGE, "targets", markdown([[row[0], row[1], row[3], row[5]] for row in targets]))
    put(README, "benchmarks", _sentence(measured))


def _sentence(measured: Measurements) -> str:
    ours = measured.spread(Lane("di", "M"))
    assert ours is not None
    others = []
    for name in IN_README:
        spread = measured.spread(Lane(name, "M"))
        if spread is not None:
            others.append(f"{measured.titles[name]} {number(spread.median)}")
    return (
        "With 70 services, of which a request builds 50 around one session, a request costs "
        f"**{number(ours.median)} µs** more than a bare route of {number(measured.bare())} µs, with every promise on. "
        f"Others, most of which keep fewer: {'; '.join(others)}."
    )


def put(path: Path, part: str, text: str) -> None:
    """Replace what stands between the two markers of a part.

    Raises:
        MarkerError: the page has none.
    """
    begin, end = f"<!-- measured {part}: begin -->", f"<!-- measured {part}: end -->"
    page = path.read_text()
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise MarkerError(path, part)
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}")


class MarkerError(Exception):
    """A page has no place for what was measured."""

    def __init__(self, path: Path, part: str) -> None:
        super().__init__(f"{path} has no place for {part}: put <!-- measured {part}: begin --> and end into it")
