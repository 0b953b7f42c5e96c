"""What `di freeze` says: at a terminal, to GitHub, to a program."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from di._command.annotations import annotation
from di._command.terminal import counted
from di._sources import Place
from di.migration._freeze_baseline import Excess, FreezeVerdict, Stale
from di.migration._frozen import Entry, FrozenKind, Sighting
from di.migration._import_graph import ImportGraph
from di.migration._json import relative_path

TITLES: Final = {
    FrozenKind.SINGLETON: "new module singleton",
    FrozenKind.ROUTE_CALL: "new call in a route",
    FrozenKind.LOCAL_IMPORT: "new import that dodges a cycle",
}
NOUNS: Final = {
    FrozenKind.SINGLETON: "module singleton",
    FrozenKind.ROUTE_CALL: "call in routes",
    FrozenKind.LOCAL_IMPORT: "import that dodges a cycle",
}
PLURALS: Final = {
    FrozenKind.SINGLETON: "module singletons",
    FrozenKind.ROUTE_CALL: "calls in routes",
    FrozenKind.LOCAL_IMPORT: "imports that dodge a cycle",
}
ADVICE: Final = {
    FrozenKind.SINGLETON: "Register the class in the container, and take it as a parameter where it is needed.",
    FrozenKind.ROUTE_CALL: "Take it as a parameter of the route.",
    FrozenKind.LOCAL_IMPORT: "Move what both need into a module of its own, or take the object as a parameter.",
}


@dataclass(frozen=True, slots=True)
class FreezeReport:
    """The verdict in words."""

    verdict: FreezeVerdict
    imports: ImportGraph
    baseline: Path
    renewal: str  # the command that writes the baseline
    unread: tuple[tuple[str, str], ...]

    def draw(self, console: Console) -> None:
        """Write it for a person."""
        for kind in FrozenKind:
            new = [each for each in self.verdict.new if each.entry.kind is kind]
            if not new:
                continue
            console.print(Text(TITLES[kind], "bold red"))
            for excess in new:
                for place in _one_for_each_line(excess):
                    console.print(Padding(Text(str(_place_of(place)), "bold"), (0, 0, 0, 2), expand=False))
                    console.print(Padding(Text(self._what(excess, place)), (0, 0, 0, 4), expand=False))
            console.print(Padding(Text(ADVICE[kind], "dim"), (0, 0, 0, 2), expand=False))
            console.print()
        if self.verdict.stale:
            console.print(Text(f"stale in {relative_path(self.baseline)}", "bold red"))
            for stale in self.verdict.stale:
                console.print(Padding(Text(_in_vain(stale)), (0, 0, 0, 2), expand=False))
            console.print(Padding(Text(f"Write it anew: `{self.renewal}`.", "dim"), (0, 0, 0, 2), expand=False))
            console.print()
        for path, reason in self.unread:
            console.print(Text(f"not read: {path} {reason}", "yellow"))
        console.print(Text(self.summary(), "bold red" if self.failed else "bold green"))

    def for_github(self) -> Iterator[str]:
        """Yield workflow commands, which GitHub shows beside the lines."""
        for excess in self.verdict.new:
            kind = excess.entry.kind
            for place in _one_for_each_line(excess):
                text = f"{self._what(excess, place)} {ADVICE[kind]}"
                yield annotation("error", TITLES[kind], text, _place_of(place))
        for stale in self.verdict.stale:
            text = f"{_in_vain(stale)} Write the baseline anew: `{self.renewal}`."
            yield annotation("error", "stale baseline entry", text, Place(relative_path(self.baseline), 1))
        for path, reason in self.unread:
            yield annotation("warning", "not read", f"{path} {reason}", Place(path, 1))
        yield self.summary()

    def as_json(self) -> dict[str, Any]:
        """Return it as a value of JSON types; paths of `new` are relative to the current folder."""
        return {
            "schema": "di-freeze/1",
            "new": [
                {
                    **_named(excess.entry),
                    "file": relative_path(place.path),
                    "line": place.line,
                    "found": excess.found,
                    "accepted": excess.accepted,
                    "text": self._what(excess, place),
                }
                for excess in self.verdict.new
                for place in excess.places
            ],
            "stale": [
                {**_named(each.entry), "file": each.entry.file, "found": each.found, "accepted": each.accepted}
                for each in self.verdict.stale
            ],
            "accepted": self.verdict.accepted,
            "unread": [{"file": path, "reason": reason} for path, reason in self.unread],
            "baseline": relative_path(self.baseline),
        }

    @property
    def failed(self) -> bool:
        """Whether anything is new or stale."""
        return bool(self.verdict.new or self.verdict.stale)

    def summary(self) -> str:
        """Return one line."""
        counts = Counter[FrozenKind]()
        for excess in self.verdict.new:
            counts[excess.entry.kind] += len(excess.places)
        found = [
            counted(counts[kind], f"more {NOUNS[kind]}", f"more {PLURALS[kind]}") for kind in FrozenKind if counts[kind]
        ]
        if self.verdict.stale:
            found.append(f"{len(self.verdict.stale)} stale in the baseline")
        return (
            f"{self.verdict.accepted} accepted by {relative_path(self.baseline)}: {', '.join(found) or 'nothing new'}"
        )

    def _what(self, excess: Excess, place: Sighting) -> str:
        entry = excess.entry
        among = f" ({excess.found} of them there, {excess.accepted} accepted)" if excess.found > 1 else ""
        match entry.kind:
            case FrozenKind.SINGLETON:
                return f"{entry.name} keeps an instance for the whole process{among}."
            case FrozenKind.ROUTE_CALL:
                return f"{entry.function} asks {entry.name} in its body{among}."
            case FrozenKind.LOCAL_IMPORT:
                return f"{entry.function} imports {entry.name}{among}{self._cycle(place)}."

    def _cycle(self, place: Sighting) -> str:
        if place.dodging is None:
            return ""
        way, in_function = self.imports.way_back(place.dodging)
        steps = " -> ".join(relative_path(each) for each in (place.path, *way))
        if in_function:
            return f", which imports it back in a function: the cycle {steps}"
        return f"; at module level that would close the cycle {steps}"


def _one_for_each_line(excess: Excess) -> list[Sighting]:
    return list({place.line: place for place in excess.places}.values())


def _place_of(sighting: Sighting) -> Place:
    return Place(relative_path(sighting.path), sighting.line)


def _named(entry: Entry) -> dict[str, Any]:
    called = "module" if entry.kind is FrozenKind.LOCAL_IMPORT else "accessor"
    return {"kind": entry.kind.value, "function": entry.function or None, called: entry.name}


def _in_vain(stale: Stale) -> str:
    entry = stale.entry
    where = f"{entry.file}, {entry.function}" if entry.function else entry.file
    left = f"{stale.found} of {stale.accepted} left" if stale.found else "gone"
    return f"{where}: {NOUNS[entry.kind]} {entry.name} is {left}."
