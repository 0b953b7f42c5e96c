"""The baseline of `di freeze`: how often each frozen thing exists, in a file that merges line by line."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from di.migration._frozen import Entry, FrozenKind, Sighting
from di.migration._json import relative_path
from di.migration.errors import FreezeBaselineError

VERSION: Final = 1
_COMMENT: Final = (
    "What exists and may not become more. It is known by names, so lines may move. Written by `di freeze PATH --write`."
)
_SECTIONS: Final = {  # by kind: the list it stands in, and what the name of an entry is called there
    FrozenKind.SINGLETON: ("module_singletons", "accessor"),
    FrozenKind.ROUTE_CALL: ("route_calls", "accessor"),
    FrozenKind.LOCAL_IMPORT: ("local_imports", "module"),
}


@dataclass(frozen=True, slots=True)
class Excess:
    """Something that stands at more places than the baseline accepts; `places` are as many as there are too many."""

    entry: Entry
    found: int
    accepted: int
    places: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True)
class Stale:
    """An entry of the baseline that accepts more than there is."""

    entry: Entry
    found: int
    accepted: int


@dataclass(frozen=True, slots=True)
class FreezeVerdict:
    """What is there and not accepted, what is, and what is accepted in vain."""

    new: tuple[Excess, ...]
    stale: tuple[Stale, ...]
    accepted: int

    def only(self, is_wanted: Callable[[Sighting], bool]) -> "FreezeVerdict":
        """Leave out what is new at other places."""
        chosen = (replace(each, places=tuple(filter(is_wanted, each.places))) for each in self.new)
        return replace(self, new=tuple(each for each in chosen if each.places))


@dataclass(frozen=True, slots=True)
class FreezeBaseline:
    """How often each thing may exist."""

    counts: Mapping[Entry, int] = field(default_factory=dict)

    def judge(self, sightings: Iterable[Sighting], is_judged: Callable[[Entry], bool]) -> FreezeVerdict:
        """Compare with what is there; entries outside of what was read are not judged."""
        by_entry: defaultdict[Entry, list[Sighting]] = defaultdict(list)
        for each in sightings:
            by_entry[each.entry].append(each)
        new, accepted = [], 0
        for entry, places in sorted(by_entry.items()):
            allowed = self.counts.get(entry, 0)
            accepted += min(allowed, len(places))
            if len(places) > allowed:
                new.append(Excess(entry, len(places), allowed, tuple(places[allowed:])))
        stale = tuple(
            Stale(entry, len(by_entry.get(entry, ())), count)
            for entry, count in sorted(self.counts.items())
            if is_judged(entry) and count > len(by_entry.get(entry, ()))
        )
        return FreezeVerdict(tuple(new), stale, accepted)

    def renewed(self, sightings: Iterable[Sighting], is_judged: Callable[[Entry], bool]) -> "FreezeBaseline":
        """Return a baseline of what is there; entries outside of what was read stay."""
        kept = {entry: count for entry, count in self.counts.items() if not is_judged(entry)}
        found = Counter(each.entry for each in sightings)
        return FreezeBaseline(kept | {entry: count for entry, count in found.items() if is_judged(entry)})

    def total(self, kind: FrozenKind) -> int:
        """Return how many of a kind are accepted."""
        return sum(count for entry, count in self.counts.items() if entry.kind is kind)

    def to_json(self) -> str:
        """Write it as text: sorted, one line for each entry."""
        return "\n".join(["{", *self._lines(), "}", ""])

    def _lines(self) -> Iterator[str]:
        yield f'  "about": {json.dumps(_COMMENT)},'
        yield f'  "version": {VERSION},'
        for kind, (section, called) in _SECTIONS.items():
            entries = sorted((entry, count) for entry, count in self.counts.items() if entry.kind is kind)
            end = "" if kind is FrozenKind.LOCAL_IMPORT else ","
            yield f'  "{section}": [' + ("" if entries else f"]{end}")
            for number, (entry, count) in enumerate(entries, 1):
                value = {"file": entry.file, "function": entry.function, called: entry.name, "count": count}
                if not entry.function:
                    del value["function"]
                yield f"    {json.dumps(value, ensure_ascii=False)}{'' if number == len(entries) else ','}"
            if entries:
                yield f"  ]{end}"


def read_freeze_baseline(path: Path, renewal: str) -> FreezeBaseline:
    """Read a baseline file; `renewal` is the command that would write it.

    Raises:
        FreezeBaselineError: it is not there, or not such a file.
    """
    try:
        return FreezeBaseline(dict(_read_entries(json.loads(path.read_text(encoding="utf-8")))))
    except OSError as error:
        raise FreezeBaselineError(relative_path(path), error.strerror or str(error), renewal) from error
    except RecursionError as error:
        raise FreezeBaselineError(relative_path(path), "it nests too deeply", renewal) from error
    except json.JSONDecodeError as error:
        raise FreezeBaselineError(relative_path(path), f"it is no JSON: {error}", renewal) from error
    except ValueError as error:
        raise FreezeBaselineError(relative_path(path), str(error), renewal) from error


def _read_entries(content: Any) -> Iterator[tuple[Entry, int]]:
    version = content.get("version") if isinstance(content, dict) else None
    if version != VERSION:
        raise ValueError(f'"version": {VERSION} was expected, not {version!r}')
    for kind, (section, called) in _SECTIONS.items():
        entries = content.get(section, [])
        if not isinstance(entries, list):
            raise ValueError(f"{section} is no list")  # noqa: TRY004 - the file is wrong, not the program
        for number, each in enumerate(entries, 1):
            match each:
                case {"file": str(file), "count": int(count)} if isinstance(each.get(called), str):
                    yield Entry(kind, file, str(each.get("function", "")), each[called]), count
                case _:
                    raise ValueError(f"entry {number} of {section} lacks file, {called} or count")
