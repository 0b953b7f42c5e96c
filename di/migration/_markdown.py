"""The audit as Markdown."""

from di.migration._audit import Audit
from di.migration._summary import Table, headline, module_tables, observations, order_table, unread_table


def to_markdown(audit: Audit) -> str:
    """Return the audit as one Markdown document."""
    parts = ["# Services behind accessors", headline(audit)]
    if audit.accessors:
        parts += ["## By module", *(_table(each, 3) for each in module_tables(audit))]
        parts += [_table(each, 2) for each in (*observations(audit), order_table(audit))]
    if audit.unread:
        parts.append(_table(unread_table(audit), 2))
    return "\n\n".join(parts) + "\n"


def _table(table: Table, level: int) -> str:
    lines = [
        f"{'#' * level} {_cell(table.title)}",
        "",
        f"| {' | '.join(table.columns)} |",
        f"|{'---|' * len(table.columns)}",
    ]
    lines += [f"| {' | '.join(_cell(each) for each in row)} |" for row in table.rows]
    return "\n".join(lines)


def _cell(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
    return escaped.replace("_", "\\_").replace("*", "\\*")
