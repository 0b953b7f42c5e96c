"""that-depends with `DIContextMiddleware`. Only a `ContextResource` is shared within a request, so all are."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from that_depends import BaseContainer, providers
from that_depends.providers import DIContextMiddleware

from benchmarks.graphs import Kind
from benchmarks.workload import Workload


def build(workload: Workload) -> FastAPI:
    """Return the application."""
    made: dict[str, Any] = {}
    for service in workload.graph.services:
        needs = {f"p{number}": made[need] for number, need in enumerate(service.needs)}
        if service.lifetime == "singleton":
            made[service.name] = providers.Singleton(workload.types[service.name], **needs)
        elif service.kind is Kind.PLAIN:
            made[service.name] = providers.ContextResource(workload.generator(service), **needs)
        else:
            made[service.name] = providers.ContextResource(workload.provider(service), **needs)
    attributes = {name.lower(): provider for name, provider in made.items()}
    # Known by its name to the whole process; a named scope would be entered for every container in it.
    container: Any = type(f"Wiring{id(workload)}", (BaseContainer,), {"default_scope": None, **attributes})

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await container.tear_down()

    app = FastAPI(lifespan=lifespan)
    app.add_middleware(DIContextMiddleware, container)
    by_type = {workload.types[name]: provider for name, provider in made.items()}
    app.add_api_route("/", workload.endpoint(lambda kind: Annotated[kind, Depends(by_type[kind])]))
    return app
