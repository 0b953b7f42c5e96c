"""dishka with its FastAPI integration: `setup_dishka` and `DishkaRoute`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dishka import Provider, Scope, make_async_container
from dishka.integrations.fastapi import DishkaRoute, FastapiProvider, FromDishka, setup_dishka
from fastapi import APIRouter, FastAPI

from benchmarks.workload import Workload


def build(workload: Workload) -> FastAPI:
    """Return the application."""
    provider = Provider()
    for service in workload.graph.services:
        scope = Scope.APP if service.lifetime == "singleton" else Scope.REQUEST
        provider.provide(workload.provider(service), provides=workload.types[service.name], scope=scope)
    container = make_async_container(provider, FastapiProvider())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await container.close()

    app = FastAPI(lifespan=lifespan)
    router = APIRouter(route_class=DishkaRoute)
    router.add_api_route("/", workload.endpoint(lambda kind: FromDishka[kind]))
    app.include_router(router)
    setup_dishka(container, app)
    return app
