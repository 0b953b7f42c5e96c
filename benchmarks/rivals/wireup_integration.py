"""wireup with its FastAPI integration: `WireupRoute`, a scope around each handler (its default, and its fastest)."""

import wireup
import wireup.integration.fastapi
from fastapi import APIRouter, FastAPI
from wireup import Injected, injectable
from wireup.integration.fastapi import WireupRoute

from benchmarks.workload import Workload


def build(workload: Workload) -> FastAPI:
    """Return the application."""
    container = wireup.create_async_container(
        injectables=[
            injectable(lifetime=service.lifetime)(workload.provider(service)) for service in workload.graph.services
        ]
    )
    app = FastAPI()
    router = APIRouter(route_class=WireupRoute)
    router.add_api_route("/", workload.endpoint(lambda kind: Injected[kind]))
    app.include_router(router)
    wireup.integration.fastapi.setup(container, app)
    return app
