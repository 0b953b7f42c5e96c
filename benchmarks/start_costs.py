"""How long planning, validating and compiling a large application takes."""

import asyncio
import statistics
import time
import warnings
from typing import Annotated, Any

from fastapi import FastAPI

from benchmarks.client import Client
from benchmarks.costs import Cost
from benchmarks.graphs import Graph, Kind, Service
from benchmarks.rivals.ours import container_for
from benchmarks.workload import Workload
from middleware import Deps

REPEATS = 5


def measure(requests: int) -> list[Cost]:
    """Measure start-up."""
    warnings.simplefilter("ignore")
    starts = [asyncio.run(_start(500)) for _ in range(REPEATS)]
    validating = {features: min(_validation(features) for _ in range(REPEATS)) for features in (500, 2000)}
    plan, compiling = (statistics.median(values) * 1000 for values in zip(*starts, strict=True))
    per_node = [seconds / (2 * features) for features, seconds in validating.items()]
    return [
        Cost("plan, validate and compile 1,000 services and 500 routes", plan + compiling, "ms", 500),
        Cost("of this, compile the plans of 500 routes, at their first requests", compiling, "ms"),
        Cost("validate 1,000 services", validating[500] * 1000, "ms"),
        Cost("validation per service, 4,000 services against 1,000", per_node[1] / per_node[0], "x", 1.3),
    ]


def features(number: int) -> Graph:
    """Return a repository and a service for each feature of an application, over one session."""
    services = [Service(f"Client{each}", lifetime="singleton") for each in range(20)]
    services.append(Service("Session", kind=Kind.SESSION))
    for each in range(number):
        services.append(Service(f"Repository{each}", ("Session", f"Client{each % 20}")))
        neighbours = tuple(f"Repository{other}" for other in range(max(0, each - 2), each))
        services.append(Service(f"Feature{each}", (f"Repository{each}", *neighbours)))
    return Graph(tuple(services), tuple(f"Feature{each}" for each in range(number)))


def _validation(number: int) -> float:
    container = container_for(Workload(features(number)))
    begun = time.process_time()
    container.validate()
    return time.process_time() - begun


async def _start(routes: int) -> tuple[float, float]:
    """Return the seconds that planning and validating take, and those that compiling every route takes."""
    workload = Workload(features(routes))
    container, deps, app = container_for(workload), Deps(), FastAPI()
    for number in range(routes):
        app.add_api_route(f"/{number}", _endpoint(deps, workload.types[f"Feature{number}"]))
    begun = time.process_time()
    deps.install(app, container)
    async with app.router.lifespan_context(app) as state:
        planned = time.process_time()
        clients = [Client(app, state or {}, path=f"/{number}") for number in range(routes)]
        first, second = [await _time_all(clients) for _ in range(2)]
    return planned - begun, first - second


async def _time_all(clients: list[Client]) -> float:
    begun = time.process_time()
    for client in clients:
        await client.send(1)
    return time.process_time() - begun


def _endpoint(deps: Deps, kind: Any) -> Any:
    async def index(feature: Annotated[Any, deps.depends(kind)]) -> str:
        return "ok"

    return index
