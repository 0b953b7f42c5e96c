"""The workload: seventy services, of which a request builds fifty, around one session that forty of them share."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import get_type_hints

SINGLETONS = 20
LEVELS = (10, 10, 10, 10, 5, 5)  # request-scoped services per level; each needs two of the level below


class Session:
    """What most request-scoped services share; opened by an async generator."""


async def open_session() -> AsyncIterator[Session]:
    """Yield a session without suspending, so that only the machinery is measured."""
    yield Session()


@dataclass(frozen=True)
class Graph:
    """Generated service classes, in dependency order."""

    singletons: tuple[type, ...]
    scoped: tuple[type, ...]
    root: type


def make_graph() -> Graph:
    """Generate the classes; constructors take other services by type, as hand-written ones would."""
    singletons = tuple(type(f"Client{number}", (), {}) for number in range(SINGLETONS))
    scoped: list[type] = []
    below: list[type] = []
    for level, width in enumerate(LEVELS):
        current: list[type] = []
        for number in range(width):
            needs = [singletons[(level + number) % SINGLETONS]]
            needs += [below[number % len(below)], below[(number + 1) % len(below)]] if below else []
            needs += [Session] if len(scoped) + len(current) < 40 else []
            current.append(_service(f"Service{level}x{number}", needs))
        scoped += current
        below = current
    root = _service("Root", below)
    return Graph(singletons, tuple(scoped), root)


def _service(name: str, needs: list[type]) -> type:
    parameters = ", ".join(f"p{number}: N{number}" for number in range(len(needs)))
    body = "; ".join(f"self.p{number} = p{number}" for number in range(len(needs)))
    namespace: dict[str, type] = {f"N{number}": need for number, need in enumerate(needs)}
    exec(f"class {name}:\n    def __init__(self, {parameters}) -> None:\n        {body}\n", namespace)
    return namespace[name]


def hand_written(graph: Graph, clients: dict[type, object]) -> str:
    """Return the source of a function that builds the graph as a person would, given a session."""
    names = {kind: f"c{number}" for number, kind in enumerate(clients)}
    names[Session] = "session"
    lines = ["def build(session):"]
    for number, service in enumerate((*graph.scoped, graph.root)):
        needs = [hint for name, hint in get_type_hints(service.__init__).items() if name != "return"]  # type: ignore[misc]  # only read
        names[service] = f"v{number}"
        lines.append(f"    v{number} = {service.__name__}({', '.join(names[need] for need in needs)})")
    lines.append(f"    return {names[graph.root]}")
    return "\n".join(lines)
