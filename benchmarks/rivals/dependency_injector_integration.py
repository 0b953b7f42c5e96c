"""dependency-injector with wiring: what belongs to a request is a `ContextLocalSingleton`.

What is opened and closed is a `Resource` that `Closing` shuts down after the route: one for the whole container, so
this is right only while one request is made at a time. Its asynchronous mode makes every injection awaitable; the
synchronous one, which is measured, is faster.
"""

import types
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from dependency_injector import containers, providers
from dependency_injector.wiring import Closing, Provide, inject
from fastapi import Depends, FastAPI

from benchmarks.graphs import Kind
from benchmarks.workload import Workload


def build(workload: Workload) -> FastAPI:
    """Return the application."""
    made: dict[str, Any] = {}
    for service in workload.graph.services:
        needs = {f"p{number}": made[need] for number, need in enumerate(service.needs)}
        if service.lifetime == "singleton":
            kind: Any = providers.Singleton
        else:
            kind = providers.ContextLocalSingleton if service.kind is Kind.PLAIN else providers.Resource
        made[service.name] = kind(workload.synchronous_provider(service), **needs)
    attributes = {name.lower(): provider for name, provider in made.items()}
    wiring: Any = type("Wiring", (containers.DeclarativeContainer,), attributes)
    container = wiring()

    def marker(name: str, *, closing: bool) -> Any:
        provide = Provide[getattr(wiring, name.lower())]
        return Depends(Closing[provide] if closing else provide)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        container.shutdown_resources()

    opened = [service.name for service in workload.graph.used() if service.kind is not Kind.PLAIN]
    names = {kind: name for name, kind in workload.types.items()}
    endpoint = workload.endpoint(
        lambda kind: Annotated[kind, marker(names[kind], closing=False)],
        {name.lower(): Annotated[workload.types[name], marker(name, closing=True)] for name in opened},
    )
    module = types.ModuleType("benchmarks.wired_route")
    module.index = inject(endpoint)  # type: ignore[attr-defined]  # found there by the container
    app = FastAPI(lifespan=lifespan)
    app.add_api_route("/", module.index)
    container.wire(modules=[module])
    return app
