"""Whether memory grows over many requests, and how long the garbage collector stops them."""

import asyncio
import gc
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from benchmarks.client import Client
from benchmarks.costs import Cost
from benchmarks.graphs import GRAPHS
from benchmarks.rivals import CONTENDERS
from benchmarks.workload import Workload

WARM_UP = 2_000


def measure(requests: int) -> list[Cost]:
    """Watch so many requests on the graph of seventy services, and as many by hand."""
    warnings.simplefilter("ignore")
    ours, by_hand = (asyncio.run(_watch(name, requests)) for name in ("di", "promises"))
    over = f"over {requests:,} requests"
    return [
        Cost(f"resident memory: growth {over}", ours["memory"], "MiB", 1),
        Cost(f"objects that the collector tracks: growth {over}", ours["objects"], "objects", 100),
        Cost("collector: share of the time", ours["share"] * 100, "%"),
        Cost("collector: share of the time, by hand", by_hand["share"] * 100, "%"),
        Cost("collector: longest pause", ours["longest"] * 1000, "ms"),
        Cost("collector: longest pause, by hand", by_hand["longest"] * 1000, "ms"),
    ]


async def _watch(name: str, requests: int) -> dict[str, float]:
    app = CONTENDERS[name].load()(Workload(GRAPHS["M"]))
    async with app.router.lifespan_context(app) as state:
        client = Client(app, state or {})
        await client.send(WARM_UP)
        gc.collect()
        memory, objects = psutil.Process().memory_info().rss, len(gc.get_objects())
        with _pauses() as pauses:
            begun = time.perf_counter()
            await client.send(requests)
            taken = time.perf_counter() - begun
        gc.collect()
        grown = psutil.Process().memory_info().rss - memory
        return {
            "memory": grown / 2**20,
            "objects": len(gc.get_objects()) - objects,
            "share": sum(pauses) / taken,
            "longest": max(pauses, default=0.0),
        }


@contextmanager
def _pauses() -> Iterator[list[float]]:
    """Collect how long each run of the collector takes."""
    pauses: list[float] = []
    begun = 0.0

    def watch(phase: str, info: object) -> None:
        nonlocal begun
        if phase == "start":
            begun = time.perf_counter()
        else:
            pauses.append(time.perf_counter() - begun)

    gc.callbacks.append(watch)
    try:
        yield pauses
    finally:
        gc.callbacks.remove(watch)
