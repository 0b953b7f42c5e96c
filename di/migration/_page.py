"""The audit as one self-contained HTML page with the graph."""

from html import escape
from importlib.resources import files
from string import Template
from typing import Final

from di.migration._accessor import Accessor
from di.migration._audit import Audit
from di.migration._summary import Table, headline, module_tables, observations, order_table, place, unread_table

_WIDTH: Final = 230
_HEIGHT: Final = 26
_COLUMN: Final = 320
_ROW: Final = 38
_MARGIN: Final = 16
_LETTERS: Final = 32  # that fit into a box


def to_page(audit: Audit) -> str:
    """Return the page; it loads nothing."""
    folder = files("di.migration") / "page"
    parts = {name: (folder / name).read_text(encoding="utf-8") for name in ("page.html", "page.css", "page.js")}
    tables = [*module_tables(audit), *observations(audit), order_table(audit), unread_table(audit)]
    return Template(parts["page.html"]).substitute(
        style=parts["page.css"],
        script=parts["page.js"],
        headline=escape(headline(audit)),
        graph=_graph(audit),
        tables="\n".join(_table(each) for each in tables if each.rows),
    )


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in table.columns)
    rows = "".join(f"<tr>{''.join(_cell(each) for each in row)}</tr>" for row in table.rows)
    return (
        f'<section class="table"><h2>{escape(table.title)}</h2><div class="scroll">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _cell(text: str) -> str:
    marked = ' class="high"' if text == "high" else ""
    return f"<td{marked}>{escape(text)}</td>"


def _graph(audit: Audit) -> str:
    positions = _positions(audit)
    in_cycle = {id(member) for cycle in audit.cycles for member in cycle.members}
    width = max((x for x, _ in positions.values()), default=0) + _WIDTH + _MARGIN
    height = max((y for _, y in positions.values()), default=0) + _HEIGHT + _MARGIN
    edges = [
        _edge(each.accessor, target, positions, how, {id(each.accessor), id(target)} <= in_cycle)
        for each in audit.accessors
        for how, targets in (("eager", each.reached.eager), ("lazy", each.reached.lazy))
        for target in targets
    ]
    nodes = [_node(each.accessor, positions, id(each.accessor) in in_cycle) for each in audit.accessors]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img" '
        f'aria-label="Graph of services">{"".join(edges)}{"".join(nodes)}</svg>'
    )


def _positions(audit: Audit) -> dict[int, tuple[int, int]]:
    """Place what nothing is reached from on the right, and each service left of what it reaches."""
    levels: dict[int, int] = {}
    below = {id(each.accessor): [*each.reached.eager, *each.reached.lazy] for each in audit.accessors}
    for accessor in (*audit.order, *(each.accessor for each in audit.accessors)):
        reached = (levels[id(each)] for each in below[id(accessor)] if id(each) in levels)
        levels.setdefault(id(accessor), 1 + max(reached, default=-1))
    deepest = max(levels.values(), default=0)
    used: dict[int, int] = {}
    positions: dict[int, tuple[int, int]] = {}
    for each in audit.accessors:
        level = levels[id(each.accessor)]
        row = used.get(level, 0)
        used[level] = row + 1
        positions[id(each.accessor)] = (_MARGIN + (deepest - level) * _COLUMN, _MARGIN + row * _ROW)
    return positions


def _node(accessor: Accessor, positions: dict[int, tuple[int, int]], in_cycle: bool) -> str:
    x, y = positions[id(accessor)]
    shown = accessor.name if len(accessor.name) <= _LETTERS else f"{accessor.name[: _LETTERS - 1]}…"
    return (
        f'<g class="node{" cycle" if in_cycle else ""}" data-id="{escape(place(accessor))}" tabindex="0">'
        f"<title>{escape(place(accessor))}: {escape(', '.join(accessor.class_names))}</title>"
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}"/>'
        f'<text x="{x + 8}" y="{y + 17}">{escape(shown)}</text></g>'
    )


def _edge(source: Accessor, target: Accessor, positions: dict[int, tuple[int, int]], how: str, in_cycle: bool) -> str:
    x, y = positions[id(source)]
    to_x, to_y = positions[id(target)]
    start, end = x + _WIDTH, to_x
    middle, to_middle = y + _HEIGHT // 2, to_y + _HEIGHT // 2
    bend = max(abs(end - start) // 2, 40)
    return (
        f'<path class="edge {how}{" cycle" if in_cycle else ""}" data-from="{escape(place(source))}" '
        f'data-to="{escape(place(target))}" d="M{start},{middle} C{start + bend},{middle} '
        f'{end - bend},{to_middle} {end},{to_middle}"/>'
    )
