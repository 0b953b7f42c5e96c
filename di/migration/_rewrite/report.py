"""What a migration would do, for a terminal and as JSON."""

from collections import Counter
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from di._command.terminal import counted
from di.migration._calls import Call
from di.migration._json import relative_path
from di.migration._rewrite.changes import Change, Unwritten, shown_path
from di.migration._rewrite.migration import Migration

_STYLES = (("+++", "bold"), ("---", "bold"), ("@@", "cyan"), ("+", "green"), ("-", "red"))


def print_diff(changes: tuple[Change, ...], console: Console) -> None:
    """Write the differences of all files."""
    for change in changes:
        for line in change.diff():
            style = next((style for start, style in _STYLES if line.startswith(start)), "")
            console.print(Text(line, style=style), soft_wrap=True)


def print_summary(migration: Migration, console: Console, *, written: bool, failed: list[Unwritten]) -> None:
    """Write what moves, what stays and why."""
    plan = migration.plan
    if migration.bridged.is_asked:
        _print_bridged(migration, console, written=written, failed=failed)
        return
    total = len(plan.moved) + len(plan.kept)
    verb = "moved" if written and migration.moves else "can be moved"
    if total:
        share = f" ({len(plan.moved) * 100 // total} %)"
        line = f"{len(plan.moved)} of {counted(total, 'call')} in the bodies of handlers {verb}{share}."
    else:
        line = "No handler's body calls a getter that keeps a service itself."
    console.print(Text(line, style="bold"))
    if migration.changes:
        changed = counted(len(migration.changes), "file")
        console.print(f"{changed} {'written' if written else 'would change; --write writes them'}.")
    if plan.kept:
        _print_kept(migration, console)
    if plan.elsewhere:
        contexts = Counter(each.context.value for each in plan.elsewhere)
        listed = ", ".join(f"{count} {name}" for name, count in sorted(contexts.items()))
        console.print(f"\nNot in a handler's body, and left alone: {listed}. `di audit` lists them.")
    if migration.unused and migration.changes:
        console.print(
            f"\n{counted(migration.unused, 'imported name')} without a use now: `ruff check --select F401 --fix` "
            "removes what nobody needs; those that tests patch are marked and stay."
        )
    if not migration.installed:
        console.print("\nCall install_services(app) where the application is made: no `app = FastAPI()` was found.")
    for unread in migration.unread:
        console.print(Text(f"not read: {shown_path(unread.path)} {unread.reason}", style="yellow"))
    for unwritten in failed:
        console.print(Text(f"not written: {shown_path(unwritten.path)}: {unwritten.reason}", style="red"))


def _print_bridged(migration: Migration, console: Console, *, written: bool, failed: list[Unwritten]) -> None:
    bridged = migration.bridged
    for each in bridged.services:
        console.print(Text(f"{each.name}: the container {'makes' if written else 'would make'} it.", style="bold"))
    for note in bridged.notes:
        console.print(Padding(Text(note, style="dim"), (0, 0, 0, 2), expand=False))
    for name, reason in bridged.refused:
        console.print(Text.assemble("not moved: ", (name, "bold"), f": {reason}", style="yellow"))
    for unwritten in failed:
        console.print(Text(f"not written: {shown_path(unwritten.path)}: {unwritten.reason}", style="red"))


def _print_kept(migration: Migration, console: Console) -> None:
    console.print(Text("\nNot moved:", style="bold"))
    for each in migration.plan.kept:
        console.print(Text.assemble("  ", (_place(each.call), "bold"), f" {each.call.accessor.name}"), soft_wrap=True)
        console.print(Padding(Text(each.reason, style="dim"), (0, 0, 0, 4), expand=False))


def _place(call: Call) -> str:
    return f"{shown_path(call.module.path)}:{call.line}"


def to_json(migration: Migration, *, written: bool, failed: list[Unwritten]) -> dict[str, Any]:
    """Return the same as a value of JSON types."""
    plan = migration.plan
    unwritten = {each.path for each in failed}
    return {
        "version": 1,
        "written": written,
        "files": [relative_path(each.path) for each in migration.changes if each.path not in unwritten],
        "moved": [
            {**_call(each.call), "parameter": each.parameter, "dependency": each.wrapper.alias}
            for each in sorted(plan.moved, key=lambda each: (each.call.module.path, each.call.line))
        ],
        "kept": [{**_call(each.call), "reason": each.reason} for each in plan.kept],
        "elsewhere": [{**_call(each), "context": each.context.value} for each in plan.elsewhere],
        "bridged": [each.name for each in migration.bridged.services],
        "refused": [{"getter": name, "reason": reason} for name, reason in migration.bridged.refused],
        "notes": migration.bridged.notes,
        "unread": [{"file": relative_path(each.path), "reason": each.reason} for each in migration.unread],
        "failed": [{"file": relative_path(each.path), "reason": each.reason} for each in failed],
    }


def _call(call: Call) -> dict[str, Any]:
    return {"file": relative_path(call.module.path), "line": call.line, "accessor": call.accessor.name}
