"""svcs with its FastAPI integration: `svcs.fastapi.lifespan` and `DepContainer`.

It is a service locator by intention: routes and factories ask for services.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import svcs
from fastapi import FastAPI

from benchmarks.graphs import Kind, Service
from benchmarks.workload import Workload


def build(workload: Workload) -> FastAPI:
    """Return the application."""
    awaited = _awaited(workload)

    async def lifespan(app: FastAPI, registry: svcs.Registry) -> AsyncIterator[dict[str, object]]:
        for name, value in workload.singletons.items():
            registry.register_value(workload.types[name], value)
        for service in workload.scoped:
            made = workload.types[service.name]
            factory = _factory(workload, service, awaited)
            registry.register_factory(made, factory, suppress_context_exit=False)
        yield {}

    app = FastAPI(lifespan=svcs.fastapi.lifespan(lifespan))
    asked = [workload.types[name] for name in workload.graph.asked]
    seen = workload.seen

    if awaited.isdisjoint(workload.graph.asked):

        @app.get("/")
        async def index_now(services: svcs.fastapi.DepContainer) -> str:
            seen[0] = tuple([services.get(each) for each in asked])
            return "ok"

    else:

        @app.get("/")
        async def index(services: svcs.fastapi.DepContainer) -> str:
            seen[0] = tuple([await services.aget(each) for each in asked])
            return "ok"

    return app


def _awaited(workload: Workload) -> set[str]:
    """Return what can only be had by `aget`: what is opened asynchronously, and what needs such."""
    names: set[str] = set()
    for service in workload.scoped:
        if service.kind in {Kind.SESSION, Kind.ASYNC_GENERATOR} or not names.isdisjoint(service.needs):
            names.add(service.name)
    return names


def _factory(workload: Workload, service: Service, awaited: set[str]) -> Callable[..., Any]:
    make = workload.provider(service)
    needs = [(workload.types[need], need in awaited) for need in service.needs]
    types = [kind for kind, _ in needs]
    if service.kind is Kind.GENERATOR:

        @contextmanager
        def open_now(svcs_container: svcs.Container) -> Any:
            yield from make(*[svcs_container.get(kind) for kind in types])

        return open_now
    if service.kind is not Kind.PLAIN:
        manager = asynccontextmanager(make)

        @asynccontextmanager
        async def open_async(svcs_container: svcs.Container) -> AsyncIterator[Any]:
            async with manager(*[await svcs_container.aget(kind) for kind in types]) as value:
                yield value

        return open_async if types else manager
    if service.name in awaited:

        async def construct(svcs_container: svcs.Container) -> Any:
            return make(
                *[await svcs_container.aget(kind) if waits else svcs_container.get(kind) for kind, waits in needs]
            )

        return construct

    def construct_now(svcs_container: svcs.Container) -> Any:
        return make(*[svcs_container.get(kind) for kind in types])

    return construct_now
