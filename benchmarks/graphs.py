"""The graphs that are measured, as data: no classes yet."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal

LEVELS = (10, 10, 10, 10, 5, 5)  # how wide the six levels are, in proportion
SHARING = 0.8  # of what belongs to a request, how much needs the session


class Kind(Enum):
    """How a service comes to be."""

    PLAIN = "a class that is called"
    SESSION = "an async generator that commits, rolls back and closes"
    GENERATOR = "a generator"
    ASYNC_GENERATOR = "an async generator"


@dataclass(frozen=True, slots=True)
class Service:
    """One service; `needs` names others, in the order of its constructor's parameters."""

    name: str
    needs: tuple[str, ...] = ()
    lifetime: Literal["singleton", "scoped"] = "scoped"
    kind: Kind = Kind.PLAIN


@dataclass(frozen=True, slots=True)
class Graph:
    """Services in dependency order, and those that the route asks for (one may be asked for several times).

    `waits` tells whether the teardown of a session gives the event loop a turn, as one that talks to a database does.
    """

    services: tuple[Service, ...]
    asked: tuple[str, ...]
    waits: bool = False

    def used(self) -> tuple[Service, ...]:
        """Return what the route needs, in dependency order."""
        by_name = {service.name: service for service in self.services}
        waiting, found = list(self.asked), set()
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += by_name[name].needs
        return tuple(service for service in self.services if service.name in found)


def layered(scoped: int, *, singletons: int = 20) -> Graph:
    """Return `scoped` services that belong to a request: a session, a six-level diamond, and a root; all are needed."""
    services = [Service(f"Client{number}", lifetime="singleton") for number in range(singletons)]
    services.append(Service("Session", kind=Kind.SESSION))
    below: list[str] = []
    made = 0
    for level, width in enumerate(_widths(scoped - 2)):
        current: list[str] = []
        for number in range(width):
            first = number * len(below) // width
            needs = [f"Client{made % singletons}", *below[first : first + 2]]
            needs += below[:1] if first + 1 == len(below) > 1 else []
            needs += ["Session"] if made < scoped * SHARING else []
            current.append(f"Service{level}x{number}")
            services.append(Service(current[-1], tuple(needs)))
            made += 1
        below = current
    services.append(Service("Root", tuple(below)))
    return Graph(tuple(services), ("Root",))


def _widths(services: int) -> Iterator[int]:
    placed, whole = 0, 0
    for share in LEVELS:
        whole += share
        upto = round(services * whole / sum(LEVELS))
        yield upto - placed
        placed = upto


def small() -> Graph:
    """Return ten services of which two are async generators."""
    return Graph(
        (
            Service("Database", lifetime="singleton"),
            Service("Cache", ("Database",), "singleton"),
            Service("Mailer", lifetime="singleton"),
            Service("Session", kind=Kind.SESSION),
            Service("Lock", ("Cache",), kind=Kind.ASYNC_GENERATOR),
            Service("Users", ("Database", "Session")),
            Service("Orders", ("Session", "Users")),
            Service("Stock", ("Session", "Lock")),
            Service("Receipts", ("Mailer", "Users", "Orders")),
            Service("Checkout", ("Users", "Orders", "Stock", "Receipts")),
        ),
        ("Checkout",),
    )


def few(known: int = 70) -> Graph:
    """Return the graph of seventy of which the route needs three, with further services until `known` are known."""
    whole = layered(50)
    further = tuple(Service(f"Unrelated{number}", ("Session",)) for number in range(known - len(whole.services)))
    return Graph((*whole.services, *further), ("Service0x0",))


def singletons_only() -> Graph:
    """Return a graph whose route needs nothing that belongs to a request."""
    whole = layered(50)
    facade = Service("Facade", tuple(service.name for service in whole.services[:20]), "singleton")
    return Graph((*whole.services, facade), ("Facade",))


def published(asked: tuple[str, ...]) -> Graph:
    """Return the workload of the benchmark that wireup publishes, as its page describes it.

    Two independent graphs: singletons Settings -> A -> B; and per request C to I, each needing several of those before
    it, of which H is a context manager and I an asynchronous one.
    """
    return Graph(
        (
            Service("Settings", lifetime="singleton"),
            Service("A", ("Settings",), "singleton"),
            Service("B", ("A",), "singleton"),
            Service("C"),
            Service("D", ("C",)),
            Service("E", ("C", "D")),
            Service("F", ("C", "D", "E")),
            Service("G", ("C", "D", "E", "F")),
            Service("H", ("C", "D"), kind=Kind.GENERATOR),
            Service("I", ("E", "F"), kind=Kind.ASYNC_GENERATOR),
        ),
        asked,
    )


GROWTH = (10, 30, 100, 300, 1000)


def _all() -> Iterator[tuple[str, str, Graph]]:
    yield "S", "10 services, 2 of them generators", small()
    yield "M", "70 services, all used", layered(50)
    yield "M-waits", "the same, and the teardown waits", replace(layered(50), waits=True)
    yield "M-few", "3 of 70 services used", few()
    yield "M-few-5000", "3 of 5,000 services used", few(5000)
    yield "singletons", "singletons only", singletons_only()
    for scoped in GROWTH:
        yield f"{scoped}", f"{scoped:,} per request", layered(scoped)
    yield "published-singleton", "the field's benchmark: singletons", published(("A", "B"))
    asked = ("C", "C", "C", "D", "D", "E", "F", "G", "H", "I")
    yield "published-scoped", "the field's benchmark: per request", published(asked)


GRAPHS = {name: graph for name, _, graph in _all()}
TITLES = {name: title for name, title, _ in _all()}
