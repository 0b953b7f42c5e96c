"""What a request costs over a bare route: module globals, hand-written construction, this layer.

One process, interleaved rounds, medians; every variant counts the services it built, so equal work is proved.
Run: python -m benchmarks.requests [--rounds N]
"""

import argparse
import asyncio
import gc
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import FastAPI

from benchmarks.workload import Session, hand_written, make_graph, open_session
from di import Container
from middleware import Deps

Request = Callable[[], Awaitable[None]]
REQUESTS_PER_ROUND = 300
SCOPE: dict[str, Any] = {
    "type": "http",
    "asgi": {"version": "3.0", "spec_version": "2.4"},
    "http_version": "1.1",
    "method": "GET",
    "path": "/",
    "raw_path": b"/",
    "query_string": b"",
    "root_path": "",
    "headers": [],
    "client": ("127.0.0.1", 1),
    "server": ("127.0.0.1", 80),
    "scheme": "http",
}


def request_to(app: FastAPI) -> Request:
    """Return a coroutine function that sends one GET / through the whole ASGI application."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start" and message["status"] != 200:
            raise RuntimeError(message)

    async def request() -> None:
        await app(dict(SCOPE), receive, send)

    return request


def bare() -> FastAPI:
    """A route that needs nothing."""
    app = FastAPI()

    @app.get("/")
    async def index() -> str:
        return "ok"

    return app


def module_globals(count: Callable[[object], None]) -> FastAPI:
    """Everything was built at import."""
    graph = make_graph()
    built = _build_by_hand(graph)
    root = built(Session())
    app = FastAPI()

    @app.get("/")
    async def index() -> str:
        count(root)
        return "ok"

    return app


def by_hand(count: Callable[[object], None]) -> FastAPI:
    """Construction as a person would write it in the route."""
    graph = make_graph()
    build = _build_by_hand(graph)
    session_of = asynccontextmanager(open_session)
    app = FastAPI()

    @app.get("/")
    async def index() -> str:
        async with session_of() as session:
            count(build(session))
        return "ok"

    return app


def injected(count: Callable[[object], None]) -> FastAPI:
    """This layer, with every promise on."""
    graph = make_graph()
    container = Container()
    for singleton in graph.singletons:
        container.singleton(singleton)
    container.scoped(Session, open_session)
    for service in (*graph.scoped, graph.root):
        container.scoped(service)
    deps = Deps()
    app = FastAPI()
    root = graph.root

    @app.get("/")
    async def index(service: Annotated[Any, deps.depends(root)]) -> str:
        count(service)
        return "ok"

    deps.install(app, container)
    return app


def _build_by_hand(graph: Any) -> Callable[[Session], object]:
    clients = {kind: kind() for kind in graph.singletons}
    namespace: dict[str, Any] = {f"c{number}": client for number, client in enumerate(clients.values())}
    namespace |= {service.__name__: service for service in (*graph.scoped, graph.root)}
    exec(hand_written(graph, clients), namespace)
    build: Callable[[Session], object] = namespace["build"]
    return build


async def measure(variants: dict[str, Request], rounds: int) -> dict[str, list[float]]:
    """Return microseconds a request, one figure per round, the variants in turn."""
    timings: dict[str, list[float]] = {name: [] for name in variants}
    for request in variants.values():
        for _ in range(REQUESTS_PER_ROUND):
            await request()
    for _ in range(rounds):
        for name, request in variants.items():
            gc.collect()
            gc.disable()
            started = time.perf_counter()
            for _ in range(REQUESTS_PER_ROUND):
                await request()
            timings[name].append((time.perf_counter() - started) / REQUESTS_PER_ROUND * 1e6)
            gc.enable()
    return timings


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    roots: dict[str, set[type]] = {}

    def counter(name: str) -> Callable[[object], None]:
        return lambda root: roots.setdefault(name, set()).add(type(root))

    apps = {
        "bare route": bare(),
        "module globals": module_globals(counter("module globals")),
        "by hand": by_hand(counter("by hand")),
        "injected": injected(counter("injected")),
    }
    timings = asyncio.run(measure({name: request_to(app) for name, app in apps.items()}, rounds))
    base = statistics.median(timings["bare route"])
    limit = statistics.median(timings["by hand"]) - base
    print(f"{'70 services, 50 built per request':38} {'us':>8} {'over bare':>10} {'x by hand':>10}")
    for name, values in timings.items():
        over = statistics.median(values) - base
        print(f"{name:38} {statistics.median(values):8.1f} {over:10.1f} {over / limit:10.2f}")
    if any({kind.__name__ for kind in kinds} != {"Root"} for kinds in roots.values()) or len(roots) != 3:
        sys.exit("the variants did not do the same work")


if __name__ == "__main__":
    main()
