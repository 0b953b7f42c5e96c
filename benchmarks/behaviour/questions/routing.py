"""How injection sits in FastAPI's routes."""

from collections.abc import Callable
from typing import Any

import anyio
from fastapi import WebSocket

from benchmarks.behaviour.answers import YES, Answer, Library, Section, no, partly
from benchmarks.behaviour.client import running
from benchmarks.behaviour.routes import Role, Route, make_app
from benchmarks.behaviour.workload import Journal, Registration, Service, standard_graph, without_await

ROUTING = Section("In FastAPI's routes")


@ROUTING.question("A WebSocket route takes a request-scoped service like an HTTP route")
async def websocket(library: Library) -> Answer:
    journal = Journal()

    async def route(websocket: WebSocket, service: Service) -> None:
        await websocket.accept()
        await websocket.send_text(f"{service.cache.client.name} {service.session.open}")
        await websocket.close()

    made = library.build(standard_graph(journal), [Route("/", route, websocket=True)])
    async with running(made.app, journal) as client:
        try:
            texts = await client.talk("/")
        except Exception as error:
            return no(f"it failed with {type(error).__name__}")
    if texts != ["real True"]:
        return no("the connection was refused" if not texts else f"the route sent {texts}")
    return YES if (journal.opened, journal.closed) == (1, 1) else no("its session was not closed")


@ROUTING.question("A `def` route costs no thread hop beyond FastAPI's own")
async def thread_hops(library: Library) -> Answer:
    def route(service: Service) -> str:
        return service.cache.client.name

    hops, text = await _hops(library, standard_graph(Journal()), route)
    if text == "real":
        return YES if hops <= 1 else no(f"{hops} hops a request instead of 1")
    hops, text = await _hops(library, without_await(standard_graph(Journal())), route)
    if text == "real" and hops <= 1:
        return partly("only when no provider that it needs is asynchronous; else the request fails")
    return no(f"{hops} hops a request instead of 1" if text == "real" else "the request fails")


async def _hops(library: Library, graph: list[Registration], route: Callable[..., Any]) -> tuple[int, str]:
    """Return how often a second request went to a worker thread, and what it was answered."""
    made = library.build(graph, [Route("/", route)])
    hops = 0
    run_sync = anyio.to_thread.run_sync

    async def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal hops
        hops += 1
        return await run_sync(*args, **kwargs)

    async with running(made.app, Journal()) as client:
        await client.get("/")
        anyio.to_thread.run_sync = counted  # type: ignore[assignment]  # counts, and hands on
        try:
            exchange = await client.get("/")
        finally:
            anyio.to_thread.run_sync = run_sync
    return hops, exchange.text


@ROUTING.question("OpenAPI shows no trace of injection")
async def openapi(library: Library) -> Answer:
    async def route(number: int, service: Service) -> str:
        return "ok"

    async def bare(number: int) -> str:
        return "ok"

    bare.__name__ = "route"
    plain = make_app()
    plain.add_api_route("/", bare, response_model=None)
    made = library.build(standard_graph(Journal()), [Route("/", route)])
    async with running(made.app, Journal()):
        same = made.app.openapi()["paths"] == plain.openapi()["paths"]
    return YES if same else no("the documented parameters of the route differ")


@ROUTING.question("Services are injected into a `Depends` function, without a decorator on it")
async def depends_function(library: Library) -> Answer:
    async def current(service: Service) -> str:
        return service.cache.client.name

    async def route(value: str) -> str:
        return value

    seen = []
    roles: tuple[Role, ...] = ("dependency", "decorated dependency")
    for role in roles:
        try:
            made = library.build(standard_graph(Journal()), [Route("/", route, below=current, below_is=role)])
            async with running(made.app, Journal()) as client:
                exchange = await client.get("/")
        except Exception as error:
            seen.append(f"it failed with {type(error).__name__}")
            continue
        if exchange.text == "real":
            return YES if role == "dependency" else partly("with the library's decorator on it")
        seen.append(
            "it was not injected" if exchange.error is None else f"it failed with {type(exchange.error).__name__}"
        )
    return no(seen[-1])
