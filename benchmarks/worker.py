"""One contender in a process of its own: does what it is told on stdin, a JSON line each, and answers on stdout."""

import asyncio
import gc
import json
import logging
import math
import sys
import time
import warnings
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

from benchmarks.client import Client
from benchmarks.graphs import GRAPHS, Graph, Kind
from benchmarks.rivals import CONTENDERS, Build, Contender, bare
from benchmarks.slowdown import slowed
from benchmarks.workload import Workload

WARM_UP = 30  # requests before anything is measured: plans are made, caches filled
SHORTEST_BATCH = 3


@dataclass(slots=True)
class Prepared:
    """A graph, ready to be asked for."""

    workload: Workload
    client: Client
    requests: int  # in one batch
    reference_requests: int
    last: Mapping[str, Any]  # the objects of the batch before, by service


class UnequalWorkError(Exception):
    """A contender did something else than was asked of it."""

    def __init__(self, what: str, found: object, expected: object) -> None:
        super().__init__(f"{what}: {found}, and not {expected}")


class Worker:
    """Keeps the applications of one contender."""

    def __init__(self, contender: Contender, slowdown: float, graphs: Mapping[str, Graph] = GRAPHS) -> None:
        self._contender = contender
        self._graphs = graphs
        self._build: Build = slowed(contender.load(), slowdown)
        self._prepared: dict[str, Prepared] = {}
        self._lifespans = AsyncExitStack()
        self._reference: Client | None = None

    async def prepare(self, graph: str, milliseconds: float) -> dict[str, Any]:
        """Build the application, prove that it does the work, warm it up; batches shall take so long.

        For 0 milliseconds there will be no batches, only `send`.
        """
        if self._reference is None:
            self._reference = await self._client(bare.build())
        if milliseconds:
            await self._check(self._graphs[graph])
        workload = Workload(self._graphs[graph])
        client = await self._client(self._build(workload))
        await client.send(WARM_UP)
        requests = await _fitting(client, milliseconds)
        references = await _fitting(self._reference, milliseconds / 3)
        self._prepared[graph] = Prepared(workload, client, requests, references, {})
        gc.collect()
        gc.freeze()  # so that collecting between batches takes no time
        return {"title": self._contender.full_title, "requests": requests}

    async def batch(self, graph: str) -> dict[str, Any]:
        """Measure requests between two runs of the reference request; microseconds each."""
        prepared = self._prepared[graph]
        assert self._reference is not None
        gc.collect()
        gc.disable()
        try:
            before = await _measured(self._reference, prepared.reference_requests)
            prepared.workload.work.clear()
            subject = await _measured(prepared.client, prepared.requests)
            self._check_batch(prepared)
            after = await _measured(self._reference, prepared.reference_requests)
        finally:
            gc.enable()
        return {"before": before, "subject": subject, "after": after}

    async def send(self, graph: str, requests: int) -> dict[str, Any]:
        """Only make requests, for who counts instructions; "bare" is the reference.

        The garbage collector stays off from then on: its turns would be counted with whatever they fall into.
        """
        client = self._reference if graph == "bare" else self._prepared[graph].client
        assert client is not None
        gc.disable()
        await client.send(requests)
        return {}

    async def _client(self, app: FastAPI) -> Client:
        state = await self._lifespans.enter_async_context(app.router.lifespan_context(app))
        return Client(app, state or {})

    async def _check(self, graph: Graph) -> None:
        """Send requests to an application whose constructors count, and compare with what the graph asks for."""
        workload = Workload(graph, counting=True)
        client = await self._client(self._build(workload))
        await client.send(1)
        expected = {service.name: 1 for service in graph.used() if service.lifetime == "scoped"}
        for _ in range(2):
            workload.work.clear()
            await client.send(1)
            built = {name: count for name, count in workload.work.built.items() if count}
            wanted = expected if self._contender.builds else {}
            if built != wanted:
                raise UnequalWorkError("instances built for a request", built, wanted)
            self._check_closed(workload, 1)

    def _check_batch(self, prepared: Prepared) -> None:
        self._check_closed(prepared.workload, prepared.requests)
        reached = prepared.workload.reached()
        for service in prepared.workload.graph.used():
            if service.name not in reached:
                raise UnequalWorkError("reached from the route", sorted(reached), service.name)
            is_same = reached[service.name] is prepared.last.get(service.name, reached[service.name])
            shared = service.lifetime == "singleton" or not self._contender.builds
            if prepared.last and is_same != shared:
                raise UnequalWorkError(f"{service.name} is the same for two requests", is_same, shared)
        prepared.last = reached

    def _check_closed(self, workload: Workload, requests: int) -> None:
        work = workload.work
        kinds = [service.kind for service in workload.graph.used()] if self._contender.builds else []
        opened = requests * sum(kind is not Kind.PLAIN for kind in kinds)
        found = (work.opened, work.committed, work.rolled_back, work.closed)
        expected = (opened, requests * kinds.count(Kind.SESSION), 0, opened)
        if found != expected:
            raise UnequalWorkError("opened, committed, rolled back, closed", found, expected)

    async def close(self) -> None:
        """Stop the applications."""
        await self._lifespans.aclose()
        gc.unfreeze()


async def _measured(client: Client, requests: int) -> dict[str, float]:
    """Return microseconds a request, of this process's processor time and of the wall's."""
    wall, processor = time.perf_counter_ns(), time.process_time_ns()
    await client.send(requests)
    processor, wall = time.process_time_ns() - processor, time.perf_counter_ns() - wall
    return {"processor": processor / requests / 1000, "wall": wall / requests / 1000}


async def _fitting(client: Client, milliseconds: float) -> int:
    """Return how many requests take so long."""
    times = [(await _measured(client, SHORTEST_BATCH))["processor"] for _ in range(3)]
    return max(SHORTEST_BATCH, math.ceil(milliseconds * 1000 / min(times)))


async def serve(worker: Worker) -> None:
    """Carry out commands until the input ends."""
    actions: Mapping[str, Callable[..., Awaitable[dict[str, Any]]]] = {
        "prepare": worker.prepare,
        "batch": worker.batch,
        "send": worker.send,
    }
    try:
        for line in sys.stdin:
            command = json.loads(line)
            try:
                answer = await actions[command.pop("do")](**command)
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
                logging.getLogger(__name__).exception("%s failed", command)
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
    finally:
        await worker.close()


def main(contender: str, slowdown: str) -> None:
    """Serve one contender."""
    warnings.simplefilter("ignore")
    asyncio.run(serve(Worker(CONTENDERS[contender], float(slowdown))))


if __name__ == "__main__":
    main(*sys.argv[1:])
