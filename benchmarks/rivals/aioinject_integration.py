"""aioinject with its FastAPI integration: `AioInjectMiddleware` and `@inject`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager

from aioinject import Container, Injected, Scoped, Singleton
from aioinject.ext.fastapi import AioInjectMiddleware, inject
from fastapi import FastAPI

from benchmarks.graphs import Kind
from benchmarks.workload import Workload


def build(workload: Workload) -> FastAPI:
    """Return the application."""
    container = Container()
    for service in workload.graph.services:
        made = workload.provider(service)
        if service.kind is Kind.GENERATOR:
            made = contextmanager(made)
        elif service.kind is not Kind.PLAIN:
            made = asynccontextmanager(made)
        kind = Singleton if service.lifetime == "singleton" else Scoped
        container.register(kind(made, workload.types[service.name]))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with container:
            yield

    app = FastAPI(lifespan=lifespan)
    app.add_middleware(AioInjectMiddleware, container=container)
    app.add_api_route("/", inject(workload.endpoint(lambda kind: Injected[kind])))
    return app
