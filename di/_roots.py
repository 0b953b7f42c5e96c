"""Roots: who asks for services from outside of the graph, such as routes and jobs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from di._keys import Key, describe, key_of


@dataclass(frozen=True, slots=True)
class Root:
    """One question from outside.

    `name` stays the same when code moves ("GET /orders"); `source` is the `file:line` of who asks, `via` those of the
    functions through which it asks.
    """

    name: str
    key: Key
    kind: str = "other"
    method: str | None = None
    path: str | None = None
    source: str | None = None
    via: tuple[str, ...] = ()

    def __str__(self) -> str:
        places = [place for place in (self.source, *self.via) if place is not None]
        if not places:
            return self.name
        return f"{' > '.join((self.name, *places))} ({describe(self.key)})"


Roots: TypeAlias = Iterable[Any] | Mapping[str, Any]


def read_roots(roots: Roots) -> list[Root]:
    """Take roots as `Root`s, as types, or as descriptions mapped to types."""
    if isinstance(roots, Mapping):
        return [Root(name, key_of(hint)[0]) for name, hint in roots.items()]
    return [each if isinstance(each, Root) else _asked(key_of(each)[0]) for each in roots]


def _asked(key: Key) -> Root:
    return Root(f"root {describe(key)}", key)
