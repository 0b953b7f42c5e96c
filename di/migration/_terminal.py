"""The audit at a terminal."""

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from di.migration._audit import Audit
from di.migration._summary import Table, headline, module_tables, observations, order_table, unread_table

_NUMBERS = frozenset({"line", "step", "times"})
_UNLIMITED = 10_000  # columns
_COLOURS = {"high": "red", "medium": "yellow", "low": "green", "singleton": "blue", "scoped": "green"}


def print_audit(audit: Audit, console: Console) -> None:
    """Write the audit: accessors by module, what is remarkable, and the order of migration."""
    console.print(Text(headline(audit), style="bold"))
    for table in module_tables(audit):
        console.print()
        _print_table(table, console)
    if audit.accessors:
        for table in (*observations(audit), order_table(audit)):
            console.print()
            _print_table(table, console)
    for path, reason in unread_table(audit).rows:
        console.print(Text(f"not read: {path} {reason}", style="yellow"))


def _print_table(table: Table, console: Console) -> None:
    shown = RichTable(title=Text(table.title, style="bold"), title_justify="left", box=box.SIMPLE_HEAD, expand=False)
    for column in table.columns:
        shown.add_column(column, justify="right" if column in _NUMBERS else "left", overflow="fold")
    for row in table.rows:
        shown.add_row(*(Text(cell, style=_COLOURS.get(cell, "")) for cell in row))
    if console.measure(shown, options=console.options.update(width=_UNLIMITED)).maximum <= console.width:
        console.print(shown)
    else:
        _print_list(table, console)


def _print_list(table: Table, console: Console) -> None:
    """Write a table that is too wide for the terminal row by row, so that no name is broken."""
    console.print(Text(table.title, style="bold"))
    leading = 2 if table.columns[0] in _NUMBERS else 1
    for row in table.rows:
        *number, name = row[:leading]
        place = f"{number[0]:>5}  " if number else "  "
        console.print(Text.assemble(place, (name, "bold")), soft_wrap=True)
        said = [
            Text.assemble((f"{column}: ", "dim"), (cell, _COLOURS.get(cell, "")))
            for column, cell in zip(table.columns[leading:], row[leading:], strict=True)
            if cell
        ]
        console.print(Padding(Text("; ").join(said), (0, 0, 0, len(place)), expand=False))
