"""What a request costs while an override is active, somebody listens, or OpenTelemetry is on."""

import asyncio
import gc
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider

import di.opentelemetry
from benchmarks.client import Client
from benchmarks.costs import Cost
from benchmarks.graphs import GRAPHS
from benchmarks.rivals import bare
from benchmarks.rivals.ours import container_for, install
from benchmarks.workload import Workload
from di import Container

REQUESTS, ROUNDS = 40, 15

Situation = Callable[[Container, Workload], AbstractContextManager[Any]]


def measure(requests: int) -> list[Cost]:
    """Measure every situation on the graph of seventy services."""
    warnings.simplefilter("ignore")
    found = asyncio.run(_measure())
    return [Cost(f"a request {name}, over a bare route", value, "us") for name, value in found.items()]


def _override(container: Container, workload: Workload) -> AbstractContextManager[Any]:
    kind: Any = workload.types["Client0"]
    return container.override(kind, kind())


@contextmanager
def _listener(container: Container, workload: Workload) -> Iterator[None]:
    def listen(event: object) -> None:
        pass

    container.add_listener(listen)
    yield
    container.remove_listener(listen)


@contextmanager
def _opentelemetry(container: Container, workload: Workload) -> Iterator[None]:
    end = di.opentelemetry.instrument(
        container, tracer_provider=TracerProvider(), meter_provider=MeterProvider(shutdown_on_exit=False)
    )
    yield
    end()


SITUATIONS: dict[str, Situation] = {
    "as usual": lambda container, workload: nullcontext(),
    "while an override of one singleton is active": _override,
    "while a listener hears every build and teardown": _listener,
    "with OpenTelemetry, a span and a histogram for each": _opentelemetry,
}


async def _measure() -> dict[str, float]:
    workload = Workload(GRAPHS["M"])
    container = container_for(workload)
    app, reference = install(workload, container), Client(bare.build(), {})
    times: dict[str, list[float]] = {name: [] for name in SITUATIONS}
    async with app.router.lifespan_context(app) as state:
        client = Client(app, state or {})
        gc.collect()
        gc.disable()
        for _ in range(ROUNDS):
            for name, situation in SITUATIONS.items():
                with situation(container, workload):
                    await client.send(3)
                    times[name].append(await _time(client) - await _time(reference))
        gc.enable()
    return {name: statistics.median(values) for name, values in times.items()}


async def _time(client: Client) -> float:
    begun = time.process_time_ns()
    await client.send(REQUESTS)
    return (time.process_time_ns() - begun) / REQUESTS / 1000
