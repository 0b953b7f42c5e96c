"""What an audit finds wrong, one finding per place: the material of SARIF."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from di.migration._audit import Audit, Audited
from di.migration._calls import Context, Detail


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of finding."""

    id: str
    name: str
    summary: str
    level: str  # as SARIF has them: note, warning, error


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding."""

    rule: Rule
    path: Path
    line: int
    text: str
    identity: str  # what it is about, independent of the line


ACCESSOR: Final = Rule("DI001", "AccessorOfOneInstance", "A service is held behind an accessor.", "note")
ROUTE_CALL: Final = Rule("DI002", "AccessorCalledInRoute", "A route handler asks an accessor in its body.", "warning")
CAPTURE: Final = Rule("DI003", "AccessorCalledAtImport", "An accessor is asked while a module is imported.", "warning")
TWINS: Final = Rule("DI004", "TwoInstancesOfOneClass", "Several accessors keep instances of one class.", "warning")
PAST: Final = Rule("DI005", "ClassBuiltPastItsAccessor", "A class is built past its accessor as well.", "note")
UNUSED: Final = Rule("DI006", "AccessorNeverCalled", "Nothing but tests asks an accessor.", "note")
CYCLE: Final = Rule("DI007", "CycleOfServices", "Services reach each other in a circle.", "warning")
UNSAFE: Final = Rule("DI008", "NotThreadSafe", "Parallel first calls may build several instances.", "note")
RULES: Final = (ACCESSOR, ROUTE_CALL, CAPTURE, TWINS, PAST, UNUSED, CYCLE, UNSAFE)


def find(audit: Audit) -> Iterator[Finding]:
    """Yield the findings of an audit, accessor by accessor."""
    for each in audit.accessors:
        yield from _of_accessor(each)
    for cycle in audit.cycles:
        first = cycle.members[0]
        names = " -> ".join((*(member.name for member in cycle.members), first.name))
        how = "while they are built" if cycle.while_built else "in their methods"
        yield Finding(CYCLE, first.module.path, first.line, f"{names} reach each other {how}.", names)


def _of_accessor(each: Audited) -> Iterator[Finding]:
    accessor = each.accessor
    path, line, name = accessor.module.path, accessor.line, accessor.name
    builds = f" of {', '.join(accessor.class_names)}" if accessor.class_names else ""
    yield Finding(
        ACCESSOR,
        path,
        line,
        f"{name} keeps one instance{builds} ({accessor.kind.value}); "
        f"suggested lifetime: {each.lifetime.name}, because {each.lifetime.reason}.",
        name,
    )
    for call in each.calls:
        if call.context is Context.ROUTE:
            where = f"{call.function.qualname if call.function else 'a route'}"
            text = f"{where} asks {name} in its body: take it as a parameter."
            yield Finding(ROUTE_CALL, call.module.path, call.line, text, f"{where}:{name}")
        elif call.detail is Detail.CAPTURE:
            text = f"{name} is asked when this module is imported: overrides made later do not reach it."
            yield Finding(CAPTURE, call.module.path, call.line, text, name)
    for twin in each.twins:
        text = f"{name} and {twin.name} ({twin.module.path.name}:{twin.line}) keep an instance of one class each."
        yield Finding(TWINS, path, line, text, f"{name}:{twin.name}")
    for place in each.constructed:
        text = f"{accessor.class_names[0]} is built here past {name}: not the instance that {name} hands out."
        yield Finding(PAST, place.module.path, place.line, text, name)
    if each.never_called:
        yield Finding(UNUSED, path, line, f"Nothing but tests asks {name}.", name)
    if not each.thread_safe:
        yield Finding(UNSAFE, path, line, f"Parallel first calls of {name} may build several instances.", name)
