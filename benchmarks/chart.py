"""The chart of README.md: what a request costs over a bare route, per contender, light and dark."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from benchmarks.figures import Lane, Measurements, Spread
from benchmarks.rivals import CONTENDERS
from benchmarks.table import number

IMAGES = Path(__file__).parents[1] / "docs" / "images"
WIDTH, LEFT, RIGHT, TOP, ROW = 900, 240, 70, 92, 27
DECADES = (1, 10, 100, 1_000, 10_000)
FIRST, LAST = DECADES[0], 30_000  # microseconds at the ends of the scale
SHOWN = ("M", "M-few")
LEGEND = ("all 70 services used", "3 of 70 used")


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of one of the two charts."""

    name: str
    ink: str
    muted: str
    grid: str
    ours: str
    reference: str
    rival: str


THEMES = (
    Theme("light", "#1f2328", "#59636e", "#d8dee4", "#6d28d9", "#0f766e", "#b45309"),
    Theme("dark", "#e6edf3", "#9198a1", "#30363d", "#b794f6", "#4fd1c5", "#f0a04b"),
)


def write_charts(measured: Measurements) -> None:
    """Write docs/images/benchmarks-light.svg and -dark.svg."""
    rows = [name for name in CONTENDERS if measured.spread(Lane(name, "M")) is not None]
    rows.sort(key=lambda name: _median(measured, name))
    for theme in THEMES:
        (IMAGES / f"benchmarks-{theme.name}.svg").write_text("\n".join(_chart(measured, rows, theme)) + "\n")


def _median(measured: Measurements, name: str) -> float:
    spread = measured.spread(Lane(name, "M"))
    return spread.median if spread is not None else math.inf


def _chart(measured: Measurements, rows: Sequence[str], theme: Theme) -> Iterator[str]:
    height = TOP + ROW * len(rows) + 46
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{TITLE}"'
    yield 'font-family="-apple-system, BlinkMacSystemFont, Segoe UI, Helvetica, Arial, sans-serif" font-size="13">'
    yield _text(12, 26, TITLE, theme.ink, size=17, weight=600)
    yield _text(12, 46, "Microseconds over a bare FastAPI route; logarithmic, less is better", theme.muted)
    yield from _legend(theme)
    bottom = TOP + ROW * len(rows)
    for decade in DECADES:
        x = _x(decade)
        yield f'<line x1="{x}" y1="{TOP - 8}" x2="{x}" y2="{bottom}" stroke="{theme.grid}"/>'
        yield _text(x, bottom + 18, f"{decade:,}", theme.muted, anchor="middle")
    yield _text(_x(DECADES[-1]), bottom + 36, "microseconds of processor time", theme.muted, anchor="end")
    for index, name in enumerate(rows):
        yield from _row(measured, name, TOP + ROW * index + ROW / 2, theme)
    yield "</svg>"


TITLE = "What injection costs a request"


def _legend(theme: Theme) -> Iterator[str]:
    yield f'<circle cx="{LEFT + 6}" cy="66" r="6" fill="{theme.muted}"/>'
    yield _text(LEFT + 18, 70, LEGEND[0], theme.muted)
    yield f'<circle cx="{LEFT + 176}" cy="66" r="5" fill="none" stroke="{theme.muted}" stroke-width="2"/>'
    yield _text(LEFT + 188, 70, LEGEND[1], theme.muted)


def _row(measured: Measurements, name: str, y: float, theme: Theme) -> Iterator[str]:
    is_ours = name == "di"
    colour = theme.ours if is_ours else theme.rival if CONTENDERS[name].rival else theme.reference
    title = "this layer, every promise on" if is_ours else measured.titles[name]
    weight = 600 if is_ours else 400
    yield _text(LEFT - 12, y + 4, title, colour if is_ours else theme.ink, anchor="end", weight=weight)
    few, whole = measured.spread(Lane(name, SHOWN[1])), measured.spread(Lane(name, SHOWN[0]))
    if few is not None and whole is not None:
        ends = f'x1="{_x(few.median)}" y1="{y}" x2="{_x(whole.median)}" y2="{y}"'
        yield f'<line {ends} stroke="{colour}" opacity="0.35"/>'
        yield _ring(few, y, colour)
    if whole is not None:
        yield from _dot(whole, y, colour)
        label = "under 1" if whole.median < 1 else number(whole.median)
        yield _text(max(_x(whole.high), _x(whole.median) + 6) + 8, y + 4, label, colour, weight=weight)


def _dot(spread: Spread, y: float, colour: str) -> Iterator[str]:
    yield f'<line x1="{_x(spread.low)}" y1="{y}" x2="{_x(spread.high)}" y2="{y}" stroke="{colour}" stroke-width="3"/>'
    yield f'<circle cx="{_x(spread.median)}" cy="{y}" r="6" fill="{colour}"/>'


def _ring(spread: Spread, y: float, colour: str) -> str:
    return f'<circle cx="{_x(spread.median)}" cy="{y}" r="5" fill="none" stroke="{colour}" stroke-width="2"/>'


def _x(microseconds: float) -> float:
    share = math.log(min(max(microseconds, FIRST), LAST) / FIRST) / math.log(LAST / FIRST)
    return round(LEFT + (WIDTH - LEFT - RIGHT) * share, 1)


def _text(
    x: float, y: float, text: str, colour: str, *, anchor: str = "start", size: int = 13, weight: int = 400
) -> str:
    style = f'fill="{colour}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}"'
    return f'<text x="{x}" y="{y}" {style}>{escape(text)}</text>'
