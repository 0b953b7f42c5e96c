"""A contender that does other work than the rest ends the run."""

from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI

from benchmarks.graphs import GRAPHS, Graph, Kind, Service
from benchmarks.rivals import CONTENDERS, Build, Contender
from benchmarks.worker import UnequalWorkError, Worker
from benchmarks.workload import TwoObjectsError, Workload

Route = Callable[[Workload], Callable[[], Any]]
PAIR = Graph(
    (
        Service("Client", lifetime="singleton"),
        Service("Session", kind=Kind.SESSION),
        Service("Left", ("Client", "Session")),
        Service("Right", ("Client", "Session")),
    ),
    ("Left", "Right"),
)


@dataclass(frozen=True)
class Made(Contender):
    """A contender whose route is written in a test."""

    route: Route | None = None

    def load(self) -> Build:
        def build(workload: Workload) -> FastAPI:
            app = FastAPI()
            assert self.route is not None
            app.add_api_route("/", self.route(workload), response_model=None)
            return app

        return build


async def measure(route: Route) -> int:
    """Measure a few batches of a route on PAIR; return how many."""
    worker = Worker(Made("made", "", route=route), 0, {"pair": PAIR})
    try:
        await worker.prepare("pair", 0.01)
        return len([await worker.batch("pair") for _ in range(2)])
    finally:
        await worker.close()


def route_of(build: Callable[[Workload, Any], tuple[Any, ...]], *, closes: bool = True) -> Route:
    """Return a route that opens a session and builds what a test says with it."""

    def route(workload: Workload) -> Callable[[], Any]:
        open_session = workload.provider(workload.services["Session"])

        async def index() -> str:
            if closes:
                async with asynccontextmanager(open_session)() as session:
                    workload.seen[0] = build(workload, session)
            else:
                workload.seen[0] = build(workload, workload.types["Session"]())
            return "ok"

        return index

    return route


def both(workload: Workload, session: Any) -> tuple[Any, ...]:
    client = workload.singletons["Client"]
    return workload.types["Left"](client, session), workload.types["Right"](client, session)


async def test_work_as_asked_for_passes() -> None:
    assert await measure(route_of(both)) == 2


async def test_a_parameter_left_out_is_found() -> None:
    def left_alone(workload: Workload, session: Any) -> tuple[Any, ...]:
        return (both(workload, session)[0],)

    with pytest.raises(UnequalWorkError, match="reached from the route"):
        await measure(route_of(left_alone))


async def test_too_much_is_found() -> None:
    def left_again(workload: Workload, session: Any) -> tuple[Any, ...]:
        workload.types["Left"](workload.singletons["Client"], session)
        return both(workload, session)

    with pytest.raises(UnequalWorkError, match="instances built for a request"):
        await measure(route_of(left_again))


async def test_a_session_left_open_is_found() -> None:
    with pytest.raises(UnequalWorkError, match="opened, committed, rolled back, closed"):
        await measure(route_of(both, closes=False))


async def test_a_singleton_built_for_each_request_is_found() -> None:
    def with_new_client(workload: Workload, session: Any) -> tuple[Any, ...]:
        client: Any = object.__new__(workload.types["Client"])
        return workload.types["Left"](client, session), workload.types["Right"](client, session)

    with pytest.raises(UnequalWorkError, match="Client is the same for two requests"):
        await measure(route_of(with_new_client))


async def test_what_is_not_shared_is_found() -> None:
    def apart(workload: Workload, session: Any) -> tuple[Any, ...]:
        other: Any = object.__new__(workload.types["Client"])
        left = workload.types["Left"](other, session)
        return left, workload.types["Right"](workload.singletons["Client"], session)

    with pytest.raises(TwoObjectsError, match="Client is there twice"):
        await measure(route_of(apart))


WITHOUT_A_LIBRARY = [
    (name, graph)
    for name in ("di", "globals", "plain", "promises")
    for graph in ("S", "M-waits", "singletons", "published-scoped")
    if graph not in CONTENDERS[name].skips
]


@pytest.mark.parametrize(("contender", "graph"), WITHOUT_A_LIBRARY)
async def test_contenders_without_a_library_do_equal_work(contender: str, graph: str) -> None:
    worker = Worker(CONTENDERS[contender], 0)
    try:
        prepared = await worker.prepare(graph, 0.01)
        assert prepared["title"] == CONTENDERS[contender].full_title
        batches = [await worker.batch(graph) for _ in range(2)]
        assert all(each["subject"].keys() == each["before"].keys() for each in batches)
    finally:
        await worker.close()


@pytest.mark.parametrize("name", GRAPHS)
def test_graphs_are_in_dependency_order(name: str) -> None:
    known: set[str] = set()
    for service in GRAPHS[name].services:
        assert known.issuperset(service.needs)
        known.add(service.name)
    assert known.issuperset(GRAPHS[name].asked)


@pytest.mark.parametrize(
    ("name", "known", "scoped"), [("M", 70, 50), ("M-few", 70, 2), ("M-few-5000", 5000, 2), ("1000", 1020, 1000)]
)
def test_graphs_are_as_large_as_they_say(name: str, known: int, scoped: int) -> None:
    graph = GRAPHS[name]
    assert len(graph.services) == known
    assert sum(service.lifetime == "scoped" for service in graph.used()) == scoped


def test_four_fifths_share_the_session() -> None:
    assert sum("Session" in service.needs for service in GRAPHS["M"].services) == 40
