"""The audit in rows of text, grouped by module: what the terminal, Markdown and the page have in common."""

from collections import Counter
from dataclasses import dataclass

from di._command.terminal import counted
from di.migration._accessor import Accessor
from di.migration._audit import Audit, Audited
from di.migration._calls import Context
from di.migration._json import relative_path


@dataclass(frozen=True, slots=True)
class Table:
    """A title, the names of the columns, and the rows."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


ACCESSOR_COLUMNS = ("line", "accessor", "kind", "builds", "reaches", "asked from", "lifetime", "risk")


def headline(audit: Audit) -> str:
    """Return the figures in one sentence."""
    contexts = Counter(call.context for call in audit.calls)
    parts = ", ".join(f"{contexts[each]} {each.value}" for each in Context if contexts[each])
    return (
        f"{counted(len(audit.accessors), 'accessor')} and {counted(len(audit.calls), 'call')} of them"
        f"{f' ({parts})' if parts else ''} in {counted(audit.files, 'file')}, {audit.lines:,} lines, "
        f"{counted(audit.handlers, 'route handler')}."
    )


def module_tables(audit: Audit) -> list[Table]:
    """Return one table of accessors per module."""
    by_module: dict[str, list[Audited]] = {}
    for each in audit.accessors:
        by_module.setdefault(relative_path(each.accessor.module.path), []).append(each)
    return [Table(path, ACCESSOR_COLUMNS, tuple(_row(each) for each in members)) for path, members in by_module.items()]


def _row(each: Audited) -> tuple[str, ...]:
    accessor = each.accessor
    asked = Counter(call.context for call in each.calls)
    parameters = f"({', '.join(accessor.parameters)})" if accessor.parameters else ""
    variants = f": {', '.join(sorted(accessor.variants))}" if accessor.variants else ""
    return (
        str(accessor.line),
        accessor.name + parameters,
        accessor.kind.value + variants,
        ", ".join(accessor.class_names) or "?",
        _reaches(each),
        ", ".join(f"{count} {context.value}" for context, count in sorted(asked.items())) or "never",
        each.lifetime.name,
        each.risk.level,
    )


def _reaches(each: Audited) -> str:
    eager = [target.name for target in each.reached.eager]
    lazy = [f"{target.name} (later)" for target in each.reached.lazy]
    return ", ".join((*eager, *lazy))


def observations(audit: Audit) -> list[Table]:
    """Return what is wrong or remarkable, one table per kind, empty kinds left out."""
    tables = (
        Table("Two instances of one class", ("accessor", "other accessor", "class"), _twin_rows(audit)),
        Table("Built past the accessor", ("class", "accessor", "where"), _past_rows(audit)),
        Table("Asked at import", ("accessor", "where"), _capture_rows(audit)),
        Table("Never asked outside of tests", ("accessor", "where"), _unused_rows(audit)),
        Table("Cycles", ("services", "when"), _cycle_rows(audit)),
        Table("Resets and replacements", ("function", "accessor", "what", "where"), _reset_rows(audit)),
        Table("Patched, written or overridden", ("accessor", "how", "times"), _touched_rows(audit)),
    )
    return [each for each in tables if each.rows]


def _twin_rows(audit: Audit) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (place(each.accessor), place(twin), ", ".join(sorted(set(each.accessor.class_names) & set(twin.class_names))))
        for each in audit.accessors
        for twin in each.twins
        if (each.accessor.module.path, each.accessor.line) < (twin.module.path, twin.line)
    )


def _past_rows(audit: Audit) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (each.accessor.class_names[0], each.accessor.name, f"{relative_path(where.module.path)}:{where.line}")
        for each in audit.accessors
        for where in each.constructed
    )


def _capture_rows(audit: Audit) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (each.accessor.name, f"{relative_path(call.module.path)}:{call.line}")
        for each in audit.accessors
        for call in each.captures
    )


def _unused_rows(audit: Audit) -> tuple[tuple[str, ...], ...]:
    return tuple((each.accessor.name, where(each.accessor)) for each in audit.accessors if each.never_called)


def _cycle_rows(audit: Audit) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (" -> ".join(member.name for member in cycle.members), "while built" if cycle.while_built else "in methods")
        for cycle in audit.cycles
    )


def _reset_rows(audit: Audit) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            each.function.qualname,
            each.accessor.name,
            each.kind.value,
            f"{relative_path(each.module.path)}:{each.function.line}",
        )
        for each in audit.resets
    )


def _touched_rows(audit: Audit) -> tuple[tuple[str, ...], ...]:
    counts = Counter((each.accessor.name, each.how.value) for each in audit.touched)
    return tuple((name, how, str(count)) for (name, how), count in sorted(counts.items()))


def order_table(audit: Audit) -> Table:
    """Return the order in which to move the services, with the reasons for the risk."""
    known = {id(each.accessor): each for each in audit.accessors}
    rows = []
    for position, accessor in enumerate(audit.order, 1):
        each = known[id(accessor)]
        rows.append(
            (
                str(position),
                place(accessor),
                each.risk.level,
                "; ".join(each.risk.reasons) or "nothing special",
                f"{each.lifetime.name}: {each.lifetime.reason}",
            )
        )
    return Table("Order of migration", ("step", "accessor", "risk", "because", "lifetime"), tuple(rows))


def unread_table(audit: Audit) -> Table:
    """Return the files that were left out."""
    rows = tuple((relative_path(each.path), each.reason) for each in audit.unread)
    return Table("Not read", ("file", "reason"), rows)


def where(accessor: Accessor) -> str:
    """Return the place of an accessor."""
    return f"{relative_path(accessor.module.path)}:{accessor.line}"


def place(accessor: Accessor) -> str:
    """Return an accessor's name and place."""
    return f"{accessor.name} ({where(accessor)})"
